//! What people see: counts, lists, pages.

use jobs::{End, JobCursor, JobId, JobList, JobRow};

use super::{Bench, at, new, on_empty, said};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "jobs are counted by kind and state", counted).await;
    on_empty(dialect, "pages of every list join without a gap", paged).await;
    on_empty(dialect, "unknown jobs are unknown", unknown).await;
}

async fn counted(bench: Bench) {
    let jobs: Vec<_> = (0..9).map(|n| new("a", &n.to_string()).at(at(n))).collect();
    bench.enqueue(&jobs, 0).await;
    bench.enqueue(&[new("a", "future").at(at(5000))], 0).await;
    bench.enqueue(&[new("z", "other")], 3).await;
    let leases = bench.lease(&["a"], 4, 100).await;
    assert!(bench.done(leases.jobs[0].fence, 101).await);
    let how = End::GivenUp("no".into());
    assert!(bench.end(leases.jobs[1].fence, how, 102).await);
    let counts = bench.store.counts(at(200)).await.unwrap();
    let [a, z] = &counts[..] else {
        panic!("{counts:?}");
    };
    assert_eq!((&a.name[..], &z.name[..]), ("a", "z"));
    assert_eq!((a.ready, a.delayed, a.running), (5, 1, 2));
    assert_eq!((a.done, a.dead), (1, 1));
    assert_eq!(a.oldest_ready, Some(at(4)));
    assert_eq!((z.ready, z.oldest_ready), (1, Some(at(3))));
    assert_eq!((z.done, z.dead, z.running, z.delayed), (0, 0, 0, 0));
    // An abandoned lease waits for a worker like everything that is due.
    let long_after = bench.store.counts(at(60_000_000)).await.unwrap();
    assert_eq!((long_after[0].ready, long_after[0].running), (8, 0));
}

async fn paged(bench: Bench) {
    let jobs: Vec<_> = (0..25)
        .map(|n| new("a", &n.to_string()).at(at(n / 7)))
        .collect();
    bench.enqueue(&jobs, 0).await;
    let list = JobList::Unfinished { name: "a".into() };
    let all = read_all(&bench, &list, 4).await;
    let expected: Vec<String> = (0..25).map(|n| n.to_string()).collect();
    assert_eq!(payloads(&all), expected);

    let leases = bench.lease(&["a"], 25, 100).await;
    for (n, job) in (0..).zip(&leases.jobs) {
        let end = match n % 2 {
            0 => End::Done(Vec::new()),
            _ => End::GivenUp("no".into()),
        };
        assert!(bench.end(job.fence, end, 200 + n / 6).await);
    }
    let newest_first = |odd: i32| -> Vec<String> {
        (0..25)
            .rev()
            .filter(|n| n % 2 == odd)
            .map(|n| n.to_string())
            .collect()
    };
    let done = read_all(&bench, &JobList::Done, 5).await;
    assert_eq!(payloads(&done), newest_first(0));
    let dead = |name: Option<&str>| JobList::Dead {
        name: name.map(str::to_owned),
    };
    let all_dead = read_all(&bench, &dead(None), 5).await;
    assert_eq!(payloads(&all_dead), newest_first(1));
    assert_eq!(read_all(&bench, &dead(Some("a")), 3).await, all_dead);
    assert!(read_all(&bench, &dead(Some("b")), 3).await.is_empty());
    assert!(read_all(&bench, &list, 3).await.is_empty());
}

/// A list, read in pages of `limit`.
async fn read_all(bench: &Bench, list: &JobList, limit: usize) -> Vec<JobRow> {
    let mut all = Vec::new();
    let mut after: Option<JobCursor> = None;
    loop {
        let page = bench.store.page(list.clone(), after, limit).await.unwrap();
        assert!(page.jobs.len() <= limit);
        all.extend(page.jobs);
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

fn payloads(rows: &[JobRow]) -> Vec<&str> {
    rows.iter().map(|row| said(&row.payload)).collect()
}

async fn unknown(bench: Bench) {
    for id in [0, -1, 1, i64::MAX] {
        assert_eq!(bench.row(JobId(id)).await, None);
        assert!(!bench.store.discard(JobId(id)).await.unwrap());
    }
}
