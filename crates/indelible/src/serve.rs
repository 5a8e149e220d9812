//! `indelible serve`: the whole product in one process, or the parts of it that `--roles` names.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use base::{Clock, Entropy, SystemEntropy};
use facts::Facts;
use notify::Notices;
use serde::{Deserialize, Serialize};
use stamp::timekeeping::Timekeeper;
use stamp::witnesses::{WitnessConfig, Witnesses};
use stamp::{Follower, Ledger, Notary, Sealer, Store, retention};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use web::{App, Parts, SealerHealth, Web, WebSettings};

use crate::config::{Config, Loaded, Role};
use crate::desk::{ByMail, Intel};
use crate::home::Home;
use crate::outgoing::WitnessesByHttp;
use crate::wiring::Backend;
use crate::{background, carriers, figures, probes, rooms, signals, trace, wiring};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;

/// The exit code of whoever stopped at the second signal, as a shell has it for SIGINT.
const STOPPED_AT_ONCE: i32 = 130;
/// What is said of a part that ended by a mistake of ours.
const BROKE_OFF: &str = "a part of the server broke off";

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(loaded: &Loaded) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let telling = {
        let _on_it = runtime.enter();
        trace::start(&loaded.config)?
    };
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let served = runtime.block_on(serve(loaded));
    telling.finish();
    served?;
    Ok(ExitCode::SUCCESS)
}

