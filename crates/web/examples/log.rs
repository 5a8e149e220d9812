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
    let app = App::start(Parts {
        notary,
        ledger,
        accounts,
        jobs,
        facts,
        notices,
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

/// Nobody writes letters here, and no provider is asked.
struct Nowhere;

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
