//! Sources and providers of the house: made, changed, moved, undone.

use std::time::Duration;

use intel::secrets::SecretId;
use intel::sources::{ChangeError, MissingWhy, NewProvider, NewSource, Settings, SourceChange};
use intel::{MissingSecret, SourceId, SourceKind, Window};
use serde_json::json;

use super::{House, SECRET, admin, by_slug, definition, fields, source, with_secret};

#[tokio::test]
async fn a_described_source_is_made_changed_and_undone() {
    let house = House::new().await;
    let registry = house.start().await;
    let id = registry
        .create_source(admin(), source("ours"))
        .await
        .unwrap();
    let made = by_slug(&registry, "ours");
    assert_eq!((made.id, made.version, made.is_shipped), (id, 1, false));
    assert_eq!(made.hosts, ["api.example.org"]);
    assert_eq!(made.time_max, Duration::from_secs(10));

    let mut second = definition("ours", "https://api.example.org");
    second.cache_s = 5;
    second.tags.push("new".to_owned());
    let change = SourceChange {
        definition: Some(second),
        based_on: Some(1),
        ..SourceChange::default()
    };
    registry
        .change_source(admin(), id, change.clone())
        .await
        .unwrap();
    assert_eq!(
        (
            by_slug(&registry, "ours").version,
            by_slug(&registry, "ours").cache_s
        ),
        (2, 5)
    );
    // Somebody else wrote on what is old by now.
    let stale = registry.change_source(admin(), id, change).await;
    assert!(matches!(stale, Err(ChangeError::Stale)), "{stale:?}");

    let changes = registry
        .version_difference(id, 1, 2)
        .await
        .unwrap()
        .unwrap();
    let told: Vec<_> = changes
        .iter()
        .map(|one| (one.path.as_str(), one.before.clone(), one.after.clone()))
        .collect();
    assert_eq!(
        told,
        [
            ("/cache_s", Some(json!(3600)), Some(json!(5))),
            ("/tags", None, Some(json!("new"))),
        ]
    );
    assert_eq!(registry.version_difference(id, 1, 9).await.unwrap(), None);

    registry.roll_back(admin(), id, 1, Some(2)).await.unwrap();
    let back = by_slug(&registry, "ours");
    assert_eq!((back.version, back.cache_s), (3, 3600));
    let unknown = registry.roll_back(admin(), id, 9, None).await;
    assert!(matches!(unknown, Err(ChangeError::Unknown)), "{unknown:?}");
    registry.delete_source(admin(), id).await.unwrap();
    assert!(registry.current().by_id(id).is_none());
    let shipped = by_slug(&registry, "shodan").id;
    let refused = registry.delete_source(admin(), shipped).await;
    assert!(matches!(refused, Err(ChangeError::Shipped)), "{refused:?}");
    assert_eq!(
        house.acts().await,
        [
            "catalogue.ship",
            "source.make",
            "source.change",
            "source.roll-back",
            "source.delete",
        ]
    );
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_field() {
    let house = House::new().await;
    let registry = house.start().await;
    let check = async |change: &dyn Fn(&mut NewSource), expected: &[&str]| {
        let mut new = source("ours");
        change(&mut new);
        let refused = registry.create_source(admin(), new).await;
        assert_eq!(fields(refused), expected);
    };
    check(&|new| new.slug = "Ours!".to_owned(), &["slug"]).await;
    check(&|new| new.slug = "new".to_owned(), &["slug"]).await;
    check(&|new| new.definition.name = String::new(), &["name"]).await;
    check(
        &|new| new.definition = definition("ours", "http://10.0.0.1"),
        &["description.base"],
    )
    .await;
    check(
        &|new| new.settings.base = Some("http://10.0.0.1".parse().unwrap()),
        &["base"],
    )
    .await;
    check(
        &|new| {
            new.settings.windows = Some(vec![Window {
                requests: 0,
                seconds: 60,
            }]);
        },
        &["windows[0].requests"],
    )
    .await;
    check(
        &|new| new.provider = Some(intel::ProviderId(99)),
        &["provider"],
    )
    .await;
    let mut python = source("ours");
    python.kind = SourceKind::Python;
    let refused = registry.create_source(admin(), python).await;
    assert!(matches!(refused, Err(ChangeError::NoRunner)), "{refused:?}");
    let mut taken = source("ours");
    taken.slug = "shodan".to_owned();
    let refused = registry.create_source(admin(), taken).await;
    assert!(matches!(refused, Err(ChangeError::Taken)), "{refused:?}");
    let nobody = SourceChange::default();
    let refused = registry.change_source(admin(), SourceId(99), nobody).await;
    assert!(matches!(refused, Err(ChangeError::Unknown)), "{refused:?}");
    let unnamed = registry.create_source(
        admin(),
        NewSource {
            slug: String::new(),
            ..source("Our own source")
        },
    );
    let id = unnamed.await.unwrap();
    assert_eq!(registry.current().by_id(id).unwrap().slug, "our-own-source");
    // What the product does is not rewritten here.
    let dns = by_slug(&registry, "dns").id;
    let rewrite = SourceChange {
        definition: Some(definition("dns", "https://api.example.org")),
        ..SourceChange::default()
    };
    let refused = registry.change_source(admin(), dns, rewrite).await;
    assert_eq!(fields(refused), ["body"]);
}

// Whoever may describe sources but not handle secrets could else send a secret to a host of theirs.
#[tokio::test]
async fn a_secret_does_not_follow_a_source_to_another_address() {
    let house = House::new().await;
    let registry = house.start().await;
    let vault = house.vault(&registry).await;
    let secret = with_secret(&registry, &vault, "ours").await;
    let before = by_slug(&registry, "ours");
    let way = before.way(&vault).unwrap();
    assert_eq!(way.secrets[0].secret, SECRET);
    assert_eq!(way.secrets[0].host.as_deref(), Some("api.example.org"));
    let missing = |why| MissingSecret {
        slot: "key".to_owned(),
        why,
    };

    let elsewhere = Settings {
        base: Some("https://evil.example.net".parse().unwrap()),
        ..Settings::default()
    };
    let moved = SourceChange {
        settings: Some(elsewhere),
        ..SourceChange::default()
    };
    registry
        .change_source(admin(), before.id, moved)
        .await
        .unwrap();
    let after = by_slug(&registry, "ours");
    assert_eq!(after.hosts, ["evil.example.net"]);
    assert!(after.generation > before.generation);
    assert_eq!(after.way(&vault).unwrap_err(), missing(MissingWhy::Moved));
    assert_eq!(after.missing(vault_now(&house)).len(), 1);

    // By the description, or by the place of the secret, it is the same.
    let back = SourceChange {
        settings: Some(Settings::default()),
        definition: Some(definition("ours", "https://api.example.org:8443")),
        ..SourceChange::default()
    };
    registry
        .change_source(admin(), before.id, back)
        .await
        .unwrap();
    let after = by_slug(&registry, "ours");
    assert_eq!(after.hosts, ["api.example.org:8443"]);
    assert_eq!(after.way(&vault).unwrap_err(), missing(MissingWhy::Moved));
    let mut other_place = definition("ours", "https://api.example.org");
    other_place.secrets[0].place = intel::SecretPlace::Query("key".to_owned());
    let back = SourceChange {
        definition: Some(other_place),
        ..SourceChange::default()
    };
    registry
        .change_source(admin(), before.id, back)
        .await
        .unwrap();
    let after = by_slug(&registry, "ours");
    assert_eq!(after.way(&vault).unwrap_err(), missing(MissingWhy::Moved));

    // Who may handle secrets puts it there again.
    let put = registry.put_secret(admin(), after.id, "key", Some(secret));
    put.await.unwrap();
    assert!(by_slug(&registry, "ours").way(&vault).is_ok());
    registry
        .roll_back(admin(), after.id, 1, None)
        .await
        .unwrap();
    let refused = by_slug(&registry, "ours").way(&vault);
    assert_eq!(refused.unwrap_err(), missing(MissingWhy::Moved));
}

fn vault_now(house: &House) -> base::UnixMicros {
    base::Clock::now(&*house.clock)
}

// The settings file is written by whoever holds the key file: it may lead into the own network.
#[tokio::test]
async fn an_address_of_the_settings_file_is_trusted_with_secrets() {
    let house = House::new().await;
    let registry = house.start().await;
    let vault = house.vault(&registry).await;
    let secret = vault.set(admin(), super::secret("shodan")).await.unwrap();
    let id = by_slug(&registry, "shodan").id;
    registry
        .put_secret(admin(), id, "key", Some(secret))
        .await
        .unwrap();
    let own = by_slug(&registry, "shodan").way(&vault).unwrap();
    assert_eq!(own.configured, None);

    let moved = [("shodan", "http://127.0.0.1:9000/shodan")];
    let registry = house.start_with(intel::sources::shipped(), &moved).await;
    let vault = house.vault(&registry).await;
    let source = by_slug(&registry, "shodan");
    assert!(source.is_base_configured);
    let way = source.way(&vault).unwrap();
    assert_eq!(
        way.configured.as_ref().map(url::Url::as_str),
        Some(moved[0].1)
    );
    assert_eq!(way.hosts, ["127.0.0.1:9000"]);
    assert_eq!(way.secrets[0].host.as_deref(), Some("127.0.0.1:9000"));
    // An address that people set here stays within the public internet.
    let set = SourceChange {
        settings: Some(Settings {
            base: Some("https://mirror.example.org".parse().unwrap()),
            ..Settings::default()
        }),
        ..SourceChange::default()
    };
    registry.change_source(admin(), id, set).await.unwrap();
    let way = by_slug(&registry, "shodan").way(&vault).unwrap();
    assert_eq!(way.hosts, ["127.0.0.1:9000"], "the file is above it");
    let registry = house.start().await;
    let source = by_slug(&registry, "shodan");
    assert!(!source.is_base_configured);
    assert_eq!(source.hosts, ["mirror.example.org"]);
}

#[tokio::test]
async fn a_provider_switches_all_of_its_sources() {
    let house = House::new().await;
    let registry = house.start().await;
    let source = by_slug(&registry, "urlhaus");
    let provider = source.provider.clone().unwrap();
    let others = registry.current().of_provider(provider.id).count();
    assert!(others > 1, "abuse.ch has several");
    let off = NewProvider {
        name: provider.name.clone(),
        is_enabled: false,
        ..NewProvider::default()
    };
    registry
        .change_provider(admin(), provider.id, off)
        .await
        .unwrap();
    let sources = registry.current();
    assert!(
        sources
            .of_provider(provider.id)
            .all(|one| one.is_enabled == by_slug(&registry, &one.slug).is_enabled)
    );
    assert!(sources.of_provider(provider.id).all(|one| !one.is_on()));
    assert_eq!(sources.provider(provider.id).unwrap().slug, provider.slug);
    let used = registry.delete_provider(admin(), provider.id).await;
    assert!(matches!(used, Err(ChangeError::InUse)), "{used:?}");
    let unnamed = registry.create_provider(admin(), NewProvider::default());
    assert_eq!(fields(unnamed.await), ["name", "slug"]);
    let web = NewProvider {
        name: "Ours".to_owned(),
        website: "not an address".to_owned(),
        ..NewProvider::default()
    };
    assert_eq!(
        fields(registry.create_provider(admin(), web).await),
        ["website"]
    );
    let nobody = registry.put_secret(admin(), source.id, "nothing", None);
    assert_eq!(fields(nobody.await), ["slot"]);
    let nothing = registry.put_secret(admin(), source.id, "key", Some(SecretId(99)));
    assert_eq!(fields(nothing.await), ["secret"]);
}