#[expect(
    clippy::too_many_lines,
    reason = "every part once, in the order in which they are started"
)]
async fn serve(loaded: &Loaded) -> anyhow::Result<()> {
    let config = &loaded.config;
    let door = if config.plays(Role::Web) {
        Some(Door::claim(config.web.listen, &Home::at(&config.data))?)
    } else {
        None
    };
    let home = Home::make(&config.data)?;
    let backend = wiring::open(config, &home).await?;
    let store = Arc::clone(&backend.store);
    let address = door.as_ref().map_or(config.web.listen, |door| door.address);
    let authority = wiring::authority(config, &*store, &place(config, address)).await?;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let (clock, timekeeper) = checked_clock(config, &entropy, &backend).await;
    let settings = stamp_settings(config, &authority);

    let stopping = asked_to_stop();
    let stopped = || {
        let mut stopping = stopping.clone();
        async move {
            // An error means that nobody can ask any more: stop as well.
            let _ = stopping.wait_for(|stop| *stop).await;
        }
    };

    let mut tasks = JoinSet::new();
    if let Some(timekeeper) = timekeeper {
        tasks.spawn(timekeeper.run(config.log.time_every.0, stopped()));
    }
    let mut health = None;
    if config.plays(Role::Sealer) {
        let signer = wiring::signer(&home, &*store, &authority, &*entropy).await?;
        let (store, clock) = (Arc::clone(&store), Arc::clone(&clock));
        let bus = Arc::clone(&backend.bus);
        let sealer = Sealer::new(
            Arc::clone(&store),
            bus,
            Arc::clone(&clock),
            signer,
            &settings,
        );
        health = Some(sealer.health());
        tasks.spawn(sealer.run(stopped()));
        let witnesses = witnesses(config, &store)?;
        tasks.spawn(witnesses.run(settings.witness_every, backend.bus.subscribe(), stopped()));
        tasks.spawn(retention::run(store, clock, settings.clone(), stopped()));
    }
    let jobs = background::jobs(config, &backend, &clock, &entropy);
    if config.plays(Role::Scheduler) {
        tasks.spawn(background::scheduler(&jobs).run(stopped()));
    }
    let log = if config.plays(Role::Web) || config.plays(Role::Worker) {
        Some(Log::open(&backend, &clock, &entropy, &settings).await?)
    } else {
        None
    };
    let facts = log
        .as_ref()
        .map(|log| Arc::new(log.facts(&backend, &clock)));
    let transports = carriers::transports(config)?;
    let accounts = rooms::accounts(
        config,
        &home,
        &backend,
        &jobs,
        transports.clone(),
        (&clock, &entropy),
        rooms::public_url(config, address),
    )?;
    let intel = if log.is_some() {
        let url = rooms::public_url(config, address);
        let tell = Arc::new(ByMail {
            outbox: rooms::outbox(
                &backend,
                &jobs,
                transports.clone(),
                (&clock, &entropy),
                &url,
            ),
            accounts: Arc::clone(&accounts),
            clock: Arc::clone(&clock),
            url: rooms::house_url(&url),
        });
        let opened = Intel::open(config, &home, &backend, &jobs, tell, (&clock, &entropy));
        let intel = opened.await?;
        // Others may change a source; the task ends with the process.
        let listening = Arc::clone(&intel.registry);
        tokio::spawn(async move { listening.listen().await });
        Some(intel)
    } else {
        None
    };
    let desk = intel.as_ref().map(|intel| Arc::clone(&intel.desk));
    if let (Some(facts), Some(intel)) = (&facts, &intel)
        && config.plays(Role::Worker)
    {
        let transports = transports.clone();
        let courier = Arc::new(background::courier(&backend, &jobs, transports, &clock));
        let worker = background::worker(&jobs, facts, &courier, &accounts, intel);
        tasks.spawn(worker.run(stopped()));
    }
    if let (Some(door), Some(log), Some(facts), Some(intel)) = (door, log, facts, intel) {
        // Others may change somebody's rights; the task ends with the process.
        let listening = Arc::clone(&accounts);
        tokio::spawn(async move { listening.listen().await });
        let setup = accounts.make_setup_ticket().await?;
        let setup = setup.map(|secret| {
            let base = accounts.settings().public_url.as_str();
            format!("{}/setup/{}", base.trim_end_matches('/'), secret.expose())
        });
        let time_stamping = wiring::time_stamping(config, &home, &authority, &*clock, &*entropy)?;
        let health_figures = health.clone();
        let app = App::start(Parts {
            store: Arc::clone(&store),
            sealer: health.map(|health| SealerHealth {
                health,
                heartbeat: settings.heartbeat,
            }),
            time_stamping: Some(time_stamping),
            notary: log.notary,
            ledger: log.ledger,
            follower: log.follower,
            authority: authority.as_str().into(),
            probes: probes::of(config, &home, &jobs, &clock),
            figures: figures::sources(&backend, &jobs, &intel, health_figures),
            clock,
            entropy,
            accounts,
            jobs,
            facts,
            notices: Arc::new(Notices::new(Arc::clone(&backend.notices), transports)),
            desk: intel.desk,
            registry: intel.registry,
            vault: intel.vault,
            feeds: intel.feeds,
            upstream: intel.upstream,
            installation: rooms::installation(loaded, &home),
            settings: web_settings(config),
        });
        let listener = door.open()?;
        Notice::of(address).leave(&home);
        banner(config, &home, &backend.name, &authority, Some(address));
        invite(setup.as_deref());
        tokio::select! {
            served = web::serve(listener, Web::new(app), stopped()) => served?,
            broken = watch_over(&mut tasks) => return Err(broken),
        }
        Notice::take_away(&home);
    } else {
        banner(config, &home, &backend.name, &authority, None);
        tokio::select! {
            () = stopped() => {}
            broken = watch_over(&mut tasks) => return Err(broken),
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.context(BROKE_OFF)?;
    }
    if let Some(desk) = desk
        && let Err(error) = desk.flush().await
    {
        tracing::warn!(%error, "the last counters of lookups are lost");
    }
    tracing::info!("stopped");
    Ok(())
}

/// The log as submitters and readers see it.
struct Log {
    follower: Arc<Follower>,
    notary: Arc<Notary>,
    ledger: Arc<Ledger>,
}

impl Log {
    async fn open(
        backend: &Backend,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
        settings: &stamp::Settings,
    ) -> anyhow::Result<Self> {
        let store = &backend.store;
        let follower = Follower::start(Arc::clone(store), &*backend.bus, settings).await?;
        let notary = Notary::start(
            Arc::clone(store),
            Arc::clone(&follower),
            Arc::clone(clock),
            Arc::clone(entropy),
            settings,
        );
        Ok(Self {
            follower,
            notary,
            ledger: Arc::new(Ledger::new(Arc::clone(store))),
        })
    }

    /// What other rooms have sealed goes through the same notary.
    fn facts(&self, backend: &Backend, clock: &Arc<dyn Clock>) -> Facts {
        Facts::new(
            Arc::clone(&backend.facts),
            Arc::clone(&self.notary),
            Arc::clone(&self.ledger),
            Arc::clone(clock),
        )
    }
}

/// Where the log is served: the name it takes when it is given none.
fn place(config: &Config, address: SocketAddr) -> String {
    match &config.web.public_url {
        Some(url) => url.authority().to_owned(),
        None => address.to_string(),
    }
}

/// The clock, and who asks the time servers about it. They have been asked once, which takes a few
/// seconds at most: nothing is stamped before.
async fn checked_clock(
    config: &Config,
    entropy: &Arc<dyn Entropy>,
    backend: &Backend,
) -> (Arc<dyn Clock>, Option<Timekeeper>) {
    let (clock, mut timekeeper) = wiring::clock(config, entropy, &backend.bus);
    if let Some(timekeeper) = &mut timekeeper {
        timekeeper.check().await;
    }
    (clock, timekeeper)
}

/// Turns true at the first signal; the second ends the process.
fn asked_to_stop() -> watch::Receiver<bool> {
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        signals::stop().await;
        stop.send_replace(true);
        // Who asks twice does not want to wait for others. Nothing acknowledged is lost by that.
        signals::stop().await;
        std::process::exit(STOPPED_AT_ONCE);
    });
    stopping
}

