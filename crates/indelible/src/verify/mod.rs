//! `indelible verify`: is this the file that was stamped, and when? Offline.

mod compact;
mod pairs;
mod report;
#[cfg(test)]
mod tests;
mod token;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tlog::{
    CosignerKey, PROOF_FILE_BYTES_MAX, ProofFile, StampedData, TimestampProof, Trust,
    VerifiedTimestamp, VerifierKey, VerifyError,
};

pub(crate) use self::pairs::{PROOF_SUFFIX, proof_path};
use self::pairs::{Pair, Subject, pairs};
use self::report::{Report, Tally};
use crate::digest::Algorithm;
use crate::known_logs::KnownLogs;
use crate::parallel::in_parallel;
use crate::say::Say;

/// How many files are verified before the first verdict is told.
const ROUND_FILES: usize = 256;

/// `indelible verify`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 everything verified; 1 something was refused, each with the reason; \
    2 wrong usage or unreadable input.\n\nA log is known once `indelible stamp` has met it, or its \
    key is given with --key. The proof of an unknown log is verified too, with a warning: then the \
    key is only what the proof says, and anybody could have made one."
)]
pub(crate) struct Options {
    /// Files, each beside its FILE.tlog-proof; folders with such files; or FILE PROOF; - is
    /// standard input
    #[arg(value_name = "FILE", required_unless_present_any = ["digest", "text", "compact"])]
    paths: Vec<PathBuf>,
    /// The proof, when it does not lie beside the file
    #[arg(long, value_name = "PROOF")]
    proof: Option<PathBuf>,
    /// Instead of a file: the digest that was stamped
    #[arg(long, value_name = "HEX", value_parser = crate::digest::data_of_argument, conflicts_with = "text")]
    digest: Option<String>,
    /// Instead of a file: the text that was stamped itself
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Verifier key of a log that you trust; only those are, then
    #[arg(long, value_name = "VKEY")]
    key: Vec<VerifierKey>,
    /// Verifier key of a witness that must have cosigned
    #[arg(long, value_name = "VKEY")]
    witness: Vec<CosignerKey>,
    /// Refuse proofs of logs that are not known
    #[arg(long)]
    require_known_key: bool,
    /// Instead of a proof file: a compact reference, authority/i#v1,time,path
    #[arg(long, value_name = "REF", conflicts_with = "proof")]
    compact: Option<String>,
    /// With --compact: the folder of your `indelible monitor`, whose copy of the log is asked
    #[arg(long, value_name = "DIR", requires = "compact")]
    copy: Option<PathBuf>,
    /// Instead of a proof file: an RFC 3161 token or response
    #[arg(long, value_name = "TSR", requires = "ca", conflicts_with_all = ["proof", "compact"])]
    token: Option<PathBuf>,
    /// With --token: certificates of the authorities that you trust (PEM)
    #[arg(long, value_name = "PEM")]
    ca: Option<PathBuf>,
    /// Show every step of the verification
    #[arg(long)]
    explain: bool,
    /// One JSON object a line instead of words
    #[arg(long)]
    json: bool,
}

/// Why a file was not verified.
#[derive(Debug, thiserror::Error)]
enum Refused {
    /// The proof is not for this file.
    #[error("{what} is {found}, the proof speaks of {stamped}")]
    Other {
        what: String,
        found: String,
        stamped: String,
    },
    /// A step of the proof does not hold.
    #[error("{failed}: {reason}", failed = .0, reason = .0.reason)]
    Proof(Box<VerifyError>),
    /// Somebody else's log, and the user wants to know it.
    #[error("the log {0} is not known: its key is only what the proof says")]
    Unknown(String),
    /// A witness that must have cosigned did not.
    #[error("the witness {0} has not cosigned the checkpoint")]
    Unwitnessed(String),
}

