//! Feeds: lists of indicators that somebody publishes, pulled again and again into an index of our own,
//! so that a lookup tells nobody what it is about.
//!
//! A feed is described ([`Description`]): where it is, how it is written, what its entries mean. It is
//! pulled by a job, with conditional requests; what comes is read piece by piece and within limits,
//! because a feed's maker may be anybody by now ([`read`]). What leaves a feed stays in the index for a
//! while, marked as gone. Knows no SQL; what goes out goes through [`Upstream`](crate::upstream).

mod description;
mod job;
mod judge;
mod meter;
mod pull;
mod question;
pub mod read;
mod shipped;
mod store;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use accounts::{Act, NewEntry, Target};
use base::{Actor, Clock, Entropy, Unavailable, UnixMicros};
use url::Url;

pub use description::{Column, Description, FieldRule, Form};
pub use job::{DuePulls, PullFeed};
pub use judge::judge;
pub use question::{Question, Relation, reversed_host};
pub use shipped::{OWN, Shipped, shipped};
pub use store::{Added, Store};
pub use words::{
    Change, Ended, Entry, EntryId, Feed, FeedId, Forgotten, Listing, NewFeed, Outcome, Run, RunId,
    Scope, Written,
};

use crate::declared::Fault;
use crate::upstream::{Upstream, Way};

/// Most feeds that there may be.
pub const FEEDS_MAX: usize = 200;
/// Most bytes of a feed on its way.
pub const PACKED_BYTES_MAX: usize = 256 << 20;
/// How long a feed may take on its way.
const TIME_MAX: Duration = Duration::from_mins(10);
/// Most runs on a page.
const RUNS_MAX: usize = 100;

/// What feeds need of the rest.
pub struct Parts {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// The way out.
    pub upstream: Arc<dyn Upstream>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Salt of the trail's entries.
    pub entropy: Arc<dyn Entropy>,
    /// Where the settings file moved feeds to, by slug.
    pub moved: BTreeMap<String, Url>,
    /// Wakes the workers after something was written for them.
    pub ring: Arc<dyn Fn() + Send + Sync>,
}

/// All feeds.
pub struct Feeds {
    parts: Parts,
}

