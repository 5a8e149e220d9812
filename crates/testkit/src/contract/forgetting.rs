//! Retention: what proofs need goes, what the log is stays.

use base::UnixMicros;
use stamp::{BatchState, EntryState, NewBatch, PooledBatch, SealedInterval, Store, Tree};

use super::{Bench, id, insert, interval_time, on_empty, tile};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "old intervals are forgotten in steps", in_steps).await;
    on_empty(dialect, "what is pooled is never forgotten", pooled_stays).await;
    on_empty(dialect, "numbers never given are unknown for ever", gaps).await;
}

async fn log_of(
    bench: &Bench,
    store: &dyn Store,
    intervals: u64,
) -> Vec<(PooledBatch, SealedInterval)> {
    let mut log = Vec::new();
    for index in 0..intervals {
        let batch = NewBatch {
            tags: vec![(0, "all".to_owned())],
            tokens: vec![(1, u128::from(index).to_be_bytes(), vec![7])],
            ..bench.batch(300)
        };
        let batch = insert(store, batch).await;
        let sealed = bench.seal(store, index, std::slice::from_ref(&batch)).await;
        store
            .put_checkpoint(index + 1, format!("note {index}"))
            .await
            .unwrap();
        log.push((batch, sealed));
    }
    log
}

async fn in_steps(bench: Bench) {
    let store = bench.store().await;
    assert_eq!(store.forget(UnixMicros(i64::MAX), 10).await.unwrap(), 0);
    let log = log_of(&bench, &*store, 6).await;
    let head = store.head().await.unwrap();
    // "Before" means before: the interval of that very moment stays.
    assert_eq!(store.forget(interval_time(0), 10).await.unwrap(), 0);
    assert_eq!(store.forget(UnixMicros(i64::MIN), 10).await.unwrap(), 0);
    assert_eq!(store.forget(UnixMicros(i64::MAX), 0).await.unwrap(), 0);
    check_kept(&*store, &log, 0).await;
    assert_eq!(store.forget(interval_time(4), 3).await.unwrap(), 3);
    check_kept(&*store, &log, 3).await;
    assert_eq!(store.forget(interval_time(4), 3).await.unwrap(), 1);
    check_kept(&*store, &log, 4).await;
    assert_eq!(store.forget(interval_time(4), 3).await.unwrap(), 0);
    drop(store);
    let store = bench.store().await;
    check_kept(&*store, &log, 4).await;
    assert_eq!(
        store.forget(UnixMicros(i64::MAX), u32::MAX).await.unwrap(),
        2
    );
    check_kept(&*store, &log, 6).await;

    // The log itself forgets nothing.
    assert_eq!(store.head().await.unwrap(), head);
    let intervals: Vec<_> = log.iter().map(|(_, sealed)| sealed.interval).collect();
    assert_eq!(store.intervals(0..10).await.unwrap(), intervals);
    let newest = &log[5].1.main_tiles;
    for (tree, id, hashes) in newest {
        assert_eq!(
            store.main_tiles(*tree, &[*id]).await.unwrap(),
            [(*id, hashes.clone())]
        );
    }
    for index in 0..6 {
        let checkpoint = store.checkpoint_up_to(index + 1).await.unwrap().unwrap();
        assert_eq!(checkpoint.note, format!("note {index}"));
    }
    // And it goes on.
    let batch = bench.insert(&*store, 3).await;
    bench.seal(&*store, 6, std::slice::from_ref(&batch)).await;
    let state = store.batch(batch.number).await.unwrap();
    assert!(matches!(state, Some(BatchState::Sealed(_))), "{state:?}");
    assert_eq!(
        store
            .main_tiles(Tree::Sha3, &[tile(0, 0)])
            .await
            .unwrap()
            .len(),
        1
    );
}

