//! Checkpoints, keys, the authority, what a witness remembers; and the lease.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use stamp::{Checkpoint, Cosignature, Lease, LogKey, Store, Witnessed};
use tokio::time::{sleep, timeout};

use super::{Bench, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "the first checkpoint of a size wins", first_wins).await;
    on_empty(dialect, "the largest checkpoint up to a size", up_to).await;
    on_empty(dialect, "cosignatures keep their order", cosignatures).await;
    on_empty(dialect, "the newest that carry cosignatures", cosigned).await;
    on_empty(dialect, "the authority is claimed once", authority).await;
    on_empty(dialect, "keys are kept, oldest first", log_keys).await;
    on_empty(dialect, "a witness never goes back", witnessed).await;
    on_empty(dialect, "one holds the lease", lease).await;
}

fn unsigned(size: u64, note: &str) -> Checkpoint {
    Checkpoint {
        size,
        note: note.to_owned(),
        cosignatures: Vec::new(),
    }
}

async fn first_wins(bench: Bench) {
    let stores = [bench.store().await, bench.store().await];
    for size in [1, 2, 700] {
        let puts = (0..12).map(|n| stores[n % 2].put_checkpoint(size, format!("{size} by {n}")));
        let answers: Vec<Checkpoint> = join_all(puts)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert!(answers.iter().all(|it| *it == answers[0]), "{answers:?}");
        let later = stores[1]
            .put_checkpoint(size, "late".to_owned())
            .await
            .unwrap();
        assert_eq!(later, answers[0]);
    }
}

async fn up_to(bench: Bench) {
    let store = bench.store().await;
    assert_eq!(store.checkpoint_up_to(u64::MAX).await.unwrap(), None);
    let note = "ts.example.org/log\n7\nvCKL…\n\n— ts.example.org/log meaR\n";
    for size in [3, 7, 20] {
        store
            .put_checkpoint(size, format!("{size}{note}"))
            .await
            .unwrap();
    }
    for (size, expected) in [
        (0, None),
        (2, None),
        (3, Some(3)),
        (6, Some(3)),
        (7, Some(7)),
        (19, Some(7)),
        (20, Some(20)),
        (u64::MAX, Some(20)),
    ] {
        let expected = expected.map(|size| unsigned(size, &format!("{size}{note}")));
        assert_eq!(
            store.checkpoint_up_to(size).await.unwrap(),
            expected,
            "{size}"
        );
    }
}

async fn cosignatures(bench: Bench) {
    let store = bench.store().await;
    let by = |witness: &str, line: &str| Cosignature {
        witness: witness.to_owned(),
        line: line.to_owned(),
    };
    store.put_checkpoint(5, "five".to_owned()).await.unwrap();
    store.put_checkpoint(6, "six".to_owned()).await.unwrap();
    for (size, cosignature) in [
        (5, by("zebra", "— zebra 1")),
        (5, by("ape", "— ape 1")),
        (6, by("ape", "— ape 6")),
        (5, by("zebra", "— zebra 2")),
        (5, by("it's \"me\"", "— it's")),
    ] {
        store.add_cosignature(size, cosignature).await.unwrap();
    }
    // There is nothing to add it to.
    store
        .add_cosignature(7, by("ape", "— ape 7"))
        .await
        .unwrap();
    let seven = store.put_checkpoint(7, "seven".to_owned()).await.unwrap();
    assert_eq!(seven, unsigned(7, "seven"));
    let five = Checkpoint {
        cosignatures: vec![
            by("zebra", "— zebra 2"),
            by("ape", "— ape 1"),
            by("it's \"me\"", "— it's"),
        ],
        ..unsigned(5, "five")
    };
    assert_eq!(store.checkpoint_up_to(5).await.unwrap(), Some(five.clone()));
    assert_eq!(
        store.put_checkpoint(5, "other".to_owned()).await.unwrap(),
        five
    );
    let six = store.checkpoint_up_to(6).await.unwrap().unwrap();
    assert_eq!(six.cosignatures, [by("ape", "— ape 6")]);
}

// Heads are signed far more often than witnesses are asked: the few that they cosigned are what
// somebody who distrusts the log takes home, so they are found among all the others.
async fn cosigned(bench: Bench) {
    let store = bench.store().await;
    let check = async |from: u64, limit: usize, expected: &[(u64, &[&str])]| {
        let found = store.cosigned_checkpoints(from, limit).await.unwrap();
        let found: Vec<(u64, Vec<&str>)> = found
            .iter()
            .map(|it| {
                assert_eq!(it.note, format!("note {}", it.size));
                let by = it.cosignatures.iter().map(|one| one.witness.as_str());
                (it.size, by.collect())
            })
            .collect();
        let expected: Vec<(u64, Vec<&str>)> = expected
            .iter()
            .map(|(size, by)| (*size, by.to_vec()))
            .collect();
        assert_eq!(found, expected, "from {from}, at most {limit}");
    };
    check(0, 9, &[]).await;
    for size in [1, 2, 5, 9, 300, 301] {
        let put = store.put_checkpoint(size, format!("note {size}"));
        put.await.unwrap();
    }
    check(0, 9, &[]).await;
    for (size, witness) in [(2, "b"), (300, "z"), (9, "c"), (300, "a"), (2, "b")] {
        let cosignature = Cosignature {
            witness: witness.to_owned(),
            line: format!("line of {witness}"),
        };
        store.add_cosignature(size, cosignature).await.unwrap();
    }
    let (two, nine, newest) = ((2, &["b"][..]), (9, &["c"][..]), (300, &["z", "a"][..]));
    check(0, 9, &[newest, nine, two]).await;
    check(3, 9, &[newest, nine]).await;
    check(9, 9, &[newest, nine]).await;
    check(10, 9, &[newest]).await;
    check(0, 1, &[newest]).await;
    check(0, 2, &[newest, nine]).await;
    check(0, 0, &[]).await;
    for from in [301, u64::MAX] {
        check(from, 9, &[]).await;
    }
}

