//! The store itself: each step goes to the writer or to a reader.

use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use stamp::{
    BatchState, Checkpoint, Commit, Cosignature, EntryState, Head, Interval, Lease, LogKey,
    NewBatch, PooledBatch, SealedBatch, SealedInterval, Store, TagPage, TimestampId, Token, Tree,
    Witnessed,
};
use tlog::{Hash, TileId};

use crate::error::unavailable;
use crate::file::DatabaseFile;
use crate::{OpenError, connection, forget, keep, lease, pool, seal};

/// The lasting database's name in its folder.
const LASTING: &str = "indelible.db";
/// The temporary records' name beside it.
const TEMPORARY: &str = "ttl.db";
/// The lock file's name beside them.
const LOCK: &str = "sealer.lock";
/// Threads that read the lasting database. Reads are short; more would only wait for the same cores.
const READERS: usize = 3;
/// Threads that read temporary records: one lookup per request of somebody who is signed in.
const TEMPORARY_READERS: usize = 1;

/// Everything the product keeps, in a folder. Dropping it finishes what was asked for.
pub struct SqliteStore {
    pub(crate) lasting: DatabaseFile,
    pub(crate) temporary: DatabaseFile,
    lock: PathBuf,
}

impl SqliteStore {
    /// Opens the databases in `folder`, making all three when they are not there. Blocks for
    /// milliseconds.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::Folder {
            path: folder.to_owned(),
            source,
        })?;
        let open = |name, schema, readers| DatabaseFile::open(&folder.join(name), schema, readers);
        Ok(Self {
            lasting: open(LASTING, connection::LASTING, READERS)?,
            temporary: open(TEMPORARY, connection::TEMPORARY, TEMPORARY_READERS)?,
            lock: folder.join(LOCK),
        })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn insert_batch(&self, batch: NewBatch) -> Result<u64, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| pool::insert_batch(tx, &batch))
            .await
    }

    async fn pool(&self, after: u64, entries_max: usize) -> Result<Vec<PooledBatch>, Unavailable> {
        self.lasting
            .readers
            .snapshot(move |db| pool::pool(db, after, entries_max))
            .await
    }

    async fn batch(&self, number: u64) -> Result<Option<BatchState>, Unavailable> {
        self.lasting
            .readers
            .snapshot(move |db| pool::batch(db, number))
            .await
    }

    async fn entry(&self, number: u64, index: u32) -> Result<Option<EntryState>, Unavailable> {
        self.lasting
            .readers
            .snapshot(move |db| pool::entry(db, number, index))
            .await
    }

    async fn entries(
        &self,
        addresses: &[(u64, u32)],
    ) -> Result<Vec<Option<EntryState>>, Unavailable> {
        let addresses = addresses.to_vec();
        self.lasting
            .readers
            .snapshot(move |db| {
                let each = addresses.iter();
                each.map(|(number, index)| pool::entry(db, *number, *index))
                    .collect()
            })
            .await
    }

    async fn pooled(&self) -> Result<u64, Unavailable> {
        self.lasting.readers.read(pool::count).await
    }

    async fn sealed_batches(&self, interval: u64) -> Result<Vec<SealedBatch>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| pool::sealed_batches(db, interval))
            .await
    }

    async fn tagged(
        &self,
        tag: &str,
        before: Option<TimestampId>,
        limit: usize,
    ) -> Result<TagPage, Unavailable> {
        let tag = tag.to_owned();
        self.lasting
            .readers
            .read(move |db| forget::tagged(db, &tag, before, limit))
            .await
    }

    async fn referenced(
        &self,
        after: Option<TimestampId>,
        limit: usize,
    ) -> Result<Vec<TimestampId>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| forget::referenced(db, after, limit))
            .await
    }

    async fn head(&self) -> Result<Head, Unavailable> {
        self.lasting.readers.read(seal::read_head).await
    }

    async fn commit_interval(&self, sealed: SealedInterval) -> Result<Commit, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| seal::commit_interval(tx, &sealed))
            .await
    }

    async fn intervals(&self, range: Range<u64>) -> Result<Vec<Interval>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| seal::intervals(db, &range))
            .await
    }

    async fn interval_tiles(
        &self,
        interval: u64,
        tiles: &[TileId],
    ) -> Result<Vec<(TileId, Vec<Hash>)>, Unavailable> {
        let tiles = tiles.to_vec();
        self.lasting
            .readers
            .snapshot(move |db| seal::interval_tiles(db, interval, &tiles))
            .await
    }

    async fn interval_leaves(&self, interval: u64) -> Result<Vec<Hash>, Unavailable> {
        self.lasting
            .readers
            .snapshot(move |db| seal::interval_leaves(db, interval))
            .await
    }

    async fn main_tiles(
        &self,
        tree: Tree,
        tiles: &[TileId],
    ) -> Result<Vec<(TileId, Vec<Hash>)>, Unavailable> {
        let tiles = tiles.to_vec();
        self.lasting
            .readers
            .snapshot(move |db| seal::main_tiles(db, tree, &tiles))
            .await
    }

    async fn put_checkpoint(&self, size: u64, note: String) -> Result<Checkpoint, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| keep::put_checkpoint(tx, size, &note))
            .await
    }

    async fn checkpoint_up_to(&self, size: u64) -> Result<Option<Checkpoint>, Unavailable> {
        self.lasting
            .readers
            .snapshot(move |db| keep::checkpoint_up_to(db, size))
            .await
    }

    async fn cosigned_checkpoints(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| keep::cosigned_checkpoints(db, from, limit))
            .await
    }

    async fn add_cosignature(
        &self,
        size: u64,
        cosignature: Cosignature,
    ) -> Result<(), Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| keep::add_cosignature(tx, size, &cosignature))
            .await
    }

    async fn claim_authority(&self, authority: &str) -> Result<String, Unavailable> {
        let authority = authority.to_owned();
        self.lasting
            .writer
            .transaction(move |tx| keep::claim_authority(tx, &authority))
            .await
    }

    async fn log_keys(&self) -> Result<Vec<LogKey>, Unavailable> {
        self.lasting.readers.read(keep::log_keys).await
    }

    async fn add_log_key(&self, key: LogKey) -> Result<(), Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| keep::add_log_key(tx, &key))
            .await
    }

    async fn token(&self, serial: [u8; 16]) -> Result<Option<Token>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| forget::token(db, serial))
            .await
    }

    async fn forget(&self, before: UnixMicros, intervals_max: u32) -> Result<u32, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| forget::forget(tx, before.0, intervals_max))
            .await
    }

    async fn try_lease(&self) -> Result<Option<Box<dyn Lease>>, Unavailable> {
        lease::try_lease(&self.lock).map_err(unavailable)
    }

    async fn witnessed(&self, origin: &str) -> Result<Option<Witnessed>, Unavailable> {
        let origin = origin.to_owned();
        self.lasting
            .readers
            .read(move |db| keep::witnessed(db, &origin))
            .await
    }

    async fn advance_witnessed(
        &self,
        origin: &str,
        old: Option<Witnessed>,
        new: Witnessed,
    ) -> Result<bool, Unavailable> {
        let origin = origin.to_owned();
        self.lasting
            .writer
            .transaction(move |tx| keep::advance_witnessed(tx, &origin, old, new))
            .await
    }
}
