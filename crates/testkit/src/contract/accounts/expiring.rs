//! Records that expire: sessions, tickets, attempts.

use std::time::Duration;

use accounts::{ATTEMPTS_REMEMBERED, Limit, NewSession, NewTicket, SessionSeen, TicketKind};
use base::{SessionId, UserId};

use super::{Bench, at, entry, on_empty, secret};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "a session is found until it expires", session).await;
    on_empty(dialect, "sessions are listed and ended", sessions).await;
    on_empty(dialect, "a ticket is good for its kind and time", tickets).await;
    on_empty(dialect, "of many who take a ticket one gets it", one_taker).await;
    on_empty(dialect, "attempts are braked and forgiven", attempts).await;
    on_empty(
        dialect,
        "many attempts at once count as many",
        many_attempts,
    )
    .await;
    on_empty(dialect, "what has expired is swept", swept).await;
    on_empty(dialect, "what has not expired survives a restart", restart).await;
}

fn new(user: i64, key: &str, expires: u64) -> NewSession {
    NewSession {
        user: UserId(user),
        secret: secret(key),
        epoch: 3,
        device: "Firefox on Linux".to_owned(),
        fresh_until: at(15),
        seen: SessionSeen {
            at: at(0),
            address: Some("192.0.2.7".parse().unwrap()),
            expires_at: at(expires),
        },
    }
}

async fn session(bench: Bench) {
    let store = &bench.store;
    let id = store.insert_session(new(1, "key", 100)).await.unwrap();
    let find = async |key: &str, time| store.session(secret(key), at(time)).await.unwrap();
    let found = find("key", 99).await.unwrap();
    assert_eq!((found.id, found.user, found.epoch), (id, UserId(1), 3));
    assert_eq!((found.created_at, found.seen_at), (at(0), at(0)));
    assert_eq!((found.expires_at, found.fresh_until), (at(100), at(15)));
    assert_eq!(find("key", 100).await, None, "it has expired");
    assert_eq!(find("other key", 1).await, None);
    let seen = |time, expires| SessionSeen {
        at: at(time),
        address: None,
        expires_at: at(expires),
    };
    store.roll_session(id, seen(50, 150)).await.unwrap();
    store.roll_session(id, seen(40, 140)).await.unwrap();
    let found = find("key", 149).await.unwrap();
    assert_eq!(
        (found.seen_at, found.expires_at),
        (at(50), at(150)),
        "not back"
    );
    store.freshen_session(id, at(60)).await.unwrap();
    store.carry_session(id, 4).await.unwrap();
    let found = find("key", 1).await.unwrap();
    assert_eq!((found.fresh_until, found.epoch), (at(60), 4));
    assert_eq!(store.delete_session(id).await.unwrap(), Some(UserId(1)));
    assert_eq!(store.delete_session(id).await.unwrap(), None);
    assert_eq!(find("key", 1).await, None);
    let next = store.insert_session(new(1, "next", 100)).await.unwrap();
    assert!(next > id, "a number is never given twice");
}

async fn sessions(bench: Bench) {
    let store = &bench.store;
    let mut ids = Vec::new();
    for (user, key, expires) in [(1, "a", 100), (2, "b", 100), (1, "c", 100), (1, "d", 10)] {
        ids.push(store.insert_session(new(user, key, expires)).await.unwrap());
    }
    let list = async |user: Option<i64>, before, limit| {
        let page = store
            .sessions(user.map(UserId), before, limit, at(50))
            .await
            .unwrap();
        let ids: Vec<SessionId> = page.rows.iter().map(|session| session.id).collect();
        (ids, page.next)
    };
    assert_eq!(list(Some(1), None, 9).await, (vec![ids[2], ids[0]], None));
    assert_eq!(
        list(None, None, 2).await,
        (vec![ids[2], ids[1]], Some(ids[1].0))
    );
    assert_eq!(list(None, Some(ids[1].0), 2).await, (vec![ids[0]], None));
    let row = &store
        .sessions(Some(UserId(2)), None, 1, at(1))
        .await
        .unwrap()
        .rows[0];
    assert_eq!((&*row.device, row.user), ("Firefox on Linux", UserId(2)));
    assert_eq!(row.address, Some("192.0.2.7".parse().unwrap()));
    assert_eq!(
        (row.created_at, row.seen_at, row.expires_at),
        (at(0), at(0), at(100))
    );
    assert_eq!(
        store
            .delete_sessions(UserId(1), Some(ids[0]))
            .await
            .unwrap(),
        2
    );
    assert_eq!(list(None, None, 9).await.0, [ids[1], ids[0]]);
    assert_eq!(store.delete_sessions(UserId(1), None).await.unwrap(), 1);
    assert_eq!(list(None, None, 9).await.0, [ids[1]]);
}

