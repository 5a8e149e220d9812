//! What comes with a version of the product.

use intel::sources::{Arrival, Changed, Shipment, SourceRow, UpdateSource, VersionOrigin};

use super::{Bench, PERSON, entry, on_empty, provider, source, version};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "what is shipped arrives once", once).await;
    on_empty(dialect, "an update renews what nobody changed", renewed).await;
    on_empty(
        dialect,
        "a source of the house is not taken over",
        in_the_way,
    )
    .await;
    on_empty(dialect, "two that start at once ship once", at_once).await;
}

/// A product that ships these sources, by slug and what they say.
fn product(sources: &[(&str, &str)]) -> Shipment {
    let each = sources.iter().map(|(slug, words)| {
        let mut shipped = source(slug, words);
        shipped.version = version(words, VersionOrigin::Product);
        (shipped, provider("maker"))
    });
    Shipment {
        sources: each.collect(),
        warning_lists: vec![("harmless".to_owned(), true), ("loud".to_owned(), false)],
    }
}

impl Bench {
    async fn ship(&self, shipment: Shipment) -> Arrival {
        let arrival = self.store.ship(shipment, entry("catalogue.ship", 9)).await;
        arrival.unwrap()
    }

    async fn named(&self, slug: &str) -> SourceRow {
        let rows = self.store.sources().await.unwrap();
        rows.sources
            .into_iter()
            .find(|row| row.slug == slug)
            .unwrap()
    }
}

async fn once(bench: Bench) {
    let arrival = bench.ship(product(&[("a", "one"), ("b", "two")])).await;
    assert_eq!(arrival.made, ["a", "b"]);
    assert_eq!(arrival.warning_lists, ["harmless", "loud"]);
    assert!(arrival.renewed.is_empty() && arrival.in_the_way.is_empty());
    let rows = bench.store.sources().await.unwrap();
    assert_eq!(rows.providers.len(), 1, "both have one provider");
    let a = bench.named("a").await;
    assert!(a.is_shipped && a.is_enabled);
    assert_eq!(a.provider, Some(rows.providers[0].id));
    assert_eq!((a.version, a.generation, a.product_version), (1, 0, None));
    assert_eq!(a.definition, b"one");
    let lists = bench.store.warning_lists().await.unwrap();
    let lists: Vec<_> = lists
        .iter()
        .map(|one| (&*one.slug, one.is_enabled))
        .collect();
    assert_eq!(lists, [("harmless", true), ("loud", false)]);

    let before = bench.revisions().await;
    let again = bench.ship(product(&[("a", "one"), ("b", "two")])).await;
    assert_eq!(again, Arrival::default());
    assert_eq!(bench.revisions().await, before);
    assert_eq!(bench.acts().await, ["catalogue.ship"]);
    let deleted = bench.store.delete_source(a.id, entry("refused", 10));
    assert_eq!(deleted.await.unwrap(), Changed::Shipped);
    assert_eq!(bench.acts().await.len(), 1);
}

async fn renewed(bench: Bench) {
    bench.ship(product(&[("a", "one"), ("b", "one")])).await;
    let (a, b) = (bench.named("a").await, bench.named("b").await);
    // Somebody switches one off, and gives the other one words of their own.
    let off = UpdateSource {
        is_enabled: Some(false),
        ..UpdateSource::default()
    };
    bench
        .store
        .change_source(a.id, 1, off, entry("source.change", 1))
        .await
        .unwrap();
    let words = UpdateSource {
        version: Some(version("ours", VersionOrigin::Person)),
        ..UpdateSource::default()
    };
    bench
        .store
        .change_source(b.id, 1, words, entry("source.change", 2))
        .await
        .unwrap();

    let arrival = bench
        .ship(product(&[("a", "two"), ("b", "two"), ("c", "new")]))
        .await;
    assert_eq!(arrival.renewed, ["a", "b"]);
    assert_eq!(arrival.made, ["c"]);
    let a = bench.named("a").await;
    assert!(!a.is_enabled, "what was set is lost");
    assert_eq!((a.version, a.definition.as_slice()), (2, &b"two"[..]));
    assert_eq!(a.product_version, None);
    let b = bench.named("b").await;
    assert_eq!((b.version, b.definition.as_slice()), (2, &b"ours"[..]));
    assert_eq!(b.product_version, Some(3));
    let versions = bench.store.versions(b.id, None, 9).await.unwrap();
    let told: Vec<_> = versions
        .rows
        .iter()
        .map(|one| (one.number, one.origin, one.made_by))
        .collect();
    assert_eq!(
        told,
        [
            (3, VersionOrigin::Product, Some(PERSON)),
            (2, VersionOrigin::Person, Some(PERSON)),
            (1, VersionOrigin::Product, Some(PERSON)),
        ]
    );

    // Who goes over to what the product says follows it again.
    let follow = UpdateSource {
        version: Some(version("two", VersionOrigin::RollBack(3))),
        ..UpdateSource::default()
    };
    bench
        .store
        .change_source(b.id, 2, follow, entry("source.roll-back", 3))
        .await
        .unwrap();
    let b = bench.named("b").await;
    assert_eq!((b.version, b.product_version), (4, None));
    bench
        .ship(product(&[("a", "two"), ("b", "three"), ("c", "new")]))
        .await;
    let b = bench.named("b").await;
    assert_eq!((b.version, b.definition.as_slice()), (5, &b"three"[..]));
    // What is not shipped any longer stays as it is.
    let arrival = bench.ship(product(&[("c", "new")])).await;
    assert!(arrival.is_nothing());
    assert_eq!(bench.named("b").await, b);
}

async fn in_the_way(bench: Bench) {
    let own = bench.source("a").await;
    let arrival = bench.ship(product(&[("a", "theirs"), ("b", "two")])).await;
    assert_eq!(arrival.in_the_way, ["a"]);
    assert_eq!(arrival.made, ["b"]);
    let row = bench.row(own).await.unwrap();
    assert!(!row.is_shipped);
    assert_eq!(row.definition, b"a");
}

async fn at_once(bench: Bench) {
    let other = bench.database.open_catalogue().await;
    let ship = |store: std::sync::Arc<dyn intel::sources::Store>| async move {
        let shipment = product(&[("a", "one"), ("b", "two")]);
        store
            .ship(shipment, entry("catalogue.ship", 9))
            .await
            .unwrap()
    };
    let (one, two) = tokio::join!(ship(std::sync::Arc::clone(&bench.store)), ship(other));
    assert_eq!(one.made.len() + two.made.len(), 2);
    assert_eq!(bench.acts().await.len(), 1);
    let rows = bench.store.sources().await.unwrap();
    assert_eq!((rows.sources.len(), rows.providers.len()), (2, 1));
}
