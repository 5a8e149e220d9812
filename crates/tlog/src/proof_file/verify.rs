//! Verifying a timestamp from its proof file alone, step by step.

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosignature::{Cosignature, CosignatureError};
use crate::key::{CosignerKey, VerifierKey};
use crate::proof_file::{ProofFile, StampedData, TimestampProof};
use crate::text::base64;
use crate::v1::{
    CborError, Data, Interval, TimeText, leaf_of_path, parse_interval_nucleus, root_of_path,
    timestamp_hash,
};
use crate::{Hash, ProofError, Sha256, TreeHash, verify_inclusion};

/// Whom the verifier trusts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trust<'a> {
    /// The keys of logs; `None` takes the key in the file at its word, and the answer says so.
    pub logs: Option<&'a [VerifierKey]>,
    /// The keys of witnesses whose cosignatures are looked for.
    pub witnesses: &'a [CosignerKey],
}

/// A step of the verification, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepKind {
    /// The file holds the proof of a timestamp, and there is data to verify.
    Extra,
    /// Data and time are hashed.
    TimestampHash,
    /// The path leads from that hash to the root of an interval.
    IntervalRoot,
    /// The interval's record holds that root, and is the entry that the file names.
    Nucleus,
    /// The record is hashed as an entry of the log.
    Leaf,
    /// The entry is in the tree of the checkpoint.
    Inclusion,
    /// The log signed the checkpoint.
    Signature,
    /// Known witnesses cosigned it.
    Cosignatures,
    /// The key of the log is one that the verifier trusts.
    Key,
}

impl StepKind {
    /// A stable name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Extra => "extra",
            Self::TimestampHash => "timestamp-hash",
            Self::IntervalRoot => "interval-root",
            Self::Nucleus => "nucleus",
            Self::Leaf => "leaf",
            Self::Inclusion => "inclusion",
            Self::Signature => "signature",
            Self::Cosignatures => "cosignatures",
            Self::Key => "key",
        }
    }
}

/// The step, for people.
impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Extra => "the file proves a timestamp",
            Self::TimestampHash => "data and time are hashed",
            Self::IntervalRoot => "the path leads to the root of an interval",
            Self::Nucleus => "the interval's record holds that root",
            Self::Leaf => "the record is an entry of the log",
            Self::Inclusion => "the entry is in the log",
            Self::Signature => "the log signed its checkpoint",
            Self::Cosignatures => "witnesses cosigned the checkpoint",
            Self::Key => "the log's key is known",
        })
    }
}

/// A step that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub what: StepKind,
    /// What came of it: a hash, a name, a time.
    pub detail: String,
}

/// A timestamp that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedTimestamp {
    /// What was stamped, in the CBOR type in which it was hashed.
    pub data: StampedData,
    /// When.
    pub time: TimeText,
    /// The hash over both.
    pub hash: Hash,
    /// The interval that holds it.
    pub interval: Interval,
    /// The log's head that holds the interval.
    pub checkpoint: Checkpoint,
    /// The key that signed the checkpoint.
    pub key: VerifierKey,
    /// Whether that key is one the verifier trusts; otherwise it is only what the file says.
    pub trusted: bool,
    /// The cosignatures of known witnesses.
    pub cosignatures: Vec<Cosignature>,
    /// Everything that was done, in order.
    pub steps: Vec<Step>,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A proof of another application.
    #[error("the file has no extra line: it is the proof of something else")]
    NoExtra,
    /// The extra data is malformed.
    #[error("the extra line is malformed: {0}")]
    Extra(CborError),
    /// Neither given nor in the file.
    #[error("the data is not in the file and was not given")]
    NoData,
    /// `a` and the path do not fit.
    #[error("the path and its sides do not fit together")]
    Sides,
    /// The interval's record is malformed.
    #[error("the interval's record is malformed: {0}")]
    Nucleus(CborError),
    /// The path leads elsewhere.
    #[error(
        "data and time lead to the root {found}, but the interval has {recorded}: the data, the time or the path is not what was stamped"
    )]
    OtherData {
        /// The root to which the path leads, base64.
        found: String,
        /// The root in the interval's record, base64.
        recorded: String,
    },
    /// The record is of another interval.
    #[error("the record is of interval {recorded}, the file speaks of {index}")]
    OtherInterval {
        /// The number in the record.
        recorded: u64,
        /// The index of the entry in the log.
        index: u64,
    },
    /// The checkpoint is malformed or not signed as it should be.
    #[error(transparent)]
    Checkpoint(CheckpointError),
    /// The entry is not in that tree.
    #[error(transparent)]
    Inclusion(ProofError),
    /// A known witness's cosignature is wrong.
    #[error(transparent)]
    Cosignature(CosignatureError),
    /// Signed by a key that the verifier does not trust.
    #[error("the key {0} is none of those you trust")]
    Untrusted(String),
}

/// A step of the verification failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not verify that {failed}")]
pub struct VerifyError {
    /// What was done before.
    pub passed: Vec<Step>,
    /// The step that failed.
    pub failed: StepKind,
    /// Why.
    #[source]
    pub reason: Refusal,
}

/// Keeps the record of what was done.
#[derive(Default)]
struct Record(Vec<Step>);

impl Record {
    fn pass(&mut self, what: StepKind, detail: String) {
        self.0.push(Step { what, detail });
    }

    fn fail(&self, failed: StepKind, reason: Refusal) -> VerifyError {
        VerifyError {
            passed: self.0.clone(),
            failed,
            reason,
        }
    }
}

