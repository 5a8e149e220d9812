//! Warning lists.

use intel::lists::{WarningListId, WarningSource};
use intel::sources::{Changed, Inserted, Shipment};

use super::{Bench, at, entry, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "warning lists are kept with their words", kept).await;
    on_empty(dialect, "words of the product stay the product's", shipped).await;
}

const JSON: &[u8] = br#"{"name": "x", "type": "string", "list": ["y"]}"#;

async fn kept(bench: Bench) {
    let insert = async |slug: &str, act| {
        let made = bench
            .store
            .insert_warning_list(slug, JSON.to_vec(), entry(act, 1))
            .await;
        made.unwrap()
    };
    let before = bench.revisions().await;
    let id = WarningListId(super::id(insert("first", "warning-list.make").await));
    assert_eq!(insert("first", "refused").await, Inserted::Taken);
    let row = bench.store.warning_lists().await.unwrap().remove(0);
    assert_eq!((row.id, &*row.slug, row.is_enabled), (id, "first", true));
    assert_eq!(row.source, WarningSource::Json(JSON.to_vec()));
    assert_eq!((row.created_at, row.changed_at), (at(1), at(1)));
    let change = async |id, enabled, json: Option<&[u8]>, act| {
        let outcome =
            bench
                .store
                .change_warning_list(id, enabled, json.map(<[u8]>::to_vec), entry(act, 2));
        outcome.await.unwrap()
    };
    let off = change(id, Some(false), None, "warning-list.change").await;
    assert_eq!(off, Changed::Done);
    let words = change(id, None, Some(b"{}"), "warning-list.change").await;
    assert_eq!(words, Changed::Done);
    let row = bench.store.warning_lists().await.unwrap().remove(0);
    assert_eq!((row.is_enabled, row.changed_at), (false, at(2)));
    assert_eq!(row.source, WarningSource::Json(b"{}".to_vec()));
    let unknown = change(WarningListId(99), Some(true), None, "refused").await;
    assert_eq!(unknown, Changed::Unknown);
    let delete = async |act| {
        let outcome = bench.store.delete_warning_list(id, entry(act, 3)).await;
        outcome.unwrap()
    };
    assert_eq!(delete("warning-list.delete").await, Changed::Done);
    assert_eq!(delete("refused").await, Changed::Unknown);
    assert_eq!(bench.store.warning_lists().await.unwrap(), []);
    let acts = bench.acts().await;
    assert!(!acts.contains(&"refused".to_owned()), "{acts:?}");
    let after = bench.revisions().await;
    assert_eq!(after.warning_lists, before.warning_lists + 4);
    assert_eq!(after.sources, before.sources);
}

async fn shipped(bench: Bench) {
    let shipment = Shipment {
        sources: vec![],
        warning_lists: vec![("ours".to_owned(), true)],
    };
    let arrival = bench
        .store
        .ship(shipment.clone(), entry("catalogue.ship", 0));
    assert_eq!(arrival.await.unwrap().warning_lists, ["ours"]);
    let row = bench.store.warning_lists().await.unwrap().remove(0);
    assert_eq!(row.source, WarningSource::BuiltIn);
    let change = async |enabled, json, act| {
        let outcome = bench
            .store
            .change_warning_list(row.id, enabled, json, entry(act, 1));
        outcome.await.unwrap()
    };
    assert_eq!(
        change(Some(false), None, "warning-list.change").await,
        Changed::Done
    );
    let refused = change(Some(true), Some(JSON.to_vec()), "refused").await;
    assert_eq!(refused, Changed::Shipped);
    let delete = bench.store.delete_warning_list(row.id, entry("refused", 2));
    assert_eq!(delete.await.unwrap(), Changed::Shipped);
    // The next start does not switch it on again.
    let again = bench
        .store
        .ship(shipment, entry("refused", 3))
        .await
        .unwrap();
    assert!(again.is_nothing());
    let row = bench.store.warning_lists().await.unwrap().remove(0);
    assert!(!row.is_enabled);
    let acts = bench.acts().await;
    assert!(!acts.contains(&"refused".to_owned()), "{acts:?}");
}
