//! One source, asked about one indicator: through its gate, within its time, written down.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use base::{Unavailable, UnixMicros};
use futures_util::FutureExt as _;
use indicator::Indicator;

use super::Inner;
use super::cache::{CacheKey, Cached};
use super::gate::{Gate, OUTCOMES_MAX, Rank, Refused};
use super::metered::Metered;
use crate::lookups::{AnswerRecord, Heard, NewAnswer, RequestId, Said, SourceRef};
use crate::sources::Configured;
use crate::upstream::Hop;
use crate::{Answer, Answered, Call, Evidence, Trouble};

/// How long a source is left alone that says it was asked too often, but not for how long.
const CLOSED_DEFAULT: Duration = Duration::from_mins(1);
/// How long at most, whatever it says.
const CLOSED_MAX: Duration = Duration::from_hours(24);
/// How often a question is asked at most when the upstream says that it was asked too often.
const TRIES_MAX: u32 = 3;
/// What an answer's record says of its form.
const ANSWER_VERSION: u32 = 1;

/// One question to one source.
#[derive(Clone)]
pub(super) struct Errand {
    pub(super) source: Arc<Configured>,
    pub(super) indicator: Arc<Indicator>,
    pub(super) request: RequestId,
    /// Whether somebody waits for the answer.
    pub(super) rank: Rank,
    /// Until when it may wait for its turn.
    pub(super) deadline: UnixMicros,
    pub(super) may_use_cache: bool,
}

/// How a call ended.
struct Ended {
    said: Said,
    /// The answer itself; its canonical form is evidence.
    evidence: Option<Evidence>,
    started: UnixMicros,
    took: Duration,
    trace: Vec<Hop>,
}

impl Inner {
    /// The answer to a question: from whoever asks the same already, or asked now.
    pub(super) async fn fetch(self: Arc<Self>, errand: Errand) -> Arc<AnswerRecord> {
        let key = CacheKey::of(&errand.source, &errand.indicator);
        loop {
            if errand.may_use_cache {
                // Somebody may have brought it since the plan was made.
                let now = self.parts.clock.now();
                let mut found = self.parts.cache.get(std::slice::from_ref(&key), now).await;
                let found = found.pop().flatten();
                if let Some(cached) = found.filter(|it| it.is_good(&errand.source, now)) {
                    return cached.answer;
                }
            }
            let begin = || {
                Arc::clone(&self)
                    .ask_and_record(errand.clone(), key.clone())
                    .boxed()
            };
            let (flight, is_ours) = self.flights.join(&key, begin);
            let answer = flight.await;
            // Whoever began it may have had less time to wait.
            let gave_up = matches!(answer.trouble(), Some(Trouble::RateLimited(_)));
            if is_ours || !gave_up || self.parts.clock.now() >= errand.deadline {
                return answer;
            }
        }
    }

    async fn ask_and_record(self: Arc<Self>, errand: Errand, key: CacheKey) -> Arc<AnswerRecord> {
        let (ended, gate) = match self.gate(&errand.source).await {
            Ok(gate) => (self.ask(&errand, &gate).await, Some(gate)),
            Err(error) => {
                tracing::error!(source = errand.source.slug, %error, "its quota is not known");
                (self.stopped(Trouble::InternalServerError), None)
            }
        };
        if let Some(gate) = gate {
            gate.ended(matches!(ended.said, Said::Trouble(_)));
        }
        self.tally
            .answered(&errand.source, &errand.indicator, &ended.said, ended.took);
        let answer = Arc::new(self.record(&errand, ended).await);
        self.keep(&errand.source, key, &answer).await;
        answer
    }

    /// Asks, and asks again if the upstream wants to be asked later and there is time.
    async fn ask(&self, errand: &Errand, gate: &Arc<Gate>) -> Ended {
        let clock = &*self.parts.clock;
        let mut tries = 1;
        loop {
            let admitted = gate.admit(errand.rank, clock, errand.deadline);
            let (_place, pass) = match admitted.await {
                Ok(admitted) => admitted,
                Err(refused) => return self.stopped(refused.into()),
            };
            let left = errand.deadline.since(clock.now());
            let Ok(_permit) = tokio::time::timeout(left, self.at_once.acquire()).await else {
                return self.stopped(Trouble::Timeout);
            };
            let started = clock.now();
            let until = started.plus(errand.source.time_max);
            let metered = Metered::new(&*self.parts.upstream, gate, clock, pass, until);
            let asked = self.call(errand, &metered).await;
            let known = metered.known();
            let asked = match known.starved {
                Some(refused) => Err(refused.into()),
                None => asked,
            };
            if let Err(Trouble::RateLimited(after)) = asked
                && known.starved.is_none()
            {
                let said = after.map(Duration::from_secs).or(known.retry_after);
                let closed = said.unwrap_or(CLOSED_DEFAULT).min(CLOSED_MAX);
                let open = clock.now().plus(closed);
                gate.close(open);
                if tries < TRIES_MAX && open <= errand.deadline {
                    tries += 1;
                    continue;
                }
                let trouble = Trouble::RateLimited(Some(closed.as_secs().max(1)));
                return self.ended(errand, Err(trouble), started, known.trace);
            }
            return self.ended(errand, asked, started, known.trace);
        }
    }

    async fn call(&self, errand: &Errand, metered: &Metered<'_>) -> Result<Answered, Trouble> {
        let source = &errand.source;
        let Ok(way) = source.way(&self.parts.vault) else {
            return Err(Trouble::Unauthorized); // It was taken away since the plan was made.
        };
        let call = Call {
            upstream: metered,
            way: &way,
            base: source.base.as_ref(),
        };
        let asked = AssertUnwindSafe(source.source.ask(&errand.indicator, &call)).catch_unwind();
        match tokio::time::timeout(source.time_max, asked).await {
            Ok(Ok(asked)) => asked,
            Ok(Err(_)) => {
                tracing::error!(source = source.slug, "a source panicked");
                Err(Trouble::InternalServerError)
            }
            Err(_) => Err(Trouble::Timeout),
        }
    }

