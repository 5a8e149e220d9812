//! A bulk goes on through pauses and kills until every item is done, each once.

use std::sync::Arc;
use std::time::Duration;

use base::{Actor, InProcessBus};
use intel::desk::{BulkError, Settings, WorkBulk};
use intel::lookups::{
    BULK_ITEMS_MAX, BulkChange, BulkFilter, BulkId, BulkState, Cause, ItemState, RequestFilter,
};
use intel::{SourceId, Tlp, Verdict};
use jobs::{Jobs, Worker};
use testkit::SeededEntropy;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::script::Do;
use super::{Room, ip, made, until, until_async};

/// A worker of a room's process.
pub(super) struct AtWork {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    _jobs: Arc<Jobs>,
}

impl AtWork {
    pub(super) fn start(room: &Room) -> Self {
        let jobs = Jobs::start(
            Arc::clone(&room.stores.jobs),
            Arc::new(InProcessBus::default()),
            Arc::clone(&room.clock) as _,
            Arc::new(SeededEntropy::new(3)),
            jobs::Settings {
                // Time stands still here: whoever is cut off is cut off at once.
                drain: Duration::ZERO,
                ..jobs::Settings::default()
            },
        );
        let (stop, stopping) = oneshot::channel::<()>();
        let worker = Worker::new(&jobs).with::<WorkBulk>(Arc::new(room.desk.clone()));
        let task = tokio::spawn(worker.run(async move {
            let _ = stopping.await;
        }));
        Self {
            stop,
            task,
            _jobs: jobs,
        }
    }
}

pub(super) async fn begin(room: &Room, count: u8) -> BulkId {
    let indicators = (0..count).chain(0..count).map(ip).collect();
    let begun = room
        .desk
        .bulk_start("Grüße", indicators, None, Tlp::Amber, true, &Actor::PRODUCT);
    begun.await.unwrap()
}

async fn state(room: &Room, id: BulkId) -> (BulkState, u32) {
    let bulk = room.desk.bulk(id).await.unwrap().unwrap();
    (bulk.state, bulk.done)
}

