//! The app on a throw-away SQLite store, with a clock that stands still until it is turned and a
//! sealer that seals when it is told to.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use accounts::{Accounts, Email, Letter, OidcRequest, OidcResponse};
use axum::body::Body;
use base::{Clock, Entropy, InProcessBus, Unavailable, UnixMicros};
use bytes::Bytes;
use facts::Facts;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use jobs::Jobs;
use serde_json::Value;
use stamp::{Follower, Interval, Ledger, Notary, Sealer, Settings, Signer, Store};
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tlog::SigningKey;
use tsa::Authority;
use web::{App, Installation, Parts, SealerHealth, TimeStamping, Web, WebSettings};

use crate::desk::world::{World, world};

pub(crate) const AUTHORITY: &str = "log.test";
pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// 2026-01-01T00:00:00Z.
const START_US: i64 = 1_767_225_600_000_000;

pub(crate) struct StillClock(pub AtomicI64);

impl Clock for StillClock {
    fn now(&self) -> UnixMicros {
        UnixMicros(self.0.load(Ordering::SeqCst))
    }
}

/// The same numbers in every run.
pub(crate) struct Counted(pub AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(7, Ordering::SeqCst).to_le_bytes()[0];
        }
    }
}

/// Other numbers each time, and the same in every run: secrets must differ.
struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::SeqCst);
            let block = <sha2::Sha256 as sha2::Digest>::digest(count.to_le_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

pub(crate) struct TestApp {
    pub app: Arc<App>,
    pub web: Arc<Web>,
    pub follower: Arc<Follower>,
    pub accounts: Arc<Accounts>,
    pub jobs: Arc<Jobs>,
    pub facts: Arc<Facts>,
    pub letters: Arc<Letters>,
    pub desk: Arc<intel::Desk>,
    pub world: Arc<World>,
    pub sqlite: Arc<SqliteStore>,
    clock: Arc<StillClock>,
    sealer: tokio::sync::Mutex<Sealer>,
    _folder: TempDir,
}

/// An answer with its body read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The name of the problem, its status and the field at fault.
    pub(crate) fn problem(&self) -> (u16, String, Option<String>) {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        let document = self.json();
        assert_eq!(document["status"], self.status.as_u16());
        assert!(document["title"].is_string() && document["detail"].is_string());
        assert_eq!(document["instance"], self.header("x-request-id"));
        let name = document["type"].as_str().unwrap();
        let name = name.strip_prefix("/problems/").unwrap().to_owned();
        let field = document["field"].as_str().map(str::to_owned);
        (self.status.as_u16(), name, field)
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(WebSettings::default(), Duration::from_millis(300)).await
    }

    #[expect(clippy::too_many_lines, reason = "every part once")]
    pub(crate) async fn with(web_settings: WebSettings, wait_max: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let store: Arc<dyn Store> = Arc::clone(&sqlite) as _;
        let settings = Settings {
            authority: AUTHORITY.to_owned(),
            wait_max,
            ..Settings::default()
        };
        let clock = Arc::new(StillClock(AtomicI64::new(START_US)));
        let entropy: Arc<dyn Entropy> = Arc::new(Counted(AtomicU64::new(1)));
        let bus = Arc::new(InProcessBus::default());
        let key = SigningKey::from_seed("log.test/log", &[7; 32]).unwrap();
        let signer = Signer::new(key, Vec::new()).unwrap();
        let sealer = Sealer::new(
            Arc::clone(&store),
            Arc::clone(&bus) as _,
            Arc::clone(&clock) as _,
            signer,
            &settings,
        );
        let follower = Follower::start(Arc::clone(&store), &*bus, &settings)
            .await
            .unwrap();
        let notary = Notary::start(
            Arc::clone(&store),
            Arc::clone(&follower),
            Arc::clone(&clock) as _,
            Arc::clone(&entropy),
            &settings,
        );
        let ledger = Arc::new(Ledger::new(Arc::clone(&store)));
        let jobs = Jobs::start(
            Arc::clone(&sqlite) as _,
            Arc::clone(&bus) as _,
            Arc::clone(&clock) as _,
            Arc::clone(&entropy),
            jobs::Settings::default(),
        );
        let facts = Arc::new(Facts::new(
            Arc::clone(&sqlite) as _,
            Arc::clone(&notary),
            Arc::clone(&ledger),
            Arc::clone(&clock) as _,
        ));
        let letters = Arc::new(Letters::default());
        let accounts = Arc::new(Accounts::new(accounts::Parts {
            store: Arc::clone(&sqlite) as _,
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(Seeded(AtomicU64::new(1))),
            bus: Arc::clone(&bus) as _,
            outbox: Arc::clone(&letters) as _,
            oidc_http: Arc::new(Nobody),
            sealing_key: accounts::SealingKey::new(&[9; 32]),
            wake: Box::new(|| {}),
            settings: account_settings(),
        }));
        let world = world();
        let intel = intel_of(&sqlite, &bus, &clock, &world).await;
        let desk = Arc::clone(&intel.desk);
        let transports = notify::Transports::default();
        let notices = Arc::new(notify::Notices::new(Arc::clone(&sqlite) as _, transports));
        let app = App::start(Parts {
            time_stamping: Some(time_stamping()),
            sealer: Some(SealerHealth {
                health: sealer.health(),
                heartbeat: settings.heartbeat,
            }),
            ledger,
            store,
            accounts: Arc::clone(&accounts),
            jobs: Arc::clone(&jobs),
            facts: Arc::clone(&facts),
            notices,
            desk: intel.desk,
            registry: intel.registry,
            vault: intel.vault,
            feeds: intel.feeds,
            upstream: Arc::clone(&world) as _,
            installation: installation(),
            notary,
            follower: Arc::clone(&follower),
            authority: AUTHORITY.into(),
            clock: Arc::clone(&clock) as _,
            figures: Vec::new(),
            probes: Vec::new(),
            entropy,
            settings: web_settings,
        });
        Self {
            web: Web::new(Arc::clone(&app)),
            app,
            follower,
            accounts,
            jobs,
            facts,
            letters,
            desk,
            world,
            sqlite,
            clock,
            sealer: tokio::sync::Mutex::new(sealer),
            _folder: folder,
        }
    }

    /// Turns the clock.
    pub(crate) fn pass(&self, time: Duration) {
        let us = i64::try_from(time.as_micros()).unwrap();
        self.clock.0.fetch_add(us, Ordering::SeqCst);
    }

    /// The present moment, in seconds since 1970.
    pub(crate) fn now_s(&self) -> u64 {
        u64::try_from(self.clock.now().0 / 1_000_000).unwrap()
    }

    /// Seals what waits, or a heartbeat, and waits until everybody knows.
    pub(crate) async fn seal(&self) -> Interval {
        self.pass(Duration::from_mins(2));
        let mut announced = self.follower.subscribe();
        let sealed = self.sealer.lock().await.seal_once().await.unwrap().unwrap();
        while announced.recv().await.unwrap().interval != Some(sealed) {}
        sealed
    }

    pub(crate) async fn seal_many(&self, count: usize) {
        for _ in 0..count {
            self.seal().await;
        }
    }

    /// Adds the cosignature of `witness.test` to the head of `size`.
    pub(crate) async fn cosign(&self, size: u64) {
        let key = tlog::CosigningKey::from_seed("witness.test", &[8; 32]).unwrap();
        let checkpoint = self
            .app
            .store
            .checkpoint_up_to(size)
            .await
            .unwrap()
            .unwrap();
        let note = tlog::SignedNote::parse(checkpoint.note.as_bytes()).unwrap();
        let line = key.cosign(&note.text, 1_767_225_600).to_string();
        let cosignature = stamp::Cosignature {
            witness: "witness.test".to_owned(),
            line: line.trim_end().to_owned(),
        };
        let added = self.app.store.add_cosignature(size, cosignature);
        added.await.unwrap();
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        self.ask_from(HERE, request).await
    }

    pub(crate) async fn ask_from(&self, peer: IpAddr, request: Request<Body>) -> Answer {
        let (head, body) = self.web.answer(peer, request).await.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(request(Method::GET, path, &[], "")).await
    }

    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.ask(request(Method::GET, path, &[("accept", accept)], ""))
            .await
    }

    pub(crate) async fn post(&self, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        self.ask(request(Method::POST, path, &[("content-type", kind)], body))
            .await
    }

    /// Stamps, answers the id.
    pub(crate) async fn stamp(&self, data: &str) -> String {
        let body = serde_json::json!({ "data": data }).to_string();
        let answer = self.post("/api/v1/ts/", "application/json", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

/// The desk and what it is made of.
struct Intel {
    registry: Arc<intel::Registry>,
    vault: Arc<intel::Vault>,
    feeds: Arc<intel::feeds::Feeds>,
    desk: Arc<intel::Desk>,
}

/// Sources that these tests know; the product ships more.
const SOURCES: [&str; 4] = ["abuseipdb", "crtsh", "internetdb", "urlhaus"];

async fn intel_of(
    sqlite: &Arc<SqliteStore>,
    bus: &Arc<InProcessBus>,
    clock: &Arc<StillClock>,
    world: &Arc<World>,
) -> Intel {
    let entropy: Arc<dyn Entropy> = Arc::new(Seeded(AtomicU64::new(7)));
    let mut shipped = intel::sources::shipped();
    shipped.retain(|source| SOURCES.contains(&source.slug.as_str()));
    let registry = intel::Registry::open(intel::sources::Parts {
        store: Arc::clone(sqlite) as _,
        maker: Arc::new(intel::sources::OwnMaker { feeds: None }),
        shipped,
        lists: intel::lists::built_in_lists(),
        configured: std::collections::BTreeMap::new(),
        clock: Arc::clone(clock) as _,
        entropy: Arc::clone(&entropy),
        bus: Arc::clone(bus) as _,
        wake: Box::new(|| {}),
    })
    .await
    .unwrap();
    let vault = intel::Vault::open(Arc::clone(&registry), Box::new(|| vec![[7; 32]]));
    let vault = Arc::new(vault.await.unwrap());
    let feeds = Arc::new(intel::feeds::Feeds::new(intel::feeds::Parts {
        store: Arc::clone(sqlite) as _,
        upstream: Arc::clone(world) as _,
        clock: Arc::clone(clock) as _,
        entropy: Arc::clone(&entropy),
        ways: Arc::new(intel::feeds::ByRegistry {
            registry: Arc::clone(&registry),
            vault: Arc::clone(&vault),
        }),
        ring: Arc::new(|| {}),
    }));
    let desk = Arc::new(intel::Desk::new(intel::desk::Parts {
        store: Arc::clone(sqlite) as _,
        registry: Arc::clone(&registry),
        vault: Arc::clone(&vault),
        upstream: Arc::clone(world) as _,
        cache: Arc::new(intel::desk::MemoryCache::new(1 << 20)),
        tell: Arc::new(Silent),
        clock: Arc::clone(clock) as _,
        entropy,
        wake: Box::new(|| {}),
        settings: intel::desk::Settings::default(),
    }));
    Intel {
        registry,
        vault,
        feeds,
        desk,
    }
}

/// Nobody is told of changes here.
struct Silent;

#[async_trait::async_trait]
impl intel::desk::Tell for Silent {
    async fn indicator_changed(
        &self,
        _: &intel::desk::IndicatorChanged,
    ) -> Result<(), Unavailable> {
        Ok(())
    }
}

/// Letters as they were handed in: to whom, and what.
#[derive(Default)]
pub(crate) struct Letters(parking_lot::Mutex<Vec<(String, Letter)>>);

impl Letters {
    /// The newest one to this address.
    pub(crate) fn newest(&self, to: &str) -> Letter {
        let letters = self.0.lock();
        let found = letters.iter().rev().find(|(address, _)| address == to);
        found.map(|(_, letter)| letter.clone()).expect("a letter")
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().len()
    }
}

#[async_trait::async_trait]
impl accounts::Outbox for Letters {
    async fn send(
        &self,
        to: &Email,
        _: &str,
        letter: Letter,
        _: Option<UnixMicros>,
    ) -> Result<(), Unavailable> {
        self.0.lock().push((to.to_string(), letter));
        Ok(())
    }
}

/// No provider is asked here.
struct Nobody;

#[async_trait::async_trait]
impl accounts::OidcHttp for Nobody {
    async fn send(&self, _: OidcRequest) -> Result<OidcResponse, Unavailable> {
        Err(Unavailable::new("the provider", "there is none"))
    }
}

/// Where browsers reach the product in these tests.
pub(crate) const PUBLIC: &str = "http://localhost:8080";

fn account_settings() -> accounts::Settings {
    accounts::Settings {
        // The cheapest that Argon2id allows: its strength is not what is tested here.
        hash_cost: accounts::HashCost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        },
        sign_up: accounts::SignUp::Open,
        ..accounts::Settings::at(PUBLIC.parse().unwrap())
    }
}

fn installation() -> Installation {
    Installation {
        version: "0.1.0-test".to_owned(),
        settings: vec![web::Setting {
            id: "store.password_file".to_owned(),
            value: "***".to_owned(),
            origin: "environment".to_owned(),
            about: "The password".to_owned(),
        }],
        keys: Vec::new(),
        measure: Box::new(|| web::Measured {
            memory_bytes: Some(50_000_000),
            stored: vec![("log.db".to_owned(), 1_250_000)],
        }),
    }
}

/// An authority whose certificates hold at the clock's start.
fn time_stamping() -> TimeStamping {
    let start_s = START_US / 1_000_000;
    let made = tsa::generate("log.test", start_s, &mut |bytes| bytes.fill(7)).unwrap();
    TimeStamping {
        authority: Authority::from_pem(&made.tsa_key_pem, &made.tsa_certificate_pem).unwrap(),
        ca_pem: made.ca_certificate_pem,
        chain_pem: made.tsa_certificate_pem,
    }
}

pub(crate) fn request(
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}
