//! The door of background work: each step is one transaction.

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use jobs::{
    Ended, Fence, JobCursor, JobId, JobList, JobPage, JobRow, KindCounts, Leases, NewJob, Replay,
    ScheduleRow, Store, Want,
};

use crate::PostgresStore;
use crate::connection::answered;

#[async_trait]
impl Store for PostgresStore {
    async fn enqueue(&self, jobs: Vec<NewJob>, now: UnixMicros) -> Result<(), Unavailable> {
        answered(super::enqueue_alone(self, &jobs, now)).await
    }

    async fn lease(
        &self,
        wants: &[Want],
        total: usize,
        worker: &str,
        now: UnixMicros,
    ) -> Result<Leases, Unavailable> {
        answered(super::lease(self, wants, total, worker, now)).await
    }

    async fn settle(&self, ended: Vec<Ended>, now: UnixMicros) -> Result<Vec<Fence>, Unavailable> {
        answered(super::settle(self, &ended, now)).await
    }

    async fn extend(&self, fence: Fence, until: UnixMicros) -> Result<bool, Unavailable> {
        answered(super::extend(self, fence, until)).await
    }

    async fn counts(&self, now: UnixMicros) -> Result<Vec<KindCounts>, Unavailable> {
        answered(super::counts(self, now)).await
    }

    async fn page(
        &self,
        list: JobList,
        after: Option<JobCursor>,
        limit: usize,
    ) -> Result<JobPage, Unavailable> {
        answered(super::page(self, &list, after, limit)).await
    }

    async fn job(&self, id: JobId) -> Result<Option<JobRow>, Unavailable> {
        answered(super::job(self, id)).await
    }

    async fn replay(&self, id: JobId, now: UnixMicros) -> Result<Replay, Unavailable> {
        answered(super::replay(self, id, now)).await
    }

    async fn replay_kind(
        &self,
        name: &str,
        limit: usize,
        now: UnixMicros,
    ) -> Result<u64, Unavailable> {
        answered(super::replay_kind(self, name, limit, now)).await
    }

    async fn discard(&self, id: JobId) -> Result<bool, Unavailable> {
        answered(super::discard(self, id)).await
    }

    async fn plan(
        &self,
        name: &str,
        rule: &str,
        first: UnixMicros,
    ) -> Result<ScheduleRow, Unavailable> {
        answered(super::plan(self, name, rule, first)).await
    }

    async fn schedules(&self) -> Result<Vec<ScheduleRow>, Unavailable> {
        answered(super::schedules(self)).await
    }

    async fn fire(
        &self,
        name: &str,
        due: UnixMicros,
        next: UnixMicros,
        job: Option<NewJob>,
        now: UnixMicros,
    ) -> Result<bool, Unavailable> {
        answered(super::fire(self, name, due, next, job.as_ref(), now)).await
    }

    async fn sweep(&self, before: UnixMicros, limit: usize) -> Result<u64, Unavailable> {
        answered(super::sweep(self, before, limit)).await
    }

    async fn inspect(&self) -> Result<Vec<String>, Unavailable> {
        answered(super::inspect(self)).await
    }
}
