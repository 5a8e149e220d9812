//! Starts: the first, the next, and the first of a newer version of the product.

use base::Bus as _;
use futures_util::StreamExt as _;
use indicator::Kind;
use intel::sources::{Body, Settings, Shipped, SourceChange, TOPIC, VersionOrigin, shipped};
use intel::{Registry, SourceKind, Tlp};

use super::{House, admin, by_slug, definition, source};

/// What a newer version of the product says.
const NEWS: &str = "It knows more than before";

/// The product as it will be: one of its sources says something else.
fn newer(slug: &str) -> Vec<Shipped> {
    let mut all = shipped();
    let changed = all.iter_mut().find(|one| one.slug == slug).unwrap();
    changed.definition.about = NEWS.into();
    changed.definition.cache_s = 77;
    all
}

async fn change(registry: &Registry, slug: &str, change: SourceChange) {
    let id = by_slug(registry, slug).id;
    registry.change_source(admin(), id, change).await.unwrap();
}

// An empty installation must be able to look something up.
#[tokio::test]
async fn the_first_start_brings_every_source_ready_to_be_asked() {
    let house = House::new().await;
    let registry = house.start().await;
    let sources = registry.current();
    assert_eq!(sources.all().len(), shipped().len());
    for one in shipped() {
        let source = sources.by_slug(&one.slug).unwrap();
        assert!(source.is_shipped);
        assert_eq!(source.is_enabled, one.is_enabled, "{}", one.slug);
        assert_eq!(source.provider.as_ref().unwrap().name, one.provider);
        assert_eq!(*source.definition, one.definition);
        assert_eq!((source.version, source.product_version), (1, None));
        if source.kind == SourceKind::Http {
            assert_eq!(source.unmade, None, "{}", one.slug);
            assert!(source.kinds.iter().next().is_some(), "{}", one.slug);
            assert_eq!(source.hosts.len(), 1, "{}", one.slug);
        }
    }
    let names: Vec<_> = sources
        .all()
        .iter()
        .map(|one| one.name.to_lowercase())
        .collect();
    assert!(names.is_sorted(), "{names:?}");
    assert_eq!(sources.warning_lists().len(), 6);
    assert_eq!(house.acts().await, ["catalogue.ship"]);
    let check = registry.check().await.unwrap();
    assert_eq!((check.sources, check.versions), (names.len(), names.len()));
    assert_eq!(check.faults, []);
}

#[tokio::test]
async fn the_next_start_changes_nothing() {
    let house = House::new().await;
    let registry = house.start().await;
    change(
        &registry,
        "abuseipdb",
        SourceChange {
            is_enabled: Some(false),
            settings: Some(Settings {
                kinds_off: vec!["IPV6".to_owned()],
                tlp_max: Some(Tlp::Clear),
                cache_s: Some(60),
                ..Settings::default()
            }),
            ..SourceChange::default()
        },
    )
    .await;
    drop(registry);
    let registry = house.start().await;
    let source = by_slug(&registry, "abuseipdb");
    assert!(!source.is_enabled && !source.is_on());
    assert!(source.takes(Kind::Ipv4) && !source.takes(Kind::Ipv6));
    assert_eq!((source.tlp_max, source.cache_s), (Tlp::Clear, 60));
    assert_eq!(house.acts().await, ["catalogue.ship", "source.change"]);
}

// Whoever updates the product must lose nothing that was set, and get everything that was not.
#[tokio::test]
async fn an_update_renews_words_and_keeps_settings() {
    let house = House::new().await;
    let registry = house.start().await;
    let own = |cache_s| SourceChange {
        settings: Some(Settings {
            cache_s: Some(cache_s),
            ..Settings::default()
        }),
        ..SourceChange::default()
    };
    change(&registry, "shodan", own(5)).await;
    drop(registry);
    let registry = house.start_with(newer("shodan"), &[]).await;
    let source = by_slug(&registry, "shodan");
    assert_eq!(source.about, NEWS);
    assert_eq!((source.version, source.cache_s), (2, 5));
    assert_eq!(source.definition.cache_s, 77);
    assert!(
        registry
            .notifications(&[])
            .iter()
            .all(|one| one.name() != "NEWER_SOURCE_VERSION")
    );
}

