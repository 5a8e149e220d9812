//! The loop that runs jobs: leases what is due, runs it within bounds, writes down how it ended.
//!
//! It sleeps until it is woken: by the bell, by an attempt that ended and left others waiting for
//! its place, or when the earliest job is due.

mod attempt;
mod kind;
mod settler;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base::UnixMicros;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use self::attempt::attempt;
use self::kind::Kind;
use self::settler::Desk;
use crate::{End, Ended, Fence, Job, Jobs, Leased, Leases, Want};

/// Waits after the store did not answer, doubling from the first to the last.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// Least wait for what is due already but was not given: another worker is just taking it.
const SOON: Duration = Duration::from_millis(1);
/// How many attempts of a kind that runs together are made at once, unless it says so.
const BATCHES_AT_ONCE: usize = 1;

/// Runs the jobs whose kinds it was given. Jobs of other kinds stay where they are, for a process
/// that knows them, and are shown to people as waiting.
pub struct Worker {
    jobs: Arc<Jobs>,
    kinds: Vec<Kind>,
}

/// What one run of the loop knows.
struct Running {
    jobs: Arc<Jobs>,
    kinds: Vec<Kind>,
    desk: Desk,
    tasks: JoinSet<usize>,
    /// Attempts under way of each kind.
    under_way: Vec<usize>,
    /// What each task has in hand, to be given back when it is cut off.
    in_hand: HashMap<tokio::task::Id, (AbortHandle, Vec<Fence>)>,
    retry: Duration,
}

/// When to look for work again, unless something happens before.
struct Next {
    after: Duration,
    /// Work waits for a place: look as soon as an attempt ends.
    is_full: bool,
}

impl Worker {
    /// A worker that can do nothing yet.
    pub fn new(jobs: &Arc<Jobs>) -> Self {
        Self {
            jobs: Arc::clone(jobs),
            kinds: Vec::new(),
        }
    }

    /// Lets it run jobs of type `J` on `room`.
    ///
    /// # Panics
    /// When it has a kind of that name already: names are unique in the whole product.
    #[must_use]
    pub fn with<J: Job>(mut self, room: Arc<J::Room>) -> Self {
        assert!(
            self.kinds.iter().all(|kind| kind.name != J::NAME),
            "two kinds of job are called {}",
            J::NAME
        );
        self.kinds.push(Kind::of::<J>(room));
        self
    }

    /// The names of the kinds that it can run.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.kinds.iter().map(|kind| kind.name)
    }

    /// Runs jobs until `stop`. Then nothing is begun any more; what runs may end within
    /// [`crate::Settings::drain`], and is given back after it without counting as a failure.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let mut bell = self.jobs.listen();
        let (desk, settler) = settler::open(&self.jobs);
        let settler = tokio::spawn(settler);
        let mut running = Running {
            under_way: vec![0; self.kinds.len()],
            jobs: self.jobs,
            kinds: self.kinds,
            desk,
            tasks: JoinSet::new(),
            in_hand: HashMap::new(),
            retry: RETRY_MIN,
        };
        tokio::pin!(stop);
        'looking: loop {
            bell.mark_unchanged();
            // Never broken off: what was leased would lie there until its lease ends.
            let next = running.look().await;
            let wake = sleep(next.after);
            tokio::pin!(wake);
            loop {
                tokio::select! {
                    biased;
                    () = &mut stop => break 'looking,
                    Some(ended) = running.tasks.join_next_with_id() => {
                        running.ended(ended);
                        while let Some(ended) = running.tasks.try_join_next_with_id() {
                            running.ended(ended);
                        }
                        if next.is_full {
                            continue 'looking;
                        }
                    }
                    // An error means that nobody can ring any more; the jobs hold the bell.
                    _ = bell.changed() => continue 'looking,
                    () = &mut wake => continue 'looking,
                }
            }
        }
        running.drain().await;
        drop(running);
        if let Err(error) = settler.await {
            tracing::error!(%error, "ended jobs were not written down");
        }
    }
}

