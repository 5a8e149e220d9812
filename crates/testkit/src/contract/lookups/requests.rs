//! Requests: opened, closed, listed.

use indicator::Kind;
use intel::lookups::{BulkId, Cause, LastVerdict, RequestFilter, RequestId, RequestState, WatchId};
use intel::{Tlp, Verdict};

use super::{Bench, answer, at, closing, found, ip, long_url, on_empty, request, trouble};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "a request is read as it was written", written).await;
    on_empty(dialect, "a request is closed once", closed_once).await;
    on_empty(dialect, "borrowed answers are a request's too", borrowed).await;
    on_empty(dialect, "pages are filtered and have no gaps", pages).await;
    on_empty(dialect, "what was last held is found in one read", last).await;
    on_empty(dialect, "what is asked about most is counted", most).await;
}

async fn written(bench: Bench) {
    let user = bench.user().await;
    let mut new = request(long_url(), 5);
    new.user = Some(user);
    new.who = "person";
    new.trace = Some("r-1".into());
    new.tlp = Tlp::AmberStrict;
    let mut second = request(ip(1), 6);
    second.cause = Cause::Watch(WatchId(9));
    second.closing = Some(closing(Verdict::Malicious, &[], 6));
    let mut third = request(long_url(), 7);
    third.cause = Cause::Bulk(BulkId(4));
    let all = vec![new.clone(), second.clone(), third];
    let ids = bench.store.open_requests(all).await.unwrap();
    assert!(ids.is_sorted() && ids.len() == 3);
    let read = bench.store.request(ids[0]).await.unwrap().unwrap();
    assert_eq!(read.row.id, ids[0]);
    assert_eq!(read.row.indicator, *new.indicator);
    assert_eq!(
        (read.row.user, read.row.user_name.as_deref()),
        (Some(user), Some("user 0"))
    );
    assert_eq!(
        (&read.row.who[..], read.row.trace.as_deref()),
        ("person", Some("r-1"))
    );
    assert_eq!(
        (read.row.cause, read.row.tlp),
        (Cause::Asked, Tlp::AmberStrict)
    );
    assert_eq!(
        (read.row.state, read.row.verdict),
        (RequestState::Running, Verdict::Unknown)
    );
    assert_eq!((read.row.opened, read.row.closed), (at(5), None));
    let asked: Vec<_> = new.asked.iter().map(|one| (**one).clone()).collect();
    assert_eq!((read.asked, read.skipped), (asked, new.skipped));
    assert!(read.answers.is_empty());
    let read = bench.store.request(ids[1]).await.unwrap().unwrap();
    assert_eq!(read.row.cause, Cause::Watch(WatchId(9)));
    assert_eq!(
        (read.row.state, read.row.verdict),
        (RequestState::Finished, Verdict::Malicious)
    );
    assert_eq!((read.row.confidence, read.row.is_disputed), (80, true));
    assert_eq!((read.row.answered, read.row.troubled), (2, 1));
    assert_eq!(read.row.closed, Some(at(6)));
    let read = bench.store.request(ids[2]).await.unwrap().unwrap();
    assert_eq!(read.row.cause, Cause::Bulk(BulkId(4)));
    assert_eq!(
        bench.store.request(RequestId(i64::MAX)).await.unwrap(),
        None
    );
    assert!(
        bench
            .store
            .open_requests(Vec::new())
            .await
            .unwrap()
            .is_empty()
    );
}

async fn closed_once(bench: Bench) {
    let id = bench.open(request(ip(1), 0)).await;
    let mut cancelled = closing(Verdict::Suspicious, &[], 3);
    cancelled.state = RequestState::Cancelled;
    bench
        .store
        .close_requests(vec![(id, cancelled)])
        .await
        .unwrap();
    let again = closing(Verdict::Malicious, &[], 4);
    bench.store.close_requests(vec![(id, again)]).await.unwrap();
    let row = bench.store.request(id).await.unwrap().unwrap().row;
    assert_eq!(
        (row.state, row.verdict),
        (RequestState::Cancelled, Verdict::Suspicious)
    );
    assert_eq!(row.closed, Some(at(3)));
    bench.store.close_requests(Vec::new()).await.unwrap();
}

/// An answer that was at hand is no row of its own, but nobody must miss it.
async fn borrowed(bench: Bench) {
    let first = bench.open(request(ip(1), 0)).await;
    let lent = bench
        .answer(answer(first, ip(1), 1, found(Verdict::Clean), 1))
        .await;
    let second = bench.open(request(ip(1), 10)).await;
    let own = bench.answer(answer(second, ip(1), 2, trouble(), 11)).await;
    let ends = closing(Verdict::Clean, &[lent.id], 12);
    bench
        .store
        .close_requests(vec![(second, ends)])
        .await
        .unwrap();
    let read = bench.store.request(second).await.unwrap().unwrap();
    let ids: Vec<_> = read.answers.iter().map(|one| one.id.unwrap()).collect();
    assert_eq!(ids, [lent.id, own.id]);
    let requests: Vec<_> = read.answers.iter().map(|one| one.request).collect();
    assert_eq!(requests, [first, second]);
    let mut third = request(ip(1), 20);
    third.closing = Some(closing(Verdict::Clean, &[lent.id, own.id], 20));
    let third = bench.open(third).await;
    let read = bench.store.request(third).await.unwrap().unwrap();
    assert_eq!(read.answers.len(), 2);
}

