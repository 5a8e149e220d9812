//! A fact is sealed: written, stamped by its job, proven, and checked.

use std::sync::Arc;

use ::facts::{BadgeState, FactId, FactKind, FactProof, Facts, NewFact, StampFact, fsck};
use ::jobs::{Job as _, Worker};
use base::{Clock as _, Entropy as _};
use stamp::{Found, Ledger, ProofAnswer};
use testkit::{Database, Dialect, SeededEntropy};
use tlog::{ProofFile, StampedData, Trust};

use super::{AtWork, start, until};
use crate::stamp::log::{Log, settings, verifier_keys};

const KIND: FactKind = FactKind("test");
const FACTS: usize = 3000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_are_sealed_on_sqlite() {
    sealed(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_are_sealed_on_postgres() {
    sealed(Dialect::Postgres).await;
}

async fn sealed(dialect: Dialect) {
    let database = Database::new(dialect).await;
    let stores = database.open_all().await;
    let log = Log::over(Arc::clone(&stores.log), &Arc::default(), settings()).await;
    let ledger = Arc::new(Ledger::new(Arc::clone(&stores.log)));
    let facts = Arc::new(Facts::new(
        Arc::clone(&stores.facts),
        Arc::clone(&log.notary),
        Arc::clone(&ledger),
        Arc::clone(&log.clock) as _,
    ));
    let chance = SeededEntropy::new(5);
    let news: Vec<NewFact> = (0..FACTS)
        .map(|_| {
            let mut sha256 = [0; 32];
            chance.fill(&mut sha256);
            NewFact { kind: KIND, sha256 }
        })
        .collect();
    let now = log.clock.now();
    let ids = stores.facts.insert(news.clone(), now).await.unwrap();
    let badge = facts.badge(ids[0]).await.unwrap().unwrap();
    assert_eq!(badge.state, BadgeState::Waiting);
    assert_eq!(facts.proof_file(ids[0]).await.unwrap(), FactProof::Waiting);
    assert_eq!(facts.badge(FactId(0)).await.unwrap(), None);
    let unknown = facts.proof_file(FactId(0)).await.unwrap();
    assert_eq!(unknown, FactProof::Unknown);

    let jobs = start(&stores.jobs, &log.clock);
    let worker = AtWork::start(Worker::new(&jobs).with::<StampFact>(Arc::clone(&facts)));
    until(&jobs, |kinds| !kinds.contains_key(StampFact::NAME)).await;
    let badges = facts.badges(&ids).await.unwrap();
    assert_eq!(badges.len(), FACTS);
    for badge in &badges {
        assert!(matches!(badge.state, BadgeState::Stamped(_)), "{badge:?}");
    }
    // Each was stamped once: the pool holds no more than them.
    assert_eq!(stores.log.pooled().await.unwrap(), FACTS as u64);
    let proof = facts.proof_file(ids[1]).await.unwrap();
    assert!(matches!(proof, FactProof::Log(ProofAnswer::Pending(_))));

    let interval = log.seal(&mut log.sealer()).await;
    assert_eq!(interval.count as usize, FACTS);
    let badges = facts.badges(&ids).await.unwrap();
    for (badge, new) in badges.iter().zip(&news).step_by(97) {
        let BadgeState::Sealed {
            timestamp,
            interval,
        } = badge.state
        else {
            panic!("{badge:?}");
        };
        assert_eq!((interval, badge.sha256), (0, new.sha256));
        assert_eq!(badge.kind, KIND.0);
        let found = ledger.timestamp(timestamp).await.unwrap();
        assert!(matches!(found, Found::Sealed(..)));
        let proof = facts.proof_file(badge.fact).await.unwrap();
        let FactProof::Log(ProofAnswer::File(file)) = proof else {
            panic!("{proof:?}");
        };
        check_file(&file, &new.sha256);
    }
    let report = fsck::check(&*stores.facts, &ledger).await.unwrap();
    assert_eq!(report.stamped, FACTS as u64);
    assert_eq!((report.waiting, report.forgotten), (0, 0));
    assert_eq!(report.findings, []);
    worker.stop().await;
}

/// The file says by itself when the digest's text was stamped.
fn check_file(file: &ProofFile, sha256: &[u8; 32]) {
    let parsed = ProofFile::parse(file.to_string().as_bytes()).unwrap();
    let keys = verifier_keys();
    let trust = Trust {
        logs: Some(&keys),
        witnesses: &[],
    };
    let verified = parsed.verify(None, trust).unwrap();
    let text = format!("sha256:{}", hex::encode(sha256));
    assert_eq!(verified.data, StampedData::Text(text));
    assert!(verified.trusted);
}
