//! Counters: what quotas have been used, and how often who was asked, by the hour.

use base::UnixMicros;
use indicator::Kind;

use crate::{SourceId, Verdict};

/// A part of a window's time, and what was used in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which part: time since 1970 divided by the part's length.
    pub slot: i64,
    /// Requests in it.
    pub used: u32,
}

/// Requests that were sent to a source, for one of its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// The source.
    pub source: SourceId,
    /// The window's length in seconds.
    pub seconds: u32,
    /// The part of it.
    pub slot: i64,
    /// How many more.
    pub requests: u32,
    /// Parts before this one are forgotten.
    pub forget_before: i64,
}

/// What all processes together have used of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedSoFar {
    /// The source.
    pub source: SourceId,
    /// The window's length in seconds.
    pub seconds: u32,
    /// Its parts, oldest first.
    pub slots: Vec<Slot>,
}

/// Hours since 1970.
pub fn hour_of(at: UnixMicros) -> i64 {
    at.0.div_euclid(3_600_000_000)
}

/// How often a source was asked about a kind in an hour, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceHour {
    /// Hours since 1970.
    pub hour: i64,
    /// The source.
    pub source: SourceId,
    /// The kind.
    pub kind: Kind,
    /// Answers that said something, and were asked for.
    pub found: u64,
    /// Answers that knew nothing, and were asked for.
    pub nothing: u64,
    /// Troubles.
    pub troubled: u64,
    /// Answers that were at hand.
    pub cached: u64,
    /// Microseconds that the first three took together.
    pub took_us: u64,
}

/// How many requests about a kind ended with a verdict in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHour {
    /// Hours since 1970.
    pub hour: i64,
    /// The kind.
    pub kind: Kind,
    /// The verdict.
    pub verdict: Verdict,
    /// How many.
    pub requests: u64,
    /// For how many of them nobody had to be asked.
    pub cached: u64,
}
