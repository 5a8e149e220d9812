//! Proof files, `.tlog-proof`: all that is needed to verify offline, for ever. C2SP `tlog-proof`.
//!
//! The file proves that an interval is in a log; what ties a timestamp to the interval travels in
//! its `extra`, see [`TimestampProof`].

mod extra;
mod verify;

pub use extra::{StampedData, TimestampProof};
pub use verify::{Refusal, Step, StepKind, Trust, VerifiedTimestamp, VerifyError};

use std::fmt;

use crate::Hash;
use crate::note::{NOTE_BYTES_MAX, NoteError, SignedNote};
use crate::text::{base64, decimal, from_base64, hash_of_base64, line};
use crate::v1::PATH_NODES_MAX;

/// Most bytes of `extra` in a file that is read.
pub const EXTRA_BYTES_MAX: usize = 65_536;
/// Longest proof file that is read, in bytes: a note, `extra` in base64, and a path.
pub const PROOF_FILE_BYTES_MAX: usize = NOTE_BYTES_MAX + EXTRA_BYTES_MAX * 4 / 3 + 4096;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Why a file is no proof file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// Longer than [`PROOF_FILE_BYTES_MAX`].
    #[error("the proof file has {0} bytes, more than {PROOF_FILE_BYTES_MAX}")]
    TooLong(usize),
    /// Not UTF-8.
    #[error("the proof file is not UTF-8")]
    NotUtf8,
    /// Another first line: another kind of file, or another version.
    #[error("the first line is not {FIRST_LINE:?}: this is no proof file")]
    FirstLine,
    /// `extra` is not base64, or longer than [`EXTRA_BYTES_MAX`].
    #[error("the extra line is not base64 of at most {EXTRA_BYTES_MAX} bytes")]
    Extra,
    /// No line `index` with a number.
    #[error("there is no line \"index\" with a plain decimal number")]
    Index,
    /// A line of the path is not the base64 of 32 bytes.
    #[error("path line {0} is not 32 bytes of base64")]
    Node(usize),
    /// More nodes than any tree needs.
    #[error("the path has more than {PATH_NODES_MAX} lines")]
    TooManyNodes,
    /// No blank line after the path.
    #[error("no blank line ends the path")]
    Unterminated,
    /// What follows the blank line is no checkpoint's note.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// A proof that an entry is in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// What the application adds; ours is a [`TimestampProof`]. Nothing vouches for it but what it
    /// proves itself.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry in the log: the number of the interval.
    pub index: u64,
    /// Inclusion path of the entry (SHA-256), leaf to root.
    pub path: Vec<Hash>,
    /// The log's checkpoint, with what witnesses added.
    pub checkpoint: SignedNote,
}

impl ProofFile {
    /// Reads a proof file.
    pub fn parse(file: &[u8]) -> Result<Self, ProofFileError> {
        if file.len() > PROOF_FILE_BYTES_MAX {
            return Err(ProofFileError::TooLong(file.len()));
        }
        let file = std::str::from_utf8(file).map_err(|_| ProofFileError::NotUtf8)?;
        let rest = file
            .strip_prefix(FIRST_LINE)
            .ok_or(ProofFileError::FirstLine)?;
        let rest = rest.strip_prefix('\n').ok_or(ProofFileError::FirstLine)?;
        let (mut this, mut rest) = line(rest).ok_or(ProofFileError::Index)?;
        let mut extra = None;
        if let Some(encoded) = this.strip_prefix("extra ") {
            let bytes = from_base64(encoded).filter(|bytes| bytes.len() <= EXTRA_BYTES_MAX);
            extra = Some(bytes.ok_or(ProofFileError::Extra)?);
            (this, rest) = line(rest).ok_or(ProofFileError::Index)?;
        }
        let index = this.strip_prefix("index ").and_then(decimal);
        let index = index.ok_or(ProofFileError::Index)?;
        let mut path = Vec::new();
        loop {
            let (node, after) = line(rest).ok_or(ProofFileError::Unterminated)?;
            rest = after;
            if node.is_empty() {
                break;
            }
            if path.len() == PATH_NODES_MAX {
                return Err(ProofFileError::TooManyNodes);
            }
            let number = path.len() + 1;
            path.push(hash_of_base64(node).ok_or(ProofFileError::Node(number))?);
        }
        Ok(Self {
            extra,
            index,
            path,
            checkpoint: SignedNote::parse(rest.as_bytes())?,
        })
    }
}

/// The file itself.
impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for node in &self.path {
            writeln!(f, "{}", base64(node))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkpoint, SigningKey};
    use proptest::prelude::*;

    fn note() -> SignedNote {
        let key = SigningKey::from_seed("log", &[1; 32]).unwrap();
        Checkpoint::new("log", 1, [0; 32]).sign(&key)
    }

    #[test]
    fn malformed_files_are_refused_by_name() {
        let zero = base64(&[0; 32]);
        let note = note();
        let good = format!("{FIRST_LINE}\nextra AAAA\nindex 7\n{zero}\n\n{note}");
        assert!(ProofFile::parse(good.as_bytes()).is_ok());
        let check = |file: &str, error| {
            assert_eq!(ProofFile::parse(file.as_bytes()), Err(error), "{file}");
        };
        let swap = |from: &str, to: &str| good.replacen(from, to, 1);
        check("", ProofFileError::FirstLine);
        check(&swap("@v1", "@v2"), ProofFileError::FirstLine);
        check(&swap("@v1\n", "@v1\r\n"), ProofFileError::FirstLine);
        check(&swap("@v1\n", "@v1 \n"), ProofFileError::FirstLine);
        check(&swap("AAAA", "AAA"), ProofFileError::Extra);
        let long = base64(&vec![0; EXTRA_BYTES_MAX + 1]);
        check(&swap("AAAA", &long), ProofFileError::Extra);
        check(&swap("extra AAAA\n", "extra\n"), ProofFileError::Index);
        check(
            &swap("extra AAAA\n", "extra AAAA\nextra AAAA\n"),
            ProofFileError::Index,
        );
        for index in ["index", "index 07", "index -7", "Index 7", "index 7 "] {
            check(&swap("index 7", index), ProofFileError::Index);
        }
        check(FIRST_LINE, ProofFileError::FirstLine);
        check(&format!("{FIRST_LINE}\nindex 7"), ProofFileError::Index);
        check(&swap(&zero, "AAAA"), ProofFileError::Node(1));
        let many = format!("{zero}\n").repeat(PATH_NODES_MAX);
        check(
            &swap(&zero, &format!("{many}{zero}")),
            ProofFileError::TooManyNodes,
        );
        check(
            &format!("{FIRST_LINE}\nindex 7\n"),
            ProofFileError::Unterminated,
        );
        check(
            &format!("{FIRST_LINE}\nindex 7\n\n"),
            NoteError::NoSignatures.into(),
        );
        let long = "x".repeat(PROOF_FILE_BYTES_MAX + 1);
        check(&long, ProofFileError::TooLong(long.len()));
        assert_eq!(ProofFile::parse(b"\xff"), Err(ProofFileError::NotUtf8));
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(extra: Option<Vec<u8>>, index: u64,
                path in proptest::collection::vec(any::<Hash>(), 0..=64)) {
            let file = ProofFile { extra, index, path, checkpoint: note() };
            prop_assert_eq!(ProofFile::parse(file.to_string().as_bytes()), Ok(file));
        }
    }
}