/// Returns only when a part broke off: better no server than one that seals no more.
async fn watch_over(tasks: &mut JoinSet<()>) -> anyhow::Error {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            return anyhow::Error::new(error).context(BROKE_OFF);
        }
    }
    std::future::pending().await
}

/// Those who are asked to vouch for our heads.
fn witnesses(config: &Config, store: &Arc<dyn Store>) -> anyhow::Result<Witnesses> {
    let asked = config.log.witnesses.iter().map(|witness| WitnessConfig {
        url: witness.url.to_string(),
        key: witness.key.clone(),
    });
    let client = Arc::new(WitnessesByHttp::new()?);
    Ok(Witnesses::new(Arc::clone(store), client, asked.collect()))
}

/// A port that is ours, on which nobody is answered yet.
pub(crate) struct Door {
    socket: TcpSocket,
    address: SocketAddr,
}

impl Door {
    /// Takes the port. `home` is asked who has it already.
    pub(crate) fn claim(address: SocketAddr, home: &Home) -> anyhow::Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        socket.set_reuseaddr(true)?;
        if let Err(error) = socket.bind(address) {
            return Err(match error.kind() {
                std::io::ErrorKind::AddrInUse => match Notice::read(home) {
                    Some(other) if other.is_alive() && other.listen == address => anyhow::anyhow!(
                        "process {} serves {} at http://{address} already",
                        other.process,
                        home.dir().display()
                    ),
                    _ => anyhow::anyhow!(
                        "port {} of {} is in use by another program; choose another with \
                         --web-listen",
                        address.port(),
                        address.ip()
                    ),
                },
                std::io::ErrorKind::PermissionDenied => anyhow::anyhow!(
                    "port {} needs a permission that this user has not; choose one above 1023 with \
                     --web-listen and put a proxy before it",
                    address.port()
                ),
                std::io::ErrorKind::AddrNotAvailable => anyhow::anyhow!(
                    "this machine has no address {}; [web] listen must be one of its own",
                    address.ip()
                ),
                _ => anyhow::Error::new(error).context(format!("cannot listen on {address}")),
            });
        }
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Where it is, with the port that the system chose for port 0.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets callers in.
    pub(crate) fn open(self) -> std::io::Result<TcpListener> {
        self.socket.listen(BACKLOG)
    }
}

