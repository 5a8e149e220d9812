//! The desk over SQLite on this disk, embedded: lookups whose answers are at hand, with their history
//! kept, against bare inserts of rows as long; and how long 50 sources take that are asked at once,
//! against the slowest of them.
//!
//! `cargo bench -p bench --bench desk`; results go to `docs/benchmarks.md`.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "the report is what this program is for; figures are given to three digits"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use base::{Actor, InProcessBus, SystemClock, SystemEntropy, Unavailable};
use futures_util::StreamExt as _;
use indicator::{Indicator, Kind, KindSet};
use intel::declared::{Ask, Field, Finding};
use intel::desk::{
    Desk, IndicatorChanged, LookupEvent, MemoryCache, Parts, Question, Settings, Tell,
};
use intel::sources::{Body, BuiltIn, Definition, Maker, Shipped, Unmade};
use intel::upstream::{
    DnsQuestion, DnsRecord, Reply, Upstream, UpstreamError, UpstreamTrouble, Way,
};
use intel::{
    Answered, Call, Exposure, Reason, Registry, Source, SourceKind, Tlp, Trouble, Vault, Verdict,
};
use serde_json::json;
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use url::Url;

/// Cached lookups, unless the command line says otherwise.
const LOOKUPS: usize = 100_000;
/// Who look up at once.
const CALLERS: usize = 64;
/// Sources of a cached lookup.
const SOURCES: usize = 11;
/// Indicators that the cached lookups are about.
const INDICATORS: u32 = 1000;
/// Sources that are asked at once.
const FAN: usize = 50;
/// How long they take: from the quickest to the slowest.
const QUICKEST: Duration = Duration::from_millis(50);
const SLOWEST: Duration = Duration::from_secs(2);
/// How often the 50 are asked.
const ROUNDS: u32 = 20;
/// Rows in one transaction of the baseline.
const GROUP: usize = 64;
/// Bytes of a row of the baseline: as many as a cached lookup's, about.
const ROW_BYTES: usize = 160;

/// Answers after a time.
struct After(Duration);

#[async_trait]
impl Source for After {
    fn kinds(&self) -> KindSet {
        KindSet::ALL
    }

    async fn ask(&self, indicator: &Indicator, _: &Call<'_>) -> Result<Answered, Trouble> {
        tokio::time::sleep(self.0).await;
        let ports: Vec<u16> = (1..40).collect();
        Ok(Answered::Found(Finding {
            data: json!({"value": indicator.value(), "ports": ports, "about": "x".repeat(1000)}),
            fields: vec![Field {
                name: "Ports".into(),
                values: ports.iter().map(|port| json!(port)).collect(),
            }],
            verdict: Verdict::Suspicious,
            confidence: 60,
            reasons: vec![Reason::of("seen scanning")],
            link: None,
        }))
    }
}

/// The source of number n of `count` takes its share of the way from the quickest to the slowest.
struct Spread {
    count: usize,
    longest: Duration,
}

impl Maker for Spread {
    fn make(&self, slug: &str, _: &Body, _: Option<&Url>) -> Result<Arc<dyn Source>, Unmade> {
        let number: usize = slug
            .rsplit('-')
            .next()
            .and_then(|it| it.parse().ok())
            .unwrap_or(0);
        let share = number as f64 / (self.count.max(2) - 1) as f64;
        let shortest = QUICKEST.min(self.longest);
        let further = self.longest.saturating_sub(shortest).mul_f64(share);
        Ok(Arc::new(After(shortest + further)))
    }
}

/// Nobody is asked outside, and nobody is told.
struct Nobody;

#[async_trait]
impl Upstream for Nobody {
    async fn http(&self, _: &Way, _: Ask) -> Result<Reply, UpstreamError> {
        Err(UpstreamError {
            why: UpstreamTrouble::Refused("nobody is there".into()),
            trace: Vec::new(),
        })
    }

    async fn dns(&self, _: &Way, _: DnsQuestion) -> Result<Vec<DnsRecord>, UpstreamError> {
        Ok(Vec::new())
    }

    async fn whois(&self, _: &Way, _: &str, _: &str) -> Result<String, UpstreamError> {
        Ok(String::new())
    }
}

#[async_trait]
impl Tell for Nobody {
    async fn indicator_changed(&self, _: &IndicatorChanged) -> Result<(), Unavailable> {
        Ok(())
    }
}

/// A desk over a database in a folder on this disk.
struct Bench {
    desk: Desk,
    _folder: TempDir,
}

