//! A table of jobs that dies at a chosen write, or in which no time passes.

use std::sync::Arc;

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use jobs::{
    Ended, Fence, JobCursor, JobId, JobList, JobPage, JobRow, KindCounts, Leases, NewJob, Replay,
    ScheduleRow, Store, Want,
};

use crate::failing::{Fate, Life, dead};

/// The jobs' store as a process sees it that dies: from the chosen write on, nothing answers.
pub struct FailingJobs {
    inner: Arc<dyn Store>,
    life: Life,
    timeless: bool,
}

impl FailingJobs {
    /// Lives for ever and counts the writes.
    pub fn counting(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            life: Life::default(),
            timeless: false,
        }
    }

    /// Lives for ever; on a runtime whose time is paused, time stands still while it works. Without
    /// this the runtime would leap to the next timer whenever it waits for the database's threads.
    pub fn timeless(inner: Arc<dyn Store>) -> Self {
        Self {
            timeless: true,
            ..Self::counting(inner)
        }
    }

    /// Dies at write number `at`, counted from 0.
    pub fn dying(inner: Arc<dyn Store>, at: usize, fate: Fate) -> Self {
        Self {
            life: Life::until(at, fate),
            ..Self::counting(inner)
        }
    }

    /// How many writes were asked for.
    pub fn writes(&self) -> usize {
        self.life.writes()
    }

    /// Whether it has died.
    pub fn is_dead(&self) -> bool {
        self.life.alive().is_err()
    }

    async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        if !self.timeless {
            return work.await;
        }
        // The runtime does not leap while a blocking thread is at work: this one waits for us.
        let (done, waiting) = std::sync::mpsc::channel::<()>();
        let blocking = tokio::task::spawn_blocking(move || {
            let _ = waiting.recv();
        });
        let answer = work.await;
        drop(done);
        blocking.await.unwrap();
        answer
    }
}

macro_rules! read {
    ($self:ident, $call:expr) => {{
        $self.life.alive()?;
        $self.during($call).await
    }};
}

macro_rules! write {
    ($self:ident, $call:expr) => {{
        let told = $self.life.begin_write()?;
        let answer = $self.during($call).await?;
        if told { Ok(answer) } else { Err(dead()) }
    }};
}

#[async_trait]
impl Store for FailingJobs {
    async fn enqueue(&self, jobs: Vec<NewJob>, now: UnixMicros) -> Result<(), Unavailable> {
        write!(self, self.inner.enqueue(jobs, now))
    }

    async fn lease(
        &self,
        wants: &[Want],
        total: usize,
        worker: &str,
        now: UnixMicros,
    ) -> Result<Leases, Unavailable> {
        write!(self, self.inner.lease(wants, total, worker, now))
    }

    async fn settle(&self, ended: Vec<Ended>, now: UnixMicros) -> Result<Vec<Fence>, Unavailable> {
        write!(self, self.inner.settle(ended, now))
    }

    async fn extend(&self, fence: Fence, until: UnixMicros) -> Result<bool, Unavailable> {
        write!(self, self.inner.extend(fence, until))
    }

    async fn counts(&self, now: UnixMicros) -> Result<Vec<KindCounts>, Unavailable> {
        read!(self, self.inner.counts(now))
    }

    async fn page(
        &self,
        list: JobList,
        after: Option<JobCursor>,
        limit: usize,
    ) -> Result<JobPage, Unavailable> {
        read!(self, self.inner.page(list, after, limit))
    }

    async fn job(&self, id: JobId) -> Result<Option<JobRow>, Unavailable> {
        read!(self, self.inner.job(id))
    }

    async fn replay(&self, id: JobId, now: UnixMicros) -> Result<Replay, Unavailable> {
        write!(self, self.inner.replay(id, now))
    }

    async fn replay_kind(
        &self,
        name: &str,
        limit: usize,
        now: UnixMicros,
    ) -> Result<u64, Unavailable> {
        write!(self, self.inner.replay_kind(name, limit, now))
    }

    async fn discard(&self, id: JobId) -> Result<bool, Unavailable> {
        write!(self, self.inner.discard(id))
    }

    async fn plan(
        &self,
        name: &str,
        rule: &str,
        first: UnixMicros,
    ) -> Result<ScheduleRow, Unavailable> {
        write!(self, self.inner.plan(name, rule, first))
    }

    async fn schedules(&self) -> Result<Vec<ScheduleRow>, Unavailable> {
        read!(self, self.inner.schedules())
    }

    async fn fire(
        &self,
        name: &str,
        due: UnixMicros,
        next: UnixMicros,
        job: Option<NewJob>,
        now: UnixMicros,
    ) -> Result<bool, Unavailable> {
        write!(self, self.inner.fire(name, due, next, job, now))
    }

    async fn sweep(&self, before: UnixMicros, limit: usize) -> Result<u64, Unavailable> {
        write!(self, self.inner.sweep(before, limit))
    }

    async fn inspect(&self) -> Result<Vec<String>, Unavailable> {
        read!(self, self.inner.inspect())
    }
}
