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
mod ways;
mod words;

use std::sync::Arc;
use std::time::Duration;

use accounts::{Act, NewEntry, Target};
use base::{Actor, Clock, Entropy, Unavailable, UnixMicros};

pub use description::{Column, Description, FieldRule, Form};
pub use job::{DuePulls, PullFeed};
pub use judge::judge;
pub use question::{Question, Relation, reversed_host};
pub use shipped::{OWN, Shipped, shipped};
pub use store::{Added, Looked, Store};
pub use ways::{ByRegistry, Ways};
pub use words::{
    Change, Ended, Entry, EntryId, Feed, FeedId, Forgotten, Listing, NewFeed, Outcome, Run, RunId,
    Scope, Written,
};

use crate::declared::Fault;
use crate::upstream::Upstream;

/// Most feeds that there may be.
pub const FEEDS_MAX: usize = 200;
/// Most bytes of a feed on its way.
pub const PACKED_BYTES_MAX: usize = 256 << 20;
/// How long a feed may take on its way.
pub(crate) const TIME_MAX: Duration = Duration::from_mins(10);
/// Entries that are deleted in one transaction.
const CLEAR_BATCH: usize = 5000;
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
    /// Where feeds are, and whether they are wanted.
    pub ways: Arc<dyn Ways>,
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
    /// It comes with the product: its source is what can be switched off.
    #[error("the feed comes with the product: switch its source off instead")]
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

    /// Writes down the feeds that come with the product, and what is new about them. Each is pulled while
    /// the source that looks into it is on.
    pub async fn adopt(&self) -> Result<(), Unavailable> {
        let feeds = shipped().into_iter().map(|feed| NewFeed {
            slug: feed.slug,
            is_shipped: true,
            is_enabled: true,
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

    /// Changes a feed of one's own.
    pub async fn change(
        &self,
        actor: &Actor,
        id: FeedId,
        change: Change,
    ) -> Result<(), ChangeError> {
        let feed = self.known(id).await?;
        if feed.is_shipped {
            return Err(ChangeError::Shipped);
        }
        if let Some(description) = &change.description {
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
        // Millions of rows at once would hold up everybody else who writes.
        while self.parts.store.clear(id, CLEAR_BATCH).await? > 0 {}
        let entry = self.entry(actor, Act("feed.remove"), &feed.slug);
        let removed = self.parts.store.remove(id, entry).await?;
        removed.then_some(()).ok_or(ChangeError::Unknown)
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
