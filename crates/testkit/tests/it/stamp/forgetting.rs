//! After the retention time: proofs are gone, history is not.

use std::sync::Arc;
use std::time::Duration;

use stamp::{Found, Submission, retention};
use testkit::{Database, Dialect, FailingStore, Fate};
use tlog::v1::Data;

use super::log::{Log, settings};
use super::seal_crash::sound;

const RETENTION: Duration = Duration::from_mins(1);

#[tokio::test]
async fn what_is_forgotten_stays_in_history() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let mut sealer = log.sealer();
    let mut told = log.follower.subscribe();
    let submission = Submission {
        data: Data::Text("tagged"),
        tag: Some("tag"),
    };
    let old = log.notary.submit(submission).await.unwrap();
    log.seal(&mut sealer).await;
    log.clock.advance(RETENTION);
    let young = log.submit("young").await;
    log.seal(&mut sealer).await;
    told.recv().await.unwrap();
    let told = told.recv().await.unwrap();

    let swept = retention::sweep(&*log.store, &*log.clock, RETENTION).await;
    assert_eq!(swept.unwrap(), 1);
    let again = retention::sweep(&*log.store, &*log.clock, RETENTION).await;
    assert_eq!(again.unwrap(), 0);
    assert_eq!(
        log.ledger.timestamp(old.id).await.unwrap(),
        Found::Forgotten
    );
    assert_eq!(log.notary.wait(old.id).await.unwrap(), None);
    let found = log.ledger.timestamp(young.id).await.unwrap();
    assert!(matches!(found, Found::Sealed(..)));
    assert!(
        log.ledger
            .tagged("tag", None, 9)
            .await
            .unwrap()
            .ids
            .is_empty()
    );
    let replayed = log.ledger.sealed(1).await.unwrap().unwrap();
    assert_eq!(replayed, *told);
    let report = sound(&*log.store).await;
    assert_eq!((report.forgotten, report.timestamps), (1, 1));
    // And the log goes on.
    log.submit("after").await;
    log.seal(&mut sealer).await;
    sound(&*log.store).await;
}

#[tokio::test]
async fn a_backlog_is_swept_in_one_go() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let mut sealer = log.sealer();
    for n in 0..7 {
        log.submit(&format!("{n}")).await;
        log.seal(&mut sealer).await;
    }
    log.clock.advance(RETENTION);
    let swept = retention::sweep(&*log.store, &*log.clock, RETENTION).await;
    assert_eq!(swept.unwrap(), 6, "the seventh is not older than a minute");
    assert_eq!(sound(&*log.store).await.forgotten, 6);
}

#[tokio::test]
async fn an_unsigned_head_keeps_what_its_signer_must_read() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    log.submit("committed, not signed").await;
    // Its first write is the commit, the second the key, the third the checkpoint.
    let dying = FailingStore::dying(Arc::clone(&log.store), 2, Fate::Lost);
    let dying = Log::over(Arc::new(dying), &log.clock, settings()).await;
    log.clock.advance(Duration::from_secs(1));
    dying.sealer().seal_once().await.unwrap_err();
    assert_eq!(log.store.head().await.unwrap().size, 1);
    assert_eq!(log.ledger.checkpoint().await.unwrap(), None);

    log.clock.advance(RETENTION * 2);
    let swept = retention::sweep(&*log.store, &*log.clock, RETENTION).await;
    assert_eq!(swept.unwrap(), 0);
    log.seal(&mut log.sealer()).await;
    let swept = retention::sweep(&*log.store, &*log.clock, RETENTION).await;
    assert_eq!(swept.unwrap(), 1);
    sound(&*log.store).await;
}