#[expect(clippy::too_many_lines, reason = "one story, step by step")]
async fn pages(bench: Bench) {
    let user = bench.user().await;
    let mut ids = Vec::new();
    for number in 0..20 {
        let mut new = request(ip(number % 4), u64::from(number));
        let verdict = if number % 5 == 0 {
            Verdict::Malicious
        } else {
            Verdict::Clean
        };
        new.user = (number % 2 == 0).then_some(user);
        new.cause = if number % 10 == 0 {
            Cause::Bulk(BulkId(1))
        } else {
            Cause::Asked
        };
        new.closing = (number % 3 != 0).then(|| closing(verdict, &[], 1));
        ids.push(bench.open(new).await);
    }
    let url = bench.open(request(long_url(), 30)).await;
    ids.push(url);
    let list = async |filter: &RequestFilter, before: Option<RequestId>, limit| {
        let rows = bench.store.requests(filter, before, limit).await.unwrap();
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let all = RequestFilter::default();
    let mut walked = Vec::new();
    loop {
        let page = list(&all, walked.last().copied(), 7).await;
        if page.is_empty() {
            break;
        }
        walked.extend(page);
    }
    ids.reverse();
    assert_eq!(walked, ids);
    let check = async |filter: RequestFilter, fits: &dyn Fn(usize) -> bool| {
        // The numbers of the requests from the newest; the URL is 20.
        let numbers = (0..ids.len()).rev().zip(&ids);
        let expected: Vec<_> = numbers
            .filter(|(at, _)| fits(*at))
            .map(|(_, id)| *id)
            .collect();
        assert_eq!(list(&filter, None, 100).await, expected, "{filter:?}");
        let before = expected.first().copied();
        assert_eq!(
            list(&filter, before, 100).await,
            expected[expected.len().min(1)..]
        );
    };
    let f = RequestFilter::default;
    check(
        RequestFilter {
            user: Some(user),
            ..f()
        },
        &|at| at % 2 == 0 && at < 20,
    )
    .await;
    check(
        RequestFilter {
            kind: Some(Kind::Url),
            ..f()
        },
        &|at| at == 20,
    )
    .await;
    check(
        RequestFilter {
            text: Some("EXAMPLE.com/xx".into()),
            ..f()
        },
        &|at| at == 20,
    )
    .await;
    check(
        RequestFilter {
            text: Some("0.2.3".into()),
            ..f()
        },
        &|at| at % 4 == 3 && at < 20,
    )
    .await;
    check(
        RequestFilter {
            text: Some("%".into()),
            ..f()
        },
        &|_| false,
    )
    .await;
    check(
        RequestFilter {
            text: Some("\0".into()),
            ..f()
        },
        &|_| false,
    )
    .await;
    let malicious = |at: usize| at.is_multiple_of(5) && !at.is_multiple_of(3) && at < 20;
    let filter = RequestFilter {
        verdict: Some(Verdict::Malicious),
        ..f()
    };
    check(filter.clone(), &malicious).await;
    check(
        RequestFilter {
            only_asked: true,
            ..filter.clone()
        },
        &|at| malicious(at) && at % 10 != 0,
    )
    .await;
    check(
        RequestFilter {
            user: Some(user),
            ..filter
        },
        &|at| malicious(at) && at % 2 == 0,
    )
    .await;
    check(
        RequestFilter {
            bulk: Some(BulkId(1)),
            ..f()
        },
        &|at| at % 10 == 0 && at < 20,
    )
    .await;
    let unknown = RequestFilter {
        verdict: Some(Verdict::Unknown),
        ..f()
    };
    check(unknown, &|at| at % 3 == 0 || at == 20).await;
    let both = RequestFilter {
        bulk: Some(BulkId(1)),
        text: Some("192.0.2.2".into()),
        user: Some(user),
        ..f()
    };
    check(both, &|at| at == 10).await;
}

async fn last(bench: Bench) {
    bench.closed(ip(1), Verdict::Clean, 1).await;
    let newest = bench.closed(ip(1), Verdict::Malicious, 2).await;
    bench.open(request(ip(1), 3)).await; // Runs: nothing is held yet.
    bench.open(request(ip(2), 3)).await;
    let asked = [ip(9), ip(1), ip(2), ip(1)];
    let held = bench.store.last_verdicts(&asked).await.unwrap();
    let expected = Some(LastVerdict {
        request: newest,
        verdict: Verdict::Malicious,
        confidence: 80,
        is_disputed: true,
        closed: at(2),
    });
    assert_eq!(held, [None, expected, None, expected]);
    assert!(bench.store.last_verdicts(&[]).await.unwrap().is_empty());
}

async fn most(bench: Bench) {
    for number in [1, 2, 2, 3, 3, 3, 1] {
        bench.open(request(ip(number), 0)).await;
    }
    let most = async |requests, limit| bench.store.most_asked(requests, limit).await.unwrap();
    assert_eq!(most(100, 2).await, [(ip(3), 3), (ip(2), 2)]);
    // Of equals, the one that is newer here; the oldest three are out of sight.
    assert_eq!(most(4, 9).await, [(ip(3), 3), (ip(1), 1)]);
}
