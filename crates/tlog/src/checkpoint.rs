//! Checkpoints: the signed head of a log, as a note. C2SP `tlog-checkpoint`.

use std::fmt;

use crate::Hash;
use crate::key::{SigningKey, VerifierKey};
use crate::note::{NoteError, SignedNote};
use crate::text::{base64, decimal, hash_of_base64, line};

/// Why a checkpoint was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Fewer than three lines, or the last without its newline.
    #[error("the checkpoint lacks its {0}")]
    Missing(&'static str),
    /// The origin line is empty.
    #[error("the checkpoint's origin is empty")]
    Origin,
    /// The size is not a decimal without leading zeros, or beyond 64 bits.
    #[error("the checkpoint's size is not a plain decimal number")]
    Size,
    /// The root is not the canonical base64 of 32 bytes.
    #[error("the checkpoint's root is not 32 bytes of base64")]
    Root,
    /// An empty extension line.
    #[error("the checkpoint's extension line {0} is empty")]
    Extension(usize),
    /// It speaks for a log of which no key is known.
    #[error("the checkpoint is of the log {0:?}, of which no key is known")]
    UnknownOrigin(String),
    /// The note is not signed as it should be.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// The head of a log: how many entries it has, and the root over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log, one line.
    pub origin: String,
    /// How many leaves the tree has.
    pub size: u64,
    /// The root of that tree.
    pub root: Hash,
    /// Further lines, opaque; C2SP advises against them and our own log writes none.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions: Vec::new(),
        }
    }

    /// Reads the text of a checkpoint's note, which is its [`Display`](fmt::Display) form.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let (origin, rest) = line(text).ok_or(CheckpointError::Missing("origin"))?;
        let (size, rest) = line(rest).ok_or(CheckpointError::Missing("size"))?;
        let (root, mut rest) = line(rest).ok_or(CheckpointError::Missing("root"))?;
        if origin.is_empty() {
            return Err(CheckpointError::Origin);
        }
        let mut extensions = Vec::new();
        while !rest.is_empty() {
            let end = CheckpointError::Missing("final newline");
            let (extension, after) = line(rest).ok_or(end)?;
            if extension.is_empty() {
                return Err(CheckpointError::Extension(extensions.len() + 1));
            }
            extensions.push(extension.to_owned());
            rest = after;
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: decimal(size).ok_or(CheckpointError::Size)?,
            root: hash_of_base64(root).ok_or(CheckpointError::Root)?,
            extensions,
        })
    }

    /// The checkpoint as a note, signed by its log.
    ///
    /// # Panics
    /// When the key is of another log, or a field cannot stand in its line: what is signed cannot
    /// be taken back, so it is read again before.
    pub fn sign(&self, key: &SigningKey) -> SignedNote {
        let text = self.to_string();
        assert_eq!(self.origin, key.name(), "the key of another log");
        assert_eq!(
            Self::parse(&text).as_ref(),
            Ok(self),
            "an unreadable checkpoint"
        );
        let mut note = SignedNote {
            text,
            signatures: Vec::new(),
        };
        note.sign(key);
        note
    }

    /// The checkpoint in `note`, if the log of its origin signed it with one of `keys`.
    ///
    /// Keys of other origins are passed over, so `keys` may be all that are trusted; several may
    /// have one origin, which is how a log changes its key.
    pub fn open(note: &SignedNote, keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        Ok(Self::open_signed(note, keys)?.0)
    }

    /// As [`Self::open`], and which keys signed: at least one.
    pub fn open_signed(
        note: &SignedNote,
        keys: &[VerifierKey],
    ) -> Result<(Self, Vec<VerifierKey>), CheckpointError> {
        let checkpoint = Self::parse(&note.text)?;
        let of_origin = |key: &&VerifierKey| key.name() == checkpoint.origin;
        let keys: Vec<VerifierKey> = keys.iter().filter(of_origin).cloned().collect();
        if keys.is_empty() {
            return Err(CheckpointError::UnknownOrigin(checkpoint.origin));
        }
        let signers = note.verify(&keys)?.into_iter().cloned().collect();
        Ok((checkpoint, signers))
    }
}

/// The text of its note.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, base64(&self.root))?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROOT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn malformed_checkpoints_are_refused_by_name() {
        let check = |text: &str, error| assert_eq!(Checkpoint::parse(text), Err(error), "{text}");
        assert!(Checkpoint::parse(&format!("o\n0\n{ROOT}\n")).is_ok());
        check("", CheckpointError::Missing("origin"));
        check("o\n1", CheckpointError::Missing("size"));
        check(&format!("o\n1\n{ROOT}"), CheckpointError::Missing("root"));
        check(&format!("\n1\n{ROOT}\n"), CheckpointError::Origin);
        for size in ["", "01", "-1", "1 ", "18446744073709551616"] {
            check(&format!("o\n{size}\n{ROOT}\n"), CheckpointError::Size);
        }
        for root in [
            "",
            "AAAA",
            &ROOT[..43],
            &ROOT.replace("A=", "B="),
            &format!("{ROOT}="),
        ] {
            check(&format!("o\n1\n{root}\n"), CheckpointError::Root);
        }
        check(
            &format!("o\n1\n{ROOT}\ne\n\n"),
            CheckpointError::Extension(2),
        );
        check(
            &format!("o\n1\n{ROOT}\ne"),
            CheckpointError::Missing("final newline"),
        );
    }

    #[test]
    fn a_log_may_change_its_key() {
        let key = |name, seed| SigningKey::from_seed(name, &[seed; 32]).unwrap();
        let (old, new, other) = (key("log", 1), key("log", 2), key("other", 1));
        let trusted = [
            old.public().clone(),
            other.public().clone(),
            new.public().clone(),
        ];
        let checkpoint = Checkpoint::new("log", 7, [3; 32]);
        for key in [&old, &new] {
            let note = checkpoint.sign(key);
            assert_eq!(Checkpoint::open(&note, &trusted).as_ref(), Ok(&checkpoint));
        }
        let unknown = CheckpointError::UnknownOrigin("log".into());
        assert_eq!(
            Checkpoint::open(&checkpoint.sign(&new), &trusted[1..2]),
            Err(unknown)
        );
        assert_eq!(
            Checkpoint::open(&checkpoint.sign(&new), &trusted[..1]),
            Err(NoteError::NoKnownSigner.into())
        );
        // Another log's good signature does not speak for this one.
        let mut foreign = checkpoint.sign(&new);
        foreign.signatures.clear();
        foreign.sign(&other);
        assert_eq!(
            Checkpoint::open(&foreign, &trusted),
            Err(NoteError::NoKnownSigner.into())
        );
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(
            origin in "[^\\x00-\\x1f]{1,20}", size: u64, root: Hash,
            extensions in proptest::collection::vec("[^\\x00-\\x1f]{1,20}", 0..3),
        ) {
            let checkpoint = Checkpoint { origin, size, root, extensions };
            prop_assert_eq!(Checkpoint::parse(&checkpoint.to_string()), Ok(checkpoint));
        }
    }
}
