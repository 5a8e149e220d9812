//! From submission to proof.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use stamp::{ClockOff, Found, Submission, SubmitError, TimestampId, Tree};
use testkit::{Database, Dialect};
use tlog::v1::{Data, TimeText, interval_hash, timestamp_hash};
use tlog::{Checkpoint, Sha3, Sha256, SignedNote, TreeHash, verify_consistency, verify_inclusion};

use super::log::{Log, check_proof, settings, verifier_keys};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_submitted_is_sealed_and_proven() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Arc::new(Log::open(&database).await);
    let mut sealer = log.sealer();
    let submitting = (0..200).map(|n| {
        let log = Arc::clone(&log);
        tokio::spawn(async move { (n, log.submit(&format!("single {n}")).await) })
    });
    let mut stamps = Vec::new();
    for task in submitting.collect::<Vec<_>>() {
        let (n, stamp) = task.await.unwrap();
        let time = TimeText::of_micros(stamp.time.0);
        let data = format!("single {n}");
        assert_eq!(stamp.hash, timestamp_hash(Data::Text(&data), &time));
        stamps.push(stamp);
    }
    stamps.extend(log.submit_many(1000).await);
    for stamp in &stamps {
        let found = log.ledger.timestamp(stamp.id).await.unwrap();
        assert_eq!(found, Found::Pending(*stamp));
    }
    let interval = log.seal(&mut sealer).await;
    assert_eq!((interval.index, interval.count), (0, 1200));
    let distinct: HashSet<TimestampId> = stamps.iter().map(|stamp| stamp.id).collect();
    assert_eq!(distinct.len(), stamps.len());
    let head = log.store.head().await.unwrap();
    for stamp in stamps.iter().step_by(7) {
        let Found::Sealed(found, proof) = log.ledger.timestamp(stamp.id).await.unwrap() else {
            panic!("{stamp:?} is not sealed");
        };
        assert_eq!(found, *stamp);
        check_proof(stamp, &proof);
        assert_eq!((proof.interval, proof.mth), (interval, head.sha3));
        let waited = log.notary.wait(stamp.id).await.unwrap();
        assert_eq!(waited, Some(proof));
    }
    assert_eq!(log.store.pooled().await.unwrap(), 0);
}

#[tokio::test]
async fn ids_that_were_never_given_are_unknown() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let real = log.submit("real").await.id;
    let check = async |log: &Log| {
        for id in [
            TimestampId {
                nonce: real.nonce ^ 1,
                ..real
            },
            TimestampId { index: 1, ..real },
            TimestampId {
                batch: real.batch + 1,
                ..real
            },
            TimestampId {
                batch: u64::MAX,
                ..real
            },
            TimestampId { batch: 0, ..real },
        ] {
            let found = log.ledger.timestamp(id).await.unwrap();
            assert_eq!(found, Found::Unknown, "{id:?}");
            assert_eq!(log.notary.wait(id).await.unwrap(), None, "{id:?}");
        }
    };
    log.seal(&mut log.sealer()).await;
    check(&log).await;
}

#[tokio::test]
async fn every_interval_is_announced_in_order_with_proofs_that_hold() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let mut intervals = log.follower.subscribe();
    let mut sealer = log.sealer();
    assert_eq!(log.follower.head().interval, None);
    let (mut leaves3, mut leaves256) = (Vec::new(), Vec::new());
    let mut timestamps = 0;
    // Beyond 256, so that tiles of the second level come into play.
    for index in 0..300u64 {
        if index % 3 == 0 {
            log.submit("something").await;
            timestamps += 1;
        } else {
            log.clock.advance(log.settings.heartbeat);
        }
        let interval_sealed = log.seal(&mut sealer).await;
        let told = intervals.recv().await.unwrap();
        let interval = told.interval.unwrap();
        assert_eq!((interval, interval.index), (interval_sealed, index));
        assert_eq!(told.head, log.store.head().await.unwrap());
        assert_eq!(told.head.timestamps, timestamps);

        let nucleus = interval.nucleus();
        let time = TimeText::of_micros(interval.time.0);
        let ihash = interval_hash(index, &time, &interval.ith);
        leaves3.push(Sha3::leaf(&ihash));
        leaves256.push(Sha256::leaf(&nucleus));
        let size = index + 1;
        let root3 = tlog::Levels::<Sha3>::of_leaf_hashes(leaves3.clone()).root();
        let root256 = tlog::Levels::<Sha256>::of_leaf_hashes(leaves256.clone()).root();
        assert_eq!((told.head.sha3, told.head.sha256), (root3, root256));
        let (a, path) = &told.inclusion;
        let leaf = leaves3.last().unwrap();
        verify_inclusion::<Sha3>(leaf, index, size, path, &root3).unwrap();
        assert_eq!(tlog::v1::root_of_path(leaf, *a, path), Some(root3));
        if index >= 2 {
            let old = &leaves3[..leaves3.len() - 2];
            let old = tlog::Levels::<Sha3>::of_leaf_hashes(old.to_vec()).root();
            let proof = told.consistency.as_ref().unwrap();
            verify_consistency::<Sha3>(index - 1, &old, size, &root3, proof).unwrap();
        } else {
            assert_eq!(told.consistency, None);
        }

        let checkpoint = log.ledger.checkpoint().await.unwrap().unwrap();
        let note = SignedNote::parse(checkpoint.note.as_bytes()).unwrap();
        let checkpoint = Checkpoint::open(&note, &verifier_keys()).unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (size, root256));
    }
    // What is read later is what was said then.
    for index in [0, 1, 2, 255, 256, 299] {
        let replayed = log.ledger.sealed(index).await.unwrap().unwrap();
        assert_eq!(replayed.head.size, index + 1);
        let root = log.ledger.root(Tree::Sha256, index + 1).await.unwrap();
        assert_eq!(root, Some(replayed.head.sha256));
        let path = log
            .ledger
            .inclusion(Tree::Sha256, index, 300)
            .await
            .unwrap();
        let leaf = &leaves256[usize::try_from(index).unwrap()];
        let root = log.store.head().await.unwrap().sha256;
        verify_inclusion::<Sha256>(leaf, index, 300, &path.unwrap(), &root).unwrap();
    }
    assert_eq!(log.ledger.sealed(300).await.unwrap(), None);
    assert_eq!(log.ledger.root(Tree::Sha3, 301).await.unwrap(), None);
    assert_eq!(log.ledger.inclusion(Tree::Sha3, 5, 5).await.unwrap(), None);
    assert_eq!(
        log.ledger.consistency(Tree::Sha3, 0, 5).await.unwrap(),
        None
    );
    assert_eq!(log.ledger.interval(u64::MAX).await.unwrap(), None);

    let tile = |level, index| tlog::TileId { level, index };
    let check = async |id, width, there: bool| {
        let found = log.ledger.tile(id, width).await.unwrap();
        let bytes = usize::try_from(width).unwrap() * 32;
        assert_eq!(
            found.map(|tile| tile.len()),
            there.then_some(bytes),
            "{id:?} {width}"
        );
    };
    check(tile(0, 0), 256, true).await;
    check(tile(0, 1), 44, true).await;
    check(tile(0, 1), 43, true).await;
    check(tile(0, 1), 45, false).await;
    check(tile(1, 0), 1, true).await;
    check(tile(1, 0), 2, false).await;
    check(tile(0, 0), 0, false).await;
    check(tile(0, 0), 257, false).await;
    check(tile(7, u64::MAX), 256, false).await;
    let bundle = log.ledger.entries(1, 44).await.unwrap().unwrap();
    let entries = tlog::parse_bundle(&bundle).unwrap();
    assert_eq!(entries.len(), 44);
    for (entry, leaf) in entries.iter().zip(&leaves256[256..]) {
        assert_eq!(Sha256::leaf(entry), *leaf);
    }
}

