//! A watch: an indicator that is asked about again and again, and whose owner is told of changes.

use std::time::Duration;

use base::{UnixMicros, UserId};
use indicator::Indicator;

use super::{RequestId, WatchId};
use crate::{SourceId, Tlp, Verdict};

/// A watch on its way into the table.
#[derive(Clone, Debug)]
pub struct NewWatch {
    /// Whose.
    pub user: UserId,
    /// What is watched.
    pub indicator: Indicator,
    /// Sources to ask; `None`: all.
    pub sources: Option<Vec<SourceId>>,
    /// How far the value may travel.
    pub tlp: Tlp,
    /// How often it is looked at.
    pub every: Duration,
    /// When it is looked at first.
    pub next: UnixMicros,
    /// When it was made.
    pub created: UnixMicros,
}

/// A watch as the table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Its number.
    pub id: WatchId,
    /// Whose; the watch goes with the account.
    pub user: UserId,
    /// What is watched.
    pub indicator: Indicator,
    /// Sources to ask; `None`: all.
    pub sources: Option<Vec<SourceId>>,
    /// How far the value may travel.
    pub tlp: Tlp,
    /// How often it is looked at.
    pub every: Duration,
    /// When it was made.
    pub created: UnixMicros,
    /// When it is looked at next.
    pub next: UnixMicros,
    /// The request of the last look.
    pub last: Option<RequestId>,
    /// What that request found.
    pub verdict: Verdict,
    /// When something changed last.
    pub changed: Option<UnixMicros>,
}

/// What a look at a watched indicator found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The watch.
    pub watch: WatchId,
    /// When it was due: another look may have been first.
    pub due: UnixMicros,
    /// When it is due next.
    pub next: UnixMicros,
    /// The request.
    pub request: RequestId,
    /// What it found.
    pub verdict: Verdict,
    /// When something changed, if it did.
    pub changed: Option<UnixMicros>,
}

/// Which watches to list. Everything that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchFilter {
    /// Whose.
    pub user: Option<UserId>,
    /// Of this indicator.
    pub indicator: Option<Indicator>,
}
