//! The names and Ed25519 keys of those who sign notes: C2SP `signed-note`, *verifier keys*.
//!
//! A key is bound to a name and to one use. The use is part of the type, so a log's key cannot be
//! taken for a witness's by mistake.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signer as _;

use crate::text::{base64, from_base64};
use crate::{Sha256, TreeHash};

/// Signature type of plain Ed25519 notes.
pub(crate) const TYPE_ED25519: u8 = 0x01;
/// Signature type of timestamped Ed25519 cosignatures.
pub(crate) const TYPE_COSIGNATURE: u8 = 0x04;

/// The key with which a log's notes are verified; its text form is the *vkey*
/// `name+id+base64(01 || public key)`.
pub type VerifierKey = PublicKey<TYPE_ED25519>;
/// The key with which a log signs its notes.
pub type SigningKey = SecretKey<TYPE_ED25519>;
/// The key with which a witness's cosignatures are verified; its text form is the *vkey*
/// `name+id+base64(04 || public key)`.
pub type CosignerKey = PublicKey<TYPE_COSIGNATURE>;
/// The key with which a witness cosigns.
pub type CosigningKey = SecretKey<TYPE_COSIGNATURE>;

/// The first four bytes of SHA-256 over name, newline, signature type and public key. It tells
/// keys apart; it does not authenticate them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 4]);

impl KeyId {
    fn of(name: &str, kind: u8, key: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(name.len() + 2 + key.len());
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(&[b'\n', kind]);
        bytes.extend_from_slice(key);
        let hash = Sha256::digest(&bytes);
        Self([hash[0], hash[1], hash[2], hash[3]])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a name or a key was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Empty, or with a space, a plus or a control character.
    #[error("the key name {0:?} is empty or holds a space, a plus or a control character")]
    Name(String),
    /// Not of the form `name+id+base64`.
    #[error("the key is not of the form name+id+base64")]
    Form,
    /// A key for another use or another algorithm.
    #[error("the key is of type {found:#04x}, not {wanted:#04x}")]
    Type {
        /// The type byte in the text.
        found: u8,
        /// The type byte of the key that was asked for.
        wanted: u8,
    },
    /// Not 32 bytes of key.
    #[error("the public key has {0} bytes, not 32")]
    Length(usize),
    /// The bytes are no point of the curve, or one of small order that would verify anything.
    #[error("the public key is not a usable point of the curve")]
    Point,
    /// The id does not belong to name and key: a slip of the pen in either.
    #[error("the key's id is {written}, but name and key give {computed}")]
    Id {
        /// The id in the text.
        written: String,
        /// The id that belongs there.
        computed: KeyId,
    },
}

/// Whether `name` may name a key: not empty, no Unicode space, no plus, no control character.
pub(crate) fn is_key_name(name: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c == '+' || c < ' ';
    !name.is_empty() && !name.contains(bad)
}

fn check_name(name: &str) -> Result<String, KeyError> {
    if is_key_name(name) {
        Ok(name.to_owned())
    } else {
        Err(KeyError::Name(name.to_owned()))
    }
}

/// An Ed25519 public key, its name, and the signature type it is for. See [`VerifierKey`] and
/// [`CosignerKey`].
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey<const TYPE: u8> {
    name: String,
    id: KeyId,
    key: ed25519_dalek::VerifyingKey,
}

impl<const TYPE: u8> PublicKey<TYPE> {
    /// A key from its name and its 32 bytes (RFC 8032 §5.1.5).
    pub fn new(name: &str, key: &[u8; 32]) -> Result<Self, KeyError> {
        let point = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| KeyError::Point)?;
        if point.is_weak() {
            return Err(KeyError::Point);
        }
        Ok(Self {
            name: check_name(name)?,
            id: KeyId::of(name, TYPE, key),
            key: point,
        })
    }

    /// The name in its signature lines.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id in its signature lines.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The public key itself.
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether `signature` (64 bytes) is this key's over `message`, by the strict rules: malleable
    /// signatures are refused.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl<const TYPE: u8> fmt::Display for PublicKey<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![TYPE];
        key.extend_from_slice(self.public_key());
        write!(f, "{}+{}+{}", self.name, self.id, base64(&key))
    }
}

