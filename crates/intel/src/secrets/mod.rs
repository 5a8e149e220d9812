//! Secrets of sources: encrypted at rest under a key file, put into requests by the egress guard,
//! never shown back. Knows neither files nor rows: keys are handed in, sealed bytes are kept elsewhere.

mod key;
mod vault;

use base::UnixMicros;
use std::sync::Arc;

pub use key::{KeyId, KeyRing, ReadKeys, SecretKey};
pub use vault::{NewSecret, RotateError, SecretChange, Vault, VaultError};

/// Most secrets.
pub const SECRETS_MAX: usize = 1_000;
/// Shortest secret, in bytes: the guard finds shorter ones everywhere in what comes back.
pub const SECRET_BYTES_MIN: usize = 6;
/// Longest secret, in bytes.
pub const SECRET_BYTES_MAX: usize = 4096;

/// The number of a secret: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretId(pub i64);

/// A secret as others see it; what it is opens only with the [`Vault`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRef {
    /// Its number.
    pub id: SecretId,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub about: String,
    /// When it ends, where that is known.
    pub expires_at: Option<UnixMicros>,
    /// Since when it is there.
    pub created_at: UnixMicros,
    /// Since when it is what it is.
    pub changed_at: UnixMicros,
    pub(crate) sealed: Sealed,
}

impl SecretRef {
    /// Whether it has ended.
    pub fn has_expired(&self, now: UnixMicros) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// A secret that nobody reads without its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) key: KeyId,
    pub(crate) bytes: Arc<[u8]>,
}
