//! Counters.

use indicator::Kind;
use intel::lookups::{RequestHour, Slot, SourceHour, Used, UsedSoFar};
use intel::{SourceId, Verdict};

use super::{Bench, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "what was used adds up, and old parts go", used).await;
    on_empty(dialect, "counters add up by hour", hours).await;
}

fn one(source: i64, seconds: u32, slot: i64, requests: u32) -> Used {
    Used {
        source: SourceId(source),
        seconds,
        slot,
        requests,
        forget_before: 0,
    }
}

fn so_far(source: i64, seconds: u32, slots: &[(i64, u32)]) -> UsedSoFar {
    let slots = slots.iter().map(|(slot, used)| Slot {
        slot: *slot,
        used: *used,
    });
    UsedSoFar {
        source: SourceId(source),
        seconds,
        slots: slots.collect(),
    }
}

async fn used(bench: Bench) {
    let add = async |used: Vec<Used>| bench.store.add_used(used).await.unwrap();
    let first = vec![
        one(1, 3600, 10, 2),
        one(1, 3600, 11, 1),
        one(2, 86_400, 3, 7),
    ];
    let expected = [
        so_far(1, 3600, &[(10, 2), (11, 1)]),
        so_far(2, 86_400, &[(3, 7)]),
    ];
    assert_eq!(add(first).await, expected);
    // Another process, or a later time; only what was touched is answered.
    let second = vec![
        one(1, 3600, 11, 4),
        one(1, 86_400, 3, 1),
        one(1, 3600, 11, 1),
    ];
    let expected = [
        so_far(1, 3600, &[(10, 2), (11, 6)]),
        so_far(1, 86_400, &[(3, 1)]),
    ];
    assert_eq!(add(second).await, expected);
    let forgets = Used {
        forget_before: 11,
        ..one(1, 3600, 12, 1)
    };
    assert_eq!(
        add(vec![forgets]).await,
        [so_far(1, 3600, &[(11, 6), (12, 1)])]
    );
    let used = async |source| bench.store.used(SourceId(source)).await.unwrap();
    let expected = [
        so_far(1, 3600, &[(11, 6), (12, 1)]),
        so_far(1, 86_400, &[(3, 1)]),
    ];
    assert_eq!(used(1).await, expected);
    assert_eq!(used(2).await, [so_far(2, 86_400, &[(3, 7)])]);
    assert!(used(3).await.is_empty());
    assert!(add(Vec::new()).await.is_empty());
}

async fn hours(bench: Bench) {
    let source = |hour, source, kind, found| SourceHour {
        hour,
        source: SourceId(source),
        kind,
        found,
        nothing: 1,
        troubled: 2,
        cached: 3,
        took_us: 4,
    };
    let request = |hour, verdict, requests| RequestHour {
        hour,
        kind: Kind::Ipv4,
        verdict,
        requests,
        cached: 1,
    };
    let sources = vec![
        source(5, 2, Kind::Url, 1),
        source(5, 1, Kind::Ipv4, 10),
        source(6, 1, Kind::Ipv4, 100),
        source(7, 1, Kind::Ipv4, 1000),
    ];
    let requests = vec![
        request(5, Verdict::Malicious, 5),
        request(6, Verdict::Clean, 6),
        request(6, Verdict::Unknown, 7),
        request(7, Verdict::Clean, 8),
    ];
    let add = async |sources: &[SourceHour], requests: &[RequestHour]| {
        let added = bench.store.add_hours(sources.to_vec(), requests.to_vec());
        added.await.unwrap();
    };
    add(&sources, &requests).await;
    add(&sources[1..2], &[]).await;
    add(&[], &requests[1..2]).await;
    let mut doubled = sources[1];
    for count in [
        &mut doubled.found,
        &mut doubled.nothing,
        &mut doubled.troubled,
    ] {
        *count *= 2;
    }
    (doubled.cached, doubled.took_us) = (6, 8);
    let read = bench.store.source_hours(5, 7).await.unwrap();
    assert_eq!(read, [doubled, sources[0], sources[2]]);
    let mut twice = requests[1];
    (twice.requests, twice.cached) = (12, 2);
    let read = bench.store.request_hours(5, 7).await.unwrap();
    assert_eq!(read, [requests[0], requests[2], twice]);
    assert!(bench.store.source_hours(8, 9).await.unwrap().is_empty());
    assert!(bench.store.request_hours(8, 9).await.unwrap().is_empty());
}
