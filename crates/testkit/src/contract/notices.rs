//! Words sent to people: the definition of [`notify::Store`].

use base::UnixMicros;
use notify::{Address, Message, NewNotice, NoticeCounts, NoticeFilter, NoticeId, Progress, State};

use crate::contract::{Bench, on_empty};
use crate::{Dialect, SimClock};

/// Runs the suite, each check on a database of its own.
pub async fn check_notices(dialect: Dialect) {
    on_empty(dialect, "a notice is read as it was written", written).await;
    on_empty(
        dialect,
        "an attempt is counted, and sent is final",
        attempts,
    )
    .await;
    on_empty(dialect, "pages are filtered and have no gaps", pages).await;
    on_empty(dialect, "those that wait are found in order", waiting).await;
    on_empty(
        dialect,
        "sweeping takes the oldest, numbers stay taken",
        sweeping,
    )
    .await;
}

fn at(s: i64) -> UnixMicros {
    UnixMicros(SimClock::START.0 + s * 1_000_000)
}

fn notice(to: &str, subject: &str, state: State, created: UnixMicros) -> NewNotice {
    NewNotice {
        message: Message {
            to: Address::mail(to).unwrap(),
            subject: subject.to_owned(),
            text: "Grüße\n  \u{1f58b} 'quoted' -- \"text\"\r\n".into(),
            html: Some("<p>Grüße</p>".into()),
            about: "test",
            expires: at(600),
        },
        key: [7; 16],
        state,
        created,
    }
}

async fn written(bench: Bench) {
    let store = bench.database.open_notices().await;
    let new = notice("jürgen@example.org", "Grüße", State::Waiting, at(0));
    let id = store.insert_notice(new.clone()).await.unwrap();
    let read = store.notice(id).await.unwrap().unwrap();
    assert_eq!(read.key, new.key);
    assert_eq!(read.text, new.message.text);
    assert_eq!(read.html, new.message.html);
    let envelope = &read.envelope;
    assert_eq!(envelope.id, id);
    assert_eq!(envelope.to, new.message.to);
    assert_eq!(envelope.subject, "Grüße");
    assert_eq!(envelope.about, "test");
    assert_eq!(envelope.state, State::Waiting);
    assert_eq!((envelope.attempts, envelope.answer.as_deref()), (0, None));
    assert_eq!((envelope.created, envelope.changed), (at(0), at(0)));
    assert_eq!(envelope.expires, at(600));

    let mut bare = notice("a@example.org", "", State::Kept, at(1));
    bare.message.to = Address::phone("+49 30 1234567").unwrap();
    bare.message.html = None;
    bare.message.text = String::new();
    let second = store.insert_notice(bare.clone()).await.unwrap();
    assert!(second > id);
    let read = store.notice(second).await.unwrap().unwrap();
    assert_eq!(read.envelope.to, bare.message.to);
    assert_eq!((read.html, read.text.as_str()), (None, ""));
    assert_eq!(store.notice(NoticeId(second.0 + 1)).await.unwrap(), None);

    // What was answered is durable, and seen by a process that opens the store later.
    drop(store);
    let store = bench.database.open_notices().await;
    assert_eq!(store.notice(second).await.unwrap().unwrap().key, bare.key);
}

async fn attempts(bench: Bench) {
    let store = bench.database.open_notices().await;
    let new = notice("a@example.org", "x", State::Waiting, at(0));
    let id = store.insert_notice(new).await.unwrap();
    let record = async |state, answer: &str, s| {
        let progress = Progress {
            state,
            answer: answer.into(),
            at: at(s),
        };
        store.record_attempt(id, progress).await.unwrap()
    };
    let check = async |state, attempts, answer: &str, s| {
        let read = store.notice(id).await.unwrap().unwrap().envelope;
        let found = (
            read.state,
            read.attempts,
            read.answer.unwrap(),
            read.changed,
        );
        assert_eq!(found, (state, attempts, answer.to_owned(), at(s)));
    };
    assert!(record(State::Waiting, "451 not now", 1).await);
    check(State::Waiting, 1, "451 not now", 1).await;
    assert!(record(State::Failed, "550 never", 2).await);
    check(State::Failed, 2, "550 never", 2).await;
    // A replayed job may still deliver it.
    assert!(record(State::Sent, "250 taken", 3).await);
    check(State::Sent, 3, "250 taken", 3).await;
    // A slower attempt must not make it wait again: it would be sent twice.
    assert!(!record(State::Waiting, "451 not now", 4).await);
    check(State::Sent, 3, "250 taken", 3).await;
    let gone = Progress {
        state: State::Sent,
        answer: String::new(),
        at: at(5),
    };
    assert!(!store.record_attempt(NoticeId(99), gone).await.unwrap());
}

