//! Which file belongs to which proof.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::Options;
use crate::walk::walk;

/// How proof files are named: after their file, with this behind.
pub(crate) const PROOF_SUFFIX: &str = ".tlog-proof";

/// What is verified.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// The stamped text itself.
    Data(String),
}

/// A subject and the file with its proof.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) subject: Subject,
    pub(super) proof: PathBuf,
}

impl Pair {
    /// What it is called in a report.
    pub(super) fn name(&self) -> String {
        match &self.subject {
            Subject::File(path) => path.display().to_string(),
            Subject::Stdin => "standard input".into(),
            Subject::Data(data) => data.clone(),
        }
    }
}

/// `FILE.tlog-proof`.
pub(crate) fn proof_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(PROOF_SUFFIX);
    name.into()
}

/// The file that a proof is named after.
fn file_of_proof(proof: &Path) -> Option<PathBuf> {
    let text = proof.to_str()?;
    Some(text.strip_suffix(PROOF_SUFFIX)?.into())
}

/// Every pair that was asked for.
pub(super) fn pairs(options: &Options) -> anyhow::Result<Vec<Pair>> {
    let mut paths = options.paths.clone();
    let mut proof = options.proof.clone();
    let data = options.digest.as_ref().or(options.text.as_ref());
    // `verify FILE PROOF`, and with --digest `verify PROOF`.
    let last_is_proof = paths
        .last()
        .is_some_and(|last| file_of_proof(last).is_some());
    if proof.is_none() && last_is_proof && paths.len() + usize::from(data.is_some()) == 2 {
        proof = paths.pop();
    }
    if let Some(data) = data {
        let (Some(proof), []) = (proof, paths.as_slice()) else {
            bail!("with --digest or --text give one proof file, and no other file");
        };
        let subject = Subject::Data(data.clone());
        return Ok(vec![Pair { subject, proof }]);
    }
    if let Some(proof) = proof {
        let [path] = paths.as_slice() else {
            bail!("a proof belongs to one file: give one, or leave the proof out");
        };
        let subject = subject(path);
        return Ok(vec![Pair { subject, proof }]);
    }
    let mut pairs = Vec::new();
    for path in &paths {
        if path.is_dir() {
            let proofs = walk(path, &[])?.files.into_iter();
            let found: Vec<Pair> = proofs
                .filter_map(|proof| {
                    let file = file_of_proof(&proof)?;
                    let subject = Subject::File(file);
                    Some(Pair { subject, proof })
                })
                .collect();
            if found.is_empty() {
                bail!("{} holds no *{PROOF_SUFFIX} file", path.display());
            }
            pairs.extend(found);
        } else if path.as_os_str() == OsStr::new("-") {
            bail!("standard input needs a proof: indelible verify - PROOF");
        } else if let Some(file) = file_of_proof(path) {
            let (subject, proof) = (Subject::File(file), path.clone());
            pairs.push(Pair { subject, proof });
        } else {
            let (subject, proof) = (Subject::File(path.clone()), proof_path(path));
            pairs.push(Pair { subject, proof });
        }
    }
    Ok(pairs)
}

fn subject(path: &Path) -> Subject {
    if path.as_os_str() == OsStr::new("-") {
        Subject::Stdin
    } else {
        Subject::File(path.to_owned())
    }
}
