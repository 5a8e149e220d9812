//! Background work as the other rooms see it: hand in, wake, look.

use std::sync::Arc;

use base::{Bus, Clock, Entropy, Unavailable, UnixMicros};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::bell::Bell;
use crate::gather::Gatherer;
use crate::{
    JobCursor, JobId, JobList, JobPage, JobRow, KindCounts, NewJob, Replay, ScheduleRow, Settings,
    Store,
};

/// Most dead letters that are replayed in one go.
const REPLAY_MAX: usize = 10_000;
/// Most done jobs forgotten in one transaction, so that writers never wait long behind it.
const SWEEP_AT_ONCE: usize = 2_000;

/// Background work of this process. One per process; features hold it to hand in work.
pub struct Jobs {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    settings: Settings,
    bell: Bell,
    gatherer: Arc<Gatherer>,
    gathering: JoinHandle<()>,
}

impl Jobs {
    /// Takes work from now on, on the runtime that calls this. Runs none: that is a
    /// [`crate::Worker`]'s.
    pub fn start(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
    ) -> Arc<Self> {
        let gatherer = Arc::new(Gatherer::default());
        let gathering = {
            let gatherer = Arc::clone(&gatherer);
            let (store, clock) = (Arc::clone(&store), Arc::clone(&clock));
            tokio::spawn(async move { gatherer.run(store, clock).await })
        };
        Arc::new(Self {
            store,
            clock,
            bell: Bell::start(bus, entropy.u64()),
            entropy,
            settings,
            gatherer,
            gathering,
        })
    }

    /// Writes a job that stands alone; durable when it returns. One that follows a fact is written
    /// in the fact's transaction instead, and [`Self::ring`] is called after it.
    pub async fn enqueue(&self, job: NewJob) -> Result<(), Unavailable> {
        self.enqueue_many(vec![job]).await
    }

    /// The same for several: all are written, or none is.
    pub async fn enqueue_many(&self, jobs: Vec<NewJob>) -> Result<(), Unavailable> {
        self.gatherer.enqueue(jobs).await?;
        self.ring();
        Ok(())
    }

    /// Wakes the workers, here and in other processes: called after the commit of a transaction
    /// that wrote a job. Costs nothing; forgetting it costs [`Settings::poll`].
    pub fn ring(&self) {
        self.bell.ring();
    }

    /// How many jobs there are of each kind, by name.
    pub async fn counts(&self) -> Result<Vec<KindCounts>, Unavailable> {
        self.store.counts(self.clock.now()).await
    }

    /// A page of a list, after `after`.
    pub async fn page(
        &self,
        list: JobList,
        after: Option<JobCursor>,
        limit: usize,
    ) -> Result<JobPage, Unavailable> {
        self.store.page(list, after, limit).await
    }

    /// One job, if its row is still there.
    pub async fn job(&self, id: JobId) -> Result<Option<JobRow>, Unavailable> {
        self.store.job(id).await
    }

    /// Tries a dead letter again, from the first attempt on.
    pub async fn replay(&self, id: JobId) -> Result<Replay, Unavailable> {
        let replayed = self.store.replay(id, self.clock.now()).await?;
        self.ring();
        Ok(replayed)
    }

    /// Tries all dead letters of a kind again, at most 10,000 of them; answers how many.
    pub async fn replay_kind(&self, name: &str) -> Result<u64, Unavailable> {
        let now = self.clock.now();
        let replayed = self.store.replay_kind(name, REPLAY_MAX, now).await?;
        self.ring();
        Ok(replayed)
    }

    /// Throws a dead letter away; `false` when there is none of this number.
    pub async fn discard(&self, id: JobId) -> Result<bool, Unavailable> {
        self.store.discard(id).await
    }

    /// Every schedule that is remembered, by name.
    pub async fn schedules(&self) -> Result<Vec<ScheduleRow>, Unavailable> {
        self.store.schedules().await
    }

    /// Forgets done jobs that are older than they are kept; answers how many.
    pub async fn sweep(&self) -> Result<u64, Unavailable> {
        let age = i64::try_from(self.settings.keep_done.as_micros()).unwrap_or(i64::MAX);
        let before = UnixMicros(self.clock.now().0.saturating_sub(age));
        let mut swept = 0;
        loop {
            let gone = self.store.sweep(before, SWEEP_AT_ONCE).await?;
            swept += gone;
            if gone < SWEEP_AT_ONCE as u64 {
                return Ok(swept);
            }
        }
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Wakes the workers of this process only: something is due sooner than they think.
    pub(crate) fn ring_here(&self) {
        self.bell.ring_here();
    }

    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.bell.listen()
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.gathering.abort();
    }
}