fn ticket(kind: TicketKind, key: &str, user: Option<i64>, attempts: u32) -> NewTicket {
    NewTicket {
        kind,
        secret: secret(key),
        user: user.map(UserId),
        payload: format!("payload of {key}"),
        attempts,
        expires_at: at(100),
    }
}

async fn tickets(bench: Bench) {
    let store = &bench.store;
    let kind = TicketKind::Reset;
    store
        .put_ticket(ticket(kind, "key", Some(1), 2), false)
        .await
        .unwrap();
    let find =
        async |kind, key: &str, time| store.ticket(kind, secret(key), at(time)).await.unwrap();
    let found = find(kind, "key", 99).await.unwrap();
    assert_eq!(
        (found.user, &*found.payload),
        (Some(UserId(1)), "payload of key")
    );
    assert!(find(kind, "key", 100).await.is_none(), "it has expired");
    for other in TicketKind::ALL.into_iter().filter(|other| *other != kind) {
        assert!(find(other, "key", 1).await.is_none(), "{other:?}");
        let taken = store
            .take_ticket(other, secret("key"), at(1))
            .await
            .unwrap();
        assert!(taken.is_none(), "{other:?}");
    }
    let attempt = async || store.try_ticket(kind, secret("key"), at(1)).await.unwrap();
    assert!(attempt().await.is_some());
    assert!(attempt().await.is_some());
    assert!(attempt().await.is_none(), "there were two attempts");
    assert!(find(kind, "key", 1).await.is_none());
    let late = store
        .take_ticket(kind, secret("key"), at(100))
        .await
        .unwrap();
    assert!(late.is_none(), "it has expired");
    let last = store
        .take_ticket(kind, secret("key"), at(99))
        .await
        .unwrap();
    assert!(last.is_some(), "the last attempt may have been right");
    let again = store
        .take_ticket(kind, secret("key"), at(99))
        .await
        .unwrap();
    assert!(again.is_none());

    for (key, user) in [("1", Some(1)), ("2", Some(2)), ("none", None)] {
        store
            .put_ticket(ticket(kind, key, user, 9), false)
            .await
            .unwrap();
    }
    store
        .put_ticket(ticket(TicketKind::SetUp, "set-up", None, 9), false)
        .await
        .unwrap();
    store
        .put_ticket(ticket(kind, "1 anew", Some(1), 9), true)
        .await
        .unwrap();
    assert!(find(kind, "1", 1).await.is_none(), "it was replaced");
    assert!(find(kind, "2", 1).await.is_some());
    store
        .put_ticket(ticket(kind, "none anew", None, 9), true)
        .await
        .unwrap();
    assert!(find(kind, "none", 1).await.is_none(), "it was replaced");
    assert!(find(TicketKind::SetUp, "set-up", 1).await.is_some());
    store.delete_tickets(kind, UserId(1)).await.unwrap();
    assert!(find(kind, "1 anew", 1).await.is_none());
    assert!(find(kind, "none anew", 1).await.is_some());
}

async fn one_taker(bench: Bench) {
    let kind = TicketKind::Oidc;
    bench
        .store
        .put_ticket(ticket(kind, "key", None, 1), false)
        .await
        .unwrap();
    let take = || bench.store.take_ticket(kind, secret("key"), at(1));
    let (a, b, c) = tokio::join!(take(), take(), take());
    let got = [a, b, c]
        .into_iter()
        .filter(|taken| taken.as_ref().unwrap().is_some());
    assert_eq!(got.count(), 1);
}

fn limit(key: &str, free: u32) -> Limit {
    Limit {
        key: secret(key),
        free,
        pause_max: Duration::from_mins(1),
    }
}

