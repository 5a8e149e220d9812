//! Watches: an indicator is looked at again and again, and its owner is told of what changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::{Actor, Unavailable};
use futures_util::StreamExt as _;
use indicator::Indicator;
use jobs::{Attempt, Job, Misfire, NewJob, Outcome, Rule, Schedule};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Desk;
use super::lookup::{Asker, existing};
use super::plan::Question;
use crate::lookups::{
    AnswerRecord, Cause, NewWatch, RequestId, SourceRef, StoredRequest, Watch, WatchFilter,
    WatchId, Watched,
};
use crate::{Change, SourceId, Tlp, Verdict, difference};

/// How often a watched indicator is looked at, at most.
pub const WATCH_EVERY_MIN: Duration = Duration::from_mins(10);
/// How often, at least: a year.
const WATCH_EVERY_MAX: Duration = Duration::from_hours(24 * 366);
/// How often it is looked which are due.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Watches read at a time.
const READ_AT_ONCE: usize = 100;
/// Most watches on one page.
const PAGE_MAX: usize = 200;
/// Earlier answers among which the one before is looked for.
const EARLIER_MAX: usize = 200;

/// Why there is no watch.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Nobody is there to be told.
    #[error("only somebody with an account can watch")]
    Nobody,
    /// It is too often or too seldom.
    #[error("an indicator is looked at every 10 minutes at most, and once a year at least")]
    Every,
    /// A source was chosen that does not exist.
    #[error("there is no source of number {}", .0.0)]
    UnknownSource(SourceId),
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A watched indicator is not what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct IndicatorChanged {
    /// The watch, as it was before this look.
    pub watch: Watch,
    /// The request that found it.
    pub request: RequestId,
    /// What was held before.
    pub before: Verdict,
    /// What is held now.
    pub after: Verdict,
    /// Sources that say something else.
    pub sources: Vec<SourceChange>,
}

/// A source that says something else.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceChange {
    /// The source.
    pub source: Arc<SourceRef>,
    /// What it held before.
    pub before: Verdict,
    /// What it holds now.
    pub after: Verdict,
    /// Fields that are shown and differ.
    pub changes: Vec<Change>,
}

/// Tells people. May be told twice of the same, after a crash.
#[async_trait]
pub trait Tell: Send + Sync {
    /// A watched indicator changed: its owner wants to know.
    async fn indicator_changed(&self, change: &IndicatorChanged) -> Result<(), Unavailable>;
}

/// Looks at every watched indicator that is due. Running twice is harmless: a look is written down
/// once.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LookAgain {}

impl LookAgain {
    /// Once a minute.
    pub fn schedule() -> Schedule {
        Schedule {
            name: "intel.watches",
            rule: Rule::every(LOOK_EVERY),
            misfire: Misfire::RunOnce,
            job: NewJob::of(&Self {}).unique("watches"),
        }
    }
}

#[async_trait]
impl Job for LookAgain {
    const NAME: &'static str = "intel.watches";
    const TIME_MAX: Duration = Duration::from_hours(2);
    const KEEP: bool = false;
    const AT_ONCE_MAX: Option<usize> = Some(1);
    type Room = Desk;

    async fn run(&self, desk: &Desk, _: Attempt) -> Result<Outcome, Unavailable> {
        desk.look_again().await?;
        Ok(Outcome::Done)
    }
}

impl Desk {
    /// Watches an indicator from now on; the first look is at once, the next one after `every`.
    ///
    /// # Errors
    /// When nobody has an account, `every` is out of its range, or the store does not answer.
    pub async fn watch(
        &self,
        indicator: Indicator,
        sources: Option<Vec<SourceId>>,
        tlp: Tlp,
        every: Duration,
        actor: &Actor,
    ) -> Result<WatchId, WatchError> {
        let user = actor.user().ok_or(WatchError::Nobody)?;
        if !(WATCH_EVERY_MIN..=WATCH_EVERY_MAX).contains(&every) {
            return Err(WatchError::Every);
        }
        let parts = &self.inner.parts;
        let registry = parts.registry.current();
        let mut chosen = sources.iter().flatten();
        if let Some(unknown) = chosen.find(|id| registry.by_id(**id).is_none()) {
            return Err(WatchError::UnknownSource(*unknown));
        }
        let now = parts.clock.now();
        let watch = NewWatch {
            user,
            indicator,
            sources,
            tlp,
            every,
            next: now,
            created: now,
        };
        let made = parts.store.insert_watch(watch).await?;
        made.ok_or(WatchError::Nobody)
    }

    /// One watch.
    pub async fn watch_by_id(&self, id: WatchId) -> Result<Option<Watch>, Unavailable> {
        self.inner.parts.store.watch(id).await
    }

    /// At most `limit` watches before `before`, newest first.
    pub async fn watches(
        &self,
        filter: &WatchFilter,
        before: Option<WatchId>,
        limit: usize,
    ) -> Result<Vec<Watch>, Unavailable> {
        let store = &self.inner.parts.store;
        store.watches(filter, before, limit.min(PAGE_MAX)).await
    }

