//! Follows the log's head: one subscription and one look at the store per interval and process,
//! however many are listening inside it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base::{Bus, Unavailable, UnixMicros};
use futures_util::StreamExt as _;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use crate::published::{self, Sealed};
use crate::{Settings, Store};

/// The bus topic on which a sealed, signed interval is announced; the payload is its number.
pub const LIVE_TOPIC: &str = "mth-live";

/// How many intervals a slow listener may lag behind before it must read what it missed.
const LAG_INTERVALS_MAX: usize = 1024;

/// How soon a failed look is repeated.
const RETRY: Duration = Duration::from_millis(200);

/// The largest size that a store can know.
pub(crate) const NEWEST: u64 = i64::MAX.unsigned_abs();

/// Knows the newest signed head, and tells every interval in order.
pub struct Follower {
    known: Arc<Known>,
    task: JoinHandle<()>,
}

struct Known {
    store: Arc<dyn Store>,
    newest: ArcSwap<Sealed>,
    announce: broadcast::Sender<Arc<Sealed>>,
}

impl Follower {
    /// Reads the newest signed head, then follows.
    pub async fn start(
        store: Arc<dyn Store>,
        bus: &dyn Bus,
        settings: &Settings,
    ) -> Result<Arc<Self>, Unavailable> {
        // First listen, then look: what is sealed in between is heard.
        let mut events = bus.subscribe();
        let known = Arc::new(Known {
            newest: ArcSwap::from_pointee(newest(&*store).await?),
            store,
            announce: broadcast::channel(LAG_INTERVALS_MAX).0,
        });
        let (following, poll) = (Arc::clone(&known), settings.poll);
        let task = tokio::spawn(async move {
            let (mut pause, mut listening) = (poll, true);
            loop {
                tokio::select! {
                    event = events.next(), if listening => match event {
                        Some(event) if event.topic == LIVE_TOPIC => {}
                        Some(_) => continue,
                        None => {
                            listening = false;
                            continue;
                        }
                    },
                    () = tokio::time::sleep(pause) => {}
                }
                pause = match following.catch_up().await {
                    Ok(()) => poll,
                    Err(error) => {
                        tracing::warn!(%error, "the newest head could not be read");
                        RETRY
                    }
                };
            }
        });
        Ok(Arc::new(Self { known, task }))
    }

    /// The newest signed head that this process knows.
    pub fn head(&self) -> Arc<Sealed> {
        self.known.newest.load_full()
    }

    /// The time of the newest interval, without a share in the rest.
    pub(crate) fn sealed_time(&self) -> UnixMicros {
        self.known.newest.load().head.time
    }

    /// Every interval from now on, in order and none skipped. Who lags too far behind is told how
    /// many were missed and reads them from the [`crate::Ledger`].
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Sealed>> {
        self.known.announce.subscribe()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Known {
    async fn catch_up(&self) -> Result<(), Unavailable> {
        let Some(checkpoint) = self.store.checkpoint_up_to(NEWEST).await? else {
            return Ok(());
        };
        loop {
            let known = self.newest.load();
            if known.head.size >= checkpoint.size {
                return Ok(());
            }
            let before = known.head.timestamps;
            let next = published::read(&*self.store, known.head.size, before).await?;
            let mut next = next.ok_or_else(|| {
                Unavailable::new("the log", "an interval under a signed head is missing")
            })?;
            let count = next.interval.as_ref().map_or(0, |interval| interval.count);
            next.head.timestamps += u64::from(count);
            let next = Arc::new(next);
            self.newest.store(Arc::clone(&next));
            // Nobody listening is no failure.
            let _ = self.announce.send(next);
        }
    }
}

async fn newest(store: &dyn Store) -> Result<Sealed, Unavailable> {
    let Some(checkpoint) = store.checkpoint_up_to(NEWEST).await? else {
        return Ok(Sealed::nothing());
    };
    // The head may be an interval ahead of what is signed: its timestamps do not count yet.
    let head = store.head().await?;
    let mut timestamps = head.timestamps;
    for interval in store.intervals(checkpoint.size..head.size).await? {
        timestamps = timestamps.saturating_sub(u64::from(interval.count));
    }
    let sealed = match checkpoint.size.checked_sub(1) {
        Some(index) => published::read(store, index, timestamps).await?,
        None => None,
    };
    Ok(sealed.unwrap_or_else(Sealed::nothing))
}
