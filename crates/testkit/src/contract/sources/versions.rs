//! Sources of the house, and their versions.

use intel::SourceId;
use intel::sources::{Changed, InsertSource, Inserted, Settings, UpdateSource, VersionOrigin};
use intel::{ProviderId, Tlp, Window};

use super::{Bench, PERSON, at, entry, on_empty, source, version};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "a source is kept as it was made", made).await;
    on_empty(dialect, "each change of words is a version", versioned).await;
    on_empty(dialect, "who changes what is old is refused", stale).await;
    on_empty(dialect, "a deleted source takes what is its own", deleted).await;
}

fn settings() -> Settings {
    Settings {
        kinds_off: vec!["IPV6".to_owned()],
        base: Some("https://example.net/api".parse().unwrap()),
        windows: Some(vec![Window {
            requests: 5,
            seconds: 60,
        }]),
        cache_s: Some(1),
        nothing_cache_s: Some(2),
        time_max_s: Some(3),
        tlp_max: Some(Tlp::Green),
        schedule_s: None,
    }
}

async fn made(bench: Bench) {
    let new = InsertSource {
        settings: settings(),
        is_enabled: false,
        ..source("own", "words")
    };
    let inserted = bench
        .store
        .insert_source(new.clone(), entry("source.make", 4));
    let id = SourceId(super::id(inserted.await.unwrap()));
    let row = bench.row(id).await.unwrap();
    assert_eq!((&*row.slug, row.kind), ("own", new.kind));
    assert_eq!(row.settings, settings());
    assert!(!row.is_enabled && !row.is_shipped);
    assert_eq!(
        (row.version, row.generation, row.product_version),
        (1, 0, None)
    );
    assert_eq!((row.created_at, row.changed_at), (at(4), at(4)));
    let record = bench.store.version(id, 1).await.unwrap().unwrap();
    assert_eq!(record.bytes, b"words");
    assert_eq!(record.row.sha256, new.version.sha256);
    assert_eq!(record.row.made_by, Some(PERSON));
    assert_eq!(record.row.note, "because of words");
    assert_eq!(bench.store.version(id, 2).await.unwrap(), None);

    let taken = bench.store.insert_source(new.clone(), entry("refused", 5));
    assert_eq!(taken.await.unwrap(), Inserted::Taken);
    let orphan = InsertSource {
        provider: Some(ProviderId(99)),
        ..source("other", "words")
    };
    let gone = bench.store.insert_source(orphan, entry("refused", 6));
    assert_eq!(gone.await.unwrap(), Inserted::Gone);
    assert_eq!(bench.acts().await, ["source.make"]);
    assert_eq!(bench.targets().await, [format!("thing:{}", id.0)]);
}

async fn versioned(bench: Bench) {
    let id = bench.source("own").await;
    let write = async |based_on, words: &str, origin| {
        let change = UpdateSource {
            version: Some(version(words, origin)),
            ..UpdateSource::default()
        };
        let outcome = bench
            .store
            .change_source(id, based_on, change, entry("source.change", 5))
            .await;
        outcome.unwrap()
    };
    assert_eq!(write(1, "two", VersionOrigin::Person).await, Changed::Done);
    // The same words are no version more.
    assert_eq!(write(2, "two", VersionOrigin::Person).await, Changed::Done);
    assert_eq!(
        write(2, "own", VersionOrigin::RollBack(1)).await,
        Changed::Done
    );
    let row = bench.row(id).await.unwrap();
    assert_eq!((row.version, row.definition.as_slice()), (3, &b"own"[..]));
    assert_eq!(row.generation, 0);
    let page = bench.store.versions(id, None, 2).await.unwrap();
    let told: Vec<_> = page
        .rows
        .iter()
        .map(|one| (one.number, one.origin))
        .collect();
    assert_eq!(
        told,
        [(3, VersionOrigin::RollBack(1)), (2, VersionOrigin::Person)]
    );
    assert_eq!(page.next, Some(2));
    let page = bench.store.versions(id, page.next, 2).await.unwrap();
    assert_eq!(
        (page.rows.len(), page.rows[0].number, page.next),
        (1, 1, None)
    );
    let none = bench.store.versions(SourceId(99), None, 9).await.unwrap();
    assert_eq!(none.rows, []);

    let elsewhere = UpdateSource {
        settings: Some(settings()),
        is_other_upstream: true,
        ..UpdateSource::default()
    };
    let moved = bench
        .store
        .change_source(id, 3, elsewhere, entry("source.change", 6));
    assert_eq!(moved.await.unwrap(), Changed::Done);
    let row = bench.row(id).await.unwrap();
    assert_eq!((row.generation, row.version), (1, 3));
    assert_eq!(row.settings, settings());
    assert_eq!(row.changed_at, at(6));
    assert!(row.is_enabled);
}

async fn stale(bench: Bench) {
    let id = bench.source("own").await;
    let before = bench.row(id).await.unwrap();
    let change = || UpdateSource {
        version: Some(version("two", VersionOrigin::Person)),
        is_enabled: Some(false),
        ..UpdateSource::default()
    };
    let old = bench
        .store
        .change_source(id, 2, change(), entry("refused", 5));
    assert_eq!(old.await.unwrap(), Changed::Stale);
    let unknown = bench
        .store
        .change_source(SourceId(99), 1, change(), entry("refused", 5));
    assert_eq!(unknown.await.unwrap(), Changed::Unknown);
    assert_eq!(bench.row(id).await.unwrap(), before);
    // Of two who write at once on the same version, one is told to look again.
    let other = bench.database.open_catalogue().await;
    let (one, two) = tokio::join!(
        bench
            .store
            .change_source(id, 1, change(), entry("source.change", 6)),
        async {
            let mut change = change();
            change.version = Some(version("three", VersionOrigin::Person));
            other
                .change_source(id, 1, change, entry("source.change", 7))
                .await
        },
    );
    let mut outcomes = [one.unwrap(), two.unwrap()];
    outcomes.sort_by_key(|one| *one == Changed::Stale);
    assert_eq!(outcomes, [Changed::Done, Changed::Stale]);
    assert_eq!(bench.acts().await, ["source.make", "source.change"]);
}

async fn deleted(bench: Bench) {
    let id = bench.source("own").await;
    let deleted = bench.store.delete_source(id, entry("source.delete", 5));
    assert_eq!(deleted.await.unwrap(), Changed::Done);
    assert_eq!(bench.row(id).await, None);
    assert_eq!(bench.store.version(id, 1).await.unwrap(), None);
    let again = bench.store.delete_source(id, entry("refused", 5));
    assert_eq!(again.await.unwrap(), Changed::Unknown);
    assert_ne!(bench.source("own").await, id);
    assert_eq!(
        bench.acts().await,
        ["source.make", "source.delete", "source.make"]
    );
}
