//! Batches: numbered, pooled, found again.

use futures_util::future::join_all;
use stamp::{BATCH_ENTRIES_MAX, BatchState, EntryState, PooledBatch, SealedBatch};

use super::{Bench, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "numbers grow", numbers_grow).await;
    on_empty(dialect, "the pool answers the oldest first", oldest_first).await;
    on_empty(dialect, "a batch is found wherever it is", found_anywhere).await;
    on_empty(dialect, "an entry is read alone", entry_alone).await;
    on_empty(dialect, "entries are read together", entries_together).await;
    on_empty(dialect, "large batches", large_batches).await;
    on_empty(dialect, "what was written outlives its process", outlives).await;
}

async fn numbers_grow(bench: Bench) {
    let store = bench.store().await;
    let other = bench.store().await;
    let mut newest = 0;
    for round in 0..8 {
        let stores = [&store, &other];
        let inserts = (0..16).map(|n| stores[n % 2].insert_batch(bench.batch(1 + n % 3)));
        let mut numbers: Vec<u64> = join_all(inserts)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        numbers.sort_unstable();
        assert!(
            numbers[0] > newest,
            "round {round}: {numbers:?} after {newest}"
        );
        assert!(
            numbers.is_sorted_by(|a, b| a < b),
            "given twice: {numbers:?}"
        );
        newest = numbers[15];
    }
    assert!(i64::try_from(newest).is_ok());
}

async fn oldest_first(bench: Bench) {
    let store = bench.store().await;
    assert_eq!(store.pool(0, 100).await.unwrap(), []);
    assert_eq!(store.pooled().await.unwrap(), 0);
    let mut batches = Vec::new();
    for _ in 0..3 {
        batches.push(bench.insert(&*store, 10).await);
    }
    assert_eq!(store.pooled().await.unwrap(), 30);
    // The last batch is the one that reaches the limit; the first comes in any case.
    for (entries_max, expected) in [
        (0, 1),
        (1, 1),
        (10, 1),
        (11, 2),
        (20, 2),
        (25, 3),
        (1000, 3),
    ] {
        let pool = store.pool(0, entries_max).await.unwrap();
        assert_eq!(pool, batches[..expected], "entries_max {entries_max}");
    }
    // A page begins after the last of the one before.
    for (after, entries_max, expected) in [
        (0, 10, 0..1),
        (batches[0].number, 10, 1..2),
        (batches[0].number, 11, 1..3),
        (batches[1].number, 1000, 2..3),
        (batches[2].number, 1000, 3..3),
        (u64::MAX, 1000, 3..3),
    ] {
        let page = store.pool(after, entries_max).await.unwrap();
        assert_eq!(page, batches[expected], "after {after}, {entries_max}");
    }
    // Sealing one in the middle takes it out, and only it.
    bench.seal(&*store, 0, &batches[1..2]).await;
    batches.remove(1);
    assert_eq!(store.pool(0, usize::MAX).await.unwrap(), batches);
    assert_eq!(store.pooled().await.unwrap(), 20);
}

async fn found_anywhere(bench: Bench) {
    let store = bench.store().await;
    let batches = [
        bench.insert(&*store, 5).await,
        bench.insert(&*store, 300).await,
    ];
    for batch in &batches {
        let state = store.batch(batch.number).await.unwrap();
        assert_eq!(state, Some(BatchState::Pooled(batch.clone())));
    }
    let sealed = bench.seal(&*store, 0, &batches).await;
    let expected: Vec<SealedBatch> = batches
        .iter()
        .zip(&sealed.batches)
        .map(|(batch, (number, placements))| SealedBatch {
            number: *number,
            nonce: batch.nonce,
            interval: 0,
            placements: placements.clone(),
        })
        .collect();
    for batch in &expected {
        let state = store.batch(batch.number).await.unwrap();
        assert_eq!(state, Some(BatchState::Sealed(batch.clone())));
    }
    assert_eq!(store.sealed_batches(0).await.unwrap(), expected);
    assert_eq!(store.sealed_batches(1).await.unwrap(), []);
    assert_eq!(store.sealed_batches(u64::MAX).await.unwrap(), []);
    let never = [
        0,
        batches[1].number + 1,
        1 << 40,
        i64::MAX as u64,
        1 << 63,
        u64::MAX,
    ];
    for number in never {
        assert_eq!(store.batch(number).await.unwrap(), None, "{number}");
        assert_eq!(store.entry(number, 0).await.unwrap(), None, "{number}");
    }
}

