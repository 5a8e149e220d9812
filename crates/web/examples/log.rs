//! A whole log over HTTP in one file: `cargo run --example log -- DIR 127.0.0.1:8080`.
//!
//! What the real binary does besides: settings, keys that outlive the process, witnesses, tokens.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "an example that cannot go on stops"
)]

use std::path::Path;
use std::sync::Arc;

use base::{Clock, Entropy, InProcessBus, SystemClock, SystemEntropy};
use intel::upstream::{
    DnsQuestion, DnsRecord, Reply, Upstream, UpstreamError, UpstreamTrouble, Way,
};
use stamp::{Follower, Ledger, Notary, Sealer, Settings, Signer, Store};
use store_sqlite::SqliteStore;
use tlog::SigningKey;
use web::{App, Installation, Measured, Parts, SealerHealth, Web, WebSettings, serve};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "data".to_owned());
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let authority = format!("http://{}", listener.local_addr().unwrap());
    let settings = Settings {
        authority: authority.clone(),
        ..Settings::default()
    };

    std::fs::create_dir_all(&folder).unwrap();
    let sqlite = Arc::new(SqliteStore::open(Path::new(&folder)).unwrap());
    let store: Arc<dyn Store> = Arc::clone(&sqlite) as _;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let bus = Arc::new(InProcessBus::default());
    let mut seed = [0; 32];
    entropy.fill(&mut seed);
    let key = SigningKey::from_seed("log.example/log", &seed).unwrap();
    let sealer = Sealer::new(
        Arc::clone(&store),
        Arc::clone(&bus) as _,
        Arc::clone(&clock),
        Signer::new(key, Vec::new()).unwrap(),
        &settings,
    );
    let follower = Follower::start(Arc::clone(&store), &*bus, &settings)
        .await
        .unwrap();
    let notary = Notary::start(
        Arc::clone(&store),
        Arc::clone(&follower),
        Arc::clone(&clock),
        Arc::clone(&entropy),
        &settings,
    );
    let ledger = Arc::new(Ledger::new(Arc::clone(&store)));
    let jobs = jobs::Jobs::start(
        Arc::clone(&sqlite) as _,
        Arc::clone(&bus) as _,
        Arc::clone(&clock),
        Arc::clone(&entropy),
        jobs::Settings::default(),
    );
    let facts = Arc::new(facts::Facts::new(
        Arc::clone(&sqlite) as _,
        Arc::clone(&notary),
        Arc::clone(&ledger),
        Arc::clone(&clock),
    ));
    let accounts = Arc::new(accounts::Accounts::new(accounts::Parts {
        store: Arc::clone(&sqlite) as _,
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        bus: Arc::clone(&bus) as _,
        outbox: Arc::new(Nowhere),
        oidc_http: Arc::new(Nowhere),
        sealing_key: accounts::SealingKey::new(&[0; 32]),
        wake: Box::new(|| {}),
        settings: accounts::Settings::at(authority.parse().unwrap()),
    }));
    let transports = notify::Transports::default();
    let notices = Arc::new(notify::Notices::new(Arc::clone(&sqlite) as _, transports));
    let intel = desk(&sqlite, &bus, &clock, &entropy).await;
    let app = App::start(Parts {
        notary,
        ledger,
        accounts,
        jobs,
        facts,
        notices,
        desk: intel.desk,
        registry: intel.registry,
        vault: intel.vault,
        feeds: intel.feeds,
        upstream: Arc::new(Nowhere),
        installation: Installation {
            version: "example".to_owned(),
            settings: Vec::new(),
            keys: Vec::new(),
            measure: Box::new(Measured::default),
        },
        time_stamping: None,
        sealer: Some(SealerHealth {
            health: sealer.health(),
            heartbeat: settings.heartbeat,
        }),
        store,
        follower,
        authority: authority.as_str().into(),
        clock,
        figures: Vec::new(),
        probes: Vec::new(),
        entropy,
        settings: WebSettings::default(),
    });
    tokio::spawn(sealer.run(std::future::pending()));
    println!("{authority}");
    serve(listener, Web::new(app), std::future::pending())
        .await
        .unwrap();
}