async fn authority(bench: Bench) {
    let store = bench.store().await;
    let claims = ["a.example", "b.example", "c.example"].map(|name| store.claim_authority(name));
    let answers: Vec<String> = join_all(claims)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(
        store.claim_authority("d.example").await.unwrap(),
        answers[0]
    );
}

async fn log_keys(bench: Bench) {
    let store = bench.store().await;
    assert_eq!(store.log_keys().await.unwrap(), []);
    let key = |vkey: &str, since_size| LogKey {
        vkey: vkey.to_owned(),
        since_size,
    };
    let keys = [key("z+1+A", 0), key("a+2+B", 100), key("m+3+C", 100)];
    for known in &keys {
        store.add_log_key(known.clone()).await.unwrap();
    }
    store.add_log_key(key("z+1+A", 500)).await.unwrap();
    assert_eq!(store.log_keys().await.unwrap(), keys);
}

async fn witnessed(bench: Bench) {
    let stores = [bench.store().await, bench.store().await];
    let store = &stores[0];
    let at = |size| Witnessed {
        size,
        root: bench.hash(),
    };
    for origin in [
        "log.example",
        "log.example/",
        "",
        "'; --",
        "a\0b",
        "Straße/日本",
    ] {
        assert_eq!(store.witnessed(origin).await.unwrap(), None, "{origin:?}");
        let (first, second, third) = (at(5), at(9), at(12));
        // Nothing is remembered yet, so nothing can be replaced.
        assert!(
            !store
                .advance_witnessed(origin, Some(first), second)
                .await
                .unwrap()
        );
        assert!(store.advance_witnessed(origin, None, first).await.unwrap());
        assert!(!store.advance_witnessed(origin, None, second).await.unwrap());
        assert!(
            store
                .advance_witnessed(origin, Some(first), second)
                .await
                .unwrap()
        );
        assert!(
            !store
                .advance_witnessed(origin, Some(first), third)
                .await
                .unwrap()
        );
        // The same size with another root is another memory.
        assert!(
            !store
                .advance_witnessed(origin, Some(at(9)), third)
                .await
                .unwrap()
        );
        assert_eq!(
            store.witnessed(origin).await.unwrap(),
            Some(second),
            "{origin:?}"
        );
    }
    // Of many that ask at once, one cosigns.
    for origin in ["race.example", "log.example"] {
        let old = store.witnessed(origin).await.unwrap();
        let asks: Vec<Witnessed> = (0..12).map(|n| at(100 + n)).collect();
        let rivals = asks
            .iter()
            .enumerate()
            .map(|(n, new)| stores[n % 2].advance_witnessed(origin, old, *new));
        let advanced: Vec<bool> = join_all(rivals)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(advanced.iter().filter(|won| **won).count(), 1, "{origin}");
        let winner = asks[advanced.iter().position(|won| *won).unwrap()];
        assert_eq!(store.witnessed(origin).await.unwrap(), Some(winner));
    }
}

async fn lease(bench: Bench) {
    let stores = [bench.store().await, bench.store().await];
    for _ in 0..3 {
        let held = acquire(&stores[0]).await;
        assert!(held.is_held().await);
        for store in &stores {
            assert!(store.try_lease().await.unwrap().is_none(), "held twice");
        }
        assert!(held.is_held().await);
        drop(held);
        let taken_over = acquire(&stores[1]).await;
        assert!(taken_over.is_held().await);
        assert!(stores[0].try_lease().await.unwrap().is_none());
    }
    // The right dies with its process.
    let held = acquire(&stores[0]).await;
    let [first, second] = stores;
    drop(first);
    assert!(
        held.is_held().await,
        "a lease is its own, whatever becomes of the store"
    );
    drop(held);
    acquire(&second).await;
}

/// A lease that was dropped is free soon: a server has to notice first.
async fn acquire(store: &Arc<dyn Store>) -> Box<dyn Lease> {
    let free = timeout(Duration::from_secs(10), async {
        loop {
            if let Some(lease) = store.try_lease().await.unwrap() {
                return lease;
            }
            sleep(Duration::from_millis(2)).await;
        }
    });
    free.await.expect("the lease became free")
}
