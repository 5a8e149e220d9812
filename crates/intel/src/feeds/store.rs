//! The door to the tables of feeds.

use accounts::NewEntry;
use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use jobs::NewJob;

use super::{
    Change, Ended, Entry, EntryId, Feed, FeedId, Forgotten, Listing, NewFeed, Question, Run, RunId,
    Scope, Written,
};

/// What became of a feed that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It has this number.
    Done(FeedId),
    /// Another feed has the slug.
    Taken,
    /// There are as many as may be.
    Full,
}

/// What the index says.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// A feed of the scope is on, and was there as a whole at least once: otherwise nothing found says
    /// nothing.
    pub is_filled: bool,
    /// Entries.
    pub listings: Vec<Listing>,
}

/// Where feeds are kept. Two dialects, one contract: `testkit`'s suite defines it. What a person does
/// is written into the audit trail in the same transaction.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes down feeds that come with the product: new ones are added, due at once; of known ones the
    /// description is brought up to date, and a new one forgets the server's tags.
    async fn adopt(&self, feeds: Vec<NewFeed>, now: UnixMicros) -> Result<(), Unavailable>;

    /// Every feed, by slug.
    async fn feeds(&self) -> Result<Vec<Feed>, Unavailable>;

    /// Adds a feed, due at once, unless there are `feeds_max`.
    async fn add(
        &self,
        feed: NewFeed,
        entry: NewEntry,
        feeds_max: usize,
        now: UnixMicros,
    ) -> Result<Added, Unavailable>;

    /// Changes a feed, and makes it due at once; a new description forgets the server's tags. `false`:
    /// there is none.
    async fn change(
        &self,
        id: FeedId,
        change: Change,
        entry: NewEntry,
        now: UnixMicros,
    ) -> Result<bool, Unavailable>;

    /// Makes a feed due at once, and writes the job that pulls it; `false`: there is none.
    async fn make_due(
        &self,
        id: FeedId,
        job: NewJob,
        entry: NewEntry,
        now: UnixMicros,
    ) -> Result<bool, Unavailable>;

    /// Deletes at most `limit` entries of a feed, oldest first; answers how many.
    async fn clear(&self, id: FeedId, limit: usize) -> Result<u64, Unavailable>;

    /// Deletes a feed with its runs and what is left of its entries; `false`: there is none.
    async fn remove(&self, id: FeedId, entry: NewEntry) -> Result<bool, Unavailable>;

    /// Begins a run; `None`: there is no such feed.
    async fn begin(&self, id: FeedId, now: UnixMicros) -> Result<Option<RunId>, Unavailable>;

    /// Writes entries of a run: new ones are added, known ones are seen again now and say what they say
    /// now. When one is twice among them, the last counts.
    async fn write(
        &self,
        feed: FeedId,
        run: RunId,
        entries: Vec<Entry>,
        now: UnixMicros,
    ) -> Result<Written, Unavailable>;

    /// Ends a run, once. One that was complete takes the place of the complete one before it, with its
    /// tags and the number of its entries. In every case the feed is due next when `ended` says so.
    async fn end(&self, run: RunId, ended: Ended, now: UnixMicros) -> Result<(), Unavailable>;

    /// Looks through at most `limit` entries of a feed after `after`, by number, and deletes those that
    /// are not of the complete run and were last seen before `before`.
    async fn forget(
        &self,
        feed: FeedId,
        before: UnixMicros,
        after: EntryId,
        limit: usize,
    ) -> Result<Forgotten, Unavailable>;

    /// A page of a feed's runs before `before`, newest first.
    async fn runs(
        &self,
        feed: FeedId,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, Unavailable>;

    /// Forgets all but the newest `keep` runs of a feed.
    async fn sweep_runs(&self, feed: FeedId, keep: usize) -> Result<(), Unavailable>;

    /// At most `limit` entries that answer a question, of feeds that are on: those with one of its keys
    /// first, then by host, each in the order of their numbers.
    async fn look_up(
        &self,
        scope: &Scope,
        question: &Question,
        limit: usize,
    ) -> Result<Looked, Unavailable>;
}
