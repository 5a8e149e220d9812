//! Feeds as they are pulled: what their servers say, and what becomes of the index.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::{Actor, Clock as _, UnixMicros};
use intel::declared::{Ask, Fault};
use intel::feeds::{
    Change, ChangeError, Description, Feed, FeedId, Feeds, Outcome, Parts, Question, Scope, Ways,
    shipped,
};
use intel::upstream::{
    DnsQuestion, DnsRecord, Reply, Upstream, UpstreamError, UpstreamTrouble, Way,
};
use intel::{Answered, Call, Trouble, Verdict, builtin};
use parking_lot::Mutex;
use testkit::{Database, Dialect, SeededEntropy, SimClock};
use url::Url;

/// What a feed's server says next.
#[derive(Clone)]
enum Says {
    /// This text under this tag, unless the tag is known.
    Text(String, &'static str),
    Status(u16),
    Silence,
}

/// A feed's server.
struct Server {
    says: Mutex<Says>,
    asked: Mutex<Vec<Vec<(String, String)>>>,
}

#[async_trait]
impl Upstream for Server {
    async fn http(&self, way: &Way, ask: Ask) -> Result<Reply, UpstreamError> {
        assert_eq!(way.hosts, ["feeds.example.org"]);
        self.asked.lock().push(ask.headers.clone());
        let reply = |status, text: &str, headers: &[(&str, &str)]| Reply {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: text.to_owned().into(),
            trace: Vec::new(),
        };
        let says = self.says.lock().clone();
        match says {
            Says::Text(_, tag) if ask.headers.contains(&("if-none-match".into(), tag.into())) => {
                Ok(reply(304, "", &[("etag", tag)]))
            }
            Says::Text(text, tag) => Ok(reply(200, &text, &[("etag", tag)])),
            Says::Status(status) => Ok(reply(status, "no", &[])),
            Says::Silence => Err(UpstreamError {
                why: UpstreamTrouble::Slow,
                trace: Vec::new(),
            }),
        }
    }

    async fn dns(&self, _: &Way, _: DnsQuestion) -> Result<Vec<DnsRecord>, UpstreamError> {
        unreachable!("feeds are asked over HTTP")
    }

    async fn whois(&self, _: &Way, _: &str, _: &str) -> Result<String, UpstreamError> {
        unreachable!("feeds are asked over HTTP")
    }
}

/// Every feed is where it is described, but for those that nobody wants.
struct Plain;

impl Ways for Plain {
    fn way(&self, feed: &Feed) -> Option<Result<(Way, Url), String>> {
        let url = Url::parse(&feed.description.url).unwrap();
        let way = Way {
            source: feed.slug.clone(),
            hosts: url.host_str().map(str::to_owned).into_iter().collect(),
            configured: None,
            secrets: Vec::new(),
            time_max: Duration::from_secs(10),
            body_bytes_max: 1 << 20,
        };
        (!feed.is_shipped).then_some(Ok((way, url)))
    }
}

struct Bench {
    // The database goes with it.
    _database: Database,
    feeds: Feeds,
    clock: Arc<SimClock>,
    server: Arc<Server>,
}

fn described() -> Description {
    let openphish = shipped()
        .into_iter()
        .find(|feed| feed.slug == "openphish-feed");
    Description {
        name: "Our feed".into(),
        url: "https://feeds.example.org/list.txt".into(),
        kind: None,
        every_s: 600,
        keep_s: 86_400,
        ..openphish.unwrap().description
    }
}

impl Bench {
    async fn new() -> Self {
        let database = Database::new(Dialect::Sqlite).await;
        let clock = Arc::new(SimClock::default());
        let server = Arc::new(Server {
            says: Mutex::new(Says::Silence),
            asked: Mutex::default(),
        });
        let feeds = Feeds::new(Parts {
            store: database.open_feeds().await,
            upstream: Arc::clone(&server) as _,
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SeededEntropy::new(3)),
            ways: Arc::new(Plain),
            ring: Arc::new(|| ()),
        });
        Self {
            _database: database,
            feeds,
            clock,
            server,
        }
    }

