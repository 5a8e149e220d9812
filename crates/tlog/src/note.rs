//! Signed notes: a text, a blank line, and lines of signatures. C2SP `signed-note`.

use std::fmt;

use crate::key::{KeyId, SigningKey, VerifierKey, is_key_name};
use crate::text::{base64, from_base64};

/// Longest note that is read, in bytes.
pub const NOTE_BYTES_MAX: usize = 1_000_000;
/// Most signatures in a note that is read.
pub const NOTE_SIGNATURES_MAX: usize = 100;

/// Why a note was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`NOTE_BYTES_MAX`].
    #[error("the note has {0} bytes, more than {NOTE_BYTES_MAX}")]
    TooLong(usize),
    /// Not UTF-8.
    #[error("the note is not UTF-8")]
    NotUtf8,
    /// A control character other than newline.
    #[error("the note holds the control character {0:#04x}")]
    Control(u8),
    /// Does not end with a newline.
    #[error("the note does not end with a newline")]
    Unterminated,
    /// No blank line between text and signatures, or nothing after it.
    #[error("the note has no signatures")]
    NoSignatures,
    /// More signatures than [`NOTE_SIGNATURES_MAX`].
    #[error("the note has more than {NOTE_SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// A signature line that is not `— name base64`.
    #[error("signature line {0} is malformed")]
    SignatureLine(usize),
    /// A signature by a known key that does not verify.
    #[error("the signature of {name} ({id}) is wrong")]
    BadSignature {
        /// The name of the key.
        name: String,
        /// Its id.
        id: KeyId,
    },
    /// A known key signed twice.
    #[error("{name} ({id}) signed twice")]
    SignedTwice {
        /// The name of the key.
        name: String,
        /// Its id.
        id: KeyId,
    },
    /// Nobody whose key is known signed it.
    #[error("no known key signed the note")]
    NoKnownSigner,
}

/// One signature under a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// Who signed.
    pub name: String,
    /// With which of the signer's keys.
    pub key_id: KeyId,
    /// The signature; its form depends on the key.
    pub bytes: Vec<u8>,
}

impl SignatureLine {
    /// Reads `— name base64(id || signature)`, without its newline.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = from_base64(encoded)?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        (is_key_name(name) && !signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            key_id: KeyId(*id),
            bytes: signature.to_vec(),
        })
    }

    /// Reads lines of signatures, each ending with a newline: the end of a note, or a witness's
    /// answer. At least one.
    pub fn parse_all(lines: &str) -> Result<Vec<Self>, NoteError> {
        let lines = match lines.strip_suffix('\n') {
            Some(lines) => lines,
            None if lines.is_empty() => return Err(NoteError::NoSignatures),
            None => return Err(NoteError::Unterminated),
        };
        let mut signatures = Vec::new();
        for (number, line) in lines.split('\n').enumerate() {
            if number == NOTE_SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(Self::parse(line).ok_or(NoteError::SignatureLine(number + 1))?);
        }
        Ok(signatures)
    }
}

/// The line with its newline.
impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.0[..], &self.bytes].concat();
        writeln!(f, "— {} {}", self.name, base64(&bytes))
    }
}

/// A text and signatures under it. Nothing in it may be believed before it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    /// What is signed; ends with a newline and holds no other control character.
    pub text: String,
    /// Who signed, in the order of the lines.
    pub signatures: Vec<SignatureLine>,
}

impl SignedNote {
    /// Reads a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
        if let Some(control) = bytes.iter().find(|byte| **byte < b' ' && **byte != b'\n') {
            return Err(NoteError::Control(*control));
        }
        // The last blank line: the text may hold others.
        let blank = note.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, signatures) = (&note[..=blank], &note[blank + 2..]);
        Ok(Self {
            text: text.to_owned(),
            signatures: SignatureLine::parse_all(signatures)?,
        })
    }

    /// Adds the signature of `key`.
    pub fn sign(&mut self, key: &SigningKey) {
        self.signatures.push(SignatureLine {
            name: key.name().to_owned(),
            key_id: key.public().id(),
            bytes: key.signature(self.text.as_bytes()).to_vec(),
        });
    }

    /// Which of `keys` signed this note: at least one.
    ///
    /// Signatures by other keys are passed over; a wrong one by a known key, or two by the same,
    /// condemn the note.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for line in &self.signatures {
            let known = |key: &&VerifierKey| key.name() == line.name && key.id() == line.key_id;
            let Some(key) = keys.iter().find(known) else {
                continue;
            };
            let (name, id) = (line.name.clone(), line.key_id);
            if signers.contains(&key) {
                return Err(NoteError::SignedTwice { name, id });
            }
            if !key.verifies(self.text.as_bytes(), &line.bytes) {
                return Err(NoteError::BadSignature { name, id });
            }
            signers.push(key);
        }
        if signers.is_empty() {
            return Err(NoteError::NoKnownSigner);
        }
        Ok(signers)
    }
}

