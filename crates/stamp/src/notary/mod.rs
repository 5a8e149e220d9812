//! Takes submissions: a hash and a moment, durable before the answer.

mod batch;
mod gather;
mod moment;
mod texts;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Clock, Entropy, Skew, Unavailable, UnixMicros};
use tlog::v1::{Data, TimeText, timestamp_hash, timestamp_hashes};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

pub(crate) use self::batch::hash_prefix;
pub use self::gather::Figures;
use self::gather::Gatherer;
pub(crate) use self::gather::Item;
use self::moment::Moments;
pub use self::texts::{PackedTexts, TextTooLong};
use crate::waiters::Waiters;
use crate::{
    BATCH_ENTRIES_MAX, Entry, Follower, Ledger, Proof, Sealed, Settings, Store, Timestamp,
    TimestampId,
};

/// What somebody wants stamped. The log keeps its hash and forgets it.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// The data, in the CBOR type in which protocol v1 hashes it.
    pub data: Data<'a>,
    /// A word under which the timestamp can be found again.
    pub tag: Option<&'a str>,
}

/// Why a submission was refused.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Too many timestamps wait for their interval.
    #[error("too many timestamps wait for their interval")]
    PoolFull {
        /// When asking again may succeed.
        retry_after: Duration,
    },
    /// The clock is known to be off.
    #[error(transparent)]
    ClockOff(#[from] ClockOff),
    /// The store did not answer; whether the timestamp exists is unknown.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// How it is known that the clock cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockOff {
    /// It stands behind what was stamped already, by this much.
    #[error("the clock is {} ms behind what was stamped already", .0.as_millis())]
    BehindTheLog(Duration),
    /// Time servers say so.
    #[error("time servers say that the clock is {0}")]
    Measured(Skew),
}

/// Takes submissions, and lets people wait for their proofs. One per process.
pub struct Notary {
    gatherer: Arc<Gatherer>,
    waiters: Arc<Waiters>,
    ledger: Ledger,
    follower: Arc<Follower>,
    moments: Moments,
    pool: Arc<Pool>,
    wait_max: Duration,
    tasks: [JoinHandle<()>; 3],
}

/// How many timestamps wait, as far as this process knows.
struct Pool {
    timestamps: AtomicU64,
    max: u64,
    retry_after: Duration,
}

impl Notary {
    /// Starts to gather, on the runtime that calls this.
    pub fn start(
        store: Arc<dyn Store>,
        follower: Arc<Follower>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: &Settings,
    ) -> Arc<Self> {
        // Subscribed before the epoch is read: nothing falls between.
        let intervals = follower.subscribe();
        let waiters = Arc::new(Waiters::new(follower.head().head.size));
        let gatherer = Arc::new(Gatherer::new(
            Arc::clone(&store),
            entropy,
            Arc::clone(&waiters),
        ));
        let pool = Arc::new(Pool {
            timestamps: AtomicU64::new(0),
            max: settings.pool_timestamps_max,
            retry_after: settings.interval,
        });
        let gathering = {
            let (gatherer, gather_max) = (Arc::clone(&gatherer), settings.gather_max);
            tokio::spawn(async move { gatherer.run(gather_max).await })
        };
        let counting = tokio::spawn(count_pool(
            Arc::clone(&store),
            Arc::clone(&pool),
            follower.subscribe(),
        ));
        let announcing = {
            let (waiters, store) = (Arc::clone(&waiters), Arc::clone(&store));
            let follower = Arc::clone(&follower);
            tokio::spawn(async move { waiters.run(store, follower, intervals).await })
        };
        Arc::new(Self {
            gatherer,
            waiters,
            ledger: Ledger::new(store),
            follower,
            moments: Moments::new(clock, settings.clock_tolerance),
            pool,
            wait_max: settings.wait_max,
            tasks: [gathering, counting, announcing],
        })
    }

    /// What was taken in since the process began.
    pub fn figures(&self) -> &Figures {
        self.gatherer.figures()
    }

