//! Keys, and what is sealed under them: XChaCha20-Poly1305, bound to the number of the secret, so that
//! who can write rows but has no key cannot put one secret in another's place.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use base::Entropy;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};

use super::{Sealed, SecretId};

/// Bytes of a nonce: 192 bits by chance never meet again.
const NONCE_BYTES: usize = 24;
/// The form of what is sealed; the first of its bytes.
const FORM: u8 = 1;

/// Which key something is sealed under: the first eight bytes of a digest of it. Says nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

/// As operators compare it with others.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A key of 32 bytes, from a file that is made at first start. Prints as its id only.
#[derive(Clone)]
pub struct SecretKey {
    id: KeyId,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.id)
    }
}

impl SecretKey {
    /// A key of these bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"indelible: the id of a key of secrets\0")
            .chain_update(bytes)
            .finalize();
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        Self {
            id: KeyId(id),
            cipher: XChaCha20Poly1305::new(bytes.into()),
        }
    }

    /// Which key it is.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Form, nonce, ciphertext and tag of a secret.
    pub(crate) fn seal(&self, id: SecretId, secret: &str, entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let payload = Payload {
            msg: secret.as_bytes(),
            aad: &bound_to(id),
        };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("a short secret fits");
        [&[FORM][..], &nonce, &sealed].concat()
    }

    /// What was sealed; `None` when another key, another secret's number or another hand was at work.
    pub(crate) fn open(&self, id: SecretId, sealed: &[u8]) -> Option<String> {
        let (form, sealed) = sealed.split_first()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        if *form != FORM {
            return None;
        }
        let payload = Payload {
            msg: sealed,
            aad: &bound_to(id),
        };
        let opened = self.cipher.decrypt(&XNonce::from(*nonce), payload);
        String::from_utf8(opened.ok()?).ok()
    }
}

fn bound_to(id: SecretId) -> Vec<u8> {
    [b"indelible: secret\0".as_slice(), &id.0.to_be_bytes()].concat()
}

/// Reads the key files that there are; asked at the start, and whenever something is sealed under a key
/// that is not known yet. The first is the one of an installation that has no secret yet.
pub type ReadKeys = Box<dyn Fn() -> Vec<[u8; 32]> + Send + Sync>;

/// The keys that this process knows.
pub struct KeyRing {
    read: ReadKeys,
    known: ArcSwap<Vec<SecretKey>>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.known.load()).finish()
    }
}

impl KeyRing {
    /// The keys that can be read now.
    pub fn new(read: ReadKeys) -> Self {
        let known = keys(&read);
        Self {
            known: ArcSwap::from_pointee(known),
            read,
        }
    }

    /// The key of an installation that has no secret yet.
    pub(crate) fn first(&self) -> Option<SecretKey> {
        self.known.load().first().cloned()
    }

    /// The key of this id. Reads the files again when it is not known: somebody rotated.
    pub(crate) fn key(&self, id: KeyId) -> Option<SecretKey> {
        let find = |known: &[SecretKey]| known.iter().find(|key| key.id == id).cloned();
        find(&self.known.load()).or_else(|| {
            let mut known = keys(&self.read);
            // What was sealed under keys whose files are gone may still be in use here.
            let older = self.known.load();
            for key in older.iter() {
                if !known.iter().any(|one| one.id == key.id) {
                    known.push(key.clone());
                }
            }
            self.known.store(Arc::new(known));
            find(&self.known.load())
        })
    }

    /// What a secret is.
    pub(crate) fn open(&self, id: SecretId, sealed: &Sealed) -> Option<String> {
        self.key(sealed.key)?.open(id, &sealed.bytes)
    }
}

fn keys(read: &ReadKeys) -> Vec<SecretKey> {
    read().iter().map(SecretKey::new).collect()
}

#[cfg(test)]
mod tests {
    use base::SystemEntropy;

    use super::*;

    #[test]
    fn only_the_same_key_and_number_open() {
        let key = SecretKey::new(&[1; 32]);
        let sealed = key.seal(SecretId(7), "geheim", &SystemEntropy);
        assert_eq!(key.open(SecretId(7), &sealed).as_deref(), Some("geheim"));
        assert_eq!(key.open(SecretId(8), &sealed), None);
        let other = SecretKey::new(&[2; 32]);
        assert_ne!(other.id(), key.id());
        assert_eq!(other.open(SecretId(7), &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(SecretId(7), &changed), None, "byte {at}");
            assert_eq!(key.open(SecretId(7), &sealed[..at]), None);
        }
        assert_ne!(key.seal(SecretId(7), "geheim", &SystemEntropy), sealed);
    }

    #[test]
    fn a_key_prints_as_its_id() {
        let key = SecretKey::new(&[1; 32]);
        assert_eq!(format!("{key:?}"), format!("SecretKey({})", key.id()));
    }

    // A server that runs on while its key is rotated must not stop asking its sources.
    #[test]
    fn a_key_that_came_later_is_read_and_an_older_one_kept() {
        let files = Arc::new(parking_lot::Mutex::new(vec![[1; 32]]));
        let read = Arc::clone(&files);
        let ring = KeyRing::new(Box::new(move || read.lock().clone()));
        let (old, new) = (SecretKey::new(&[1; 32]), SecretKey::new(&[2; 32]));
        assert!(ring.key(new.id()).is_none());
        *files.lock() = vec![[2; 32]];
        assert_eq!(ring.key(new.id()).map(|key| key.id()), Some(new.id()));
        assert_eq!(ring.key(old.id()).map(|key| key.id()), Some(old.id()));
        assert_eq!(ring.first().map(|key| key.id()), Some(new.id()));
    }
}
