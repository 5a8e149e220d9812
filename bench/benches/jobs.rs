//! Background work over SQLite on this disk, embedded: handed in, done, both at once; facts sealed;
//! how soon an idle worker begins. The baseline is a bare table of the same payloads, written by
//! one thread in groups.
//!
//! `cargo bench -p bench --bench jobs`; results go to `docs/benchmarks.md`.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "the report is what this program is for; figures are given to three digits"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use base::{Bus, Clock, InProcessBus, SystemClock, SystemEntropy, Unavailable};
use facts::{FactKind, Facts, NewFact, StampFact};
use jobs::{Attempt, Job, Jobs, NewJob, Outcome, Settings, Worker};
use serde::{Deserialize, Serialize};
use stamp::{Follower, Ledger, Notary};
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::sync::{Notify, oneshot};

/// Jobs in each part, unless the command line says otherwise.
const JOBS: u64 = 200_000;
/// Who hand in at once, one job at a time each.
const PRODUCERS: u64 = 64;
/// Rows in one transaction of the baseline.
const GROUP: u64 = 500;
/// Bytes of a payload, about.
const PAYLOAD: usize = 128;

/// What the test jobs do: count.
#[derive(Default)]
struct Room {
    done: AtomicU64,
    changed: Notify,
}

macro_rules! kinds {
    ($($kind:ident = $name:literal { $($limits:tt)* })*) => {$(
        #[derive(Serialize, Deserialize)]
        struct $kind {
            n: u64,
            padding: String,
        }

        impl $kind {
            fn job(n: u64) -> NewJob {
                NewJob::of(&Self { n, padding: "x".repeat(PAYLOAD - 30) })
            }
        }

        #[async_trait]
        impl Job for $kind {
            const NAME: &'static str = $name;
            $($limits)*
            type Room = Room;

            async fn run(&self, room: &Room, _: Attempt) -> Result<Outcome, Unavailable> {
                room.done.fetch_add(1, Ordering::Relaxed);
                room.changed.notify_waiters();
                Ok(Outcome::Done)
            }
        }
    )*};
}

kinds! {
    Kept = "bench.kept" {}
    Gone = "bench.gone" { const KEEP: bool = false; }
    Together = "bench.together" {
        const KEEP: bool = false;
        const TOGETHER_MAX: usize = 512;
        const AT_ONCE_MAX: Option<usize> = Some(4);
    }
}

/// An open store in a folder on this disk.
struct Bench {
    store: Arc<SqliteStore>,
    jobs: Arc<Jobs>,
    bus: Arc<dyn Bus>,
    _folder: TempDir,
}

impl Bench {
    fn open() -> Result<Self> {
        let folder = tempfile::tempdir_in(".")?;
        let store = Arc::new(SqliteStore::open(folder.path())?);
        let bus: Arc<dyn Bus> = Arc::new(InProcessBus::default());
        let settings = Settings {
            poll: Duration::from_hours(1),
            ..Settings::default()
        };
        let jobs = Jobs::start(
            Arc::clone(&store) as _,
            Arc::clone(&bus),
            Arc::new(SystemClock),
            Arc::new(SystemEntropy),
            settings,
        );
        Ok(Self {
            store,
            jobs,
            bus,
            _folder: folder,
        })
    }

    /// Starts a worker; it stops when the sender is dropped.
    fn work(worker: Worker) -> oneshot::Sender<()> {
        let (stop, stopping) = oneshot::channel::<()>();
        tokio::spawn(worker.run(async move {
            let _ = stopping.await;
        }));
        stop
    }

