//! The definition of [`facts::Store`]: every sentence of its documentation as a check, run over
//! each dialect.

use base::{Entropy as _, UnixMicros};
use facts::{FactId, FactKind, NewFact, Place, StampFact, Stamped};
use jobs::{End, Ended, Fence, Job as _, JobList, Leased, NewJob, Want};
use stamp::TimestampId;

use super::Bench;
use crate::{Dialect, SimClock, Stores};

const NOW: UnixMicros = SimClock::START;
const KIND: FactKind = FactKind("test");

/// Runs the whole suite, each check on a database of its own.
pub async fn check_facts(dialect: Dialect) {
    super::on_empty(dialect, "a fact is written with its job", with_its_job).await;
    super::on_empty(dialect, "a stale fence stamps nothing", fenced).await;
    super::on_empty(dialect, "a fact's place follows its batch", places).await;
    super::on_empty(dialect, "facts are walked through in pages", walked).await;
    super::on_empty(dialect, "facts that nobody will stamp are found", orphans).await;
}

fn new(bench: &Bench) -> NewFact {
    NewFact {
        kind: KIND,
        sha256: bench.hash(),
    }
}

/// Leases all jobs that stamp facts.
async fn lease(stores: &Stores) -> Vec<Leased> {
    let want = Want {
        name: StampFact::NAME,
        limit: 100,
    };
    let leases = stores.jobs.lease(&[want], 100, "w", NOW).await.unwrap();
    leases.jobs
}

fn fact_of(job: &Leased) -> FactId {
    let job: StampFact = serde_json::from_str(&job.payload).unwrap();
    FactId(job.fact)
}

