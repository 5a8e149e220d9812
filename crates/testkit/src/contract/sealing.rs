//! The commit of an interval, and what it wrote.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use stamp::{BatchState, Commit, Head, SealedInterval, Store, Tree};

use super::{Bench, on_empty, tile};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "a new log is empty", new_log).await;
    on_empty(dialect, "a commit writes all of an interval", writes_all).await;
    on_empty(
        dialect,
        "a commit on another head writes nothing",
        head_moved,
    )
    .await;
    on_empty(dialect, "a batch is sealed once", sealed_once).await;
    on_empty(dialect, "of two sealers one commits", one_commits).await;
    on_empty(
        dialect,
        "no reader misses a batch while it is sealed",
        never_missed,
    )
    .await;
    on_empty(
        dialect,
        "intervals are answered in order, 1,024 at most",
        intervals,
    )
    .await;
}

async fn new_log(bench: Bench) {
    let store = bench.store().await;
    assert_eq!(store.head().await.unwrap(), Head::empty());
    assert_eq!(store.intervals(0..u64::MAX).await.unwrap(), []);
    assert_eq!(store.interval_leaves(0).await.unwrap(), [[0; 32]; 0]);
    assert_eq!(
        store.main_tiles(Tree::Sha3, &[tile(0, 0)]).await.unwrap(),
        []
    );
}

async fn writes_all(bench: Bench) {
    let store = bench.store().await;
    // 70,001 leaves: three levels of tiles, more tiles than the two dialects' chunks.
    let batches = [
        bench.insert(&*store, 70_000).await,
        bench.insert(&*store, 1).await,
    ];
    let sealed = bench.seal(&*store, 0, &batches).await;
    assert_eq!(sealed.interval_tiles.last().unwrap().0, tile(2, 0));
    assert_eq!(store.head().await.unwrap(), sealed.head);
    assert_eq!(store.intervals(0..1).await.unwrap(), [sealed.interval]);
    assert_eq!(store.pool(0, 9).await.unwrap(), []);

    let wanted = [
        tile(2, 0),
        tile(0, 273),
        tile(0, 274),
        tile(1, 1),
        tile(0, 0),
        tile(7, u64::MAX),
    ];
    let mut found = store.interval_tiles(0, &wanted).await.unwrap();
    found.sort_unstable();
    let exists = |id| wanted.contains(&id);
    let mut expected: Vec<_> = sealed
        .interval_tiles
        .iter()
        .filter(|(id, _)| exists(*id))
        .cloned()
        .collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(
        found.len(),
        4,
        "274 tiles hold the leaves, so 0/274 and 7/max do not exist"
    );
    assert_eq!(store.interval_tiles(1, &wanted).await.unwrap(), []);
    assert_eq!(store.interval_tiles(0, &[]).await.unwrap(), []);

    // A heartbeat: no batch, no leaf; and the newest tile of each main tree is replaced.
    let beat = bench.seal(&*store, 1, &[]).await;
    assert_eq!(store.interval_leaves(1).await.unwrap(), [[0; 32]; 0]);
    assert_eq!(store.sealed_batches(1).await.unwrap(), []);
    assert_eq!(store.head().await.unwrap(), beat.head);
    for (tree, id, hashes) in beat.main_tiles {
        let found = store.main_tiles(tree, &[id, tile(1, 0)]).await.unwrap();
        assert_eq!(found, [(id, hashes)], "{tree:?}");
    }
}

/// All that a commit could change.
async fn state(store: &dyn Store) -> impl PartialEq + std::fmt::Debug {
    (
        store.head().await.unwrap(),
        store.intervals(0..100).await.unwrap(),
        store.pool(0, usize::MAX).await.unwrap(),
        store.sealed_batches(1).await.unwrap(),
        store.interval_leaves(1).await.unwrap(),
        store.main_tiles(Tree::Sha3, &[tile(0, 0)]).await.unwrap(),
        store.main_tiles(Tree::Sha256, &[tile(0, 0)]).await.unwrap(),
    )
}

async fn head_moved(bench: Bench) {
    let store = bench.store().await;
    let batch = bench.insert(&*store, 5).await;
    bench.seal(&*store, 0, &[batch]).await;
    let waiting = bench.insert(&*store, 5).await;
    let before = state(&*store).await;
    for index in [0, 2, 3, 1 << 40] {
        let other = bench.interval(index, std::slice::from_ref(&waiting));
        let commit = store.commit_interval(other).await.unwrap();
        assert_eq!(commit, Commit::HeadMoved, "index {index}");
        assert_eq!(state(&*store).await, before, "index {index}");
    }
    bench.seal(&*store, 1, &[waiting]).await;
}

