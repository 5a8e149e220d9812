//! What only a server can do to us: end sessions, carry events, be something else.

use std::time::Duration;

use base::{Bus as _, Event};
use bytes::Bytes;
use futures_util::StreamExt as _;
use sqlx::{Connection as _, Executor as _, PgConnection};
use stamp::Store as _;
use store_postgres::{OpenError, PAYLOAD_BYTES_MAX, PostgresBus, PostgresStore};
use testkit::{Database, Dialect, postgres_url};
use tokio::time::{sleep, timeout};

const TOPICS: &[&str] = &["mth-live", "other topic's"];

async fn store() -> (Database, PostgresStore) {
    let database = Database::new(Dialect::Postgres).await;
    let store = PostgresStore::open(database.url().unwrap()).await.unwrap();
    (database, store)
}

/// Ends every session of the database but our own, as a restart of the server does.
async fn end_sessions(database: &Database) {
    let mut admin = PgConnection::connect(database.url().unwrap())
        .await
        .unwrap();
    admin
        .execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await
        .unwrap();
}

fn event(topic: &'static str, payload: &[u8]) -> Event {
    Event {
        topic,
        payload: Bytes::copy_from_slice(payload),
    }
}

async fn next(subscription: &mut base::Subscription) -> Event {
    let next = timeout(Duration::from_secs(10), subscription.next()).await;
    next.expect("an event in time").expect("the bus lives")
}

#[tokio::test]
async fn events_reach_every_process() {
    let (database, store) = store().await;
    let other = PostgresStore::open(database.url().unwrap()).await.unwrap();
    let bus = PostgresBus::start(&store, TOPICS).await.unwrap();
    let far = PostgresBus::start(&other, TOPICS).await.unwrap();
    let (mut here, mut there) = (bus.subscribe(), far.subscribe());
    let every_byte: Vec<u8> = (0..=255).collect();
    let largest = vec![0xff; PAYLOAD_BYTES_MAX];
    for payload in [&b""[..], b"812", &every_byte, &largest] {
        for topic in TOPICS {
            bus.publish(event(topic, payload)).await.unwrap();
            assert_eq!(next(&mut here).await, event(topic, payload));
            assert_eq!(next(&mut there).await, event(topic, payload));
        }
    }
    let too_large = event("mth-live", &vec![0; PAYLOAD_BYTES_MAX + 1]);
    assert!(bus.publish(too_large).await.is_err());
}

/// So a sealer that dies right after it has signed has told of it; and signing twice tells once.
#[tokio::test]
async fn a_signed_head_tells_of_itself() {
    let (_database, store) = store().await;
    let bus = PostgresBus::start(&store, TOPICS).await.unwrap();
    let mut heard = bus.subscribe();
    for size in [1, 1, 2] {
        store.put_checkpoint(size, "note".to_owned()).await.unwrap();
    }
    assert_eq!(next(&mut heard).await, event("mth-live", b"0"));
    assert_eq!(next(&mut heard).await, event("mth-live", b"1"));
}

#[tokio::test]
async fn the_bus_listens_again_when_its_connection_was_lost() {
    let (database, store) = store().await;
    let bus = PostgresBus::start(&store, TOPICS).await.unwrap();
    let mut heard = bus.subscribe();
    end_sessions(&database).await;
    // Nobody knows when it listens again: events are told until one is heard.
    let told = timeout(Duration::from_secs(20), async {
        loop {
            // The pool may hand out connections that died, once each.
            let _ = bus.publish(event("mth-live", b"again")).await;
            if let Ok(Some(event)) = timeout(Duration::from_millis(50), heard.next()).await {
                return event;
            }
        }
    });
    assert_eq!(
        told.await.expect("heard again"),
        event("mth-live", b"again")
    );
}

#[tokio::test]
async fn a_lease_ends_with_its_session() {
    let (database, store) = store().await;
    let lease = store.try_lease().await.unwrap().expect("free");
    assert!(lease.is_held().await);
    end_sessions(&database).await;
    assert!(
        !lease.is_held().await,
        "the server has given it to nobody, but it is not ours"
    );
    let taken_over = timeout(Duration::from_secs(10), async {
        loop {
            if let Ok(Some(lease)) = store.try_lease().await {
                return lease;
            }
            sleep(Duration::from_millis(2)).await;
        }
    });
    let taken_over = taken_over.await.expect("free again");
    assert!(taken_over.is_held().await);
    assert!(!lease.is_held().await, "lost is final");
}

#[tokio::test]
async fn a_store_answers_again_after_its_sessions_ended() {
    let (database, store) = store().await;
    store.claim_authority("a.example").await.unwrap();
    end_sessions(&database).await;
    let answered = timeout(Duration::from_secs(10), async {
        loop {
            if let Ok(answer) = store.claim_authority("b.example").await {
                return answer;
            }
        }
    });
    assert_eq!(answered.await.expect("an answer"), "a.example");
}

#[tokio::test]
async fn processes_that_start_together_migrate_once() {
    let database = Database::new(Dialect::Postgres).await;
    let url = database.url().unwrap();
    let opened = futures_util::future::join_all((0..6).map(|_| PostgresStore::open(url))).await;
    assert!(opened.iter().all(Result::is_ok));
}

#[tokio::test]
async fn an_address_that_will_not_do_is_named() {
    let open = async |url: &str| PostgresStore::open(url).await.unwrap_err();
    let error = open("mysql://somewhere/else").await;
    assert!(matches!(error, OpenError::Address(_)), "{error:?}");
    let error = open(&postgres_url("no_such_database")).await;
    assert!(matches!(error, OpenError::Unreachable(_)), "{error:?}");
    let error = open("postgres://user:s3cret@127.0.0.1:1/log").await;
    assert!(matches!(error, OpenError::Unreachable(_)), "{error:?}");
    let mut shown = format!("{error} {error:?}");
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        shown.push_str(&source.to_string());
        cause = source;
    }
    assert!(!shown.contains("s3cret"), "{shown}");
}
