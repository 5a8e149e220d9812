//! The desk over a real store, with sources that do what the test says.
//!
//! In most of these tests time stands still and moves only when the test says so: nothing here waits,
//! and nothing depends on how fast the machine is.

mod bulks;
mod cache;
mod cancelling;
mod history;
mod planning;
mod quotas;
mod recording;
mod script;
mod watches;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::{Actor, Clock, InProcessBus, SessionId, UnixMicros, UserId, Who};
use futures_util::{FutureExt as _, StreamExt as _};
use indicator::{Indicator, Kind};
use intel::desk::{Delivery, Desk, Lookup, LookupEvent, MemoryCache, Parts, Question, Settings};
use intel::lookups::{RequestId, StoredRequest};
use intel::sources::{Body, BuiltIn, Definition, Shipped};
use intel::{Exposure, Registry, SourceId, SourceKind, Summary, Tlp, Vault, Window};
use testkit::{Database, Dialect, SeededEntropy, SimClock, Stores};
use tokio::time::Instant;

use self::script::{Do, Outside, Script, ScriptedMaker, Told};

/// Shows the runtime's own time, which the test moves.
struct TimerClock(Instant);

impl Clock for TimerClock {
    fn now(&self) -> UnixMicros {
        SimClock::START.plus(self.0.elapsed())
    }
}

/// Keeps the runtime's time, which is paused, from leaping to the next timer whenever everybody
/// waits for a thread of the database: a thread of its own is busy for as long as this is held.
struct Still {
    _held: std::sync::mpsc::Sender<()>,
}

impl Still {
    fn hold() -> Self {
        let (held, waiting) = std::sync::mpsc::channel();
        tokio::task::spawn_blocking(move || {
            let _ = waiting.recv();
        });
        Self { _held: held }
    }
}

/// A source of these tests.
struct Made {
    slug: &'static str,
    does: Do,
    windows: Vec<Window>,
    cache_s: u32,
    nothing_cache_s: u32,
    exposure: Exposure,
    is_enabled: bool,
}

/// A source that is asked in the ordinary way.
fn made(slug: &'static str, does: Do) -> Made {
    Made {
        slug,
        does,
        windows: Vec::new(),
        cache_s: 3600,
        nothing_cache_s: 60,
        exposure: Exposure::Passive,
        is_enabled: true,
    }
}

impl Made {
    fn shipped(&self) -> Shipped {
        Shipped {
            slug: self.slug.to_owned(),
            kind: SourceKind::System,
            provider: format!("Provider of {}", self.slug),
            is_enabled: self.is_enabled,
            definition: Definition {
                name: self.slug.to_owned(),
                about: "A source of a test".into(),
                website: "https://example.org/".into(),
                tags: Vec::new(),
                exposure: self.exposure,
                secrets: Vec::new(),
                windows: self.windows.clone(),
                cache_s: self.cache_s,
                nothing_cache_s: Some(self.nothing_cache_s),
                time_max_s: Some(10),
                schedule_s: None,
                body: Body::BuiltIn(BuiltIn {
                    revision: 1,
                    base: None,
                    hosts: Vec::new(),
                }),
            },
        }
    }
}

/// One process with a desk.
struct Room {
    desk: Desk,
    registry: Arc<Registry>,
    script: Arc<Script>,
    outside: Arc<Outside>,
    told: Arc<Told>,
    stores: Stores,
    clock: Arc<TimerClock>,
    database: Arc<Database>,
    // Last: the others may still wait for a thread.
    still: Arc<Still>,
}

impl Room {
    async fn new(sources: &[Made]) -> Self {
        Self::with(sources, Settings::default()).await
    }

    async fn with(sources: &[Made], settings: Settings) -> Self {
        let still = Arc::new(Still::hold());
        let database = Arc::new(Database::new(Dialect::Sqlite).await);
        let clock = Arc::new(TimerClock(Instant::now()));
        Self::over(database, clock, still, sources, settings).await
    }

    /// Another process over the same database, later or beside.
    async fn again(&self, sources: &[Made], settings: Settings) -> Self {
        let (database, clock) = (Arc::clone(&self.database), Arc::clone(&self.clock));
        Self::over(database, clock, Arc::clone(&self.still), sources, settings).await
    }

