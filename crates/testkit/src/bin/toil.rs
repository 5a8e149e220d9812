//! A process that hands in background work, or does it, until it is killed: the victim of the
//! torture test in `tests/it/jobs/kill.rs`.
//!
//! `toil work STORE` works. `toil give STORE FIRST` hands in jobs numbered from FIRST on and prints
//! each number once it is acknowledged. STORE is a folder, or the address of a Postgres database.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this is test code: what cannot be had is a failed test, and what is done is said"
)]

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::{InProcessBus, SystemClock, SystemEntropy, Unavailable};
use jobs::{Attempt, Job, Jobs, NewJob, Outcome, Settings, Store, Worker};
use serde::{Deserialize, Serialize};
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;

/// So short that killed workers' jobs come back while the test runs.
const LEASE: Duration = Duration::from_millis(400);

/// A job whose effect can be counted: the row that follows it.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Alone {
    n: u64,
}

/// The same for a kind that runs together, and leaves no row of its own.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Together {
    n: u64,
}

/// The effect. Nobody runs it.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Effect {
    of: u64,
}

fn effect(n: u64) -> Outcome {
    let mut effect = NewJob::of(&Alone { n });
    effect.name = "toil.effect";
    effect.payload = serde_json::to_string(&Effect { of: n }).unwrap();
    Outcome::Then(vec![effect])
}

#[async_trait]
impl Job for Alone {
    const NAME: &'static str = "toil.alone";
    const LEASE: Duration = LEASE;
    const ATTEMPTS_MAX: u32 = u32::MAX; // Every kill is a failed attempt.
    type Room = ();

    async fn run(&self, (): &(), _: Attempt) -> Result<Outcome, Unavailable> {
        // Some take their time, so that they are killed while they run.
        if self.n.is_multiple_of(3) {
            tokio::time::sleep(Duration::from_millis(self.n % 40)).await;
        }
        Ok(effect(self.n))
    }
}

#[async_trait]
impl Job for Together {
    const NAME: &'static str = "toil.together";
    const LEASE: Duration = LEASE;
    const ATTEMPTS_MAX: u32 = u32::MAX;
    const KEEP: bool = false;
    const TOGETHER_MAX: usize = 32;
    type Room = ();

    async fn run(&self, (): &(), _: Attempt) -> Result<Outcome, Unavailable> {
        Ok(effect(self.n))
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let [task, store, ref more @ ..] = args[..] else {
        panic!("toil work STORE | toil give STORE FIRST");
    };
    let store: Arc<dyn Store> = if store.starts_with("postgres") {
        Arc::new(PostgresStore::open(store).await.unwrap())
    } else {
        Arc::new(SqliteStore::open(Path::new(store)).unwrap())
    };
    let settings = Settings {
        // These processes have no bus in common.
        poll: Duration::from_millis(20),
        ..Settings::default()
    };
    let jobs = Jobs::start(
        store,
        Arc::new(InProcessBus::default()),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        settings,
    );
    match (task, more) {
        ("work", []) => {
            let worker = Worker::new(&jobs);
            let worker = worker.with::<Alone>(Arc::default());
            let worker = worker.with::<Together>(Arc::default());
            worker.run(std::future::pending()).await;
        }
        ("give", [first]) => give(&jobs, first.parse().unwrap()).await,
        _ => panic!("{task} is no task"),
    }
}

/// Hands in jobs for ever, several at a time, as many callers would.
async fn give(jobs: &Arc<Jobs>, first: u64) {
    let giving = (0..8u64).map(|giver| {
        let jobs = Arc::clone(jobs);
        tokio::spawn(async move {
            for n in (first + giver..).step_by(8) {
                let job = if n % 2 == 0 {
                    NewJob::of(&Alone { n })
                } else {
                    NewJob::of(&Together { n })
                };
                jobs.enqueue(job).await.unwrap();
                let mut out = std::io::stdout().lock();
                writeln!(out, "{n}").unwrap();
                out.flush().unwrap();
            }
        })
    });
    for given in giving.collect::<Vec<_>>() {
        given.await.unwrap();
    }
}
