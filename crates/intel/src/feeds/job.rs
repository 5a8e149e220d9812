//! Pulls as background work: what is due is looked for again and again, and each feed is pulled by a job
//! of its own.

use std::time::Duration;

use async_trait::async_trait;
use base::Unavailable;
use jobs::{Attempt, Job, Misfire, NewJob, Outcome, Rule, Schedule};
use serde::{Deserialize, Serialize};

use super::{FeedId, Feeds};

/// How often it is looked for feeds that are due.
const EVERY: Duration = Duration::from_mins(1);

/// Pulls one feed. Running twice asks the feed's server twice and changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct PullFeed {
    /// Which.
    pub feed: FeedId,
}

impl PullFeed {
    /// The job of a feed, unless one waits or runs already.
    pub fn of(feed: FeedId) -> NewJob {
        NewJob::of(&Self { feed }).unique(feed.0.to_string())
    }
}

#[async_trait]
impl Job for PullFeed {
    const NAME: &'static str = "intel.pull-feed";
    const LEASE: Duration = Duration::from_mins(2);
    const TIME_MAX: Duration = Duration::from_hours(1);
    // The next pull comes anyway.
    const ATTEMPTS_MAX: u32 = 3;
    // The run says it all.
    const KEEP: bool = false;
    const AT_ONCE_MAX: Option<usize> = Some(2);
    type Room = Feeds;

    async fn run(&self, feeds: &Feeds, _attempt: Attempt) -> Result<Outcome, Unavailable> {
        // A feed that failed has said so in its run, and is due again.
        feeds.pull(self.feed).await?;
        Ok(Outcome::Done)
    }
}

/// Looks for feeds that are due.
#[derive(Debug, Serialize, Deserialize)]
pub struct DuePulls {}

impl DuePulls {
    /// When it is looked for them.
    pub fn schedule() -> Schedule {
        Schedule {
            name: Self::NAME,
            rule: Rule::every(EVERY),
            misfire: Misfire::RunOnce,
            job: NewJob::of(&Self {}),
        }
    }
}

#[async_trait]
impl Job for DuePulls {
    const NAME: &'static str = "intel.due-pulls";
    const KEEP: bool = false;
    type Room = Feeds;

    async fn run(&self, feeds: &Feeds, _attempt: Attempt) -> Result<Outcome, Unavailable> {
        let due = feeds.due().await?;
        if due.is_empty() {
            return Ok(Outcome::Done);
        }
        Ok(Outcome::Then(due.into_iter().map(PullFeed::of).collect()))
    }
}

impl Feeds {
    /// Feeds that are on, wanted and due.
    pub async fn due(&self) -> Result<Vec<FeedId>, Unavailable> {
        let now = self.now();
        let feeds = self.parts.store.feeds().await?.into_iter();
        let due = feeds.filter(|feed| feed.is_enabled && feed.due <= now);
        let wanted = due.filter(|feed| self.parts.ways.way(feed).is_some());
        Ok(wanted.map(|feed| feed.id).collect())
    }
}
