//! Schedules: remembered, and each time fires once.

use futures_util::future::join_all;

use super::{Bench, at, new, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "a schedule is remembered", remembered).await;
    on_empty(dialect, "each time fires once", fires_once).await;
}

async fn remembered(bench: Bench) {
    let plan = async |rule: &str, first| bench.store.plan("s", rule, at(first)).await.unwrap();
    let row = plan("daily", 100).await;
    assert_eq!((&row.name[..], &row.rule[..]), ("s", "daily"));
    assert_eq!((row.next, row.last), (at(100), None));
    // A restart does not put it off, nor back.
    assert_eq!(plan("daily", 900).await, row);
    assert_eq!(plan("daily", 1).await, row);
    let fired = bench.store.fire("s", at(100), at(200), None, at(101)).await;
    assert!(fired.unwrap());
    assert_eq!(plan("daily", 900).await.next, at(200));
    // Another rule begins anew.
    assert_eq!(plan("hourly", 150).await.next, at(150));
    bench.store.plan("r", "daily", at(7)).await.unwrap();
    let names: Vec<String> = bench
        .store
        .schedules()
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(names, ["r", "s"]);
}

async fn fires_once(bench: Bench) {
    bench.store.plan("s", "often", at(0)).await.unwrap();
    let other = bench.database.open_all().await.jobs;
    let mut fired = 0;
    for round in 0..20 {
        let (due, next) = (at(round * 10), at(round * 10 + 10));
        let stores = [&bench.store, &other];
        let firing = (0..6).map(|n| {
            let job = Some(new("a", &round.to_string()));
            stores[n % 2].fire("s", due, next, job, due)
        });
        let answers: Vec<bool> = join_all(firing)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(answers.iter().filter(|fired| **fired).count(), 1);
        fired += 1;
        assert_eq!(bench.unfinished("a").await.len(), fired);
    }
    let row = bench.store.plan("s", "often", at(0)).await.unwrap();
    assert_eq!((row.next, row.last), (at(200), Some(at(190))));
    // A time that is skipped is no run.
    let skipped = bench.store.fire("s", at(200), at(210), None, at(205)).await;
    assert!(skipped.unwrap());
    let row = bench.store.plan("s", "often", at(0)).await.unwrap();
    assert_eq!((row.next, row.last), (at(210), Some(at(190))));
    let unknown = bench.store.fire("t", at(0), at(1), None, at(0)).await;
    assert!(!unknown.unwrap());
}
