//! The door to the tables: one function is one business step and one transaction.

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};

use crate::{
    Ended, Fence, JobCursor, JobId, JobList, JobPage, JobRow, KindCounts, Leases, NewJob, Replay,
    ScheduleRow, Want,
};

/// Everything that background work keeps. Two dialects, one contract: `testkit`'s suite defines it.
///
/// Every write is durable when its function returns `Ok`. `Err` means only that the store did not
/// answer; whether the write took effect is then unknown.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes jobs, in their order. One whose unique key an unfinished job of its kind has is left
    /// out, be that job in the table or before it in `jobs`.
    async fn enqueue(&self, jobs: Vec<NewJob>, now: UnixMicros) -> Result<(), Unavailable>;

    /// Leases due jobs of the wanted kinds to `worker`, at most `total`: of each kind the oldest
    /// due, the kinds in turn, so that a backlog of one does not hold up another. An attempt whose
    /// lease has passed has failed and is due again. What is past its deadline, or has failed so
    /// often as it may, becomes a dead letter instead.
    async fn lease(
        &self,
        wants: &[Want],
        total: usize,
        worker: &str,
        now: UnixMicros,
    ) -> Result<Leases, Unavailable>;

    /// Writes down how attempts ended, all in one transaction; answers those whose fence was stale,
    /// of which nothing was written.
    async fn settle(&self, ended: Vec<Ended>, now: UnixMicros) -> Result<Vec<Fence>, Unavailable>;

    /// Lets a lease end at `until` instead; `false` when the fence is stale.
    async fn extend(&self, fence: Fence, until: UnixMicros) -> Result<bool, Unavailable>;

    /// How many jobs there are of each kind, by name.
    async fn counts(&self, now: UnixMicros) -> Result<Vec<KindCounts>, Unavailable>;

    /// A page of a list, after `after`.
    async fn page(
        &self,
        list: JobList,
        after: Option<JobCursor>,
        limit: usize,
    ) -> Result<JobPage, Unavailable>;

    /// One job, if its row is still there.
    async fn job(&self, id: JobId) -> Result<Option<JobRow>, Unavailable>;

    /// Makes a dead letter a job again: due at once, without a deadline, all its attempts before it.
    async fn replay(&self, id: JobId, now: UnixMicros) -> Result<Replay, Unavailable>;

    /// The same for at most `limit` dead letters of a kind, oldest first; answers how many. Those
    /// whose unique key is taken are left alone.
    async fn replay_kind(
        &self,
        name: &str,
        limit: usize,
        now: UnixMicros,
    ) -> Result<u64, Unavailable>;

    /// Throws a dead letter away; `false` when there is none of this number.
    async fn discard(&self, id: JobId) -> Result<bool, Unavailable>;

    /// Remembers a schedule: due first at `first`, unless the same rule is remembered already, which
    /// keeps its times. Answers what is remembered now.
    async fn plan(
        &self,
        name: &str,
        rule: &str,
        first: UnixMicros,
    ) -> Result<ScheduleRow, Unavailable>;

    /// Every schedule that is remembered, by name.
    async fn schedules(&self) -> Result<Vec<ScheduleRow>, Unavailable>;

    /// Lets a schedule fire: if it is still due at `due`, its next time is `next`, and `job` is
    /// written in the same transaction; `None` skips this time. `false` when another process was
    /// first.
    async fn fire(
        &self,
        name: &str,
        due: UnixMicros,
        next: UnixMicros,
        job: Option<NewJob>,
        now: UnixMicros,
    ) -> Result<bool, Unavailable>;

    /// Forgets done jobs that ended before `before`, at most `limit`, oldest first; answers how
    /// many. Dead letters stay until somebody decides.
    async fn sweep(&self, before: UnixMicros, limit: usize) -> Result<u64, Unavailable>;

    /// What is not as it must be, in an operator's words; empty when all is well.
    async fn inspect(&self) -> Result<Vec<String>, Unavailable>;
}
