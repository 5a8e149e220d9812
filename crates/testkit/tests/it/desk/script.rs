//! Sources that do what the test says, and the world outside that they ask.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::Unavailable;
use bytes::Bytes;
use indicator::{Indicator, Kind, KindSet};
use intel::declared::{Ask, Field, Finding, Method};
use intel::desk::{IndicatorChanged, Tell};
use intel::sources::{Body, Maker, Unmade};
use intel::upstream::{DnsQuestion, DnsRecord, Hop, Reply, Upstream, UpstreamError, Way};
use intel::{Answered, Call, Reason, Source, Trouble, Verdict};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use url::Url;

/// What a source does.
#[derive(Clone, Debug)]
pub(super) enum Do {
    /// Holds this, and asks nobody.
    Say(Verdict),
    /// Knows nothing.
    Nothing,
    Fail(Trouble),
    Panic,
    /// Never answers.
    Hang,
    /// Answers after a time.
    After(Duration, Verdict),
    /// Answers when the test opens the gate.
    Wait,
    /// Sends so many requests to the world outside.
    Send(usize),
    /// Knows no kind but this.
    Only(Kind),
}

/// What all sources of a process do, and have done.
pub(super) struct Script {
    does: Mutex<BTreeMap<String, Do>>,
    /// What they say, by source; grows with the test.
    data: Mutex<BTreeMap<String, Value>>,
    begun: Mutex<Vec<(String, String)>>,
    dropped: Mutex<Vec<String>>,
    pub(super) gate: Semaphore,
}

impl Script {
    pub(super) fn new(does: impl Iterator<Item = (&'static str, Do)>) -> Self {
        Self {
            does: Mutex::new(does.map(|(slug, does)| (slug.to_owned(), does)).collect()),
            data: Mutex::default(),
            begun: Mutex::default(),
            dropped: Mutex::default(),
            gate: Semaphore::new(0),
        }
    }

    /// Lets a source do something else from now on.
    pub(super) fn let_it(&self, slug: &str, does: Do) {
        self.does.lock().insert(slug.to_owned(), does);
    }

    /// Lets a source say something else from now on.
    pub(super) fn let_say(&self, slug: &str, data: Value) {
        self.data.lock().insert(slug.to_owned(), data);
    }

    /// How often a source was asked.
    pub(super) fn asked(&self, slug: &str) -> usize {
        let begun = self.begun.lock();
        begun.iter().filter(|(asked, _)| asked == slug).count()
    }

    /// Every value that a source was asked about, in that order.
    pub(super) fn values(&self, slug: &str) -> Vec<String> {
        let begun = self.begun.lock();
        let same = begun.iter().filter(|(asked, _)| asked == slug);
        same.map(|(_, value)| value.clone()).collect()
    }

    /// How often a question to a source was dropped before it had an answer.
    pub(super) fn dropped(&self, slug: &str) -> usize {
        let dropped = self.dropped.lock();
        dropped.iter().filter(|asked| *asked == slug).count()
    }
}

/// Makes scripted sources.
pub(super) struct ScriptedMaker(pub(super) Arc<Script>);

impl Maker for ScriptedMaker {
    fn make(&self, slug: &str, _: &Body, _: Option<&Url>) -> Result<Arc<dyn Source>, Unmade> {
        Ok(Arc::new(Scripted {
            slug: slug.to_owned(),
            script: Arc::clone(&self.0),
        }))
    }
}

struct Scripted {
    slug: String,
    script: Arc<Script>,
}

/// Notes a question that is dropped.
struct Asking<'a> {
    source: &'a Scripted,
    has_ended: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.source
                .script
                .dropped
                .lock()
                .push(self.source.slug.clone());
        }
    }
}

#[async_trait]
impl Source for Scripted {
    fn kinds(&self) -> KindSet {
        match self.script.does.lock().get(&self.slug) {
            Some(Do::Only(kind)) => KindSet::NONE.with(*kind),
            _ => KindSet::ALL,
        }
    }

    async fn ask(&self, indicator: &Indicator, call: &Call<'_>) -> Result<Answered, Trouble> {
        let begun = (self.slug.clone(), indicator.value().to_owned());
        self.script.begun.lock().push(begun);
        let mut asking = Asking {
            source: self,
            has_ended: false,
        };
        let does = self.script.does.lock().get(&self.slug).cloned();
        let answered = self.answer(does.unwrap(), indicator, call).await;
        asking.has_ended = true;
        answered
    }
}

