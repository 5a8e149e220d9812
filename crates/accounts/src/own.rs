//! Somebody's own account: profile, password, address, export, deletion.

use base::{Unavailable, UnixMicros};

use crate::{Accounts, Caller, LinkRow, OwnError, PasskeyRow, User};

/// What is shown to prove again who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation<'a> {
    /// The password.
    Password(&'a str),
    /// Six digits of the authenticator app.
    Totp(&'a str),
}

/// Everything that an account's own page shows, sessions and tokens apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The account.
    pub user: User,
    /// Its passkeys, the newest first.
    pub passkeys: Vec<PasskeyRow>,
    /// Its linked providers.
    pub links: Vec<LinkRow>,
    /// Since when its password is what it is; `None` without one.
    pub password_changed_at: Option<UnixMicros>,
}

impl Accounts {
    /// The caller's account.
    pub async fn profile(&self, caller: &Caller) -> Result<Profile, OwnError> {
        let _ = caller;
        todo!()
    }

    /// Proves again who acts: dangerous acts are allowed for a while ([`crate::Session::is_fresh`]).
    pub async fn confirm(
        &self,
        caller: &Caller,
        shown: Confirmation<'_>,
    ) -> Result<UnixMicros, OwnError> {
        let _ = (caller, shown);
        todo!()
    }

    /// Calls the account something else.
    pub async fn change_name(&self, caller: &Caller, name: &str) -> Result<(), OwnError> {
        let _ = (caller, name);
        todo!()
    }

    /// Sends a link to a new address, which becomes the account's once it is followed. Whether
    /// another account has it is not told. Needs a fresh session.
    pub async fn change_email(&self, caller: &Caller, email: &str) -> Result<(), OwnError> {
        let _ = (caller, email);
        todo!()
    }

    /// Sets a new password and ends all other sessions. Needs a fresh session.
    pub async fn change_password(&self, caller: &Caller, new: &str) -> Result<(), OwnError> {
        let _ = (caller, new);
        todo!()
    }

    /// Takes the password away: the account is opened by codes, passkeys or providers. Needs a
    /// fresh session.
    pub async fn remove_password(&self, caller: &Caller) -> Result<(), OwnError> {
        let _ = caller;
        todo!()
    }

    /// Everything that is kept about the account, as JSON.
    pub async fn export_account(&self, caller: &Caller) -> Result<serde_json::Value, OwnError> {
        let _ = caller;
        todo!()
    }

    /// Deletes the account with everything in it; the trail of its acts stays. Needs a fresh session.
    pub async fn delete_account(&self, caller: &Caller) -> Result<(), OwnError> {
        let _ = caller;
        todo!()
    }
}
