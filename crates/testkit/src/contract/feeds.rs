//! The definition of [`intel::feeds::Store`]: every sentence of its documentation as a check, run over
//! each dialect.

use std::sync::Arc;
use std::time::Duration;

use accounts::{Act, AuditFilter, NewEntry, Target};
use base::{Actor, Entropy as _, UnixMicros};
use intel::feeds::{
    Added, Change, Description, Ended, Entry, EntryId, Feed, FeedId, Looked, NewFeed, Outcome,
    PullFeed, Question, RunId, Scope, Store, Written, shipped,
};
use jobs::{Job as _, Want};

use super::Bench;
use crate::{Dialect, SimClock};

const NOW: UnixMicros = SimClock::START;
const HOUR: Duration = Duration::from_hours(1);

/// Runs the whole suite, each check on a database of its own.
pub async fn check_feeds(dialect: Dialect) {
    super::on_empty(dialect, "feeds are adopted, added and changed", kept).await;
    super::on_empty(dialect, "a run ends once and leaves its mark", runs).await;
    super::on_empty(
        dialect,
        "entries are written, seen again and forgotten",
        entries,
    )
    .await;
    super::on_empty(
        dialect,
        "a question finds what is the same, above and below",
        looked_up,
    )
    .await;
}

async fn store(bench: &Bench) -> Arc<dyn Store> {
    bench.database.open_feeds().await
}

fn described(slug: &str) -> Description {
    Description {
        name: format!("The feed {slug}"),
        ..shipped().remove(0).description
    }
}

fn new(slug: &str, is_shipped: bool) -> NewFeed {
    NewFeed {
        slug: slug.to_owned(),
        is_shipped,
        is_enabled: true,
        description: described(slug),
    }
}

fn trail(bench: &Bench, act: &'static str) -> NewEntry {
    let mut salt = [0; 16];
    bench.chance.fill(&mut salt);
    NewEntry {
        at: NOW,
        actor: Actor::PRODUCT,
        act: Act(act),
        target: Some(Target {
            kind: "feed",
            id: "own".into(),
        }),
        details: Vec::new(),
        salt,
    }
}

/// A feed of one's own.
async fn own(bench: &Bench, store: &dyn Store, slug: &str) -> FeedId {
    let entry = trail(bench, "feed.add");
    match store.add(new(slug, false), entry, 10, NOW).await.unwrap() {
        Added::Done(id) => id,
        other => panic!("{other:?}"),
    }
}

fn entry(text: &str) -> Entry {
    Entry {
        indicator: indicator::detect(text).unwrap(),
        confidence: None,
        fields: Vec::new(),
        first_seen: None,
    }
}

fn complete(entries: u64) -> Ended {
    Ended {
        outcome: Outcome::Complete,
        bytes: 1000,
        entries,
        added: 1,
        skipped: 2,
        cause: None,
        etag: Some("\"a\"".into()),
        last_modified: Some("Fri, 20 Nov 2026 12:00:00 GMT".into()),
        due: NOW.plus(HOUR),
    }
}

fn failed() -> Ended {
    Ended {
        outcome: Outcome::Failed,
        cause: Some("no answer in time".into()),
        etag: None,
        last_modified: None,
        ..complete(0)
    }
}

async fn all(store: &dyn Store) -> Vec<Feed> {
    store.feeds().await.unwrap()
}

async fn acts(bench: &Bench) -> Vec<String> {
    let stores = bench.database.open_all().await;
    let filter = AuditFilter {
        act: Some("feed.".into()),
        ..AuditFilter::default()
    };
    let rows = stores.accounts.audit(filter, Vec::new(), None, 100).await;
    rows.unwrap().into_iter().map(|row| row.act).collect()
}

