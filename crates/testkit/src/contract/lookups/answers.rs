//! Answers and their evidence.

use facts::{FactId, Place, StampFact};
use intel::lookups::{AnswerRecord, EvidenceId, NewAnswer, Said, Written};
use intel::{SourceId, Verdict};
use jobs::{Job as _, Want};
use sha2::{Digest as _, Sha256};

use super::{Bench, answer, at, found, ip, long_url, on_empty, request, trouble};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "an answer is read as it was written", written).await;
    on_empty(dialect, "evidence is a fact with its job", sealed).await;
    on_empty(dialect, "answers about an indicator come in pages", about).await;
    on_empty(dialect, "a source's last troubles are known", troubles).await;
}

/// What a record says of an answer that was written.
fn record(new: &NewAnswer, written: Written) -> AnswerRecord {
    AnswerRecord {
        id: Some(written.id),
        request: new.request,
        indicator: std::sync::Arc::clone(&new.indicator),
        source: std::sync::Arc::clone(&new.source),
        said: new.said.clone(),
        started: new.started,
        took: new.took,
        trace: new.trace.clone(),
        evidence: written.evidence,
    }
}

async fn written(bench: Bench) {
    let id = bench.open(request(long_url(), 0)).await;
    let news = vec![
        answer(id, long_url(), 1, found(Verdict::KnownGood), 1),
        answer(id, long_url(), 2, trouble(), 2),
        answer(id, long_url(), 3, Said::Nothing, 3),
    ];
    let written = bench
        .store
        .insert_answers(news.clone(), at(9))
        .await
        .unwrap();
    assert!(written.is_sorted_by_key(|one| one.id) && written.len() == 3);
    assert!(written[1].evidence.is_none());
    let read = bench.store.request(id).await.unwrap().unwrap();
    let expected: Vec<_> = news
        .iter()
        .zip(written)
        .map(|(new, at)| record(new, at))
        .collect();
    assert_eq!(read.answers, expected);
    assert!(
        bench
            .store
            .insert_answers(Vec::new(), at(0))
            .await
            .unwrap()
            .is_empty()
    );
}

/// What is shown must be what is sealed, byte for byte.
async fn sealed(bench: Bench) {
    let id = bench.open(request(ip(1), 0)).await;
    let news = vec![
        answer(id, ip(1), 1, trouble(), 1),
        answer(id, ip(1), 2, found(Verdict::Clean), 2),
        answer(id, ip(1), 3, Said::Nothing, 3),
    ];
    let written = bench
        .store
        .insert_answers(news.clone(), at(9))
        .await
        .unwrap();
    let evidences: Vec<_> = written.iter().filter_map(|one| one.evidence).collect();
    assert_eq!(evidences.len(), 2);
    let facts: Vec<FactId> = evidences.iter().map(|one| one.fact).collect();
    let facts = bench.stores.facts.facts(&facts).await.unwrap();
    for ((evidence, fact), new) in evidences.iter().zip(&facts).zip(&news[1..]) {
        assert_eq!((fact.id, &fact.kind[..]), (evidence.fact, "answer"));
        assert_eq!((fact.sha256, fact.place), (evidence.sha256, Place::Waiting));
        assert_eq!(fact.created, at(9));
        let kept = bench.store.evidence(evidence.id).await.unwrap().unwrap();
        assert_eq!(kept.bytes, new.evidence.as_ref().unwrap().bytes);
        assert_eq!(Sha256::digest(&kept.bytes)[..], evidence.sha256);
        assert_eq!((kept.id, kept.fact), (evidence.id, evidence.fact));
    }
    assert_eq!(
        bench.store.evidence(EvidenceId(i64::MAX)).await.unwrap(),
        None
    );
    let want = Want {
        name: StampFact::NAME,
        limit: 10,
    };
    let leases = bench
        .stores
        .jobs
        .lease(&[want], 10, "w", at(9))
        .await
        .unwrap();
    assert_eq!(leases.jobs.len(), 2, "each fact has a job that seals it");
    let walked = bench.store.walk_evidence(EvidenceId(0), 1).await.unwrap();
    let rest = bench.store.walk_evidence(walked[0].id, 10).await.unwrap();
    let all: Vec<_> = walked.iter().chain(&rest).collect();
    let ids: Vec<_> = all.iter().map(|one| one.id).collect();
    assert_eq!(ids, [evidences[0].id, evidences[1].id]);
    for one in all {
        assert_eq!(one.sha256.unwrap()[..], Sha256::digest(&one.bytes)[..]);
    }
    let report = intel::desk::fsck::check(&*bench.store).await.unwrap();
    assert_eq!((report.evidences, report.findings), (2, vec![]));
}

async fn about(bench: Bench) {
    let (mut news, mut ids) = (Vec::new(), Vec::new());
    let one = bench.open(request(ip(1), 0)).await;
    let other = bench.open(request(ip(2), 0)).await;
    for number in 0..9 {
        let (id, indicator) = if number % 3 == 0 {
            (other, ip(2))
        } else {
            (one, ip(1))
        };
        let said = if number % 4 == 1 {
            trouble()
        } else {
            found(Verdict::Clean)
        };
        let new = answer(id, indicator, number, said, 1);
        let written = bench.answer(new.clone()).await;
        if id == one && number % 4 != 1 {
            ids.push(written.id);
            news.push(record(&new, written));
        }
    }
    news.reverse();
    let about = async |before, limit| {
        bench
            .store
            .answers_about(&ip(1), before, limit)
            .await
            .unwrap()
    };
    assert_eq!(about(None, 100).await, news);
    assert_eq!(about(None, 2).await, news[..2]);
    assert_eq!(about(news[1].id, 100).await, news[2..]);
    let unknown = bench.store.answers_about(&ip(9), None, 9).await.unwrap();
    assert!(unknown.is_empty());
}

async fn troubles(bench: Bench) {
    let id = bench.open(request(ip(1), 0)).await;
    for said in [found(Verdict::Clean), trouble(), trouble(), Said::Nothing] {
        bench.answer(answer(id, ip(1), 5, said, 1)).await;
    }
    bench.answer(answer(id, ip(1), 6, trouble(), 1)).await;
    let last = async |limit| bench.store.last_troubles(SourceId(5), limit).await.unwrap();
    assert_eq!(last(10).await, [false, true, true, false]);
    assert_eq!(last(2).await, [false, true]);
}
