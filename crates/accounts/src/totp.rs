//! The second factor: codes of an authenticator app (RFC 6238), and recovery codes.

use crate::{Accounts, Caller, OwnError, Secret};

/// An authenticator app that is to be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpSetUp {
    /// Handed back with the first code; good for a short while.
    pub challenge: Secret,
    /// The key in base 32, for those who type it.
    pub key: Secret,
    /// `otpauth://totp/…`, for those who scan it.
    pub url: Secret,
}

impl Accounts {
    /// Makes a key for an authenticator app. Nothing changes until [`Self::totp_confirm`]. Needs a
    /// fresh session.
    pub async fn totp_start(&self, caller: &Caller) -> Result<TotpSetUp, OwnError> {
        let _ = caller;
        todo!()
    }

    /// Turns the second factor on, once a code shows that the app has the key. Returns ten recovery
    /// codes, shown this once; older ones are void.
    pub async fn totp_confirm(
        &self,
        caller: &Caller,
        challenge: &str,
        code: &str,
    ) -> Result<Vec<Secret>, OwnError> {
        let _ = (caller, challenge, code);
        todo!()
    }

    /// Turns the second factor off. Needs a fresh session.
    pub async fn totp_remove(&self, caller: &Caller) -> Result<(), OwnError> {
        let _ = caller;
        todo!()
    }

    /// Ten new recovery codes, shown this once; older ones are void. Needs a fresh session.
    pub async fn new_recovery_codes(&self, caller: &Caller) -> Result<Vec<Secret>, OwnError> {
        let _ = caller;
        todo!()
    }
}
