//! Events between parts and processes. They are hints: whoever misses one reads the tables.

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use crate::Unavailable;

/// One event: its topic, such as `mth-live`, and a payload of at most a few kilobytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub topic: &'static str,
    /// Its content; often no more than the number of what changed.
    pub payload: Bytes,
}

/// Events as they come. Ends when the bus is gone; a slow reader loses the oldest events.
pub type Subscription = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// Carries events to every process that listens, at most once each, in no promised order.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Tells everyone. An error means that some may not have heard.
    async fn publish(&self, event: Event) -> Result<(), Unavailable>;

    /// Every event published from now on.
    fn subscribe(&self) -> Subscription;
}

/// How many events a slow reader may lag behind before it loses the oldest.
const LAG_EVENTS_MAX: usize = 1024;

/// The bus of a product that runs as one process.
pub struct InProcessBus {
    sender: broadcast::Sender<Event>,
}

impl Default for InProcessBus {
    fn default() -> Self {
        Self {
            sender: broadcast::channel(LAG_EVENTS_MAX).0,
        }
    }
}

#[async_trait]
impl Bus for InProcessBus {
    async fn publish(&self, event: Event) -> Result<(), Unavailable> {
        // No listener is no failure: events are hints.
        let _ = self.sender.send(event);
        Ok(())
    }

    fn subscribe(&self) -> Subscription {
        Box::pin(
            BroadcastStream::new(self.sender.subscribe())
                .filter_map(|event| async move { event.ok() }),
        )
    }
}
