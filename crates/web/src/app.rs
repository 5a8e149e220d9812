//! What every handler may use: the features, the settings, and what the HTTP side keeps itself.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use accounts::Accounts;
use axum::extract::FromRequestParts;
use base::health::Probe;
use base::metrics::Source;
use base::{Actor, Clock, Entropy, UnixMicros, Who};
use facts::Facts;
use http::request::Parts as RequestParts;
use http::{HeaderMap, HeaderValue};
use intel::feeds::Feeds;
use intel::upstream::Upstream;
use intel::{Desk, Registry, Vault};
use jobs::Jobs;
use notify::Notices;
use stamp::{Follower, Ledger, Notary, Store};

use crate::address::limited_unit;
use crate::body::BodyMemory;
use crate::figures::RouteFigures;
use crate::guard::Guard;
use crate::installation::Installation;
use crate::limit::{Left, Limiter};
use crate::live::Live;
use crate::pages::lines::Lines;
use crate::problem::{ApiError, Kind};
use crate::rooms::desk::notifications::Figures;
use crate::rooms::desk::running::Running;
use crate::settings::WebSettings;
use crate::tsa::TimeStamping;

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
    /// The RFC 3161 authority, where it is switched on.
    pub time_stamping: Option<TimeStamping>,
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
    /// What others count, for `/metrics`.
    pub figures: Vec<Arc<dyn Source>>,
    /// Parts of this process that health checks ask too.
    pub probes: Vec<Arc<dyn Probe>>,
    /// Where request ids begin.
    pub entropy: Arc<dyn Entropy>,
    /// People and programs, and the trail.
    pub accounts: Arc<Accounts>,
    /// Background work.
    pub jobs: Arc<Jobs>,
    /// What is sealed for other rooms.
    pub facts: Arc<Facts>,
    /// Mail and messages.
    pub notices: Arc<Notices>,
    /// Lookups.
    pub desk: Arc<Desk>,
    /// Sources, providers and lists.
    pub registry: Arc<Registry>,
    /// Secrets of sources.
    pub vault: Arc<Vault>,
    /// Feeds and their index.
    pub feeds: Arc<Feeds>,
    /// The way out of sources, for the test bench.
    pub upstream: Arc<dyn Upstream>,
    /// What the operator decided, and what the machine says.
    pub installation: Installation,
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
    pub(crate) entropy: Arc<dyn Entropy>,
    /// People and programs, and the trail.
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) notices: Arc<Notices>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) upstream: Arc<dyn Upstream>,
    /// Lookups whose page is open.
    pub(crate) running: Arc<Running>,
    /// What the bell is counted with.
    pub(crate) source_figures: Arc<Figures>,
    pub(crate) installation: Installation,
    pub(crate) lines: Lines,
    pub(crate) time_stamping: Option<TimeStamping>,
    pub(crate) live: Arc<Live>,
    pub(crate) body_memory: BodyMemory,
    pub(crate) guard: Arc<Guard>,
    pub(crate) figures: Vec<Arc<dyn Source>>,
    pub(crate) probes: Vec<Arc<dyn Probe>>,
    /// What is counted of each route, once there is a table of them.
    pub(crate) routes: OnceLock<Vec<Arc<RouteFigures>>>,
}

impl App {
    /// Puts the parts together and starts the live feed's one task on the current runtime.
    pub fn start(parts: Parts) -> Arc<Self> {
        let Parts {
            store,
            sealer,
            time_stamping,
            notary,
            ledger,
            follower,
            authority,
            clock,
            figures,
            probes,
            entropy,
            accounts,
            jobs,
            facts,
            notices,
            desk,
            registry,
            vault,
            feeds,
            upstream,
            installation,
            settings,
        } = parts;
        let guard = Guard::new(Arc::clone(&authority), settings, &*entropy);
        let live = Live::start(&follower, &ledger, &authority, &guard);
        Arc::new(Self {
            figures,
            probes,
            routes: OnceLock::new(),
            store,
            sealer,
            time_stamping,
            started: clock.now(),
            lines: Lines::default(),
            live,
            body_memory: BodyMemory::new(guard.settings.body_memory_bytes_max),
            guard,
            notary,
            ledger,
            follower,
            authority,
            clock,
            entropy,
            accounts,
            jobs,
            facts,
            notices,
            desk,
            registry,
            vault,
            feeds,
            upstream,
            running: Arc::default(),
            source_figures: Arc::default(),
            installation,
        })
    }

    /// Limits, times and rates.
    pub fn settings(&self) -> &WebSettings {
        &self.guard.settings
    }

    /// A whole address of ours, for somebody who gets it by another way than from us.
    pub(crate) fn link(&self, path: &str) -> String {
        let public = self.accounts.settings().public_url.as_str();
        format!("{}{path}", public.trim_end_matches('/'))
    }

    /// Tells everyone who waits or listens that the server stops: they are answered now.
    pub fn close(&self) {
        self.guard.close();
    }
}

/// Whose request it is; the edge puts it into every request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub address: IpAddr,
    /// Not limited.
    pub exempt: bool,
    /// It came over TLS, as far as we or a trusted proxy know.
    pub secure: bool,
    /// The request's id, as it stands in the log.
    pub id: HeaderValue,
}

impl Caller {
    /// Counts `count` timestamps against the caller's allowance.
    pub(crate) fn take_timestamps(
        &self,
        app: &App,
        count: usize,
    ) -> Result<Option<Left>, ApiError> {
        self.take(&app.guard.timestamps, count)
    }

    /// Counts one request.
    pub(crate) fn take_request(&self, guard: &Guard) -> Result<Option<Left>, ApiError> {
        self.take(&guard.requests, 1)
    }

    /// Somebody, as the trail writes them down.
    pub(crate) fn actor(&self, who: Who) -> Actor {
        Actor {
            who,
            address: Some(self.address),
            request: self.id.to_str().ok().map(str::to_owned),
        }
    }

    fn take(&self, limiter: &Limiter, cost: usize) -> Result<Option<Left>, ApiError> {
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
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| ApiError::plain(Kind::Internal))
    }
}
