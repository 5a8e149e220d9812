//! Gathers submissions and writes them together.
//!
//! Whatever came while the last write was under way is the next batch: one insert and one fsync
//! for all of it. Those who submitted share one cell, which is settled once for all of them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::metrics::{Counter, Histogram};
use base::{Entropy, Unavailable};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::batch::{Places, Sorted, sorted};
use crate::waiters::Waiters;
use crate::{BATCH_ENTRIES_MAX, Entry, NewBatch, Store, TimestampId};

/// What is submitted: an entry, and what is stored beside it.
pub(crate) struct Item {
    pub(crate) entry: Entry,
    pub(crate) tag: Option<String>,
    /// An RFC 3161 token: serial, DER.
    pub(crate) token: Option<([u8; 16], Vec<u8>)>,
}

/// Submissions that will be one batch.
#[derive(Default)]
struct Generation {
    entries: Vec<Entry>,
    tags: Vec<(u32, String)>,
    tokens: Vec<(u32, [u8; 16], Vec<u8>)>,
    cell: Arc<Cell>,
}

/// How a batch ended, for all who wait for it.
#[derive(Default)]
struct Cell {
    written: OnceLock<Result<Written, Arc<Unavailable>>>,
    changed: Notify,
}

struct Written {
    number: u64,
    nonce: u64,
    places: Places,
}

impl Written {
    fn id(&self, position: u32) -> TimestampId {
        TimestampId {
            batch: self.number,
            nonce: self.nonce,
            index: self.places.index(position),
        }
    }
}

pub(super) struct Gatherer {
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    waiters: Arc<Waiters>,
    open: Mutex<Generation>,
    filled: Notify,
    figures: Figures,
}

/// What was taken in since the process began.
#[derive(Debug, Default)]
pub struct Figures {
    /// Timestamps that are durable.
    pub timestamps: Counter,
    /// Batches that they came in.
    pub batches: Counter,
    /// How long the writes of batches took, until they were durable.
    pub writes: Histogram,
}

impl Gatherer {
    pub(super) fn new(
        store: Arc<dyn Store>,
        entropy: Arc<dyn Entropy>,
        waiters: Arc<Waiters>,
    ) -> Self {
        Self {
            store,
            entropy,
            waiters,
            open: Mutex::default(),
            filled: Notify::new(),
            figures: Figures::default(),
        }
    }

    /// What was taken in since the process began.
    pub(super) fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Where random bytes come from.
    pub(super) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// Adds one submission to the open batch; answers its id when the batch is durable. `Ok(None)`
    /// when the batch is full, which takes a million submissions during one write.
    pub(super) async fn submit(&self, item: Item) -> Result<Option<TimestampId>, Unavailable> {
        let (cell, position, first) = {
            let mut open = self.open.lock();
            if open.entries.len() >= BATCH_ENTRIES_MAX {
                return Ok(None);
            }
            let position = u32::try_from(open.entries.len()).expect("a batch has 2^20 entries");
            open.entries.push(item.entry);
            open.tags.extend(item.tag.map(|tag| (position, tag)));
            let token = item.token.map(|(serial, der)| (position, serial, der));
            open.tokens.extend(token);
            (Arc::clone(&open.cell), position, position == 0)
        };
        if first {
            self.filled.notify_one();
        }
        loop {
            // Created before the look, so that a settling in between is heard.
            let changed = cell.changed.notified();
            match cell.written.get() {
                Some(Ok(written)) => return Ok(Some(written.id(position))),
                Some(Err(error)) => return Err(shared(error)),
                None => changed.await,
            }
        }
    }

    /// Writes a batch of its own; ids in the order of `entries`.
    pub(super) async fn submit_many(
        &self,
        entries: Vec<Entry>,
    ) -> Result<Vec<TimestampId>, Unavailable> {
        let count = u32::try_from(entries.len()).expect("a batch has 2^20 entries");
        let sorting = tokio::task::spawn_blocking(move || sorted(&entries)).await;
        let sorted = sorting.map_err(|error| Unavailable::new("the sorting thread", error))?;
        let written = self.write(sorted, Vec::new(), Vec::new()).await?;
        Ok((0..count).map(|position| written.id(position)).collect())
    }

    /// Writes batch after batch, for ever.
    pub(super) async fn run(&self, gather_max: Duration) {
        loop {
            self.filled.notified().await;
            if !gather_max.is_zero() {
                tokio::time::sleep(gather_max).await;
            }
            loop {
                let generation = {
                    let mut open = self.open.lock();
                    let room = Vec::with_capacity(open.entries.len());
                    let next = Generation {
                        entries: room,
                        ..Generation::default()
                    };
                    std::mem::replace(&mut *open, next)
                };
                if generation.entries.is_empty() {
                    break;
                }
                let cell = generation.cell;
                let sorted = sorted(&generation.entries);
                let place = |(position, tag)| (sorted.places.index(position), tag);
                let tags = generation.tags.into_iter().map(place).collect();
                let place = |(position, serial, der)| (sorted.places.index(position), serial, der);
                let tokens = generation.tokens.into_iter().map(place).collect();
                let written = self.write(sorted, tags, tokens).await;
                // The only one who settles this cell.
                let _ = cell.written.set(written.map_err(Arc::new));
                cell.changed.notify_waiters();
            }
        }
    }

    async fn write(
        &self,
        sorted: Sorted,
        tags: Vec<(u32, String)>,
        tokens: Vec<(u32, [u8; 16], Vec<u8>)>,
    ) -> Result<Written, Unavailable> {
        let nonce = TimestampId::nonce_of(self.entropy.u64());
        let before = self.waiters.epoch();
        let batch = NewBatch {
            nonce,
            entries: sorted.entries,
            tags,
            tokens,
        };
        let (count, began) = (batch.entries.len(), Instant::now());
        let span = tracing::debug_span!("write batch", count);
        let number = self.store.insert_batch(batch).instrument(span).await?;
        self.figures.writes.record(began.elapsed());
        self.figures.batches.add_one();
        self.figures.timestamps.add(count as u64);
        self.waiters.inserted(number, before);
        Ok(Written {
            number,
            nonce,
            places: sorted.places,
        })
    }
}

/// One failure for each of those who shared the write.
fn shared(error: &Arc<Unavailable>) -> Unavailable {
    Unavailable::new("the log's pool", Arc::clone(error))
}