#[expect(clippy::too_many_lines, reason = "one story, step by step")]
async fn kept(bench: Bench) {
    let store = store(&bench).await;
    let store = &*store;
    store
        .adopt(vec![new("b", true), new("a", true)], NOW)
        .await
        .unwrap();
    let feeds = all(store).await;
    let slugs: Vec<&str> = feeds.iter().map(|feed| feed.slug.as_str()).collect();
    assert_eq!(slugs, ["a", "b"]);
    assert_eq!(feeds[0].description, described("a"));
    assert!(feeds[0].is_shipped && feeds[0].is_enabled && feeds[0].complete.is_none());
    assert_eq!(
        (feeds[0].created, feeds[0].due, feeds[0].entries),
        (NOW, NOW, 0)
    );
    // The product is updated: what it says of a feed is new, what was known of its server is not.
    let run = store.begin(feeds[0].id, NOW).await.unwrap().unwrap();
    store.end(run, complete(7), NOW).await.unwrap();
    store
        .adopt(vec![new("a", true)], NOW.plus(HOUR))
        .await
        .unwrap();
    assert_eq!(
        all(store).await[0].etag.as_deref(),
        Some("\"a\""),
        "nothing is new"
    );
    let changed = NewFeed {
        description: described("z"),
        ..new("a", true)
    };
    store.adopt(vec![changed], NOW).await.unwrap();
    let feed = all(store).await.remove(0);
    assert_eq!(
        (feed.description, feed.etag, feed.entries),
        (described("z"), None, 7)
    );
    assert_eq!(all(store).await.len(), 2, "nothing is adopted twice");

    let id = own(&bench, store, "own").await;
    let again = store.add(new("own", false), trail(&bench, "feed.add"), 10, NOW);
    assert_eq!(again.await.unwrap(), Added::Taken);
    let one_more = store.add(new("more", false), trail(&bench, "feed.add"), 3, NOW);
    assert_eq!(one_more.await.unwrap(), Added::Full);
    let later = NOW.plus(HOUR);
    let change = Change {
        is_enabled: Some(false),
        description: None,
    };
    let changed = store.change(id, change, trail(&bench, "feed.change"), later);
    assert!(changed.await.unwrap());
    let feed = all(store).await.pop().unwrap();
    assert_eq!((feed.is_enabled, feed.due), (false, later));
    let change = Change {
        is_enabled: None,
        description: Some(described("q")),
    };
    let changed = store.change(id, change.clone(), trail(&bench, "feed.change"), later);
    assert!(changed.await.unwrap());
    let feed = all(store).await.pop().unwrap();
    assert_eq!((feed.is_enabled, feed.description), (false, described("q")));
    let nobody = FeedId(i64::MAX);
    let unknown = store.change(nobody, change, trail(&bench, "feed.change"), NOW);
    assert!(!unknown.await.unwrap());

    let pull = store.make_due(id, PullFeed::of(id), trail(&bench, "feed.pull"), NOW);
    assert!(pull.await.unwrap());
    assert_eq!(all(store).await.pop().unwrap().due, NOW);
    let pull = store.make_due(
        nobody,
        PullFeed::of(nobody),
        trail(&bench, "feed.pull"),
        NOW,
    );
    assert!(!pull.await.unwrap());
    let stores = bench.database.open_all().await;
    let want = Want {
        name: PullFeed::NAME,
        limit: 10,
    };
    let leases = stores.jobs.lease(&[want], 10, "w", NOW).await.unwrap();
    assert_eq!(leases.jobs.len(), 1);

    assert!(
        store
            .remove(id, trail(&bench, "feed.remove"))
            .await
            .unwrap()
    );
    assert!(
        !store
            .remove(id, trail(&bench, "feed.remove"))
            .await
            .unwrap()
    );
    assert_eq!(all(store).await.len(), 2);
    // What did not happen is not in the trail, and adopting is nobody's act.
    let expected = [
        "feed.remove",
        "feed.pull",
        "feed.change",
        "feed.change",
        "feed.add",
    ];
    assert_eq!(acts(&bench).await, expected);
}

