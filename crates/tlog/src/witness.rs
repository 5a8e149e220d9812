//! The rules of a witness, without its server: C2SP `tlog-witness`, `add-checkpoint`.

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::key::VerifierKey;
use crate::note::{NOTE_BYTES_MAX, NoteError, SignedNote};
use crate::text::{base64, decimal, hash_of_base64, line};
use crate::{Hash, ProofError, Sha256, TreeHash, verify_consistency};

/// Most nodes of a consistency proof in a request.
pub const WITNESS_PROOF_NODES_MAX: usize = 63;
/// Longest request body that is read, in bytes.
pub const ADD_CHECKPOINT_BYTES_MAX: usize =
    NOTE_BYTES_MAX + "old 18446744073709551615\n\n".len() + WITNESS_PROOF_NODES_MAX * 45;
/// The content type of the answer to a request with another old size than the witness's.
pub const CONFLICT_CONTENT_TYPE: &str = "text/x.tlog.size";

/// Why the body of a request was refused: status 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddCheckpointError {
    /// Longer than [`ADD_CHECKPOINT_BYTES_MAX`].
    #[error("the request has {0} bytes, more than {ADD_CHECKPOINT_BYTES_MAX}")]
    TooLong(usize),
    /// Not UTF-8.
    #[error("the request is not UTF-8")]
    NotUtf8,
    /// The first line is not `old` and a size.
    #[error("the first line is not \"old\" and a plain decimal number")]
    OldSize,
    /// A line of the proof is not the base64 of 32 bytes.
    #[error("proof line {0} is not 32 bytes of base64")]
    Node(usize),
    /// More nodes than [`WITNESS_PROOF_NODES_MAX`].
    #[error("the proof has more than {WITNESS_PROOF_NODES_MAX} lines")]
    TooManyNodes,
    /// No blank line after the proof.
    #[error("no blank line ends the proof")]
    Unterminated,
    /// What follows the blank line is no note.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// A request to cosign a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the checkpoint that the log believes the witness cosigned last; 0 if none.
    pub old_size: u64,
    /// Consistency proof from there to the checkpoint; empty from size 0.
    pub proof: Vec<Hash>,
    /// The checkpoint.
    pub note: SignedNote,
}

impl AddCheckpoint {
    /// Reads the body of a request.
    pub fn parse(body: &[u8]) -> Result<Self, AddCheckpointError> {
        if body.len() > ADD_CHECKPOINT_BYTES_MAX {
            return Err(AddCheckpointError::TooLong(body.len()));
        }
        let body = std::str::from_utf8(body).map_err(|_| AddCheckpointError::NotUtf8)?;
        let (first, mut rest) = line(body).ok_or(AddCheckpointError::OldSize)?;
        let old_size = first.strip_prefix("old ").and_then(decimal);
        let mut proof = Vec::new();
        loop {
            let (node, after) = line(rest).ok_or(AddCheckpointError::Unterminated)?;
            rest = after;
            if node.is_empty() {
                break;
            }
            if proof.len() == WITNESS_PROOF_NODES_MAX {
                return Err(AddCheckpointError::TooManyNodes);
            }
            let number = proof.len() + 1;
            proof.push(hash_of_base64(node).ok_or(AddCheckpointError::Node(number))?);
        }
        Ok(Self {
            old_size: old_size.ok_or(AddCheckpointError::OldSize)?,
            proof,
            note: SignedNote::parse(rest.as_bytes())?,
        })
    }

    /// The origin that the checkpoint claims: under this name the witness remembers the log.
    pub fn origin(&self) -> &str {
        line(&self.note.text).map_or("", |(origin, _)| origin)
    }
}

/// The body of the request.
impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        for node in &self.proof {
            writeln!(f, "{}", base64(node))?;
        }
        write!(f, "\n{}", self.note)
    }
}

/// What a witness answers to a request. [`Verdict::status`] is the HTTP status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything holds: remember this checkpoint durably, in the place of the remembered one and
    /// of no other, and only then cosign it.
    Cosign(Checkpoint),
    /// The note's text is no checkpoint.
    Malformed(CheckpointError),
    /// No key of this origin is known.
    UnknownLog,
    /// The log did not sign it, or a signature is wrong.
    Unsigned(NoteError),
    /// The old size is beyond the checkpoint's own.
    OldSizeBeyond {
        /// The request's old size.
        old_size: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// The old size is not that of the checkpoint cosigned last. The answer's body is that size
    /// and a newline, its content type [`CONFLICT_CONTENT_TYPE`].
    OldSizeDiffers {
        /// Size of the checkpoint cosigned last; 0 if none.
        remembered: u64,
    },
    /// The same size as the checkpoint cosigned last, and another root: a forked log.
    Forked,
    /// The proof does not lead from the remembered to the new root.
    BadProof(ProofError),
}

