//! One look at a log: what it shows now against everything it showed before.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tlog::v1::{TimeText, parse_interval_nucleus};
use tlog::{Checkpoint, CheckpointError, SignedNote, TILE_WIDTH, VerifierKey};

use super::copy::Copy;
use super::remote::{Remote, Trouble};

/// How many bundles are asked for at once.
const FETCHES_MAX: usize = 8;

/// What one look found.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The same head as before.
    Unchanged,
    /// New entries, all borne out.
    Grown {
        from: u64,
        to: u64,
        witnesses: usize,
    },
    /// An older head that we know to be ours: a cache that lags, or a log that shrank.
    Smaller(Finding),
    /// The log broke its promise.
    Broken(Finding),
}

/// Proof of a broken promise.
#[derive(Debug)]
pub(super) struct Finding {
    /// One word for programs: `rewritten`, `forked`, `shrunk`, `contradiction`.
    pub(super) kind: &'static str,
    /// What happened, for people.
    pub(super) words: String,
    /// From which entry on, when that is known.
    pub(super) since_entry: Option<u64>,
    /// Files that prove it: name, bytes.
    pub(super) evidence: Vec<(String, Vec<u8>)>,
}

/// Why a look led to no verdict.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookError {
    /// The log did not answer properly; it may, later.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// The checkpoint is not by a key that we trust.
    #[error("the checkpoint is refused")]
    Unsigned(#[source] CheckpointError),
    /// Our own disk.
    #[error(transparent)]
    Own(#[from] anyhow::Error),
}

/// Looks at the log once. Everything new is kept in `copy` only after both roots were recomputed
/// from our own bytes and agree. `progress` hears how many entries there are so far, and how many
/// there will be.
pub(super) async fn look(
    remote: &Remote,
    copy: &mut Copy,
    keys: &[VerifierKey],
    mut progress: impl FnMut(u64, u64),
) -> Result<Outcome, LookError> {
    let note = remote.checkpoint().await?;
    let new = Checkpoint::open(&note, keys).map_err(LookError::Unsigned)?;
    let old_size = copy.kept_size();
    if let Some(kept) = copy.kept()
        && new.origin != kept.checkpoint.origin
    {
        let words = format!(
            "the log calls itself {:?} now; it was {:?}",
            new.origin, kept.checkpoint.origin
        );
        return Ok(Outcome::Broken(finding(
            "contradiction",
            words,
            None,
            copy,
            &note,
        )));
    }
    if new.size <= old_size {
        return compare_older(copy, &note, &new).map_err(LookError::from);
    }
    let grown = extend(remote, copy, &note, &new, &mut progress).await;
    let broken = match grown {
        Ok(None) => {
            let others = note
                .signatures
                .iter()
                .filter(|line| line.name != new.origin);
            let witnesses = others.count();
            let to = new.size;
            copy.keep(note, new)?;
            return Ok(Outcome::Grown {
                from: old_size,
                to,
                witnesses,
            });
        }
        Ok(Some(finding)) => Ok(Outcome::Broken(finding)),
        Err(error) => Err(error),
    };
    copy.roll_back()?;
    broken
}

/// A head that is not larger than ours must be one that we passed.
fn compare_older(copy: &Copy, note: &SignedNote, new: &Checkpoint) -> anyhow::Result<Outcome> {
    let size = new.size;
    let root = copy.root_at(size)?;
    if root != new.root {
        let words = format!(
            "the log signed another history: over its first {size} entries, of which we have a \
             copy, it now signs root {}, and ours is {}",
            hex::encode(new.root),
            hex::encode(root)
        );
        let kind = if size == copy.kept_size() {
            "forked"
        } else {
            "rewritten"
        };
        return Ok(Outcome::Broken(finding(kind, words, None, copy, note)));
    }
    if size == copy.kept_size() {
        return Ok(Outcome::Unchanged);
    }
    let words = format!(
        "the log shrank: it shows {size} entries and had signed {}",
        copy.kept_size()
    );
    Ok(Outcome::Smaller(finding(
        "shrunk",
        words,
        Some(size),
        copy,
        note,
    )))
}

/// Appends the new entries to the copy and compares both roots; `None` when all agree.
async fn extend(
    remote: &Remote,
    copy: &mut Copy,
    note: &SignedNote,
    new: &Checkpoint,
    progress: &mut impl FnMut(u64, u64),
) -> Result<Option<Finding>, LookError> {
    let old_size = copy.kept_size();
    let bundles = old_size / TILE_WIDTH..new.size.div_ceil(TILE_WIDTH);
    let mut fetched = stream::iter(bundles)
        .map(|index| async move {
            let width = (new.size - index * TILE_WIDTH).min(TILE_WIDTH);
            remote
                .bundle(index, width)
                .await
                .map(|entries| (index, entries))
        })
        .buffered(FETCHES_MAX);
    while let Some((index, entries)) = fetched.try_next().await? {
        let ours = copy.bundle(index)?;
        for (place, entry) in entries.iter().enumerate() {
            let number = index * TILE_WIDTH + place as u64;
            if let Some(known) = ours.get(place) {
                if known != entry {
                    return Ok(Some(rewritten(number, known, entry, copy, note)));
                }
                continue;
            }
            if remote.v1.is_some()
                && let Err(why) = check_nucleus(number, entry)
            {
                let words = format!("entry {number} is not what it should be: {why}");
                let mut found = finding("contradiction", words, Some(number), copy, note);
                found
                    .evidence
                    .push((format!("entry-{number}"), entry.clone()));
                return Ok(Some(found));
            }
            copy.append(entry)?;
        }
        progress(copy.trees().size(), new.size);
    }
    drop(fetched);
    if copy.trees().sha256.root() != new.root {
        return Ok(Some(explain_root(remote, copy, note, new).await?));
    }
    compare_v1(remote, copy, note, new).await
}

/// Which entry was changed, if the log shows it: the roots alone do not say.
async fn explain_root(
    remote: &Remote,
    copy: &Copy,
    note: &SignedNote,
    new: &Checkpoint,
) -> Result<Finding, LookError> {
    for index in 0..copy.kept_size().div_ceil(TILE_WIDTH) {
        let ours = copy.bundle(index)?;
        let theirs = remote.bundle(index, ours.len() as u64).await?;
        for (place, (known, entry)) in ours.iter().zip(&theirs).enumerate() {
            if known != entry {
                let number = index * TILE_WIDTH + place as u64;
                return Ok(rewritten(number, known, entry, copy, note));
            }
        }
    }
    let words = format!(
        "the entries that the log shows do not lead to the root {} that it signed for size {}; \
         ours lead to {}",
        hex::encode(new.root),
        new.size,
        hex::encode(copy.trees().sha256.root())
    );
    let since = Some(copy.kept_size()).filter(|size| *size > 0);
    Ok(finding("rewritten", words, since, copy, note))
}

/// Protocol v1's head of the same size must be the root of the SHA3 tree over the same entries.
async fn compare_v1(
    remote: &Remote,
    copy: &Copy,
    note: &SignedNote,
    new: &Checkpoint,
) -> Result<Option<Finding>, LookError> {
    let Some(head) = remote.v1_head(new.size).await? else {
        return Ok(None);
    };
    let root = copy.trees().sha3.root();
    if head.mth == root && head.interval.index + 1 == new.size {
        return Ok(None);
    }
    let words = format!(
        "protocol v1 and the checkpoint contradict each other at size {}: mth is {}, and the same \
         entries lead to {}",
        new.size,
        hex::encode(head.mth),
        hex::encode(root)
    );
    let mut found = finding("contradiction", words, None, copy, note);
    let mut json = Vec::new();
    head.to_json(&mut json);
    found.evidence.push(("v1-head.json".into(), json));
    Ok(Some(found))
}

/// An entry of an Indelible log is an interval, and says which.
fn check_nucleus(number: u64, entry: &[u8]) -> Result<(), String> {
    let interval = parse_interval_nucleus(entry).map_err(|why| why.to_string())?;
    if interval.index == number {
        Ok(())
    } else {
        Err(format!("it says that it is interval {}", interval.index))
    }
}

fn rewritten(number: u64, ours: &[u8], theirs: &[u8], copy: &Copy, note: &SignedNote) -> Finding {
    let when = |entry: &[u8]| {
        parse_interval_nucleus(entry).map_or(String::new(), |it| format!(" of {}", it.time))
    };
    let words = format!(
        "the log rewrote its history: entry {number}{} is not the one{} that it showed before",
        when(theirs),
        when(ours)
    );
    let mut found = finding("rewritten", words, Some(number), copy, note);
    found
        .evidence
        .push((format!("entry-{number}-before"), ours.to_vec()));
    found
        .evidence
        .push((format!("entry-{number}-now"), theirs.to_vec()));
    found
}

fn finding(
    kind: &'static str,
    mut words: String,
    since_entry: Option<u64>,
    copy: &Copy,
    note: &SignedNote,
) -> Finding {
    let mut evidence = vec![("checkpoint-now".into(), note.to_string().into_bytes())];
    if let Some(kept) = copy.kept() {
        evidence.push((
            "checkpoint-before".into(),
            kept.note.to_string().into_bytes(),
        ));
    }
    if let Some(us) = copy.kept_at_us() {
        let time = TimeText::of_micros(us);
        words = format!("{words}; all was well when it was last extended, at {time}");
    }
    Finding {
        kind,
        words,
        since_entry,
        evidence,
    }
}
