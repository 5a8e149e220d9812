//! A lookup: its request is written, its sources are asked at once, answers come as a stream.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base::{Actor, Unavailable, UnixMicros, UserId, Who};
use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::fetch::Errand;
use super::gate::Rank;
use super::plan::{Plan, Question, Skipped, UnknownSource};
use super::{Desk, Inner};
use crate::lookups::{
    AnswerRecord, Cause, Closing, NewRequest, RequestId, RequestState, Said, SourceRef,
};
use crate::{Opinion, SourceId, Summary, Trouble};

/// A lookup under way. Dropping it, or its events, cancels what it asked; what had come is kept.
pub struct Lookup {
    /// Its request.
    pub id: RequestId,
    /// What it does.
    pub plan: Plan,
    /// What comes of it, as it comes; ends after [`LookupEvent::Finished`].
    pub events: Events,
}

/// What comes of a lookup.
#[derive(Clone, Debug, PartialEq)]
pub enum LookupEvent {
    /// A source says something, or that it knows nothing.
    Answer(Delivery),
    /// There is no answer of a source.
    Trouble(Delivery),
    /// All have come: what they hold together.
    Finished(Summary),
}

/// An answer on its way to who asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The answer.
    pub answer: Arc<AnswerRecord>,
    /// How old it is; `None`: this lookup asked.
    pub age: Option<Duration>,
    /// Until when it was as good as new, if it was at hand.
    pub expires: Option<UnixMicros>,
}

/// Why there is no lookup.
#[derive(Debug, thiserror::Error)]
pub enum LookUpError {
    /// A source was chosen that does not exist.
    #[error(transparent)]
    UnknownSource(#[from] UnknownSource),
    /// Too many lookups are under way.
    #[error("too many lookups are under way")]
    Busy,
    /// Its request could not be written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The events of a lookup. Never more than its sources and one, so that who reads slowly holds
/// nobody up.
pub struct Events(Source);

enum Source {
    /// All were at hand.
    Ready(VecDeque<LookupEvent>),
    /// They come. The task that brings them ends when this is dropped.
    Live(mpsc::Receiver<LookupEvent>),
}

impl Stream for Events {
    type Item = LookupEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<LookupEvent>> {
        match &mut self.0 {
            Source::Ready(events) => Poll::Ready(events.pop_front()),
            Source::Live(events) => events.poll_recv(cx),
        }
    }
}

/// Who asks, why, and how long they wait.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) user: Option<UserId>,
    pub(super) who: &'static str,
    pub(super) trace: Option<String>,
    pub(super) cause: Cause,
    /// How long it waits for a quota.
    pub(super) patience: Duration,
    /// How long it waits for everything.
    pub(super) time_max: Duration,
}

impl Desk {
    /// Looks an indicator up: writes the request, asks every source that the plan names at once,
    /// streams what comes.
    ///
    /// # Errors
    /// When a source was chosen that does not exist, too much is under way, or the store does not
    /// answer.
    pub async fn look_up(&self, question: &Question, actor: &Actor) -> Result<Lookup, LookUpError> {
        let settings = &self.inner.settings;
        let asker = Asker {
            user: actor.user(),
            who: who(actor.who),
            trace: actor.request.clone(),
            cause: Cause::Asked,
            patience: settings.patience,
            time_max: settings.lookup_time_max,
        };
        let lookups = Arc::clone(&self.inner.lookups);
        let permit = lookups.try_acquire_owned().map_err(|_| LookUpError::Busy)?;
        self.look_up_for(question, asker, Some(permit)).await
    }