    fn says(&self, says: Says) {
        *self.server.says.lock() = says;
    }

    fn text(&self, text: &str, tag: &'static str) {
        self.says(Says::Text(text.to_owned(), tag));
    }

    async fn add(&self) -> FeedId {
        let added = self.feeds.add(&Actor::PRODUCT, "ours", described()).await;
        added.unwrap()
    }

    async fn feed(&self, id: FeedId) -> Feed {
        let all = self.feeds.all().await.unwrap();
        all.into_iter().find(|feed| feed.id == id).unwrap()
    }

    async fn ask(&self, text: &str) -> Result<Answered, Trouble> {
        let source = builtin::make("own-feeds", Some(self.feeds.store())).unwrap();
        let way = Way {
            source: "own-feeds".into(),
            hosts: Vec::new(),
            configured: None,
            secrets: Vec::new(),
            time_max: Duration::from_secs(1),
            body_bytes_max: 0,
        };
        let call = Call {
            upstream: &*self.server,
            way: &way,
            base: None,
        };
        let asked = indicator::detect(text).unwrap();
        source.ask(&asked, &call).await
    }

    async fn verdict(&self, text: &str) -> Option<(Verdict, u8)> {
        match self.ask(text).await.unwrap() {
            Answered::Found(finding) => Some((finding.verdict, finding.confidence)),
            Answered::Nothing => None,
        }
    }
}

