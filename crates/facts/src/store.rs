//! The door to the table of facts.

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use jobs::Fence;
use stamp::TimestampId;

use crate::{Fact, FactId, NewFact};

/// A fact that was stamped, and the right to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// The fact.
    pub fact: FactId,
    /// Its timestamp.
    pub timestamp: TimestampId,
    /// The attempt that stamped it.
    pub fence: Fence,
}

/// Where facts are kept. Two dialects, one contract: `testkit`'s suite defines it.
///
/// Rooms write their facts in transactions of their own, through what the store crates offer each
/// other; [`Self::insert`] is for facts that stand alone.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes facts, each with the job that stamps it; answers their numbers, in their order.
    async fn insert(
        &self,
        facts: Vec<NewFact>,
        now: UnixMicros,
    ) -> Result<Vec<FactId>, Unavailable>;

    /// Those of the facts that exist, by number.
    async fn facts(&self, ids: &[FactId]) -> Result<Vec<Fact>, Unavailable>;

    /// At most `limit` facts after `after`, by number: for whoever walks through all of them.
    async fn walk(&self, after: FactId, limit: usize) -> Result<Vec<Fact>, Unavailable>;

    /// Writes down timestamps, each together with the mark that its job is done, all in one
    /// transaction; answers for each whether it was written. One whose fence is stale is not.
    async fn stamped(&self, stamped: &[Stamped], now: UnixMicros)
    -> Result<Vec<bool>, Unavailable>;

    /// At most `limit` facts after `after` that are not stamped and have no job that will do it: a
    /// dead letter does not count. None, if all is well.
    async fn orphans(&self, after: FactId, limit: usize) -> Result<Vec<FactId>, Unavailable>;
}
