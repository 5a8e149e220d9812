//! Shares.

use accounts::SecretHash;
use intel::Verdict;
use intel::lookups::{NewShare, RequestId, ShareId};

use super::{Bench, at, entry, ip, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "a share opens its request until it ends", shared).await;
}

async fn shared(bench: Bench) {
    let user = bench.user().await;
    let before = bench.entries().await;
    let request = bench.closed(ip(1), Verdict::Clean, 1).await;
    let new = |request, secret: &str, until| NewShare {
        request,
        user: Some(user),
        secret: SecretHash::of(secret),
        created: at(1),
        expires: at(until),
    };
    let insert = async |share| {
        let inserted = bench.store.insert_share(share, entry("share.make", ""));
        inserted.await.unwrap()
    };
    let first = insert(new(request, "one", 10)).await.unwrap();
    let second = insert(new(request, "two", 20)).await.unwrap();
    assert_eq!(insert(new(RequestId(i64::MAX), "three", 20)).await, None);
    assert_eq!(bench.entries().await, before + 2);
    let open = async |secret: &str, seconds| {
        let share = bench.store.share(SecretHash::of(secret), at(seconds));
        share.await.unwrap()
    };
    let share = open("one", 9).await.unwrap();
    assert_eq!(
        (share.id, share.request, share.user),
        (first, request, Some(user))
    );
    assert_eq!((share.created, share.expires), (at(1), at(10)));
    assert_eq!(open("one", 10).await, None);
    assert_eq!(open("four", 0).await, None);
    let listed = async |seconds| {
        let shares = bench.store.shares(request, at(seconds)).await.unwrap();
        shares.iter().map(|share| share.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(5).await, [second, first]);
    assert_eq!(listed(15).await, [second]);
    let delete = async |id: ShareId| {
        let entry = entry("share.end", &id.0.to_string());
        bench.store.delete_share(id, entry).await.unwrap()
    };
    assert!(delete(second).await);
    assert!(!delete(second).await);
    assert_eq!(bench.entries().await, before + 3);
    assert_eq!(open("two", 0).await, None);
    assert!(listed(15).await.is_empty());
}
