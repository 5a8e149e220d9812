//! The process dies at every write in turn, written or lost: every job takes effect once.

use std::sync::Arc;
use std::time::Duration;

use ::jobs::{Job as _, Store, Worker};
use testkit::{Database, Dialect, FailingJobs, Fate, SimClock};

use super::{AtWork, Do, LEASE, Plain, Room, effects, plain, start, until, within};

const JOBS: u64 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_at_any_write_neither_loses_nor_doubles_on_sqlite() {
    die_at_every_write(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_at_any_write_neither_loses_nor_doubles_on_postgres() {
    die_at_every_write(Dialect::Postgres).await;
}

async fn die_at_every_write(dialect: Dialect) {
    for fate in [Fate::Lost, Fate::Kept] {
        let mut at = 0;
        loop {
            let survived = die_at(dialect, at, fate).await;
            if survived {
                break;
            }
            at += 1;
        }
        assert!(at >= 4, "only {at} writes were tried");
    }
}

/// Runs until write `at` kills the process, then lets another finish; `true` when there were not so
/// many writes.
async fn die_at(dialect: Dialect, at: usize, fate: Fate) -> bool {
    let database = Database::new(dialect).await;
    let clock = Arc::new(SimClock::default());
    let inner = database.open_all().await.jobs;
    let dying = Arc::new(FailingJobs::dying(Arc::clone(&inner), at, fate));
    let store: Arc<dyn Store> = Arc::clone(&dying) as _;
    let jobs = start(&store, &clock);
    let worker = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::new(Room::default())));
    let mut acknowledged = Vec::new();
    for n in 0..JOBS {
        if jobs.enqueue(plain(n, Do::Effect)).await.is_ok() {
            acknowledged.push(n);
        }
    }
    let watching = start(&inner, &clock);
    within(async {
        loop {
            let counts = watching.counts().await.unwrap();
            let plain = counts.iter().find(|kind| kind.name == Plain::NAME);
            if dying.is_dead() || plain.is_some_and(|kind| kind.done == JOBS) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    worker.task.abort();
    let _ = worker.task.await;
    let survived = !dying.is_dead();
    drop((jobs, store, dying));

    // The next process begins when the dead one's leases have ended.
    clock.advance(LEASE);
    let jobs = start(&inner, &clock);
    let worker = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::new(Room::default())));
    until(&jobs, |kinds| {
        kinds
            .get(Plain::NAME)
            .is_none_or(|kind| kind.ready + kind.running + kind.delayed == 0)
    })
    .await;
    let effects = effects(&jobs).await;
    assert!(
        effects.windows(2).all(|pair| pair[0] < pair[1]),
        "write {at}, {fate:?}: doubled: {effects:?}"
    );
    for n in acknowledged {
        assert!(effects.contains(&n), "write {at}, {fate:?}: {n} is lost");
    }
    assert_eq!(inner.inspect().await.unwrap(), Vec::<String>::new());
    worker.stop().await;
    survived
}