async fn attempts(bench: Bench) {
    let store = &bench.store;
    let attempt =
        async |limits: &[Limit], time| store.attempt(limits.to_vec(), at(time)).await.unwrap();
    let (eve, place) = (limit("eve", 2), limit("place", 3));
    assert_eq!(attempt(&[eve, place], 0).await, None);
    assert_eq!(attempt(&[eve, place], 0).await, None);
    assert_eq!(
        attempt(&[eve, place], 0).await,
        None,
        "the third closes it for a second"
    );
    assert_eq!(attempt(&[eve, place], 0).await, Some(at(1)));
    assert_eq!(
        attempt(&[place], 0).await,
        None,
        "what was refused was not counted"
    );
    assert_eq!(attempt(&[eve, place], 1).await, None);
    assert_eq!(
        attempt(&[eve, place], 2).await,
        Some(at(3)),
        "two seconds now"
    );
    store.forgive(vec![eve.key], true).await.unwrap();
    assert_eq!(attempt(&[eve], 2).await, None);
    // One given back is not all given back.
    for _ in 0..2 {
        assert_eq!(attempt(&[limit("one", 3)], 0).await, None);
    }
    store
        .forgive(vec![secret("one"), secret("unknown")], false)
        .await
        .unwrap();
    assert_eq!(attempt(&[limit("one", 1)], 0).await, None);
    assert_eq!(attempt(&[limit("one", 1)], 0).await, Some(at(1)));
    // Long after, nothing is remembered.
    let late = 10 + ATTEMPTS_REMEMBERED.as_secs();
    for _ in 0..2 {
        assert_eq!(attempt(&[eve, place], late).await, None);
    }
    assert_eq!(attempt(&[], 0).await, None);
}

async fn many_attempts(bench: Bench) {
    let attempt = || {
        bench
            .store
            .attempt(vec![limit("b", 5), limit("a", 5)], at(0))
    };
    let all = futures_util::future::join_all((0..20).map(|_| attempt())).await;
    let through = all
        .into_iter()
        .filter(|answer| answer.as_ref().unwrap().is_none());
    assert_eq!(through.count(), 6, "five are free, the sixth closes it");
}

async fn swept(bench: Bench) {
    let store = &bench.store;
    for (key, expires) in [("old", 10), ("older", 5), ("young", 100_000)] {
        store.insert_session(new(1, key, expires)).await.unwrap();
        let mut ticket = ticket(TicketKind::Code, key, None, 1);
        ticket.expires_at = at(expires);
        store.put_ticket(ticket, false).await.unwrap();
        let invitation = accounts::NewInvitation {
            email: super::email(&format!("{key}@example.org")),
            roles: vec![],
            invited_by: None,
            secret: secret(key),
            expires_at: at(expires),
        };
        let entry = entry("user.invite", "invitation");
        store.put_invitation(invitation, entry).await.unwrap();
    }
    store.attempt(vec![limit("old", 1)], at(0)).await.unwrap();
    let now = ATTEMPTS_REMEMBERED.as_secs() + 10;
    store
        .attempt(vec![limit("young", 1)], at(now))
        .await
        .unwrap();
    assert_eq!(store.sweep(at(4), 9).await.unwrap(), 0);
    assert_eq!(
        store.sweep(at(now), 1).await.unwrap(),
        4,
        "one of each kind"
    );
    assert_eq!(store.sweep(at(now), 9).await.unwrap(), 3);
    assert_eq!(store.sweep(at(now), 9).await.unwrap(), 0);
    assert!(
        store
            .session(secret("young"), at(now))
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .ticket(TicketKind::Code, secret("young"), at(now))
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .invitation(secret("young"), at(now))
            .await
            .unwrap()
            .is_some()
    );
}

async fn restart(bench: Bench) {
    let id = bench
        .store
        .insert_session(new(1, "key", 100))
        .await
        .unwrap();
    let Bench {
        database,
        stores,
        store,
        ..
    } = bench;
    drop((stores, store));
    let store = database.open_all().await.accounts;
    let found = store.session(secret("key"), at(1)).await.unwrap().unwrap();
    assert_eq!(found.id, id);
}
