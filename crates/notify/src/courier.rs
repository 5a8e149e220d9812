//! Delivering notices, as background jobs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::{Clock, Unavailable, UnixMicros};
use jobs::{Attempt, Job, Jobs, Misfire, NewJob, Outcome, Rule, Schedule};
use serde::{Deserialize, Serialize};

use crate::notice::KEPT_FOR;
use crate::{Delivery, Envelope, NoticeId, Progress, State, Store, Transports};

/// Longest time for one attempt; transports have limits of their own below it.
const ATTEMPT_MAX: Duration = Duration::from_mins(2);
/// How often old notices are swept, and lost ones found.
const SWEEP_EVERY: Duration = Duration::from_mins(5);
/// Most notices deleted, and most looked at, in one step.
const STEP_MAX: usize = 1000;
/// The wait after the first attempt that was put off, and after all later ones: greylisting lets a
/// letter through after one to five minutes, a server that is down comes back when it does.
const WAITS_S: [u64; 6] = [30, 60, 120, 300, 600, 1800];

/// So long before the words are worth nothing comes the last attempt.
const LAST: Duration = Duration::from_secs(15);

/// Hands notices to transports, and remembers what came of it.
pub struct Courier {
    store: Arc<dyn Store>,
    jobs: Arc<Jobs>,
    transports: Transports,
    clock: Arc<dyn Clock>,
}

impl Courier {
    /// Over a store and the transports that are set.
    pub fn new(
        store: Arc<dyn Store>,
        jobs: Arc<Jobs>,
        transports: Transports,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            jobs,
            transports,
            clock,
        }
    }

    /// What has to happen again and again: [`Sweep`].
    pub fn schedule() -> Schedule {
        Schedule {
            name: Sweep::NAME,
            rule: Rule::every(SWEEP_EVERY),
            misfire: Misfire::RunOnce,
            job: NewJob::of(&Sweep {}),
        }
    }

    /// One attempt at one notice.
    async fn deliver(&self, id: NoticeId) -> Result<Outcome, Unavailable> {
        let Some(notice) = self.store.notice(id).await? else {
            return Ok(Outcome::Done); // Swept while it waited.
        };
        let envelope = &notice.envelope;
        if envelope.state == State::Sent {
            return Ok(Outcome::Done); // Sent, but the mark was lost with its process.
        }
        let now = self.clock.now();
        if now > envelope.expires {
            let last = envelope.answer.as_deref().unwrap_or("it was never tried");
            let why = format!("its words are worth nothing any more; the last answer was: {last}");
            return self.give_up(id, why, now).await;
        }
        let Some(transport) = self.transports.of(envelope.to.channel()) else {
            // The settings changed meanwhile.
            let why = "no transport is set any more".to_owned();
            self.record(id, State::Kept, why, now).await?;
            return Ok(Outcome::Done);
        };
        let delivery = transport.deliver(&notice).await;
        let now = self.clock.now();
        match delivery {
            Delivery::Taken(answer) => {
                tracing::info!(notice = id.0, about = envelope.about, "a notice was sent");
                self.record(id, State::Sent, answer, now).await?;
                Ok(Outcome::Done)
            }
            Delivery::NotNow(answer) => {
                tracing::warn!(
                    notice = id.0,
                    about = envelope.about,
                    answer,
                    "a notice waits"
                );
                self.record(id, State::Waiting, answer, now).await?;
                Ok(Outcome::Later(wait(envelope, now)))
            }
            Delivery::Refused(answer) => self.give_up(id, answer, now).await,
        }
    }

    /// For good, unless somebody replays the job.
    async fn give_up(
        &self,
        id: NoticeId,
        why: String,
        now: UnixMicros,
    ) -> Result<Outcome, Unavailable> {
        tracing::warn!(notice = id.0, why, "a notice was given up");
        self.record(id, State::Failed, why.clone(), now).await?;
        Ok(Outcome::GiveUp(why))
    }

    async fn record(
        &self,
        id: NoticeId,
        state: State,
        answer: String,
        at: UnixMicros,
    ) -> Result<(), Unavailable> {
        let answer = answer.replace('\0', " ");
        let progress = Progress { state, answer, at };
        // `false`: swept meanwhile, or sent by an attempt that was given up for dead.
        self.store.record_attempt(id, progress).await.map(drop)
    }

    /// Deletes what is old, and writes a job for every notice that waits: one whose process died
    /// between writing it down and writing its job has none.
    async fn sweep(&self) -> Result<(), Unavailable> {
        let age = i64::try_from(KEPT_FOR.as_micros()).unwrap_or(i64::MAX);
        let before = UnixMicros(self.clock.now().0.saturating_sub(age));
        let rows_max = u32::try_from(STEP_MAX).unwrap_or(u32::MAX);
        while self.store.sweep_notices(before, rows_max).await? == rows_max {}
        let mut after = None;
        loop {
            let waiting = self.store.waiting_notices(after, STEP_MAX).await?;
            let is_last = waiting.len() < STEP_MAX;
            after = waiting.last().copied();
            let owed: Vec<NewJob> = waiting.into_iter().map(Deliver::job).collect();
            if !owed.is_empty() {
                self.jobs.enqueue_many(owed).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// How long until the next attempt; the last one is drawn forward to be in time.
fn wait(envelope: &Envelope, now: UnixMicros) -> Duration {
    let tried = usize::try_from(envelope.attempts).unwrap_or(usize::MAX);
    let wait = Duration::from_secs(WAITS_S[tried.min(WAITS_S.len() - 1)]);
    let left = envelope.expires.since(now);
    if wait < left {
        wait
    } else if left > 2 * LAST {
        left.saturating_sub(LAST)
    } else {
        // Only to say that it has expired.
        left + Duration::from_secs(1)
    }
}

/// Delivers one notice. Running twice may deliver it twice, as with all mail; its key tells the
/// copy.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deliver {
    /// Its number. The words stay where they expire.
    pub notice: i64,
}

impl Deliver {
    /// The job for a notice; there is never more than one at a time.
    pub(crate) fn job(id: NoticeId) -> NewJob {
        NewJob::of(&Self { notice: id.0 }).unique(id.0.to_string())
    }
}

#[async_trait]
impl Job for Deliver {
    const NAME: &'static str = "notify.deliver";
    const LEASE: Duration = ATTEMPT_MAX;
    type Room = Courier;

    async fn run(&self, courier: &Courier, _: Attempt) -> Result<Outcome, Unavailable> {
        courier.deliver(NoticeId(self.notice)).await
    }
}

/// Deletes old notices, and finds those that nobody delivers. Running twice is harmless.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sweep {}

#[async_trait]
impl Job for Sweep {
    const NAME: &'static str = "notify.sweep";
    const KEEP: bool = false;
    type Room = Courier;

    async fn run(&self, courier: &Courier, _: Attempt) -> Result<Outcome, Unavailable> {
        courier.sweep().await?;
        Ok(Outcome::Done)
    }
}
