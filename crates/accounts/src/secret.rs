//! Texts that open something: made by chance, shown once, kept only as their SHA-256.

use base::Entropy;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a secret: all that is ever stored of it. A stolen table opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// The hash of a text that somebody shows. Looking it up in an index needs no comparison in
    /// constant time: whoever can choose the text cannot choose its hash byte by byte.
    pub fn of(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    /// The same of bytes.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(***)")
    }
}

/// A secret on its way to its owner. Neither `Debug` nor a log shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The 62 letters and digits, in the order of base 62.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Letters of a link's or a cookie's secret: 43 × log2(62) = 256 bits.
const LETTERS: usize = 43;

impl Secret {
    /// A text that is already known to be one.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// 256 bits of chance in base 62: for cookies, links and challenges.
    pub fn make(entropy: &dyn Entropy) -> Self {
        Self(base62(entropy, LETTERS))
    }

    /// The text, for the one place that hands it out.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// `letters` letters of base 62, every one equally likely.
pub(crate) fn base62(entropy: &dyn Entropy, letters: usize) -> String {
    from_alphabet(entropy, BASE62, letters)
}

/// `letters` letters of `alphabet`, every one equally likely: a byte that would favour some is
/// drawn again.
pub(crate) fn from_alphabet(entropy: &dyn Entropy, alphabet: &[u8], letters: usize) -> String {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(letters);
    let mut bytes = [0; 64];
    while text.len() < letters {
        entropy.fill(&mut bytes);
        let drawn = bytes.iter().map(|byte| usize::from(*byte));
        let fitting = drawn.filter(|byte| *byte < fair);
        let missing = letters - text.len();
        text.extend(
            fitting
                .take(missing)
                .map(|byte| char::from(alphabet[byte % alphabet.len()])),
        );
    }
    text
}

/// `number` in base 62 with exactly `letters` letters; its highest digits are cut off if it is
/// too large.
pub(crate) fn in_base62(mut number: u64, letters: usize) -> String {
    let mut text = vec![b'0'; letters];
    for letter in text.iter_mut().rev() {
        *letter = BASE62[usize::try_from(number % 62).expect("below 62")];
        number /= 62;
    }
    String::from_utf8(text).expect("base 62 is ASCII")
}

/// Whether both are equal, in time that tells only their lengths.
pub(crate) fn equal(left: &[u8], right: &[u8]) -> bool {
    let differing = left.iter().zip(right).fold(0, |all, (l, r)| all | (l ^ r));
    left.len() == right.len() && std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (byte, value) in bytes.iter_mut().zip((0..=u8::MAX).rev()) {
                *byte = value;
            }
        }
    }

    #[test]
    fn secrets_are_shown_by_no_debug_print() {
        let secret = Secret::make(&Counting);
        assert_eq!(secret.expose().len(), LETTERS);
        assert_eq!(
            format!("{secret:?} {:?}", secret.hash()),
            "Secret(***) SecretHash(***)"
        );
    }

    #[test]
    fn base_62_has_a_fixed_width() {
        assert_eq!(in_base62(0, 6), "000000");
        assert_eq!(in_base62(u64::from(u32::MAX), 6), "4gfFC3");
    }

    #[test]
    fn equality_looks_at_every_byte() {
        assert!(equal(b"abc", b"abc"));
        assert!(!equal(b"abc", b"abd"));
        assert!(!equal(b"abc", b"abcd"));
    }
}
