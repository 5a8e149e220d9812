//! Lets schedules fire. Any number of processes may run one: the time that is due is compared and
//! set in the transaction that writes the job, so each time fires once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base::{Unavailable, UnixMicros};
use tokio::time::sleep;

use crate::{Jobs, Misfire, Schedule};

/// Later than this, a time has been missed.
const LATE_MAX: Duration = Duration::from_mins(1);
/// Longest sleep: the clock may be set, and other processes may be first.
const SLEEP_MAX: Duration = Duration::from_mins(1);
/// Waits after the store did not answer, doubling from the first to the last.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Lets schedules fire, each at its time.
pub struct Scheduler {
    jobs: Arc<Jobs>,
    schedules: Vec<Schedule>,
}

impl Scheduler {
    /// A scheduler that knows no schedule yet.
    pub fn new(jobs: &Arc<Jobs>) -> Self {
        Self {
            jobs: Arc::clone(jobs),
            schedules: Vec::new(),
        }
    }

    /// Lets it fire `schedule` too.
    ///
    /// # Panics
    /// When it has one of that name already.
    #[must_use]
    pub fn with(mut self, schedule: Schedule) -> Self {
        let name = schedule.name;
        assert!(
            self.schedules.iter().all(|known| known.name != name),
            "two schedules are called {name}"
        );
        self.schedules.push(schedule);
        self
    }

    /// Fires until `stop`.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        let mut retry = RETRY_MIN;
        loop {
            let wait = match self.fire_due().await {
                Ok(next) => {
                    retry = RETRY_MIN;
                    let until = |next: UnixMicros| next.since(self.jobs.clock().now());
                    next.map_or(SLEEP_MAX, until).min(SLEEP_MAX)
                }
                Err(error) => {
                    tracing::warn!(%error, "schedules could not be looked at");
                    retry = (retry * 2).min(RETRY_MAX);
                    retry
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = sleep(wait) => {}
            }
        }
    }

    /// Fires what is due; answers when the next is.
    pub async fn fire_due(&self) -> Result<Option<UnixMicros>, Unavailable> {
        let mut soonest: Option<UnixMicros> = None;
        for schedule in &self.schedules {
            let next = self.look(schedule).await?;
            soonest = [soonest, next].into_iter().flatten().min();
        }
        Ok(soonest)
    }

    async fn look(&self, schedule: &Schedule) -> Result<Option<UnixMicros>, Unavailable> {
        let now = self.jobs.clock().now();
        let Some(next) = schedule.rule.after(now) else {
            return Ok(None);
        };
        let (name, rule) = (schedule.name, schedule.rule.to_string());
        let due = self.jobs.store().plan(name, &rule, next).await?.next;
        if due > now {
            return self.unwind(schedule, due, next, now).await.map(Some);
        }
        let missed = now.since(due) > LATE_MAX;
        let job = match schedule.misfire {
            Misfire::Skip if missed => {
                tracing::info!(schedule = name, "a time was missed and is skipped");
                None
            }
            _ => {
                let mut job = schedule.job.clone();
                job.unique.get_or_insert_with(|| format!("schedule/{name}"));
                Some(job)
            }
        };
        let fires = job.is_some();
        let store = self.jobs.store();
        if store.fire(name, due, next, job, now).await? && fires {
            tracing::debug!(schedule = name, "fired");
            self.jobs.ring();
        }
        Ok(Some(next))
    }

    /// A due time that lies beyond the next two was remembered by a clock that was ahead: without
    /// this the schedule would wait for it.
    async fn unwind(
        &self,
        schedule: &Schedule,
        due: UnixMicros,
        next: UnixMicros,
        now: UnixMicros,
    ) -> Result<UnixMicros, Unavailable> {
        let second = schedule.rule.after(next);
        if second.is_none_or(|second| due <= second) {
            return Ok(due);
        }
        tracing::warn!(
            schedule = schedule.name,
            "it was planned by a clock that was ahead"
        );
        let store = self.jobs.store();
        store.fire(schedule.name, due, next, None, now).await?;
        Ok(next)
    }
}
