//! The store itself: one pool of connections, and each step in its file.

use std::ops::Range;

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use sqlx::postgres::{PgConnectOptions, PgPool};
use stamp::{
    BatchState, Checkpoint, Commit, Cosignature, EntryState, Head, Interval, Lease, LogKey,
    NewBatch, PooledBatch, SealedBatch, SealedInterval, Store, TagPage, TimestampId, Token, Tree,
    Witnessed,
};
use tlog::{Hash, TileId};

use crate::connection::{self, answered};
use crate::{OpenError, forget, keep, lease, pool, seal};

/// The log in a Postgres database.
///
/// Its connections must reach the server itself or a pooler in session mode: the lease is a lock of
/// a session.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pool: PgPool,
    options: PgConnectOptions,
}

impl PostgresStore {
    /// Connects to `url` (`postgres://user:password@host:port/name`) and brings the tables up to
    /// date. Processes that start together wait for each other.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let options = connection::options(url)?;
        let pool = connection::open(&options).await?;
        Ok(Self { pool, options })
    }

    /// Gives all pooled connections back, once the work on them is done.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.options
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn insert_batch(&self, batch: NewBatch) -> Result<u64, Unavailable> {
        answered(pool::insert_batch(self, batch)).await
    }

    async fn pool(&self, after: u64, entries_max: usize) -> Result<Vec<PooledBatch>, Unavailable> {
        answered(pool::pool(self, after, entries_max)).await
    }

    async fn batch(&self, number: u64) -> Result<Option<BatchState>, Unavailable> {
        answered(pool::batch(self, number)).await
    }

    async fn entry(&self, number: u64, index: u32) -> Result<Option<EntryState>, Unavailable> {
        let entries = answered(pool::entries(self, &[(number, index)])).await?;
        Ok(entries.into_iter().next().flatten())
    }

    async fn entries(
        &self,
        addresses: &[(u64, u32)],
    ) -> Result<Vec<Option<EntryState>>, Unavailable> {
        answered(pool::entries(self, addresses)).await
    }

    async fn pooled(&self) -> Result<u64, Unavailable> {
        answered(pool::count(self)).await
    }

    async fn sealed_batches(&self, interval: u64) -> Result<Vec<SealedBatch>, Unavailable> {
        answered(pool::sealed_batches(self, interval)).await
    }

    async fn tagged(
        &self,
        tag: &str,
        before: Option<TimestampId>,
        limit: usize,
    ) -> Result<TagPage, Unavailable> {
        answered(forget::tagged(self, tag, before, limit)).await
    }

    async fn referenced(
        &self,
        after: Option<TimestampId>,
        limit: usize,
    ) -> Result<Vec<TimestampId>, Unavailable> {
        answered(forget::referenced(self, after, limit)).await
    }

    async fn head(&self) -> Result<Head, Unavailable> {
        answered(seal::read_head(self)).await
    }

    async fn commit_interval(&self, sealed: SealedInterval) -> Result<Commit, Unavailable> {
        answered(seal::commit_interval(self, &sealed)).await
    }

    async fn intervals(&self, range: Range<u64>) -> Result<Vec<Interval>, Unavailable> {
        answered(seal::intervals(self, range)).await
    }

    async fn interval_tiles(
        &self,
        interval: u64,
        tiles: &[TileId],
    ) -> Result<Vec<(TileId, Vec<Hash>)>, Unavailable> {
        answered(seal::interval_tiles(self, interval, tiles)).await
    }

    async fn interval_leaves(&self, interval: u64) -> Result<Vec<Hash>, Unavailable> {
        answered(seal::interval_leaves(self, interval)).await
    }

    async fn main_tiles(
        &self,
        tree: Tree,
        tiles: &[TileId],
    ) -> Result<Vec<(TileId, Vec<Hash>)>, Unavailable> {
        answered(seal::main_tiles(self, tree, tiles)).await
    }

    async fn put_checkpoint(&self, size: u64, note: String) -> Result<Checkpoint, Unavailable> {
        answered(keep::put_checkpoint(self, size, &note)).await
    }

    async fn checkpoint_up_to(&self, size: u64) -> Result<Option<Checkpoint>, Unavailable> {
        answered(keep::checkpoint_up_to(self, size)).await
    }

    async fn cosigned_checkpoints(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, Unavailable> {
        answered(keep::cosigned_checkpoints(self, from, limit)).await
    }

    async fn add_cosignature(
        &self,
        size: u64,
        cosignature: Cosignature,
    ) -> Result<(), Unavailable> {
        answered(keep::add_cosignature(self, size, &cosignature)).await
    }

    async fn claim_authority(&self, authority: &str) -> Result<String, Unavailable> {
        answered(keep::claim_authority(self, authority)).await
    }

    async fn log_keys(&self) -> Result<Vec<LogKey>, Unavailable> {
        answered(keep::log_keys(self)).await
    }

    async fn add_log_key(&self, key: LogKey) -> Result<(), Unavailable> {
        answered(keep::add_log_key(self, &key)).await
    }

    async fn token(&self, serial: [u8; 16]) -> Result<Option<Token>, Unavailable> {
        answered(forget::token(self, serial)).await
    }

    async fn forget(&self, before: UnixMicros, intervals_max: u32) -> Result<u32, Unavailable> {
        answered(forget::forget(self, before, intervals_max)).await
    }

    async fn try_lease(&self) -> Result<Option<Box<dyn Lease>>, Unavailable> {
        answered(lease::try_lease(self)).await
    }

    async fn witnessed(&self, origin: &str) -> Result<Option<Witnessed>, Unavailable> {
        answered(keep::witnessed(self, origin)).await
    }

    async fn advance_witnessed(
        &self,
        origin: &str,
        old: Option<Witnessed>,
        new: Witnessed,
    ) -> Result<bool, Unavailable> {
        answered(keep::advance_witnessed(self, origin, old, new)).await
    }
}
