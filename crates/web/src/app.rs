//! What every handler may use: the features, the settings, and what the HTTP side keeps itself.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use base::{Clock, Entropy, UnixMicros};
use http::HeaderMap;
use http::request::Parts as RequestParts;
use stamp::{Follower, Ledger, Notary, Store};
use tokio::sync::watch;

use crate::address::limited_unit;
use crate::body::BodyMemory;
use crate::limit::{Left, Limiter, Rate};
use crate::live::Live;
use crate::pages::lines::Lines;
use crate::problem::{ApiError, Kind};
use crate::settings::WebSettings;

/// The sealer that runs in this process, as health checks see it.
pub struct SealerHealth {
    /// What it says of itself.
    pub health: Arc<stamp::Health>,
    /// The longest time between two seals.
    pub heartbeat: Duration,
}

/// What the binary hands in.
pub struct Parts {
    /// What keeps the log; asked for keys, and whether it answers at all.
    pub store: Arc<dyn Store>,
    /// The sealer, where one runs in this process.
    pub sealer: Option<SealerHealth>,
    /// Takes submissions.
    pub notary: Arc<Notary>,
    /// Answers reads.
    pub ledger: Arc<Ledger>,
    /// Knows the newest head.
    pub follower: Arc<Follower>,
    /// The log's authority, as it stands in compact references.
    pub authority: Arc<str>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// Where request ids begin.
    pub entropy: Arc<dyn Entropy>,
    /// Limits, times and rates.
    pub settings: WebSettings,
}

/// The state of the HTTP side; one per process, shared by all connections.
pub struct App {
    /// What keeps the log.
    pub store: Arc<dyn Store>,
    pub(crate) sealer: Option<SealerHealth>,
    pub(crate) started: UnixMicros,
    /// Takes submissions.
    pub notary: Arc<Notary>,
    /// Answers reads.
    pub ledger: Arc<Ledger>,
    /// Knows the newest head.
    pub follower: Arc<Follower>,
    /// The log's authority, as it stands in compact references.
    pub authority: Arc<str>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// Limits, times and rates.
    pub settings: WebSettings,
    pub(crate) lines: Lines,
    pub(crate) live: Arc<Live>,
    pub(crate) body_memory: BodyMemory,
    pub(crate) requests: Limiter,
    pub(crate) timestamps: Limiter,
    pub(crate) id_prefix: u32,
    pub(crate) closing: watch::Sender<bool>,
}

impl App {
    /// Puts the parts together and starts the live feed's one task on the current runtime.
    pub fn start(parts: Parts) -> Arc<Self> {
        let Parts {
            store,
            sealer,
            notary,
            ledger,
            follower,
            authority,
            clock,
            entropy,
            settings,
        } = parts;
        let closing = watch::Sender::new(false);
        let live = Live::start(
            &follower,
            &ledger,
            &authority,
            &settings,
            closing.subscribe(),
        );
        let rate = |per_s, burst| Rate { per_s, burst };
        let requests = rate(settings.requests_per_s, settings.requests_burst);
        let timestamps = rate(settings.timestamps_per_s, settings.timestamps_burst);
        Arc::new(Self {
            store,
            sealer,
            started: clock.now(),
            lines: Lines::default(),
            live,
            body_memory: BodyMemory::new(settings.body_memory_bytes_max),
            requests: Limiter::new("requests", requests),
            timestamps: Limiter::new("timestamps", timestamps),
            id_prefix: (entropy.u64() >> 32) as u32,
            closing,
            notary,
            ledger,
            follower,
            authority,
            clock,
            settings,
        })
    }

    /// Tells everyone who waits or listens that the server stops: they are answered now.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Runs until [`App::close`].
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // The sender lives as long as we do.
        let _ = closing.wait_for(|closing| *closing).await;
    }
}

/// Whose request it is; the edge puts it into every request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub address: IpAddr,
    /// Not limited.
    pub exempt: bool,
}

impl Caller {
    /// Counts `count` timestamps against the caller's allowance.
    pub(crate) fn take_timestamps(self, app: &App, count: usize) -> Result<Option<Left>, ApiError> {
        self.take(&app.timestamps, count)
    }

    /// Counts one request.
    pub(crate) fn take_request(self, app: &App) -> Result<Option<Left>, ApiError> {
        self.take(&app.requests, 1)
    }

    fn take(self, limiter: &Limiter, cost: usize) -> Result<Option<Left>, ApiError> {
        if self.exempt {
            return Ok(None);
        }
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        let taken = limiter.take(limited_unit(self.address), cost, Instant::now());
        taken.map(Some).map_err(|wait| {
            ApiError::new(
                Kind::RateLimited,
                format!("Your address may go on in {:.1} s", wait.as_secs_f64()),
            )
            .retry_after(wait)
        })
    }
}

/// Tells what is left, unless the caller is not limited.
pub(crate) fn tell(limiter: &Limiter, left: Option<Left>, headers: &mut HeaderMap) {
    if let Some(left) = left {
        limiter.tell(left, headers);
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut RequestParts, _: &S) -> Result<Self, ApiError> {
        // The edge sets it; its absence would be our bug.
        let caller = parts.extensions.get::<Self>().copied();
        caller.ok_or_else(|| ApiError::plain(Kind::Internal))
    }
}
