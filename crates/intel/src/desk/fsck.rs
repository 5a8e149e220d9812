//! Checks every evidence: its bytes are those whose digest is sealed.

use std::fmt;

use base::Unavailable;
use sha2::{Digest as _, Sha256};

use crate::lookups::{EvidenceId, Store};

/// Evidences read at a time; each may have megabytes.
const EVIDENCES_AT_ONCE: usize = 64;

/// An evidence that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub evidence: EvidenceId,
    /// What is wrong, in an operator's words.
    pub words: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evidence {}: {}", self.evidence.0, self.words)
    }
}

/// What was checked, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Evidences that were checked.
    pub evidences: u64,
    /// Everything that is not as it must be.
    pub findings: Vec<Finding>,
}

/// Checks all evidences that there are when it begins.
pub async fn check(store: &dyn Store) -> Result<Report, Unavailable> {
    let mut report = Report::default();
    let mut after = EvidenceId(0);
    loop {
        let evidences = store.walk_evidence(after, EVIDENCES_AT_ONCE).await?;
        let Some(last) = evidences.last() else {
            return Ok(report);
        };
        after = last.id;
        for one in &evidences {
            report.evidences += 1;
            let words = match one.sha256 {
                None => "its fact is not there",
                Some(sha256) if sha256[..] != Sha256::digest(&one.bytes)[..] => {
                    "its bytes are not those that are sealed"
                }
                Some(_) => continue,
            };
            report.findings.push(Finding {
                evidence: one.id,
                words,
            });
        }
    }
}
