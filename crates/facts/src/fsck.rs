//! Checks every fact: it is stamped by what it names, or a job will stamp it.

use std::fmt;

use base::Unavailable;
use stamp::{Found, Ledger};
use tlog::v1::{Data, TimeText, timestamp_hash};

use crate::{Fact, FactId, Store};

/// Facts read at a time.
const FACTS_AT_ONCE: usize = 1024;

/// A fact that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub fact: FactId,
    /// What is wrong, in an operator's words.
    pub words: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fact {}: {}", self.fact.0, self.words)
    }
}

/// What was checked, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Facts whose timestamp was checked.
    pub stamped: u64,
    /// Facts that wait for their job.
    pub waiting: u64,
    /// Facts whose timestamp is past the log's retention time, so that it cannot be checked.
    pub forgotten: u64,
    /// Everything that is not as it must be.
    pub findings: Vec<Finding>,
}

/// Checks all facts that there are when it begins. They may be stamped meanwhile.
pub async fn check(store: &dyn Store, ledger: &Ledger) -> Result<Report, Unavailable> {
    let mut report = Report::default();
    let found = |report: &mut Report, fact, words| report.findings.push(Finding { fact, words });
    let mut after = FactId(0);
    loop {
        let facts = store.walk(after, FACTS_AT_ONCE).await?;
        let Some(last) = facts.last() else { break };
        after = last.id;
        for fact in &facts {
            let Some(timestamp) = fact.place.timestamp() else {
                report.waiting += 1;
                continue;
            };
            match ledger.timestamp(timestamp).await? {
                Found::Unknown => {
                    found(
                        &mut report,
                        fact.id,
                        "its timestamp was never given by this log",
                    );
                }
                Found::Forgotten => report.forgotten += 1,
                Found::Pending(timestamp) | Found::Sealed(timestamp, _) => {
                    report.stamped += 1;
                    if stamped_hash(fact, timestamp.time.0) != timestamp.hash {
                        found(&mut report, fact.id, "its timestamp is one of another text");
                    }
                }
            }
        }
    }
    let mut after = FactId(0);
    loop {
        let orphans = store.orphans(after, FACTS_AT_ONCE).await?;
        let Some(last) = orphans.last() else { break };
        after = *last;
        for fact in orphans {
            found(
                &mut report,
                fact,
                "it is not stamped, and no job will do it",
            );
        }
    }
    Ok(report)
}

fn stamped_hash(fact: &Fact, time_us: i64) -> tlog::Hash {
    timestamp_hash(Data::Text(&fact.text()), &TimeText::of_micros(time_us))
}
