//! Ends: done, failed, put off, given up; replayed, discarded, swept.

use std::time::Duration;

use jobs::{End, Ended, Fence, JobId, JobState, Replay};

use super::{Bench, LEASE, at, failed, new, on_empty, said, said_of};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "done is done, kept or not", done).await;
    on_empty(dialect, "what follows is written with the end", follow).await;
    on_empty(dialect, "failures come back, the last buries", failures).await;
    on_empty(dialect, "later is no failure", later).await;
    on_empty(dialect, "many ends in one transaction", many).await;
    on_empty(dialect, "dead letters are replayed and discarded", replayed).await;
    on_empty(
        dialect,
        "a replay does not break a unique key",
        replayed_key,
    )
    .await;
    on_empty(dialect, "all of a kind are replayed", replayed_kind).await;
    on_empty(dialect, "done jobs are swept, others stay", swept).await;
}

async fn done(bench: Bench) {
    let mut gone = new("a", "gone");
    gone.keep = false;
    bench.enqueue(&[new("a", "kept"), gone], 0).await;
    let leases = bench.lease(&["a"], 10, 1).await;
    let [kept, gone] = [leases.jobs[0].fence, leases.jobs[1].fence];
    assert!(bench.done(kept, 5).await);
    assert!(bench.done(gone, 5).await);
    let row = bench.row(kept.job).await.unwrap();
    assert_eq!((row.state, row.ended), (JobState::Done, Some(at(5))));
    assert_eq!(bench.row(gone.job).await, None);
    for fence in [kept, gone] {
        assert!(!bench.done(fence, 6).await, "only once");
    }
    // A number that is free again is not given again: an old fence would hold.
    bench.enqueue(&[new("a", "next")], 7).await;
    assert!(bench.lease_one("a", 8).await.fence.job > gone.job);
    let never = Fence {
        job: JobId(1 << 40),
        attempt: 1,
    };
    assert!(!bench.done(never, 9).await);
    bench.check_sound().await;
}

async fn follow(bench: Bench) {
    bench.enqueue(&[new("a", "parent")], 0).await;
    let parent = bench.lease_one("a", 0).await;
    let stale = Fence {
        attempt: 7,
        ..parent.fence
    };
    let children = || {
        let children = [new("b", "one"), new("b", "two").at(at(99))];
        End::Done(children.to_vec())
    };
    assert!(!bench.end(stale, children(), 1).await);
    assert!(bench.unfinished("b").await.is_empty(), "nor what follows");
    assert!(bench.end(parent.fence, children(), 2).await);
    assert!(!bench.end(parent.fence, children(), 3).await);
    let rows = bench.unfinished("b").await;
    let dues: Vec<_> = rows
        .iter()
        .map(|row| (said(&row.payload), row.due))
        .collect();
    assert_eq!(dues, [("one", at(2)), ("two", at(99))]);
}

async fn failures(bench: Bench) {
    bench.enqueue(&[new("a", "unlucky")], 0).await;
    let mut now = 0;
    for attempt in 1..=3u32 {
        let leased = bench.lease_one("a", now).await;
        assert_eq!(leased.fence.attempt, attempt);
        assert_eq!(leased.failures, attempt - 1);
        assert_eq!(leased.is_last(), attempt == 3);
        let cause = format!("cause {attempt}");
        let (fence, again) = (leased.fence, now + 100);
        assert!(bench.end(fence, failed(again, &cause), now + 1).await);
        assert!(!bench.end(fence, failed(again, "twice"), now + 1).await);
        assert!(bench.lease(&["a"], 1, again - 1).await.jobs.is_empty());
        let row = bench.row(fence.job).await.unwrap();
        assert_eq!(row.cause.as_deref(), Some(&cause[..]));
        assert_eq!(row.failures, attempt);
        now = again;
    }
    let dead = bench.dead().await;
    assert_eq!((dead[0].state, dead[0].failures), (JobState::Dead, 3));
    assert_eq!(dead[0].ended, Some(at(201)));
    assert!(
        bench
            .lease(&["a"], 1, i64::from(u32::MAX))
            .await
            .jobs
            .is_empty()
    );
    bench.check_sound().await;
}

async fn later(bench: Bench) {
    bench.enqueue(&[new("a", "patient")], 0).await;
    for attempt in 1..=9u32 {
        let now = i64::from(attempt) * 1000;
        let leased = bench.lease_one("a", now).await;
        assert_eq!((leased.fence.attempt, leased.failures), (attempt, 0));
        let again = End::Later(at(now + 1000));
        assert!(bench.end(leased.fence, again, now).await);
        // Its own lease is over, though nobody else has it yet.
        assert!(!bench.done(leased.fence, now).await);
        let row = bench.row(leased.fence.job).await.unwrap();
        assert_eq!((row.state, row.due), (JobState::Waiting, at(now + 1000)));
    }
    bench.check_sound().await;
}

