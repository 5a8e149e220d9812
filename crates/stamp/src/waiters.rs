//! Those who wait for proofs. However many they are, an interval costs one read.
//!
//! A waiter registers under its batch and sleeps. When the follower announces an interval, and only
//! if somebody waits, its batches and leaves are read once and its tree is built once; all waiters
//! share it and compute their own paths.
//!
//! No wake-up is lost: a waiter registers first and looks second, and what was announced before it
//! registered is what it finds when it looks. The look is spared where it would find nothing: a
//! batch whose insertion began after the last announcement cannot have been announced.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use base::Unavailable;
use parking_lot::Mutex;
use tlog::{Hash, Levels, Sha3};
use tokio::sync::{Notify, OnceCell, broadcast};

use crate::{
    EntryState, Follower, Found, Interval, Ledger, Proof, Sealed, SealedBatch, Store, TimestampId,
};

/// Up to how many timestamps an interval's tree is built for any number of waiters: milliseconds.
const SMALL_INTERVAL: u32 = 65_536;
/// From how many waiters on the tree of a larger interval is worth its building; fewer read their
/// own proofs.
const MANY_WAITERS: usize = 256;

/// How soon a failed read is repeated.
const RETRY: Duration = Duration::from_millis(100);

pub(crate) struct Waiters {
    state: Mutex<State>,
}

struct State {
    /// How many intervals have been announced to waiters.
    epoch: u64,
    /// Batches of this process whose insertion began in this epoch.
    fresh: HashSet<u64>,
    /// By batch; a cell lives as long as somebody waits on it.
    cells: HashMap<u64, Weak<Cell>>,
}

/// Where the waiters of one batch sleep.
#[derive(Default)]
struct Cell {
    answers: OnceLock<Told>,
    changed: Notify,
    /// What the store said when the first of them looked.
    looked: OnceCell<Look>,
}

/// What the waiters of a batch are told once its interval is announced.
#[derive(Clone)]
enum Told {
    /// Here is everything.
    Answers(Arc<Answers>),
    /// The tables answer: a large interval, and few who wait.
    Tables,
}

#[derive(Clone, Copy)]
enum Look {
    /// It will be announced.
    Ahead,
    /// It was announced already: the tables answer.
    Past,
}

/// Everything that the waiters of one interval need.
struct Answers {
    interval: Interval,
    mth: Hash,
    tree: Levels<Sha3>,
    /// By number.
    batches: Vec<SealedBatch>,
}

impl Answers {
    fn proof(&self, id: TimestampId) -> Option<Proof> {
        let at = self
            .batches
            .binary_search_by_key(&id.batch, |batch| batch.number);
        let batch = &self.batches[at.ok()?];
        if batch.nonce != id.nonce {
            return None;
        }
        let leaf = batch.placements.get(id.index)?.leaf;
        let mut path = Vec::with_capacity(24);
        let a = self.tree.path(u64::from(leaf), &mut path);
        Some(Proof {
            interval: self.interval,
            a,
            path,
            mth: self.mth,
        })
    }
}

impl Waiters {
    /// Nobody waits yet; `epoch` intervals are known.
    pub(crate) fn new(epoch: u64) -> Self {
        Self {
            state: Mutex::new(State {
                epoch,
                fresh: HashSet::new(),
                cells: HashMap::new(),
            }),
        }
    }

    /// The epoch now, to be asked before an insertion begins.
    pub(crate) fn epoch(&self) -> u64 {
        self.state.lock().epoch
    }

    /// A batch of this process is durable; its insertion began in the epoch `before`.
    pub(crate) fn inserted(&self, number: u64, before: u64) {
        let mut state = self.state.lock();
        if state.epoch == before {
            state.fresh.insert(number);
        }
    }

    /// Sleeps until the timestamp's interval is announced. `None` when there is no such timestamp,
    /// or none any more.
    ///
    /// A hundred thousand may sleep here at once, so what is needed only once awake is boxed.
    pub(crate) async fn wait(
        &self,
        ledger: &Ledger,
        id: TimestampId,
    ) -> Result<Option<Proof>, Unavailable> {
        let (cell, fresh) = self.register(id.batch);
        loop {
            // Created before the look, so that an announcement in between is heard.
            let changed = cell.changed.notified();
            match cell.answers.get() {
                Some(Told::Answers(answers)) => return Ok(answers.proof(id)),
                Some(Told::Tables) => return Box::pin(from_tables(ledger, id)).await,
                None => {}
            }
            if !fresh {
                let look = || self.look(ledger, id.batch);
                let looking = cell.looked.get_or_try_init(look);
                if let Look::Past = Box::pin(looking).await? {
                    return Box::pin(from_tables(ledger, id)).await;
                }
            }
            changed.await;
        }
    }

    fn register(&self, batch: u64) -> (Arc<Cell>, bool) {
        let mut state = self.state.lock();
        let fresh = state.fresh.contains(&batch);
        if let Some(cell) = state.cells.get(&batch).and_then(Weak::upgrade) {
            return (cell, fresh);
        }
        let cell = Arc::new(Cell::default());
        state.cells.insert(batch, Arc::downgrade(&cell));
        (cell, fresh)
    }

    /// Looks for the batch, not for the timestamp: all its waiters share the answer, whatever index
    /// the first of them came with.
    async fn look(&self, ledger: &Ledger, batch: u64) -> Result<Look, Unavailable> {
        Ok(match ledger.store().entry(batch, 0).await? {
            Some(EntryState::Pooled { .. }) => Look::Ahead,
            Some(EntryState::Sealed { interval, .. }) if interval >= self.epoch() => Look::Ahead,
            Some(EntryState::Sealed { .. } | EntryState::Forgotten) | None => Look::Past,
        })
    }