async fn entry_alone(bench: Bench) {
    let store = bench.store().await;
    let batch = bench.insert(&*store, 1000).await;
    let nonce = batch.nonce;
    let beyond = [1000, 1001, (1 << 20) - 1, 1 << 20, u32::MAX];
    for index in [0, 1, 500, 999] {
        let entry = batch.entries.get(index).unwrap();
        let state = store.entry(batch.number, index).await.unwrap();
        assert_eq!(state, Some(EntryState::Pooled { nonce, entry }), "{index}");
    }
    for index in beyond {
        assert_eq!(
            store.entry(batch.number, index).await.unwrap(),
            None,
            "{index}"
        );
    }
    let sealed = bench.seal(&*store, 0, std::slice::from_ref(&batch)).await;
    for index in [0, 1, 500, 999] {
        let placement = sealed.batches[0].1.get(index).unwrap();
        let expected = EntryState::Sealed {
            nonce,
            interval: 0,
            placement,
        };
        let state = store.entry(batch.number, index).await.unwrap();
        assert_eq!(state, Some(expected), "{index}");
    }
    for index in beyond {
        assert_eq!(
            store.entry(batch.number, index).await.unwrap(),
            None,
            "{index}"
        );
    }
}

// A page of a tag is read at once: each address for itself, whatever became of its batch.
async fn entries_together(bench: Bench) {
    let store = bench.store().await;
    let mut batches = Vec::new();
    for count in [1, 300, 40] {
        batches.push(bench.insert(&*store, count).await);
    }
    bench.seal(&*store, 0, &batches[..1]).await;
    bench.seal(&*store, 1, &batches[1..2]).await;
    assert_eq!(store.forget(super::interval_time(1), 1).await.unwrap(), 1);
    let [gone, sealed, pooled] = [&batches[0], &batches[1], &batches[2]].map(|it| it.number);
    let addresses = [
        (pooled, 39),
        (sealed, 299),
        (sealed, 300),
        (gone, 0),
        (sealed, 0),
        (pooled, 40),
        (0, 0),
        (u64::MAX, 0),
        (pooled, u32::MAX),
        (pooled, 0),
        (sealed, 299),
        (1 << 40, 3),
    ];
    let mut expected = Vec::new();
    for (number, index) in addresses {
        expected.push(store.entry(number, index).await.unwrap());
    }
    let kinds: Vec<char> = expected
        .iter()
        .map(|state| match state {
            None => '-',
            Some(EntryState::Forgotten) => 'f',
            Some(EntryState::Pooled { .. }) => 'p',
            Some(EntryState::Sealed { .. }) => 's',
        })
        .collect();
    assert_eq!(kinds, "ps-fs----ps-".chars().collect::<Vec<_>>());
    assert_eq!(store.entries(&addresses).await.unwrap(), expected);
    assert_eq!(store.entries(&[]).await.unwrap(), []);
}

/// A bulk request holds 100,000 entries, the format holds 2^20.
async fn large_batches(bench: Bench) {
    let store = bench.store().await;
    let mut batches: Vec<PooledBatch> = Vec::new();
    for count in [100_000, BATCH_ENTRIES_MAX] {
        let batch = bench.insert(&*store, count).await;
        let state = store.batch(batch.number).await.unwrap();
        assert!(
            state == Some(BatchState::Pooled(batch.clone())),
            "{count} entries"
        );
        batches.push(batch);
    }
    let last = u32::try_from(BATCH_ENTRIES_MAX).unwrap() - 1;
    let entry = batches[1].entries.get(last).unwrap();
    let nonce = batches[1].nonce;
    let state = store.entry(batches[1].number, last).await.unwrap();
    assert_eq!(state, Some(EntryState::Pooled { nonce, entry }));

    let sealed = bench.seal(&*store, 0, &batches).await;
    for ((number, placements), batch) in sealed.batches.iter().zip(&batches) {
        let Some(BatchState::Sealed(stored)) = store.batch(*number).await.unwrap() else {
            panic!("batch {number} is not sealed");
        };
        assert!(stored.placements == *placements && stored.nonce == batch.nonce);
    }
    let leaves: Vec<tlog::Hash> = sealed
        .interval_tiles
        .iter()
        .filter(|(tile, _)| tile.level == 0)
        .flat_map(|(_, hashes)| hashes.iter().copied())
        .collect();
    assert_eq!(leaves.len(), 100_000 + BATCH_ENTRIES_MAX);
    assert!(store.interval_leaves(0).await.unwrap() == leaves);
}

async fn outlives(bench: Bench) {
    let store = bench.store().await;
    let pooled = bench.insert(&*store, 3).await;
    let batch = bench.insert(&*store, 3).await;
    let sealed = bench.seal(&*store, 0, std::slice::from_ref(&batch)).await;
    store.put_checkpoint(1, "note".to_owned()).await.unwrap();
    store.claim_authority("first.example").await.unwrap();
    drop(store);

    let store = bench.store().await;
    assert_eq!(store.pool(0, 100).await.unwrap(), [pooled]);
    assert_eq!(store.head().await.unwrap(), sealed.head);
    assert_eq!(store.intervals(0..9).await.unwrap(), [sealed.interval]);
    assert_eq!(
        store.interval_leaves(0).await.unwrap(),
        sealed.interval_tiles[0].1
    );
    assert_eq!(
        store.checkpoint_up_to(9).await.unwrap().unwrap().note,
        "note"
    );
    assert_eq!(
        store.claim_authority("second.example").await.unwrap(),
        "first.example"
    );
    let next = store.insert_batch(bench.batch(1)).await.unwrap();
    assert!(next > batch.number, "a number is never given twice");
}