/// The first `forgotten` intervals of `log` are gone, the others whole.
async fn check_kept(store: &dyn Store, log: &[(PooledBatch, SealedInterval)], forgotten: usize) {
    for (index, (batch, sealed)) in log.iter().enumerate() {
        let state = store.batch(batch.number).await.unwrap();
        let entry = store.entry(batch.number, 299).await.unwrap();
        let leaves = store.interval_leaves(index as u64).await.unwrap();
        let tiles = store
            .interval_tiles(index as u64, &[tile(0, 0), tile(1, 0)])
            .await
            .unwrap();
        let batches = store.sealed_batches(index as u64).await.unwrap();
        let token = store.token((index as u128).to_be_bytes()).await.unwrap();
        if index < forgotten {
            assert_eq!(state, Some(BatchState::Forgotten), "{index}");
            assert_eq!(entry, Some(EntryState::Forgotten), "{index}");
            assert!(
                leaves.is_empty() && tiles.is_empty() && batches.is_empty(),
                "{index}"
            );
            assert_eq!(token, None, "{index}");
        } else {
            assert!(
                matches!(state, Some(BatchState::Sealed(_))),
                "{index}: {state:?}"
            );
            assert!(
                matches!(entry, Some(EntryState::Sealed { .. })),
                "{index}: {entry:?}"
            );
            let count = u64::from(sealed.interval.count);
            assert_eq!(
                (leaves.len() as u64, tiles.len(), batches.len()),
                (count, 2, 1),
                "{index}"
            );
            assert_eq!(token.unwrap().id, id(batch, 1), "{index}");
        }
    }
    let kept: Vec<_> = log[forgotten..]
        .iter()
        .map(|(batch, _)| id(batch, 0))
        .rev()
        .collect();
    assert_eq!(store.tagged("all", None, 100).await.unwrap().ids, kept);
    let referenced = store.referenced(None, 100).await.unwrap();
    assert_eq!(referenced.len(), 2 * kept.len());
}

/// A batch may be sealed long after younger ones, when the pool was full.
async fn pooled_stays(bench: Bench) {
    let store = bench.store().await;
    let waiting = bench.insert(&*store, 2).await;
    let sealed = bench.insert(&*store, 2).await;
    bench.seal(&*store, 0, std::slice::from_ref(&sealed)).await;
    assert_eq!(store.forget(UnixMicros(i64::MAX), 9).await.unwrap(), 1);
    let state = store.batch(sealed.number).await.unwrap();
    assert_eq!(state, Some(BatchState::Forgotten));
    let state = store.batch(waiting.number).await.unwrap();
    assert_eq!(state, Some(BatchState::Pooled(waiting.clone())));
    bench.seal(&*store, 1, std::slice::from_ref(&waiting)).await;
    let state = store.batch(waiting.number).await.unwrap();
    assert!(matches!(state, Some(BatchState::Sealed(_))), "{state:?}");
    assert_eq!(store.forget(UnixMicros(i64::MAX), 9).await.unwrap(), 1);
    let state = store.batch(waiting.number).await.unwrap();
    assert_eq!(state, Some(BatchState::Forgotten));
}

/// A dialect may skip numbers, for one when an insert fails.
async fn gaps(bench: Bench) {
    let store = bench.store().await;
    let with_token = || NewBatch {
        tokens: vec![(0, [9; 16], vec![1])],
        ..bench.batch(1)
    };
    let first = insert(&*store, with_token()).await;
    for _ in 0..3 {
        assert!(
            store.insert_batch(with_token()).await.is_err(),
            "a serial given twice"
        );
    }
    let last = bench.insert(&*store, 1).await;
    let given = [first.number, last.number];
    let check_unknown = async || {
        for number in 0..last.number + 40 {
            let state = store.batch(number).await.unwrap();
            assert_eq!(
                state.is_some(),
                given.contains(&number),
                "{number}: {state:?}"
            );
        }
    };
    check_unknown().await;
    bench.seal(&*store, 0, std::slice::from_ref(&first)).await;
    assert_eq!(store.forget(UnixMicros(i64::MAX), 9).await.unwrap(), 1);
    check_unknown().await;
    bench.seal(&*store, 1, std::slice::from_ref(&last)).await;
    assert_eq!(store.forget(UnixMicros(i64::MAX), 9).await.unwrap(), 1);
    check_unknown().await;
    for number in given {
        assert_eq!(
            store.batch(number).await.unwrap(),
            Some(BatchState::Forgotten)
        );
    }
}