    /// It was never asked.
    fn stopped(&self, trouble: Trouble) -> Ended {
        Ended {
            said: Said::Trouble(trouble),
            evidence: None,
            started: self.parts.clock.now(),
            took: Duration::ZERO,
            trace: Vec::new(),
        }
    }

    fn ended(
        &self,
        errand: &Errand,
        asked: Result<Answered, Trouble>,
        started: UnixMicros,
        trace: Vec<Hop>,
    ) -> Ended {
        let now = self.parts.clock.now();
        let (said, evidence) = match asked {
            Ok(answered) => self
                .evidence(errand, answered, now)
                .unwrap_or_else(|error| {
                    let what = format!("the answer cannot be written down: {error}");
                    (Said::Trouble(Trouble::ResponseError(what)), None)
                }),
            Err(trouble) => (Said::Trouble(trouble), None),
        };
        Ended {
            said,
            evidence,
            started,
            took: now.since(started),
            trace,
        }
    }

    fn evidence(
        &self,
        errand: &Errand,
        answered: Answered,
        now: UnixMicros,
    ) -> Result<(Said, Option<Evidence>), serde_json::Error> {
        let mut salt = [0; 16];
        self.parts.entropy.fill(&mut salt);
        let of = |data| Answer {
            version: ANSWER_VERSION,
            kind: errand.indicator.kind().wire().to_owned(),
            value: errand.indicator.value().to_owned(),
            source: errand.source.slug.clone(),
            source_version: errand.source.version.into(),
            answered_at_us: now.0,
            data,
            salt: hex::encode(salt),
        };
        let (said, data) = match answered {
            Answered::Nothing => (Said::Nothing, serde_json::Value::Null),
            Answered::Found(finding) => {
                let heard = Heard {
                    data: serde_json_canonicalizer::to_string(&finding.data)?.into(),
                    fields: finding.fields,
                    verdict: finding.verdict,
                    confidence: finding.confidence,
                    reasons: finding.reasons,
                    link: finding.link,
                };
                (Said::Found(heard), finding.data)
            }
        };
        Ok((said, Some(Evidence::of(&of(data))?)))
    }

    /// Writes an answer down; what cannot be written is shown all the same, without a number.
    async fn record(&self, errand: &Errand, ended: Ended) -> AnswerRecord {
        let new = NewAnswer {
            request: errand.request,
            indicator: Arc::clone(&errand.indicator),
            source: Arc::new(SourceRef::of(&errand.source)),
            said: ended.said,
            started: ended.started,
            took: ended.took,
            trace: ended.trace,
            evidence: ended.evidence,
        };
        let is_sealed = new.evidence.is_some();
        let written = self.answers.write(new.clone()).await;
        let written = match written {
            Ok(written) => {
                if is_sealed {
                    (self.parts.wake)();
                }
                Some(written)
            }
            Err(error) => {
                tracing::error!(source = errand.source.slug, %error, "an answer was not kept");
                None
            }
        };
        AnswerRecord {
            id: written.map(|written| written.id),
            request: new.request,
            indicator: new.indicator,
            source: new.source,
            said: new.said,
            started: new.started,
            took: new.took,
            trace: new.trace,
            evidence: written.and_then(|written| written.evidence),
        }
    }

    /// Puts an answer into the cache, for as long as its source's is as good as new.
    async fn keep(&self, source: &Configured, key: CacheKey, answer: &Arc<AnswerRecord>) {
        let seconds = match answer.said {
            Said::Found(_) => source.cache_s,
            Said::Nothing => source.nothing_cache_s,
            Said::Trouble(_) => return,
        };
        // What was not kept has no number that others could refer to.
        if seconds == 0 || answer.id.is_none() {
            return;
        }
        let cached = Cached {
            expires: answer.ended().plus(Duration::from_secs(seconds.into())),
            answer: Arc::clone(answer),
        };
        self.parts
            .cache
            .put(key, cached, self.parts.clock.now())
            .await;
    }

    /// The gate of a source, with what was used of its quotas before this process began.
    pub(super) async fn gate(&self, source: &Configured) -> Result<Arc<Gate>, Unavailable> {
        let known = self.gates.read().get(&source.id).cloned();
        let gate = if let Some(gate) = known {
            gate
        } else {
            let used = self.parts.store.used(source.id).await?;
            let gate = Gate::new(source.id, self.settings.per_source_max, &used);
            let troubles = self.parts.store.last_troubles(source.id, OUTCOMES_MAX);
            for is_trouble in troubles.await?.into_iter().rev() {
                gate.ended(is_trouble);
            }
            let mut gates = self.gates.write();
            Arc::clone(gates.entry(source.id).or_insert_with(|| Arc::new(gate)))
        };
        gate.set_windows(&source.windows);
        Ok(gate)
    }

    /// How long a request to this source would wait; `None`: not at all, or nobody knows.
    pub(super) async fn expected_wait(
        &self,
        source: &Configured,
        now: UnixMicros,
    ) -> Option<Duration> {
        if source.windows.is_empty() && !self.gates.read().contains_key(&source.id) {
            return None;
        }
        self.gate(source).await.ok()?.expected_wait(now)
    }
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLong(after) => Self::RateLimited(after.map(|after| after.as_secs().max(1))),
            Refused::Busy => Self::Timeout,
        }
    }
}
