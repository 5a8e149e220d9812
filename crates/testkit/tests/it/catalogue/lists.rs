//! Ignore lists and warning lists, as lookups meet them.

use indicator::Kind;
use intel::lists::{ListId, NewIgnoreList};
use intel::sources::{ChangeError, Holder, IgnoreListChange};
use intel::{Registry, SourceId};

use super::{House, admin, by_slug, fields, one};

fn list(name: &str, is_global: bool) -> NewIgnoreList {
    NewIgnoreList {
        name: name.to_owned(),
        is_enabled: true,
        is_global,
        ..NewIgnoreList::default()
    }
}

async fn made(
    registry: &Registry,
    name: &str,
    is_global: bool,
    entries: &[(Kind, &str)],
) -> ListId {
    let id = registry.create_ignore_list(admin(), list(name, is_global));
    let id = id.await.unwrap();
    let change = IgnoreListChange {
        entries: Some(
            entries
                .iter()
                .map(|(kind, value)| one(*kind, value))
                .collect(),
        ),
        ..IgnoreListChange::default()
    };
    registry
        .change_ignore_list(admin(), id, change)
        .await
        .unwrap();
    id
}

// The third seed matched the wrong way round, ignored switches, and never asked about providers.
#[tokio::test]
async fn an_ignored_indicator_is_ignored_where_the_list_holds() {
    let house = House::new().await;
    let registry = house.start().await;
    let (shodan, urlhaus) = (by_slug(&registry, "shodan"), by_slug(&registry, "urlhaus"));
    let global = made(
        &registry,
        "Ours",
        true,
        &[(Kind::Domain, "example.org"), (Kind::Cidr, "10.0.0.0/8")],
    )
    .await;
    let own = made(
        &registry,
        "For Shodan",
        false,
        &[(Kind::Ipv4, "198.51.100.7")],
    )
    .await;
    let theirs = made(
        &registry,
        "For abuse.ch",
        false,
        &[(Kind::Domain, "example.net")],
    )
    .await;
    let of = Holder::Source(shodan.id);
    registry
        .put_ignore_lists_of(admin(), of, vec![own])
        .await
        .unwrap();
    let of = Holder::Provider(urlhaus.provider.as_ref().unwrap().id);
    registry
        .put_ignore_lists_of(admin(), of, vec![theirs])
        .await
        .unwrap();
    let check = |source: SourceId, kind, value: &str, expected: &[ListId]| {
        let sources = registry.current();
        let source = sources.by_id(source).unwrap();
        let found = sources.ignored(&one(kind, value), source);
        assert_eq!(found, expected, "{value} at {}", source.slug);
    };
    check(shodan.id, Kind::Domain, "example.org", &[global]);
    check(shodan.id, Kind::Domain, "a.b.example.org", &[global]);
    check(shodan.id, Kind::Url, "https://www.example.org/x", &[global]);
    check(shodan.id, Kind::Domain, "notexample.org", &[]);
    check(shodan.id, Kind::Ipv4, "10.200.0.1", &[global]);
    check(shodan.id, Kind::Ipv4, "11.0.0.1", &[]);
    check(shodan.id, Kind::Ipv4, "198.51.100.7", &[own]);
    check(urlhaus.id, Kind::Ipv4, "198.51.100.7", &[]);
    check(urlhaus.id, Kind::Domain, "example.net", &[theirs]);
    check(shodan.id, Kind::Domain, "example.net", &[]);
    let sources = registry.current();
    let ignored = sources.ignoring(&one(Kind::Domain, "www.example.net"));
    assert_eq!(ignored.of(&urlhaus), [theirs]);
    assert_eq!(ignored.lists().len(), 1);

    let off = IgnoreListChange {
        list: Some(NewIgnoreList {
            is_enabled: false,
            ..list("Ours", true)
        }),
        ..IgnoreListChange::default()
    };
    registry
        .change_ignore_list(admin(), global, off)
        .await
        .unwrap();
    check(shodan.id, Kind::Domain, "example.org", &[]);
    check(shodan.id, Kind::Ipv4, "198.51.100.7", &[own]);
    assert_eq!(
        registry.current().ignore_list(global).unwrap().list.slug,
        "ours"
    );
    registry.delete_ignore_list(admin(), own).await.unwrap();
    check(shodan.id, Kind::Ipv4, "198.51.100.7", &[]);
}