impl Verdict {
    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Cosign(_) => 200,
            Self::Malformed(_) | Self::OldSizeBeyond { .. } => 400,
            Self::Unsigned(_) => 403,
            Self::UnknownLog => 404,
            Self::OldSizeDiffers { .. } | Self::Forked => 409,
            Self::BadProof(_) => 422,
        }
    }
}

/// Why there is no cosignature, in words.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cosign(checkpoint) => write!(f, "size {} continues the log", checkpoint.size),
            Self::Malformed(error) => error.fmt(f),
            Self::UnknownLog => f.write_str("no key of this log is known"),
            Self::Unsigned(error) => error.fmt(f),
            Self::OldSizeBeyond { old_size, size } => {
                write!(
                    f,
                    "the old size {old_size} is beyond the checkpoint's {size}"
                )
            }
            Self::OldSizeDiffers { remembered } => {
                write!(f, "the checkpoint cosigned last is of size {remembered}")
            }
            Self::Forked => {
                f.write_str("another root of this size was cosigned: the log is forked")
            }
            Self::BadProof(error) => error.fmt(f),
        }
    }
}

/// Decides on a request, in the order of the specification.
///
/// `logs` are the keys of all logs the witness knows; several may have one origin. `remembered` is
/// size and root of the checkpoint it cosigned last for [`AddCheckpoint::origin`].
pub fn judge(
    request: &AddCheckpoint,
    logs: &[VerifierKey],
    remembered: Option<(u64, Hash)>,
) -> Verdict {
    let checkpoint = match Checkpoint::open(&request.note, logs) {
        Ok(checkpoint) => checkpoint,
        Err(CheckpointError::UnknownOrigin(_)) => return Verdict::UnknownLog,
        Err(CheckpointError::Note(error)) => return Verdict::Unsigned(error),
        Err(error) => return Verdict::Malformed(error),
    };
    let (old_size, size) = (request.old_size, checkpoint.size);
    if old_size > size {
        return Verdict::OldSizeBeyond { old_size, size };
    }
    let (remembered, old_root) = remembered.unwrap_or((0, Sha256::empty()));
    if old_size != remembered {
        return Verdict::OldSizeDiffers { remembered };
    }
    if old_size == size && old_root != checkpoint.root {
        return Verdict::Forked;
    }
    let (proof, root) = (&request.proof, &checkpoint.root);
    match verify_consistency::<Sha256>(old_size, &old_root, size, root, proof) {
        Ok(()) => Verdict::Cosign(checkpoint),
        Err(error) => Verdict::BadProof(error),
    }
}