async fn with_its_job(bench: Bench) {
    let stores = bench.database.open_all().await;
    let news = [new(&bench), new(&bench), new(&bench)];
    let ids = stores.facts.insert(news.to_vec(), NOW).await.unwrap();
    assert!(ids.is_sorted() && ids.len() == 3);
    let asked = [ids[2], ids[0], FactId(i64::MAX), ids[1], ids[0]];
    let facts = stores.facts.facts(&asked).await.unwrap();
    assert_eq!(facts.len(), 3, "each once, by number");
    for ((fact, id), new) in facts.iter().zip(&ids).zip(&news) {
        assert_eq!((fact.id, &fact.kind[..]), (*id, KIND.0));
        assert_eq!((fact.sha256, fact.created), (new.sha256, NOW));
        assert_eq!(fact.place, Place::Waiting);
        let hex = hex::encode(new.sha256);
        assert_eq!(fact.text(), format!("sha256:{hex}"));
    }
    let jobs = lease(&stores).await;
    assert_eq!(jobs.iter().map(fact_of).collect::<Vec<_>>(), ids);
    assert!(
        stores
            .facts
            .insert(Vec::new(), NOW)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(stores.facts.facts(&[]).await.unwrap().is_empty());
}

/// Stamps and marks in one transaction, or does neither.
async fn fenced(bench: Bench) {
    let stores = bench.database.open_all().await;
    let news = vec![new(&bench), new(&bench)];
    let ids = stores.facts.insert(news, NOW).await.unwrap();
    let jobs = lease(&stores).await;
    let timestamp = |index| TimestampId {
        batch: 1 << 40,
        nonce: TimestampId::nonce_of(bench.chance.u64()),
        index,
    };
    let stamped = |at: usize, fence| Stamped {
        fact: ids[at],
        timestamp: timestamp(7),
        fence,
    };
    let stale = Fence {
        attempt: 2,
        ..jobs[0].fence
    };
    let write = async |list: &[Stamped]| stores.facts.stamped(list, NOW).await.unwrap();
    let first = stamped(1, jobs[1].fence);
    assert_eq!(write(&[stamped(0, stale), first]).await, [false, true]);
    let facts = stores.facts.facts(&ids).await.unwrap();
    assert_eq!(facts[0].place, Place::Waiting);
    assert_eq!(facts[1].place.timestamp(), Some(first.timestamp));
    // The job is done, so the same once more is too late.
    assert_eq!(write(&[stamped(1, jobs[1].fence)]).await, [false]);
    assert_eq!(stores.jobs.job(jobs[1].fence.job).await.unwrap(), None);
    let again = stores.facts.facts(&ids[1..]).await.unwrap();
    assert_eq!(again[0].place.timestamp(), Some(first.timestamp));
    assert_eq!(write(&[stamped(0, jobs[0].fence)]).await, [true]);
    assert!(write(&[]).await.is_empty());
    // A second job for a fact that is stamped changes nothing, but is done.
    let once_more: NewJob = StampFact::of(ids[0]);
    stores.jobs.enqueue(vec![once_more], NOW).await.unwrap();
    let jobs = lease(&stores).await;
    let before = stores.facts.facts(&ids[..1]).await.unwrap();
    assert_eq!(write(&[stamped(0, jobs[0].fence)]).await, [true]);
    assert_eq!(stores.facts.facts(&ids[..1]).await.unwrap(), before);
}

async fn places(bench: Bench) {
    let stores = bench.database.open_all().await;
    let log = &*stores.log;
    let ids = stores.facts.insert(vec![new(&bench)], NOW).await.unwrap();
    let job = lease(&stores).await.pop().unwrap();
    let batch = bench.insert(log, 3).await;
    let timestamp = super::id(&batch, 2);
    let stamped = Stamped {
        fact: ids[0],
        timestamp,
        fence: job.fence,
    };
    assert_eq!(stores.facts.stamped(&[stamped], NOW).await.unwrap(), [true]);
    let place = async || stores.facts.facts(&ids).await.unwrap()[0].place;
    assert_eq!(place().await, Place::Pooled(timestamp));
    bench.seal(log, 0, &[batch]).await;
    let interval = 0;
    assert_eq!(
        place().await,
        Place::Sealed {
            timestamp,
            interval
        }
    );
    let later = bench.insert(log, 1).await;
    bench.seal(log, 1, &[later]).await;
    let cleared = log.forget(super::interval_time(1), 1).await.unwrap();
    assert_eq!(cleared, 1);
    assert_eq!(place().await, Place::Forgotten(timestamp));
}

async fn walked(bench: Bench) {
    let stores = bench.database.open_all().await;
    let news: Vec<_> = (0..25).map(|_| new(&bench)).collect();
    let ids = stores.facts.insert(news.clone(), NOW).await.unwrap();
    let mut after = FactId(0);
    let mut found = Vec::new();
    loop {
        let page = stores.facts.walk(after, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        found.extend(page);
    }
    assert_eq!(found.iter().map(|fact| fact.id).collect::<Vec<_>>(), ids);
    assert!(
        found
            .iter()
            .zip(&news)
            .all(|(it, new)| it.sha256 == new.sha256)
    );
    assert_eq!(stores.facts.facts(&ids).await.unwrap(), found);
}

/// A fact whose job was given up, or vanished, would wait for ever.
async fn orphans(bench: Bench) {
    let stores = bench.database.open_all().await;
    let news: Vec<_> = (0..6).map(|_| new(&bench)).collect();
    let ids = stores.facts.insert(news, NOW).await.unwrap();
    let orphans = async |after| stores.facts.orphans(FactId(after), 10).await.unwrap();
    assert!(orphans(0).await.is_empty());
    let jobs = lease(&stores).await;
    assert!(orphans(0).await.is_empty(), "one that runs is no orphan");
    let how = [
        End::GivenUp("no".into()),
        End::Done(Vec::new()),
        End::Later(NOW),
    ];
    let ended = jobs.iter().zip(how).map(|(job, how)| Ended {
        fence: job.fence,
        how,
    });
    stores.jobs.settle(ended.collect(), NOW).await.unwrap();
    assert_eq!(orphans(0).await, [ids[0], ids[1]]);
    assert_eq!(orphans(ids[0].0).await, [ids[1]]);
    let list = JobList::Dead { name: None };
    let dead = stores.jobs.page(list, None, 10).await.unwrap();
    stores.jobs.replay(dead.jobs[0].id, NOW).await.unwrap();
    assert_eq!(orphans(0).await, [ids[1]]);
}
