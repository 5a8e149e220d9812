//! The definition of [`intel::lookups::Store`]: every sentence of its documentation as a check, run
//! over each dialect.

mod answers;
mod bulks;
mod figures;
mod requests;
mod shares;
mod watches;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use accounts::{Act, Email, InsertUser, NewEntry, NewUser, Origin, Target};
use base::{Actor, UnixMicros, UserId};
use indicator::{Indicator, Kind};
use intel::declared::Field;
use intel::lookups::{
    AnswerId, Cause, Closing, Heard, NewAnswer, NewRequest, RequestId, RequestState, Said,
    SkippedRef, SourceRef, Store, Written,
};
use intel::upstream::Hop;
use intel::{Answer, Evidence, Reason, SourceId, Tlp, Trouble, Verdict};
use serde_json::json;

use crate::{Database, Dialect, SimClock, Stores};

/// Runs the whole suite, each check on a database of its own.
pub async fn check_lookups(dialect: Dialect) {
    requests::check(dialect).await;
    answers::check(dialect).await;
    figures::check(dialect).await;
    bulks::check(dialect).await;
    watches::check(dialect).await;
    shares::check(dialect).await;
}

/// An open database, and the words of these checks.
struct Bench {
    stores: Stores,
    store: Arc<dyn Store>,
    made: AtomicU8,
    _database: Database,
}

/// Runs one check on an empty database and says which one it was.
async fn on_empty<F: Future<Output = ()>>(
    dialect: Dialect,
    name: &str,
    check: impl FnOnce(Bench) -> F,
) {
    let started = Instant::now();
    let database = Database::new(dialect).await;
    let stores = database.open_all().await;
    let store = Arc::clone(&stores.lookups);
    println!("{dialect:?}: {name} …");
    check(Bench {
        stores,
        store,
        made: AtomicU8::new(0),
        _database: database,
    })
    .await;
    println!("      kept after {:.1?}", started.elapsed());
}

/// So many seconds after the beginning.
fn at(seconds: u64) -> UnixMicros {
    SimClock::START.plus(Duration::from_secs(seconds))
}

fn ip(number: u8) -> Indicator {
    indicator::parse(Kind::Ipv4, &format!("192.0.2.{number}")).unwrap()
}

/// Longer than an index of either database takes.
fn long_url() -> Indicator {
    let url = format!("https://example.com/{}?q=b[.]c", "x".repeat(6000));
    Indicator::from_stored(Kind::Url, url)
}

fn source(number: i64) -> Arc<SourceRef> {
    Arc::new(SourceRef {
        id: SourceId(number),
        slug: format!("source-{number}"),
        name: format!("Source {number} \u{1f58b}"),
        website: "https://example.org/".into(),
        version: 7,
    })
}

fn request(indicator: Indicator, seconds: u64) -> NewRequest {
    NewRequest {
        indicator: Arc::new(indicator),
        user: None,
        who: "product",
        trace: None,
        cause: Cause::Asked,
        tlp: Tlp::Amber,
        asked: vec![source(1), source(2)],
        skipped: vec![SkippedRef {
            id: SourceId(3),
            slug: "source-3".into(),
            why: vec!["MISSING_SECRET".into(), "TLP".into()],
        }],
        opened: at(seconds),
        closing: None,
    }
}

fn closing(verdict: Verdict, borrowed: &[AnswerId], seconds: u64) -> Closing {
    Closing {
        state: RequestState::Finished,
        verdict,
        confidence: 80,
        is_disputed: true,
        borrowed: borrowed.to_vec(),
        answered: 2,
        troubled: 1,
        closed: at(seconds),
    }
}

fn found(verdict: Verdict) -> Said {
    Said::Found(Heard {
        data: r#"{"a":[1,"é\u0000\""]}"#.into(),
        fields: vec![Field {
            name: "Ports".into(),
            values: vec![json!(80), json!("q\u{0}\"'")],
        }],
        verdict,
        confidence: 90,
        reasons: vec![Reason {
            text: "so they say".into(),
            because: vec![Reason::of("for this")],
        }],
        link: Some("https://example.org/192.0.2.1".into()),
    })
}

/// An answer as the desk makes it: what is found or nothing has evidence.
fn answer(
    request: RequestId,
    indicator: Indicator,
    of: i64,
    said: Said,
    seconds: u64,
) -> NewAnswer {
    let data = match &said {
        Said::Found(heard) => Some(serde_json::from_str(&heard.data).unwrap()),
        Said::Nothing => Some(serde_json::Value::Null),
        Said::Trouble(_) => None,
    };
    let evidence = data.map(|data| {
        Evidence::of(&Answer {
            version: 1,
            kind: indicator.kind().wire().into(),
            value: indicator.value().into(),
            source: source(of).slug.clone(),
            source_version: 7,
            answered_at_us: at(seconds).0,
            data,
            salt: "00112233445566778899aabbccddeeff".into(),
        })
        .unwrap()
    });
    NewAnswer {
        request,
        indicator: Arc::new(indicator),
        source: source(of),
        said,
        started: at(seconds),
        took: Duration::from_micros(1234),
        trace: vec![Hop {
            method: "GET".into(),
            url: "https://example.org/\u{0}".into(),
            peer: Some("192.0.2.9:443".parse().unwrap()),
            status: Some(200),
            body_bytes: 5,
            took_us: 6,
            secrets_found: 0,
        }],
        evidence,
    }
}

fn trouble() -> Said {
    Said::Trouble(Trouble::RateLimited(Some(7)))
}

/// An entry of the product about a share.
fn entry(act: &'static str, id: &str) -> NewEntry {
    NewEntry {
        at: at(0),
        actor: Actor::PRODUCT,
        act: Act(act),
        target: Some(Target {
            kind: "share",
            id: id.into(),
        }),
        details: vec![],
        salt: [0; 16],
    }
}

impl Bench {
    async fn open(&self, request: NewRequest) -> RequestId {
        self.store.open_requests(vec![request]).await.unwrap()[0]
    }

    async fn answer(&self, answer: NewAnswer) -> Written {
        self.store
            .insert_answers(vec![answer], at(0))
            .await
            .unwrap()[0]
    }

    /// A request that has finished with this verdict.
    async fn closed(&self, indicator: Indicator, verdict: Verdict, seconds: u64) -> RequestId {
        let mut new = request(indicator, seconds);
        new.closing = Some(closing(verdict, &[], seconds));
        self.open(new).await
    }

    /// Makes an account.
    async fn user(&self) -> UserId {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let new = NewUser {
            name: format!("user {number}"),
            email: Email::parse(&format!("user{number}@example.org")).unwrap(),
            password: None,
            handle: [number; 16],
            origin: Origin::SignUp(Vec::new()),
        };
        let mut entry = entry("user.make", "");
        entry.target = None;
        match self.stores.accounts.insert_user(new, entry).await.unwrap() {
            InsertUser::Made(id) => id,
            refused => panic!("no account was made: {refused:?}"),
        }
    }

    /// How many entries the trail has.
    async fn entries(&self) -> usize {
        let walked = self.stores.accounts.walk_audit(accounts::AuditId(0), 1000);
        walked.await.unwrap().len()
    }
}
