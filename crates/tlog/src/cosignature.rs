//! What witnesses add to a checkpoint: that they saw it grow, and when. C2SP `tlog-cosignature`.
//!
//! Only the Ed25519 form (type 0x04). Lines of other types, ML-DSA-44 (0x06) among them, are by
//! unknown keys and passed over.

use crate::key::{CosignerKey, CosigningKey, KeyId};
use crate::note::{SignatureLine, SignedNote};

/// Bytes of a cosignature after its key id: the time, then an Ed25519 signature.
const COSIGNATURE_BYTES: usize = 8 + 64;

/// Why a cosignature was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// The line is by another key.
    #[error("the cosignature is not by {name} ({id})")]
    OtherKey {
        /// The name of the key that was asked.
        name: String,
        /// Its id.
        id: KeyId,
    },
    /// Not 72 bytes.
    #[error("the cosignature of {name} has {found} bytes, not {COSIGNATURE_BYTES}")]
    Length {
        /// The name of the key.
        name: String,
        /// How many bytes there are.
        found: usize,
    },
    /// Its time is beyond what POSIX can say.
    #[error("the cosignature of {name} is of no possible time")]
    Time {
        /// The name of the key.
        name: String,
    },
    /// It does not verify.
    #[error("the cosignature of {name} is wrong")]
    Signature {
        /// The name of the key.
        name: String,
    },
    /// A known witness signed twice.
    #[error("{name} cosigned twice")]
    Twice {
        /// The name of the key.
        name: String,
    },
}

/// A witness's word that a checkpoint is the newest consistent one it saw of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Whose word.
    pub key: CosignerKey,
    /// When, in seconds since 1970.
    pub unix_s: u64,
}

/// What is signed: two lines, then the text of the checkpoint's note.
fn message(text: &str, unix_s: u64) -> String {
    format!("cosignature/v1\ntime {unix_s}\n{text}")
}

impl CosigningKey {
    /// Cosigns the text of a checkpoint's note at a time in seconds since 1970.
    ///
    /// The caller has verified that the checkpoint continues the newest one it cosigned, and has
    /// stored it: see [`judge`](crate::judge).
    pub fn cosign(&self, text: &str, unix_s: u64) -> SignatureLine {
        let signature = self.signature(message(text, unix_s).as_bytes());
        SignatureLine {
            name: self.name().to_owned(),
            key_id: self.public().id(),
            bytes: [&unix_s.to_be_bytes()[..], &signature].concat(),
        }
    }
}

impl CosignerKey {
    /// Whether `line` names this key; nothing is verified.
    pub fn is_named_by(&self, line: &SignatureLine) -> bool {
        self.name() == line.name && self.id() == line.key_id
    }

    /// Verifies a line of this key under a note with `text`; answers the time of the cosignature,
    /// in seconds since 1970.
    pub fn verify(&self, line: &SignatureLine, text: &str) -> Result<u64, CosignatureError> {
        let name = self.name().to_owned();
        if !self.is_named_by(line) {
            let id = self.id();
            return Err(CosignatureError::OtherKey { name, id });
        }
        let found = line.bytes.len();
        let Some((time, signature)) = line.bytes.split_first_chunk() else {
            return Err(CosignatureError::Length { name, found });
        };
        if found != COSIGNATURE_BYTES {
            return Err(CosignatureError::Length { name, found });
        }
        let unix_s = u64::from_be_bytes(*time);
        if i64::try_from(unix_s).is_err() {
            return Err(CosignatureError::Time { name });
        }
        if !self.verifies(message(text, unix_s).as_bytes(), signature) {
            return Err(CosignatureError::Signature { name });
        }
        Ok(unix_s)
    }
}

impl SignedNote {
    /// The cosignatures of `witnesses` under this note, in the order of its lines; those of others
    /// are passed over. A wrong one by a known witness, or two by the same, condemn the note.
    pub fn cosignatures(
        &self,
        witnesses: &[CosignerKey],
    ) -> Result<Vec<Cosignature>, CosignatureError> {
        let mut found: Vec<Cosignature> = Vec::new();
        for line in &self.signatures {
            let Some(key) = witnesses.iter().find(|key| key.is_named_by(line)) else {
                continue;
            };
            if found.iter().any(|cosignature| cosignature.key == *key) {
                let name = line.name.clone();
                return Err(CosignatureError::Twice { name });
            }
            found.push(Cosignature {
                key: key.clone(),
                unix_s: key.verify(line, &self.text)?,
            });
        }
        Ok(found)
    }

