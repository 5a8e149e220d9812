//! The door of background work: each step goes to the writer or to a reader.

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use jobs::{
    Ended, Fence, JobCursor, JobId, JobList, JobPage, JobRow, KindCounts, Leases, NewJob, Replay,
    ScheduleRow, Store, Want,
};

use crate::SqliteStore;

#[async_trait]
impl Store for SqliteStore {
    async fn enqueue(&self, jobs: Vec<NewJob>, now: UnixMicros) -> Result<(), Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| super::enqueue(tx, &jobs, now))
            .await
    }

    async fn lease(
        &self,
        wants: &[Want],
        total: usize,
        worker: &str,
        now: UnixMicros,
    ) -> Result<Leases, Unavailable> {
        let (wants, worker) = (wants.to_vec(), worker.to_owned());
        self.lasting
            .writer
            .transaction(move |tx| super::lease(tx, &wants, total, &worker, now))
            .await
    }

    async fn settle(&self, ended: Vec<Ended>, now: UnixMicros) -> Result<Vec<Fence>, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| super::settle(tx, &ended, now))
            .await
    }

    async fn extend(&self, fence: Fence, until: UnixMicros) -> Result<bool, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| super::extend(tx, fence, until))
            .await
    }

    async fn counts(&self, now: UnixMicros) -> Result<Vec<KindCounts>, Unavailable> {
        self.lasting
            .readers
            .snapshot(move |db| super::counts(db, now))
            .await
    }

    async fn page(
        &self,
        list: JobList,
        after: Option<JobCursor>,
        limit: usize,
    ) -> Result<JobPage, Unavailable> {
        self.lasting
            .readers
            .read(move |db| super::page(db, &list, after, limit))
            .await
    }

    async fn job(&self, id: JobId) -> Result<Option<JobRow>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| super::job(db, id))
            .await
    }

    async fn replay(&self, id: JobId, now: UnixMicros) -> Result<Replay, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| super::replay(tx, id, now))
            .await
    }

    async fn replay_kind(
        &self,
        name: &str,
        limit: usize,
        now: UnixMicros,
    ) -> Result<u64, Unavailable> {
        let name = name.to_owned();
        self.lasting
            .writer
            .transaction(move |tx| super::replay_kind(tx, &name, limit, now))
            .await
    }

    async fn discard(&self, id: JobId) -> Result<bool, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| super::discard(tx, id))
            .await
    }

    async fn plan(
        &self,
        name: &str,
        rule: &str,
        first: UnixMicros,
    ) -> Result<ScheduleRow, Unavailable> {
        let (name, rule) = (name.to_owned(), rule.to_owned());
        self.lasting
            .writer
            .transaction(move |tx| super::plan(tx, &name, &rule, first))
            .await
    }

    async fn schedules(&self) -> Result<Vec<ScheduleRow>, Unavailable> {
        self.lasting.readers.read(super::schedules).await
    }

    async fn fire(
        &self,
        name: &str,
        due: UnixMicros,
        next: UnixMicros,
        job: Option<NewJob>,
        now: UnixMicros,
    ) -> Result<bool, Unavailable> {
        let name = name.to_owned();
        self.lasting
            .writer
            .transaction(move |tx| super::fire(tx, &name, due, next, job.as_ref(), now))
            .await
    }

    async fn sweep(&self, before: UnixMicros, limit: usize) -> Result<u64, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| super::sweep(tx, before, limit))
            .await
    }

    async fn inspect(&self) -> Result<Vec<String>, Unavailable> {
        self.lasting.readers.read(super::inspect).await
    }
}