/// The note as it travels.
impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| line.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(name, &[seed; 32]).unwrap()
    }

    fn note(text: &str, keys: &[&SigningKey]) -> SignedNote {
        let mut note = SignedNote {
            text: text.to_owned(),
            signatures: Vec::new(),
        };
        for key in keys {
            note.sign(key);
        }
        note
    }

    #[test]
    fn known_keys_are_found_among_strangers() {
        let (a, b, stranger) = (key("a", 1), key("a", 2), key("b", 1));
        let signed = note("one\n\ntwo\n", &[&stranger, &a, &b]);
        let trusted = [a.public().clone(), b.public().clone()];
        assert_eq!(signed.verify(&trusted).unwrap(), [&trusted[0], &trusted[1]]);
        assert_eq!(signed.verify(&trusted[1..]).unwrap(), [&trusted[1]]);
        assert_eq!(SignedNote::parse(signed.to_string().as_bytes()), Ok(signed));
    }

    #[test]
    fn what_condemns_a_note() {
        let (a, b) = (key("a", 1), key("b", 2));
        let trusted = [a.public().clone(), b.public().clone()];
        let (name, id) = ("a".to_owned(), a.public().id());
        let check = |note: SignedNote, error| assert_eq!(note.verify(&trusted), Err(error));

        check(note("x\n", &[]), NoteError::NoKnownSigner);
        check(note("x\n", &[&key("a", 3)]), NoteError::NoKnownSigner);
        let twice = NoteError::SignedTwice {
            name: name.clone(),
            id,
        };
        check(note("x\n", &[&a, &a]), twice);
        // One good signature does not cure a wrong one.
        let mut changed = note("x\n", &[&b, &a]);
        changed.signatures[1].bytes[7] ^= 1;
        let bad = NoteError::BadSignature { name, id };
        check(changed, bad.clone());
        let mut short = note("x\n", &[&a]);
        short.signatures[0].bytes.pop();
        check(short, bad.clone());
        let mut other = note("x\n", &[&a]);
        other.text = "y\n".into();
        check(other, bad);
    }

    #[test]
    fn malformed_notes_are_refused_by_name() {
        let check = |note: &[u8], error| assert_eq!(SignedNote::parse(note), Err(error));
        let good = "x\n\n— a AAAAAAA=\n";
        assert!(SignedNote::parse(good.as_bytes()).is_ok());
        check(b"", NoteError::NoSignatures);
        check(b"x\n", NoteError::NoSignatures);
        check(b"x\n\n", NoteError::NoSignatures);
        check("x\n— a AAAAAAA=\n".as_bytes(), NoteError::NoSignatures);
        check(good.trim_end().as_bytes(), NoteError::Unterminated);
        check(b"\xff\n\n", NoteError::NotUtf8);
        check(good.replace('x', "\t").as_bytes(), NoteError::Control(9));
        check(
            good.replace('\n', "\r\n").as_bytes(),
            NoteError::Control(13),
        );
        for line in [
            "- a AAAAAAA=",
            "—a AAAAAAA=",
            "—  AAAAAAA=",
            "— a+b AAAAAAA=",
            "— a\u{a0}b AAAAAAA=",
            "— a AAAAAAA",
            "— a AAAAAAB=",
            "— a AAAAAA==",
            "— a AAAAAAA= ",
            "— a",
            "AAAA",
        ] {
            let text = format!("{good}{line}\n");
            check(text.as_bytes(), NoteError::SignatureLine(2));
        }
        let many = format!("x\n\n{}", "— a AAAAAAA=\n".repeat(NOTE_SIGNATURES_MAX + 1));
        check(many.as_bytes(), NoteError::TooManySignatures);
        let long = vec![b'x'; NOTE_BYTES_MAX + 1];
        check(&long, NoteError::TooLong(long.len()));
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(
            lines in proptest::collection::vec("[^\\x00-\\x1f]{0,20}", 1..5),
            signers in proptest::collection::vec(("[^\\s+\\x00-\\x1f]{1,9}", any::<[u8; 4]>(),
                proptest::collection::vec(any::<u8>(), 1..80)), 1..5),
        ) {
            let note = SignedNote {
                text: lines.join("\n") + "\n",
                signatures: signers.into_iter().map(|(name, id, bytes)| SignatureLine {
                    name, key_id: KeyId(id), bytes,
                }).collect(),
            };
            prop_assert_eq!(SignedNote::parse(note.to_string().as_bytes()), Ok(note));
        }

        #[test]
        fn what_parses_prints_the_same(bytes in "[ax\n]{0,4}\n\n(— [a ]{1,2} [AQg=]{6,9}\n){0,2}") {
            if let Ok(note) = SignedNote::parse(bytes.as_bytes()) {
                prop_assert_eq!(note.to_string(), bytes);
            }
        }
    }
}