/// The size in a witness's answer 409, if its content type is [`CONFLICT_CONTENT_TYPE`].
pub fn parse_conflict(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    decimal(text.strip_suffix('\n')?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompactRange, SigningKey, TileEdge, TileSet};

    struct Log {
        key: SigningKey,
        tiles: TileSet<Sha256>,
        roots: Vec<Hash>,
    }

    fn log(name: &str) -> Log {
        let (mut edge, mut tiles) = (TileEdge::<Sha256>::default(), TileSet::default());
        let mut range = CompactRange::<Sha256>::default();
        let mut roots = vec![range.root()];
        for number in 0u8..20 {
            let leaf = Sha256::leaf(&[number]);
            range.push(leaf);
            roots.push(range.root());
            for (id, hashes) in edge.push(leaf) {
                tiles.insert(id, hashes);
            }
        }
        let key = SigningKey::from_seed(name, &[7; 32]).unwrap();
        Log { key, tiles, roots }
    }

    impl Log {
        fn head(&self, size: usize) -> (u64, Hash) {
            (size as u64, self.roots[size])
        }

        fn request(&self, old_size: u64, size: usize) -> AddCheckpoint {
            let (size, root) = self.head(size);
            let proof = match old_size {
                0 => vec![],
                old if old > size => vec![],
                old => self.tiles.consistency(old, size).unwrap(),
            };
            let note = Checkpoint::new(self.key.name(), size, root).sign(&self.key);
            AddCheckpoint {
                old_size,
                proof,
                note,
            }
        }
    }

    #[test]
    fn a_growing_log_is_cosigned() {
        let log = log("log");
        let keys = [log.key.public().clone()];
        let check = |old: usize, size: usize, remembered| {
            let request = log.request(old as u64, size);
            assert_eq!(request.origin(), "log");
            let request = AddCheckpoint::parse(request.to_string().as_bytes()).unwrap();
            let verdict = judge(&request, &keys, remembered);
            let (size, root) = log.head(size);
            assert_eq!(verdict, Verdict::Cosign(Checkpoint::new("log", size, root)));
            assert_eq!(verdict.status(), 200);
        };
        check(0, 0, None);
        check(0, 20, None);
        check(0, 20, Some(log.head(0)));
        for old in 1..=20 {
            check(old, 20, Some(log.head(old)));
        }
    }

    #[test]
    fn each_refusal_has_its_status() {
        let log = log("log");
        let keys = [log.key.public().clone()];
        let check =
            |request: &AddCheckpoint, remembered: Option<usize>, verdict: Verdict, status| {
                let found = judge(request, &keys, remembered.map(|size| log.head(size)));
                assert_eq!((found.status(), &found), (status, &verdict));
                assert!(!verdict.to_string().is_empty());
            };
        let good = log.request(3, 7);
        let changed = |change: &dyn Fn(&mut AddCheckpoint)| {
            let mut request = good.clone();
            change(&mut request);
            request
        };

        let mut stranger = good.clone();
        stranger.note =
            Checkpoint::new("x", 7, [0; 32]).sign(&SigningKey::from_seed("x", &[7; 32]).unwrap());
        check(&stranger, Some(3), Verdict::UnknownLog, 404);
        let unsigned = changed(&|request| {
            request.note.signatures[0].key_id.0[0] ^= 1;
        });
        check(
            &unsigned,
            Some(3),
            Verdict::Unsigned(NoteError::NoKnownSigner),
            403,
        );
        let wrong = changed(&|request| request.note.signatures[0].bytes[0] ^= 1);
        let (name, id) = ("log".to_owned(), keys[0].id());
        check(
            &wrong,
            Some(3),
            Verdict::Unsigned(NoteError::BadSignature { name, id }),
            403,
        );
        let malformed = changed(&|request| request.note.text = "log\n07\n".into());
        check(
            &malformed,
            Some(3),
            Verdict::Malformed(CheckpointError::Missing("root")),
            400,
        );

        let beyond = Verdict::OldSizeBeyond {
            old_size: 8,
            size: 7,
        };
        check(&log.request(8, 7), Some(8), beyond, 400);
        check(&good, None, Verdict::OldSizeDiffers { remembered: 0 }, 409);
        check(
            &good,
            Some(5),
            Verdict::OldSizeDiffers { remembered: 5 },
            409,
        );
        let known = Some((7, [9; 32]));
        let forked = judge(&log.request(7, 7), &keys, known);
        assert_eq!((forked.status(), forked), (409, Verdict::Forked));
        let empty = Checkpoint::new("log", 0, [0; 32]).sign(&log.key);
        let empty = AddCheckpoint {
            old_size: 0,
            proof: vec![],
            note: empty,
        };
        check(&empty, None, Verdict::Forked, 409);

        let flipped = changed(&|request| request.proof[0][0] ^= 1);
        check(&flipped, Some(3), Verdict::BadProof(ProofError::Root), 422);
        let short = changed(&|request| request.proof.truncate(1));
        check(&short, Some(3), Verdict::BadProof(ProofError::Length), 422);
        let excessive = AddCheckpoint {
            proof: vec![[0; 32]],
            ..log.request(0, 7)
        };
        check(&excessive, None, Verdict::BadProof(ProofError::Length), 422);
    }

    #[test]
    fn malformed_requests_are_refused_by_name() {
        let good = log("log").request(3, 7).to_string();
        let check = |body: &str, error| {
            assert_eq!(AddCheckpoint::parse(body.as_bytes()), Err(error), "{body}");
        };
        check("", AddCheckpointError::OldSize);
        for first in ["old", "old ", "old 03", "old -1", "Old 3", "old 3 ", "3"] {
            check(
                &good.replacen("old 3", first, 1),
                AddCheckpointError::OldSize,
            );
        }
        check(
            &good.replacen("old 3\n", "old 3\nAAAA\n", 1),
            AddCheckpointError::Node(1),
        );
        let node = base64(&[0; 32]);
        let many = format!("old 3\n{}", format!("{node}\n").repeat(64));
        check(&many, AddCheckpointError::TooManyNodes);
        check(
            &format!("old 3\n{node}\n"),
            AddCheckpointError::Unterminated,
        );
        check("old 3\n\n", NoteError::NoSignatures.into());
        let long = "x".repeat(ADD_CHECKPOINT_BYTES_MAX + 1);
        check(&long, AddCheckpointError::TooLong(long.len()));
        assert_eq!(
            AddCheckpoint::parse(b"\xff"),
            Err(AddCheckpointError::NotUtf8)
        );
    }

    #[test]
    fn conflicts_are_a_number_and_a_newline() {
        assert_eq!(parse_conflict(b"20852014\n"), Some(20_852_014));
        for body in ["", "7", "07\n", "7\n\n", "-1\n", "x\n"] {
            assert_eq!(parse_conflict(body.as_bytes()), None);
        }
    }
}
