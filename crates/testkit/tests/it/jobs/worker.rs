//! What a worker does with good jobs, bad jobs and too many jobs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::jobs::{Job as _, JobState, NewJob, Replay, SweepJobs, Worker};
use futures_util::future::join_all;
use testkit::{Database, Dialect, SimClock};

use super::{
    AtWork, Do, Narrow, Plain, Room, Together, dead, effects, plain, start, start_timeless,
    unfinished, until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_make_one_effect_of_each_job_on_sqlite() {
    one_effect_each(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_make_one_effect_of_each_job_on_postgres() {
    one_effect_each(Dialect::Postgres).await;
}

async fn one_effect_each(dialect: Dialect) {
    const JOBS: u64 = 600;
    let database = Database::new(dialect).await;
    let clock = Arc::new(SimClock::default());
    let (mut processes, mut working) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let jobs = start(&database.open_all().await.jobs, &clock);
        let worker = Worker::new(&jobs).with::<Plain>(Arc::new(Room::default()));
        working.push(AtWork::start(worker));
        processes.push(jobs);
    }
    // Every process hands some in, alone and in bulk.
    let writing = (0..JOBS / 4).map(|n| {
        let jobs = Arc::clone(&processes[usize::try_from(n % 3).unwrap()]);
        tokio::spawn(async move {
            let four = (0..4).map(|k| plain(n * 4 + k, Do::Effect));
            let mut four: Vec<NewJob> = four.collect();
            jobs.enqueue(four.remove(0)).await.unwrap();
            jobs.enqueue_many(four).await.unwrap();
        })
    });
    for written in join_all(writing).await {
        written.unwrap();
    }
    until(&processes[0], |kinds| {
        kinds.get(Plain::NAME).is_some_and(|it| it.done == JOBS)
    })
    .await;
    assert_eq!(effects(&processes[0]).await, (0..JOBS).collect::<Vec<_>>());
    for worker in working {
        worker.stop().await;
    }
}

#[tokio::test]
async fn failures_come_back_and_the_last_is_a_dead_letter_with_its_cause() {
    let check = async |what: Do, attempts: usize, cause: &str| {
        let database = Database::new(Dialect::Sqlite).await;
        let clock = Arc::new(SimClock::default());
        let jobs = start(&database.open_all().await.jobs, &clock);
        let room = Arc::new(Room::default());
        let worker = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::clone(&room)));
        jobs.enqueue(plain(7, what)).await.unwrap();
        for attempt in 1..=attempts {
            room.wait_for(attempt).await;
            until(&jobs, |kinds| kinds[Plain::NAME].running == 0).await;
            // Longer than any backoff.
            clock.advance(Duration::from_hours(1));
            jobs.ring();
        }
        until(&jobs, |kinds| kinds[Plain::NAME].dead == 1).await;
        let letter = dead(&jobs).await.pop().unwrap();
        assert_eq!(letter.cause.as_deref(), Some(cause), "{what:?}");
        assert_eq!(letter.failures as usize, attempts);
        assert_eq!(room.begun().len(), attempts, "{what:?}");
        // A person tries it again: it has all its attempts before it.
        assert_eq!(jobs.replay(letter.id).await.unwrap(), Replay::Done);
        room.wait_for(attempts + 1).await;
        worker.stop().await;
    };
    let rain = "the picnic did not answer: the weather did not answer: it rains";
    check(Do::Fail, 3, rain).await;
    let panic = "it panicked: a test job panics on purpose";
    check(Do::Panic, 3, panic).await;
    check(Do::GiveUp, 1, "it cannot be").await;
}

/// A failed attempt waits before the next: what is down is not hammered.
#[tokio::test]
async fn backoff_grows_with_every_failure() {
    let database = Database::new(Dialect::Sqlite).await;
    let clock = Arc::new(SimClock::default());
    let jobs = start(&database.open_all().await.jobs, &clock);
    let room = Arc::new(Room::default());
    let worker = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::clone(&room)));
    jobs.enqueue(plain(1, Do::Fail)).await.unwrap();
    for (attempt, longest_ms) in [(1, 1000), (2, 2000)] {
        room.wait_for(attempt).await;
        until(&jobs, |kinds| kinds[Plain::NAME].delayed == 1).await;
        let row = unfinished::<Plain>(&jobs).await.pop().unwrap();
        let wait = row.due.since(base::Clock::now(&*clock));
        let longest = Duration::from_millis(longest_ms);
        assert!((longest / 2..=longest).contains(&wait), "{wait:?}");
        clock.set(row.due);
        jobs.ring();
    }
    worker.stop().await;
}

