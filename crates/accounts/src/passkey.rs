//! Passkeys (WebAuthn level 3): discoverable credentials with user verification, so that one of them
//! is both factors.

use base::{Actor, Unavailable};
use serde_json::Value;

use crate::{Accounts, Caller, Challenge, Device, OwnError, SignInError, SignedIn};

impl Accounts {
    /// Whether browsers offer passkeys here: at a name with TLS, or at `localhost`. Never at a bare
    /// address such as 127.0.0.1.
    pub fn passkeys_available(&self) -> bool {
        self.passkeys.is_some()
    }

    /// Begins to sign in; the value is the argument of `navigator.credentials.get`.
    pub async fn passkey_sign_in_start(&self) -> Result<(Challenge, Value), Unavailable> {
        todo!()
    }

    /// Signs in with what the browser returned.
    pub async fn passkey_sign_in_finish(
        &self,
        challenge: &str,
        credential: Value,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, SignInError> {
        let _ = (challenge, credential, device, actor);
        todo!()
    }

    /// Begins to prove again who acts, with one of the caller's passkeys.
    pub async fn passkey_confirm_start(
        &self,
        caller: &Caller,
    ) -> Result<(Challenge, Value), OwnError> {
        let _ = caller;
        todo!()
    }

    /// Makes the session fresh with what the browser returned.
    pub async fn passkey_confirm_finish(
        &self,
        caller: &Caller,
        challenge: &str,
        credential: Value,
    ) -> Result<(), OwnError> {
        let _ = (caller, challenge, credential);
        todo!()
    }

    /// Begins to add a passkey; the value is the argument of `navigator.credentials.create`. Needs a
    /// fresh session.
    pub async fn passkey_add_start(&self, caller: &Caller) -> Result<(Challenge, Value), OwnError> {
        let _ = caller;
        todo!()
    }

    /// Adds what the browser returned.
    pub async fn passkey_add_finish(
        &self,
        caller: &Caller,
        challenge: &str,
        name: &str,
        credential: Value,
    ) -> Result<(), OwnError> {
        let _ = (caller, challenge, name, credential);
        todo!()
    }

    /// Calls a passkey something else.
    pub async fn passkey_rename(
        &self,
        caller: &Caller,
        passkey: i64,
        name: &str,
    ) -> Result<(), OwnError> {
        let _ = (caller, passkey, name);
        todo!()
    }

    /// Takes a passkey away. Needs a fresh session.
    pub async fn passkey_remove(&self, caller: &Caller, passkey: i64) -> Result<(), OwnError> {
        let _ = (caller, passkey);
        todo!()
    }
}

/// The relying party; `None` where browsers offer no passkeys.
pub(crate) fn webauthn(settings: &crate::Settings) -> Option<webauthn_rs::Webauthn> {
    let url = &settings.public_url;
    let host = url.domain()?;
    if url.scheme() != "https" && host != "localhost" && !host.ends_with(".localhost") {
        return None;
    }
    let built = webauthn_rs::WebauthnBuilder::new(host, url).ok()?;
    built.rp_name(&settings.product).build().ok()
}
