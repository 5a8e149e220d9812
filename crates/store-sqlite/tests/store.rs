//! What only this dialect promises. The rest is the contract suite's, which runs over both.

use base::UnixMicros;
use stamp::{Entries, Entry, EntryState, NewBatch, Store};
use store_sqlite::SqliteStore;

fn batch(count: u8) -> NewBatch {
    let entries: Vec<Entry> = (0..count)
        .map(|n| Entry {
            time: UnixMicros(1_000 + i64::from(n)),
            hash: [n; 32],
        })
        .collect();
    NewBatch {
        nonce: 5,
        entries: Entries::pack(&entries),
        tags: Vec::new(),
        tokens: Vec::new(),
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let number = store.insert_batch(batch(200)).await.unwrap();
    drop(store);
    let store = SqliteStore::open(folder.path()).unwrap();
    assert_eq!(store.pooled().await.unwrap(), 200);
    let entry = store.entry(number, 199).await.unwrap();
    let expected = Entry {
        time: UnixMicros(1_199),
        hash: [199; 32],
    };
    assert_eq!(
        entry,
        Some(EntryState::Pooled {
            nonce: 5,
            entry: expected
        })
    );
    assert_eq!(store.entry(number, 200).await.unwrap(), None);
    assert_eq!(store.entry(number + 1, 0).await.unwrap(), None);
}

#[tokio::test]
async fn one_folder_open_twice_has_one_lease_and_one_row_of_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let one = SqliteStore::open(folder.path()).unwrap();
    let two = SqliteStore::open(folder.path()).unwrap();
    let first = one.insert_batch(batch(1)).await.unwrap();
    let second = two.insert_batch(batch(1)).await.unwrap();
    assert!(second > first);

    let lease = one.try_lease().await.unwrap().unwrap();
    assert!(lease.is_held().await);
    assert!(two.try_lease().await.unwrap().is_none());
    drop(lease);
    let lease = two.try_lease().await.unwrap().unwrap();
    std::fs::remove_file(folder.path().join("sealer.lock")).unwrap();
    assert!(!lease.is_held().await);
}

#[tokio::test]
async fn many_writers_share_a_commit_and_get_numbers_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(SqliteStore::open(folder.path()).unwrap());
    let tasks: Vec<_> = (0..300)
        .map(|_| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move { store.insert_batch(batch(3)).await.unwrap() })
        })
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.push(task.await.unwrap());
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 300);
    assert_eq!(store.pooled().await.unwrap(), 900);
    let batches = store.pool(0, 10).await.unwrap();
    assert_eq!(
        batches.len(),
        4,
        "three entries each, until ten are reached"
    );
}