async fn runs(bench: Bench) {
    let store = store(&bench).await;
    let store = &*store;
    let id = own(&bench, store, "own").await;
    assert_eq!(store.begin(FeedId(i64::MAX), NOW).await.unwrap(), None);
    let begin = async || store.begin(id, NOW).await.unwrap().unwrap();
    let (first, second) = (begin().await, begin().await);
    assert!(first < second);
    let page = store.runs(id, None, 10).await.unwrap();
    let ids: Vec<RunId> = page.iter().map(|run| run.id).collect();
    assert_eq!(ids, [second, first]);
    assert_eq!((page[0].outcome, page[0].ended), (Outcome::Runs, None));
    store
        .end(second, complete(5), NOW.plus(HOUR))
        .await
        .unwrap();
    let feed = all(store).await.remove(0);
    assert_eq!(
        (feed.complete, feed.entries, feed.due),
        (Some(second), 5, NOW.plus(HOUR))
    );
    assert_eq!(feed.etag, complete(5).etag);
    assert_eq!(feed.last_modified, complete(5).last_modified);
    let page = store.runs(id, None, 1).await.unwrap();
    let run = &page[0];
    assert_eq!(
        (run.outcome, run.bytes, run.entries),
        (Outcome::Complete, 1000, 5)
    );
    assert_eq!((run.added, run.skipped, run.cause.as_deref()), (1, 2, None));
    assert_eq!((run.started, run.ended), (NOW, Some(NOW.plus(HOUR))));
    assert_eq!(store.runs(id, Some(second), 10).await.unwrap()[0].id, first);
    // A run ends once: what a second end says is not heard.
    store.end(second, failed(), NOW).await.unwrap();
    assert_eq!(
        store.runs(id, None, 1).await.unwrap()[0].outcome,
        Outcome::Complete
    );
    // One that failed changes nothing but when it is tried again.
    let third = begin().await;
    let ended = Ended {
        due: NOW.plus(HOUR * 2),
        ..failed()
    };
    store.end(third, ended, NOW).await.unwrap();
    let feed = all(store).await.remove(0);
    assert_eq!((feed.complete, feed.entries), (Some(second), 5));
    assert_eq!(
        (feed.etag, feed.due),
        (complete(5).etag, NOW.plus(HOUR * 2))
    );
    let page = store.runs(id, None, 1).await.unwrap();
    assert_eq!(page[0].cause.as_deref(), Some("no answer in time"));
    // One that began earlier and ends later does not take a newer one's place.
    store.end(first, complete(1), NOW).await.unwrap();
    assert_eq!(all(store).await[0].complete, Some(second));
    store.sweep_runs(id, 2).await.unwrap();
    let page = store.runs(id, None, 10).await.unwrap();
    let ids: Vec<RunId> = page.iter().map(|run| run.id).collect();
    assert_eq!(ids, [third, second]);
    store.sweep_runs(id, 5).await.unwrap();
    assert_eq!(store.runs(id, None, 10).await.unwrap().len(), 2);
}

async fn ask(store: &dyn Store, text: &str) -> Looked {
    let question = Question::of(&indicator::detect(text).unwrap());
    store.look_up(&Scope::Own, &question, 10).await.unwrap()
}

async fn entries(bench: Bench) {
    let store = store(&bench).await;
    let store = &*store;
    let id = own(&bench, store, "own").await;
    let run = store.begin(id, NOW).await.unwrap().unwrap();
    let write =
        async |run, entries: Vec<Entry>, at| store.write(id, run, entries, at).await.unwrap();
    let since = UnixMicros(NOW.0 - 5_000_000);
    let first = Entry {
        confidence: Some(40),
        fields: vec![("Threat".into(), "Mirai ✓".into())],
        first_seen: Some(since),
        ..entry("evil.example.com")
    };
    let twice = entry("http://evil.example.com/a");
    let better = Entry {
        confidence: Some(80),
        ..twice.clone()
    };
    let list = vec![first.clone(), twice, better, entry("192.0.2.7")];
    assert_eq!(write(run, list, NOW).await, Written { added: 3, known: 1 });
    let found = ask(store, "evil.example.com").await;
    assert!(!found.is_filled, "it was not there as a whole yet");
    let listing = &found.listings[0];
    assert_eq!(
        (&listing.kind[..], &listing.value[..]),
        ("DOMAIN", "evil.example.com")
    );
    assert_eq!(
        (listing.confidence, &listing.fields),
        (Some(40), &first.fields)
    );
    assert_eq!((listing.first_seen, listing.last_seen), (since, NOW));
    assert_eq!(
        (listing.feed.as_str(), &listing.description),
        ("own", &described("own"))
    );
    let url = ask(store, "http://evil.example.com/a").await;
    assert_eq!(
        url.listings[0].confidence,
        Some(80),
        "the last of a list counts"
    );
    store.end(run, complete(3), NOW).await.unwrap();
    assert!(ask(store, "evil.example.com").await.is_filled);

    // The next run brings one of them again, with other words.
    let later = NOW.plus(HOUR);
    let run = store.begin(id, later).await.unwrap().unwrap();
    let changed = Entry {
        fields: vec![("Threat".into(), "Mozi".into())],
        first_seen: Some(later),
        ..entry("evil.example.com")
    };
    assert_eq!(
        write(run, vec![changed], later).await,
        Written { added: 0, known: 1 }
    );
    store.end(run, complete(1), later).await.unwrap();
    let listing = ask(store, "evil.example.com").await.listings.remove(0);
    assert_eq!((listing.first_seen, listing.last_seen), (since, later));
    assert_eq!(
        (listing.confidence, listing.fields[0].1.as_str()),
        (None, "Mozi")
    );
    assert!(listing.is_current);
    let gone = ask(store, "192.0.2.7").await.listings.remove(0);
    assert!(!gone.is_current && gone.last_seen == NOW);

    // What left it is forgotten when its time has come, page by page.
    let forget = async |before, after| store.forget(id, before, after, 2).await.unwrap();
    let page = forget(NOW, EntryId(0)).await;
    assert_eq!(page.deleted, 0, "seen at that moment is not before it");
    let rest = forget(NOW, page.next.unwrap()).await;
    assert_eq!((rest.deleted, rest.next), (0, None));
    let (mut deleted, mut after) = (0, Some(EntryId(0)));
    while let Some(from) = after {
        let page = forget(later.plus(HOUR), from).await;
        (deleted, after) = (deleted + page.deleted, page.next);
    }
    assert_eq!(deleted, 2, "what is in the complete run stays, however old");
    assert!(ask(store, "192.0.2.7").await.listings.is_empty());
    assert_eq!(ask(store, "evil.example.com").await.listings.len(), 1);

    // A feed that was deleted while it was on its way takes nothing.
    assert_eq!(store.clear(id, 10).await.unwrap(), 1);
    assert_eq!(store.clear(id, 10).await.unwrap(), 0);
    write(run, vec![entry("192.0.2.9")], later).await;
    assert!(
        store
            .remove(id, trail(&bench, "feed.remove"))
            .await
            .unwrap()
    );
    let late = write(run, vec![entry("192.0.2.8")], later).await;
    assert_eq!(late, Written::default());
    assert!(ask(store, "192.0.2.9").await.listings.is_empty());
    store.end(run, complete(1), later).await.unwrap();
}

