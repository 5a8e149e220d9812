//! Postgres as a bus: `NOTIFY` to tell, one connection per process that listens.

use std::time::Duration;

use async_trait::async_trait;
use base::{Bus, Event, Subscription, Unavailable};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use sqlx::{PgExecutor, Postgres};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::BroadcastStream;

use crate::PostgresStore;
use crate::connection::answered;
use crate::error::unavailable;

/// Largest payload of an event: `NOTIFY` carries less than 8,000 bytes, and base64 takes a third.
pub const PAYLOAD_BYTES_MAX: usize = 5_900;
/// How many events a slow reader may lag behind before it loses the oldest.
const LAG_EVENTS_MAX: usize = 1024;
/// After so much silence the listener asks whether the server is still there.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How long the server may take to answer that.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Waits between attempts to listen again, doubling from the first to the last.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Events between processes that share a database. What is published while a process's connection
/// is down is lost to that process: events are hints.
pub struct PostgresBus {
    pool: PgPool,
    sender: broadcast::Sender<Event>,
    listener: JoinHandle<()>,
}

impl PostgresBus {
    /// Listens to `topics` from now on; when this returns, nothing that is published after it is
    /// missed while the connection lasts.
    pub async fn start(
        store: &PostgresStore,
        topics: &'static [&'static str],
    ) -> Result<Self, Unavailable> {
        // Only for its reconnecting: the listener keeps the one connection.
        let own = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ANSWER_MAX)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with(store.options().clone());
        let first = listen(&own, topics).await?;
        let (sender, _) = broadcast::channel(LAG_EVENTS_MAX);
        let listener = tokio::spawn(keep_listening(own, topics, first, sender.clone()));
        Ok(Self {
            pool: store.pool().clone(),
            sender,
            listener,
        })
    }
}

impl Drop for PostgresBus {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

#[async_trait]
impl Bus for PostgresBus {
    async fn publish(&self, event: Event) -> Result<(), Unavailable> {
        // Own subscribers hear it through the server too: one way for all.
        answered(notify(&self.pool, event.topic, &event.payload)).await
    }

    fn subscribe(&self) -> Subscription {
        Box::pin(
            BroadcastStream::new(self.sender.subscribe())
                .filter_map(|event| async move { event.ok() }),
        )
    }
}

/// Tells the listeners of `topic`; in a transaction, once it commits.
pub(crate) async fn notify(
    executor: impl PgExecutor<'_>,
    topic: &str,
    payload: &[u8],
) -> Result<(), Unavailable> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(Unavailable::new("the bus", "the event is too large"));
    }
    sqlx::query_scalar!(
        "select pg_notify($1, $2)::text",
        topic,
        STANDARD.encode(payload)
    )
    .fetch_one(executor)
    .await
    .map_err(unavailable)?;
    Ok(())
}

async fn listen(pool: &PgPool, topics: &[&'static str]) -> Result<PgListener, Unavailable> {
    let mut listener = PgListener::connect_with(pool).await.map_err(unavailable)?;
    listener.eager_reconnect(false);
    listener
        .listen_all(topics.iter().copied())
        .await
        .map_err(unavailable)?;
    Ok(listener)
}

/// Hands events on for ever; a lost connection is replaced by a new one.
async fn keep_listening(
    pool: PgPool,
    topics: &'static [&'static str],
    first: PgListener,
    sender: broadcast::Sender<Event>,
) {
    let mut listener = first;
    loop {
        hand_on(&mut listener, topics, &sender).await;
        drop(listener);
        let mut wait = RETRY_MIN;
        listener = loop {
            match listen(&pool, topics).await {
                Ok(listener) => break listener,
                Err(error) => {
                    tracing::warn!(%error, ?wait, "the bus is not listening");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY_MAX);
                }
            }
        };
    }
}

/// Hands events on until the connection is lost.
async fn hand_on(
    listener: &mut PgListener,
    topics: &'static [&'static str],
    sender: &broadcast::Sender<Event>,
) {
    loop {
        match timeout(SILENCE_MAX, listener.try_recv()).await {
            Ok(Ok(Some(heard))) => {
                let topic = topics.iter().find(|topic| **topic == heard.channel());
                let payload = STANDARD.decode(heard.payload());
                if let (Some(topic), Ok(payload)) = (topic, payload) {
                    // No listener is no failure.
                    let _ = sender.send(Event {
                        topic,
                        payload: Bytes::from(payload),
                    });
                }
            }
            Ok(Ok(None) | Err(_)) => return,
            Err(_silent) => {
                let asked = sqlx::query_scalar::<Postgres, i32>("select 1");
                if !matches!(
                    timeout(ANSWER_MAX, asked.fetch_one(&mut *listener)).await,
                    Ok(Ok(_))
                ) {
                    return;
                }
            }
        }
    }
}
