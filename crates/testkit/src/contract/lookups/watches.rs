//! Watches.

use std::time::Duration;

use base::{UnixMicros, UserId};
use intel::lookups::{NewWatch, WatchFilter, WatchId, Watched};
use intel::{SourceId, Tlp, Verdict};

use super::{Bench, at, ip, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "a watch is read as it was written", written).await;
    on_empty(dialect, "what is due is found, longest due first", due).await;
    on_empty(dialect, "a look is written down once", recorded).await;
    on_empty(dialect, "watches are listed, and end", listed).await;
}

fn new(user: UserId, number: u8, next: u64) -> NewWatch {
    NewWatch {
        user,
        indicator: ip(number),
        sources: None,
        tlp: Tlp::Amber,
        every: Duration::from_mins(10),
        next: at(next),
        created: at(0),
    }
}

async fn insert(bench: &Bench, watch: NewWatch) -> WatchId {
    bench.store.insert_watch(watch).await.unwrap().unwrap()
}

async fn written(bench: Bench) {
    let user = bench.user().await;
    let mut watch = new(user, 1, 7);
    watch.sources = Some(vec![SourceId(4)]);
    watch.tlp = Tlp::Red;
    let id = insert(&bench, watch.clone()).await;
    let read = bench.store.watch(id).await.unwrap().unwrap();
    assert_eq!((read.id, read.user, &read.indicator), (id, user, &ip(1)));
    assert_eq!(
        (read.sources, read.tlp, read.every),
        (watch.sources, Tlp::Red, watch.every)
    );
    assert_eq!((read.created, read.next), (at(0), at(7)));
    assert_eq!(
        (read.last, read.verdict, read.changed),
        (None, Verdict::Unknown, None)
    );
    assert_eq!(bench.store.watch(WatchId(i64::MAX)).await.unwrap(), None);
    let nobody = new(UserId(i64::MAX), 1, 0);
    assert_eq!(bench.store.insert_watch(nobody).await.unwrap(), None);
}

async fn due(bench: Bench) {
    let user = bench.user().await;
    let mut ids = Vec::new();
    for next in [30, 10, 20, 10] {
        ids.push(insert(&bench, new(user, 1, next)).await);
    }
    let due = async |seconds, limit| {
        let due = bench.store.due_watches(at(seconds), limit).await.unwrap();
        due.iter().map(|watch| watch.id).collect::<Vec<_>>()
    };
    assert!(due(9, 9).await.is_empty());
    assert_eq!(due(20, 9).await, [ids[1], ids[3], ids[2]]);
    assert_eq!(due(99, 2).await, [ids[1], ids[3]]);
}

async fn recorded(bench: Bench) {
    let user = bench.user().await;
    let id = insert(&bench, new(user, 1, 10)).await;
    let request = bench.closed(ip(1), Verdict::Malicious, 1).await;
    let look = |due, next, changed: Option<UnixMicros>| Watched {
        watch: id,
        due: at(due),
        next: at(next),
        request,
        verdict: Verdict::Malicious,
        changed,
    };
    let record = async |watched| bench.store.record_watched(watched).await.unwrap();
    assert!(record(look(10, 20, Some(at(11)))).await);
    assert!(!record(look(10, 30, None)).await, "another look was first");
    let read = bench.store.watch(id).await.unwrap().unwrap();
    assert_eq!((read.next, read.last), (at(20), Some(request)));
    assert_eq!(
        (read.verdict, read.changed),
        (Verdict::Malicious, Some(at(11)))
    );
    // Nothing new: when something changed last stays.
    assert!(record(look(20, 30, None)).await);
    let read = bench.store.watch(id).await.unwrap().unwrap();
    assert_eq!((read.next, read.changed), (at(30), Some(at(11))));
    assert!(bench.store.delete_watch(id).await.unwrap());
    assert!(!record(look(30, 40, None)).await);
}

async fn listed(bench: Bench) {
    let (one, other) = (bench.user().await, bench.user().await);
    let mut ids = Vec::new();
    for (user, number) in [(one, 1), (other, 1), (one, 2), (other, 2)] {
        ids.push(insert(&bench, new(user, number, 0)).await);
    }
    let list = async |filter: WatchFilter, before, limit| {
        let watches = bench.store.watches(&filter, before, limit).await.unwrap();
        watches.iter().map(|watch| watch.id).collect::<Vec<_>>()
    };
    let all = WatchFilter::default;
    assert_eq!(list(all(), None, 3).await, [ids[3], ids[2], ids[1]]);
    assert_eq!(list(all(), Some(ids[1]), 3).await, [ids[0]]);
    let own = WatchFilter {
        user: Some(one),
        ..all()
    };
    assert_eq!(list(own, None, 9).await, [ids[2], ids[0]]);
    let about = |number| WatchFilter {
        indicator: Some(ip(number)),
        ..all()
    };
    assert_eq!(list(about(2), None, 9).await, [ids[3], ids[2]]);
    assert!(list(about(9), None, 9).await.is_empty());
    assert!(bench.store.delete_watch(ids[0]).await.unwrap());
    assert!(!bench.store.delete_watch(ids[0]).await.unwrap());
    assert_eq!(list(about(1), None, 9).await, [ids[1]]);
}