/// Waits until a bulk has come so far; looks for jobs as a worker does that was not woken.
async fn come_to(room: &Room, id: BulkId, what: impl Fn(BulkState, u32) -> bool) {
    until_async(async || {
        let (state, done) = state(room, id).await;
        what(state, done)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_item_is_looked_up_once() {
    let room = Room::new(&[
        made("bad", Do::Say(Verdict::Malicious)),
        made("empty", Do::Nothing),
    ])
    .await;
    let id = begin(&room, 100).await;
    let bulk = room.desk.bulk(id).await.unwrap().unwrap();
    assert_eq!((bulk.items, bulk.done), (100, 0), "each once");
    let worker = AtWork::start(&room);
    come_to(&room, id, |state, _| state == BulkState::Finished).await;
    let bulk = room.desk.bulk(id).await.unwrap().unwrap();
    assert_eq!((bulk.done, bulk.malicious, bulk.troubled), (100, 100, 0));
    assert_eq!(room.script.asked("bad"), 100);
    let items = room
        .desk
        .bulk_items(id, BulkFilter::default(), None, 1000)
        .await
        .unwrap();
    assert_eq!(items.len(), 100);
    for item in &items {
        let done = item.done.unwrap();
        assert_eq!(
            (item.state, done.verdict),
            (ItemState::Done, Verdict::Malicious)
        );
    }
    let request = room.stored(items[7].done.unwrap().request).await;
    assert_eq!(request.row.cause, Cause::Bulk(id));
    assert_eq!(request.row.indicator, items[7].indicator);
    let filter = RequestFilter {
        bulk: Some(id),
        ..RequestFilter::default()
    };
    assert_eq!(
        room.desk.requests(&filter, None, 200).await.unwrap().len(),
        100
    );
    drop(worker);
}

#[tokio::test(start_paused = true)]
async fn it_stops_and_goes_on_as_it_is_told() {
    let settings = Settings {
        bulk_at_once: 4,
        ..Settings::default()
    };
    let room = Room::with(&[made("waits", Do::Wait)], settings).await;
    let id = begin(&room, 20).await;
    let worker = AtWork::start(&room);
    room.script.gate.add_permits(6);
    come_to(&room, id, |_, done| done == 6).await;
    until(|| room.script.asked("waits") == 10).await;
    let paused = room.desk.pause(id).await.unwrap();
    assert_eq!(paused, BulkChange::Now(BulkState::Paused));
    // What was under way is cancelled, and waits again.
    until(|| room.script.dropped("waits") == 4).await;
    until(|| room.desk.under_way() == (0, 0)).await;
    assert_eq!(state(&room, id).await, (BulkState::Paused, 6));
    room.script.gate.add_permits(14);
    let resumed = room.desk.resume(id).await.unwrap();
    assert_eq!(resumed, BulkChange::Now(BulkState::Running));
    // Nobody woke this worker: it looks by itself.
    until_async(async || {
        super::pass(Duration::from_secs(1)).await;
        state(&room, id).await.0 == BulkState::Finished
    })
    .await;
    assert_eq!(state(&room, id).await, (BulkState::Finished, 20));
    assert_eq!(room.script.asked("waits"), 24);
    let cancelled = room.desk.cancel(id).await.unwrap();
    assert_eq!(cancelled, BulkChange::Already(BulkState::Finished));
    drop(worker);
}

/// Killed at any point, another process goes on, and no item is lost or done twice.
#[tokio::test(start_paused = true)]
async fn another_process_goes_on_after_a_kill() {
    let sources = [made("waits", Do::Wait)];
    let settings = Settings {
        bulk_at_once: 4,
        ..Settings::default()
    };
    let room = Room::with(&sources, settings.clone()).await;
    let id = begin(&room, 20).await;
    let mut done = 0;
    for round in 0..4 {
        let process = room.again(&sources, settings.clone()).await;
        let worker = AtWork::start(&process);
        process.script.gate.add_permits(round + 1);
        let before = done;
        come_to(&process, id, |_, now| now as usize == before + round + 1).await;
        done += round + 1;
        until(|| process.script.asked("waits") == round + 5).await;
        // No farewell: its lease runs out some time.
        worker.task.abort();
        drop(worker.stop);
        drop(process);
        super::pass(Duration::from_mins(2)).await;
    }
    assert_eq!(state(&room, id).await, (BulkState::Running, 10));
    let process = room.again(&sources, settings).await;
    let worker = AtWork::start(&process);
    process.script.gate.add_permits(10);
    come_to(&process, id, |state, _| state == BulkState::Finished).await;
    assert_eq!(
        process.script.asked("waits"),
        10,
        "what was done is not asked again"
    );
    let items = process
        .desk
        .bulk_items(id, BulkFilter::default(), None, 1000)
        .await
        .unwrap();
    assert_eq!(items.len(), 20);
    let mut requests: Vec<_> = items
        .iter()
        .map(|item| item.done.unwrap().request)
        .collect();
    requests.sort_unstable();
    requests.dedup();
    assert_eq!(requests.len(), 20);
    drop(worker);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_bulk_is_refused() {
    let room = Room::new(&[made("bad", Do::Nothing)]).await;
    let start = async |name: &str, indicators, sources| {
        let actor = Actor::PRODUCT;
        room.desk
            .bulk_start(name, indicators, sources, Tlp::Amber, true, &actor)
            .await
    };
    let refused = start("", Vec::new(), None).await;
    assert!(matches!(refused, Err(BulkError::Empty)));
    let address = |number: usize| {
        let value = std::net::Ipv4Addr::from(u32::try_from(number).unwrap());
        indicator::Indicator::from_stored(indicator::Kind::Ipv4, value.to_string())
    };
    let many: Vec<_> = (0..=BULK_ITEMS_MAX).map(address).collect();
    let refused = start("", many, None).await;
    assert!(matches!(refused, Err(BulkError::TooMany(count)) if count == BULK_ITEMS_MAX + 1));
    let refused = start(&"x".repeat(201), vec![ip(1)], None).await;
    assert!(matches!(refused, Err(BulkError::NameTooLong)));
    let made = start("a\0b\n", vec![ip(1)], None).await.unwrap();
    assert_eq!(room.desk.bulk(made).await.unwrap().unwrap().name, "ab");
    let refused = start("", vec![ip(1)], Some(vec![SourceId(1 << 40)])).await;
    assert!(matches!(refused, Err(BulkError::UnknownSource(_))));
}