async fn pages(bench: Bench) {
    let store = bench.database.open_notices().await;
    let mut ids = Vec::new();
    for (index, (to, subject, state)) in [
        ("ada@example.org", "Your code", State::Waiting),
        ("grace@example.org", "Your code", State::Kept),
        ("ada@example.org", "100% new_sign-in", State::Kept),
        ("alan@example.org", "Your code", State::Kept),
    ]
    .into_iter()
    .enumerate()
    {
        let new = notice(to, subject, state, at(i64::try_from(index).unwrap()));
        ids.push(store.insert_notice(new).await.unwrap());
    }
    let page = async |state, text: Option<&str>, before, limit| {
        let filter = NoticeFilter {
            state,
            text: text.map(str::to_owned),
        };
        let page = store.notices(&filter, before, limit).await.unwrap();
        page.into_iter()
            .map(|one| ids.iter().position(|id| *id == one.id).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(page(None, None, None, 10).await, [3, 2, 1, 0]);
    assert_eq!(page(None, None, None, 2).await, [3, 2]);
    assert_eq!(page(None, None, Some(ids[2]), 2).await, [1, 0]);
    assert_eq!(page(Some(State::Kept), None, None, 10).await, [3, 2, 1]);
    assert_eq!(
        page(Some(State::Kept), Some("YOUR"), None, 10).await,
        [3, 1]
    );
    assert_eq!(page(None, Some("Ada@"), None, 10).await, [2, 0]);
    // No character is a wildcard, and none breaks the statement.
    assert_eq!(page(None, Some("%"), None, 10).await, [2]);
    assert_eq!(page(None, Some("_"), None, 10).await, [2]);
    assert_eq!(page(None, Some("'"), None, 10).await, [0; 0]);
    assert_eq!(page(None, Some("\0"), None, 10).await, [0; 0]);
    // An address and a subject are not one text.
    assert_eq!(page(None, Some("orgyour"), None, 10).await, [0; 0]);
    assert_eq!(
        store.count_notices().await.unwrap(),
        NoticeCounts {
            waiting: 1,
            kept: 3,
            oldest_waiting: Some(at(0)),
            ..NoticeCounts::default()
        }
    );
}

async fn waiting(bench: Bench) {
    let store = bench.database.open_notices().await;
    assert_eq!(
        store.count_notices().await.unwrap(),
        NoticeCounts::default()
    );
    let mut ids = Vec::new();
    for s in 0..5 {
        let state = if s == 2 { State::Kept } else { State::Waiting };
        let new = notice("a@example.org", "x", state, at(s));
        ids.push(store.insert_notice(new).await.unwrap());
    }
    let waiting = async |after, limit| store.waiting_notices(after, limit).await.unwrap();
    assert_eq!(waiting(None, 10).await, [ids[0], ids[1], ids[3], ids[4]]);
    assert_eq!(waiting(None, 2).await, [ids[0], ids[1]]);
    assert_eq!(waiting(Some(ids[1]), 2).await, [ids[3], ids[4]]);
}

async fn sweeping(bench: Bench) {
    let store = bench.database.open_notices().await;
    let mut ids = Vec::new();
    for s in 0..4 {
        let new = notice("a@example.org", "x", State::Kept, at(s));
        ids.push(store.insert_notice(new).await.unwrap());
    }
    let sweep = async |s, max| store.sweep_notices(at(s), max).await.unwrap();
    assert_eq!(sweep(0, 10).await, 0, "not before, but at");
    assert_eq!(sweep(3, 2).await, 2);
    assert_eq!(store.notice(ids[1]).await.unwrap(), None);
    assert!(store.notice(ids[2]).await.unwrap().is_some());
    assert_eq!(sweep(100, 10).await, 2);
    assert_eq!(sweep(100, 10).await, 0);
    let new = notice("a@example.org", "x", State::Kept, at(9));
    let next = store.insert_notice(new).await.unwrap();
    assert!(next > ids[3], "a number was given twice");
}