/// A sealer that lost its lease may hold batches which another has sealed since.
async fn sealed_once(bench: Bench) {
    let store = bench.store().await;
    let batch = bench.insert(&*store, 5).await;
    bench.seal(&*store, 0, std::slice::from_ref(&batch)).await;
    let waiting = bench.insert(&*store, 5).await;
    let before = state(&*store).await;
    let again = bench.interval(1, &[waiting, batch]);
    assert!(store.commit_interval(again).await.is_err());
    assert_eq!(state(&*store).await, before);
}

async fn one_commits(bench: Bench) {
    let stores = [bench.store().await, bench.store().await];
    let batch = bench.insert(&*stores[0], 300).await;
    for index in 0..8u64 {
        let batches = if index == 0 {
            std::slice::from_ref(&batch)
        } else {
            &[]
        };
        let rivals: Vec<SealedInterval> = (0..6).map(|_| bench.interval(index, batches)).collect();
        let commits = rivals
            .iter()
            .enumerate()
            .map(|(at, rival)| stores[at % 2].commit_interval(rival.clone()));
        let commits = join_all(commits).await;
        let winners: Vec<&SealedInterval> = commits
            .into_iter()
            .zip(&rivals)
            .filter(|(commit, _)| *commit.as_ref().unwrap() == Commit::Done)
            .map(|(_, rival)| rival)
            .collect();
        let [winner] = winners[..] else {
            panic!("{} sealers committed interval {index}", winners.len());
        };
        for store in &stores {
            assert_eq!(store.head().await.unwrap(), winner.head);
            assert_eq!(
                store.intervals(index..index + 1).await.unwrap(),
                [winner.interval]
            );
            let newest = tile(0, 0);
            let found = store.main_tiles(Tree::Sha256, &[newest]).await.unwrap();
            let expected = winner
                .main_tiles
                .iter()
                .find(|tile| tile.0 == Tree::Sha256)
                .unwrap();
            assert_eq!(found, [(newest, expected.2.clone())]);
        }
    }
}

async fn never_missed(bench: Bench) {
    let (store, reader) = (bench.store().await, bench.store().await);
    let done = Arc::new(AtomicBool::new(false));
    let first = bench.insert(&*store, 1).await;
    let mut batches = Vec::new();
    for _ in 0..20 {
        batches.push(bench.insert(&*store, 50).await);
    }
    let numbers: Vec<u64> = batches.iter().map(|batch| batch.number).collect();
    let watching = tokio::spawn({
        let done = Arc::clone(&done);
        async move {
            let mut reads = 0u32;
            while !done.load(Ordering::Relaxed) || reads == 0 {
                for number in &numbers {
                    let state = reader.batch(*number).await.unwrap();
                    assert!(
                        matches!(state, Some(BatchState::Pooled(_) | BatchState::Sealed(_))),
                        "{state:?}"
                    );
                    assert!(reader.entry(*number, 49).await.unwrap().is_some());
                    reads += 1;
                }
            }
        }
    });
    bench.seal(&*store, 0, &[first]).await;
    for (index, batch) in batches.iter().enumerate() {
        bench
            .seal(&*store, index as u64 + 1, std::slice::from_ref(batch))
            .await;
    }
    done.store(true, Ordering::Relaxed);
    watching.await.unwrap();
}

async fn intervals(bench: Bench) {
    let store = bench.store().await;
    let mut all = Vec::new();
    for index in 0..1030 {
        all.push(bench.seal(&*store, index, &[]).await.interval);
    }
    for (range, expected) in [
        (0..0, &all[..0]),
        (0..1, &all[..1]),
        (5..9, &all[5..9]),
        (1028..5000, &all[1028..]),
        (1030..1031, &[]),
        (0..u64::MAX, &all[..1024]),
        (3..1030, &all[3..1027]),
        (u64::MAX - 1..u64::MAX, &[]),
        #[expect(
            clippy::reversed_empty_ranges,
            reason = "a range that a caller got wrong is empty"
        )]
        (9..5, &[]),
    ] {
        assert_eq!(
            store.intervals(range.clone()).await.unwrap(),
            expected,
            "{range:?}"
        );
    }
}