impl<const TYPE: u8> fmt::Debug for PublicKey<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const TYPE: u8> FromStr for PublicKey<TYPE> {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        // Base64 may hold further pluses, a name or an id cannot.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        let bytes = from_base64(key).ok_or(KeyError::Form)?;
        let (&found, key) = bytes.split_first().ok_or(KeyError::Form)?;
        if found != TYPE {
            return Err(KeyError::Type {
                found,
                wanted: TYPE,
            });
        }
        let key = key.try_into().map_err(|_| KeyError::Length(key.len()))?;
        let key = Self::new(name, key)?;
        if id != key.id.to_string() {
            return Err(KeyError::Id {
                written: id.to_owned(),
                computed: key.id,
            });
        }
        Ok(key)
    }
}

/// An Ed25519 secret key, its name, and the signature type it is for. See [`SigningKey`] and
/// [`CosigningKey`]. The secret is wiped from memory when dropped, and never printed.
pub struct SecretKey<const TYPE: u8> {
    public: PublicKey<TYPE>,
    secret: ed25519_dalek::SigningKey,
}

impl<const TYPE: u8> SecretKey<TYPE> {
    /// The key of a seed of 32 random bytes (RFC 8032 §5.1.5: the private key).
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = PublicKey::new(name, secret.verifying_key().as_bytes())?;
        Ok(Self { public, secret })
    }

    /// The name in its signature lines.
    pub fn name(&self) -> &str {
        &self.public.name
    }

    /// The key with which others verify.
    pub fn public(&self) -> &PublicKey<TYPE> {
        &self.public
    }

    pub(crate) fn signature(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

impl<const TYPE: u8> fmt::Debug for SecretKey<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}, ***)", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VKEY: &str = "ts.example.org/log+99e69167+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

    // V4 of the protocol's test vectors: seed 00..1f.
    #[test]
    fn the_vkey_of_a_known_seed() {
        let seed: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let key = SigningKey::from_seed("ts.example.org/log", &seed).unwrap();
        assert_eq!(key.public().to_string(), VKEY);
        assert_eq!(VKEY.parse::<VerifierKey>().unwrap(), *key.public());
        assert!(!format!("{key:?}").contains("0001020304"));
    }

    #[test]
    fn broken_vkeys_are_refused_by_name() {
        let check = |text: &str, error: KeyError| {
            assert_eq!(text.parse::<VerifierKey>(), Err(error), "{text}");
        };
        check("", KeyError::Form);
        check("a+99e69167", KeyError::Form);
        check("a+99e69167+", KeyError::Form);
        check("a+99e69167+????", KeyError::Form);
        let swap = |from: &str, to: &str| VKEY.replace(from, to);
        check(
            &swap("ts.example.org/log", ""),
            KeyError::Name(String::new()),
        );
        let spaced = "ts\u{2003}x".to_owned();
        check(&swap("ts.example.org/log", &spaced), KeyError::Name(spaced));
        let computed = VKEY.parse::<VerifierKey>().unwrap().id();
        for written in ["99e69168", "99E69167", "099e69167"] {
            let written = written.to_owned();
            let text = swap("99e69167", &written);
            check(&text, KeyError::Id { written, computed });
        }
        let typed = |kind: u8, length: usize| base64(&[vec![kind], vec![1; length]].concat());
        check(
            &format!("a+00000000+{}", typed(4, 32)),
            KeyError::Type {
                found: 4,
                wanted: 1,
            },
        );
        check(
            &format!("a+00000000+{}", typed(6, 1312)),
            KeyError::Type {
                found: 6,
                wanted: 1,
            },
        );
        check(
            &format!("a+00000000+{}", typed(1, 31)),
            KeyError::Length(31),
        );
        // The neutral element: any signature could be made to fit it.
        let mut neutral = [0; 33];
        neutral[..2].copy_from_slice(&[1, 1]);
        check(&format!("a+00000000+{}", base64(&neutral)), KeyError::Point);
    }
}
