//! Work is begun when it is there, not when somebody looks: these workers never look by themselves.

use std::sync::Arc;
use std::time::Duration;

use ::jobs::{JobState, Worker};
use base::{Bus, Clock as _, InProcessBus};
use store_postgres::{PostgresBus, PostgresStore};
use testkit::{Database, Dialect, SimClock};

use super::{
    AtWork, Do, Plain, Room, TimerClock, plain, start, start_on, start_timeless, unfinished, within,
};

#[tokio::test]
async fn a_job_of_this_process_is_begun_at_once() {
    let database = Database::new(Dialect::Sqlite).await;
    let jobs = start(&database.open_all().await.jobs, &Arc::default());
    let room = Arc::new(Room::default());
    let worker = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::clone(&room)));
    for n in 0..20 {
        jobs.enqueue(plain(n, Do::Nothing)).await.unwrap();
        room.wait_for(usize::try_from(n).unwrap() + 1).await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_job_of_another_process_is_begun_when_the_bus_tells() {
    let database = Database::new(Dialect::Sqlite).await;
    let bus: Arc<dyn Bus> = Arc::new(InProcessBus::default());
    told_by(&database, &bus, &bus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_tells_other_processes() {
    static TOPICS: [&str; 1] = [::jobs::JOBS_TOPIC];
    let database = Database::new(Dialect::Postgres).await;
    let store = PostgresStore::open(database.url().unwrap()).await.unwrap();
    let bus = async || Arc::new(PostgresBus::start(&store, &TOPICS).await.unwrap());
    let (here, there): (Arc<dyn Bus>, Arc<dyn Bus>) = (bus().await, bus().await);
    told_by(&database, &here, &there).await;
}

/// One process hands in, the other works.
async fn told_by(database: &Database, here: &Arc<dyn Bus>, there: &Arc<dyn Bus>) {
    let clock = Arc::new(SimClock::default());
    let giver = start_on(&database.open_all().await.jobs, &clock, here);
    let taker = start_on(&database.open_all().await.jobs, &clock, there);
    let room = Arc::new(Room::default());
    let worker = AtWork::start(Worker::new(&taker).with::<Plain>(Arc::clone(&room)));
    for n in 0..20 {
        giver.enqueue(plain(n, Do::Nothing)).await.unwrap();
        room.wait_for(usize::try_from(n).unwrap() + 1).await;
    }
    worker.stop().await;
}

/// The timer of the earliest due job, set anew by every sooner one.
#[tokio::test(start_paused = true)]
async fn a_job_for_later_is_begun_when_it_is_due() {
    let database = Database::new(Dialect::Sqlite).await;
    let clock = Arc::new(TimerClock::default());
    let jobs = start_timeless(&database, &clock).await;
    let room = Arc::new(Room::default());
    let worker = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::clone(&room)));
    let now = clock.now();
    let due = |s| now.plus(Duration::from_secs(s));
    for (n, s) in [(1, 300), (2, 100), (3, 200)] {
        jobs.enqueue(plain(n, Do::Nothing).at(due(s)))
            .await
            .unwrap();
    }
    for (s, expected) in [(100, &[2][..]), (200, &[2, 3]), (300, &[2, 3, 1])] {
        room.wait_for(expected.len()).await;
        assert_eq!(room.begun(), expected);
        let late = clock.now().since(due(s));
        assert!(
            clock.now() >= due(s) && late < Duration::from_secs(1),
            "{late:?}"
        );
    }
    worker.stop().await;
}

/// A worker with nothing to do asks nothing of the store.
#[tokio::test]
async fn an_idle_worker_is_idle() {
    let database = Database::new(Dialect::Sqlite).await;
    let inner = database.open_all().await.jobs;
    let counting = Arc::new(testkit::FailingJobs::counting(inner));
    let store: Arc<dyn ::jobs::Store> = Arc::clone(&counting) as _;
    let jobs = start(&store, &Arc::default());
    let room = Arc::new(Room::default());
    let worker = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::clone(&room)));
    jobs.enqueue(plain(1, Do::Wait)).await.unwrap();
    room.wait_for(1).await;
    let row = unfinished::<Plain>(&jobs).await.pop().unwrap();
    assert_eq!(row.state, JobState::Running);
    let before = counting.writes();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(counting.writes(), before, "while a job runs");
    room.gate.add_permits(1);
    within(async { while !unfinished::<Plain>(&jobs).await.is_empty() {} }).await;
    assert_eq!(counting.writes(), before + 1, "its end is written, no more");
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(counting.writes(), before + 1, "and then nothing");
    worker.stop().await;
}
