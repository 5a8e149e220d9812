//! A store that dies at a chosen write, and one that flips bits.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use parking_lot::Mutex;
use stamp::{
    BatchState, Checkpoint, Commit, Cosignature, EntryState, Head, Interval, Lease, LogKey,
    NewBatch, PooledBatch, SealedBatch, SealedInterval, Store, TagPage, TimestampId, Token, Tree,
    Witnessed,
};
use tlog::{Hash, TileId};

/// What becomes of the write at which the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It never reached the disk.
    Lost,
    /// It did, but nobody was told.
    Kept,
}

/// Changes an interval between the sealer and the disk.
pub type Fault = Box<dyn Fn(&mut SealedInterval) + Send + Sync>;

/// A store as a process sees it that dies: from the chosen write on, nothing answers.
pub struct FailingStore {
    inner: Arc<dyn Store>,
    life: Life,
    fault: Option<Fault>,
}

/// How long a process lives, counted in writes.
#[derive(Default)]
pub(crate) struct Life(Mutex<Plan>);

#[derive(Default)]
struct Plan {
    /// How many writes were asked for.
    writes: usize,
    /// The number of the last write, and its fate.
    death: Option<(usize, Fate)>,
    dead: bool,
}

impl FailingStore {
    /// Lives for ever and counts the writes.
    pub fn counting(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            life: Life::default(),
            fault: None,
        }
    }

    /// Dies at write number `at`, counted from 0.
    pub fn dying(inner: Arc<dyn Store>, at: usize, fate: Fate) -> Self {
        Self {
            life: Life::until(at, fate),
            ..Self::counting(inner)
        }
    }

    /// Changes every interval on its way to the disk.
    pub fn flipping(inner: Arc<dyn Store>, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::counting(inner)
        }
    }

    /// How many writes were asked for.
    pub fn writes(&self) -> usize {
        self.life.writes()
    }
}

impl Life {
    /// Ends at write number `at`, counted from 0.
    pub(crate) fn until(at: usize, fate: Fate) -> Self {
        Self(Mutex::new(Plan {
            death: Some((at, fate)),
            ..Plan::default()
        }))
    }

    pub(crate) fn writes(&self) -> usize {
        self.0.lock().writes
    }

    pub(crate) fn alive(&self) -> Result<(), Unavailable> {
        if self.0.lock().dead {
            return Err(dead());
        }
        Ok(())
    }

    /// Before a write: whether it is made, and whether its answer is told.
    pub(crate) fn begin_write(&self) -> Result<bool, Unavailable> {
        let mut plan = self.0.lock();
        if plan.dead {
            return Err(dead());
        }
        let number = plan.writes;
        plan.writes += 1;
        match plan.death {
            Some((at, fate)) if at == number => {
                plan.dead = true;
                match fate {
                    Fate::Lost => Err(dead()),
                    Fate::Kept => Ok(false),
                }
            }
            _ => Ok(true),
        }
    }
}

pub(crate) fn dead() -> Unavailable {
    Unavailable::new(
        "the dying store",
        "the process died here, as the test asked",
    )
}

macro_rules! read {
    ($self:ident, $call:expr) => {{
        $self.life.alive()?;
        $call.await
    }};
}

macro_rules! write {
    ($self:ident, $call:expr) => {{
        let told = $self.life.begin_write()?;
        let answer = $call.await?;
        if told { Ok(answer) } else { Err(dead()) }
    }};
}

#[async_trait]
impl Store for FailingStore {
    async fn insert_batch(&self, batch: NewBatch) -> Result<u64, Unavailable> {
        write!(self, self.inner.insert_batch(batch))
    }

    async fn pool(&self, after: u64, entries_max: usize) -> Result<Vec<PooledBatch>, Unavailable> {
        read!(self, self.inner.pool(after, entries_max))
    }

    async fn batch(&self, number: u64) -> Result<Option<BatchState>, Unavailable> {
        read!(self, self.inner.batch(number))
    }

    async fn entry(&self, number: u64, index: u32) -> Result<Option<EntryState>, Unavailable> {
        read!(self, self.inner.entry(number, index))
    }