    pub(super) async fn look_up_for(
        &self,
        question: &Question,
        asker: Asker,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Lookup, LookUpError> {
        let plan = self.plan(question).await?;
        let now = self.inner.parts.clock.now();
        let at_hand: Vec<Delivery> = plan
            .asked
            .iter()
            .filter_map(|one| {
                let cached = one.cached.as_ref()?;
                Some(Delivery {
                    answer: Arc::clone(&cached.answer),
                    age: Some(now.since(cached.answer.ended())),
                    expires: Some(cached.expires),
                })
            })
            .collect();
        let awaited: Vec<_> = plan
            .asked
            .iter()
            .filter(|one| one.cached.is_none())
            .collect();
        let mut request = NewRequest {
            indicator: Arc::clone(&plan.indicator),
            user: asker.user,
            who: asker.who,
            trace: asker.trace,
            cause: asker.cause,
            tlp: plan.tlp,
            asked: awaited
                .iter()
                .map(|one| Arc::new(SourceRef::of(&one.source)))
                .collect(),
            skipped: plan.skipped.iter().filter_map(Skipped::reference).collect(),
            opened: now,
            closing: None,
        };
        let kind = plan.indicator.kind();
        let borrowed = at_hand.iter().map(|one| one.answer.source.id);
        self.inner.tally.borrowed(borrowed, kind);
        if awaited.is_empty() {
            let (closing, summary) = closing(None, &at_hand, RequestState::Finished, now);
            self.inner
                .tally
                .closed(kind, closing.verdict, !at_hand.is_empty());
            request.closing = Some(closing);
            let id = self.inner.requests.write(request).await?;
            let answers = at_hand.into_iter().map(LookupEvent::of);
            let events = answers.chain([LookupEvent::Finished(summary)]).collect();
            return Ok(Lookup {
                id,
                plan,
                events: Events(Source::Ready(events)),
            });
        }
        let errands: Vec<_> = awaited
            .into_iter()
            .map(|one| Arc::clone(&one.source))
            .collect();
        let id = self.inner.requests.write(request).await?;
        // Room for all of them: the task never waits for who reads.
        let (sender, receiver) = mpsc::channel(plan.asked.len() + 1);
        let drive = Drive {
            desk: Arc::clone(&self.inner),
            id,
            kind,
            delivered: Vec::with_capacity(plan.asked.len()),
            events: sender,
            ends: now.plus(asker.time_max),
            permit,
        };
        let rank = match asker.cause {
            Cause::Asked => Rank::Person,
            Cause::Bulk(_) | Cause::Watch(_) => Rank::Background,
        };
        let errand = |source| Errand {
            source,
            rank,
            indicator: Arc::clone(&plan.indicator),
            request: id,
            deadline: now.plus(asker.patience),
            may_use_cache: question.may_use_cache,
        };
        let errands = errands.into_iter().map(errand).collect();
        self.inner.running.lock().insert(id);
        tokio::spawn(drive.run(at_hand, errands));
        Ok(Lookup {
            id,
            plan,
            events: Events(Source::Live(receiver)),
        })
    }
}

impl LookupEvent {
    /// What a delivery is.
    pub fn of(delivery: Delivery) -> Self {
        match delivery.answer.said {
            Said::Found(_) | Said::Nothing => Self::Answer(delivery),
            Said::Trouble(_) => Self::Trouble(delivery),
        }
    }
}

/// The task behind a lookup.
struct Drive {
    desk: Arc<Inner>,
    id: RequestId,
    kind: indicator::Kind,
    delivered: Vec<Delivery>,
    events: mpsc::Sender<LookupEvent>,
    ends: UnixMicros,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drive {
    async fn run(mut self, at_hand: Vec<Delivery>, errands: Vec<Errand>) {
        let mut state = RequestState::Finished;
        for delivery in at_hand {
            self.deliver(delivery);
        }
        let began = self.desk.parts.clock.now();
        let mut awaited: Vec<Errand> = errands.clone();
        let mut fetches: FuturesUnordered<_> = errands
            .into_iter()
            .map(|errand| {
                let source = errand.source.id;
                let answer = Arc::clone(&self.desk).fetch(errand);
                async move { (source, answer.await) }
            })
            .collect();
        let out_of_time = tokio::time::sleep(self.ends.since(began));
        tokio::pin!(out_of_time);
        loop {
            tokio::select! {
                biased;
                () = self.events.closed() => {
                    state = RequestState::Cancelled;
                    break;
                }
                next = fetches.next() => match next {
                    Some((source, answer)) => {
                        awaited.retain(|errand| errand.source.id != source);
                        self.deliver_fetched(answer);
                    }
                    None => break,
                },
                () = &mut out_of_time => {
                    for errand in awaited.drain(..) {
                        self.deliver(late(&errand, began, self.desk.parts.clock.now()));
                    }
                    break;
                }
            }
        }
        // What is still under way is cancelled before the request says that it has ended.
        drop(fetches);
        self.close(state).await;
    }

    fn deliver_fetched(&mut self, answer: Arc<AnswerRecord>) {
        let is_own = answer.request == self.id;
        let age = self.desk.parts.clock.now().since(answer.ended());
        if !is_own {
            self.desk
                .tally
                .borrowed([answer.source.id].into_iter(), self.kind);
        }
        self.deliver(Delivery {
            age: (!is_own).then_some(age),
            expires: None,
            answer,
        });
    }

    fn deliver(&mut self, delivery: Delivery) {
        self.delivered.push(delivery.clone());
        // It is gone, or there is room: one place for each source and one for the end.
        let _ = self.events.try_send(LookupEvent::of(delivery));
    }

    async fn close(self, state: RequestState) {
        let now = self.desk.parts.clock.now();
        let (closing, summary) = closing(Some(self.id), &self.delivered, state, now);
        if state == RequestState::Finished {
            self.desk.tally.closed(self.kind, closing.verdict, false);
        }
        if let Err(error) = self.desk.closings.write((self.id, closing)).await {
            tracing::error!(request = self.id.0, %error, "a request was not closed");
        }
        self.desk.running.lock().remove(&self.id);
        drop(self.permit);
        let _ = self.events.try_send(LookupEvent::Finished(summary));
    }
}

/// The lookup's own time ran out before this source's.
fn late(errand: &Errand, began: UnixMicros, now: UnixMicros) -> Delivery {
    Delivery {
        answer: Arc::new(AnswerRecord {
            id: None,
            request: errand.request,
            indicator: Arc::clone(&errand.indicator),
            source: Arc::new(SourceRef::of(&errand.source)),
            said: Said::Trouble(Trouble::Timeout),
            started: began,
            took: now.since(began),
            trace: Vec::new(),
            evidence: None,
        }),
        age: None,
        expires: None,
    }
}

/// How a request ends that brought these answers; `id` is its own, if it asked anybody.
fn closing(
    id: Option<RequestId>,
    delivered: &[Delivery],
    state: RequestState,
    now: UnixMicros,
) -> (Closing, Summary) {
    let answers = || delivered.iter().map(|one| &one.answer);
    let opinions: Vec<Opinion> = answers().filter_map(|one| one.opinion()).collect();
    let summary = Summary::of(&opinions);
    let borrowed = answers().filter(|one| Some(one.request) != id);
    let troubled = answers().filter(|one| one.trouble().is_some()).count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let closing = Closing {
        state,
        verdict: summary.verdict,
        confidence: summary.confidence,
        is_disputed: summary.is_disputed,
        borrowed: borrowed.filter_map(|one| one.id).collect(),
        answered: count(delivered.len() - troubled),
        troubled: count(troubled),
        closed: now,
    };
    (closing, summary)
}

/// Who asks, as rows have it.
fn who(who: Who) -> &'static str {
    match who {
        Who::Stranger => "stranger",
        Who::Person(..) => "person",
        Who::Program(..) => "program",
        Who::Password(_) => "password",
        Who::Product => "product",
    }
}

/// The sources of a question that still exist: one may have been deleted since it was written down.
pub(super) fn existing(
    sources: Option<Vec<SourceId>>,
    registry: &crate::sources::Sources,
) -> Option<Vec<SourceId>> {
    let exists = |id: &SourceId| registry.by_id(*id).is_some();
    sources.map(|ids| ids.into_iter().filter(exists).collect())
}