impl Bench {
    async fn open(count: usize, longest: Duration) -> Result<Self> {
        let folder = tempfile::tempdir_in(".")?;
        let store = Arc::new(SqliteStore::open(folder.path())?);
        let shipped = |number: usize| Shipped {
            slug: format!("source-{number}"),
            kind: SourceKind::System,
            provider: format!("Provider {number}"),
            is_enabled: true,
            definition: Definition {
                name: format!("Source {number}"),
                about: "A source of a benchmark".into(),
                website: String::new(),
                tags: Vec::new(),
                exposure: Exposure::Passive,
                secrets: Vec::new(),
                windows: Vec::new(),
                cache_s: 86_400,
                nothing_cache_s: None,
                time_max_s: None,
                schedule_s: None,
                body: Body::BuiltIn(BuiltIn {
                    revision: 1,
                    base: None,
                    hosts: Vec::new(),
                }),
            },
        };
        let registry = Registry::open(intel::sources::Parts {
            store: Arc::clone(&store) as _,
            maker: Arc::new(Spread { count, longest }),
            shipped: (0..count).map(shipped).collect(),
            lists: Vec::new(),
            configured: BTreeMap::new(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            bus: Arc::new(InProcessBus::default()),
            wake: Box::new(|| {}),
        });
        let registry = registry.await?;
        let vault = Vault::open(Arc::clone(&registry), Box::new(|| vec![[7; 32]])).await?;
        let desk = Desk::new(Parts {
            store,
            registry,
            vault: Arc::new(vault),
            upstream: Arc::new(Nobody),
            cache: Arc::new(MemoryCache::new(512 << 20)),
            tell: Arc::new(Nobody),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            wake: Box::new(|| {}),
            settings: Settings::default(),
        });
        Ok(Self {
            desk,
            _folder: folder,
        })
    }

    /// Looks up, and answers when the first and when the last answer came.
    async fn look_up(&self, question: &Question) -> Result<(Duration, Duration)> {
        let began = Instant::now();
        let mut lookup = self.desk.look_up(question, &Actor::PRODUCT).await?;
        let (mut first, mut last) = (None, began.elapsed());
        while let Some(event) = lookup.events.next().await {
            if !matches!(event, LookupEvent::Finished(_)) {
                last = began.elapsed();
                first = first.or(Some(last));
            }
        }
        Ok((first.context("somebody answered")?, last))
    }
}

fn about(number: u32) -> Question {
    let value = std::net::Ipv4Addr::from(0xc612_0000 + number).to_string();
    Question {
        indicator: Indicator::from_stored(Kind::Ipv4, value),
        sources: None,
        tlp: Tlp::Amber,
        may_use_cache: true,
    }
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let asked: Option<usize> = std::env::args().find_map(|arg| arg.parse().ok());
    let count = asked.unwrap_or(LOOKUPS);
    let bare = bare(count)?;
    runtime.block_on(async {
        let (rate, p50, p99) = cached(count).await?;
        println!("{count} lookups of {SOURCES} sources, all answers at hand, by {CALLERS}:\n");
        println!("| what | per second | to bare inserts |\n|---|---|---|");
        println!("| bare inserts, {GROUP} rows a commit | {bare:.0} | 1.00 |");
        let share = rate / bare;
        println!("| looked up, history durable (p50 {p50:.1} ms, p99 {p99:.1} ms) | {rate:.0} | {share:.2} |");
        let (first, worst) = fan_out().await?;
        println!(
            "\n{FAN} sources of {} to {} ms, {ROUNDS} times: first answer after {first:.0} ms \
             (median), all after the slowest and {worst:.0} ms (95 of 100).",
            QUICKEST.as_millis(),
            SLOWEST.as_millis()
        );
        Ok(())
    })
}

/// Rows per second of one thread that does nothing but insert them into a table.
fn bare(count: usize) -> Result<f64> {
    let folder = tempfile::tempdir_in(".")?;
    let db = rusqlite::Connection::open(folder.path().join("bare.db"))?;
    db.pragma_update(None, "page_size", 8192)?;
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.execute_batch("create table bare (id integer primary key, row text not null) strict")?;
    let row = "x".repeat(ROW_BYTES);
    let began = Instant::now();
    let mut insert = db.prepare("insert into bare (row) values (?1)")?;
    for group in 0..count.div_ceil(GROUP) {
        let tx = db.unchecked_transaction()?;
        for _ in 0..GROUP.min(count - group * GROUP) {
            insert.execute([&row])?;
        }
        tx.commit()?;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// Lookups per second, and how long half and 99 of 100 callers wait at most, in milliseconds.
async fn cached(count: usize) -> Result<(f64, f64, f64)> {
    let bench = Arc::new(Bench::open(SOURCES, Duration::ZERO).await?);
    for number in 0..INDICATORS {
        bench.look_up(&about(number)).await?;
    }
    let began = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                let mut waits = Vec::new();
                for n in 0..count / CALLERS {
                    let number = u32::try_from(n * CALLERS + caller)? % INDICATORS;
                    let asked = Instant::now();
                    bench.look_up(&about(number)).await?;
                    waits.push(asked.elapsed());
                }
                Ok::<_, anyhow::Error>(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for caller in callers {
        waits.extend(caller.await??);
    }
    let rate = waits.len() as f64 / began.elapsed().as_secs_f64();
    Ok((
        rate,
        percentile(&mut waits, 50).as_secs_f64() * 1e3,
        percentile(&mut waits, 99).as_secs_f64() * 1e3,
    ))
}

/// The median of the first answers, and by how much 95 of 100 lookups are slower than their slowest
/// source, in milliseconds.
async fn fan_out() -> Result<(f64, f64)> {
    let bench = Bench::open(FAN, SLOWEST).await?;
    let (mut first, mut over) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (came, ended) = bench.look_up(&about(round)).await?;
        first.push(came);
        over.push(ended.saturating_sub(SLOWEST));
    }
    Ok((
        percentile(&mut first, 50).as_secs_f64() * 1e3,
        percentile(&mut over, 95).as_secs_f64() * 1e3,
    ))
}

fn percentile(waits: &mut [Duration], percent: usize) -> Duration {
    waits.sort_unstable();
    waits[(waits.len() * percent / 100).min(waits.len() - 1)]
}