    /// Adds a signature line, in the place of an older one by the same key.
    pub fn put(&mut self, line: SignatureLine) {
        let same = |old: &&mut SignatureLine| old.name == line.name && old.key_id == line.key_id;
        match self.signatures.iter_mut().find(same) {
            Some(old) => *old = line,
            None => self.signatures.push(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkpoint, SigningKey};

    fn witness(name: &str, seed: u8) -> CosigningKey {
        CosigningKey::from_seed(name, &[seed; 32]).unwrap()
    }

    fn cosigned(by: &[&CosigningKey]) -> SignedNote {
        let log = SigningKey::from_seed("log", &[1; 32]).unwrap();
        let mut note = Checkpoint::new("log", 1, [0; 32]).sign(&log);
        for key in by {
            let line = key.cosign(&note.text, 1_679_315_147);
            note.signatures.push(line);
        }
        note
    }

    #[test]
    fn known_witnesses_are_found_among_strangers() {
        let (known, stranger) = (witness("w/1", 2), witness("w/2", 3));
        let note = cosigned(&[&stranger, &known]);
        let keys = [known.public().clone()];
        let key: CosignerKey = keys[0].to_string().parse().unwrap();
        let unix_s = 1_679_315_147;
        assert_eq!(
            note.cosignatures(&keys),
            Ok(vec![Cosignature { key, unix_s }])
        );
        assert_eq!(note.cosignatures(&[]), Ok(vec![]));
        assert_eq!(
            SignedNote::parse(note.to_string().as_bytes()).as_ref(),
            Ok(&note)
        );
        // A cosignature is not a log's signature, nor the other way round.
        assert!(keys[0].to_string().parse::<crate::VerifierKey>().is_err());
    }

    #[test]
    fn wrong_cosignatures_condemn_the_note() {
        let known = witness("w", 2);
        let keys = [known.public().clone()];
        let name = "w".to_owned();
        let check = |change: &dyn Fn(&mut SignedNote), error| {
            let mut note = cosigned(&[&known]);
            change(&mut note);
            assert_eq!(note.cosignatures(&keys), Err(error));
        };
        let wrong = CosignatureError::Signature { name: name.clone() };
        // Another time, another signature, another text.
        check(&|note| note.signatures[1].bytes[7] ^= 1, wrong.clone());
        check(&|note| note.signatures[1].bytes[8] ^= 1, wrong.clone());
        check(&|note| note.text.push_str("more\n"), wrong);
        let time = CosignatureError::Time { name: name.clone() };
        check(&|note| note.signatures[1].bytes[0] = 0x80, time);
        for found in [4, 8, 71] {
            let error = CosignatureError::Length {
                name: name.clone(),
                found,
            };
            check(&|note| note.signatures[1].bytes.truncate(found), error);
        }
        let twice = CosignatureError::Twice { name: name.clone() };
        check(
            &|note| note.signatures.push(note.signatures[1].clone()),
            twice,
        );
        let other = witness("w", 3);
        let id = other.public().id();
        let note = cosigned(&[&known]);
        let refused = other.public().verify(&note.signatures[1], &note.text);
        assert_eq!(refused, Err(CosignatureError::OtherKey { name, id }));
    }

    #[test]
    fn a_newer_cosignature_takes_the_place_of_the_older() {
        let known = witness("w", 2);
        let keys = [known.public().clone()];
        let mut note = cosigned(&[&known]);
        note.put(known.cosign(&note.text, 1_700_000_000));
        note.put(witness("w", 3).cosign(&note.text, 1));
        assert_eq!(note.signatures.len(), 3);
        assert_eq!(note.cosignatures(&keys).unwrap()[0].unix_s, 1_700_000_000);
    }
}