struct Intel {
    registry: Arc<intel::Registry>,
    vault: Arc<intel::Vault>,
    feeds: Arc<intel::feeds::Feeds>,
    desk: Arc<intel::Desk>,
}

/// A desk without sources.
async fn desk(
    sqlite: &Arc<SqliteStore>,
    bus: &Arc<InProcessBus>,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Intel {
    let registry = intel::Registry::open(intel::sources::Parts {
        store: Arc::clone(sqlite) as _,
        maker: Arc::new(intel::sources::OwnMaker { feeds: None }),
        shipped: Vec::new(),
        lists: intel::lists::built_in_lists(),
        configured: std::collections::BTreeMap::new(),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        bus: Arc::clone(bus) as _,
        wake: Box::new(|| {}),
    });
    let registry = registry.await.unwrap();
    let vault = intel::Vault::open(Arc::clone(&registry), Box::new(|| vec![[0; 32]]));
    let vault = Arc::new(vault.await.unwrap());
    let feeds = intel::feeds::Feeds::new(intel::feeds::Parts {
        store: Arc::clone(sqlite) as _,
        upstream: Arc::new(Nowhere),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        ways: Arc::new(intel::feeds::ByRegistry {
            registry: Arc::clone(&registry),
            vault: Arc::clone(&vault),
        }),
        ring: Arc::new(|| {}),
    });
    let desk = intel::Desk::new(intel::desk::Parts {
        store: Arc::clone(sqlite) as _,
        registry: Arc::clone(&registry),
        vault: Arc::clone(&vault),
        upstream: Arc::new(Nowhere),
        cache: Arc::new(intel::desk::MemoryCache::new(1 << 20)),
        tell: Arc::new(Nowhere),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        wake: Box::new(|| {}),
        settings: intel::desk::Settings::default(),
    });
    Intel {
        registry,
        vault,
        feeds: Arc::new(feeds),
        desk: Arc::new(desk),
    }
}

/// Nobody writes letters here, and nobody outside is asked.
struct Nowhere;

#[async_trait::async_trait]
impl intel::desk::Tell for Nowhere {
    async fn indicator_changed(
        &self,
        _: &intel::desk::IndicatorChanged,
    ) -> Result<(), base::Unavailable> {
        Ok(())
    }
}

/// What nobody answers.
fn nobody<T>() -> Result<T, UpstreamError> {
    let why = UpstreamTrouble::Refused("nobody is asked here".to_owned());
    Err(UpstreamError {
        why,
        trace: Vec::new(),
    })
}

#[async_trait::async_trait]
impl Upstream for Nowhere {
    async fn http(&self, _: &Way, _: intel::declared::Ask) -> Result<Reply, UpstreamError> {
        nobody()
    }

    async fn dns(&self, _: &Way, _: DnsQuestion) -> Result<Vec<DnsRecord>, UpstreamError> {
        nobody()
    }

    async fn whois(&self, _: &Way, _: &str, _: &str) -> Result<String, UpstreamError> {
        nobody()
    }
}

#[async_trait::async_trait]
impl accounts::Outbox for Nowhere {
    async fn send(
        &self,
        _: &accounts::Email,
        _: &str,
        _: accounts::Letter,
        _: Option<base::UnixMicros>,
    ) -> Result<(), base::Unavailable> {
        Ok(())
    }
}

#[async_trait::async_trait]
impl accounts::OidcHttp for Nowhere {
    async fn send(
        &self,
        _: accounts::OidcRequest,
    ) -> Result<accounts::OidcResponse, base::Unavailable> {
        Err(base::Unavailable::new("the provider", "there is none"))
    }
}
