//! A bulk: many indicators, asked about one after another, through restarts.

use base::{UnixMicros, UserId};
use indicator::Indicator;

use super::{BulkId, RequestId};
use crate::{SourceId, Tlp, Verdict};

/// Most indicators of one bulk.
pub const BULK_ITEMS_MAX: usize = 100_000;

/// How far a bulk has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BulkState {
    /// Its items are looked up.
    Running,
    /// Somebody stopped it for now.
    Paused,
    /// Somebody stopped it for good.
    Cancelled,
    /// Every item is done.
    Finished,
}

/// A bulk on its way into the tables.
#[derive(Clone, Debug)]
pub struct NewBulk {
    /// Its name for people; may be empty.
    pub name: String,
    /// Whose account asks, if any.
    pub user: Option<UserId>,
    /// Sources to ask; `None`: all.
    pub sources: Option<Vec<SourceId>>,
    /// How far the values may travel.
    pub tlp: Tlp,
    /// Whether answers that are at hand will do.
    pub may_use_cache: bool,
    /// What to look up, each once, in this order.
    pub indicators: Vec<Indicator>,
    /// When.
    pub created: UnixMicros,
}

/// A bulk as the table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// Its number.
    pub id: BulkId,
    /// Its name for people; may be empty.
    pub name: String,
    /// Whose account asked, if any; it may be gone.
    pub user: Option<UserId>,
    /// The account's name, while it exists.
    pub user_name: Option<String>,
    /// Sources to ask; `None`: all.
    pub sources: Option<Vec<SourceId>>,
    /// How far the values may travel.
    pub tlp: Tlp,
    /// Whether answers that are at hand will do.
    pub may_use_cache: bool,
    /// How far it has come.
    pub state: BulkState,
    /// How often it was begun: whoever works for an earlier run stops.
    pub run: u32,
    /// How many items it has.
    pub items: u32,
    /// How many of them are done.
    pub done: u32,
    /// How many of those ended malicious.
    pub malicious: u32,
    /// How many of those ended suspicious.
    pub suspicious: u32,
    /// How many of those had a source in trouble.
    pub troubled: u32,
    /// When it was made.
    pub created: UnixMicros,
    /// When it was last worked on, or its state changed.
    pub changed: UnixMicros,
}

/// How far an item has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemState {
    /// It waits for its turn.
    Waiting,
    /// It was looked up.
    Done,
}

/// An item whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place in the bulk, from 0.
    pub place: u32,
    /// What to look up.
    pub indicator: Indicator,
}

/// An item that was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemDone {
    /// Its place in the bulk.
    pub place: u32,
    /// The request that did it.
    pub request: RequestId,
    /// What was held.
    pub verdict: Verdict,
    /// How sure, of 100.
    pub confidence: u8,
    /// How many sources were in trouble.
    pub troubled: u32,
}

/// An item as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkItem {
    /// Its place in the bulk, from 0.
    pub place: u32,
    /// What is looked up.
    pub indicator: Indicator,
    /// How far it has come.
    pub state: ItemState,
    /// What came of it, once it is done.
    pub done: Option<ItemDone>,
}

/// Which items to list. Everything that is given must fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BulkFilter {
    /// In this state.
    pub state: Option<ItemState>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
    /// With a source in trouble.
    pub only_troubled: bool,
}

/// What somebody wants a bulk to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkStep {
    /// Stop for now.
    Pause,
    /// Go on.
    Resume,
    /// Stop for good.
    Cancel,
}

/// How a step of a bulk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkChange {
    /// It is in this state now.
    Now(BulkState),
    /// It is in this state, from which the step does not lead on.
    Already(BulkState),
    /// There is no such bulk.
    Unknown,
}
