//! What becomes of the jobs of a worker that dies or is slow, by a clock that shows no wall time.

use std::sync::Arc;
use std::time::Duration;

use ::jobs::{Job as _, JobState, NewJob, Worker};
use base::{Clock as _, UnixMicros};
use testkit::{Database, Dialect};

use super::{
    AtWork, Do, LEASE, Long, Plain, Room, TimerClock, dead, plain, start_timeless, unfinished,
    until,
};

#[tokio::test(start_paused = true)]
async fn the_job_of_a_worker_that_died_is_begun_again_when_its_lease_ends() {
    let database = Database::new(Dialect::Sqlite).await;
    let clock = Arc::new(TimerClock::default());
    let first = start_timeless(&database, &clock).await;
    let second = start_timeless(&database, &clock).await;
    let (died, lives) = (Arc::new(Room::default()), Arc::new(Room::default()));
    let victim = AtWork::start(Worker::new(&first).with::<Plain>(Arc::clone(&died)));
    first.enqueue(plain(1, Do::Hang)).await.unwrap();
    died.wait_for(1).await;
    let row = unfinished::<Plain>(&first).await.pop().unwrap();
    let leased = UnixMicros(row.due.0 - i64::try_from(LEASE.as_micros()).unwrap());
    // As a kill does: in the middle, without a word to anybody.
    victim.task.abort();
    let _ = victim.task.await;

    let heir = AtWork::start(Worker::new(&second).with::<Plain>(Arc::clone(&lives)));
    lives.wait_for(1).await;
    let silence = clock.now().since(leased);
    assert!(silence >= LEASE, "taken over too soon: {silence:?}");
    let late = silence.saturating_sub(LEASE);
    assert!(late <= Duration::from_secs(1), "{late:?} after its lease");
    let row = unfinished::<Plain>(&second).await.pop().unwrap();
    assert_eq!((row.attempt, row.failures), (2, 1));
    heir.task.abort();
}

/// A job that may take long keeps its lease, so that nobody begins it a second time.
#[tokio::test(start_paused = true)]
async fn a_long_job_keeps_its_lease_until_its_time_is_over() {
    let database = Database::new(Dialect::Sqlite).await;
    let clock = Arc::new(TimerClock::default());
    let first = start_timeless(&database, &clock).await;
    let second = start_timeless(&database, &clock).await;
    let (slow, other) = (Arc::new(Room::default()), Arc::new(Room::default()));
    let slow_worker = AtWork::start(Worker::new(&first).with::<Long>(Arc::clone(&slow)));
    let job = Long {
        n: 1,
        what: Do::Hang,
    };
    let begun = clock.now();
    first.enqueue(NewJob::of(&job)).await.unwrap();
    slow.wait_for(1).await;
    let other_worker = AtWork::start(Worker::new(&second).with::<Long>(Arc::clone(&other)));
    while clock.now().since(begun) + LEASE < Long::TIME_MAX {
        tokio::time::sleep(LEASE / 2).await;
        let row = unfinished::<Long>(&first).await.pop().unwrap();
        assert_eq!((row.state, row.attempt), (JobState::Running, 1));
    }
    assert!(other.begun().is_empty());
    // It never ends, so it is cut off and has failed.
    until(&first, |kinds| {
        kinds[Long::NAME].delayed + kinds[Long::NAME].ready > 0 || !other.begun().is_empty()
    })
    .await;
    let row = unfinished::<Long>(&first).await.pop().unwrap();
    assert_eq!(row.failures, 1);
    assert_eq!(row.cause.as_deref(), Some("it took longer than it may"));
    assert!(clock.now().since(begun) >= Long::TIME_MAX);
    slow_worker.task.abort();
    other_worker.task.abort();
}

/// A job that hangs takes its place for no longer than its time, and ends as a dead letter.
#[tokio::test(start_paused = true)]
async fn a_job_that_hangs_is_cut_off_each_time_and_given_up() {
    let database = Database::new(Dialect::Sqlite).await;
    let jobs = start_timeless(&database, &Arc::default()).await;
    let room = Arc::new(Room::default());
    let worker = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::clone(&room)));
    jobs.enqueue(plain(1, Do::Hang)).await.unwrap();
    room.wait_for(3).await;
    until(&jobs, |kinds| kinds[Plain::NAME].dead == 1).await;
    assert_eq!(dead(&jobs).await[0].failures, 3);
    worker.stop().await;
}