    async fn over(
        database: Arc<Database>,
        clock: Arc<TimerClock>,
        still: Arc<Still>,
        sources: &[Made],
        settings: Settings,
    ) -> Self {
        let stores = database.open_all().await;
        let script = Arc::new(Script::new(
            sources.iter().map(|one| (one.slug, one.does.clone())),
        ));
        let entropy = Arc::new(SeededEntropy::new(11));
        let registry = Registry::open(intel::sources::Parts {
            store: database.open_catalogue().await,
            maker: Arc::new(ScriptedMaker(Arc::clone(&script))),
            shipped: sources.iter().map(Made::shipped).collect(),
            lists: Vec::new(),
            configured: BTreeMap::new(),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::clone(&entropy) as _,
            bus: Arc::new(InProcessBus::default()),
            wake: Box::new(|| {}),
        });
        let registry = registry.await.unwrap();
        let read_keys = Box::new(|| vec![[7; 32]]);
        let vault = Vault::open(Arc::clone(&registry), read_keys).await.unwrap();
        let (outside, told) = (Arc::new(Outside::default()), Arc::new(Told::default()));
        let desk = Desk::new(Parts {
            store: Arc::clone(&stores.lookups),
            registry: Arc::clone(&registry),
            vault: Arc::new(vault),
            upstream: Arc::clone(&outside) as _,
            cache: Arc::new(MemoryCache::new(1 << 20)),
            tell: Arc::clone(&told) as _,
            clock: Arc::clone(&clock) as _,
            entropy,
            wake: Box::new(|| {}),
            settings,
        });
        Self {
            desk,
            registry,
            script,
            outside,
            told,
            stores,
            clock,
            database,
            still,
        }
    }

    /// The number of a source.
    fn id(&self, slug: &str) -> SourceId {
        self.registry.current().by_slug(slug).unwrap().id
    }

    async fn look_up(&self, question: &Question) -> Lookup {
        self.desk.look_up(question, &somebody()).await.unwrap()
    }

    /// Looks up, and waits for all that comes of it.
    async fn answers(&self, question: &Question) -> Answers {
        let lookup = self.look_up(question).await;
        answers(lookup).await
    }

    async fn stored(&self, id: RequestId) -> StoredRequest {
        self.desk.request(id).await.unwrap().unwrap()
    }

    /// Makes an account.
    async fn user(&self) -> UserId {
        use accounts::{Act, Email, InsertUser, NewEntry, NewUser, Origin};
        let new = NewUser {
            name: "Max".into(),
            email: Email::parse("max@example.org").unwrap(),
            password: None,
            handle: [1; 16],
            origin: Origin::SignUp(Vec::new()),
        };
        let entry = NewEntry {
            at: self.clock.now(),
            actor: Actor::PRODUCT,
            act: Act("user.make"),
            target: None,
            details: vec![],
            salt: [0; 16],
        };
        match self.stores.accounts.insert_user(new, entry).await.unwrap() {
            InsertUser::Made(id) => id,
            refused => panic!("no account was made: {refused:?}"),
        }
    }
}

/// What came of a lookup.
struct Answers {
    id: RequestId,
    /// In the order in which they came.
    deliveries: Vec<Delivery>,
    summary: Summary,
}

impl Answers {
    fn of(&self, slug: &str) -> &Delivery {
        let same = |one: &&Delivery| one.answer.source.slug == slug;
        self.deliveries.iter().find(same).unwrap()
    }
}

/// Waits for the end of a lookup.
async fn answers(mut lookup: Lookup) -> Answers {
    let mut deliveries = Vec::new();
    while let Some(event) = lookup.events.next().await {
        match event {
            LookupEvent::Answer(delivery) | LookupEvent::Trouble(delivery) => {
                deliveries.push(delivery);
            }
            LookupEvent::Finished(summary) => {
                return Answers {
                    id: lookup.id,
                    deliveries,
                    summary,
                };
            }
        }
    }
    panic!("a lookup ended without saying so");
}

/// The next answer or trouble of a lookup.
async fn next(lookup: &mut Lookup) -> Delivery {
    match lookup.events.next().await.unwrap() {
        LookupEvent::Answer(delivery) | LookupEvent::Trouble(delivery) => delivery,
        LookupEvent::Finished(_) => panic!("it has ended"),
    }
}

/// Waits until something is so, without time passing.
async fn until(what: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_mins(5), "it never came");
        tokio::task::yield_now().await;
    }
}

/// The same of something that has to be asked for.
async fn until_async<F: Future<Output = bool>>(what: impl Fn() -> F) {
    let began = std::time::Instant::now();
    while !what().await {
        assert!(began.elapsed() < Duration::from_mins(5), "it never came");
        tokio::task::yield_now().await;
    }
}

/// Lets everybody work who can, and tells whether nothing came of it.
async fn nothing_comes(lookup: &mut Lookup) -> bool {
    for _ in 0..100 {
        tokio::task::yield_now().await;
        if lookup.events.next().now_or_never().is_some() {
            return false;
        }
    }
    true
}

async fn pass(time: Duration) {
    tokio::time::advance(time).await;
}

fn somebody() -> Actor {
    Actor {
        who: Who::Person(UserId(1), SessionId(1)),
        address: None,
        request: Some("r-1".into()),
    }
}

fn ip(number: u8) -> Indicator {
    indicator::parse(Kind::Ipv4, &format!("192.0.2.{number}")).unwrap()
}

fn about(number: u8) -> Question {
    Question {
        indicator: ip(number),
        sources: None,
        tlp: Tlp::Amber,
        may_use_cache: true,
    }
}
