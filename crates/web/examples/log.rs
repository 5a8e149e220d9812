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
use web::{App, Parts, SealerHealth, Web, WebSettings, serve};

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
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(Path::new(&folder)).unwrap());
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
    let app = App::start(Parts {
        notary: Notary::start(
            Arc::clone(&store),
            Arc::clone(&follower),
            Arc::clone(&clock),
            Arc::clone(&entropy),
            &settings,
        ),
        ledger: Arc::new(Ledger::new(Arc::clone(&store))),
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
