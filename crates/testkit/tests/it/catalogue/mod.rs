//! The desk's catalogue as those who run it see it: over a real database, with an upstream that
//! answers from a script.

mod lists;
mod notifications;
mod secrets;
mod sources;
mod starting;
mod trying;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use accounts::{AuditId, StoredEntry};
use async_trait::async_trait;
use base::{Actor, InProcessBus, SessionId, UserId, Who};
use bytes::Bytes;
use indicator::{Indicator, Kind, parse};
use intel::declared::{Ask, Fault};
use intel::secrets::{NewSecret, SecretId};
use intel::sources::{ChangeError, Definition, OwnMaker, Parts, Shipped, Store, shipped};
use intel::upstream::{
    DnsQuestion, DnsRecord, Hop, Reply, Upstream, UpstreamError, UpstreamTrouble, Way,
};
use intel::{Configured, Registry, Vault};
use parking_lot::Mutex;
use testkit::{Database, Dialect, SeededEntropy, SimClock};
use url::Url;

/// What is sealed in these tests, and must be found nowhere.
const SECRET: &str = "s3cr3t-of-the-house";

/// An installation.
struct House {
    database: Database,
    clock: Arc<SimClock>,
    bus: Arc<InProcessBus>,
    /// The key files.
    keys: Arc<Mutex<Vec<[u8; 32]>>>,
}

impl House {
    async fn new() -> Self {
        Self {
            database: Database::new(Dialect::Sqlite).await,
            clock: Arc::new(SimClock::default()),
            bus: Arc::new(InProcessBus::default()),
            keys: Arc::new(Mutex::new(vec![[1; 32]])),
        }
    }

    /// A process over it that ships what the product ships.
    async fn start(&self) -> Arc<Registry> {
        self.start_with(shipped(), &[]).await
    }

    /// A process that ships these, and whose settings file moves upstreams.
    async fn start_with(&self, shipped: Vec<Shipped>, moved: &[(&str, &str)]) -> Arc<Registry> {
        let moved = moved.iter().map(|(slug, url)| {
            let url: Url = url.parse().unwrap();
            ((*slug).to_owned(), url)
        });
        let parts = Parts {
            store: self.store().await,
            maker: Arc::new(OwnMaker::default()),
            shipped,
            lists: intel::lists::built_in_lists(),
            configured: moved.collect::<BTreeMap<_, _>>(),
            clock: Arc::clone(&self.clock) as _,
            entropy: Arc::new(SeededEntropy::new(3)),
            bus: Arc::clone(&self.bus) as _,
            wake: Box::new(|| ()),
        };
        Registry::open(parts).await.unwrap()
    }

    async fn store(&self) -> Arc<dyn Store> {
        self.database.open_catalogue().await
    }

    async fn vault(&self, registry: &Arc<Registry>) -> Vault {
        let keys = Arc::clone(&self.keys);
        let read = Box::new(move || keys.lock().clone());
        Vault::open(Arc::clone(registry), read).await.unwrap()
    }

    /// The trail, the oldest entry first.
    async fn trail(&self) -> Vec<StoredEntry> {
        let accounts = self.database.open_all().await.accounts;
        accounts.walk_audit(AuditId(0), 1_000).await.unwrap()
    }

    /// The acts of the trail.
    async fn acts(&self) -> Vec<String> {
        let trail = self.trail().await.into_iter();
        trail.map(|entry| entry.act).collect()
    }
}

/// Who acts in these tests.
fn admin() -> &'static Actor {
    static ADMIN: LazyLock<Actor> = LazyLock::new(|| Actor {
        who: Who::Person(UserId(1), SessionId(1)),
        address: Some("192.0.2.7".parse().unwrap()),
        request: Some("r-1".to_owned()),
    });
    &ADMIN
}

fn one(kind: Kind, value: &str) -> Indicator {
    parse(kind, value).unwrap()
}

/// A source that asks one question, as people describe it.
fn definition(name: &str, base: &str) -> Definition {
    serde_json::from_value(serde_json::json!({
        "name": name,
        "about": "It knows addresses",
        "website": "https://example.org",
        "tags": ["reputation"],
        "exposure": "passive",
        "secrets": [{
            "name": "key",
            "about": "The API key",
            "required": true,
            "place": {"header": {"name": "x-key", "before": ""}},
        }],
        "windows": [{"requests": 10, "seconds": 60}],
        "cache_s": 3600,
        "body": {"http": {
            "base": base,
            "requests": [{"kinds": ["IPV4", "DOMAIN"], "path": "/ip/{value}"}],
            "fields": [{"name": "Score", "path": "$.score"}],
            "verdicts": [{
                "when": {"at": "$.score", "at_least": 50},
                "say": "malicious",
                "confidence": 80,
                "because": "its score is {$.score}",
            }],
        }},
    }))
    .unwrap()
}

fn source(slug: &str) -> intel::sources::NewSource {
    intel::sources::NewSource {
        slug: slug.to_owned(),
        kind: intel::SourceKind::Http,
        provider: None,
        is_enabled: true,
        settings: intel::sources::Settings::default(),
        definition: definition(slug, "https://api.example.org"),
    }
}

fn secret(name: &str) -> NewSecret {
    NewSecret {
        name: name.to_owned(),
        about: String::new(),
        value: SECRET.to_owned(),
        expires_at: None,
    }
}

/// The fields of what was refused.
fn fields<T: std::fmt::Debug>(refused: Result<T, ChangeError>) -> Vec<String> {
    match refused {
        Err(ChangeError::Invalid(faults)) => {
            let each = faults.into_iter();
            each.map(|Fault { field, .. }| field).collect()
        }
        other => panic!("not refused for what was entered: {other:?}"),
    }
}

/// A source of the house with a secret in its slot.
async fn with_secret(registry: &Registry, vault: &Vault, slug: &str) -> SecretId {
    let id = registry.create_source(admin(), source(slug)).await.unwrap();
    let secret = vault.set(admin(), secret(slug)).await.unwrap();
    registry
        .put_secret(admin(), id, "key", Some(secret))
        .await
        .unwrap();
    secret
}

fn by_slug(registry: &Registry, slug: &str) -> Arc<Configured> {
    let sources = registry.current();
    Arc::clone(sources.by_slug(slug).unwrap())
}

/// Answers what it was told to, and remembers what it was asked.
#[derive(Default)]
struct Script {
    status: u16,
    body: &'static str,
    seen: Mutex<Vec<(Way, Ask)>>,
}

#[async_trait]
impl Upstream for Script {
    async fn http(&self, way: &Way, ask: Ask) -> Result<Reply, UpstreamError> {
        let hop = Hop {
            method: "GET".to_owned(),
            url: ask.url.to_string(),
            peer: None,
            status: Some(self.status),
            body_bytes: self.body.len() as u64,
            took_us: 1,
            secrets_found: 0,
        };
        self.seen.lock().push((way.clone(), ask));
        Ok(Reply {
            status: self.status,
            headers: Vec::new(),
            body: Bytes::from_static(self.body.as_bytes()),
            trace: vec![hop],
        })
    }

    async fn dns(&self, _: &Way, _: DnsQuestion) -> Result<Vec<DnsRecord>, UpstreamError> {
        Err(nobody())
    }

    async fn whois(&self, _: &Way, _: &str, _: &str) -> Result<String, UpstreamError> {
        Err(nobody())
    }
}

fn nobody() -> UpstreamError {
    UpstreamError {
        why: UpstreamTrouble::Slow,
        trace: Vec::new(),
    }
}