/// A proof that holds, and for what data it was asked.
struct Accepted {
    verified: VerifiedTimestamp,
    /// What was hashed of the file, for the first step of the explanation.
    data: String,
    /// Names of those whose cosignature is there, but whose key nobody gave: so it was not checked.
    unchecked: Vec<String>,
}

/// Verifies everything that was asked for.
pub(crate) fn run(
    options: &Options,
    environment: &BTreeMap<String, OsString>,
) -> anyhow::Result<ExitCode> {
    if let Some(token) = &options.token {
        return token::run(options, token);
    }
    if let Some(reference) = &options.compact {
        return compact::run(options, reference);
    }
    let known = KnownLogs::of(environment)?;
    let pairs = pairs(options)?;
    let report = Report::new(Say::new(options.json), options.explain, pairs.len());
    let mut tally = Tally::default();
    // In rounds, so that a long run tells early.
    for round in pairs.chunks(ROUND_FILES) {
        let outcomes = in_parallel(round, |pair| check(options, &known, pair));
        for (pair, outcome) in round.iter().zip(outcomes) {
            match outcome {
                Ok(Ok(accepted)) => {
                    tally.unknown += u64::from(!accepted.verified.trusted);
                    tally.verified += 1;
                    report.accepted(pair, &accepted);
                }
                Ok(Err(refused)) => {
                    tally.refused += 1;
                    report.refused(pair, &refused);
                }
                Err(unreadable) => {
                    tally.unreadable += 1;
                    report.unreadable(pair, &unreadable);
                }
            }
        }
    }
    report.tally(&tally, &known);
    Ok(ExitCode::from(tally.exit_code()))
}

/// One file against its proof. `Err` means that something could not be read.
fn check(
    options: &Options,
    known: &KnownLogs,
    pair: &Pair,
) -> anyhow::Result<Result<Accepted, Refused>> {
    let proof = read_proof(&pair.proof)?;
    let stamped = stamped_data(&proof);
    let given = given_data(&pair.subject, stamped.as_ref())?;
    Ok(check_data(options, known, &proof, given, stamped.as_ref()))
}

fn check_data(
    options: &Options,
    known: &KnownLogs,
    proof: &ProofFile,
    given: Given,
    stamped: Option<&StampedData>,
) -> Result<Accepted, Refused> {
    if let Some(stamped) = stamped
        && stamped.as_data() != given.data.as_data()
        && !same_bytes(stamped, &given.data)
    {
        return Err(Refused::Other {
            what: given.what,
            found: shown(&given.data),
            stamped: shown(stamped),
        });
    }
    let origin = tlog::Checkpoint::parse(&proof.checkpoint.text);
    let origin = origin
        .map(|checkpoint| checkpoint.origin)
        .unwrap_or_default();
    let remembered = known.of_origin(&origin);
    let logs = match (options.key.as_slice(), remembered.as_slice()) {
        ([], []) => None,
        ([], known) => Some(known),
        (given, _) => Some(given),
    };
    let trust = Trust {
        logs,
        witnesses: &options.witness,
    };
    let verified = proof
        .verify(Some(given.data.as_data()), trust)
        .map_err(|error| Refused::Proof(Box::new(error)))?;
    if !verified.trusted && options.require_known_key {
        return Err(Refused::Unknown(origin));
    }
    let cosigned = |witness: &&CosignerKey| {
        verified
            .cosignatures
            .iter()
            .any(|cosignature| cosignature.key == **witness)
    };
    if let Some(missing) = options.witness.iter().find(|witness| !cosigned(witness)) {
        return Err(Refused::Unwitnessed(missing.name().to_owned()));
    }
    Ok(Accepted {
        data: shown(&given.data),
        unchecked: unchecked(proof, &verified, &options.witness),
        verified,
    })
}

