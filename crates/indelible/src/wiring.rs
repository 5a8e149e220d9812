//! From settings to parts: which store, which bus, whose keys.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use base::{Bus, Clock, Entropy, InProcessBus, SystemClock};
use egress::sntp::TimeServer;
use jobs::JOBS_TOPIC;
use stamp::timekeeping::{CheckedClock, TimeSource, Timekeeper};
use stamp::{ALERT_TOPIC, LIVE_TOPIC, Signer, Store};
use store_postgres::{PostgresBus, PostgresStore};
use store_sqlite::SqliteStore;
use web::TimeStamping;

use crate::config::{Config, StoreUrl};
use crate::home::{Home, TsaFiles};
use crate::outgoing::TimeBySntp;

/// What processes tell each other.
static TOPICS: [&str; 5] = [
    LIVE_TOPIC,
    ALERT_TOPIC,
    JOBS_TOPIC,
    accounts::TOPIC,
    intel::sources::TOPIC,
];

/// The store, and the bus that reaches every process that shares it.
pub(crate) struct Backend {
    pub(crate) store: Arc<dyn Store>,
    /// The same database, as background work sees it.
    pub(crate) jobs: Arc<dyn jobs::Store>,
    /// The same database, as the facts see it.
    pub(crate) facts: Arc<dyn facts::Store>,
    /// The same database, as words sent to people see it.
    pub(crate) notices: Arc<dyn notify::Store>,
    /// The same database, as accounts see it.
    pub(crate) accounts: Arc<dyn accounts::Store>,
    /// The same database, as lookups see it.
    pub(crate) lookups: Arc<dyn intel::lookups::Store>,
    /// The same database, as the catalogue of sources sees it.
    pub(crate) sources: Arc<dyn intel::sources::Store>,
    /// The same database, as feeds see it.
    pub(crate) feeds: Arc<dyn intel::feeds::Store>,
    pub(crate) bus: Arc<dyn Bus>,
    /// In words, without a password.
    pub(crate) name: String,
}

impl Backend {
    /// One database behind all its doors.
    fn of<S>(store: S, bus: Arc<dyn Bus>, name: String) -> Self
    where
        S: Store
            + jobs::Store
            + facts::Store
            + notify::Store
            + accounts::Store
            + intel::lookups::Store
            + intel::sources::Store
            + intel::feeds::Store
            + 'static,
    {
        let store = Arc::new(store);
        Self {
            store: Arc::clone(&store) as _,
            jobs: Arc::clone(&store) as _,
            facts: Arc::clone(&store) as _,
            notices: Arc::clone(&store) as _,
            accounts: Arc::clone(&store) as _,
            lookups: Arc::clone(&store) as _,
            sources: Arc::clone(&store) as _,
            feeds: store,
            bus,
            name,
        }
    }
}

/// Opens the store that the settings name, and brings its tables up to date.
pub(crate) async fn open(config: &Config, home: &Home) -> anyhow::Result<Backend> {
    match &config.store.url {
        StoreUrl::Sqlite => {
            let store = SqliteStore::open(home.dir())?;
            let bus = Arc::new(InProcessBus::default());
            Ok(Backend::of(store, bus, "SQLite".into()))
        }
        StoreUrl::Postgres(url) => {
            let mut url = url.clone();
            let name = format!(
                "PostgreSQL at {}{}",
                url.host_str().unwrap_or("a local socket"),
                url.path()
            );
            if let Some(path) = &config.store.password_file {
                let password = std::fs::read_to_string(path)
                    .with_context(|| format!("[store] password_file: {}", path.display()))?;
                if url
                    .set_password(Some(password.trim_end_matches('\n')))
                    .is_err()
                {
                    bail!("[store] url has no place for a password");
                }
            }
            let store = PostgresStore::open(url.as_str())
                .await
                .with_context(|| name.clone())?;
            let bus = PostgresBus::start(&store, &TOPICS)
                .await
                .with_context(|| name.clone())?;
            Ok(Backend::of(store, Arc::new(bus), name))
        }
    }
}

