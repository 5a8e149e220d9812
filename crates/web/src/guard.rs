//! What stands before every door of this process, whichever role answers behind it: limits, the
//! numbering of requests, and the news that the server stops.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use base::Entropy;
use base::metrics::Counter;
use http::HeaderValue;
use hub::Hub;
use tokio::sync::{Semaphore, watch};

use crate::limit::{Limiter, Rate};
use crate::serve::Seat;
use crate::settings::WebSettings;

/// More threads would only share the same network.
const HUB_SHARDS_MAX: NonZeroUsize = NonZeroUsize::new(4).expect("four");

/// One per process.
pub(crate) struct Guard {
    /// The name on error pages.
    pub name: Arc<str>,
    pub settings: WebSettings,
    pub requests: Limiter,
    pub timestamps: Limiter,
    pub closing: watch::Sender<bool>,
    /// Requests that were refused for their number.
    pub limited: Counter,
    /// The places of connections, once somebody listens.
    pub places: OnceLock<Arc<Semaphore>>,
    /// Holds the readers of live feeds; made when the first feed is.
    hub: OnceLock<Option<Arc<Hub<Seat>>>>,
    id_prefix: u32,
    next_id: AtomicU32,
}

impl Guard {
    pub(crate) fn new(name: Arc<str>, settings: WebSettings, entropy: &dyn Entropy) -> Arc<Self> {
        let rate = |per_s, burst| Rate { per_s, burst };
        let requests = rate(settings.requests_per_s, settings.requests_burst);
        let timestamps = rate(settings.timestamps_per_s, settings.timestamps_burst);
        let mut prefix = [0; 4];
        entropy.fill(&mut prefix);
        Arc::new(Self {
            name,
            requests: Limiter::new("requests", requests),
            timestamps: Limiter::new("timestamps", timestamps),
            closing: watch::Sender::new(false),
            limited: Counter::default(),
            places: OnceLock::new(),
            hub: OnceLock::new(),
            id_prefix: u32::from_le_bytes(prefix),
            next_id: AtomicU32::new(0),
            settings,
        })
    }

    /// An id that no other request of this process has: a random start, then a count.
    pub(crate) fn next_id(&self) -> HeaderValue {
        let number = self.next_id.fetch_add(1, Ordering::Relaxed);
        let id = u64::from(self.id_prefix) << 32 | u64::from(number);
        HeaderValue::try_from(format!("{id:016x}")).expect("hexadecimal digits")
    }

    /// Tells everyone who waits or listens that the server stops.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
        if let Some(hub) = self.hub.get().and_then(Option::as_ref) {
            hub.close();
        }
    }

    /// Where readers of live feeds go; `None` when the kernel does not give what that takes, and
    /// hyper has to keep them.
    pub(crate) fn hub(&self) -> Option<&Arc<Hub<Seat>>> {
        let start = || {
            let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
            Hub::start(hub::Settings {
                shards: cores.min(HUB_SHARDS_MAX),
                beat: self.settings.live_beat,
                stall_max: self.settings.write_timeout,
            })
            .inspect_err(|error| tracing::warn!(%error, "live feeds cost more than they could"))
            .ok()
        };
        self.hub.get_or_init(start).as_ref()
    }

    /// After [`Guard::close`]: completes when every reader of a live feed is gone.
    pub(crate) fn feeds_closed(&self) -> impl Future<Output = ()> + use<> {
        let hub = self.hub.get().cloned().flatten();
        async move {
            if let Some(hub) = hub {
                // It cannot panic: an error only says that the runtime ends.
                let _ = tokio::task::spawn_blocking(move || hub.wait()).await;
            }
        }
    }

    /// Runs until [`Guard::close`].
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // The sender lives as long as we do.
        let _ = closing.wait_for(|closing| *closing).await;
    }
}
