//! The audit trail.

use accounts::{Act, AuditFilter, AuditId, Details, NewEntry, Target, UserChange};
use base::{Actor, SessionId, UserId, Who};
use serde_json::json;

use super::{Bench, about, at, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "an entry is kept as it was written", kept).await;
    on_empty(dialect, "entries are found by what they say", found).await;
    on_empty(dialect, "entries outlive the account that acted", outlived).await;
}

fn by(user: Option<UserId>, act: &'static str, id: &str, details: Details, time: u64) -> NewEntry {
    NewEntry {
        at: at(time),
        actor: Actor {
            who: user.map_or(Who::Stranger, |user| Who::Person(user, SessionId(1))),
            address: Some("192.0.2.7".parse().unwrap()),
            request: None,
        },
        act: Act(act),
        target: Some(Target {
            kind: "thing",
            id: id.to_owned(),
        }),
        details,
        salt: [3; 16],
    }
}

async fn kept(bench: Bench) {
    let eve = bench.user("eve", &[]).await;
    let new = by(
        Some(eve),
        "thing.make",
        "9",
        vec![("note", json!("Ärger"))],
        4,
    );
    let written = new.write(None);
    let id = bench.store.record(new).await.unwrap();
    let entry = bench.store.audit_entry(id).await.unwrap().unwrap();
    assert_eq!(entry.id, id);
    assert_eq!((entry.at, entry.user), (at(4), Some(eve)));
    assert_eq!(entry.user_name.as_deref(), Some("eve"));
    assert_eq!((&*entry.act, &*entry.target), ("thing.make", "thing:9"));
    assert_eq!(entry.bytes, written.bytes);
    let fact = bench.stores.facts.facts(&[entry.fact]).await.unwrap();
    assert_eq!(
        (&*fact[0].kind, fact[0].sha256),
        ("audit", written.fact.sha256)
    );
    assert_eq!(
        bench.store.audit_entry(AuditId(id.0 + 1)).await.unwrap(),
        None
    );
    let walked = bench.store.walk_audit(AuditId(id.0 - 1), 9).await.unwrap();
    assert_eq!(walked.len(), 1);
    assert_eq!(walked[0].bytes, written.bytes);
    assert_eq!(
        bench.store.walk_audit(AuditId(0), 1).await.unwrap().len(),
        1
    );
    assert_eq!(bench.entries().await, 2);
}

async fn found(bench: Bench) {
    let (eve, bob) = (bench.user("eve", &[]).await, bench.user("bob", &[]).await);
    let mut ids = vec![0, 0];
    for (index, (user, act, id, note)) in [
        (Some(eve), "token.make", "1", "Build server"),
        (Some(bob), "token.make", "2", "build of bob@example.org"),
        (Some(eve), "token.revoke", "1", ""),
        (None, "tokens-of.others", "", "build"),
        (None, "token", "1", "100% of it"),
    ]
    .into_iter()
    .enumerate()
    {
        let new = by(user, act, id, vec![("note", json!(note))], index as u64);
        ids.push(usize::try_from(bench.store.record(new).await.unwrap().0).unwrap());
    }
    let check = async |filter: AuditFilter, words: &[&str], expected: &[usize]| {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let entries = bench
            .store
            .audit(filter.clone(), words, None, 99)
            .await
            .unwrap();
        let found: Vec<usize> = entries
            .iter()
            .filter_map(|entry| {
                ids.iter()
                    .position(|id| i64::try_from(*id).unwrap() == entry.id.0)
            })
            .map(|place| place - 2)
            .collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let all = AuditFilter::default;
    check(all(), &[], &[4, 3, 2, 1, 0]).await;
    let user = AuditFilter {
        user: Some(eve),
        ..all()
    };
    check(user.clone(), &[], &[2, 0]).await;
    check(user.clone(), &["build"], &[0]).await;
    let act = |act: &str| AuditFilter {
        act: Some(act.to_owned()),
        ..all()
    };
    check(act("token.make"), &[], &[1, 0]).await;
    check(act("token."), &[], &[2, 1, 0]).await;
    check(act("token"), &[], &[4]).await;
    check(act("none"), &[], &[]).await;
    let target = AuditFilter {
        target: Some("thing:1".to_owned()),
        ..all()
    };
    check(target.clone(), &[], &[4, 2, 0]).await;
    let both = AuditFilter {
        user: Some(eve),
        act: Some("token.revoke".to_owned()),
        ..target
    };
    check(both, &[], &[2]).await;
    let nothing = AuditFilter {
        target: Some(String::new()),
        ..all()
    };
    check(nothing, &[], &[]).await;
    check(all(), &["build"], &[3, 1, 0]).await;
    check(all(), &["build", "bob@example.org"], &[1]).await;
    check(all(), &["build", "bob", "192.0.2.7", "thing:2"], &[1]).await;
    check(all(), &["build", "absent"], &[]).await;
    check(all(), &["buil"], &[]).await;
    let times = AuditFilter {
        from: Some(at(1)),
        to: Some(at(3)),
        ..all()
    };
    check(times.clone(), &[], &[2, 1]).await;
    check(times, &["build"], &[1]).await;
    let page = bench.store.audit(all(), vec![], None, 2).await.unwrap();
    let rest = bench
        .store
        .audit(all(), vec![], Some(page[1].id.0), 2)
        .await
        .unwrap();
    assert_eq!(page[1].id.0 - 1, rest[0].id.0);
    let words = || vec!["build".to_owned()];
    let page = bench.store.audit(all(), words(), None, 2).await.unwrap();
    let rest = bench
        .store
        .audit(all(), words(), Some(page[1].id.0), 2)
        .await
        .unwrap();
    assert_eq!((page.len(), rest.len()), (2, 1));
}

async fn outlived(bench: Bench) {
    let eve = bench.user("eve", &[]).await;
    let id = bench
        .store
        .record(by(Some(eve), "thing.make", "9", vec![], 1))
        .await
        .unwrap();
    let gone = about("user.delete", "user", eve.0);
    bench
        .store
        .change_user(eve, UserChange::Delete, gone)
        .await
        .unwrap();
    let entry = bench.store.audit_entry(id).await.unwrap().unwrap();
    assert_eq!((entry.user, entry.user_name), (Some(eve), None));
    assert_eq!(bench.entries().await, 3);
}