    /// Ends a watch; `false` when there is none of this number.
    pub async fn unwatch(&self, id: WatchId) -> Result<bool, Unavailable> {
        self.inner.parts.store.delete_watch(id).await
    }

    /// Looks at every watched indicator that is due, several at once; answers how many.
    ///
    /// # Errors
    /// When the store or a teller did not answer for one of them; the others of its batch were looked
    /// at all the same.
    pub async fn look_again(&self) -> Result<usize, Unavailable> {
        let parts = &self.inner.parts;
        let mut looked = 0;
        loop {
            let due = parts.store.due_watches(parts.clock.now(), READ_AT_ONCE);
            let due = due.await?;
            if due.is_empty() {
                return Ok(looked);
            }
            let looks = futures_util::stream::iter(due.into_iter().map(|it| self.look_at(it)));
            let looks = looks.buffer_unordered(self.inner.settings.bulk_at_once);
            for look in looks.collect::<Vec<_>>().await {
                look?;
                looked += 1;
            }
        }
    }

    async fn look_at(&self, watch: Watch) -> Result<(), Unavailable> {
        let parts = &self.inner.parts;
        let registry = parts.registry.current();
        let question = Question {
            indicator: watch.indicator.clone(),
            sources: existing(watch.sources.clone(), &registry),
            tlp: watch.tlp,
            may_use_cache: false,
        };
        let asker = Asker {
            user: Some(watch.user),
            who: "product",
            trace: None,
            cause: Cause::Watch(watch.id),
            // A source whose quota is used up is looked at the next time.
            patience: self.inner.settings.patience,
            time_max: self.inner.settings.lookup_time_max,
        };
        let (request, verdict, ..) = self.look_up_whole(question, asker).await?;
        let sources = match watch.last {
            Some(last) => self.changes(last, request).await?,
            None => Vec::new(), // Everything is new, which nobody has to be told.
        };
        let now = parts.clock.now();
        let is_changed = watch.last.is_some() && (verdict != watch.verdict || !sources.is_empty());
        let watched = Watched {
            watch: watch.id,
            due: watch.next,
            next: now.plus(watch.every),
            request,
            verdict,
            changed: is_changed.then_some(now),
        };
        if is_changed {
            // Before it is written down: after a crash somebody is told twice, not never.
            let change = IndicatorChanged {
                request,
                before: watch.verdict,
                after: verdict,
                sources,
                watch,
            };
            parts.tell.indicator_changed(&change).await?;
        }
        parts.store.record_watched(watched).await?;
        Ok(())
    }

    /// What sources say in a request that they did not say before it.
    async fn changes(
        &self,
        last: RequestId,
        request: RequestId,
    ) -> Result<Vec<SourceChange>, Unavailable> {
        let store = &self.inner.parts.store;
        let (Some(last), Some(now)) = (store.request(last).await?, store.request(request).await?)
        else {
            return Ok(Vec::new());
        };
        let mut before = answers_of(&last);
        let answers = answers_of(&now);
        if answers.keys().any(|source| !before.contains_key(source)) {
            // A source that was in trouble then is compared with what it said before that.
            let oldest = last.answers.iter().filter_map(|one| one.id).min();
            let indicator = &now.row.indicator;
            let earlier = store.answers_about(indicator, oldest, EARLIER_MAX).await?;
            for answer in earlier {
                before.entry(answer.source.id).or_insert(answer);
            }
        }
        let mut changes: Vec<SourceChange> = answers
            .into_iter()
            .filter_map(|(source, answer)| change(before.get(&source)?, &answer))
            .collect();
        changes.sort_by(|one, other| one.source.slug.cmp(&other.source.slug));
        Ok(changes)
    }
}

/// What each source said in a request.
fn answers_of(request: &StoredRequest) -> HashMap<SourceId, AnswerRecord> {
    let answered = request.answers.iter().filter(|one| one.trouble().is_none());
    answered.map(|one| (one.source.id, one.clone())).collect()
}

/// How two answers of a source differ in verdict or in what is shown.
fn change(before: &AnswerRecord, after: &AnswerRecord) -> Option<SourceChange> {
    let changes = difference(&shown(before), &shown(after));
    let verdict =
        |answer: &AnswerRecord| answer.opinion().map_or(Verdict::Unknown, |one| one.verdict);
    let (held, holds) = (verdict(before), verdict(after));
    (held != holds || !changes.is_empty()).then(|| SourceChange {
        source: Arc::clone(&after.source),
        before: held,
        after: holds,
        changes,
    })
}

/// What is shown of an answer, by name.
fn shown(answer: &AnswerRecord) -> Value {
    let fields = answer.heard().map_or(&[][..], |heard| &heard.fields[..]);
    let by_name = fields.iter().map(|field| {
        let values = Value::Array(field.values.clone());
        (field.name.clone(), values)
    });
    Value::Object(by_name.collect())
}