/// Why a feed was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It is not described so that it could be pulled.
    #[error("the feed is not described as it must be")]
    Invalid(Vec<Fault>),
    /// There is no such feed.
    #[error("there is no such feed")]
    Unknown,
    /// Another feed has the slug.
    #[error("another feed has this slug")]
    Taken,
    /// It comes with the product: it can be switched off, not changed or deleted.
    #[error("the feed comes with the product: switch it off instead")]
    Shipped,
    /// There are too many.
    #[error("there are {FEEDS_MAX} feeds already")]
    TooMany,
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Feeds {
    /// All feeds of a store.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Writes down the feeds that come with the product, and what is new about them. They are switched
    /// off until somebody wants them.
    pub async fn adopt(&self) -> Result<(), Unavailable> {
        let feeds = shipped().into_iter().map(|feed| NewFeed {
            slug: feed.slug.to_owned(),
            is_shipped: true,
            is_enabled: false,
            description: feed.description,
        });
        let now = self.now();
        self.parts.store.adopt(feeds.collect(), now).await
    }

    /// Every feed, by slug.
    pub async fn all(&self) -> Result<Vec<Feed>, Unavailable> {
        self.parts.store.feeds().await
    }

    /// The store behind them: for sources that look into the index.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// Adds a feed of one's own; it is pulled soon.
    pub async fn add(
        &self,
        actor: &Actor,
        slug: &str,
        description: Description,
    ) -> Result<FeedId, ChangeError> {
        let mut faults = description.faults();
        if !is_slug(slug) {
            let what = "1 to 50 small letters, digits and hyphens";
            faults.push(Fault {
                field: "slug".into(),
                what: what.into(),
            });
        }
        if !faults.is_empty() {
            return Err(ChangeError::Invalid(faults));
        }
        let feed = NewFeed {
            slug: slug.to_owned(),
            is_shipped: false,
            is_enabled: true,
            description,
        };
        let entry = self.entry(actor, Act("feed.add"), slug);
        let now = self.now();
        match self.parts.store.add(feed, entry, FEEDS_MAX, now).await? {
            Added::Done(id) => {
                (self.parts.ring)();
                Ok(id)
            }
            Added::Taken => Err(ChangeError::Taken),
            Added::Full => Err(ChangeError::TooMany),
        }
    }

    /// Changes a feed. One that comes with the product can only be switched on and off.
    pub async fn change(
        &self,
        actor: &Actor,
        id: FeedId,
        change: Change,
    ) -> Result<(), ChangeError> {
        let feed = self.known(id).await?;
        if let Some(description) = &change.description {
            if feed.is_shipped {
                return Err(ChangeError::Shipped);
            }
            let faults = description.faults();
            if !faults.is_empty() {
                return Err(ChangeError::Invalid(faults));
            }
        }
        let mut entry = self.entry(actor, Act("feed.change"), &feed.slug);
        if let Some(is_enabled) = change.is_enabled {
            entry.details.push(("enabled", is_enabled.into()));
        }
        let changed = self
            .parts
            .store
            .change(id, change, entry, self.now())
            .await?;
        if !changed {
            return Err(ChangeError::Unknown);
        }
        (self.parts.ring)();
        Ok(())
    }

    /// Deletes a feed of one's own and all its entries.
    pub async fn remove(&self, actor: &Actor, id: FeedId) -> Result<(), ChangeError> {
        let feed = self.known(id).await?;
        if feed.is_shipped {
            return Err(ChangeError::Shipped);
        }
        let entry = self.entry(actor, Act("feed.remove"), &feed.slug);
        match self.parts.store.remove(id, entry).await? {
            true => Ok(()),
            false => Err(ChangeError::Unknown),
        }
    }

    /// A page of a feed's runs, newest first.
    pub async fn runs(
        &self,
        id: FeedId,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, Unavailable> {
        self.parts.store.runs(id, before, limit.min(RUNS_MAX)).await
    }

    /// Lets a feed be due at once.
    pub async fn pull_now(&self, actor: &Actor, id: FeedId) -> Result<(), ChangeError> {
        let feed = self.known(id).await?;
        let entry = self.entry(actor, Act("feed.pull"), &feed.slug);
        let job = PullFeed::of(id);
        let now = self.now();
        if !self.parts.store.make_due(id, job, entry, now).await? {
            return Err(ChangeError::Unknown);
        }
        (self.parts.ring)();
        Ok(())
    }

    async fn known(&self, id: FeedId) -> Result<Feed, ChangeError> {
        let all = self.parts.store.feeds().await?;
        let found = all.into_iter().find(|feed| feed.id == id);
        found.ok_or(ChangeError::Unknown)
    }

    fn entry(&self, actor: &Actor, act: Act, slug: &str) -> NewEntry {
        let mut salt = [0; 16];
        self.parts.entropy.fill(&mut salt);
        NewEntry {
            salt,
            actor: actor.clone(),
            act,
            target: Some(Target {
                kind: "feed",
                id: slug.to_owned(),
            }),
            details: Vec::new(),
            at: self.now(),
        }
    }

    fn now(&self) -> UnixMicros {
        self.parts.clock.now()
    }

    /// What a pull of this feed may reach, and where the feed is.
    fn way(&self, feed: &Feed) -> Option<(Way, Url)> {
        let mut url = Url::parse(&feed.description.url).ok()?;
        let moved = self.parts.moved.get(&feed.slug);
        if let Some(base) = moved {
            let path = format!("{}{}", base.path().trim_end_matches('/'), url.path());
            let query = url.query().map(str::to_owned);
            url = base.clone();
            url.set_path(&path);
            url.set_query(query.as_deref());
        }
        let way = Way {
            source: format!("feed:{}", feed.slug),
            hosts: url.host_str().map(str::to_owned).into_iter().collect(),
            configured: moved.cloned(),
            secrets: Vec::new(),
            time_max: TIME_MAX,
            body_bytes_max: PACKED_BYTES_MAX,
        };
        Some((way, url))
    }
}

/// What can stand in an address and in a row for ever.
fn is_slug(text: &str) -> bool {
    (1..=50).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
