//! The single writer of intervals.
//!
//! Reads the pool, sorts, builds the tree, appends to both main trees, and commits everything in
//! one transaction that compares and sets the head. That line is the commit: before it all may be
//! tried again, after it everything follows from what is stored. Then it reads back what it wrote,
//! computes both roots by another path, and only then signs.

mod build;
mod chain;
mod health;
mod tree;
mod verify;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base::{Bus, Clock, Event, Skew, Unavailable};
use bytes::Bytes;
use tokio::time::Instant;
use tracing::Instrument as _;

use self::chain::Chains;
pub use self::health::{Health, Role, SealTimes, SealerState};
use self::verify::Verdict;
use crate::follower::{LIVE_TOPIC, NEWEST};
use crate::{Commit, Entry, Head, Interval, PooledBatch, Settings, Signer, Store};

/// The bus topic for what an operator must know at once; the payload is a sentence.
pub const ALERT_TOPIC: &str = "alert";

/// How often a standing-by sealer asks for the lease.
const LEASE_EVERY: Duration = Duration::from_millis(250);

/// Why an interval was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The store did not answer; the next try begins by reading what it holds.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The clock is known to be off: an interval sealed now would carry the error into every later
    /// one. Sealing goes on by itself when the clock is right.
    #[error("no interval is sealed: time servers say that the clock is {0}")]
    ClockOff(Skew),
    /// What is stored is not what must be there. Nothing was signed.
    #[error("nothing is signed: {0}")]
    Refused(String),
}

/// Seals intervals, one after another. Only the holder of the store's lease does, and a second one
/// would find that the head has moved.
pub struct Sealer {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    signer: Signer,
    settings: Settings,
    health: Arc<Health>,
    /// The signed head and the ends of its trees; `None` until read, and after any failure.
    state: Option<State>,
    refused: Option<String>,
}

struct State {
    head: Head,
    chains: Chains,
}

impl Sealer {
    /// A sealer that does nothing yet.
    pub fn new(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        signer: Signer,
        settings: &Settings,
    ) -> Self {
        Self {
            store,
            bus,
            clock,
            signer,
            settings: settings.clone(),
            health: Arc::default(),
            state: None,
            refused: None,
        }
    }