    async fn entries(
        &self,
        addresses: &[(u64, u32)],
    ) -> Result<Vec<Option<EntryState>>, Unavailable> {
        read!(self, self.inner.entries(addresses))
    }

    async fn pooled(&self) -> Result<u64, Unavailable> {
        read!(self, self.inner.pooled())
    }

    async fn sealed_batches(&self, interval: u64) -> Result<Vec<SealedBatch>, Unavailable> {
        read!(self, self.inner.sealed_batches(interval))
    }

    async fn tagged(
        &self,
        tag: &str,
        before: Option<TimestampId>,
        limit: usize,
    ) -> Result<TagPage, Unavailable> {
        read!(self, self.inner.tagged(tag, before, limit))
    }

    async fn referenced(
        &self,
        after: Option<TimestampId>,
        limit: usize,
    ) -> Result<Vec<TimestampId>, Unavailable> {
        read!(self, self.inner.referenced(after, limit))
    }

    async fn head(&self) -> Result<Head, Unavailable> {
        read!(self, self.inner.head())
    }

    async fn commit_interval(&self, mut sealed: SealedInterval) -> Result<Commit, Unavailable> {
        if let Some(fault) = &self.fault {
            fault(&mut sealed);
        }
        write!(self, self.inner.commit_interval(sealed))
    }

    async fn intervals(&self, range: Range<u64>) -> Result<Vec<Interval>, Unavailable> {
        read!(self, self.inner.intervals(range))
    }

    async fn interval_tiles(
        &self,
        interval: u64,
        tiles: &[TileId],
    ) -> Result<Vec<(TileId, Vec<Hash>)>, Unavailable> {
        read!(self, self.inner.interval_tiles(interval, tiles))
    }

    async fn interval_leaves(&self, interval: u64) -> Result<Vec<Hash>, Unavailable> {
        read!(self, self.inner.interval_leaves(interval))
    }

    async fn main_tiles(
        &self,
        tree: Tree,
        tiles: &[TileId],
    ) -> Result<Vec<(TileId, Vec<Hash>)>, Unavailable> {
        read!(self, self.inner.main_tiles(tree, tiles))
    }

    async fn put_checkpoint(&self, size: u64, note: String) -> Result<Checkpoint, Unavailable> {
        write!(self, self.inner.put_checkpoint(size, note))
    }

    async fn checkpoint_up_to(&self, size: u64) -> Result<Option<Checkpoint>, Unavailable> {
        read!(self, self.inner.checkpoint_up_to(size))
    }

    async fn cosigned_checkpoints(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, Unavailable> {
        read!(self, self.inner.cosigned_checkpoints(from, limit))
    }

    async fn add_cosignature(
        &self,
        size: u64,
        cosignature: Cosignature,
    ) -> Result<(), Unavailable> {
        write!(self, self.inner.add_cosignature(size, cosignature))
    }

    async fn claim_authority(&self, authority: &str) -> Result<String, Unavailable> {
        write!(self, self.inner.claim_authority(authority))
    }

    async fn log_keys(&self) -> Result<Vec<LogKey>, Unavailable> {
        read!(self, self.inner.log_keys())
    }

    async fn add_log_key(&self, key: LogKey) -> Result<(), Unavailable> {
        write!(self, self.inner.add_log_key(key))
    }

    async fn token(&self, serial: [u8; 16]) -> Result<Option<Token>, Unavailable> {
        read!(self, self.inner.token(serial))
    }

    async fn forget(&self, before: UnixMicros, intervals_max: u32) -> Result<u32, Unavailable> {
        write!(self, self.inner.forget(before, intervals_max))
    }

    async fn try_lease(&self) -> Result<Option<Box<dyn Lease>>, Unavailable> {
        read!(self, self.inner.try_lease())
    }

    async fn witnessed(&self, origin: &str) -> Result<Option<Witnessed>, Unavailable> {
        read!(self, self.inner.witnessed(origin))
    }

    async fn advance_witnessed(
        &self,
        origin: &str,
        old: Option<Witnessed>,
        new: Witnessed,
    ) -> Result<bool, Unavailable> {
        write!(self, self.inner.advance_witnessed(origin, old, new))
    }
}
