//! The desk itself: lookups that ask many sources at once, and everything that follows from them.
//!
//! A source that is slow, hangs or panics costs itself, and nobody else: each is asked behind a gate
//! of its own, within its own time. Knows neither SQL nor HTTP.

mod bulk;
mod cache;
mod fetch;
mod flight;
pub mod fsck;
mod gate;
mod gather;
mod history;
mod lookup;
mod metered;
mod plan;
mod settings;
mod share;
mod tally;
mod watch;
mod window;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use base::{Clock, Entropy};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Semaphore;

pub use bulk::{BulkError, WorkBulk};
pub use cache::{AnswerCache, CacheKey, Cached, MemoryCache};
pub use gate::{Outcomes, Quota, Quotas};
pub use history::{History, HistoryEntry, SourceHistory, Statistics};
pub use lookup::{Delivery, Events, LookUpError, Lookup, LookupEvent};
pub use plan::{Onlooker, Plan, Planned, Question, SkipReason, Skipped, UnknownSource};
pub use settings::Settings;
pub use share::ShareError;
pub use watch::{IndicatorChanged, LookAgain, SourceChange, Tell, WATCH_EVERY_MIN, WatchError};

use self::flight::Flights;
use self::gate::Gate;
use self::gather::Gather;
use self::tally::Tally;
use crate::SourceId;
use crate::lookups::{Closing, NewAnswer, NewRequest, RequestId, Store, Written};
use crate::secrets::Vault;
use crate::sources::Registry;
use crate::upstream::Upstream;

/// What the desk is made of.
pub struct Parts {
    /// What lookups leave behind.
    pub store: Arc<dyn Store>,
    /// Which sources there are.
    pub registry: Arc<Registry>,
    /// Their secrets.
    pub vault: Arc<Vault>,
    /// The only way out.
    pub upstream: Arc<dyn Upstream>,
    /// Answers that are as good as new.
    pub cache: Arc<dyn AnswerCache>,
    /// Who is told that a watched indicator changed.
    pub tell: Arc<dyn Tell>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Called after a job was written: wakes whoever does it.
    pub wake: Box<dyn Fn() + Send + Sync>,
    /// Limits.
    pub settings: Settings,
}

/// The desk. One per process; its clones are the same one.
#[derive(Clone)]
pub struct Desk {
    inner: Arc<Inner>,
}

/// What lookups share.
struct Inner {
    parts: Parts,
    settings: Settings,
    flights: Arc<Flights>,
    gates: RwLock<HashMap<SourceId, Arc<Gate>>>,
    tally: Tally,
    /// Lookups for somebody who waits.
    lookups: Arc<Semaphore>,
    /// Questions to sources.
    at_once: Semaphore,
    /// Requests of this process that are not closed yet.
    running: Mutex<HashSet<RequestId>>,
    requests: Gather<NewRequest, RequestId>,
    answers: Gather<NewAnswer, Written>,
    closings: Gather<(RequestId, Closing), ()>,
    /// Rung when somebody pauses or cancels a bulk.
    bulks_changed: tokio::sync::watch::Sender<u64>,
}

impl Desk {
    /// A desk; its counters are written by a task on the runtime that calls this.
    pub fn new(parts: Parts) -> Self {
        let settings = parts.settings.clone();
        let store = || Arc::clone(&parts.store);
        let clock = Arc::clone(&parts.clock);
        let requests = {
            let store = store();
            Gather::start(move |batch| {
                let store = Arc::clone(&store);
                async move { store.open_requests(batch).await }
            })
        };
        let answers = {
            let (store, clock) = (store(), Arc::clone(&clock));
            Gather::start(move |batch| {
                let (store, now) = (Arc::clone(&store), clock.now());
                async move { store.insert_answers(batch, now).await }
            })
        };
        let closings = {
            let store = store();
            Gather::start(move |batch: Vec<(RequestId, Closing)>| {
                let store = Arc::clone(&store);
                async move {
                    let count = batch.len();
                    store.close_requests(batch).await?;
                    Ok(vec![(); count])
                }
            })
        };
        let inner = Arc::new(Inner {
            flights: Arc::default(),
            gates: RwLock::default(),
            tally: Tally::new(clock),
            lookups: Arc::new(Semaphore::new(settings.lookups_max)),
            at_once: Semaphore::new(settings.at_once_max),
            running: Mutex::default(),
            requests,
            answers,
            closings,
            bulks_changed: tokio::sync::watch::Sender::new(0),
            settings,
            parts,
        });
        tokio::spawn(keep_writing(Arc::downgrade(&inner)));
        Self { inner }
    }

