//! The world outside, as a script: what each source's upstream answers, and what it was asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use intel::declared::Ask;
use intel::upstream::{
    DnsQuestion, DnsRecord, Reply, Upstream, UpstreamError, UpstreamTrouble, Way,
};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What an upstream does.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    /// Answers with a status and a body.
    Says(u16, &'static str),
    /// Never answers.
    Hangs,
}

/// Everything outside.
#[derive(Default)]
pub(crate) struct World {
    does: Mutex<HashMap<String, Does>>,
    asked: Mutex<Vec<(String, String)>>,
    given_up: AtomicUsize,
    changed: Notify,
}

impl World {
    /// From now on this source's upstream does that.
    pub(crate) fn set(&self, slug: &str, does: Does) {
        self.does.lock().insert(slug.to_owned(), does);
    }

    /// Who was asked, and where.
    pub(crate) fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().clone()
    }

    /// Waits until so many questions were given up before they were answered.
    pub(crate) async fn given_up(&self, count: usize) {
        self.until(|| self.given_up.load(Ordering::SeqCst) >= count)
            .await;
    }

    /// Waits until so many questions were asked.
    pub(crate) async fn was_asked(&self, count: usize) {
        self.until(|| self.asked.lock().len() >= count).await;
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        loop {
            let changed = self.changed.notified();
            if is_so() {
                return;
            }
            changed.await;
        }
    }
}

/// Counts a question that was dropped before its answer came.
struct Unanswered<'a>(&'a World);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.given_up.fetch_add(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

#[async_trait]
impl Upstream for World {
    async fn http(&self, way: &Way, ask: Ask) -> Result<Reply, UpstreamError> {
        let does = self.does.lock().get(&way.source).cloned();
        let asked = (way.source.clone(), ask.url.to_string());
        self.asked.lock().push(asked);
        self.changed.notify_waiters();
        match does {
            Some(Does::Says(status, body)) => Ok(Reply {
                status,
                headers: Vec::new(),
                body: body.as_bytes().to_vec().into(),
                trace: Vec::new(),
            }),
            Some(Does::Hangs) => {
                let _unanswered = Unanswered(self);
                std::future::pending().await
            }
            None => Err(UpstreamError {
                why: UpstreamTrouble::Broken("nobody listens there".to_owned()),
                trace: Vec::new(),
            }),
        }
    }

    async fn dns(&self, _: &Way, _: DnsQuestion) -> Result<Vec<DnsRecord>, UpstreamError> {
        Ok(Vec::new())
    }

    async fn whois(&self, _: &Way, _: &str, _: &str) -> Result<String, UpstreamError> {
        Ok(String::new())
    }
}

/// A world in which two sources without secrets answer about addresses and domains.
pub(crate) fn world() -> Arc<World> {
    let world = World::default();
    world.set("internetdb", Does::Says(200, INTERNETDB));
    world.set("crtsh", Does::Says(200, "[]"));
    Arc::new(world)
}

/// What `InternetDB` says of an address that spreads malware.
const INTERNETDB: &str = r#"{"ip":"198.51.100.7","ports":[22,80],"cpes":[],"hostnames":["a.example.com"],"tags":["malware"],"vulns":[]}"#;
