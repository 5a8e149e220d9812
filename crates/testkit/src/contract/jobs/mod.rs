//! The definition of [`jobs::Store`]: every sentence of its documentation as a check, run over each
//! dialect.

mod ending;
mod leasing;
mod listing;
mod planning;
mod writing;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::UnixMicros;
use jobs::{End, Ended, Fence, JobId, JobList, JobRow, Leased, Leases, NewJob, Store, Want};

use crate::{Database, Dialect, SimClock};

/// Runs the whole suite, each check on a database of its own.
pub async fn check_jobs(dialect: Dialect) {
    writing::check(dialect).await;
    leasing::check(dialect).await;
    ending::check(dialect).await;
    planning::check(dialect).await;
    listing::check(dialect).await;
}

/// An open database, and the words of these checks.
struct Bench {
    database: Database,
    store: Arc<dyn Store>,
}

/// Runs one check on an empty database and says which one it was.
async fn on_empty<F: Future<Output = ()>>(
    dialect: Dialect,
    name: &str,
    check: impl FnOnce(Bench) -> F,
) {
    let started = Instant::now();
    let database = Database::new(dialect).await;
    let store = database.open_all().await.jobs;
    println!("{dialect:?}: {name} …");
    check(Bench { database, store }).await;
    println!("      kept after {:.1?}", started.elapsed());
}

/// The lease of every job here.
const LEASE: Duration = Duration::from_secs(10);

/// So many microseconds after the beginning.
fn at(us: i64) -> UnixMicros {
    UnixMicros(SimClock::START.0 + us)
}

/// A job of kind `name`.
fn new(name: &'static str, payload: &str) -> NewJob {
    NewJob {
        name,
        payload: format!("{{\"n\":\"{payload}\"}}"),
        due: None,
        unique: None,
        deadline: None,
        attempts_max: 3,
        lease: LEASE,
        keep: true,
    }
}

/// What [`new`] was given.
fn said(payload: &str) -> &str {
    let inner = payload.strip_prefix("{\"n\":\"");
    inner.and_then(|it| it.strip_suffix("\"}")).unwrap()
}

fn said_of(jobs: &[Leased]) -> Vec<&str> {
    jobs.iter().map(|job| said(&job.payload)).collect()
}

impl Bench {
    async fn enqueue(&self, jobs: &[NewJob], now: i64) {
        self.store.enqueue(jobs.to_vec(), at(now)).await.unwrap();
    }

    /// Leases up to `limit` of each of `names`.
    async fn lease(&self, names: &[&'static str], limit: usize, now: i64) -> Leases {
        let wants: Vec<Want> = names.iter().map(|name| Want { name, limit }).collect();
        let total = limit * names.len();
        self.store
            .lease(&wants, total, "a worker", at(now))
            .await
            .unwrap()
    }

    /// Leases the one job that is due.
    async fn lease_one(&self, name: &'static str, now: i64) -> Leased {
        let mut leases = self.lease(&[name], 10, now).await;
        assert_eq!(leases.jobs.len(), 1, "{leases:?}");
        leases.jobs.pop().unwrap()
    }

    /// Writes down one end; answers whether its fence held.
    async fn end(&self, fence: Fence, how: End, now: i64) -> bool {
        let ended = vec![Ended { fence, how }];
        let stale = self.store.settle(ended, at(now)).await.unwrap();
        assert!(stale.is_empty() || stale == [fence]);
        stale.is_empty()
    }

    async fn done(&self, fence: Fence, now: i64) -> bool {
        self.end(fence, End::Done(Vec::new()), now).await
    }

    async fn row(&self, id: JobId) -> Option<JobRow> {
        self.store.job(id).await.unwrap()
    }

    /// Unfinished jobs of a kind, soonest first.
    async fn unfinished(&self, name: &str) -> Vec<JobRow> {
        let list = JobList::Unfinished { name: name.into() };
        self.store.page(list, None, 1000).await.unwrap().jobs
    }

    async fn dead(&self) -> Vec<JobRow> {
        let list = JobList::Dead { name: None };
        self.store.page(list, None, 1000).await.unwrap().jobs
    }

    /// Nothing is wrong in the tables.
    async fn check_sound(&self) {
        assert_eq!(self.store.inspect().await.unwrap(), Vec::<String>::new());
    }
}

fn failed(again: i64, cause: &str) -> End {
    End::Failed {
        again: at(again),
        cause: cause.into(),
    }
}