#[tokio::test]
async fn entries_come_and_go_one_by_one() {
    let house = House::new().await;
    let registry = house.start().await;
    let id = made(&registry, "Ours", true, &[(Kind::Domain, "example.org")]).await;
    let change = IgnoreListChange {
        add: vec![one(Kind::Domain, "example.net")],
        remove: vec![one(Kind::Domain, "example.org")],
        ..IgnoreListChange::default()
    };
    registry
        .change_ignore_list(admin(), id, change)
        .await
        .unwrap();
    let page = registry
        .ignore_entries(id, None, None, None, 9)
        .await
        .unwrap();
    let values: Vec<_> = page.rows.iter().map(|row| row.value.as_str()).collect();
    assert_eq!(values, ["example.net"]);
    assert_eq!(registry.current().ignore_list(id).unwrap().entries, 1);
    let taken = registry
        .create_ignore_list(admin(), list("Ours", false))
        .await;
    assert!(matches!(taken, Err(ChangeError::Taken)), "{taken:?}");
    let unnamed = registry.create_ignore_list(admin(), list(" ", false)).await;
    assert_eq!(fields(unnamed), ["name", "slug"]);
    let nobody = IgnoreListChange {
        sources: Some(vec![SourceId(999)]),
        ..IgnoreListChange::default()
    };
    let gone = registry.change_ignore_list(admin(), id, nobody).await;
    assert_eq!(fields(gone), ["sources"]);
}

fn names(registry: &Registry, kind: Kind, value: &str) -> Vec<String> {
    let sources = registry.current();
    let lists = sources.warnings(&one(kind, value));
    lists.into_iter().map(|list| list.slug.clone()).collect()
}

#[tokio::test]
async fn a_warning_list_is_handed_in_switched_and_replaced() {
    let house = House::new().await;
    let registry = house.start().await;
    let json = |value: &str| {
        let json = serde_json::json!({
            "name": "Our mirrors",
            "description": "Machines of ours",
            "version": 7,
            "type": "hostname",
            "list": [value],
        });
        serde_json::to_vec(&json).unwrap()
    };
    let id = registry.create_warning_list(admin(), "", json("mirror.example.com"));
    let id = id.await.unwrap();
    let row = registry.current();
    let row = row
        .warning_lists()
        .iter()
        .find(|list| list.id == id)
        .unwrap()
        .clone();
    assert_eq!(
        (&*row.slug, &*row.name, row.version),
        ("our-mirrors", "Our mirrors", 7)
    );
    assert!(!row.is_built_in && row.is_enabled && row.entries == 1);
    assert_eq!(
        names(&registry, Kind::Domain, "a.mirror.example.com"),
        ["reserved-names", "our-mirrors"]
    );
    registry
        .change_warning_list(admin(), id, None, Some(json("other.example.com")))
        .await
        .unwrap();
    assert_eq!(
        names(&registry, Kind::Domain, "mirror.example.com"),
        ["reserved-names"]
    );
    let reserved = registry.current();
    let reserved = reserved
        .warning_lists()
        .iter()
        .find(|list| list.slug == "reserved-names");
    let reserved = reserved.unwrap().id;
    registry
        .change_warning_list(admin(), reserved, Some(false), None)
        .await
        .unwrap();
    assert_eq!(
        names(&registry, Kind::Domain, "other.example.com"),
        ["our-mirrors"]
    );
    let words = registry
        .change_warning_list(admin(), reserved, None, Some(json("x.org")))
        .await;
    assert!(matches!(words, Err(ChangeError::Shipped)), "{words:?}");
    drop(registry);
    let registry = house.start().await;
    assert_eq!(
        names(&registry, Kind::Domain, "other.example.com"),
        ["our-mirrors"]
    );
    registry.delete_warning_list(admin(), id).await.unwrap();
    assert_eq!(
        names(&registry, Kind::Domain, "other.example.com"),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_is_no_warning_list_is_refused_with_its_field() {
    let house = House::new().await;
    let registry = house.start().await;
    let check = async |json: &str, field: &str| {
        let refused = registry.create_warning_list(admin(), "", json.into()).await;
        assert_eq!(fields(refused), [field], "{json}");
    };
    check("not json", "list").await;
    check(r#"{"name": "x", "type": "string"}"#, "list").await;
    check(r#"{"name": "x", "type": "string", "list": []}"#, "list").await;
    check(
        r#"{"name": " ", "type": "string", "list": ["a"]}"#,
        "list.name",
    )
    .await;
    // Not one network among them: such a list would warn of nothing.
    check(r#"{"name": "x", "type": "regex", "list": ["("]}"#, "list").await;
    check(r#"{"name": "?!", "type": "string", "list": ["a"]}"#, "slug").await;
    assert_eq!(house.acts().await, ["catalogue.ship"]);
}