impl Running {
    /// Leases what there is room for and begins it.
    async fn look(&mut self) -> Next {
        let (alone, together) = self.wants();
        let free = self.free();
        let jobs = Arc::clone(&self.jobs);
        let now = jobs.clock().now();
        let lease = async |wants: &[Want], total| {
            if wants.is_empty() || total == 0 {
                return Ok(Leases::default());
            }
            let worker = &jobs.settings().worker;
            jobs.store().lease(wants, total, worker, now).await
        };
        let all = together.iter().map(|want| want.limit).sum();
        // Both at once: they share a transaction where the store gathers writers.
        let answers = tokio::join!(lease(&alone, free), lease(&together, all));
        let mut due = None;
        let poll = self.jobs.settings().poll;
        for answer in [answers.0, answers.1] {
            match answer {
                Ok(leases) => {
                    self.retry = RETRY_MIN;
                    due = [due, leases.next_due].into_iter().flatten().min();
                    self.begin(leases);
                }
                Err(error) => {
                    tracing::warn!(%error, "no job could be leased");
                    due = [due, Some(now.plus(self.retry))]
                        .into_iter()
                        .flatten()
                        .min();
                    self.retry = (self.retry * 2).min(RETRY_MAX);
                }
            }
        }
        let (alone, together) = self.wants();
        let has_room = !alone.is_empty() || !together.is_empty();
        let is_full = alone.len() + together.len() < self.kinds.len();
        let after = due.filter(|_| has_room).map_or(poll, |due: UnixMicros| {
            due.since(self.jobs.clock().now()).clamp(SOON, poll)
        });
        Next { after, is_full }
    }

    /// How many more attempts may be made of kinds that run alone.
    fn free(&self) -> usize {
        let alone = self.kinds.iter().zip(&self.under_way);
        let taken: usize = alone
            .filter(|(kind, _)| kind.together_max == 1)
            .map(|(_, under_way)| under_way)
            .sum();
        self.jobs.settings().at_once_max.saturating_sub(taken)
    }

    /// What there is room for: of kinds that run alone, and of kinds that run together.
    fn wants(&self) -> (Vec<Want>, Vec<Want>) {
        let free = self.free();
        let (mut alone, mut together) = (Vec::new(), Vec::new());
        for (kind, under_way) in self.kinds.iter().zip(&self.under_way) {
            let own = |at_once: usize| at_once.saturating_sub(*under_way);
            let name = kind.name;
            if kind.together_max == 1 {
                let limit = kind.at_once_max.map_or(free, own).min(free);
                alone.push(Want { name, limit });
            } else {
                let batches = own(kind.at_once_max.unwrap_or(BATCHES_AT_ONCE));
                let limit = batches * kind.together_max;
                together.push(Want { name, limit });
            }
        }
        alone.retain(|want| want.limit > 0);
        together.retain(|want| want.limit > 0);
        (alone, together)
    }

    fn begin(&mut self, leases: Leases) {
        if leases.buried > 0 {
            tracing::warn!(
                count = leases.buried,
                "jobs became dead letters: their attempts or their time ran out"
            );
        }
        let mut by_kind: Vec<Vec<Leased>> = self.kinds.iter().map(|_| Vec::new()).collect();
        for leased in leases.jobs {
            let at = self.kinds.iter().position(|kind| kind.name == leased.name);
            by_kind[at.expect("only wanted kinds are leased")].push(leased);
        }
        for (at, leased) in by_kind.into_iter().enumerate() {
            // What has failed before may be what spoiled its batch: it is tried alone.
            let (troubled, fresh): (Vec<_>, Vec<_>) =
                leased.into_iter().partition(|job| job.failures > 0);
            for job in troubled {
                self.spawn(at, vec![job]);
            }
            let together = self.kinds[at].together_max;
            let mut fresh = fresh.into_iter().peekable();
            while fresh.peek().is_some() {
                self.spawn(at, fresh.by_ref().take(together).collect());
            }
        }
    }

    fn spawn(&mut self, at: usize, batch: Vec<Leased>) {
        let (jobs, kind) = (Arc::clone(&self.jobs), self.kinds[at].clone());
        let desk = self.desk.clone();
        let fences = batch.iter().map(|leased| leased.fence).collect();
        let handle = self.tasks.spawn(async move {
            for ended in attempt(&jobs, &kind, &batch).await {
                // The desk is there for as long as anything runs.
                let _ = desk.send(ended).await;
            }
            at
        });
        self.under_way[at] += 1;
        self.in_hand.insert(handle.id(), (handle, fences));
    }

    fn ended(&mut self, ended: Result<(tokio::task::Id, usize), tokio::task::JoinError>) {
        match ended {
            Ok((id, at)) => {
                self.under_way[at] -= 1;
                self.in_hand.remove(&id);
            }
            // Panics of jobs are caught where they run.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Lets attempts end, then gives back what is left.
    async fn drain(&mut self) {
        let limit = self.jobs.settings().drain;
        let all = async {
            while let Some(ended) = self.tasks.join_next_with_id().await {
                if let Ok((id, _)) = ended {
                    self.in_hand.remove(&id);
                }
            }
        };
        if timeout(limit, all).await.is_ok() {
            return;
        }
        tracing::warn!(
            count = self.in_hand.len(),
            "attempts did not end in time and are given back"
        );
        let now = self.jobs.clock().now();
        for (task, fences) in std::mem::take(&mut self.in_hand).into_values() {
            task.abort();
            for fence in fences {
                let how = End::Later(now);
                let _ = self.desk.send(Ended { fence, how }).await;
            }
        }
    }
}
