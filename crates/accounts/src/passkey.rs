//! Passkeys (WebAuthn level 3): discoverable credentials with user verification, so that one of them
//! is both factors.

use base::{Actor, Unavailable};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::accounts::{made, target};
use crate::own::own_change;
use crate::records::{Inserted, NewPasskey, UserRecord};
use crate::temporary::TicketKind;
use crate::{
    Accounts, Caller, Challenge, Device, Invalid, Letter, OwnError, SecretHash, Settings,
    SignInError, SignedIn, UserKey, invalid,
};

/// Most passkeys of one account.
const PASSKEYS_MAX: usize = 20;

impl Accounts {
    /// Whether browsers offer passkeys here: at a name with TLS, or at `localhost`. Never at a bare
    /// address such as 127.0.0.1.
    pub fn passkeys_available(&self) -> bool {
        self.passkeys.is_some()
    }

    /// Begins to sign in; the value is the argument of `navigator.credentials.get`. `None` where
    /// there are no passkeys.
    pub async fn passkey_sign_in_start(&self) -> Result<Option<(Challenge, Value)>, Unavailable> {
        let Some(webauthn) = &self.passkeys else {
            return Ok(None);
        };
        self.ask_for_passkey(webauthn, TicketKind::PasskeySignIn, None)
            .await
            .map(Some)
    }

