//! Background work over a real store: run, woken, repeated, bounded, stopped.

mod crash;
mod facts;
mod kill;
mod leases;
mod scheduler;
mod waking;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::jobs::{
    Attempt, Job, JobList, JobRow, Jobs, KindCounts, NewJob, Outcome, Settings, Store, Worker,
};
use async_trait::async_trait;
use base::{Bus, Clock, InProcessBus, Unavailable, UnixMicros};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use testkit::{Database, FailingJobs, SeededEntropy, SimClock};
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// Nothing in these tests may depend on polling.
fn settings() -> Settings {
    Settings {
        poll: Duration::from_hours(1),
        drain: Duration::from_secs(20),
        ..Settings::default()
    }
}

/// Background work of one process over `store`, with a bus of its own.
fn start(store: &Arc<dyn Store>, clock: &Arc<SimClock>) -> Arc<Jobs> {
    start_on(store, clock, &(Arc::new(InProcessBus::default()) as _))
}

fn start_on(store: &Arc<dyn Store>, clock: &Arc<SimClock>, bus: &Arc<dyn Bus>) -> Arc<Jobs> {
    static SEED: AtomicUsize = AtomicUsize::new(1);
    let seed = SEED.fetch_add(1, Ordering::Relaxed);
    Jobs::start(
        Arc::clone(store),
        Arc::clone(bus),
        Arc::clone(clock) as Arc<dyn Clock>,
        Arc::new(SeededEntropy::new(seed as u64)),
        settings(),
    )
}

/// Shows the runtime's own time, which in these tests stands still while anything can run and then
/// leaps to the next timer.
struct TimerClock(Instant);

impl Default for TimerClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TimerClock {
    fn now(&self) -> UnixMicros {
        SimClock::START.plus(self.0.elapsed())
    }
}

/// A process of its own over `database`, whose timers are the runtime's, which is paused.
async fn start_timeless(database: &Database, clock: &Arc<TimerClock>) -> Arc<Jobs> {
    let store = FailingJobs::timeless(database.open_all().await.jobs);
    Jobs::start(
        Arc::new(store),
        Arc::new(InProcessBus::default()),
        Arc::clone(clock) as Arc<dyn Clock>,
        Arc::new(SeededEntropy::new(3)),
        settings(),
    )
}

/// A worker at work.
struct AtWork {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl AtWork {
    fn start(worker: Worker) -> Self {
        let (stop, stopping) = oneshot::channel::<()>();
        let task = tokio::spawn(worker.run(async move {
            let _ = stopping.await;
        }));
        Self { stop, task }
    }

    /// Asks it to stop, and waits until it has.
    async fn stop(self) {
        let _ = self.stop.send(());
        within(self.task).await.unwrap();
    }
}

/// Waits for what must come; the time only ends a test that has failed.
async fn within<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_mins(10), what)
        .await
        .expect("it never came")
}

/// Waits until the jobs are as `expected` says.
async fn until(jobs: &Jobs, expected: impl Fn(&BTreeMap<String, KindCounts>) -> bool) {
    within(async {
        loop {
            let counts = jobs.counts().await.unwrap();
            let kinds = counts.into_iter().map(|kind| (kind.name.clone(), kind));
            if expected(&kinds.collect()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// Unfinished jobs of a kind, soonest due first.
async fn unfinished<J: Job>(jobs: &Jobs) -> Vec<JobRow> {
    let name = J::NAME.into();
    let list = JobList::Unfinished { name };
    jobs.page(list, None, 100_000).await.unwrap().jobs
}

async fn dead(jobs: &Jobs) -> Vec<JobRow> {
    let list = JobList::Dead { name: None };
    jobs.page(list, None, 1000).await.unwrap().jobs
}

/// What a test's job does: whatever the test says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Do {
    Nothing,
    Effect,
    Fail,
    Panic,
    GiveUp,
    /// Waits until the test opens the gate.
    Wait,
    /// Never ends.
    Hang,
}

/// Where test jobs run.
struct Room {
    /// Numbers of the jobs that were begun, in that order.
    begun: Mutex<Vec<u64>>,
    /// How many of them run, and the most that ever did.
    running: AtomicUsize,
    most: AtomicUsize,
    gate: Semaphore,
    changed: Notify,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            begun: Mutex::default(),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            changed: Notify::new(),
        }
    }
}

impl Room {
    fn begun(&self) -> Vec<u64> {
        self.begun.lock().clone()
    }

    /// Waits until so many jobs were begun.
    async fn wait_for(&self, count: usize) {
        within(async {
            loop {
                let changed = self.changed.notified();
                if self.begun.lock().len() >= count {
                    return;
                }
                changed.await;
            }
        })
        .await;
    }

    async fn run(&self, n: u64, what: Do) -> Result<Outcome, Unavailable> {
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let leaving = Leaving(self);
        self.begun.lock().push(n);
        self.changed.notify_waiters();
        let outcome = match what {
            Do::Nothing => Outcome::Done,
            Do::Effect => Outcome::Then(vec![NewJob::of(&Effect { of: n })]),
            Do::Fail => {
                let cause = Unavailable::new("the weather", "it rains");
                return Err(Unavailable::new("the picnic", cause));
            }
            Do::Panic => panic!("a test job panics on purpose"),
            Do::GiveUp => Outcome::GiveUp("it cannot be".into()),
            Do::Wait => {
                self.gate.acquire().await.unwrap().forget();
                Outcome::Done
            }
            Do::Hang => std::future::pending().await,
        };
        drop(leaving);
        Ok(outcome)
    }
}

/// Counts a job out, however it ends.
struct Leaving<'a>(&'a Room);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal { $($limits:tt)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
        struct $kind {
            n: u64,
            what: Do,
        }

        #[async_trait]
        impl Job for $kind {
            const NAME: &'static str = $name;
            const ATTEMPTS_MAX: u32 = 3;
            $($limits)*
            type Room = Room;

            async fn run(&self, room: &Room, _: Attempt) -> Result<Outcome, Unavailable> {
                room.run(self.n, self.what).await
            }
        }
    )*};
}

kinds! {
    /// The ordinary kind.
    Plain = "test.plain" { const LEASE: Duration = LEASE; }
    /// Only two of these at once.
    Narrow = "test.narrow" { const AT_ONCE_MAX: Option<usize> = Some(2); }
    /// Up to ten of these together.
    Together = "test.together" { const TOGETHER_MAX: usize = 10; }
    /// May take ten times its lease.
    Long = "test.long" {
        const LEASE: Duration = LEASE;
        const TIME_MAX: Duration = Duration::from_mins(5);
    }
}

const LEASE: Duration = Duration::from_secs(30);

/// A row that tells that a job took effect. Nobody runs it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Effect {
    of: u64,
}

#[async_trait]
impl Job for Effect {
    const NAME: &'static str = "test.effect";
    type Room = Room;

    async fn run(&self, _: &Room, _: Attempt) -> Result<Outcome, Unavailable> {
        unreachable!("no worker in these tests runs it")
    }
}

/// The jobs that took effect, each as often as it did.
async fn effects(jobs: &Jobs) -> Vec<u64> {
    let rows = unfinished::<Effect>(jobs).await;
    let of = |row: &JobRow| serde_json::from_str::<Effect>(&row.payload).unwrap().of;
    let mut effects: Vec<u64> = rows.iter().map(of).collect();
    effects.sort_unstable();
    effects
}

fn plain(n: u64, what: Do) -> NewJob {
    NewJob::of(&Plain { n, what })
}
