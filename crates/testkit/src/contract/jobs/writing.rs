//! Jobs: written in order, once per key, and still there after a restart.

use futures_util::future::join_all;
use jobs::JobState;

use super::{Bench, at, new, on_empty, said, said_of};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "jobs are written as they are", as_they_are).await;
    on_empty(dialect, "a unique key is taken once", unique).await;
    on_empty(
        dialect,
        "a key that many want at once is taken once",
        raced_key,
    )
    .await;
    on_empty(dialect, "nothing is written of nothing", nothing).await;
    on_empty(dialect, "what was written outlives its process", outlives).await;
}

async fn as_they_are(bench: Bench) {
    let plain = new("a", "plain");
    let mut all = new("a", "äöü \u{1f980}");
    (all.due, all.deadline) = (Some(at(50)), Some(at(90)));
    (all.unique, all.attempts_max) = (Some("key".into()), u32::MAX);
    bench.enqueue(&[all.clone(), plain.clone()], 7).await;
    let rows = bench.unfinished("a").await;
    let [first, second] = &rows[..] else {
        panic!("{rows:?}");
    };
    assert_eq!(
        (&first.payload, first.due, first.created),
        (&plain.payload, at(7), at(7))
    );
    assert_eq!((first.deadline, &first.unique), (None, &None));
    assert_eq!((&second.payload, second.due), (&all.payload, at(50)));
    assert_eq!(
        (second.deadline, &second.unique),
        (Some(at(90)), &all.unique)
    );
    assert_eq!((second.attempts_max, second.attempt), (u32::MAX, 0));
    assert!(second.id < first.id, "they are numbered in their order");
    for row in rows {
        assert_eq!((row.state, row.failures), (JobState::Waiting, 0));
        assert_eq!((row.worker, row.ended, row.cause), (None, None, None));
    }
    bench.check_sound().await;
}

async fn unique(bench: Bench) {
    let with = |name, payload, key: &str| new(name, payload).unique(key);
    // The second of one call, and the one of a later call.
    let jobs = [
        with("a", "first", "k"),
        with("a", "second", "k"),
        with("a", "other key", "l"),
        with("b", "other kind", "k"),
    ];
    bench.enqueue(&jobs, 0).await;
    bench.enqueue(&[with("a", "third", "k")], 1).await;
    let said_now = |rows: &[jobs::JobRow]| -> Vec<String> {
        rows.iter().map(|row| said(&row.payload).into()).collect()
    };
    assert_eq!(
        said_now(&bench.unfinished("a").await),
        ["first", "other key"]
    );
    assert_eq!(said_now(&bench.unfinished("b").await), ["other kind"]);
    // One that runs is unfinished; one that is done, or dead, is not.
    let leases = bench.lease(&["a"], 10, 2).await;
    bench.enqueue(&[with("a", "fourth", "k")], 3).await;
    assert_eq!(bench.unfinished("a").await.len(), 2);
    assert!(bench.done(leases.jobs[0].fence, 4).await);
    let gave_up = jobs::End::GivenUp("no".into());
    assert!(bench.end(leases.jobs[1].fence, gave_up, 4).await);
    let again = [with("a", "fifth", "k"), with("a", "sixth", "l")];
    bench.enqueue(&again, 5).await;
    assert_eq!(said_now(&bench.unfinished("a").await), ["fifth", "sixth"]);
}

async fn raced_key(bench: Bench) {
    let other = bench.database.open_all().await.jobs;
    for round in 0..20 {
        let writes = (0..8).map(|n| {
            let store = if n % 2 == 0 { &bench.store } else { &other };
            let job = new("a", &format!("{round}")).unique(format!("{round}"));
            store.enqueue(vec![job], at(round))
        });
        for written in join_all(writes).await {
            written.unwrap();
        }
    }
    assert_eq!(bench.unfinished("a").await.len(), 20);
}

async fn nothing(bench: Bench) {
    bench.enqueue(&[], 0).await;
    assert!(bench.store.counts(at(0)).await.unwrap().is_empty());
    let stale = bench.store.settle(Vec::new(), at(0)).await.unwrap();
    assert!(stale.is_empty());
    let leases = bench.store.lease(&[], 5, "w", at(0)).await.unwrap();
    assert_eq!(leases, jobs::Leases::default());
}

async fn outlives(bench: Bench) {
    let many: Vec<_> = (0..300).map(|n| new("a", &n.to_string())).collect();
    bench.enqueue(&many, 0).await;
    let Bench { database, store } = bench;
    drop(store);
    let store = database.open_all().await.jobs;
    let bench = Bench { database, store };
    let leases = bench.lease(&["a"], 1000, 0).await;
    let expected: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    assert_eq!(said_of(&leases.jobs), expected);
}