    /// Writes the counters that are not written yet: before the process ends.
    ///
    /// # Errors
    /// When the store does not answer; they are kept for the next time.
    pub async fn flush(&self) -> Result<(), base::Unavailable> {
        self.inner.flush().await
    }

    /// What is left of a source's quotas.
    ///
    /// # Errors
    /// When the store does not answer that knows what was used before this process began.
    pub async fn quotas(&self, source: SourceId) -> Result<Option<Quotas>, base::Unavailable> {
        let sources = self.inner.parts.registry.current();
        let Some(source) = sources.by_id(source) else {
            return Ok(None);
        };
        let gate = self.inner.gate(source).await?;
        Ok(Some(gate.quotas(self.inner.parts.clock.now())))
    }

    /// How a source did lately.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn outcomes(&self, source: SourceId) -> Result<Option<Outcomes>, base::Unavailable> {
        let sources = self.inner.parts.registry.current();
        let Some(source) = sources.by_id(source) else {
            return Ok(None);
        };
        Ok(Some(self.inner.gate(source).await?.outcomes()))
    }

    /// How much is under way: requests that are not closed, and questions to sources.
    pub fn under_way(&self) -> (usize, usize) {
        let requests = self.inner.running.lock().len();
        (requests, self.inner.flights.count())
    }
}

impl Inner {
    async fn flush(&self) -> Result<(), base::Unavailable> {
        let (sources, requests) = self.tally.take();
        if !sources.is_empty() || !requests.is_empty() {
            let added = self
                .parts
                .store
                .add_hours(sources.clone(), requests.clone());
            if let Err(error) = added.await {
                self.tally.put_back(&sources, &requests);
                return Err(error);
            }
        }
        let now = self.parts.clock.now();
        let gates: Vec<_> = self
            .gates
            .read()
            .iter()
            .map(|(id, gate)| (*id, Arc::clone(gate)))
            .collect();
        let mut written = HashMap::new();
        let mut used = Vec::new();
        for (id, gate) in &gates {
            let unwritten = gate.unwritten(now);
            if !unwritten.is_empty() {
                used.extend(unwritten.iter().copied());
                written.insert(*id, (gate, unwritten));
            }
        }
        if used.is_empty() {
            return Ok(());
        }
        used.sort_unstable_by_key(|one| (one.source, one.seconds, one.slot));
        for so_far in self.parts.store.add_used(used).await? {
            if let Some((gate, unwritten)) = written.get(&so_far.source) {
                gate.learn(unwritten, &so_far);
            }
        }
        Ok(())
    }
}

/// Writes counters again and again, for as long as there is a desk.
async fn keep_writing(desk: std::sync::Weak<Inner>) {
    loop {
        let Some(inner) = desk.upgrade() else { return };
        let pause = inner.settings.flush;
        let is_dirty = tokio::time::timeout(pause, inner.tally.dirty())
            .await
            .is_ok();
        drop(inner);
        if !is_dirty {
            continue;
        }
        tokio::time::sleep(pause).await;
        let Some(inner) = desk.upgrade() else { return };
        if let Err(error) = inner.flush().await {
            tracing::warn!(%error, "counters of lookups wait to be written");
        }
    }
}