/// The machine's clock, which knows what the time servers say of it, and who asks them; no server
/// named, nobody asked.
pub(crate) fn clock(
    config: &Config,
    entropy: &Arc<dyn Entropy>,
    bus: &Arc<dyn Bus>,
) -> (Arc<CheckedClock>, Option<Timekeeper>) {
    let clock = CheckedClock::new(Arc::new(SystemClock));
    let source = |server: &TimeServer| {
        Arc::new(TimeBySntp {
            server: server.clone(),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::clone(entropy),
        }) as Arc<dyn TimeSource>
    };
    let sources: Vec<_> = config.log.time_servers.iter().map(source).collect();
    let keeper = (!sources.is_empty()).then(|| {
        let tolerance = config.log.clock_tolerance.0;
        Timekeeper::new(Arc::clone(&clock), Arc::clone(bus), sources, tolerance)
    });
    (clock, keeper)
}

/// The log's name: what the store remembers, else what is set, else `place`, where it is served. A
/// name is for ever, so another one that is set is refused.
pub(crate) async fn authority(
    config: &Config,
    store: &dyn Store,
    place: &str,
) -> anyhow::Result<String> {
    let wanted = config.log.authority.as_deref();
    let claimed = store.claim_authority(wanted.unwrap_or(place)).await?;
    if let Some(wanted) = wanted
        && wanted != claimed
    {
        bail!(
            "[log] authority is {wanted}, but this log has been named {claimed} since its first \
             start, and the name stands in every proof. Take the setting away, or begin another log \
             with another data folder or database"
        );
    }
    Ok(claimed)
}

/// The keys that sign this log; the first is made for a log that has none.
pub(crate) async fn signer(
    home: &Home,
    store: &dyn Store,
    authority: &str,
    entropy: &dyn Entropy,
) -> anyhow::Result<Signer> {
    let mut ours = home.log_keys(authority)?;
    let known = store.log_keys().await?;
    if ours.is_empty() && known.is_empty() {
        ours.push(home.add_log_key(authority, entropy)?);
    }
    let is_known = |vkey: String| known.iter().any(|key| key.vkey == vkey);
    if !known.is_empty() && !ours.iter().any(|key| is_known(key.public().to_string())) {
        let last = known.last().map_or("", |key| key.vkey.as_str());
        bail!(
            "the log {authority} is signed with {last}, and {} holds no key of it. Copy the folder \
             from the machine that sealed it until now, or let this process play only the role web \
             (--roles web)",
            home.keys().display()
        );
    }
    let mut ours = ours.into_iter();
    let newest = ours.next().context("a key was just made")?;
    Ok(Signer::new(newest, ours.collect())?)
}

/// The RFC 3161 authority: of the files that are set, else of those made at first start.
pub(crate) fn time_stamping(
    config: &Config,
    home: &Home,
    authority: &str,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> anyhow::Result<TimeStamping> {
    let files = match (&config.tsa.key_file, &config.tsa.certificate_file) {
        (Some(key), Some(certificates)) => {
            let read = |path: &Path| {
                std::fs::read_to_string(path).with_context(|| path.display().to_string())
            };
            let (chain, ca) = split_chain(&read(certificates)?);
            let key = read(key)?;
            TsaFiles { key, chain, ca }
        }
        _ => home.tsa(authority, clock.now(), entropy)?,
    };
    let whole = if files.chain == files.ca {
        files.chain.clone()
    } else {
        format!("{}{}", files.chain, files.ca)
    };
    let mut signer =
        tsa::Authority::from_pem(&files.key, &whole).context("the time-stamp authority")?;
    if let Some(policy) = &config.tsa.policy {
        signer = signer.with_policy(policy.clone());
    }
    let micros = u32::try_from(config.tsa.accuracy.0.as_micros())
        .context("[tsa] accuracy must be at most 1h")?;
    Ok(TimeStamping {
        authority: signer.with_accuracy(tsa::Accuracy { micros }),
        ca_pem: files.ca,
        chain_pem: files.chain,
    })
}

/// A file of certificates, signer first, as what clients get and what they trust: the last. One
/// alone is both.
fn split_chain(pem: &str) -> (String, String) {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    match (pem.find(BEGIN), pem.rfind(BEGIN)) {
        (Some(first), Some(last)) if first < last => (pem[..last].into(), pem[last..].into()),
        _ => (pem.into(), pem.into()),
    }
}
