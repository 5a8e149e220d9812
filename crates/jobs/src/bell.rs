//! Wakes workers when there is something to do: in this process at once, in others over the bus.

use std::sync::Arc;
use std::time::Duration;

use base::{Bus, Event};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// The bus topic that tells other processes of work; the payload names the sender.
pub const JOBS_TOPIC: &str = "jobs";

/// Other processes are told at most so often: one event stands for all work before it.
const TELL_EVERY: Duration = Duration::from_millis(2);

/// Counts how often it was rung; whoever listens looks for work when the count has changed.
pub(crate) struct Bell {
    rung: watch::Sender<u64>,
    outgoing: Arc<Notify>,
    tasks: [JoinHandle<()>; 2],
}

impl Bell {
    /// Hangs it up, on the runtime that calls this. `sender` tells this process from others.
    pub(crate) fn start(bus: Arc<dyn Bus>, sender: u64) -> Self {
        let rung = watch::Sender::new(0);
        let outgoing = Arc::new(Notify::new());
        let own = Bytes::copy_from_slice(&sender.to_be_bytes());
        let listening = {
            let (own, rung) = (own.clone(), rung.clone());
            let mut events = bus.subscribe();
            tokio::spawn(async move {
                while let Some(event) = events.next().await {
                    if event.topic == JOBS_TOPIC && event.payload != own {
                        rung.send_modify(|count| *count += 1);
                    }
                }
            })
        };
        let telling = {
            let outgoing = Arc::clone(&outgoing);
            tokio::spawn(async move {
                loop {
                    outgoing.notified().await;
                    let event = Event {
                        topic: JOBS_TOPIC,
                        payload: own.clone(),
                    };
                    if let Err(error) = bus.publish(event).await {
                        tracing::debug!(%error, "other workers may not have heard of a job");
                    }
                    tokio::time::sleep(TELL_EVERY).await;
                }
            })
        };
        Self {
            rung,
            outgoing,
            tasks: [listening, telling],
        }
    }

    /// Wakes everybody.
    pub(crate) fn ring(&self) {
        self.ring_here();
        self.outgoing.notify_one();
    }

    /// Wakes the workers of this process.
    pub(crate) fn ring_here(&self) {
        self.rung.send_modify(|count| *count += 1);
    }

    /// Hears every ring from now on; several at once are one.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.rung.subscribe()
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
