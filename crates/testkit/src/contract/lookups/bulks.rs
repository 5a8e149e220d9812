//! Bulks and their items.

use indicator::Indicator;
use intel::desk::WorkBulk;
use intel::lookups::{
    BulkChange, BulkFilter, BulkId, BulkState, BulkStep, ItemDone, ItemState, NewBulk,
};
use intel::{SourceId, Tlp, Verdict};
use jobs::{Job as _, JobList};

use super::{Bench, at, ip, long_url, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "a bulk is read as it was written", written).await;
    on_empty(
        dialect,
        "an item is done once, and the last ends the bulk",
        done,
    )
    .await;
    on_empty(
        dialect,
        "a bulk stops, goes on and ends as it is told",
        steps,
    )
    .await;
    on_empty(dialect, "a bulk of thousands is written whole", large).await;
    on_empty(dialect, "bulks are listed newest first", listed).await;
}

fn new(indicators: Vec<Indicator>) -> NewBulk {
    NewBulk {
        name: "Grüße".into(),
        user: None,
        sources: Some(vec![SourceId(3), SourceId(5)]),
        tlp: Tlp::Green,
        may_use_cache: true,
        indicators,
        created: at(1),
    }
}

/// The jobs that work on bulks, as their payloads.
async fn jobs(bench: &Bench) -> Vec<String> {
    let list = JobList::Unfinished {
        name: WorkBulk::NAME.into(),
    };
    let page = bench.stores.jobs.page(list, None, 100).await.unwrap();
    page.jobs.into_iter().map(|job| job.payload).collect()
}

async fn insert(bench: &Bench, bulk: NewBulk) -> BulkId {
    bench.store.insert_bulk(bulk, WorkBulk::of).await.unwrap()
}

