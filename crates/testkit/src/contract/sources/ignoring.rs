//! Ignore lists.

use indicator::{Indicator, Kind, parse};
use intel::lists::{IgnoreList, ListId, NewIgnoreList};
use intel::sources::{Changed, Holder, Inserted, UpdateIgnoreList};
use intel::{ProviderId, SourceId};

use super::{Bench, at, entry, on_empty};
use crate::Dialect;

/// Most entries of a list in these checks.
const ENTRIES_MAX: usize = 5;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "ignore lists are made, changed and deleted", kept).await;
    on_empty(
        dialect,
        "entries are replaced, added and taken away",
        entries,
    )
    .await;
    on_empty(dialect, "lists hold for sources and providers", holders).await;
}

fn list(slug: &str) -> NewIgnoreList {
    NewIgnoreList {
        slug: slug.to_owned(),
        name: format!("The {slug}"),
        about: String::new(),
        is_enabled: true,
        is_global: false,
    }
}

fn one(kind: Kind, value: &str) -> Indicator {
    parse(kind, value).unwrap()
}

impl Bench {
    async fn list(&self, slug: &str) -> ListId {
        let made = self
            .store
            .insert_ignore_list(list(slug), entry("ignore-list.make", 0));
        ListId(super::id(made.await.unwrap()))
    }

    async fn change_list(
        &self,
        id: ListId,
        change: UpdateIgnoreList,
        act: &'static str,
    ) -> Changed {
        let outcome = self
            .store
            .change_ignore_list(id, change, ENTRIES_MAX, entry(act, 5));
        outcome.await.unwrap()
    }

    async fn find(&self, id: ListId) -> Option<(IgnoreList, Vec<Indicator>)> {
        let lists = self.store.ignore_lists().await.unwrap();
        lists.into_iter().find(|(list, _)| list.id == id)
    }
}

async fn kept(bench: Bench) {
    let before = bench.revisions().await;
    let (first, second) = (bench.list("first").await, bench.list("second").await);
    let taken = bench
        .store
        .insert_ignore_list(list("first"), entry("refused", 1));
    assert_eq!(taken.await.unwrap(), Inserted::Taken);
    let (row, entries) = bench.find(first).await.unwrap();
    assert_eq!(row.list, list("first"));
    assert_eq!((row.entries, row.created_at), (0, at(0)));
    assert!(entries.is_empty() && row.sources.is_empty() && row.providers.is_empty());
    let to = |list| UpdateIgnoreList {
        list: Some(list),
        ..UpdateIgnoreList::default()
    };
    let changed = NewIgnoreList {
        is_global: true,
        is_enabled: false,
        about: "why".to_owned(),
        ..list("third")
    };
    let done = bench
        .change_list(second, to(changed.clone()), "ignore-list.change")
        .await;
    assert_eq!(done, Changed::Done);
    let (row, _) = bench.find(second).await.unwrap();
    assert_eq!((row.list, row.changed_at), (changed, at(5)));
    let taken = bench
        .change_list(second, to(list("first")), "refused")
        .await;
    assert_eq!(taken, Changed::Taken);
    let unknown = bench
        .change_list(ListId(99), UpdateIgnoreList::default(), "refused")
        .await;
    assert_eq!(unknown, Changed::Unknown);
    let delete = async |id, act| {
        let outcome = bench.store.delete_ignore_list(id, entry(act, 6)).await;
        outcome.unwrap()
    };
    assert_eq!(delete(first, "ignore-list.delete").await, Changed::Done);
    assert_eq!(delete(first, "refused").await, Changed::Unknown);
    assert_eq!(bench.store.ignore_lists().await.unwrap().len(), 1);
    let acts = bench.acts().await;
    assert!(!acts.contains(&"refused".to_owned()), "{acts:?}");
    let after = bench.revisions().await;
    assert_eq!(after.ignore_lists, before.ignore_lists + 4);
    assert_eq!(after.sources, before.sources);
}