    /// Signs in with what the browser returned.
    pub async fn passkey_sign_in_finish(
        &self,
        challenge: &str,
        credential: Value,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, SignInError> {
        let kind = TicketKind::PasskeySignIn;
        let owner = self.shown_passkey(kind, challenge, credential).await?;
        let Some(owner) = owner else {
            self.wrong(None, "passkey", None, actor).await?;
            return Err(SignInError::Wrong);
        };
        self.open_session(&owner, "passkey", device, actor).await
    }

    /// Begins to prove again who acts, with one of the caller's passkeys.
    pub async fn passkey_confirm_start(
        &self,
        caller: &Caller,
    ) -> Result<(Challenge, Value), OwnError> {
        let webauthn = self.passkeys.as_ref().ok_or(OwnError::NoPasskeys)?;
        let owner = self.own(caller).await?;
        Ok(self
            .ask_for_passkey(webauthn, TicketKind::PasskeyConfirm, Some(&owner))
            .await?)
    }

    /// Makes the session fresh with what the browser returned.
    pub async fn passkey_confirm_finish(
        &self,
        caller: &Caller,
        challenge: &str,
        credential: Value,
    ) -> Result<(), OwnError> {
        let kind = TicketKind::PasskeyConfirm;
        let owner = match self.shown_passkey(kind, challenge, credential).await {
            Ok(owner) => owner,
            Err(SignInError::Unavailable(error)) => return Err(error.into()),
            Err(_) => return Err(OwnError::Expired),
        };
        if owner.is_none_or(|owner| owner.user.id != caller.user.id) {
            return Err(OwnError::Wrong);
        }
        self.freshen(caller, "passkey").await?;
        Ok(())
    }

    /// A challenge for any passkey of ours: browser and owner choose which.
    async fn ask_for_passkey(
        &self,
        webauthn: &Webauthn,
        kind: TicketKind,
        owner: Option<&UserRecord>,
    ) -> Result<(Challenge, Value), Unavailable> {
        let (mut asked, state) = webauthn
            .start_discoverable_authentication()
            .map_err(impossible)?;
        // Whether it waits in the address field or asks at once is the page's choice.
        asked.mediation = None;
        let challenge = self.challenge(kind, owner, json(&state)?, 1).await?;
        Ok((challenge, serde_json::to_value(asked).map_err(impossible)?))
    }

    /// Whose passkey the browser showed; `None` when it is nobody's, or was not right. The challenge
    /// is used up either way.
    async fn shown_passkey(
        &self,
        kind: TicketKind,
        challenge: &str,
        credential: Value,
    ) -> Result<Option<UserRecord>, SignInError> {
        let webauthn = self.passkeys.as_ref().ok_or(SignInError::Wrong)?;
        let secret = SecretHash::of(challenge);
        let ticket = self.store.take_ticket(kind, secret, self.now()).await?;
        let ticket = ticket.ok_or(SignInError::Expired)?;
        let state: DiscoverableAuthentication = read(&ticket.payload)?;
        let Ok(shown) = serde_json::from_value::<PublicKeyCredential>(credential) else {
            return Ok(None);
        };
        let Ok((handle, id)) = webauthn.identify_discoverable_authentication(&shown) else {
            return Ok(None);
        };
        let key = UserKey::Handle(*handle.as_bytes());
        let Some(owner) = self.store.user(key).await? else {
            return Ok(None);
        };
        for record in self.store.passkeys(owner.user.id).await? {
            let mut passkey: Passkey = read(&record.credential)?;
            if passkey.cred_id().as_slice() != id {
                continue;
            }
            let checked = webauthn.finish_discoverable_authentication_v2(&shown, state, &passkey);
            let result = match checked {
                Ok(result) => result,
                Err(error) => {
                    // Among others a counter that went back: the key may have been copied.
                    tracing::warn!(%error, passkey = record.id, "a passkey was refused");
                    return Ok(None);
                }
            };
            passkey.update_credential(&result);
            let new = json(&passkey)?;
            let used = self
                .store
                .use_passkey(record.id, &record.credential, &new, self.now())
                .await?;
            // Another use came between: of two with one counter only one counts.
            return Ok(used.then_some(owner));
        }
        Ok(None)
    }

    /// Begins to add a passkey; the value is the argument of `navigator.credentials.create`. Needs a
    /// fresh session.
    pub async fn passkey_add_start(&self, caller: &Caller) -> Result<(Challenge, Value), OwnError> {
        self.require_fresh(caller)?;
        let webauthn = self.passkeys.as_ref().ok_or(OwnError::NoPasskeys)?;
        let owner = self.own(caller).await?;
        let existing = self.store.passkeys(owner.user.id).await?;
        if existing.len() >= PASSKEYS_MAX {
            return Err(OwnError::TooMany(PASSKEYS_MAX));
        }
        let mut known = Vec::new();
        for record in existing {
            known.push(read::<Passkey>(&record.credential)?.cred_id().clone());
        }
        let user = &owner.user;
        let started = webauthn.start_passkey_registration(
            Uuid::from_bytes(owner.handle),
            user.email.as_str(),
            &user.name,
            Some(known),
        );
        let (asked, state) = started.map_err(impossible)?;
        let kind = TicketKind::PasskeyAdd;
        let challenge = self.challenge(kind, Some(&owner), json(&state)?, 1).await?;
        let mut asked = serde_json::to_value(asked).map_err(impossible)?;
        discoverable(&mut asked);
        Ok((challenge, asked))
    }

    /// Adds what the browser returned.
    pub async fn passkey_add_finish(
        &self,
        caller: &Caller,
        challenge: &str,
        name: &str,
        credential: Value,
    ) -> Result<(), OwnError> {
        let webauthn = self.passkeys.as_ref().ok_or(OwnError::NoPasskeys)?;
        let name = invalid::line(name, 100, Invalid::Note)?;
        let secret = SecretHash::of(challenge);
        let ticket = self
            .store
            .take_ticket(TicketKind::PasskeyAdd, secret, self.now())
            .await?;
        let ticket = ticket.filter(|ticket| ticket.user == Some(caller.user.id));
        let ticket = ticket.ok_or(OwnError::Expired)?;
        let state: PasskeyRegistration = read(&ticket.payload)?;
        let shown: RegisterPublicKeyCredential =
            serde_json::from_value(credential).map_err(|_| OwnError::Wrong)?;
        let passkey = webauthn
            .finish_passkey_registration(&shown, &state)
            .map_err(|error| {
                tracing::info!(%error, "a passkey was not added");
                OwnError::Wrong
            })?;
        let new = NewPasskey {
            user: caller.user.id,
            credential_id: passkey.cred_id().clone(),
            credential: json(&passkey)?,
            name: name.clone(),
        };
        let details = vec![("name", serde_json::json!(name))];
        let entry = self.entry(&caller.actor, "passkey.add", made("passkey"), details);
        match self.store.insert_passkey(new, entry).await? {
            Inserted::Made(_) => {}
            Inserted::Taken => return Err(OwnError::Taken),
            Inserted::Gone => return Err(OwnError::Unknown),
        }
        self.factor_changed(caller, "A passkey was added").await;
        Ok(())
    }

    /// Calls a passkey something else.
    pub async fn passkey_rename(
        &self,
        caller: &Caller,
        passkey: i64,
        name: &str,
    ) -> Result<(), OwnError> {
        let name = invalid::line(name, 100, Invalid::Note)?;
        let details = vec![("name", serde_json::json!(name))];
        let entry = self.entry(
            &caller.actor,
            "passkey.rename",
            target("passkey", passkey),
            details,
        );
        let renamed = self
            .store
            .rename_passkey(caller.user.id, passkey, &name, entry)
            .await?;
        if !renamed {
            return Err(OwnError::Unknown);
        }
        self.written();
        Ok(())
    }

    /// Takes a passkey away. Needs a fresh session.
    pub async fn passkey_remove(&self, caller: &Caller, passkey: i64) -> Result<(), OwnError> {
        self.require_fresh(caller)?;
        let entry = self.entry(
            &caller.actor,
            "passkey.remove",
            target("passkey", passkey),
            vec![],
        );
        let changed = self
            .store
            .delete_passkey(caller.user.id, passkey, entry)
            .await?;
        own_change(changed)?;
        self.written();
        self.rights_changed(Some(caller.user.id)).await;
        let what = "A passkey was removed";
        self.post_to(caller, Letter::FactorChanged { what });
        Ok(())
    }
}

/// Without an account's name nothing else would find the key again.
fn discoverable(asked: &mut Value) {
    let selection = &mut asked["publicKey"]["authenticatorSelection"];
    selection["residentKey"] = "required".into();
    selection["requireResidentKey"] = true.into();
}

fn json(state: &impl Serialize) -> Result<String, Unavailable> {
    serde_json::to_string(state).map_err(impossible)
}

fn read<T: DeserializeOwned>(stored: &str) -> Result<T, Unavailable> {
    serde_json::from_str(stored).map_err(impossible)
}

/// What the library cannot do with its own words.
fn impossible(error: impl std::error::Error + Send + Sync + 'static) -> Unavailable {
    Unavailable::new("the passkeys", error)
}

/// The relying party; `None` where browsers offer no passkeys.
pub(crate) fn webauthn(settings: &Settings) -> Option<Webauthn> {
    let url = &settings.public_url;
    let host = url.domain()?;
    let is_secure = url.scheme() == "https" || host == "localhost" || host.ends_with(".localhost");
    let built = WebauthnBuilder::new(host, url).ok().filter(|_| is_secure)?;
    built.rp_name(&settings.product).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_offered_where_browsers_have_them() {
        let check = |url: &str, available: bool| {
            let settings = Settings::at(url.parse().unwrap());
            assert_eq!(webauthn(&settings).is_some(), available, "{url}");
        };
        check("https://log.example.org", true);
        check("https://log.example.org:8443", true);
        check("http://localhost:8080", true);
        check("http://log.example.org", false);
        check("http://127.0.0.1:8080", false);
        check("https://127.0.0.1:8080", false);
    }
}