    /// Waits until nothing is unfinished.
    async fn worked_off(&self) -> Result<()> {
        loop {
            let counts = self.jobs.counts().await?;
            if counts
                .iter()
                .all(|it| it.ready + it.delayed + it.running == 0)
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let asked: Option<u64> = std::env::args().find_map(|arg| arg.parse().ok());
    let count = asked.unwrap_or(JOBS);
    println!("{count} jobs with a payload of {PAYLOAD} bytes\n");
    println!("| what | per second | to bare inserts |\n|---|---|---|");
    let bare = bare(count)?;
    let line = |what: &str, rate: f64| {
        println!("| {what} | {rate:.0} | {:.2} |", rate / bare);
    };
    line("bare inserts, 500 rows a commit", bare);
    runtime.block_on(async {
        let (rate, p99) = hand_in(count).await?;
        line(
            &format!("handed in by {PRODUCERS}, durable (p99 {p99:.1} ms)"),
            rate,
        );
        line("done, rows kept", done::<Kept>(count, Kept::job).await?);
        line("done, rows gone", done::<Gone>(count, Gone::job).await?);
        let together = done::<Together>(count, Together::job).await?;
        line("done 512 together, rows gone", together);
        line("handed in by 64 and done at once", both(count).await?);
        line("facts written, stamped and marked", seal(count).await?);
        let (median, p99) = wake().await?;
        println!(
            "\nAn idle worker begins {median:.0} us (median), {p99:.0} us (p99) after the call."
        );
        Ok(())
    })
}

/// Rows per second of one thread that does nothing but insert payloads into a table.
fn bare(count: u64) -> Result<f64> {
    let folder = tempfile::tempdir_in(".")?;
    let db = rusqlite::Connection::open(folder.path().join("bare.db"))?;
    db.pragma_update(None, "page_size", 8192)?;
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.execute_batch("create table bare (id integer primary key, payload text not null) strict")?;
    let payload = Kept::job(0).payload;
    let began = Instant::now();
    let mut insert = db.prepare("insert into bare (payload) values (?1)")?;
    for group in 0..count.div_ceil(GROUP) {
        let tx = db.unchecked_transaction()?;
        for _ in 0..GROUP.min(count - group * GROUP) {
            insert.execute([&payload])?;
        }
        tx.commit()?;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// Jobs per second, and how long 99 of 100 callers wait at most, in milliseconds.
async fn hand_in(count: u64) -> Result<(f64, f64)> {
    let bench = Bench::open()?;
    let began = Instant::now();
    let producing: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let jobs = Arc::clone(&bench.jobs);
            tokio::spawn(async move {
                let mut waits = Vec::new();
                for n in 0..count / PRODUCERS {
                    let asked = Instant::now();
                    jobs.enqueue(Kept::job(n)).await?;
                    waits.push(asked.elapsed());
                }
                Ok::<_, Unavailable>(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in producing {
        waits.extend(task.await??);
    }
    let rate = waits.len() as f64 / began.elapsed().as_secs_f64();
    Ok((rate, percentile(&mut waits, 99).as_secs_f64() * 1e3))
}

/// Jobs done per second by one worker out of a backlog.
async fn done<J: Job<Room = Room>>(count: u64, job: fn(u64) -> NewJob) -> Result<f64> {
    let bench = Bench::open()?;
    let all: Vec<NewJob> = (0..count).map(job).collect();
    for some in all.chunks(4096) {
        bench.jobs.enqueue_many(some.to_vec()).await?;
    }
    let room = Arc::new(Room::default());
    let worker = Worker::new(&bench.jobs).with::<J>(Arc::clone(&room));
    let began = Instant::now();
    let _stop = Bench::work(worker);
    while room.done.load(Ordering::Relaxed) < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    bench.worked_off().await?;
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// Jobs per second from hand to done, with producers and worker in one process.
async fn both(count: u64) -> Result<f64> {
    let bench = Bench::open()?;
    let room = Arc::new(Room::default());
    let _stop = Bench::work(Worker::new(&bench.jobs).with::<Gone>(Arc::clone(&room)));
    let began = Instant::now();
    let producing: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let jobs = Arc::clone(&bench.jobs);
            tokio::spawn(async move {
                for n in 0..count / PRODUCERS {
                    jobs.enqueue(Gone::job(n)).await?;
                }
                Ok::<_, Unavailable>(())
            })
        })
        .collect();
    for task in producing {
        task.await??;
    }
    bench.worked_off().await?;
    Ok((count / PRODUCERS * PRODUCERS) as f64 / began.elapsed().as_secs_f64())
}

/// Facts per second from insert to stamp.
async fn seal(count: u64) -> Result<f64> {
    let bench = Bench::open()?;
    let log: Arc<dyn stamp::Store> = Arc::clone(&bench.store) as _;
    let settings = stamp::Settings {
        pool_timestamps_max: u64::MAX,
        ..stamp::Settings::default()
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let follower = Follower::start(Arc::clone(&log), &*bench.bus, &settings).await?;
    let notary = Notary::start(
        Arc::clone(&log),
        follower,
        Arc::clone(&clock),
        Arc::new(SystemEntropy),
        &settings,
    );
    let store: Arc<dyn facts::Store> = Arc::clone(&bench.store) as _;
    let ledger = Arc::new(Ledger::new(log));
    let facts = Facts::new(Arc::clone(&store), notary, ledger, Arc::clone(&clock));
    let _stop = Bench::work(Worker::new(&bench.jobs).with::<StampFact>(Arc::new(facts)));
    let began = Instant::now();
    let writing: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let (store, jobs) = (Arc::clone(&store), Arc::clone(&bench.jobs));
            tokio::spawn(async move {
                for _ in 0..count / PRODUCERS {
                    let fact = NewFact {
                        kind: FactKind("bench"),
                        sha256: [7; 32],
                    };
                    store.insert(vec![fact], SystemClock.now()).await?;
                    jobs.ring();
                }
                Ok::<_, Unavailable>(())
            })
        })
        .collect();
    for task in writing {
        task.await??;
    }
    bench.worked_off().await?;
    Ok((count / PRODUCERS * PRODUCERS) as f64 / began.elapsed().as_secs_f64())
}

/// From the call that hands in a job to its beginning, the commit included: median and p99 in
/// microseconds.
async fn wake() -> Result<(f64, f64)> {
    let bench = Bench::open()?;
    let room = Arc::new(Room::default());
    let _stop = Bench::work(Worker::new(&bench.jobs).with::<Gone>(Arc::clone(&room)));
    let mut waits = Vec::new();
    for n in 0..500 {
        let begun = room.changed.notified();
        let asked = Instant::now();
        bench.jobs.enqueue(Gone::job(n)).await?;
        begun.await;
        waits.push(asked.elapsed());
        bench.worked_off().await?;
    }
    let us = |wait: Duration| wait.as_secs_f64() * 1e6;
    let median = us(percentile(&mut waits, 50));
    Ok((median, us(percentile(&mut waits, 99))))
}

fn percentile(waits: &mut [Duration], percent: usize) -> Duration {
    waits.sort_unstable();
    waits
        .get(waits.len() * percent / 100)
        .copied()
        .unwrap_or_default()
}
