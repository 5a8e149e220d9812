//! Signs heads.

use base::Unavailable;
use tlog::{Hash, SigningKey};

use crate::{LogKey, Store};

/// The log's keys. Every head is signed with each of them, so that a key can be replaced while
/// those who know only the old one can still verify.
pub struct Signer {
    keys: Vec<SigningKey>,
}

/// The keys do not belong to one log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key of {found} cannot sign for {origin}")]
pub struct ForeignKey {
    /// The log's origin, which is the first key's name.
    pub origin: String,
    /// The name of the other key.
    pub found: String,
}

impl Signer {
    /// Signs with `newest` first, then with the `older` ones that are still in use.
    pub fn new(newest: SigningKey, older: Vec<SigningKey>) -> Result<Self, ForeignKey> {
        if let Some(foreign) = older.iter().find(|key| key.name() != newest.name()) {
            return Err(ForeignKey {
                origin: newest.name().to_owned(),
                found: foreign.name().to_owned(),
            });
        }
        let mut keys = vec![newest];
        keys.extend(older);
        Ok(Self { keys })
    }

    /// The log's origin, as it stands in every checkpoint.
    pub fn origin(&self) -> &str {
        self.keys[0].name()
    }

    /// The verifier keys in their text form, newest first.
    pub fn vkeys(&self) -> Vec<String> {
        let vkey = |key: &SigningKey| key.public().to_string();
        self.keys.iter().map(vkey).collect()
    }

    /// Lets the log remember its keys, before it signs `size` with them.
    pub(crate) async fn remember(&self, store: &dyn Store, size: u64) -> Result<(), Unavailable> {
        let known = store.log_keys().await?;
        // Oldest first, as the log lists them.
        for vkey in self.vkeys().into_iter().rev() {
            if known.iter().all(|key| key.vkey != vkey) {
                let since_size = size;
                store.add_log_key(LogKey { vkey, since_size }).await?;
            }
        }
        Ok(())
    }

    /// The signed note of a head.
    pub(crate) fn sign(&self, size: u64, root: Hash) -> String {
        let checkpoint = tlog::Checkpoint::new(self.origin(), size, root);
        let mut note = checkpoint.sign(&self.keys[0]);
        for key in &self.keys[1..] {
            note.sign(key);
        }
        note.to_string()
    }
}