async fn many(bench: Bench) {
    let mut jobs: Vec<_> = (0..60).map(|n| new("a", &n.to_string())).collect();
    for job in jobs.iter_mut().step_by(2) {
        job.keep = false;
    }
    bench.enqueue(&jobs, 0).await;
    let leases = bench.lease(&["a"], 100, 0).await;
    let mut ended = Vec::new();
    // Backwards: a store that locks rows in this order would meet one that locks them in another.
    for (n, job) in leases.jobs.iter().enumerate().rev() {
        let how = match n % 5 {
            0 | 1 => End::Done(vec![new("b", &n.to_string())]),
            2 => failed(500, "why"),
            3 => End::Later(at(600)),
            _ => End::GivenUp("never".into()),
        };
        let mut fence = job.fence;
        if n >= 50 {
            fence.attempt += 1;
        }
        ended.push(Ended { fence, how });
    }
    let stale = bench.store.settle(ended, at(9)).await.unwrap();
    assert_eq!(stale.len(), 10);
    let counts = bench.store.counts(at(9)).await.unwrap();
    let [a, b] = &counts[..] else {
        panic!("{counts:?}");
    };
    assert_eq!((a.ready, a.delayed, a.running), (0, 20, 10));
    // Of the twenty that are done every other was kept.
    assert_eq!((a.done, a.dead, b.ready), (10, 10, 20));
    bench.check_sound().await;
}

/// Makes a dead letter.
async fn bury(bench: &Bench, job: jobs::NewJob, now: i64) -> JobId {
    let name = job.name;
    bench.enqueue(&[job], now).await;
    let fence = bench.lease_one(name, now).await.fence;
    let how = End::GivenUp("on purpose".into());
    assert!(bench.end(fence, how, now).await);
    fence.job
}

async fn replayed(bench: Bench) {
    let letter = bury(&bench, new("a", "letter").until(at(50)), 0).await;
    let again = bench.store.replay(letter, at(100)).await.unwrap();
    assert_eq!(again, Replay::Done);
    let row = bench.row(letter).await.unwrap();
    assert_eq!((row.state, row.due), (JobState::Waiting, at(100)));
    assert_eq!((row.failures, row.deadline, row.ended), (0, None, None));
    assert_eq!(row.cause.as_deref(), Some("on purpose"));
    assert_eq!(
        bench.store.replay(letter, at(101)).await.unwrap(),
        Replay::NotDead
    );
    let leased = bench.lease_one("a", 100).await;
    assert_eq!((leased.fence.attempt, leased.failures), (2, 0));
    assert!(bench.done(leased.fence, 102).await);

    let other = bury(&bench, new("a", "other"), 200).await;
    assert!(bench.store.discard(other).await.unwrap());
    assert!(!bench.store.discard(other).await.unwrap());
    assert!(!bench.store.discard(letter).await.unwrap(), "it is done");
    assert_eq!(bench.row(other).await, None);
    assert_eq!(
        bench.store.replay(other, at(9)).await.unwrap(),
        Replay::NotDead
    );
    bench.check_sound().await;
}

async fn replayed_key(bench: Bench) {
    let letter = bury(&bench, new("a", "old").unique("k"), 0).await;
    bench.enqueue(&[new("a", "new").unique("k")], 1).await;
    let replay = async |now| bench.store.replay(letter, at(now)).await.unwrap();
    assert_eq!(replay(2).await, Replay::KeyTaken);
    assert_eq!(bench.dead().await.len(), 1, "it is still there");
    let newer = bench.lease_one("a", 3).await;
    assert_eq!(replay(4).await, Replay::KeyTaken);
    assert!(bench.done(newer.fence, 5).await);
    assert_eq!(replay(6).await, Replay::Done);
}

async fn replayed_kind(bench: Bench) {
    for n in 0..5 {
        bury(&bench, new("a", &n.to_string()), n).await;
    }
    bury(&bench, new("b", "other kind"), 5).await;
    bury(&bench, new("a", "twin").unique("k"), 6).await;
    bury(&bench, new("a", "twin").unique("k"), 7).await;
    let replay = async |limit| bench.store.replay_kind("a", limit, at(10)).await.unwrap();
    assert_eq!(replay(3).await, 3);
    let leases = bench.lease(&["a"], 10, 10).await;
    assert_eq!(said_of(&leases.jobs), ["0", "1", "2"]);
    // Of the two with one key the older is replayed, the other left alone.
    assert_eq!(replay(100).await, 3);
    assert_eq!(replay(100).await, 0);
    let dead = bench.dead().await;
    assert_eq!(dead.len(), 2);
    assert_eq!(
        (said(&dead[0].payload), dead[0].ended),
        ("twin", Some(at(7)))
    );
    assert_eq!(said(&dead[1].payload), "other kind");
}

async fn swept(bench: Bench) {
    let jobs: Vec<_> = (0..10).map(|n| new("a", &n.to_string())).collect();
    bench.enqueue(&jobs, 0).await;
    let leases = bench.lease(&["a"], 8, 0).await;
    for (n, job) in (0..).zip(&leases.jobs[..6]) {
        assert!(bench.done(job.fence, n * 10).await);
    }
    let how = End::GivenUp("dead letters stay".into());
    assert!(bench.end(leases.jobs[6].fence, how, 0).await);
    let sweep = async |before, limit| bench.store.sweep(at(before), limit).await.unwrap();
    assert_eq!(sweep(0, 10).await, 0);
    assert_eq!(sweep(30, 2).await, 2);
    assert_eq!(sweep(30, 2).await, 1);
    assert_eq!(sweep(30, 2).await, 0);
    assert_eq!(bench.row(leases.jobs[2].fence.job).await, None);
    assert!(bench.row(leases.jobs[3].fence.job).await.is_some());
    let long_after = at(0).plus(Duration::from_hours(24)).0;
    let day = long_after - at(0).0;
    assert_eq!(sweep(day, 100).await, 3);
    let counts = bench.store.counts(at(1)).await.unwrap();
    assert_eq!((counts[0].done, counts[0].dead), (0, 1));
    assert_eq!((counts[0].running, counts[0].ready), (1, 2));
    let _ = LEASE;
}
