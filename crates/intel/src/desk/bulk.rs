//! Bulks: many indicators, looked up by a job that survives every kill.
//!
//! An item is done when its row says so. Whatever is cut off between asking and writing is asked
//! again, mostly answered by the cache.

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use base::{Actor, Unavailable};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use indicator::Indicator;
use jobs::{Attempt, Job, NewJob, Outcome};
use serde::{Deserialize, Serialize};

use super::lookup::{Asker, LookUpError, LookupEvent, existing};
use super::plan::Question;
use super::{Desk, Inner};
use crate::lookups::{
    BULK_ITEMS_MAX, Bulk, BulkChange, BulkFilter, BulkId, BulkItem, BulkState, BulkStep, Cause,
    Item, ItemDone, NewBulk,
};
use crate::{SourceId, Tlp};

/// How long one attempt begins new items, before others get their turn.
const SLICE: Duration = Duration::from_mins(10);
/// Items read at a time.
const READ_AT_ONCE: usize = 256;
/// How often it is looked whether somebody stopped it, through another process too.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Longest name of a bulk, in bytes.
const NAME_BYTES_MAX: usize = 200;
/// Most bulks or items on one page.
const PAGE_MAX: usize = 1000;

/// Why there is no bulk.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// Nothing is to be looked up.
    #[error("there is nothing to look up")]
    Empty,
    /// There is too much.
    #[error("there are {0} indicators, but {BULK_ITEMS_MAX} are the most of one bulk")]
    TooMany(usize),
    /// Its name is too long.
    #[error("the name is longer than {NAME_BYTES_MAX} bytes")]
    NameTooLong,
    /// A source was chosen that does not exist.
    #[error("there is no source of number {}", .0.0)]
    UnknownSource(SourceId),
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Works on a bulk. Running twice is harmless: an item is done once.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct WorkBulk {
    /// The bulk's number.
    pub bulk: i64,
    /// For which of its runs: one that was paused is worked on by another job when it goes on.
    pub run: u32,
}

impl WorkBulk {
    /// The job of a bulk's run; there is never more than one of it.
    pub fn of(id: BulkId, run: u32) -> NewJob {
        NewJob::of(&Self { bulk: id.0, run }).unique(format!("{}/{run}", id.0))
    }
}

#[async_trait]
impl Job for WorkBulk {
    const NAME: &'static str = "intel.bulk";
    const TIME_MAX: Duration = Duration::from_hours(2);
    const ATTEMPTS_MAX: u32 = u32::MAX; // It goes on until somebody stops it.
    const KEEP: bool = false; // The bulk says how far it has come.
    const AT_ONCE_MAX: Option<usize> = Some(4);
    type Room = Desk;

    async fn run(&self, desk: &Desk, _: Attempt) -> Result<Outcome, Unavailable> {
        desk.work_on(BulkId(self.bulk), self.run).await
    }
}

impl Inner {
    /// How long an item of a bulk may take.
    pub(super) fn bulk_time_max(&self) -> Duration {
        self.settings.bulk_patience + self.settings.lookup_time_max
    }
}

impl Desk {
    /// Begins to look many indicators up, each once, in their order. `name` is for people.
    ///
    /// # Errors
    /// When there are none or more than 100,000, the name is too long, a source does not exist, or the store does not
    /// answer.
    pub async fn bulk_start(
        &self,
        name: &str,
        indicators: Vec<Indicator>,
        sources: Option<Vec<SourceId>>,
        tlp: Tlp,
        may_use_cache: bool,
        actor: &Actor,
    ) -> Result<BulkId, BulkError> {
        let mut seen = std::collections::HashSet::with_capacity(indicators.len());
        let mut unique = Vec::with_capacity(indicators.len());
        for indicator in indicators {
            if seen.insert(indicator.clone()) {
                unique.push(indicator);
            }
        }
        if unique.is_empty() {
            return Err(BulkError::Empty);
        }
        if unique.len() > BULK_ITEMS_MAX {
            return Err(BulkError::TooMany(unique.len()));
        }
        // It is one line of text; not every database takes all of the rest.
        let name: String = name.chars().filter(|one| !one.is_control()).collect();
        if name.len() > NAME_BYTES_MAX {
            return Err(BulkError::NameTooLong);
        }
        let parts = &self.inner.parts;
        let registry = parts.registry.current();
        let chosen = sources.iter().flatten();
        if let Some(unknown) = chosen.into_iter().find(|id| registry.by_id(**id).is_none()) {
            return Err(BulkError::UnknownSource(*unknown));
        }
        let bulk = NewBulk {
            name,
            user: actor.user(),
            sources,
            tlp,
            may_use_cache,
            indicators: unique,
            created: parts.clock.now(),
        };
        let id = parts.store.insert_bulk(bulk, WorkBulk::of).await?;
        (parts.wake)();
        Ok(id)
    }

    /// One bulk.
    pub async fn bulk(&self, id: BulkId) -> Result<Option<Bulk>, Unavailable> {
        self.inner.parts.store.bulk(id).await
    }

    /// At most `limit` bulks before `before`, newest first; of one account, or of all.
    pub async fn bulks(
        &self,
        user: Option<base::UserId>,
        before: Option<BulkId>,
        limit: usize,
    ) -> Result<Vec<Bulk>, Unavailable> {
        let store = &self.inner.parts.store;
        store.bulks(user, before, limit.min(PAGE_MAX)).await
    }