#[tokio::test]
async fn a_quiet_log_shows_that_it_is_alive_and_not_more() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let mut sealer = log.sealer();
    let first = sealer
        .seal_once()
        .await
        .unwrap()
        .expect("a new log shows life at once");
    assert_eq!((first.index, first.count), (0, 0));
    assert_eq!(sealer.seal_once().await.unwrap(), None);
    let due = base::Clock::now(&*log.clock).plus(log.settings.heartbeat);
    log.clock.set(base::UnixMicros(due.0 - 1));
    assert_eq!(sealer.seal_once().await.unwrap(), None);
    log.clock.set(due);
    assert!(sealer.seal_once().await.unwrap().is_some());
}

#[tokio::test]
async fn a_full_pool_and_a_wrong_clock_refuse() {
    let database = Database::new(Dialect::Sqlite).await;
    let mut settings = settings();
    settings.pool_timestamps_max = 10;
    let log = Log::over(database.open().await, &Arc::default(), settings).await;
    let mut sealer = log.sealer();
    log.submit_many(9).await;
    log.submit("the tenth").await;
    let submission = Submission {
        data: Data::Text("one too many"),
        tag: None,
    };
    let refused = log.notary.submit(submission).await.unwrap_err();
    assert!(matches!(refused, SubmitError::PoolFull { .. }), "{refused}");
    let mut intervals = log.follower.subscribe();
    log.seal(&mut sealer).await;
    intervals.recv().await.unwrap();
    // The pool is counted again by a task that heard of the interval with us.
    while let Err(refused) = log.notary.submit(submission).await {
        assert!(matches!(refused, SubmitError::PoolFull { .. }), "{refused}");
        tokio::task::yield_now().await;
    }
    let behind = log.settings.clock_tolerance + Duration::from_millis(7);
    let newest = base::Clock::now(&*log.clock);
    log.clock.set(base::UnixMicros(
        newest.0 - i64::try_from(behind.as_micros()).unwrap(),
    ));
    let refused = log.notary.submit(submission).await.unwrap_err();
    assert!(
        matches!(refused, SubmitError::ClockOff(ClockOff::BehindTheLog(told)) if told == behind)
    );
}

#[tokio::test]
async fn a_batch_from_the_future_waits_for_its_time() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let ahead = Arc::new(testkit::SimClock::default());
    ahead.advance(Duration::from_hours(1));
    let wrong = Log::over(Arc::clone(&log.store), &ahead, settings()).await;
    let early = wrong.submit("from the future").await;
    let stamp = log.submit("from now").await;
    let mut sealer = log.sealer();
    let interval = log.seal(&mut sealer).await;
    assert_eq!(interval.count, 1);
    assert_eq!(sealer.health().state().batches_held_back, 1);
    let found = log.ledger.timestamp(stamp.id).await.unwrap();
    assert!(matches!(found, Found::Sealed(..)));
    log.clock.advance(Duration::from_hours(1));
    log.seal(&mut sealer).await;
    let found = log.ledger.timestamp(early.id).await.unwrap();
    assert!(matches!(found, Found::Sealed(..)));
}
