//! How accounts come to be: the set-up link, sign-up, invitations; and the links that mail carries.

use base::{Actor, Unavailable};

use crate::{
    Accounts, AskError, Device, Email, Invitation, LinkError, NewPerson, Secret, SignedIn,
};

/// What a link from a mail about an address is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailTicket {
    /// Makes an account: a password is asked for.
    SignUp {
        /// What the person is called.
        name: String,
        /// The address that is verified.
        email: Email,
    },
    /// Gives an account another address: a click is asked for.
    Change {
        /// The new address.
        email: Email,
    },
}

impl Accounts {
    /// Whether nobody has an account yet.
    pub async fn needs_setup(&self) -> Result<bool, Unavailable> {
        todo!()
    }

    /// The secret of a new set-up link, `/setup/{secret}`; older ones die. `None` once there is an
    /// account.
    pub async fn make_setup_ticket(&self) -> Result<Option<Secret>, Unavailable> {
        todo!()
    }

    /// Whether this set-up link is good.
    pub async fn is_setup_ticket(&self, ticket: &str) -> Result<bool, Unavailable> {
        let _ = ticket;
        todo!()
    }

    /// Makes the first account, an administrator, and signs it in.
    pub async fn set_up(
        &self,
        ticket: &str,
        person: NewPerson,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, LinkError> {
        let _ = (ticket, person, device, actor);
        todo!()
    }

    /// Sends a link that makes an account. Whether the address has one already is not told.
    pub async fn sign_up(&self, name: &str, email: &str, actor: &Actor) -> Result<(), AskError> {
        let _ = (name, email, actor);
        todo!()
    }

    /// What the link `/verify-email/{ticket}` is for; `None` when it is not good.
    pub async fn email_ticket(&self, ticket: &str) -> Result<Option<EmailTicket>, Unavailable> {
        let _ = ticket;
        todo!()
    }

    /// Makes the account of [`EmailTicket::SignUp`], a reader, and signs it in. The password is
    /// chosen here and not before, so that nobody prepares an account for somebody else's address.
    pub async fn complete_sign_up(
        &self,
        ticket: &str,
        password: &str,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, LinkError> {
        let _ = (ticket, password, device, actor);
        todo!()
    }

    /// Carries out [`EmailTicket::Change`].
    pub async fn confirm_email(&self, ticket: &str, actor: &Actor) -> Result<Email, LinkError> {
        let _ = (ticket, actor);
        todo!()
    }

    /// Sends a link that sets a new password, if `email` is an account's. The answer does not tell.
    pub async fn ask_reset(&self, email: &str, actor: &Actor) -> Result<(), AskError> {
        let _ = (email, actor);
        todo!()
    }

    /// Whose password the link `/reset/{ticket}` sets; `None` when it is not good.
    pub async fn reset_ticket(&self, ticket: &str) -> Result<Option<Email>, Unavailable> {
        let _ = ticket;
        todo!()
    }

    /// Sets a new password and ends all sessions. Nobody is signed in by it: a second factor is
    /// still asked for.
    pub async fn reset_password(
        &self,
        ticket: &str,
        password: &str,
        actor: &Actor,
    ) -> Result<(), LinkError> {
        let _ = (ticket, password, actor);
        todo!()
    }

    /// The invitation of `/invitation/{ticket}`; `None` when it is not good.
    pub async fn invitation(&self, ticket: &str) -> Result<Option<Invitation>, Unavailable> {
        let _ = ticket;
        todo!()
    }

    /// Makes the invited account and signs it in. The address is the invitation's: its link proves
    /// that mail arrives there.
    pub async fn accept_invitation(
        &self,
        ticket: &str,
        name: &str,
        password: &str,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, LinkError> {
        let _ = (ticket, name, password, device, actor);
        todo!()
    }
}