    /// Announces every interval that the follower knows of, for ever.
    pub(crate) async fn run(
        &self,
        store: Arc<dyn Store>,
        follower: Arc<Follower>,
        mut intervals: broadcast::Receiver<Arc<Sealed>>,
    ) {
        loop {
            let newest = match intervals.recv().await {
                Ok(sealed) => sealed,
                Err(broadcast::error::RecvError::Lagged(_)) => follower.head(),
                Err(broadcast::error::RecvError::Closed) => return,
            };
            // Usually one; more after this task has lagged.
            while self.epoch() < newest.head.size {
                if let Err(error) = self.announce(&store, self.epoch(), &newest).await {
                    tracing::warn!(%error, "waiters could not be told of an interval");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn announce(
        &self,
        store: &Arc<dyn Store>,
        index: u64,
        newest: &Sealed,
    ) -> Result<(), Unavailable> {
        {
            let mut state = self.state.lock();
            state.cells.retain(|_, cell| cell.strong_count() > 0);
            let nothing_sealed = newest
                .interval
                .is_some_and(|interval| interval.index == index && interval.count == 0);
            if state.cells.is_empty() || nothing_sealed {
                state.advance(index + 1);
                return Ok(());
            }
        }
        let large = newest
            .interval
            .is_some_and(|interval| interval.index == index && interval.count > SMALL_INTERVAL);
        if large && self.waiting() < MANY_WAITERS {
            return self.send_to_tables(store, index).await;
        }
        let answers = Arc::new(answers(store, index, newest).await?);
        let sealed: Vec<u64> = answers.batches.iter().map(|batch| batch.number).collect();
        let woken = self.state.lock().announce(index + 1, &sealed);
        wake(woken, &Told::Answers(answers));
        Ok(())
    }

    /// Announces an interval by sending its waiters to the tables.
    async fn send_to_tables(&self, store: &Arc<dyn Store>, index: u64) -> Result<(), Unavailable> {
        let (mut asked, mut sealed) = (HashSet::new(), Vec::new());
        loop {
            let unasked: Vec<u64> = {
                let mut state = self.state.lock();
                let cells = state.cells.keys().copied();
                let unasked: Vec<u64> = cells.filter(|it| !asked.contains(it)).collect();
                if unasked.is_empty() {
                    // Under the same lock: nobody has come since who would not be told.
                    let woken = state.announce(index + 1, &sealed);
                    drop(state);
                    wake(woken, &Told::Tables);
                    return Ok(());
                }
                unasked
            };
            for number in unasked {
                let state = store.entry(number, 0).await?;
                if matches!(state, Some(EntryState::Sealed { interval, .. }) if interval <= index) {
                    sealed.push(number);
                }
                asked.insert(number);
            }
        }
    }

    /// How many wait now.
    fn waiting(&self) -> usize {
        let state = self.state.lock();
        state.cells.values().map(Weak::strong_count).sum()
    }
}

impl State {
    /// Begins an epoch; answers where the waiters of the batches sleep that it announces.
    fn announce(&mut self, epoch: u64, batches: &[u64]) -> Vec<Arc<Cell>> {
        self.advance(epoch);
        let cells = batches
            .iter()
            .filter_map(|number| self.cells.remove(number));
        cells.filter_map(|cell| cell.upgrade()).collect()
    }
}

fn wake(cells: Vec<Arc<Cell>>, what: &Told) {
    for cell in cells {
        // The only one who settles this cell: it was taken out under the lock.
        let _ = cell.answers.set(what.clone());
        cell.changed.notify_waiters();
    }
}

async fn from_tables(ledger: &Ledger, id: TimestampId) -> Result<Option<Proof>, Unavailable> {
    Ok(match ledger.timestamp(id).await? {
        Found::Sealed(_, proof) => Some(proof),
        Found::Unknown | Found::Forgotten | Found::Pending(_) => None,
    })
}

impl State {
    fn advance(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.fresh.clear();
    }
}

async fn answers(
    store: &Arc<dyn Store>,
    index: u64,
    newest: &Sealed,
) -> Result<Answers, Unavailable> {
    let gone = || Unavailable::new("the log", "an interval under a signed head is missing");
    let sealed = match newest.interval {
        Some(interval) if interval.index == index => (interval, newest.head.sha3),
        _ => {
            let sealed = crate::published::read(&**store, index, 0).await?;
            let sealed = sealed.ok_or_else(gone)?;
            (sealed.interval.ok_or_else(gone)?, sealed.head.sha3)
        }
    };
    let (interval, mth) = sealed;
    let mut batches = store.sealed_batches(index).await?;
    batches.sort_unstable_by_key(|batch| batch.number);
    let leaves = store.interval_leaves(index).await?;
    let building = tokio::task::spawn_blocking(move || Levels::<Sha3>::of_entries(&leaves));
    let tree = building
        .await
        .map_err(|error| Unavailable::new("the hashing thread", error))?;
    if tree.size() != u64::from(interval.count) {
        return Err(Unavailable::new(
            "the log",
            "an interval's leaves are missing",
        ));
    }
    Ok(Answers {
        interval,
        mth,
        tree,
        batches,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiter_is_small() {
        fn size<F>(_: impl FnOnce(&'static Waiters, &'static Ledger, TimestampId) -> F) -> usize {
            size_of::<F>()
        }
        let bytes = size(Waiters::wait);
        assert!(bytes <= 384, "{bytes} bytes for each of a hundred thousand");
    }
}