impl ProofFile {
    /// Verifies the timestamp in this file, of `given` data or else of the data in the file.
    ///
    /// Given data is tried as text and as bytes, since protocol v1 hashes either, depending on how
    /// it was submitted.
    pub fn verify(
        &self,
        given: Option<Data<'_>>,
        trust: Trust<'_>,
    ) -> Result<VerifiedTimestamp, VerifyError> {
        let mut record = Record::default();

        let step = StepKind::Extra;
        let extra = self.extra.as_ref();
        let extra = extra.ok_or_else(|| record.fail(step, Refusal::NoExtra))?;
        let proof = TimestampProof::from_cbor(extra);
        let proof = proof.map_err(|error| record.fail(step, Refusal::Extra(error)))?;
        let nucleus = parse_interval_nucleus(&proof.nucleus);
        let ith = nucleus.map(|interval| interval.ith).ok();
        let walked = walk(&proof, given, ith);
        let walked = walked.ok_or_else(|| record.fail(step, Refusal::NoData))?;
        record.pass(step, format!("stamped at {}", proof.time));

        record.pass(StepKind::TimestampHash, base64(&walked.hash));

        let step = StepKind::IntervalRoot;
        let root = walked.root;
        let root = root.ok_or_else(|| record.fail(step, Refusal::Sides))?;
        record.pass(step, base64(&root));

        let step = StepKind::Nucleus;
        let interval = nucleus.map_err(|error| record.fail(step, Refusal::Nucleus(error)))?;
        if interval.ith != root {
            let (found, recorded) = (base64(&root), base64(&interval.ith));
            return Err(record.fail(step, Refusal::OtherData { found, recorded }));
        }
        if interval.index != self.index {
            let (recorded, index) = (interval.index, self.index);
            return Err(record.fail(step, Refusal::OtherInterval { recorded, index }));
        }
        let detail = format!("interval {} of {}", interval.index, interval.time);
        record.pass(step, detail);

        let leaf = Sha256::leaf(&proof.nucleus);
        record.pass(StepKind::Leaf, base64(&leaf));

        let step = StepKind::Inclusion;
        let checkpoint = Checkpoint::parse(&self.checkpoint.text);
        let checkpoint =
            checkpoint.map_err(|error| record.fail(step, Refusal::Checkpoint(error)))?;
        verify_inclusion::<Sha256>(
            &leaf,
            self.index,
            checkpoint.size,
            &self.path,
            &checkpoint.root,
        )
        .map_err(|error| record.fail(step, Refusal::Inclusion(error)))?;
        let (size, root) = (checkpoint.size, base64(&checkpoint.root));
        record.pass(step, format!("size {size}, root {root}"));

        let step = StepKind::Signature;
        let mut keys = vec![proof.key.clone()];
        let trusted = trust.logs.unwrap_or_default();
        keys.extend(trusted.iter().filter(|key| **key != proof.key).cloned());
        let signers = Checkpoint::open_signed(&self.checkpoint, &keys);
        let (checkpoint, signers) =
            signers.map_err(|error| record.fail(step, Refusal::Checkpoint(error)))?;
        let key = signers.iter().find(|key| trusted.contains(key));
        let (key, trusted) = (key.unwrap_or(&signers[0]).clone(), key.is_some());
        record.pass(step, format!("{} ({})", key.name(), key.id()));

        let step = StepKind::Cosignatures;
        let cosignatures = self.checkpoint.cosignatures(trust.witnesses);
        let cosignatures =
            cosignatures.map_err(|error| record.fail(step, Refusal::Cosignature(error)))?;
        let names = cosignatures.iter().map(|one| one.key.name());
        let names: Vec<&str> = names.collect();
        let detail = match names.as_slice() {
            [] => "none by a known witness".to_owned(),
            names => names.join(", "),
        };
        record.pass(step, detail);

        let step = StepKind::Key;
        if !trusted && trust.logs.is_some() {
            return Err(record.fail(step, Refusal::Untrusted(key.to_string())));
        }
        let detail = if trusted {
            format!("{key} is trusted")
        } else {
            format!("{key} is only what the file says")
        };
        record.pass(step, detail);

        Ok(VerifiedTimestamp {
            data: walked.data,
            time: proof.time,
            hash: walked.hash,
            interval,
            checkpoint,
            key,
            trusted,
            cosignatures,
            steps: record.0,
        })
    }
}

/// Where data leads.
struct Walked {
    data: StampedData,
    hash: Hash,
    root: Option<Hash>,
}

/// Hashes the data in each CBOR type it can have, and answers the first that leads to `ith`, or
/// else the first. `None` when there is no data.
fn walk(proof: &TimestampProof, given: Option<Data<'_>>, ith: Option<Hash>) -> Option<Walked> {
    let in_file = proof.data.as_ref().map(StampedData::as_data);
    let first = given.or(in_file)?;
    let second = match (given, first) {
        (None, _) => None,
        (Some(_), Data::Text(text)) => Some(Data::Bytes(text.as_bytes())),
        (Some(_), Data::Bytes(bytes)) => std::str::from_utf8(bytes).ok().map(Data::Text),
    };
    let walk = |data: Data<'_>| {
        let hash = timestamp_hash(data, &proof.time);
        Walked {
            data: data.into(),
            hash,
            root: root_of_path(&leaf_of_path(&hash), proof.a, &proof.path),
        }
    };
    let first = walk(first);
    if first.root.is_some() && first.root == ith {
        return Some(first);
    }
    let second = second.map(walk).filter(|walked| walked.root == ith);
    Some(second.unwrap_or(first))
}

#[cfg(test)]
mod tests;