    /// Stamps one thing. Durable when it returns.
    pub async fn submit(&self, submission: Submission<'_>) -> Result<Timestamp, SubmitError> {
        let time = self.admit_one()?;
        let hash = timestamp_hash(submission.data, &TimeText::of_micros(time.0));
        let item = Item {
            entry: Entry { time, hash },
            tag: submission.tag.map(str::to_owned),
            token: None,
        };
        let id = self.stamp(item).await?;
        Ok(Timestamp { id, time, hash })
    }

    /// Stamps many things of one moment, answered in their order. All of them are durable when it
    /// returns, or none is.
    ///
    /// # Panics
    /// When there are more than [`BATCH_ENTRIES_MAX`]: the edge allows fewer.
    pub async fn submit_many(&self, data: PackedTexts) -> Result<Vec<Timestamp>, SubmitError> {
        assert!(
            data.len() <= BATCH_ENTRIES_MAX,
            "more than a batch can hold"
        );
        if data.is_empty() {
            return Ok(Vec::new());
        }
        self.pool.admit(data.len() as u64)?;
        let time = self.moment()?;
        let hashing = tokio::task::spawn_blocking(move || {
            timestamp_hashes(data.data(), &TimeText::of_micros(time.0))
        });
        let hashes = hashing
            .await
            .map_err(|error| Unavailable::new("the hashing thread", error))?;
        let entries = hashes.iter().map(|hash| Entry { time, hash: *hash });
        let ids = self.gatherer.submit_many(entries.collect()).await?;
        self.pool.add(hashes.len() as u64);
        let timestamps = ids.into_iter().zip(hashes);
        Ok(timestamps
            .map(|(id, hash)| Timestamp { id, time, hash })
            .collect())
    }

    /// Waits until the timestamp's interval is sealed and signed, at most the set time. `None` when
    /// it was not by then, and for a timestamp that does not exist.
    pub async fn wait(&self, id: TimestampId) -> Result<Option<Proof>, Unavailable> {
        let waiting = self.waiters.wait(&self.ledger, id);
        match tokio::time::timeout(self.wait_max, waiting).await {
            Ok(answer) => answer,
            Err(_) => Ok(None),
        }
    }

    fn moment(&self) -> Result<UnixMicros, SubmitError> {
        Ok(self.moments.next(self.follower.sealed_time())?)
    }

    /// The moment of one more timestamp, if there is room for it.
    pub(crate) fn admit_one(&self) -> Result<UnixMicros, SubmitError> {
        self.pool.admit(1)?;
        self.moment()
    }

    /// A serial number that was never used: 127 random bits, so that it is positive in DER.
    pub(crate) fn serial(&self) -> [u8; 16] {
        let mut serial = [0; 16];
        self.gatherer.entropy().fill(&mut serial);
        serial[0] &= 0x7f;
        serial
    }

    pub(crate) async fn stamp(&self, item: Item) -> Result<TimestampId, SubmitError> {
        let id = self.gatherer.submit(item).await?;
        let id = id.ok_or_else(|| self.pool.full())?;
        self.pool.add(1);
        Ok(id)
    }
}

impl Drop for Notary {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Pool {
    fn full(&self) -> SubmitError {
        SubmitError::PoolFull {
            retry_after: self.retry_after,
        }
    }

    fn admit(&self, count: u64) -> Result<(), SubmitError> {
        let waiting = self.timestamps.load(Ordering::Relaxed);
        if waiting.saturating_add(count) > self.max {
            return Err(self.full());
        }
        Ok(())
    }

    fn add(&self, count: u64) {
        self.timestamps.fetch_add(count, Ordering::Relaxed);
    }
}

/// Counts the pool at the start and after every interval that emptied it: other processes fill it
/// too. In between, this process adds what it inserts itself.
async fn count_pool(
    store: Arc<dyn Store>,
    pool: Arc<Pool>,
    mut intervals: broadcast::Receiver<Arc<Sealed>>,
) {
    loop {
        match store.pooled().await {
            Ok(count) => pool.timestamps.store(count, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "the pool could not be counted"),
        }
        loop {
            match intervals.recv().await {
                Ok(sealed) if sealed.interval.is_some_and(|it| it.count == 0) => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => break,
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }
}
