//! Whatever is damaged among facts and jobs, the inspection says what: a hand that slips in the
//! file, a restored piece of an old copy.

#![allow(
    clippy::unwrap_used,
    reason = "this is test code: what cannot be had is a failed test"
)]

use std::path::Path;
use std::sync::Arc;

use base::UnixMicros;
use facts::{FactKind, NewFact, StampFact, Stamped, Store as _};
use jobs::{End, Ended, Job as _, NewJob, Store as _, Want};
use stamp::{Entries, Entry, Ledger, NewBatch, Store as _, TimestampId};
use store_sqlite::SqliteStore;
use tlog::v1::{Data, TimeText, timestamp_hash};

const NOW: UnixMicros = UnixMicros(1_767_225_600_000_000);
/// SHA-256 of the only facts here.
const DIGEST: [u8; 32] = [0xab; 32];

/// Two facts, of which the first is stamped; jobs of every state.
async fn make(folder: &Path) {
    let store = SqliteStore::open(folder).unwrap();
    let fact = NewFact {
        kind: FactKind("test"),
        sha256: DIGEST,
    };
    let ids = store.insert(vec![fact, fact], NOW).await.unwrap();
    let want = |name, limit| [Want { name, limit }];
    let lease = async |name, limit| {
        let leases = store.lease(&want(name, limit), limit, "w", NOW).await;
        leases.unwrap().jobs
    };
    let text = format!("sha256:{}", "ab".repeat(32));
    let hash = timestamp_hash(Data::Text(&text), &TimeText::of_micros(NOW.0));
    let batch = NewBatch {
        nonce: 5,
        entries: Entries::pack(&[Entry { time: NOW, hash }]),
        tags: Vec::new(),
        tokens: Vec::new(),
    };
    let stamped = Stamped {
        fact: ids[0],
        timestamp: TimestampId {
            batch: store.insert_batch(batch).await.unwrap(),
            nonce: 5,
            index: 0,
        },
        fence: lease(StampFact::NAME, 1).await[0].fence,
    };
    assert_eq!(store.stamped(&[stamped], NOW).await.unwrap(), [true]);

    let mut job = NewJob::of(&StampFact { fact: 0 });
    (job.name, job.keep) = ("test.job", true);
    store.enqueue(vec![job; 4], NOW).await.unwrap();
    let taken = lease("test.job", 3).await;
    let hows = [End::Done(Vec::new()), End::GivenUp("no".into())];
    let ended = taken.iter().zip(hows).map(|(job, how)| Ended {
        fence: job.fence,
        how,
    });
    store.settle(ended.collect(), NOW).await.unwrap();
}

async fn findings(folder: &Path) -> Vec<String> {
    let store = Arc::new(SqliteStore::open(folder).unwrap());
    let ledger = Ledger::new(Arc::clone(&store) as _);
    let report = facts::fsck::check(&*store, &ledger).await.unwrap();
    let mut findings = store.inspect().await.unwrap();
    findings.extend(report.findings.iter().map(ToString::to_string));
    findings
}

#[tokio::test]
async fn every_damage_is_named() {
    let sound = tempfile::tempdir().unwrap();
    make(sound.path()).await;
    assert_eq!(findings(sound.path()).await, [""; 0]);

    let check = async |damage: &str, expected: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path()).await;
        let file = folder.path().join("indelible.db");
        let db = rusqlite::Connection::open(file).unwrap();
        db.execute_batch(damage).unwrap();
        drop(db);
        assert_eq!(findings(folder.path()).await, expected, "{damage}");
    };
    check(
        "update fact set nonce = 6 where number is not null",
        &["fact 1: its timestamp was never given by this log"],
    )
    .await;
    check(
        "update fact set sha256 = zeroblob(32) where id = 1",
        &["fact 1: its timestamp is one of another text"],
    )
    .await;
    check(
        "delete from job where name = 'facts.stamp'",
        &["fact 2: it is not stamped, and no job will do it"],
    )
    .await;
    check(
        "update job set state = 7 where state = 0 and name = 'test.job'",
        &["job 6 (test.job): its state is none that we write"],
    )
    .await;
    check(
        "update job set ended_at_us = null where state >= 2",
        &[
            "job 3 (test.job): it ended, but not at any time",
            "job 4 (test.job): it ended, but not at any time",
        ],
    )
    .await;
    check(
        "update job set ended_at_us = 5 where state = 0 and name = 'test.job'",
        &["job 6 (test.job): it has ended and has not"],
    )
    .await;
    check(
        "update job set worker = null where state = 1",
        &["job 5 (test.job): it runs, but nobody has it"],
    )
    .await;
    check(
        "update job set attempt = 0 where state = 1",
        &["job 5 (test.job): it runs, but no attempt was begun"],
    )
    .await;
    check(
        "update job set cause = null where state = 3",
        &["job 4 (test.job): it was given up for no cause"],
    )
    .await;
    check(
        "update job set payload = '{' where state = 2",
        &["job 3 (test.job): its payload is no JSON"],
    )
    .await;
}
