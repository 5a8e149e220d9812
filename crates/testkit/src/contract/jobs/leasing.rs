//! Leases: who gets what, for how long, and what becomes of it when he is silent.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use jobs::{JobState, Want};

use super::{Bench, LEASE, at, new, on_empty, said, said_of};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "the oldest due come first", oldest_first).await;
    on_empty(dialect, "the kinds take turns", turns).await;
    on_empty(dialect, "only wanted kinds are leased, and no more", limits).await;
    on_empty(dialect, "when the next is due is told", next_due).await;
    on_empty(dialect, "many workers never share a job", never_shared).await;
    on_empty(dialect, "a silent worker's job is due again", silence).await;
    on_empty(
        dialect,
        "silence counts as a failure, and the last buries",
        silence_buries,
    )
    .await;
    on_empty(dialect, "a lease can be extended by its holder", extended).await;
    on_empty(dialect, "a deadline that has passed buries", deadline).await;
}

async fn oldest_first(bench: Bench) {
    let jobs = [
        new("a", "third").at(at(30)),
        new("a", "first").at(at(10)),
        new("a", "not yet").at(at(101)),
        new("a", "second").at(at(20)),
        new("a", "as old, written later").at(at(30)),
    ];
    bench.enqueue(&jobs, 0).await;
    let leases = bench.lease(&["a"], 10, 100).await;
    let expected = ["first", "second", "third", "as old, written later"];
    assert_eq!(said_of(&leases.jobs), expected);
    for job in &leases.jobs {
        assert_eq!((job.fence.attempt, job.failures), (1, 0));
        assert_eq!((job.attempts_max, job.lease), (3, LEASE));
        let row = bench.row(job.fence.job).await.unwrap();
        assert_eq!(row.state, JobState::Running);
        assert_eq!(row.worker.as_deref(), Some("a worker"));
        assert_eq!((row.due, row.attempt), (at(100).plus(LEASE), 1));
    }
    assert_eq!(leases.jobs[0].due, at(10));
    assert!(bench.lease(&["a"], 10, 100).await.jobs.is_empty());
    bench.check_sound().await;
}

/// A flood of thumbnails must not hold up the one mail with a code in it.
async fn turns(bench: Bench) {
    let mut flood: Vec<_> = (0..50).map(|n| new("flood", &n.to_string())).collect();
    flood.push(new("mail", "code").at(at(5)));
    bench.enqueue(&flood, 0).await;
    let want = |name| Want { name, limit: 4 };
    let wants = [want("flood"), want("mail"), want("absent")];
    let leases = bench.store.lease(&wants, 4, "w", at(10)).await.unwrap();
    let mut texts = said_of(&leases.jobs);
    texts.sort_unstable();
    assert_eq!(texts, ["0", "1", "2", "code"]);
}

async fn limits(bench: Bench) {
    let names = ["a", "b", "c"];
    for name in names {
        let jobs: Vec<_> = (0..5).map(|n| new(name, &format!("{name}{n}"))).collect();
        bench.enqueue(&jobs, 0).await;
    }
    let wants = [
        Want {
            name: "a",
            limit: 2,
        },
        Want {
            name: "b",
            limit: 10,
        },
    ];
    let leases = bench.store.lease(&wants, 6, "w", at(0)).await.unwrap();
    let mut texts = said_of(&leases.jobs);
    texts.sort_unstable();
    assert_eq!(texts, ["a0", "a1", "b0", "b1", "b2", "b3"]);
    // What no worker wants is still there to be seen.
    let counts = bench.store.counts(at(1)).await.unwrap();
    let c = counts.iter().find(|kind| kind.name == "c").unwrap();
    assert_eq!((c.ready, c.oldest_ready), (5, Some(at(0))));
}