impl Scripted {
    async fn answer(
        &self,
        does: Do,
        indicator: &Indicator,
        call: &Call<'_>,
    ) -> Result<Answered, Trouble> {
        let say = |verdict| {
            let said = self.script.data.lock().get(&self.slug).cloned();
            let data = said.unwrap_or_else(|| json!({"value": indicator.value()}));
            let fields = data.as_object().into_iter().flatten();
            Ok(Answered::Found(Finding {
                fields: fields
                    .map(|(name, value)| Field {
                        name: name.clone(),
                        values: vec![value.clone()],
                    })
                    .collect(),
                data,
                verdict,
                confidence: 80,
                reasons: vec![Reason::of("the script says so")],
                link: None,
            }))
        };
        match does {
            Do::Say(verdict) => say(verdict),
            Do::Nothing => Ok(Answered::Nothing),
            Do::Fail(trouble) => Err(trouble),
            Do::Panic => panic!("a test source panics on purpose"),
            Do::Hang => std::future::pending().await,
            Do::After(time, verdict) => {
                tokio::time::sleep(time).await;
                say(verdict)
            }
            Do::Wait => {
                self.script.gate.acquire().await.unwrap().forget();
                say(Verdict::Clean)
            }
            Do::Only(_) => say(Verdict::Clean),
            Do::Send(requests) => {
                for _ in 0..requests {
                    let ask = Ask {
                        method: Method::Get,
                        url: "https://example.org/".parse().unwrap(),
                        headers: Vec::new(),
                        body: Vec::new(),
                    };
                    let reply = call.upstream.http(call.way, ask).await;
                    let reply = reply.map_err(|error| Trouble::RequestError(error.to_string()))?;
                    if reply.status == 429 {
                        return Err(Trouble::RateLimited(None));
                    }
                }
                say(Verdict::Clean)
            }
        }
    }
}

/// The world outside: answers what the test says, and remembers when it was asked.
#[derive(Default)]
pub(super) struct Outside {
    replies: Mutex<VecDeque<(u16, Option<u64>)>>,
    sent: Mutex<Vec<tokio::time::Instant>>,
}

impl Outside {
    /// The next request is answered with this status and this `Retry-After`.
    pub(super) fn reply(&self, status: u16, retry_after: Option<u64>) {
        self.replies.lock().push_back((status, retry_after));
    }

    /// When requests came.
    pub(super) fn sent(&self) -> Vec<tokio::time::Instant> {
        self.sent.lock().clone()
    }
}

#[async_trait]
impl Upstream for Outside {
    async fn http(&self, _: &Way, ask: Ask) -> Result<Reply, UpstreamError> {
        self.sent.lock().push(tokio::time::Instant::now());
        let reply = self.replies.lock().pop_front();
        let (status, retry_after) = reply.unwrap_or((200, None));
        let header = |seconds: u64| ("retry-after".to_owned(), seconds.to_string());
        Ok(Reply {
            status,
            headers: retry_after.map(header).into_iter().collect(),
            body: Bytes::new(),
            trace: vec![Hop {
                method: "GET".into(),
                url: ask.url.into(),
                peer: None,
                status: Some(status),
                body_bytes: 0,
                took_us: 1,
                secrets_found: 0,
            }],
        })
    }

    async fn dns(&self, _: &Way, _: DnsQuestion) -> Result<Vec<DnsRecord>, UpstreamError> {
        Ok(Vec::new())
    }

    async fn whois(&self, _: &Way, _: &str, _: &str) -> Result<String, UpstreamError> {
        Ok(String::new())
    }
}

/// Remembers who was told what.
#[derive(Default)]
pub(super) struct Told(Mutex<Vec<IndicatorChanged>>);

impl Told {
    /// What was told since the last time.
    pub(super) fn take(&self) -> Vec<IndicatorChanged> {
        std::mem::take(&mut self.0.lock())
    }
}

#[async_trait]
impl Tell for Told {
    async fn indicator_changed(&self, change: &IndicatorChanged) -> Result<(), Unavailable> {
        self.0.lock().push(change.clone());
        Ok(())
    }
}