async fn looked_up(bench: Bench) {
    let store = store(&bench).await;
    let store = &*store;
    store.adopt(vec![new("shipped", true)], NOW).await.unwrap();
    let shipped = all(store).await[0].id;
    let (own, other) = (
        own(&bench, store, "own").await,
        own(&bench, store, "other").await,
    );
    let listed = [
        "example.com",
        "evil.example.com",
        "http://evil.example.com/a",
        "http://www.evil.example.com/b",
        "http://notevil.example.com/c",
        "http://evil.example.com.example.net/d",
        "http://192.0.2.7/e",
        "http://192.0.2.70/f",
        "192.0.2.7",
        "abababababababababababababababab",
    ];
    for feed in [shipped, own, other] {
        let run = store.begin(feed, NOW).await.unwrap().unwrap();
        let entries = listed.map(entry).to_vec();
        store.write(feed, run, entries, NOW).await.unwrap();
        store.end(run, complete(10), NOW).await.unwrap();
    }
    let off = Change {
        is_enabled: Some(false),
        description: None,
    };
    let changed = store.change(other, off, trail(&bench, "feed.change"), NOW);
    assert!(changed.await.unwrap());
    let check = async |asked: &str, expected: &[&str]| {
        let question = Question::of(&indicator::detect(asked).unwrap());
        for scope in [Scope::Own, Scope::Feed("shipped".into())] {
            let looked = store.look_up(&scope, &question, 100).await.unwrap();
            let found: Vec<&str> = looked.listings.iter().map(|one| &one.value[..]).collect();
            assert_eq!(found, expected, "{asked} in {scope:?}");
            assert!(looked.is_filled);
        }
    };
    check(
        "evil.example.com",
        &[
            "evil.example.com",
            "example.com",
            "http://evil.example.com/a",
            "http://www.evil.example.com/b",
        ],
    )
    .await;
    check("x.evil.example.com", &["evil.example.com", "example.com"]).await;
    check(
        "http://evil.example.com/z",
        &["evil.example.com", "example.com"],
    )
    .await;
    check("192.0.2.7", &["192.0.2.7", "http://192.0.2.7/e"]).await;
    check("http://192.0.2.7/z", &["192.0.2.7"]).await;
    check("ABABABABABABABABABABABABABABABAB", &[listed[9]]).await;
    check("nobody.example.net", &[]).await;
    let question = Question::of(&indicator::detect("example.com").unwrap());
    let few = store.look_up(&Scope::Own, &question, 3).await.unwrap();
    assert_eq!(few.listings.len(), 3);
    let unknown = Scope::Feed("unknown".into());
    let none = store.look_up(&unknown, &question, 3).await.unwrap();
    assert_eq!((none.is_filled, none.listings.len()), (false, 0));
    let is_off = Scope::Feed("other".into());
    let none = store.look_up(&is_off, &question, 3).await.unwrap();
    assert_eq!((none.is_filled, none.listings.len()), (false, 0));
}