    /// At most `limit` items after place `after`, in their order.
    pub async fn bulk_items(
        &self,
        id: BulkId,
        filter: BulkFilter,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<BulkItem>, Unavailable> {
        let store = &self.inner.parts.store;
        store
            .bulk_items(id, filter, after, limit.min(PAGE_MAX))
            .await
    }

    /// Stops a bulk for now; what is under way is cancelled and waits again.
    pub async fn pause(&self, id: BulkId) -> Result<BulkChange, Unavailable> {
        self.step(id, BulkStep::Pause).await
    }

    /// Lets a paused bulk go on.
    pub async fn resume(&self, id: BulkId) -> Result<BulkChange, Unavailable> {
        self.step(id, BulkStep::Resume).await
    }

    /// Stops a bulk for good.
    pub async fn cancel(&self, id: BulkId) -> Result<BulkChange, Unavailable> {
        self.step(id, BulkStep::Cancel).await
    }

    async fn step(&self, id: BulkId, step: BulkStep) -> Result<BulkChange, Unavailable> {
        let parts = &self.inner.parts;
        let now = parts.clock.now();
        let changed = parts.store.step_bulk(id, step, WorkBulk::of, now).await?;
        self.inner.bulks_changed.send_modify(|count| *count += 1);
        if changed == BulkChange::Now(BulkState::Running) {
            (parts.wake)();
        }
        Ok(changed)
    }

    /// Looks items up until none is left, somebody stops it, or others should have their turn.
    async fn work_on(&self, id: BulkId, run: u32) -> Result<Outcome, Unavailable> {
        let parts = &self.inner.parts;
        // Before the state is read: a change after it is heard of.
        let mut changed = self.inner.bulks_changed.subscribe();
        let Some(bulk) = parts.store.bulk(id).await? else {
            return Ok(Outcome::Done);
        };
        let is_ours = |bulk: &Bulk| bulk.state == BulkState::Running && bulk.run == run;
        if !is_ours(&bulk) {
            return Ok(Outcome::Done);
        }
        let ends = parts.clock.now().plus(SLICE);
        let mut queue = VecDeque::new();
        let (mut last, mut is_read) = (None, false);
        let mut under_way = FuturesUnordered::new();
        let mut looked = tokio::time::interval(LOOK_EVERY);
        looked.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            while under_way.len() < self.inner.settings.bulk_at_once && parts.clock.now() < ends {
                if queue.is_empty() && !is_read {
                    let items = parts.store.waiting_items(id, last, READ_AT_ONCE).await?;
                    is_read = items.len() < READ_AT_ONCE;
                    last = items.last().map(|item| item.place).or(last);
                    queue = VecDeque::from(items);
                }
                let Some(item) = queue.pop_front() else { break };
                under_way.push(self.look_up_item(&bulk, item));
            }
            if under_way.is_empty() {
                break;
            }
            let mut done = Vec::new();
            tokio::select! {
                Some(item) = under_way.next() => done.push(item?),
                _ = changed.changed() => {}
                _ = looked.tick() => {}
            }
            // Whatever else has ended shares the write.
            while let Some(Some(item)) = futures_util::FutureExt::now_or_never(under_way.next()) {
                done.push(item?);
            }
            let bulk = if done.is_empty() {
                parts.store.bulk(id).await?
            } else {
                let now = parts.clock.now();
                parts.store.finish_items(id, done, now).await?
            };
            if !bulk.as_ref().is_some_and(is_ours) {
                return Ok(Outcome::Done); // Dropping what is under way cancels it.
            }
        }
        if queue.is_empty() && is_read {
            // Its last item was finished by another attempt, perhaps.
            let now = parts.clock.now();
            parts.store.finish_items(id, Vec::new(), now).await?;
            return Ok(Outcome::Done);
        }
        Ok(Outcome::Later(Duration::ZERO))
    }

    async fn look_up_item(&self, bulk: &Bulk, item: Item) -> Result<ItemDone, Unavailable> {
        let registry = self.inner.parts.registry.current();
        let question = Question {
            indicator: item.indicator,
            sources: existing(bulk.sources.clone(), &registry),
            tlp: bulk.tlp,
            may_use_cache: bulk.may_use_cache,
        };
        let asker = Asker {
            user: bulk.user,
            who: "product",
            trace: None,
            cause: Cause::Bulk(bulk.id),
            patience: self.inner.settings.bulk_patience,
            time_max: self.inner.bulk_time_max(),
        };
        let (request, verdict, confidence, troubled) = self.look_up_whole(question, asker).await?;
        Ok(ItemDone {
            place: item.place,
            request,
            verdict,
            confidence,
            troubled,
        })
    }

    /// Looks up and waits for the end: what was held, and how many sources were in trouble.
    pub(super) async fn look_up_whole(
        &self,
        question: Question,
        asker: Asker,
    ) -> Result<(crate::lookups::RequestId, crate::Verdict, u8, u32), Unavailable> {
        let mut lookup = match self.look_up_for(&question, asker, None).await {
            Ok(lookup) => lookup,
            Err(LookUpError::Unavailable(error)) => return Err(error),
            // A source was deleted between two reads, or too much is under way: it comes again.
            Err(error) => return Err(Unavailable::new("the desk", error)),
        };
        let (mut verdict, mut confidence, mut troubled) = (crate::Verdict::Unknown, 0, 0);
        while let Some(event) = lookup.events.next().await {
            match event {
                LookupEvent::Answer(_) => {}
                LookupEvent::Trouble(_) => troubled += 1,
                LookupEvent::Finished(summary) => {
                    (verdict, confidence) = (summary.verdict, summary.confidence);
                }
            }
        }
        Ok((lookup.id, verdict, confidence, troubled))
    }
}