/// A note in the data folder about who serves it, for better messages only.
#[derive(Serialize, Deserialize)]
struct Notice {
    process: u32,
    listen: SocketAddr,
}

impl Notice {
    fn of(listen: SocketAddr) -> Self {
        Self {
            process: std::process::id(),
            listen,
        }
    }

    fn path(home: &Home) -> PathBuf {
        home.dir().join("serving.json")
    }

    fn leave(&self, home: &Home) {
        let text = serde_json::to_vec(self).unwrap_or_default();
        // Without the note the messages are only less precise.
        let _ = std::fs::write(Self::path(home), text);
    }

    fn read(home: &Home) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(Self::path(home)).ok()?).ok()
    }

    fn take_away(home: &Home) {
        let _ = std::fs::remove_file(Self::path(home));
    }

    fn is_alive(&self) -> bool {
        PathBuf::from(format!("/proc/{}", self.process)).exists()
    }
}

/// Says how the first account is made, as long as there is none. Printed, never logged.
fn invite(setup: Option<&str>) {
    if let Some(link) = setup {
        let _ = writeln!(
            anstream::stdout(),
            "  set up    {link}\n            opens once, and makes the first account: an administrator"
        );
    }
}

/// Says where to look.
fn banner(
    config: &Config,
    home: &Home,
    store: &str,
    authority: &str,
    listening: Option<SocketAddr>,
) {
    let data = home.dir().canonicalize();
    let data = data.unwrap_or_else(|_| home.dir().to_owned());
    let place = match (listening, &config.web.public_url) {
        (Some(address), None) => format!("http://{}", reachable(address)),
        (Some(address), Some(url)) => format!("{url} (here: http://{})", reachable(address)),
        (None, _) => "no port: this process does not play the role web".into(),
    };
    let keys = home.log_keys(authority).ok();
    let key = keys.as_ref().and_then(|keys| keys.first());
    let key = key.map_or("in the hands of the sealer".into(), |key| {
        key.public().to_string()
    });
    // A supervisor may have closed standard output: then nobody reads it.
    let _ = writeln!(
        anstream::stdout(),
        "Indelible {} serves the log {authority}\n  look at   {place}\n  log key   {key}\n  \
         data      {} ({store})\n  stop      Ctrl-C",
        env!("CARGO_PKG_VERSION"),
        data.display(),
    );
}

/// An address that a browser here can open.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// The log's settings in the words of the feature.
fn stamp_settings(config: &Config, authority: &str) -> stamp::Settings {
    let log = &config.log;
    stamp::Settings {
        authority: authority.to_owned(),
        interval: log.interval.0,
        heartbeat: log.heartbeat.0,
        wait_max: log.wait_max.0,
        retention: log.retention.limit(),
        pool_timestamps_max: log.pool_timestamps_max,
        clock_tolerance: log.clock_tolerance.0,
        witness_every: log.witness_every.0,
        ..stamp::Settings::default()
    }
}

/// The settings of HTTP in the words of `web`.
fn web_settings(config: &Config) -> WebSettings {
    let web = &config.web;
    WebSettings {
        connections_max: usize::try_from(web.connections_max).unwrap_or(usize::MAX),
        connections_per_address_max: web.connections_per_address_max,
        head_timeout: web.head_timeout.0,
        body_timeout: web.body_timeout.0,
        write_timeout: web.write_timeout.0,
        drain_timeout: web.drain_timeout.0,
        live_beat: web.live_beat.0,
        requests_per_s: web.requests_per_s,
        requests_burst: web.requests_burst,
        timestamps_per_s: web.timestamps_per_s,
        timestamps_burst: web.timestamps_burst,
        public_origin: web
            .public_url
            .as_ref()
            .map(|url| url.origin().ascii_serialization()),
        exempt: web.exempt.clone(),
        trusted_proxies: web.trusted_proxies.clone(),
        watchers: config.metrics.allow.clone(),
        clock_tolerance: config.log.clock_tolerance.0,
        ..WebSettings::default()
    }
}
