//! Checks everything that is stored: one oracle for operators, for crash tests and for takeovers.
//!
//! Shares as little as it can with what wrote the log: hashes one by one instead of by lanes, both
//! main trees from the intervals' rows alone, each tile compared with what it must be.

mod interval;
mod pool;
mod references;
mod trees;

use std::fmt;

use base::{Unavailable, UnixMicros};
use tlog::{SignatureLine, VerifierKey};

use self::trees::Growing;
use crate::follower::NEWEST;
use crate::{Checkpoint, Interval, Store};

/// Intervals read at a time.
const INTERVALS_AT_ONCE: u64 = 256;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The log's head.
    Head,
    /// One interval, its tree and its batches.
    Interval(u64),
    /// A main tree.
    Tree,
    /// The checkpoint of a size.
    Checkpoint(u64),
    /// The keys that the log remembers.
    Keys,
    /// A batch in the pool.
    Pool,
    /// A tag or a token.
    Reference,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub part: Part,
    /// What is wrong, in an operator's words.
    pub words: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Head => write!(f, "head: {}", self.words),
            Part::Interval(index) => write!(f, "interval {index}: {}", self.words),
            Part::Tree => write!(f, "main tree: {}", self.words),
            Part::Checkpoint(size) => write!(f, "checkpoint of size {size}: {}", self.words),
            Part::Keys => write!(f, "keys: {}", self.words),
            Part::Pool => write!(f, "pool: {}", self.words),
            Part::Reference => write!(f, "tags and tokens: {}", self.words),
        }
    }
}

/// What was checked, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Intervals checked.
    pub intervals: u64,
    /// Timestamps whose place in their interval was checked.
    pub timestamps: u64,
    /// Timestamps whose proofs are past the retention time.
    pub forgotten: u64,
    /// Timestamps that wait in the pool.
    pub pooled: u64,
    /// Signed heads whose signatures were checked.
    pub checkpoints: u64,
    /// Everything that is not as it must be. Empty: the log is sound.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn found(&mut self, part: Part, words: impl Into<String>) {
        let words = words.into();
        self.findings.push(Finding { part, words });
    }
}

/// How far the check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Intervals checked.
    pub intervals: u64,
    /// Intervals there are.
    pub of: u64,
}

/// Checks the whole log. `keys` are the operator's own: the newest head must be signed by one of
/// them; without any, the keys that the log remembers are all there is to go by.
///
/// The log may grow meanwhile; what comes after the head that was read first is not looked at.
pub async fn check(
    store: &dyn Store,
    keys: &[VerifierKey],
    mut progress: impl FnMut(Progress),
) -> Result<Report, Unavailable> {
    let mut report = Report::default();
    let head = store.head().await?;
    let log_keys = log_keys(store, &mut report).await?;
    let mut growing = Growing::default();
    let mut before: Option<Interval> = None;
    // Retention clears from the oldest on; behind the first that is kept, all must be.
    let mut kept = false;
    let mut total = 0;
    while growing.size() < head.size {
        let first = growing.size();
        let end = head.size.min(first + INTERVALS_AT_ONCE);
        let intervals = store.intervals(first..end).await?;
        if !intervals.iter().map(|it| it.index).eq(first..end) {
            report.found(
                Part::Head,
                format!("of the intervals {first} to {end} some are missing"),
            );
            return Ok(report);
        }
        for it in intervals {
            if before.is_some_and(|before| before.time > it.time) {
                let words = "its time is before that of the previous interval";
                report.found(Part::Interval(it.index), words);
            }
            interval::check(store, &it, &mut kept, &mut report).await?;
            growing.push(&it);
            growing.check_full_tiles(store, &mut report).await?;
            let (_, root) = growing.roots();
            check_signature(store, &log_keys, it.index + 1, &root, &head, &mut report).await?;
            total += u64::from(it.count);
            report.intervals += 1;
            before = Some(it);
        }
        progress(Progress {
            intervals: end,
            of: head.size,
        });
    }
    growing.check_edges(store, &mut report).await?;
    check_head(&growing, &head, total, before, &mut report);
    check_newest(store, keys, &head, &mut report).await?;
    pool::check(store, &mut report).await?;
    references::check(store, &mut report).await?;
    Ok(report)
}

