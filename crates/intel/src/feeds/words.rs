//! Feeds, their entries and their runs as they are kept.

use base::UnixMicros;
use indicator::{Indicator, Kind};
use serde::{Deserialize, Serialize};

use super::Description;
use super::question::{key, reversed_host};

/// The number of a feed: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FeedId(pub i64);

/// The number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(pub i64);

/// The number of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub i64);

/// A feed that is to be written down.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFeed {
    /// Its name in addresses and rows: for ever.
    pub slug: String,
    /// It comes with the product.
    pub is_shipped: bool,
    /// It is pulled.
    pub is_enabled: bool,
    /// What it is.
    pub description: Description,
}

/// A feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// Its number.
    pub id: FeedId,
    /// Its name in addresses and rows.
    pub slug: String,
    /// It comes with the product.
    pub is_shipped: bool,
    /// It is pulled.
    pub is_enabled: bool,
    /// What it is.
    pub description: Description,
    /// When it was written down.
    pub created: UnixMicros,
    /// When it is pulled next, unless it is off.
    pub due: UnixMicros,
    /// The entity tag of what is in the index, if its server gave one.
    pub etag: Option<String>,
    /// When what is in the index was last changed, in its server's words.
    pub last_modified: Option<String>,
    /// The newest run that brought all of it.
    pub complete: Option<RunId>,
    /// Entries of that run.
    pub entries: u64,
}

/// What is to be different about a feed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Whether it is pulled.
    pub is_enabled: Option<bool>,
    /// What it is. What was known of its server's state is forgotten with the old one.
    pub description: Option<Description>,
}

/// An entry on its way into the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is listed.
    pub indicator: Indicator,
    /// How sure its maker is, of 100, if it says so.
    pub confidence: Option<u8>,
    /// What else it says: names and texts.
    pub fields: Vec<(String, String)>,
    /// Since when its maker knows it, if it says so.
    pub first_seen: Option<UnixMicros>,
}

impl Entry {
    /// What finds it: the first 16 bytes of a SHA-256 over kind and value.
    pub fn key(&self) -> [u8; 16] {
        key(self.indicator.kind(), self.indicator.value())
    }

    /// Its host, turned round, if it is a URL or a domain.
    pub fn host(&self) -> Option<String> {
        match self.indicator.kind() {
            Kind::Url | Kind::Domain => reversed_host(&self.indicator),
            _ => None,
        }
    }
}

/// What became of entries that were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Those that were not in the index.
    pub added: u64,
    /// Those that were.
    pub known: u64,
}

/// How much was looked through, and what was forgotten of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// Entries that were deleted.
    pub deleted: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<EntryId>,
}

/// Which feeds are looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The one of this slug.
    Feed(String),
    /// Those that do not come with the product.
    Own,
}

/// An entry of the index.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The feed's slug.
    pub feed: String,
    /// Its description.
    pub description: Description,
    /// The kind, as on the wire.
    pub kind: String,
    /// The value.
    pub value: String,
    /// How sure the maker is, if it says so.
    pub confidence: Option<u8>,
    /// What else it says.
    pub fields: Vec<(String, String)>,
    /// Since when the maker knows it, or else since when it is in the index.
    pub first_seen: UnixMicros,
    /// When it was last in the feed.
    pub last_seen: UnixMicros,
    /// It was in the feed when the feed was last there as a whole.
    pub is_current: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not ended, or its process died.
    Runs,
    /// The feed was read as a whole.
    Complete,
    /// Its server says that nothing has changed.
    Unchanged,
    /// It was not there, or could not be read to its end.
    Failed,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How it ended.
    pub outcome: Outcome,
    /// Bytes that came.
    pub bytes: u64,
    /// Entries that were read.
    pub entries: u64,
    /// Those of them that are new.
    pub added: u64,
    /// Entries that no indicator could be read from.
    pub skipped: u64,
    /// Why it failed.
    pub cause: Option<String>,
    /// The entity tag of what came.
    pub etag: Option<String>,
    /// When that was last changed.
    pub last_modified: Option<String>,
    /// When the feed is due next.
    pub due: UnixMicros,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// Whose.
    pub feed: FeedId,
    /// When it began.
    pub started: UnixMicros,
    /// When it ended.
    pub ended: Option<UnixMicros>,
    /// How.
    pub outcome: Outcome,
    /// Bytes that came.
    pub bytes: u64,
    /// Entries that were read.
    pub entries: u64,
    /// Those of them that are new.
    pub added: u64,
    /// Entries that no indicator could be read from.
    pub skipped: u64,
    /// Why it failed.
    pub cause: Option<String>,
}