/// Who else has signed the checkpoint, by the names in its lines.
fn unchecked(
    proof: &ProofFile,
    verified: &VerifiedTimestamp,
    checked: &[CosignerKey],
) -> Vec<String> {
    let others = proof.checkpoint.signatures.iter().filter(|line| {
        line.name != verified.checkpoint.origin && !checked.iter().any(|key| key.is_named_by(line))
    });
    let mut names: Vec<String> = others.map(|line| line.name.clone()).collect();
    names.dedup();
    names
}

/// The proof in a file.
pub(crate) fn read_proof(path: &Path) -> anyhow::Result<ProofFile> {
    let length = std::fs::metadata(path).map_or(0, |meta| meta.len());
    if length > PROOF_FILE_BYTES_MAX as u64 {
        anyhow::bail!("{} is too long to be a proof", path.display());
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            anyhow::bail!("there is no proof {}", path.display())
        }
        Err(why) => return Err(why).with_context(|| path.display().to_string()),
    };
    ProofFile::parse(&bytes).with_context(|| format!("{} is no proof file", path.display()))
}

/// What the proof says was stamped, if it says so.
pub(crate) fn stamped_data(proof: &ProofFile) -> Option<StampedData> {
    TimestampProof::from_cbor(proof.extra.as_ref()?).ok()?.data
}

/// What is to be verified.
struct Given {
    data: StampedData,
    /// In words: "the file's SHA-512".
    what: String,
}

/// Hashes the subject as the proof says, SHA-512 when it says nothing. A proof whose data is no
/// digest is about a short text, so the file is taken as it is.
fn given_data(subject: &Subject, stamped: Option<&StampedData>) -> anyhow::Result<Given> {
    let text = match stamped {
        Some(StampedData::Text(text)) => Some(text.as_str()),
        Some(StampedData::Bytes(bytes)) => std::str::from_utf8(bytes).ok(),
        None => None,
    };
    let algorithm = match text {
        Some(text) => Algorithm::of_data(text),
        None if stamped.is_none() => Some(Algorithm::Sha512),
        None => None,
    };
    let mut source: Box<dyn std::io::Read> = match subject {
        Subject::Data(data) => {
            return Ok(Given {
                data: StampedData::Text(data.clone()),
                what: "what you gave".into(),
            });
        }
        Subject::Stdin => Box::new(std::io::stdin().lock()),
        Subject::File(path) => {
            Box::new(std::fs::File::open(path).with_context(|| path.display().to_string())?)
        }
    };
    let name = match subject {
        Subject::File(path) => path.display().to_string(),
        _ => "standard input".into(),
    };
    if let Some(algorithm) = algorithm {
        let data = algorithm.data(&mut *source, &mut |_| {}).context(name)?;
        return Ok(Given {
            data: StampedData::Text(data),
            what: format!("the file's {}", algorithm.name()),
        });
    }
    let mut bytes = Vec::new();
    let limit = tlog::v1::DATA_BYTES_MAX as u64 + 1;
    std::io::Read::read_to_end(&mut std::io::Read::take(source, limit), &mut bytes)
        .context(name)?;
    let data = String::from_utf8(bytes).map_or_else(
        |error| StampedData::Bytes(error.into_bytes()),
        StampedData::Text,
    );
    Ok(Given {
        data,
        what: "the file's content".into(),
    })
}

/// Protocol v1 hashes the same bytes as text or as bytes, depending on how they were submitted.
fn same_bytes(one: &StampedData, other: &StampedData) -> bool {
    bytes_of(one) == bytes_of(other)
}

fn bytes_of(data: &StampedData) -> &[u8] {
    match data {
        StampedData::Text(text) => text.as_bytes(),
        StampedData::Bytes(bytes) => bytes,
    }
}

/// Data for people: a digest without its name, a text in quotes.
fn shown(data: &StampedData) -> String {
    let text = String::from_utf8_lossy(bytes_of(data)).into_owned();
    match Algorithm::of_data(&text) {
        Some(_) => text
            .split_once(':')
            .map_or(text.clone(), |(_, hex)| hex.to_owned()),
        None => format!("{text:?}"),
    }
}
