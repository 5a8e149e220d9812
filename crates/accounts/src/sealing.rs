//! Encryption of what must be read again, such as the keys of authenticator apps: a stolen database
//! without the key file is of no use.

use base::Entropy;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// A key of 32 bytes, from a file that is made at first start.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// A key of these bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes are a key");
        Self(LessSafeKey::new(key))
    }

    /// Nonce, ciphertext and tag of `secret`, bound to `context`. The nonce is 96 bits of chance:
    /// for 2^32 secrets under one key a repetition is still unlikely (NIST SP 800-38D §8.3).
    pub(crate) fn seal(&self, secret: &[u8], context: &str, entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut body = secret.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut body,
            )
            .expect("a short secret fits");
        [&nonce[..], &body].concat()
    }

    /// What was sealed; `None` when another key, another context or another hand was at work.
    pub(crate) fn open(&self, sealed: &[u8], context: &str) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let open = self
            .0
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut body);
        open.ok().map(|secret| secret.to_vec())
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use base::SystemEntropy;

    use super::*;

    #[test]
    fn only_the_same_key_and_context_open() {
        let key = SealingKey::new(&[1; 32]);
        let sealed = key.seal(b"secret", "totp 7", &SystemEntropy);
        assert_eq!(key.open(&sealed, "totp 7").as_deref(), Some(&b"secret"[..]));
        assert_eq!(key.open(&sealed, "totp 8"), None);
        assert_eq!(SealingKey::new(&[2; 32]).open(&sealed, "totp 7"), None);
        assert_eq!(key.open(&sealed[..11], "totp 7"), None);
        assert_ne!(key.seal(b"secret", "totp 7", &SystemEntropy), sealed);
    }
}
