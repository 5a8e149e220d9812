//! What people do with secrets: set, replace, describe, delete; and the change of the key that all of
//! them are sealed under. What a secret is leaves this room only into a request.

use std::sync::Arc;

use base::{Actor, Unavailable, UnixMicros};
use serde_json::json;

use super::{
    KeyId, KeyRing, ReadKeys, SECRET_BYTES_MAX, SECRET_BYTES_MIN, SECRETS_MAX, SecretId, SecretKey,
    SecretRef,
};
use crate::declared::Fault;
use crate::sources::{
    ChangeError, Changed, Checker, InsertSecret, NAME_LETTERS_MAX, Registry, Rotated, UpdateSecret,
    changed, made, room_for_one_more, target,
};

/// How often an act is tried again because somebody rotated the key meanwhile.
const TRIES_MAX: usize = 3;

/// A secret that is to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// What it is called.
    pub name: String,
    /// What it is; may be empty.
    pub about: String,
    /// The secret: [`SECRET_BYTES_MIN`] to [`SECRET_BYTES_MAX`] bytes of visible ASCII.
    pub value: String,
    /// When it ends, where that is known.
    pub expires_at: Option<UnixMicros>,
}

/// What is to be changed of a secret; nothing: it stays.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretChange {
    /// What it is called.
    pub name: Option<String>,
    /// What it is.
    pub about: Option<String>,
    /// Another secret in its place.
    pub value: Option<String>,
    /// When it ends.
    pub expires_at: Option<Option<UnixMicros>>,
}

/// Seals secrets, and opens them for those who ask with them.
#[derive(Debug)]
pub struct Vault {
    registry: Arc<Registry>,
    keys: KeyRing,
}

/// Why the vault stays shut.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no key file at all.
    #[error("there is no key to keep secrets under")]
    NoKey,
    /// The secrets of this installation are sealed under a key whose file is not here.
    #[error("the secrets are sealed under the key {needed}, and no key file holds it")]
    OtherKey {
        /// The key that is needed.
        needed: KeyId,
    },
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why the key was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// A secret cannot be opened; nothing was changed.
    #[error("the secret with the number {} cannot be opened; set it anew or delete it, then rotate", .0.0)]
    Broken(SecretId),
    /// Somebody else changes the key; nothing was changed.
    #[error("somebody else changed the key meanwhile")]
    Stale,
    /// The key in use is not here.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<Unavailable> for RotateError {
    fn from(error: Unavailable) -> Self {
        Self::Vault(error.into())
    }
}

impl Vault {
    /// A vault whose key files `read_keys` reads. Refuses when the secrets that there are cannot be
    /// opened with any of them.
    ///
    /// # Errors
    /// When there is no key, or not the one that is needed.
    pub async fn open(registry: Arc<Registry>, read_keys: ReadKeys) -> Result<Self, VaultError> {
        let keys = KeyRing::new(read_keys);
        let vault = Self { registry, keys };
        vault.key().await?;
        Ok(vault)
    }

    /// Keeps a secret.
    ///
    /// # Errors
    /// `Invalid`, `Taken`.
    pub async fn set(&self, actor: &Actor, new: NewSecret) -> Result<SecretId, ChangeError> {
        let name = new.name.trim().to_owned();
        let about = new.about.trim().to_owned();
        let mut checker = Checker::default();
        self.check(
            &mut checker,
            Some(&name),
            Some(&about),
            Some(&new.value),
            new.expires_at,
        );
        checker.done()?;
        room_for_one_more(self.registry.current().secrets().len(), SECRETS_MAX)?;
        for _ in 0..TRIES_MAX {
            let key = self.key().await.map_err(shut)?;
            let details = vec![
                ("name", json!(name)),
                ("expires_at_us", json!(ends(new.expires_at))),
            ];
            let entry = self
                .registry
                .entry(actor, "secret.make", made("secret"), details);
            let row = InsertSecret {
                name: name.clone(),
                about: about.clone(),
                expires_at: new.expires_at,
                key: key.id(),
            };
            let (value, entropy) = (new.value.clone(), Arc::clone(&self.registry.entropy));
            let seal = Box::new(move |id| key.seal(id, &value, &*entropy));
            match self.registry.store.insert_secret(row, seal, entry).await? {
                Ok(id) => {
                    self.registry.written().await;
                    return Ok(id);
                }
                Err(Changed::OtherKey) => {}
                Err(refused) => changed(refused, "name")?,
            }
        }
        Err(ChangeError::Stale)
    }

    /// Changes a secret. Another secret in it holds wherever the old one stood.
    ///
    /// # Errors
    /// `Invalid`, `Unknown`, `Taken`.
    pub async fn change(
        &self,
        actor: &Actor,
        id: SecretId,
        change: SecretChange,
    ) -> Result<(), ChangeError> {
        let name = change.name.map(|name| name.trim().to_owned());
        let about = change.about.map(|about| about.trim().to_owned());
        let mut checker = Checker::default();
        let ends_at = change.expires_at.flatten();
        self.check(
            &mut checker,
            name.as_deref(),
            about.as_deref(),
            change.value.as_deref(),
            ends_at,
        );
        checker.done()?;
        let act = match change.value {
            Some(_) => "secret.replace",
            None => "secret.change",
        };
        for _ in 0..TRIES_MAX {
            let sealed = match &change.value {
                Some(value) => {
                    let key = self.key().await.map_err(shut)?;
                    Some((key.id(), key.seal(id, value, &*self.registry.entropy)))
                }
                None => None,
            };
            let mut details = accounts::Details::new();
            details.extend(name.as_ref().map(|name| ("name", json!(name))));
            details.extend(
                change
                    .expires_at
                    .map(|at| ("expires_at_us", json!(ends(at)))),
            );
            let entry = self
                .registry
                .entry(actor, act, target("secret", id.0), details);
            let update = UpdateSecret {
                name: name.clone(),
                about: about.clone(),
                expires_at: change.expires_at,
                sealed,
            };
            match self.registry.store.change_secret(id, update, entry).await? {
                Changed::OtherKey => {}
                other => {
                    changed(other, "name")?;
                    self.registry.written().await;
                    return Ok(());
                }
            }
        }
        Err(ChangeError::Stale)
    }