#[tokio::test]
async fn an_update_does_not_overwrite_what_people_wrote() {
    let house = House::new().await;
    let registry = house.start().await;
    let mut ours = (*by_slug(&registry, "crtsh").definition).clone();
    ours.about = "As we like it".to_owned();
    let rewrite = SourceChange {
        definition: Some(ours),
        note: "we like it so".to_owned(),
        ..SourceChange::default()
    };
    change(&registry, "crtsh", rewrite).await;
    drop(registry);
    let registry = house.start_with(newer("crtsh"), &[]).await;
    let source = by_slug(&registry, "crtsh");
    assert_eq!(source.about, "As we like it");
    assert_eq!((source.version, source.product_version), (2, Some(3)));
    let told = registry.notifications(&[]);
    assert!(told.iter().any(|one| one.name() == "NEWER_SOURCE_VERSION"));

    // Somebody takes over what came, and follows the product again.
    let to = registry.roll_back(admin(), source.id, 3, Some(2));
    to.await.unwrap();
    let source = by_slug(&registry, "crtsh");
    assert_eq!(source.about, NEWS);
    assert_eq!((source.version, source.product_version), (4, None));
    let versions = registry.versions(source.id, None, 9).await.unwrap();
    let origins: Vec<_> = versions.rows.iter().map(|one| one.origin).collect();
    assert_eq!(
        origins,
        [
            VersionOrigin::RollBack(3),
            VersionOrigin::Product,
            VersionOrigin::Person,
            VersionOrigin::Product,
        ]
    );
    assert_eq!(versions.rows[2].note, "we like it so");
    drop(registry);
    let registry = house.start().await;
    assert_eq!(by_slug(&registry, "crtsh").version, 5);
}

#[tokio::test]
async fn a_source_that_the_product_has_lost_is_shown_and_never_asked() {
    let house = House::new().await;
    let gone = Shipped {
        slug: "of-yesterday".to_owned(),
        kind: SourceKind::System,
        provider: "Somebody".to_owned(),
        is_enabled: true,
        definition: intel::sources::Definition {
            body: Body::BuiltIn(intel::sources::BuiltIn {
                revision: 1,
                base: None,
                hosts: Vec::new(),
            }),
            ..definition("Of yesterday", "https://example.org")
        },
    };
    drop(house.start_with(vec![gone], &[]).await);
    let registry = house.start().await;
    let source = by_slug(&registry, "of-yesterday");
    assert_eq!(
        source.unmade,
        Some(intel::sources::Unmade::NoRunner(SourceKind::System))
    );
    assert!(!source.takes(Kind::Ipv4));
    let told = registry.notifications(&[]);
    assert!(told.iter().any(|one| one.name() == "SOURCE_UNUSABLE"));
}

#[tokio::test]
async fn what_one_process_writes_the_others_know() {
    let house = House::new().await;
    let (here, there) = (house.start().await, house.start().await);
    let mut events = house.bus.subscribe();
    let id = here.create_source(admin(), source("ours")).await.unwrap();
    assert!(
        here.current().by_id(id).is_some(),
        "known before it is answered"
    );
    assert!(there.current().by_id(id).is_none());
    let event = events.next().await.unwrap();
    assert_eq!(event.topic, TOPIC);
    there.refresh().await.unwrap();
    assert!(there.current().by_id(id).is_some());
    // Who lists what did not change shares it with what was.
    let before = there.current();
    there.refresh().await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&before, &there.current()));
}

#[tokio::test]
async fn a_process_that_listens_hears_of_it() {
    let house = House::new().await;
    let (here, there) = (house.start().await, house.start().await);
    let listening = {
        let there = std::sync::Arc::clone(&there);
        tokio::spawn(async move { there.listen().await })
    };
    let id = here.create_source(admin(), source("ours")).await.unwrap();
    let heard = async {
        while there.current().by_id(id).is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), heard)
        .await
        .unwrap();
    listening.abort();
}
