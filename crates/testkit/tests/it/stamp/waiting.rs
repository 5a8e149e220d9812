//! Waiting for proofs: nobody is forgotten, and nobody waits for ever.

use std::sync::Arc;
use std::time::Duration;

use testkit::{Database, Dialect};

use super::log::{Log, check_proof, settings};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_gets_the_proof_whenever_they_began() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Arc::new(Log::open(&database).await);
    let mut sealer = log.sealer();
    for _ in 0..20 {
        // Waiters register before, during and after the seal.
        let waiting: Vec<_> = (0..100)
            .map(|n| {
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let stamp = log.submit(&format!("{n}")).await;
                    let proof = log.notary.wait(stamp.id).await.unwrap();
                    check_proof(&stamp, &proof.expect("it was sealed in time"));
                })
            })
            .collect();
        while waiting.iter().any(|task| !task.is_finished()) {
            log.clock.advance(Duration::from_millis(1));
            sealer.seal_once().await.unwrap();
            tokio::task::yield_now().await;
        }
        for task in waiting {
            task.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiters_of_another_process_are_told_by_its_own_follower() {
    let database = Database::new(Dialect::Sqlite).await;
    let here = Log::open(&database).await;
    let mut settings = settings();
    settings.poll = Duration::from_millis(1);
    // Another process: its own store, no bus in common.
    let there = Arc::new(Log::over(database.open().await, &here.clock, settings).await);
    let mut sealer = here.sealer();
    let pooled = here.submit("pooled").await;
    let waiting = {
        let there = Arc::clone(&there);
        tokio::spawn(async move { there.notary.wait(pooled.id).await.unwrap() })
    };
    here.seal(&mut sealer).await;
    check_proof(&pooled, &waiting.await.unwrap().unwrap());
    // Sealed long ago: the tables answer.
    check_proof(
        &pooled,
        &there.notary.wait(pooled.id).await.unwrap().unwrap(),
    );
}

#[tokio::test]
async fn waiting_ends_at_its_limit() {
    let database = Database::new(Dialect::Sqlite).await;
    let mut settings = settings();
    settings.wait_max = Duration::from_millis(20);
    let log = Log::over(database.open().await, &Arc::default(), settings).await;
    let stamp = log.submit("nobody seals this").await;
    assert_eq!(log.notary.wait(stamp.id).await.unwrap(), None);
    let mut sealer = log.sealer();
    let mut intervals = log.follower.subscribe();
    log.seal(&mut sealer).await;
    intervals.recv().await.unwrap();
    let proof = log.notary.wait(stamp.id).await.unwrap();
    check_proof(&stamp, &proof.expect("it is sealed by now"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_who_wait_for_a_large_interval_are_answered_too() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Arc::new(Log::open(&database).await);
    let stamps = log.submit_many(70_000).await;
    let single = log.submit("single").await;
    let waiting: Vec<_> = [stamps[0], stamps[69_999], single]
        .into_iter()
        .map(|stamp| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let proof = log.notary.wait(stamp.id).await.unwrap();
                check_proof(&stamp, &proof.expect("it was sealed in time"));
            })
        })
        .collect();
    log.seal(&mut log.sealer()).await;
    for task in waiting {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_id_spoils_nobody_elses_wait() {
    let database = Database::new(Dialect::Sqlite).await;
    let here = Log::open(&database).await;
    let mut settings = settings();
    settings.poll = Duration::from_millis(1);
    let there = Arc::new(Log::over(database.open().await, &here.clock, settings).await);
    let stamp = here.submit("real").await;
    let mut forged = stamp.id;
    forged.index = 77;
    let wait = |id| {
        let there = Arc::clone(&there);
        tokio::spawn(async move { there.notary.wait(id).await.unwrap() })
    };
    let forged = wait(forged);
    tokio::task::yield_now().await;
    let real = wait(stamp.id);
    here.seal(&mut here.sealer()).await;
    check_proof(&stamp, &real.await.unwrap().unwrap());
    assert_eq!(forged.await.unwrap(), None);
}
