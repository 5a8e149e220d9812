//! What was asked and answered before: requests, an indicator's history, figures.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::{Unavailable, UnixMicros};
use indicator::Indicator;
use serde_json::Value;

use super::Desk;
use crate::lookups::{
    AnswerId, AnswerRecord, Cause, EvidenceId, LastVerdict, RequestFilter, RequestHour, RequestId,
    RequestRow, RequestState, SourceHour, SourceRef, StoredEvidence, StoredRequest,
};
use crate::{Change, Opinion, SourceId, Summary, difference};

/// Most answers that one history shows.
const HISTORY_ANSWERS_MAX: usize = 500;
/// Most requests that one page shows.
const PAGE_MAX: usize = 200;
/// Newest requests among which the indicators that are asked about most are looked for.
const MOST_ASKED_OF: usize = 100_000;

/// What is known of an indicator, and how it came to be known.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The indicator.
    pub indicator: Indicator,
    /// What the newest answers of all sources hold together; `None` when there are none.
    pub summary: Option<Summary>,
    /// By source, in the order of their slugs.
    pub sources: Vec<SourceHistory>,
    /// Where older answers begin, if there are any.
    pub older: Option<AnswerId>,
}

/// What one source said of an indicator, one time after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceHistory {
    /// The source, as it was when it answered last.
    pub source: Arc<SourceRef>,
    /// Newest first.
    pub entries: Vec<HistoryEntry>,
}

/// An answer, and what is new in it.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// The answer.
    pub answer: AnswerRecord,
    /// What differs from the source's answer before; `None` for the first that is known.
    pub changes: Option<Vec<Change>>,
}

/// Counters of a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// By hour, source and kind.
    pub sources: Vec<SourceHour>,
    /// By hour, kind and verdict.
    pub requests: Vec<RequestHour>,
}

impl Desk {
    /// A page of requests before `before`, newest first; at most 200.
    pub async fn requests(
        &self,
        filter: &RequestFilter,
        before: Option<RequestId>,
        limit: usize,
    ) -> Result<Vec<RequestRow>, Unavailable> {
        let store = &self.inner.parts.store;
        let mut rows = store.requests(filter, before, limit.min(PAGE_MAX)).await?;
        for row in &mut rows {
            row.state = self.state_of(row);
        }
        Ok(rows)
    }

    /// A request with everything that has come of it, also while it runs.
    pub async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>, Unavailable> {
        let mut request = self.inner.parts.store.request(id).await?;
        if let Some(request) = &mut request {
            request.row.state = self.state_of(&request.row);
        }
        Ok(request)
    }

    /// A request that runs by its row, but cannot any more, was broken off.
    fn state_of(&self, row: &RequestRow) -> RequestState {
        if row.state != RequestState::Running || self.inner.running.lock().contains(&row.id) {
            return row.state;
        }
        let settings = &self.inner.settings;
        let longest = match row.cause {
            Cause::Asked | Cause::Watch(_) => settings.lookup_time_max,
            Cause::Bulk(_) => self.inner.bulk_time_max(),
        };
        // Its process may be another one, and has to write down that it has ended.
        let ends = row.opened.plus(longest + Duration::from_secs(30));
        if self.inner.parts.clock.now() > ends {
            RequestState::BrokenOff
        } else {
            RequestState::Running
        }
    }

    /// What is known of an indicator, by source, with what changed from answer to answer; the newest
    /// 500 answers before `before`.
    pub async fn history(
        &self,
        indicator: &Indicator,
        before: Option<AnswerId>,
    ) -> Result<History, Unavailable> {
        let store = &self.inner.parts.store;
        // One more tells that there are older ones, and what the last is compared with.
        let answers = store.answers_about(indicator, before, HISTORY_ANSWERS_MAX + 1);
        let mut answers = answers.await?;
        let beyond = (answers.len() > HISTORY_ANSWERS_MAX)
            .then(|| answers.pop())
            .flatten();
        let older = beyond.as_ref().and(answers.last()).and_then(|last| last.id);
        let mut by_source: BTreeMap<(String, SourceId), Vec<AnswerRecord>> = BTreeMap::new();
        for answer in answers {
            let key = (answer.source.slug.clone(), answer.source.id);
            by_source.entry(key).or_default().push(answer);
        }
        let sources: Vec<_> = by_source
            .into_iter()
            .map(|((_, id), answers)| {
                let first_before = beyond.as_ref().filter(|one| one.source.id == id);
                source_history(answers, first_before)
            })
            .collect();
        let newest = sources.iter().filter_map(|one| one.entries.first());
        let opinions: Vec<Opinion> = newest.filter_map(|one| one.answer.opinion()).collect();
        Ok(History {
            indicator: indicator.clone(),
            summary: (!opinions.is_empty()).then(|| Summary::of(&opinions)),
            sources,
            older,
        })
    }

    /// What was last held of each indicator, in their order.
    pub async fn verdicts_of(
        &self,
        indicators: &[Indicator],
    ) -> Result<Vec<Option<LastVerdict>>, Unavailable> {
        self.inner.parts.store.last_verdicts(indicators).await
    }

    /// The canonical bytes of an answer, and the fact that is sealed.
    pub async fn evidence(&self, id: EvidenceId) -> Result<Option<StoredEvidence>, Unavailable> {
        self.inner.parts.store.evidence(id).await
    }

    /// Counters of the hours from one moment up to another. Those of the last seconds may be missing.
    pub async fn statistics(
        &self,
        from: UnixMicros,
        to: UnixMicros,
    ) -> Result<Statistics, Unavailable> {
        let store = &self.inner.parts.store;
        let hours = (
            crate::lookups::hour_of(from),
            crate::lookups::hour_of(to) + 1,
        );
        Ok(Statistics {
            sources: store.source_hours(hours.0, hours.1).await?,
            requests: store.request_hours(hours.0, hours.1).await?,
        })
    }

    /// The indicators that were asked about most often among the newest 100,000 requests.
    pub async fn most_asked(&self, limit: usize) -> Result<Vec<(Indicator, u64)>, Unavailable> {
        let store = &self.inner.parts.store;
        store.most_asked(MOST_ASKED_OF, limit.min(PAGE_MAX)).await
    }
}

/// One source's answers, newest first, each with what is new in it. `before` is older than all.
fn source_history(answers: Vec<AnswerRecord>, before: Option<&AnswerRecord>) -> SourceHistory {
    let source = Arc::clone(&answers[0].source);
    let data: Vec<Value> = answers.iter().chain(before).map(data).collect();
    let changes = |at: usize| Some(difference(data.get(at + 1)?, &data[at]));
    let entries = (0..).zip(answers).map(|(at, answer)| HistoryEntry {
        changes: changes(at),
        answer,
    });
    SourceHistory {
        source,
        entries: entries.collect(),
    }
}

/// The whole answer; null when the source knew nothing.
fn data(answer: &AnswerRecord) -> Value {
    let heard = answer.heard();
    heard.map_or(Value::Null, |heard| {
        serde_json::from_str(&heard.data).unwrap_or(Value::Null)
    })
}