/// A row of a newer version of the product must not be lost, nor be given up by an older one.
#[tokio::test]
async fn unknown_kinds_wait_for_who_knows_them() {
    let database = Database::new(Dialect::Sqlite).await;
    let clock = Arc::new(SimClock::default());
    let jobs = start(&database.open_all().await.jobs, &clock);
    let room = Arc::new(Room::default());
    let old = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::clone(&room)));
    let narrow = NewJob::of(&Narrow {
        n: 1,
        what: Do::Nothing,
    });
    jobs.enqueue_many(vec![narrow, plain(2, Do::Nothing)])
        .await
        .unwrap();
    room.wait_for(1).await;
    until(&jobs, |kinds| {
        kinds[Plain::NAME].done == 1 && kinds[Narrow::NAME].ready == 1
    })
    .await;
    old.stop().await;
    let new = AtWork::start(Worker::new(&jobs).with::<Narrow>(Arc::clone(&room)));
    room.wait_for(2).await;
    assert_eq!(room.begun(), [2, 1]);
    new.stop().await;
}

#[tokio::test]
async fn a_payload_that_cannot_be_read_is_a_dead_letter() {
    let database = Database::new(Dialect::Sqlite).await;
    let jobs = start(&database.open_all().await.jobs, &Arc::default());
    let worker = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::default()));
    let mut strange = plain(1, Do::Nothing);
    strange.payload = r#"{"n":"seven"}"#.into();
    jobs.enqueue(strange).await.unwrap();
    until(&jobs, |kinds| {
        kinds.get(Plain::NAME).is_some_and(|it| it.dead == 1)
    })
    .await;
    let cause = dead(&jobs).await.pop().unwrap().cause.unwrap();
    assert!(cause.contains("payload cannot be read"), "{cause}");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bounds_hold_and_what_is_full_holds_up_no_other() {
    let database = Database::new(Dialect::Sqlite).await;
    let jobs = start(&database.open_all().await.jobs, &Arc::default());
    let (narrow, wide) = (Arc::new(Room::default()), Arc::new(Room::default()));
    let worker = Worker::new(&jobs)
        .with::<Narrow>(Arc::clone(&narrow))
        .with::<Plain>(Arc::clone(&wide));
    let worker = AtWork::start(worker);
    let waiting = (0..10).map(|n| NewJob::of(&Narrow { n, what: Do::Wait }));
    jobs.enqueue_many(waiting.collect()).await.unwrap();
    narrow.wait_for(2).await;
    let many = (0..200).map(|n| plain(n, Do::Wait));
    jobs.enqueue_many(many.collect()).await.unwrap();
    // Two of the places are taken by the narrow kind.
    wide.wait_for(62).await;
    assert_eq!(narrow.begun().len(), 2);
    wide.gate.add_permits(200);
    wide.wait_for(200).await;
    narrow.gate.add_permits(10);
    narrow.wait_for(10).await;
    until(&jobs, |kinds| {
        kinds[Plain::NAME].done == 200 && kinds[Narrow::NAME].done == 10
    })
    .await;
    assert_eq!(narrow.most.load(Ordering::SeqCst), 2);
    assert!(wide.most.load(Ordering::SeqCst) <= 64);
    worker.stop().await;
}

