//! The definition of [`intel::sources::Store`]: every sentence of its documentation as a check, run
//! over each dialect.

mod ignoring;
mod providers;
mod secrets;
mod shipping;
mod versions;
mod warning;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use accounts::{Act, AuditId, NewEntry, Target};
use base::{Actor, SessionId, UnixMicros, UserId, Who};
use facts::FactId;
use intel::sources::{
    InsertSource, Inserted, NewProvider, NewVersion, Revisions, Settings, SourceRow, Store,
    VersionOrigin,
};
use intel::{ProviderId, SourceId, SourceKind};

use crate::{Database, Dialect, SimClock, Stores};

/// Runs the whole suite, each check on a database of its own.
pub async fn check_sources(dialect: Dialect) {
    providers::check(dialect).await;
    shipping::check(dialect).await;
    versions::check(dialect).await;
    secrets::check(dialect).await;
    ignoring::check(dialect).await;
    warning::check(dialect).await;
}

/// An open database, and the words of these checks.
struct Bench {
    database: Database,
    stores: Stores,
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
    let stores = database.open_all().await;
    let store = database.open_catalogue().await;
    println!("{dialect:?}: {name} …");
    check(Bench {
        database,
        stores,
        store,
    })
    .await;
    println!("      kept after {:.1?}", started.elapsed());
}

/// So many seconds after the beginning.
fn at(seconds: u64) -> UnixMicros {
    SimClock::START.plus(Duration::from_secs(seconds))
}

/// Who acts in these checks.
const PERSON: UserId = UserId(7);

/// An entry of a person, so many seconds after the beginning.
fn entry(act: &'static str, seconds: u64) -> NewEntry {
    NewEntry {
        at: at(seconds),
        actor: Actor {
            who: Who::Person(PERSON, SessionId(1)),
            address: None,
            request: None,
        },
        act: Act(act),
        target: Some(Target {
            kind: "thing",
            id: String::new(),
        }),
        details: vec![],
        salt: [0; 16],
    }
}

fn provider(slug: &str) -> NewProvider {
    NewProvider {
        slug: slug.to_owned(),
        name: format!("The {slug}"),
        about: "It knows things".to_owned(),
        website: "https://example.org".to_owned(),
        tags: vec!["one".to_owned(), "two words".to_owned()],
        is_enabled: true,
    }
}

/// A version; `words` stands for what it says.
fn version(words: &str, origin: VersionOrigin) -> NewVersion {
    let mut sha256 = [0; 32];
    for (at, byte) in words.bytes().enumerate() {
        sha256[at % 32] ^= byte;
    }
    NewVersion {
        bytes: words.as_bytes().to_vec(),
        sha256,
        origin,
        note: format!("because of {words}"),
    }
}

fn source(slug: &str, words: &str) -> InsertSource {
    InsertSource {
        slug: slug.to_owned(),
        kind: SourceKind::Http,
        provider: None,
        is_enabled: true,
        settings: Settings::default(),
        version: version(words, VersionOrigin::Person),
    }
}

fn id(inserted: Inserted) -> i64 {
    match inserted {
        Inserted::Made(id) => id,
        refused => panic!("it was not made: {refused:?}"),
    }
}

impl Bench {
    async fn provider(&self, slug: &str) -> ProviderId {
        let made = self
            .store
            .insert_provider(provider(slug), entry("provider.make", 0));
        ProviderId(id(made.await.unwrap()))
    }

    async fn source(&self, slug: &str) -> SourceId {
        let made = self
            .store
            .insert_source(source(slug, slug), entry("source.make", 0));
        SourceId(id(made.await.unwrap()))
    }

    /// The source's row, if it is there.
    async fn row(&self, id: SourceId) -> Option<SourceRow> {
        let rows = self.store.sources().await.unwrap();
        rows.sources.into_iter().find(|row| row.id == id)
    }

    async fn revisions(&self) -> Revisions {
        self.store.revisions().await.unwrap()
    }

    /// The acts in the trail; each entry has a fact with its digest.
    async fn acts(&self) -> Vec<String> {
        let entries = self.stores.accounts.walk_audit(AuditId(0), 1_000);
        let entries = entries.await.unwrap();
        let ids: Vec<FactId> = entries.iter().map(|entry| entry.fact).collect();
        let facts = self.stores.facts.facts(&ids).await.unwrap();
        assert_eq!(
            facts.len(),
            entries.len(),
            "each entry has a fact of its own"
        );
        for (entry, fact) in entries.iter().zip(&facts) {
            assert_eq!(entry.check(&fact.sha256), Ok(()));
        }
        entries.into_iter().map(|entry| entry.act).collect()
    }

    /// The targets in the trail.
    async fn targets(&self) -> Vec<String> {
        let entries = self.stores.accounts.walk_audit(AuditId(0), 1_000);
        let entries = entries.await.unwrap().into_iter();
        entries.map(|entry| entry.target).collect()
    }
}