async fn next_due(bench: Bench) {
    let due = async |names: &[&'static str], now| bench.lease(names, 1, now).await.next_due;
    assert_eq!(due(&["a", "b"], 0).await, None);
    bench.enqueue(&[new("a", "later").at(at(500))], 0).await;
    bench.enqueue(&[new("b", "sooner").at(at(300))], 0).await;
    bench.enqueue(&[new("c", "unwanted").at(at(100))], 0).await;
    assert_eq!(due(&["a", "b"], 0).await, Some(at(300)));
    assert_eq!(due(&["a"], 0).await, Some(at(500)));
    // What is leased is due when its lease ends.
    assert_eq!(due(&["b"], 300).await, Some(at(300).plus(LEASE)));
}

async fn never_shared(bench: Bench) {
    const JOBS: usize = 400;
    let jobs: Vec<_> = (0..JOBS).map(|n| new("a", &n.to_string())).collect();
    bench.enqueue(&jobs, 0).await;
    let other = bench.database.open_all().await.jobs;
    let mut seen = BTreeSet::new();
    let want = [Want {
        name: "a",
        limit: 7,
    }];
    while seen.len() < JOBS {
        let stores = [&bench.store, &other];
        let leasing = (0..6).map(|n| stores[n % 2].lease(&want, 7, "w", at(1)));
        for leases in join_all(leasing).await {
            for job in leases.unwrap().jobs {
                assert!(seen.insert(job.fence.job), "leased twice: {job:?}");
                assert_eq!(job.fence.attempt, 1);
            }
        }
    }
}

/// A worker that was killed: its jobs are due again when its lease ends, not a microsecond later.
async fn silence(bench: Bench) {
    bench.enqueue(&[new("a", "orphan")], 0).await;
    let lost = bench.lease_one("a", 0).await;
    let lease_us = i64::try_from(LEASE.as_micros()).unwrap();
    assert!(bench.lease(&["a"], 1, lease_us - 1).await.jobs.is_empty());
    let taken = bench.lease_one("a", lease_us).await;
    assert_eq!(taken.fence.job, lost.fence.job);
    assert_eq!((taken.fence.attempt, taken.failures), (2, 1));
    let row = bench.row(taken.fence.job).await.unwrap();
    let cause = row.cause.unwrap();
    assert!(cause.contains("silent"), "{cause}");
    // It was only slow: what it says now is not written.
    assert!(!bench.done(lost.fence, lease_us + 1).await);
    let extended = bench.store.extend(lost.fence, at(lease_us * 9)).await;
    assert!(!extended.unwrap());
    assert!(bench.done(taken.fence, lease_us + 2).await);
    assert!(!bench.done(taken.fence, lease_us + 3).await);
    bench.check_sound().await;
}

/// A job that kills its worker each time must not do so for ever.
async fn silence_buries(bench: Bench) {
    let mut poison = new("a", "poison");
    poison.attempts_max = 2;
    bench.enqueue(&[poison, new("a", "good")], 0).await;
    let lease_us = i64::try_from(LEASE.as_micros()).unwrap();
    let first = bench.lease(&["a"], 10, 0).await;
    assert!(bench.done(first.jobs[1].fence, 1).await);
    let second = bench.lease(&["a"], 10, lease_us).await;
    assert_eq!((second.jobs.len(), second.buried), (1, 0));
    assert!(second.jobs[0].is_last());
    let third = bench.lease(&["a"], 10, lease_us * 2).await;
    assert_eq!((third.jobs.len(), third.buried), (0, 1));
    assert_eq!(third.next_due, None);
    let dead = bench.dead().await;
    assert_eq!(dead.len(), 1);
    assert_eq!(said(&dead[0].payload), "poison");
    assert_eq!((dead[0].failures, dead[0].attempt), (2, 2));
    assert_eq!(dead[0].ended, Some(at(lease_us * 2)));
    assert!(dead[0].cause.as_ref().unwrap().contains("silent"));
    // It comes back to life too late.
    assert!(!bench.done(second.jobs[0].fence, lease_us * 2 + 1).await);
    bench.check_sound().await;
}

async fn extended(bench: Bench) {
    bench.enqueue(&[new("a", "long")], 0).await;
    let held = bench.lease_one("a", 0).await;
    let lease_us = i64::try_from(LEASE.as_micros()).unwrap();
    let until = at(lease_us * 3);
    assert!(bench.store.extend(held.fence, until).await.unwrap());
    assert!(bench.lease(&["a"], 1, lease_us * 2).await.jobs.is_empty());
    assert_eq!(bench.row(held.fence.job).await.unwrap().due, until);
    assert!(bench.done(held.fence, lease_us * 2).await);
    assert!(!bench.store.extend(held.fence, until).await.unwrap());
}

async fn deadline(bench: Bench) {
    let jobs = [
        new("a", "in time").until(at(100)),
        new("a", "too late").until(at(99)),
    ];
    bench.enqueue(&jobs, 0).await;
    let leases = bench.lease(&["a"], 10, 100).await;
    assert_eq!(said_of(&leases.jobs), ["in time"]);
    assert_eq!(leases.buried, 1);
    let dead = bench.dead().await;
    assert_eq!(said(&dead[0].payload), "too late");
    assert_eq!((dead[0].attempt, dead[0].failures), (0, 0));
    let cause = dead[0].cause.as_ref().unwrap();
    assert!(cause.contains("deadline"), "{cause}");
    bench.check_sound().await;
}
