//! What stands before every door of this process, whichever role answers behind it: limits, the
//! numbering of requests, and the news that the server stops.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use base::Entropy;
use base::metrics::Counter;
use http::HeaderValue;
use tokio::sync::{Semaphore, watch};

use crate::limit::{Limiter, Rate};
use crate::settings::WebSettings;

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
    }

    /// Runs until [`Guard::close`].
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // The sender lives as long as we do.
        let _ = closing.wait_for(|closing| *closing).await;
    }
}