// A day on which the feed's server was down must not empty the index, nor make it forget what is new.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_is_pulled_and_its_index_outlives_its_server() {
    let bench = Bench::new().await;
    let id = bench.add().await;
    let pull = async || bench.feeds.pull(id).await.unwrap().unwrap();
    assert_eq!(bench.feeds.due().await.unwrap(), [id]);
    let unfilled = bench.ask("evil.example.com").await;
    assert!(
        matches!(unfilled, Err(Trouble::SourceError(_))),
        "{unfilled:?}"
    );

    bench.text("evil.example.com\n192.0.2.7\nnonsense here\n", "\"1\"");
    assert_eq!(pull().await, Outcome::Complete);
    let run = bench.feeds.runs(id, None, 1).await.unwrap().remove(0);
    assert_eq!((run.entries, run.added, run.skipped), (2, 2, 1));
    assert_eq!(
        bench.verdict("evil.example.com").await,
        Some((Verdict::Malicious, 85))
    );
    assert_eq!(
        bench.verdict("http://evil.example.com/x").await,
        Some((Verdict::Suspicious, 51))
    );
    assert_eq!(bench.verdict("other.example.net").await, None);
    assert!(bench.feeds.due().await.unwrap().is_empty());

    // Nothing new: nothing is read.
    bench.clock.advance(Duration::from_mins(10));
    assert_eq!(bench.feeds.due().await.unwrap(), [id]);
    assert_eq!(pull().await, Outcome::Unchanged);
    let asked = bench.server.asked.lock().pop().unwrap();
    assert!(asked.contains(&("if-none-match".into(), "\"1\"".into())));

    // What left it is worth less, and is forgotten in its time.
    bench.text("192.0.2.7\n", "\"2\"");
    bench.clock.advance(Duration::from_mins(10));
    assert_eq!(pull().await, Outcome::Complete);
    assert_eq!(
        bench.verdict("evil.example.com").await,
        Some((Verdict::Malicious, 42))
    );

    // A server in trouble changes nothing.
    for says in [
        Says::Silence,
        Says::Status(503),
        Says::Text(String::new(), "\"3\""),
        Says::Text("<html>busy</html>".into(), "\"4\""),
        Says::Text("x".repeat(2 << 20), "\"5\""),
    ] {
        bench.clock.advance(Duration::from_mins(10));
        bench.says(says);
        assert_eq!(pull().await, Outcome::Failed);
        let feed = bench.feed(id).await;
        assert_eq!((feed.etag.as_deref(), feed.entries), (Some("\"2\""), 1));
        assert!(feed.due > bench.clock.now());
    }
    let causes = bench.feeds.runs(id, None, 5).await.unwrap();
    let causes: Vec<_> = causes.into_iter().map(|run| run.cause.unwrap()).collect();
    let expected = [
        "longer",
        "nothing in it",
        "nothing in it",
        "status 503",
        "no answer in time",
    ];
    for (cause, expected) in causes.iter().zip(expected) {
        assert!(cause.contains(expected), "{causes:?}");
    }
    assert!(bench.verdict("192.0.2.7").await.is_some());
    bench.clock.advance(Duration::from_hours(25));
    bench.text("192.0.2.7\n", "\"6\"");
    assert_eq!(pull().await, Outcome::Complete);
    assert_eq!(bench.verdict("evil.example.com").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_feed_goes_into_the_index_whole() {
    let bench = Bench::new().await;
    let id = bench.add().await;
    let lines: Vec<String> = (0..2500).map(|n| format!("host{n}.example.net")).collect();
    let text = lines.join("\n");
    bench.text(&text, "\"1\"");
    assert_eq!(bench.feeds.pull(id).await.unwrap(), Some(Outcome::Complete));
    let run = bench.feeds.runs(id, None, 1).await.unwrap().remove(0);
    assert_eq!((run.entries, run.added), (2500, 2500));
    for n in [0, 999, 1000, 2499] {
        let found = bench.verdict(&format!("host{n}.example.net")).await;
        assert_eq!(found, Some((Verdict::Malicious, 85)), "{n}");
    }
    // The name above all of them: as many as are shown, no more.
    let question = Question::of(&indicator::detect("example.net").unwrap());
    let looked = bench
        .feeds
        .store()
        .look_up(&Scope::Own, &question, 100)
        .await;
    assert_eq!(looked.unwrap().listings.len(), 100);
    bench.feeds.remove(&Actor::PRODUCT, id).await.unwrap();
    assert!(bench.feeds.all().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeds_are_set_up_by_description_and_ours_by_their_sources() {
    let bench = Bench::new().await;
    let actor = &Actor::PRODUCT;
    bench.feeds.adopt().await.unwrap();
    bench.feeds.adopt().await.unwrap();
    let all = bench.feeds.all().await.unwrap();
    assert_eq!(all.len(), 4);
    // Nobody wants them yet.
    assert!(bench.feeds.due().await.unwrap().is_empty());
    assert_eq!(bench.feeds.pull(all[0].id).await.unwrap(), None);
    let change = Change {
        is_enabled: Some(false),
        description: None,
    };
    let theirs = bench.feeds.change(actor, all[0].id, change.clone()).await;
    assert!(matches!(theirs, Err(ChangeError::Shipped)));
    let theirs = bench.feeds.remove(actor, all[0].id).await;
    assert!(matches!(theirs, Err(ChangeError::Shipped)));

    let faults = |result: Result<_, ChangeError>| match result {
        Err(ChangeError::Invalid(faults)) => faults,
        Err(other) => panic!("{other:?}"),
        Ok(()) => panic!("taken"),
    };
    let bad = Description {
        every_s: 1,
        ..described()
    };
    let added = bench.feeds.add(actor, "No Slug", bad.clone()).await;
    let found: Vec<String> = faults(added.map(drop))
        .into_iter()
        .map(|fault: Fault| fault.field)
        .collect();
    assert_eq!(found, ["every_s", "slug"]);
    let id = bench.add().await;
    let again = bench.feeds.add(actor, "ours", described()).await;
    assert!(matches!(again, Err(ChangeError::Taken)));
    let changed = Change {
        is_enabled: None,
        description: Some(bad),
    };
    assert_eq!(
        faults(bench.feeds.change(actor, id, changed).await)[0].field,
        "every_s"
    );
    bench.feeds.change(actor, id, change).await.unwrap();
    assert!(bench.feeds.due().await.unwrap().is_empty());
    assert_eq!(bench.feeds.pull(id).await.unwrap(), None);
    let nobody = FeedId(99);
    let unknown = bench.feeds.pull_now(actor, nobody).await;
    assert!(matches!(unknown, Err(ChangeError::Unknown)));
    bench.feeds.pull_now(actor, id).await.unwrap();
    assert_eq!(bench.feed(id).await.due, UnixMicros(SimClock::START.0));
}