async fn entries(bench: Bench) {
    let id = bench.list("first").await;
    let other = bench.list("other").await;
    let domain = one(Kind::Domain, "example.org");
    let network = one(Kind::Cidr, "10.0.0.0/8");
    let url = one(Kind::Url, "https://example.net/100%25_of_it");
    let hash = one(Kind::Md5, "d41d8cd98f00b204e9800998ecf8427e");
    let all = |entries: Vec<Indicator>| UpdateIgnoreList {
        entries: Some(entries),
        ..UpdateIgnoreList::default()
    };
    let twice = vec![domain.clone(), network.clone(), domain.clone()];
    assert_eq!(
        bench.change_list(id, all(twice), "entries").await,
        Changed::Done
    );
    bench
        .change_list(other, all(vec![domain.clone()]), "entries")
        .await;
    let (row, found) = bench.find(id).await.unwrap();
    assert_eq!(
        (row.entries, found),
        (2, vec![domain.clone(), network.clone()])
    );
    let both = UpdateIgnoreList {
        add: vec![url.clone(), network.clone(), hash.clone()],
        remove: vec![domain.clone()],
        ..UpdateIgnoreList::default()
    };
    assert_eq!(bench.change_list(id, both, "entries").await, Changed::Done);
    let (_, found) = bench.find(id).await.unwrap();
    assert_eq!(found, [network.clone(), url.clone(), hash.clone()]);
    assert_eq!(
        bench.find(other).await.unwrap().1,
        std::slice::from_ref(&domain)
    );

    let too_many = UpdateIgnoreList {
        add: vec![domain.clone(), domain.clone(), domain.clone()],
        ..UpdateIgnoreList::default()
    };
    assert_eq!(
        bench.change_list(id, too_many, "refused").await,
        Changed::TooMany
    );
    let too_many = all(vec![domain.clone(); 6]);
    assert_eq!(
        bench.change_list(id, too_many, "refused").await,
        Changed::TooMany
    );
    assert_eq!(bench.find(id).await.unwrap().1.len(), 3);

    let page = async |kind, text: Option<&str>, before, limit| {
        let page = bench
            .store
            .ignore_entries(id, kind, text, before, limit)
            .await;
        page.unwrap()
    };
    let values = |page: &accounts::Page<intel::lists::IgnoreEntry>| {
        let rows = page.rows.iter();
        rows.map(|row| (row.kind, row.value.clone()))
            .collect::<Vec<_>>()
    };
    let pair = |one: &Indicator| (one.kind(), one.value().to_owned());
    let first = page(None, None, None, 2).await;
    assert_eq!(values(&first), [pair(&hash), pair(&url)]);
    assert_eq!(first.next, Some(first.rows[1].id));
    let rest = page(None, None, first.next, 2).await;
    assert_eq!((values(&rest), rest.next), (vec![pair(&network)], None));
    let kind = page(Some(Kind::Cidr), None, None, 9).await;
    assert_eq!(values(&kind), [pair(&network)]);
    // What is looked for is looked for as it is: no letter of it means any letter.
    assert_eq!(
        values(&page(None, Some("100%"), None, 9).await),
        [pair(&url)]
    );
    assert_eq!(
        values(&page(None, Some("0.0.0"), None, 9).await),
        [pair(&network)]
    );
    assert_eq!(values(&page(None, Some("1__0"), None, 9).await), []);
    let none = bench
        .store
        .ignore_entries(ListId(99), None, None, None, 9)
        .await;
    assert_eq!(none.unwrap().rows, []);

    assert_eq!(
        bench.change_list(id, all(vec![]), "entries").await,
        Changed::Done
    );
    assert_eq!(bench.find(id).await.unwrap().1, []);
    let acts = bench.acts().await;
    assert!(!acts.contains(&"refused".to_owned()), "{acts:?}");
}

async fn holders(bench: Bench) {
    let (id, other) = (bench.list("first").await, bench.list("other").await);
    let (source, second) = (bench.source("a").await, bench.source("b").await);
    let provider = bench.provider("p").await;
    let holds = |sources: &[SourceId], providers: &[ProviderId]| UpdateIgnoreList {
        sources: Some(sources.to_vec()),
        providers: Some(providers.to_vec()),
        ..UpdateIgnoreList::default()
    };
    let done = bench
        .change_list(id, holds(&[source, second], &[provider]), "holds")
        .await;
    assert_eq!(done, Changed::Done);
    let held = async |id| {
        let (row, _) = bench.find(id).await.unwrap();
        let sources: Vec<_> = row.sources.into_iter().collect();
        (sources, row.providers.into_iter().collect::<Vec<_>>())
    };
    assert_eq!(held(id).await, (vec![source, second], vec![provider]));
    let gone = bench
        .change_list(id, holds(&[SourceId(99)], &[]), "refused")
        .await;
    assert_eq!(gone, Changed::Gone);
    let gone = bench
        .change_list(id, holds(&[], &[ProviderId(99)]), "refused")
        .await;
    assert_eq!(gone, Changed::Gone);

    let put = async |holder, lists: &[ListId], act| {
        let outcome = bench
            .store
            .put_ignore_lists_of(holder, lists.to_vec(), entry(act, 7));
        outcome.await.unwrap()
    };
    assert_eq!(
        put(Holder::Source(source), &[other], "holds").await,
        Changed::Done
    );
    assert_eq!(held(id).await, (vec![second], vec![provider]));
    assert_eq!(held(other).await, (vec![source], vec![]));
    assert_eq!(
        put(Holder::Provider(provider), &[id, other], "holds").await,
        Changed::Done
    );
    assert_eq!(held(other).await, (vec![source], vec![provider]));
    let gone = put(Holder::Source(source), &[ListId(99)], "refused").await;
    assert_eq!(gone, Changed::Gone);
    let unknown = put(Holder::Source(SourceId(99)), &[], "refused").await;
    assert_eq!(unknown, Changed::Unknown);
    let unknown = put(Holder::Provider(ProviderId(99)), &[], "refused").await;
    assert_eq!(unknown, Changed::Unknown);

    let before = bench.revisions().await;
    bench
        .store
        .delete_source(second, entry("source.delete", 8))
        .await
        .unwrap();
    bench
        .store
        .delete_provider(provider, entry("provider.delete", 8))
        .await
        .unwrap();
    assert_eq!(held(id).await, (vec![], vec![]));
    // Who remembers the lists must read them again.
    assert_eq!(
        bench.revisions().await.ignore_lists,
        before.ignore_lists + 2
    );
    let acts = bench.acts().await;
    assert!(!acts.contains(&"refused".to_owned()), "{acts:?}");
}
