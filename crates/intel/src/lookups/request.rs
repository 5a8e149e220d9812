//! A request: one indicator, asked about once, by somebody, for a reason.

use base::{UnixMicros, UserId};
use indicator::{Indicator, Kind};

use super::{AnswerId, AnswerRecord, BulkId, EvidenceRef, RequestId, SourceRef, WatchId};
use crate::{SourceId, Tlp, Verdict};

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestState {
    /// Sources are still awaited.
    Running,
    /// Every source that was asked has answered, or is in trouble.
    Finished,
    /// Whoever asked went away before all had answered.
    Cancelled,
    /// The process that asked is gone.
    BrokenOff,
}

/// Why it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Somebody asked.
    Asked,
    /// As an item of a bulk.
    Bulk(BulkId),
    /// For a watch.
    Watch(WatchId),
}

/// A source that was not asked, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedRef {
    /// Its number.
    pub id: SourceId,
    /// Its name in addresses.
    pub slug: String,
    /// The reasons' names.
    pub why: Vec<String>,
}

/// A request on its way into the tables.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// What is asked about.
    pub indicator: std::sync::Arc<Indicator>,
    /// Whose account asks, if any.
    pub user: Option<UserId>,
    /// Who it is: `person`, `program`, `password`, `product` or `stranger`.
    pub who: &'static str,
    /// The server's request in which it happened, if any.
    pub trace: Option<String>,
    /// Why.
    pub cause: Cause,
    /// How far the value may travel.
    pub tlp: Tlp,
    /// Sources that are asked, without those whose answer was at hand.
    pub asked: Vec<std::sync::Arc<SourceRef>>,
    /// Sources that are not, but for those that do not know the kind at all.
    pub skipped: Vec<SkippedRef>,
    /// When.
    pub opened: UnixMicros,
    /// How it ended, when all answers were at hand.
    pub closing: Option<Closing>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// [`RequestState::Finished`] or [`RequestState::Cancelled`].
    pub state: RequestState,
    /// What all answers together hold.
    pub verdict: Verdict,
    /// How sure, of 100.
    pub confidence: u8,
    /// Whether sources contradict each other.
    pub is_disputed: bool,
    /// Answers that other requests brought.
    pub borrowed: Vec<AnswerId>,
    /// How many sources answered, borrowed answers included.
    pub answered: u32,
    /// How many are in trouble.
    pub troubled: u32,
    /// When.
    pub closed: UnixMicros,
}

/// What a store answers for an answer that it wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The answer's number.
    pub id: AnswerId,
    /// Its evidence, if it has any.
    pub evidence: Option<EvidenceRef>,
}

/// A request as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Its number.
    pub id: RequestId,
    /// What was asked about.
    pub indicator: Indicator,
    /// Whose account asked, if any; it may be gone.
    pub user: Option<UserId>,
    /// The account's name, while it exists.
    pub user_name: Option<String>,
    /// Who it was: `person`, `program`, `password`, `product` or `stranger`.
    pub who: String,
    /// The server's request in which it happened, if any.
    pub trace: Option<String>,
    /// Why.
    pub cause: Cause,
    /// How far the value was allowed to travel.
    pub tlp: Tlp,
    /// How far it has come, as the table says: never [`RequestState::BrokenOff`] from a store.
    pub state: RequestState,
    /// What all answers together hold; unknown while it runs.
    pub verdict: Verdict,
    /// How sure, of 100.
    pub confidence: u8,
    /// Whether sources contradict each other.
    pub is_disputed: bool,
    /// How many sources answered.
    pub answered: u32,
    /// How many are in trouble.
    pub troubled: u32,
    /// When it was opened.
    pub opened: UnixMicros,
    /// When it was closed.
    pub closed: Option<UnixMicros>,
}

/// A request with everything that came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRequest {
    /// The request.
    pub row: RequestRow,
    /// Sources that were asked, without those whose answer was at hand.
    pub asked: Vec<SourceRef>,
    /// Sources that were not, but for those that do not know the kind at all.
    pub skipped: Vec<SkippedRef>,
    /// Answers and troubles, its own and borrowed, in the order of their numbers. A borrowed one is
    /// known by its [`AnswerRecord::request`].
    pub answers: Vec<AnswerRecord>,
}

/// Which requests to list. Everything that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Whose.
    pub user: Option<UserId>,
    /// Part of the value, without case.
    pub text: Option<String>,
    /// Of which kind.
    pub kind: Option<Kind>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
    /// Only those that somebody asked for: neither items of bulks nor watches.
    pub only_asked: bool,
    /// Items of this bulk.
    pub bulk: Option<BulkId>,
}

/// The newest summary of an indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastVerdict {
    /// The request that it is of: the newest one that finished.
    pub request: RequestId,
    /// What was held.
    pub verdict: Verdict,
    /// How sure, of 100.
    pub confidence: u8,
    /// Whether sources contradicted each other.
    pub is_disputed: bool,
    /// When.
    pub closed: UnixMicros,
}