/// The keys that the log remembers, with the first size that each signed.
async fn log_keys(
    store: &dyn Store,
    report: &mut Report,
) -> Result<Vec<(u64, VerifierKey)>, Unavailable> {
    let mut keys = Vec::new();
    for key in store.log_keys().await? {
        match key.vkey.parse() {
            Ok(parsed) => keys.push((key.since_size, parsed)),
            Err(error) => report.found(Part::Keys, format!("{}: {error}", key.vkey)),
        }
    }
    Ok(keys)
}

/// Every size but the newest, which a crash may have left unsigned, has a signature that holds.
async fn check_signature(
    store: &dyn Store,
    log_keys: &[(u64, VerifierKey)],
    size: u64,
    root: &tlog::Hash,
    head: &crate::Head,
    report: &mut Report,
) -> Result<(), Unavailable> {
    let checkpoint = store.checkpoint_up_to(size).await?;
    let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.size == size) else {
        if size < head.size {
            report.found(Part::Checkpoint(size), "it is missing");
        }
        return Ok(());
    };
    report.checkpoints += 1;
    let valid: Vec<VerifierKey> = log_keys
        .iter()
        .filter(|(since, _)| *since <= size)
        .map(|(_, key)| key.clone())
        .collect();
    if let Err(words) = opens(&checkpoint, &valid, size, root) {
        report.found(Part::Checkpoint(size), words);
    }
    for cosignature in &checkpoint.cosignatures {
        let line = SignatureLine::parse(&cosignature.line);
        if line.is_none_or(|line| line.name != cosignature.witness) {
            let words = format!("the cosignature of {} is unreadable", cosignature.witness);
            report.found(Part::Checkpoint(size), words);
        }
    }
    Ok(())
}

fn opens(
    checkpoint: &Checkpoint,
    keys: &[VerifierKey],
    size: u64,
    root: &tlog::Hash,
) -> Result<(), String> {
    let note = tlog::SignedNote::parse(checkpoint.note.as_bytes());
    let note = note.map_err(|error| error.to_string())?;
    let signed = tlog::Checkpoint::open(&note, keys).map_err(|error| error.to_string())?;
    if (signed.size, signed.root) == (size, *root) {
        Ok(())
    } else {
        Err(format!("it signs size {} or another root", signed.size))
    }
}

fn check_head(
    growing: &Growing,
    head: &crate::Head,
    total: u64,
    newest: Option<Interval>,
    report: &mut Report,
) {
    let (sha3, sha256) = growing.roots();
    if head.sha3 != sha3 {
        report.found(Part::Head, "its SHA3-256 root is not that of the intervals");
    }
    if head.sha256 != sha256 {
        report.found(Part::Head, "its SHA-256 root is not that of the intervals");
    }
    if head.timestamps != total {
        let counted = head.timestamps;
        report.found(
            Part::Head,
            format!("it counts {counted} timestamps, the intervals {total}"),
        );
    }
    let time = newest.map_or(UnixMicros(0), |interval| interval.time);
    if head.time != time {
        report.found(Part::Head, "its time is not that of the newest interval");
    }
}

/// Nothing is signed that is not committed, and the newest signature is the operator's own.
async fn check_newest(
    store: &dyn Store,
    keys: &[VerifierKey],
    head: &crate::Head,
    report: &mut Report,
) -> Result<(), Unavailable> {
    let Some(newest) = store.checkpoint_up_to(NEWEST).await? else {
        return Ok(());
    };
    // The log may have grown since its head was read.
    if newest.size > head.size && newest.size > store.head().await?.size {
        let words = "it is signed, but the log has fewer intervals: was an old copy restored?";
        report.found(Part::Checkpoint(newest.size), words);
    }
    if keys.is_empty() {
        return Ok(());
    }
    let note = tlog::SignedNote::parse(newest.note.as_bytes());
    let opened = note.map(|note| tlog::Checkpoint::open(&note, keys));
    if !matches!(opened, Ok(Ok(_))) {
        let words = "it is not signed with this installation's key";
        report.found(Part::Checkpoint(newest.size), words);
    }
    Ok(())
}