/// One poisonous job must not take down those that share its batch.
#[tokio::test]
async fn what_spoils_a_batch_is_found_by_trying_each_alone() {
    let database = Database::new(Dialect::Sqlite).await;
    let clock = Arc::new(SimClock::default());
    let jobs = start(&database.open_all().await.jobs, &clock);
    let room = Arc::new(Room::default());
    let job = |n, what| NewJob::of(&Together { n, what });
    let mut batch: Vec<NewJob> = (0..9).map(|n| job(n, Do::Nothing)).collect();
    batch.insert(4, job(99, Do::Panic));
    jobs.enqueue_many(batch).await.unwrap();
    let worker = AtWork::start(Worker::new(&jobs).with::<Together>(Arc::clone(&room)));
    until(&jobs, |kinds| kinds[Together::NAME].delayed == 10).await;
    assert_eq!(room.begun(), [0, 1, 2, 3, 99], "they ran together");
    clock.advance(Duration::from_hours(1));
    jobs.ring();
    until(&jobs, |kinds| kinds[Together::NAME].done == 9).await;
    for _ in 0..2 {
        until(&jobs, |kinds| kinds[Together::NAME].running == 0).await;
        clock.advance(Duration::from_hours(1));
        jobs.ring();
    }
    until(&jobs, |kinds| kinds[Together::NAME].dead == 1).await;
    assert!(dead(&jobs).await[0].payload.contains("99"));
    worker.stop().await;
}

#[tokio::test]
async fn a_stop_waits_for_what_runs_and_begins_nothing_more() {
    let database = Database::new(Dialect::Sqlite).await;
    let jobs = start(&database.open_all().await.jobs, &Arc::default());
    let room = Arc::new(Room::default());
    let worker = AtWork::start(Worker::new(&jobs).with::<Narrow>(Arc::clone(&room)));
    let waiting = (0..5).map(|n| NewJob::of(&Narrow { n, what: Do::Wait }));
    jobs.enqueue_many(waiting.collect()).await.unwrap();
    room.wait_for(2).await;
    let stopping = tokio::spawn(worker.stop());
    tokio::task::yield_now().await;
    room.gate.add_permits(5);
    stopping.await.unwrap();
    let counts = jobs.counts().await.unwrap();
    // Between the wish to stop and the gate nothing else was begun.
    assert_eq!((counts[0].done, counts[0].ready), (2, 3));
    assert_eq!(counts[0].running, 0);
}

/// What does not end in time is given back: another worker has it at once, and no attempt is lost.
#[tokio::test(start_paused = true)]
async fn a_stop_gives_back_what_does_not_end() {
    let database = Database::new(Dialect::Sqlite).await;
    let jobs = start_timeless(&database, &Arc::default()).await;
    let room = Arc::new(Room::default());
    let worker = AtWork::start(Worker::new(&jobs).with::<Plain>(Arc::clone(&room)));
    jobs.enqueue(plain(1, Do::Hang)).await.unwrap();
    room.wait_for(1).await;
    worker.stop().await;
    let row = unfinished::<Plain>(&jobs).await.pop().unwrap();
    assert_eq!((row.state, row.failures), (JobState::Waiting, 0));
    assert_eq!(room.running.load(Ordering::SeqCst), 0, "it was cut off");
}

#[tokio::test]
async fn done_jobs_are_forgotten_when_they_are_old() {
    let database = Database::new(Dialect::Sqlite).await;
    let clock = Arc::new(SimClock::default());
    let jobs = start(&database.open_all().await.jobs, &clock);
    let worker = Worker::new(&jobs)
        .with::<Plain>(Arc::default())
        .with::<SweepJobs>(Arc::clone(&jobs));
    let worker = AtWork::start(worker);
    jobs.enqueue(plain(1, Do::Nothing)).await.unwrap();
    jobs.enqueue(plain(2, Do::GiveUp)).await.unwrap();
    until(&jobs, |kinds| {
        kinds
            .get(Plain::NAME)
            .is_some_and(|it| (it.done, it.dead) == (1, 1))
    })
    .await;
    let sweep = NewJob::of(&SweepJobs {});
    jobs.enqueue(sweep.clone()).await.unwrap();
    until(&jobs, |kinds| !kinds.contains_key(SweepJobs::NAME)).await;
    assert_eq!(jobs.counts().await.unwrap()[0].done, 1, "it is not old yet");
    clock.advance(Duration::from_hours(24) + Duration::from_micros(1));
    jobs.enqueue(sweep).await.unwrap();
    until(&jobs, |kinds| kinds[Plain::NAME].done == 0).await;
    assert_eq!(dead(&jobs).await.len(), 1, "dead letters stay");
    worker.stop().await;
}