    /// Puts another secret in the place of one; when it ends is said anew.
    ///
    /// # Errors
    /// `Invalid`, `Unknown`.
    pub async fn replace(
        &self,
        actor: &Actor,
        id: SecretId,
        value: String,
        expires_at: Option<UnixMicros>,
    ) -> Result<(), ChangeError> {
        let change = SecretChange {
            value: Some(value),
            expires_at: Some(expires_at),
            ..SecretChange::default()
        };
        self.change(actor, id, change).await
    }

    /// Deletes a secret; the slots in which it stood are empty from now on.
    ///
    /// # Errors
    /// `Unknown`.
    pub async fn delete(&self, actor: &Actor, id: SecretId) -> Result<(), ChangeError> {
        let name = self
            .registry
            .current()
            .secret(id)
            .map(|one| one.name.clone());
        let details = vec![("name", json!(name))];
        let entry = self
            .registry
            .entry(actor, "secret.delete", target("secret", id.0), details);
        changed(
            self.registry.store.delete_secret(id, entry).await?,
            "secret",
        )?;
        self.registry.written().await;
        Ok(())
    }

    /// Seals every secret under another key, all in one transaction; tells how many. The caller has
    /// put the new key where the keys are read from, beside the old one, and takes the old one away
    /// when this has answered: so at no moment is there a secret without its key.
    ///
    /// # Errors
    /// When nothing was changed.
    pub async fn rotate(&self, actor: &Actor, to: KeyId) -> Result<u32, RotateError> {
        let from = self.key().await?;
        let new = self
            .keys
            .key(to)
            .ok_or(VaultError::OtherKey { needed: to })?;
        let details = vec![
            ("from", json!(from.id().to_string())),
            ("to", json!(to.to_string())),
        ];
        let entry = self.registry.entry(actor, "secrets.rotate", None, details);
        let (old, entropy) = (from.clone(), Arc::clone(&self.registry.entropy));
        let reseal = Box::new(move |id, sealed: &[u8]| {
            Some(new.seal(id, &old.open(id, sealed)?, &*entropy))
        });
        let outcome = self
            .registry
            .store
            .rotate_secret_key(from.id(), to, reseal, entry)
            .await?;
        match outcome {
            Rotated::Done(count) => {
                self.registry.written().await;
                Ok(count)
            }
            Rotated::OtherKey => Err(RotateError::Stale),
            Rotated::Broken(id) => Err(RotateError::Broken(id)),
        }
    }

    /// The key that secrets are sealed under now.
    ///
    /// # Errors
    /// When it is not here.
    pub async fn key_in_use(&self) -> Result<KeyId, VaultError> {
        Ok(self.key().await?.id())
    }

    /// Secrets that cannot be opened: tampered with, or sealed under a key that is not here.
    pub fn unreadable(&self) -> Vec<SecretId> {
        let sources = self.registry.current();
        let secrets = sources.secrets().iter();
        let shut = secrets.filter(|one| self.open_secret(one).is_none());
        shut.map(|one| one.id).collect()
    }

    /// What a secret is.
    pub(crate) fn open_secret(&self, secret: &SecretRef) -> Option<String> {
        self.keys.open(secret.id, &secret.sealed)
    }

    pub(crate) fn now(&self) -> UnixMicros {
        self.registry.now()
    }

    /// The key that the store says secrets are sealed under; of an empty one, our first.
    async fn key(&self) -> Result<SecretKey, VaultError> {
        let store = &self.registry.store;
        let needed = if let Some(needed) = store.secret_key().await? {
            needed
        } else {
            let first = self.keys.first().ok_or(VaultError::NoKey)?;
            store.claim_secret_key(first.id()).await?
        };
        self.keys.key(needed).ok_or(VaultError::OtherKey { needed })
    }

    fn check(
        &self,
        checker: &mut Checker,
        name: Option<&str>,
        about: Option<&str>,
        value: Option<&str>,
        expires_at: Option<UnixMicros>,
    ) {
        if let Some(name) = name {
            checker.line("name", name, NAME_LETTERS_MAX);
        }
        if let Some(about) = about {
            checker.about(about);
        }
        if let Some(value) = value {
            checker.extend(check_value(value));
        }
        if expires_at.is_some_and(|end| end <= self.now()) {
            checker.fault("expires_at", "the end must lie in the future");
        }
    }
}

fn check_value(value: &str) -> Option<Fault> {
    let fits = (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&value.len())
        && value.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    let what = format!(
        "{SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} visible ASCII characters, without blanks"
    );
    (!fits).then(|| Fault {
        field: "value".into(),
        what,
    })
}

fn ends(expires_at: Option<UnixMicros>) -> Option<i64> {
    expires_at.map(|end| end.0)
}

/// The key went away while the product ran.
fn shut(error: VaultError) -> ChangeError {
    match error {
        VaultError::Unavailable(error) => ChangeError::Unavailable(error),
        other => ChangeError::Unavailable(Unavailable::new("the key file of secrets", other)),
    }
}