async fn written(bench: Bench) {
    let user = bench.user().await;
    let mut bulk = new(vec![ip(1), long_url(), ip(2)]);
    bulk.user = Some(user);
    let id = insert(&bench, bulk.clone()).await;
    let read = bench.store.bulk(id).await.unwrap().unwrap();
    assert_eq!((read.id, &read.name[..]), (id, "Grüße"));
    assert_eq!(
        (read.user, read.user_name.as_deref()),
        (Some(user), Some("user 0"))
    );
    assert_eq!(
        (read.sources, read.tlp, read.may_use_cache),
        (bulk.sources, Tlp::Green, true)
    );
    assert_eq!((read.state, read.run), (BulkState::Running, 1));
    assert_eq!((read.items, read.done), (3, 0));
    assert_eq!((read.created, read.changed), (at(1), at(1)));
    assert_eq!(
        jobs(&bench).await,
        [format!(r#"{{"bulk":{},"run":1}}"#, id.0)]
    );
    let items = bench.store.waiting_items(id, None, 2).await.unwrap();
    let places: Vec<_> = items
        .iter()
        .map(|item| (item.place, &item.indicator))
        .collect();
    assert_eq!(places, [(0, &ip(1)), (1, &long_url())]);
    let items = bench.store.waiting_items(id, Some(1), 9).await.unwrap();
    assert_eq!((items.len(), items[0].place), (1, 2));
    assert_eq!(bench.store.bulk(BulkId(i64::MAX)).await.unwrap(), None);
    let mut everybody = new(vec![ip(1)]);
    (everybody.sources, everybody.may_use_cache) = (None, false);
    let id = insert(&bench, everybody).await;
    let read = bench.store.bulk(id).await.unwrap().unwrap();
    assert_eq!((read.sources, read.may_use_cache), (None, false));
}

async fn done(bench: Bench) {
    let id = insert(&bench, new((0..5).map(ip).collect())).await;
    let request = bench.closed(ip(1), Verdict::Clean, 1).await;
    let item = |place, verdict, troubled| ItemDone {
        place,
        request,
        verdict,
        confidence: 50,
        troubled,
    };
    let finish = async |items: Vec<ItemDone>, seconds| {
        let finished = bench.store.finish_items(id, items, at(seconds)).await;
        finished.unwrap().unwrap()
    };
    let first = vec![
        item(0, Verdict::Malicious, 1),
        item(3, Verdict::Suspicious, 0),
    ];
    let read = finish(first.clone(), 5).await;
    assert_eq!(
        (read.done, read.malicious, read.suspicious, read.troubled),
        (2, 1, 1, 1)
    );
    assert_eq!((read.state, read.changed), (BulkState::Running, at(5)));
    // The same again, by an attempt that was given up for dead.
    let late = vec![item(0, Verdict::Clean, 0), item(1, Verdict::Clean, 0)];
    let read = finish(late, 6).await;
    assert_eq!((read.done, read.malicious, read.troubled), (3, 1, 1));
    let waiting = bench.store.waiting_items(id, None, 9).await.unwrap();
    assert_eq!(
        waiting.iter().map(|item| item.place).collect::<Vec<_>>(),
        [2, 4]
    );
    let items = async |filter, after, limit| {
        let items = bench
            .store
            .bulk_items(id, filter, after, limit)
            .await
            .unwrap();
        items.iter().map(|item| item.place).collect::<Vec<_>>()
    };
    let all = BulkFilter::default;
    assert_eq!(items(all(), None, 3).await, [0, 1, 2]);
    assert_eq!(items(all(), Some(2), 3).await, [3, 4]);
    let waits = BulkFilter {
        state: Some(ItemState::Waiting),
        ..all()
    };
    assert_eq!(items(waits, None, 9).await, [2, 4]);
    let is_done = BulkFilter {
        state: Some(ItemState::Done),
        ..all()
    };
    assert_eq!(items(is_done, None, 9).await, [0, 1, 3]);
    let grave = BulkFilter {
        verdict: Some(Verdict::Malicious),
        ..all()
    };
    assert_eq!(items(grave, None, 9).await, [0]);
    let unknown = BulkFilter {
        verdict: Some(Verdict::Unknown),
        ..all()
    };
    assert_eq!(items(unknown, None, 9).await, [] as [u32; 0]);
    let troubled = BulkFilter {
        only_troubled: true,
        ..all()
    };
    assert_eq!(items(troubled, None, 9).await, [0]);
    let read = bench.store.bulk_items(id, all(), None, 1).await.unwrap();
    assert_eq!(
        (&read[0].indicator, read[0].state),
        (&ip(0), ItemState::Done)
    );
    assert_eq!(read[0].done, Some(first[0]));
    let read = finish(
        vec![item(2, Verdict::Clean, 0), item(4, Verdict::Clean, 0)],
        7,
    )
    .await;
    assert_eq!(
        (read.state, read.done, read.changed),
        (BulkState::Finished, 5, at(7))
    );
    assert_eq!(finish(Vec::new(), 8).await, read);
    let none = bench
        .store
        .finish_items(BulkId(i64::MAX), Vec::new(), at(0))
        .await;
    assert_eq!(none.unwrap(), None);
}

async fn steps(bench: Bench) {
    let id = insert(&bench, new(vec![ip(1)])).await;
    let step = async |step| {
        let stepped = bench.store.step_bulk(id, step, WorkBulk::of, at(9)).await;
        stepped.unwrap()
    };
    let check = async |what, expected| assert_eq!(step(what).await, expected, "{what:?}");
    check(BulkStep::Resume, BulkChange::Already(BulkState::Running)).await;
    check(BulkStep::Pause, BulkChange::Now(BulkState::Paused)).await;
    check(BulkStep::Pause, BulkChange::Already(BulkState::Paused)).await;
    // The first job may be on its way to see that it is paused: another one goes on.
    check(BulkStep::Resume, BulkChange::Now(BulkState::Running)).await;
    let payload = |run| format!(r#"{{"bulk":{},"run":{run}}}"#, id.0);
    assert_eq!(jobs(&bench).await, [payload(1), payload(2)]);
    let read = bench.store.bulk(id).await.unwrap().unwrap();
    assert_eq!((read.run, read.changed), (2, at(9)));
    check(BulkStep::Pause, BulkChange::Now(BulkState::Paused)).await;
    check(BulkStep::Cancel, BulkChange::Now(BulkState::Cancelled)).await;
    check(BulkStep::Resume, BulkChange::Already(BulkState::Cancelled)).await;
    assert_eq!(jobs(&bench).await.len(), 2);
    // What was under way when it was cancelled is kept; the bulk stays cancelled.
    let request = bench.closed(ip(1), Verdict::Clean, 1).await;
    let item = ItemDone {
        place: 0,
        request,
        verdict: Verdict::Clean,
        confidence: 1,
        troubled: 0,
    };
    let read = bench
        .store
        .finish_items(id, vec![item], at(10))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((read.state, read.done), (BulkState::Cancelled, 1));
    let unknown = BulkId(i64::MAX);
    let stepped = bench
        .store
        .step_bulk(unknown, BulkStep::Pause, WorkBulk::of, at(9));
    assert_eq!(stepped.await.unwrap(), BulkChange::Unknown);
}

async fn large(bench: Bench) {
    let address = |number: u32| {
        let value = std::net::Ipv4Addr::from(0xc612_0000 + number).to_string();
        Indicator::from_stored(indicator::Kind::Ipv4, value)
    };
    let all: Vec<_> = (0..11_000).map(address).collect();
    let id = insert(&bench, new(all.clone())).await;
    let read = bench.store.bulk(id).await.unwrap().unwrap();
    assert_eq!(read.items, 11_000);
    let items = bench.store.waiting_items(id, None, 20_000).await.unwrap();
    assert!(items.iter().map(|item| &item.indicator).eq(&all));
    assert!(
        (0..)
            .zip(&items)
            .all(|(place, item): (u32, _)| item.place == place)
    );
}

async fn listed(bench: Bench) {
    let user = bench.user().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let mut bulk = new(vec![ip(number)]);
        bulk.user = (number % 2 == 0).then_some(user);
        ids.push(insert(&bench, bulk).await);
    }
    let list = async |user, before, limit| {
        let bulks = bench.store.bulks(user, before, limit).await.unwrap();
        bulks.iter().map(|bulk| bulk.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, 2).await, [ids[4], ids[3]]);
    assert_eq!(list(None, Some(ids[3]), 9).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(list(Some(user), None, 9).await, [ids[4], ids[2], ids[0]]);
}