    /// What it is doing; stays readable while it runs.
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Stands by for the lease, recovers, and seals until `stop`. An interval that has begun is
    /// finished first.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        loop {
            match self.store.try_lease().await {
                Ok(Some(lease)) => {
                    self.health.change(|state| state.role = Role::Sealing);
                    while lease.is_held().await {
                        let began = Instant::now();
                        let pause = self.step().await;
                        tokio::select! {
                            biased;
                            () = &mut stop => return,
                            () = tokio::time::sleep_until(began + pause) => {}
                        }
                    }
                    tracing::warn!("the lease was lost");
                    self.state = None;
                    self.health.change(|state| state.role = Role::StandingBy);
                }
                Ok(None) => {}
                Err(error) => self.trouble(&error),
            }
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = tokio::time::sleep(LEASE_EVERY) => {}
            }
        }
    }

    /// One try; answers after how long, from its beginning, the next is due.
    async fn step(&mut self) -> Duration {
        match self.seal_once().await {
            Ok(sealed) => {
                self.health.change(|state| state.trouble = None);
                let limit = self.settings.interval_timestamps_max;
                let full = sealed.is_some_and(|interval| interval.count as usize >= limit);
                if full {
                    return Duration::ZERO;
                }
            }
            Err(SealError::Unavailable(error)) => self.trouble(&error),
            // Said loudly when it was found out.
            Err(error @ SealError::ClockOff(_)) => self
                .health
                .change(|state| state.trouble = Some(error.to_string())),
            // Said loudly when it happened; it does not change by itself.
            Err(SealError::Refused(_)) => {}
        }
        self.settings.interval
    }

    fn trouble(&self, error: &Unavailable) {
        let mut words = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(error) = source {
            words.push_str(": ");
            words.push_str(&error.to_string());
            source = error.source();
        }
        tracing::warn!(error = words, "no interval was sealed");
        self.health.change(|state| state.trouble = Some(words));
    }

    /// Seals what waits. `None` when nothing was due, or another sealer was first.
    pub async fn seal_once(&mut self) -> Result<Option<Interval>, SealError> {
        if let Some(reason) = &self.refused {
            return Err(SealError::Refused(reason.clone()));
        }
        if let Some(skew) = self.clock.skew() {
            return Err(SealError::ClockOff(skew));
        }
        let span = tracing::debug_span!(
            "seal",
            interval = tracing::field::Empty,
            count = tracing::field::Empty
        );
        let sealed = self.try_seal().instrument(span).await;
        match &sealed {
            Ok(_) | Err(SealError::ClockOff(_)) => {}
            Err(SealError::Unavailable(_)) => self.state = None,
            Err(SealError::Refused(reason)) => self.refuse(reason.clone()).await,
        }
        sealed
    }

    async fn refuse(&mut self, reason: String) {
        tracing::error!(reason, "the log is not what it must be: nothing is signed");
        self.state = None;
        self.health
            .change(|state| state.role = Role::Refused(reason.clone()));
        let alert = Event {
            topic: ALERT_TOPIC,
            payload: Bytes::from(format!("nothing is signed: {reason}")),
        };
        if let Err(error) = self.bus.publish(alert).await {
            tracing::warn!(%error, "the alert may not have been heard");
        }
        self.refused = Some(reason);
    }

    async fn try_seal(&mut self) -> Result<Option<Interval>, SealError> {
        let State { head, chains } = match self.state.take() {
            Some(state) => state,
            None => self.recover().await?,
        };
        let began = Instant::now();
        let mut lap = Lap(began);
        let batches = self.batches().await?;
        let read = lap.time();
        let now = self.clock.now();
        let due = head.size == 0 || now.since(head.time) >= self.settings.heartbeat;
        if batches.is_empty() && !due {
            self.state = Some(State { head, chains });
            return Ok(None);
        }
        let building =
            tokio::task::spawn_blocking(move || build::build(&head, chains, batches, now));
        let (sealed, built) = building
            .await
            .map_err(|error| Unavailable::new("the sealing thread", error))?;
        let (sort, tree) = (built.sorting, lap.time().saturating_sub(built.sorting));
        let (interval, head, chains) = (built.interval, built.head, built.chains.clone());
        tracing::Span::current()
            .record("interval", interval.index)
            .record("count", interval.count);
        if let Commit::HeadMoved = self.store.commit_interval(sealed).await? {
            tracing::info!(interval = interval.index, "another sealer was first");
            return Ok(None);
        }
        let commit = lap.time();
        let verdict = verify::read_back(&*self.store, head.size, Some(Arc::new(built))).await?;
        let verify = lap.time();
        match verdict {
            Verdict::Sound(head) => {
                self.publish(&head).await?;
                let times = SealTimes {
                    read,
                    sort,
                    tree,
                    commit,
                    verify,
                    sign: lap.time(),
                };
                self.health.seals().record(began.elapsed());
                self.health.change(|state| state.last_times = Some(times));
                self.state = Some(State { head, chains });
                Ok(Some(interval))
            }
            Verdict::Moved => Ok(None),
            Verdict::Mismatch(difference) => Err(SealError::Refused(difference)),
        }
    }

    /// What the pool holds, but for batches from the future: a process's clock is ahead, and
    /// sealing them now would carry its error into every later interval.
    async fn batches(&self) -> Result<Vec<PooledBatch>, Unavailable> {
        let limit = self.settings.interval_timestamps_max;
        let mut batches = self.store.pool(0, limit).await?;
        let future = self.clock.now().plus(self.settings.clock_tolerance);
        let read = batches.len();
        batches.retain(|batch| youngest(batch).is_none_or(|entry| entry.time <= future));
        let held_back = read - batches.len();
        if held_back > 0 {
            tracing::warn!(held_back, "batches come from the future: a clock is wrong");
        }
        self.health
            .change(|state| state.batches_held_back = held_back);
        Ok(batches)
    }

    /// Reads the head and the ends of its trees; signs it when it was committed but not signed.
    async fn recover(&mut self) -> Result<State, SealError> {
        let store = &*self.store;
        let refused = |reason: String| Err(SealError::Refused(reason));
        // In this order: another sealer that goes on meanwhile makes the head larger, never the
        // signature that was read before.
        let newest = store.checkpoint_up_to(NEWEST).await?;
        let head = store.head().await?;
        let chains = Chains::load(store, head.size).await?;
        if chains.roots() != (head.sha3, head.sha256) {
            return refused(format!("the tiles of size {} have another root", head.size));
        }
        let signed = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
        if signed > head.size {
            return refused(format!(
                "size {signed} is signed, but the log has only {} intervals: was an old copy restored?",
                head.size
            ));
        }
        if let Some(checkpoint) = newest.filter(|newest| newest.size == head.size) {
            if !speaks_of(&checkpoint.note, &head) {
                return refused(format!("size {signed} is signed with another root"));
            }
            return Ok(State { head, chains });
        }
        if head.size > 0 {
            match verify::read_back(store, head.size, None).await? {
                Verdict::Sound(head) => self.publish(&head).await?,
                Verdict::Moved => {
                    return Err(Unavailable::new(
                        "the log's head",
                        "it moved while it was read",
                    ))?;
                }
                Verdict::Mismatch(difference) => return refused(difference),
            }
        }
        Ok(State { head, chains })
    }

    /// Signs a head, stores the signature, and tells everyone.
    async fn publish(&self, head: &Head) -> Result<(), SealError> {
        self.signer.remember(&*self.store, head.size).await?;
        let note = self.signer.sign(head.size, head.sha256);
        let stored = self.store.put_checkpoint(head.size, note).await?;
        if !speaks_of(&stored.note, head) {
            let size = head.size;
            let reason = format!("size {size} is signed with another root already");
            return Err(SealError::Refused(reason));
        }
        self.health
            .change(|state| state.last_sealed = Some(head.time));
        let event = Event {
            topic: LIVE_TOPIC,
            payload: Bytes::from((head.size - 1).to_string()),
        };
        // Only a hint: whoever misses it polls.
        if let Err(error) = self.bus.publish(event).await {
            tracing::warn!(%error, "not everybody heard of the new interval");
        }
        Ok(())
    }
}

/// A stopwatch that starts again whenever it is read.
struct Lap(Instant);

impl Lap {
    fn time(&mut self) -> Duration {
        let now = Instant::now();
        now - std::mem::replace(&mut self.0, now)
    }
}

/// Whether a stored note's text names this head.
fn speaks_of(note: &str, head: &Head) -> bool {
    let note = tlog::SignedNote::parse(note.as_bytes());
    let checkpoint = note.map(|note| tlog::Checkpoint::parse(&note.text));
    matches!(checkpoint, Ok(Ok(it)) if (it.size, it.root) == (head.size, head.sha256))
}

fn youngest(batch: &PooledBatch) -> Option<Entry> {
    let last = batch.entries.len().checked_sub(1)?;
    batch.entries.get(u32::try_from(last).ok()?)
}
