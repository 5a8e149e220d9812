//! Providers.

use intel::ProviderId;
use intel::sources::{Changed, Inserted, NewProvider, UpdateSource};

use super::{Bench, at, entry, on_empty, provider, source};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "providers are made, changed and deleted", kept).await;
    on_empty(dialect, "a provider with a source stays", used).await;
}

async fn kept(bench: Bench) {
    let before = bench.revisions().await;
    let first = bench.provider("first").await;
    let second = bench.provider("second").await;
    assert_ne!(first, second);
    let taken = bench
        .store
        .insert_provider(provider("first"), entry("refused", 1));
    assert_eq!(taken.await.unwrap(), Inserted::Taken);
    let rows = bench.store.sources().await.unwrap();
    assert_eq!(rows.providers.len(), 2);
    assert_eq!(rows.providers[0].id, first);
    assert_eq!(rows.providers[0].provider, provider("first"));
    assert_eq!(rows.providers[0].created_at, at(0));

    let renamed = NewProvider {
        name: "Something else".to_owned(),
        tags: vec![],
        is_enabled: false,
        ..provider("third")
    };
    let change = async |id, to: NewProvider, act| {
        let outcome = bench.store.change_provider(id, to, entry(act, 2)).await;
        outcome.unwrap()
    };
    let done = change(second, renamed.clone(), "provider.change").await;
    assert_eq!(done, Changed::Done);
    // Its own slug is not in its way.
    let done = change(second, renamed.clone(), "provider.change").await;
    assert_eq!(done, Changed::Done);
    let taken = change(second, provider("first"), "refused").await;
    assert_eq!(taken, Changed::Taken);
    let unknown = change(ProviderId(99), provider("new-one"), "refused").await;
    assert_eq!(unknown, Changed::Unknown);
    let rows = bench.store.sources().await.unwrap();
    assert_eq!(rows.providers[1].provider, renamed);

    let delete = async |id, act| {
        let outcome = bench.store.delete_provider(id, entry(act, 3)).await;
        outcome.unwrap()
    };
    assert_eq!(delete(first, "provider.delete").await, Changed::Done);
    assert_eq!(delete(first, "refused").await, Changed::Unknown);
    assert_eq!(bench.store.sources().await.unwrap().providers.len(), 1);
    // A number is never given twice: the trail speaks of the old one.
    assert!(bench.provider("first").await > second);

    let acts = bench.acts().await;
    assert!(!acts.contains(&"refused".to_owned()), "{acts:?}");
    assert_eq!(acts.len(), 6);
    assert_eq!(bench.targets().await[0], format!("thing:{}", first.0));
    let after = bench.revisions().await;
    assert_eq!(after.sources, before.sources + 6);
    assert_eq!(after.warning_lists, before.warning_lists);
}

async fn used(bench: Bench) {
    let behind = bench.provider("behind").await;
    let new = intel::sources::InsertSource {
        provider: Some(behind),
        ..source("a", "words")
    };
    let made = bench
        .store
        .insert_source(new, entry("source.make", 0))
        .await;
    let id = intel::SourceId(super::id(made.unwrap()));
    assert_eq!(bench.row(id).await.unwrap().provider, Some(behind));
    let delete = bench.store.delete_provider(behind, entry("refused", 1));
    assert_eq!(delete.await.unwrap(), Changed::InUse);
    let leave = UpdateSource {
        provider: Some(None),
        ..UpdateSource::default()
    };
    let left = bench
        .store
        .change_source(id, 1, leave, entry("source.change", 2));
    assert_eq!(left.await.unwrap(), Changed::Done);
    assert_eq!(bench.row(id).await.unwrap().provider, None);
    let delete = bench
        .store
        .delete_provider(behind, entry("provider.delete", 3));
    assert_eq!(delete.await.unwrap(), Changed::Done);
    let nobody = UpdateSource {
        provider: Some(Some(behind)),
        ..UpdateSource::default()
    };
    let gone = bench
        .store
        .change_source(id, 1, nobody, entry("refused", 4));
    assert_eq!(gone.await.unwrap(), Changed::Gone);
    let acts = bench.acts().await;
    assert!(!acts.contains(&"refused".to_owned()), "{acts:?}");
}
