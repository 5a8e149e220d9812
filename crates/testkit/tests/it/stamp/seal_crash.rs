//! The crash matrix: the process dies before and after every write, and nothing that was answered
//! is lost, no two heads of one size are ever signed, and what is left is sound.
//!
//! In the world: a power cut must not cost anybody a timestamp, nor the log its history.

use std::sync::Arc;
use std::time::Duration;

use stamp::{Found, PackedTexts, SealError, Sealed, Store, Submission, Timestamp, fsck};
use testkit::{Database, Dialect, FailingStore, Fate, SeededEntropy, SimClock};
use tlog::v1::Data;

use super::log::{Log, check_proof, settings, verifier_keys};

/// What the world has been told: it must stay true.
#[derive(Default)]
pub(super) struct Told {
    pub(super) stamps: Vec<Timestamp>,
    heads: Vec<Arc<Sealed>>,
}

impl Told {
    /// Submits one thing; remembers it if it was answered.
    pub(super) async fn submit(&mut self, log: &Log, text: &str) {
        let submission = Submission {
            data: Data::Text(text),
            tag: Some("tag"),
        };
        self.stamps.extend(log.notary.submit(submission).await.ok());
    }

    pub(super) async fn submit_many(&mut self, log: &Log, count: usize) {
        let mut texts = PackedTexts::default();
        for n in 0..count {
            texts.push(&format!("text {n}")).unwrap();
        }
        let stamps = log.notary.submit_many(texts).await;
        self.stamps.extend(stamps.into_iter().flatten());
    }

    pub(super) fn hear(&mut self, heard: &mut tokio::sync::broadcast::Receiver<Arc<Sealed>>) {
        while let Ok(sealed) = heard.try_recv() {
            self.heads.push(sealed);
        }
    }

    /// After a restart: the log is sound, everything told is true, and sealing goes on.
    pub(super) async fn check(&self, database: &Database, clock: &Arc<SimClock>) {
        let store = database.open().await;
        sound(&*store).await;
        let log = Log::over(store, clock, settings()).await;
        let mut sealer = log.sealer();
        for _ in 0..3 {
            clock.advance(Duration::from_secs(1));
            sealer.seal_once().await.unwrap();
        }
        assert_eq!(log.store.pooled().await.unwrap(), 0);
        sound(&*log.store).await;
        for stamp in &self.stamps {
            match log.ledger.timestamp(stamp.id).await.unwrap() {
                Found::Sealed(found, proof) => {
                    assert_eq!(found, *stamp);
                    check_proof(stamp, &proof);
                }
                other => panic!("{stamp:?} was answered and is now {other:?}"),
            }
        }
        for told in &self.heads {
            let index = told.head.size - 1;
            let now = log.ledger.sealed(index).await.unwrap().unwrap();
            assert_eq!(
                (now.interval, now.head.sha256),
                (told.interval, told.head.sha256)
            );
        }
    }
}

pub(super) async fn sound(store: &dyn Store) -> fsck::Report {
    let report = fsck::check(store, &verifier_keys(), |_| {}).await.unwrap();
    assert!(report.is_sound(), "{:#?}", report.findings);
    report
}

/// Two intervals are sealed in peace, then a process works until it dies. Answers how many writes
/// it made.
async fn live_and_die(dialect: Dialect, death: Option<(usize, Fate)>) -> usize {
    let database = Database::new(dialect).await;
    let clock = Arc::new(SimClock::default());
    let mut told = Told::default();
    let log = Log::over(database.open().await, &clock, settings()).await;
    let mut sealer = log.sealer();
    log.seal(&mut sealer).await;
    told.submit(&log, "in peace").await;
    log.seal(&mut sealer).await;
    drop((log, sealer));

    let store = database.open().await;
    let store = Arc::new(match death {
        Some((at, fate)) => FailingStore::dying(store, at, fate),
        None => FailingStore::counting(store),
    });
    let log = Log::over(Arc::clone(&store) as _, &clock, settings()).await;
    let mut heard = log.follower.subscribe();
    let mut sealer = log.sealer();
    for round in 0..2 {
        told.submit(&log, &format!("before {round}")).await;
        told.submit_many(&log, 300).await;
        clock.advance(Duration::from_secs(1));
        let _ = sealer.seal_once().await;
        told.submit(&log, &format!("after {round}")).await;
        told.hear(&mut heard);
    }
    let writes = store.writes();
    drop((log, sealer, store));
    told.check(&database, &clock).await;
    writes
}

async fn crash_matrix(dialect: Dialect) {
    let writes = live_and_die(dialect, None).await;
    // Three insertions a round, a commit and a checkpoint.
    assert_eq!(writes, 10);
    for at in 0..writes {
        for fate in [Fate::Lost, Fate::Kept] {
            eprintln!("dies at write {at}, {fate:?}");
            live_and_die(dialect, Some((at, fate))).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_survives_death_at_every_write() {
    crash_matrix(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_survives_death_at_every_write() {
    crash_matrix(Dialect::Postgres).await;
}

/// Any order of submitting, sealing, dying, starting again, and a second process that seals too.
async fn live_by_chance(dialect: Dialect, seed: u64) {
    let chance = SeededEntropy::new(seed);
    let database = Database::new(dialect).await;
    let clock = Arc::new(SimClock::default());
    let mut told = Told::default();
    for life in 0..4 {
        let store = database.open().await;
        let fate = [Fate::Lost, Fate::Kept][usize::try_from(chance.below(2)).unwrap()];
        let at = usize::try_from(chance.below(12)).unwrap();
        let store: Arc<dyn Store> = Arc::new(FailingStore::dying(store, at, fate));
        // It may die while it starts: then that was its life.
        let log = Log::over(store, &clock, settings()).await;
        let beside = Log::over(database.open().await, &clock, settings()).await;
        let mut heard = (log.follower.subscribe(), beside.follower.subscribe());
        let (mut first, mut second) = (log.sealer(), beside.sealer());
        for step in 0..12 {
            clock.advance(Duration::from_millis(chance.below(2000)));
            let text = format!("{life}/{step}");
            match chance.below(6) {
                0 => told.submit(&log, &text).await,
                1 => told.submit(&beside, &text).await,
                2 => {
                    let count = usize::try_from(chance.below(700)).unwrap() + 1;
                    told.submit_many(&log, count).await;
                }
                3 => live_or_die(first.seal_once().await),
                4 => live_or_die(second.seal_once().await),
                _ => {
                    let (a, b) = tokio::join!(first.seal_once(), second.seal_once());
                    live_or_die(a);
                    live_or_die(b);
                }
            }
            told.hear(&mut heard.0);
            told.hear(&mut heard.1);
        }
    }
    told.check(&database, &clock).await;
}

/// A dead process seals nothing, but no process may ever find that the log is wrong.
fn live_or_die<T>(sealed: Result<T, SealError>) {
    if let Err(SealError::Refused(reason)) = sealed {
        panic!("{reason}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_survives_whatever_happens() {
    for seed in 0..12 {
        eprintln!("seed {seed}");
        live_by_chance(Dialect::Sqlite, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_survives_whatever_happens() {
    for seed in 0..4 {
        eprintln!("seed {seed}");
        live_by_chance(Dialect::Postgres, seed).await;
    }
}
