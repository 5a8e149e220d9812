//! The door to the database: one function is one business step and one transaction.

use std::ops::Range;

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use tlog::{Hash, TileId};

use crate::{
    Checkpoint, Cosignature, Entries, Entry, Head, Interval, LogKey, Placement, PooledBatch,
    SealedBatch, SealedInterval, TagPage, TimestampId, Token, Tree, Witnessed,
};

/// A batch on its way into the pool.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// The random part of its ids, below 2^38.
    pub nonce: u64,
    /// What was stamped; never empty, at most [`crate::BATCH_ENTRIES_MAX`].
    pub entries: Entries,
    /// Retrieval tags, any text: index of the entry, tag. One tag twice on one entry is one.
    pub tags: Vec<(u32, String)>,
    /// RFC 3161 tokens whose `TSTInfo` an entry logs: index of the entry, serial, DER. A serial
    /// that is known already refuses the batch.
    pub tokens: Vec<(u32, [u8; 16], Vec<u8>)>,
}

/// Where a batch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchState {
    /// Durable, waiting for its interval.
    Pooled(PooledBatch),
    /// Sealed.
    Sealed(SealedBatch),
    /// Sealed, and forgotten after the retention time.
    Forgotten,
}

/// One entry of a batch, and where the batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// Durable, waiting for its interval.
    Pooled {
        /// The random part of the batch's ids.
        nonce: u64,
        /// What was stamped.
        entry: Entry,
    },
    /// Sealed.
    Sealed {
        /// The random part of the batch's ids.
        nonce: u64,
        /// The interval that holds it.
        interval: u64,
        /// Where in the interval's tree it stands.
        placement: Placement,
    },
    /// Its batch was sealed, and forgotten after the retention time.
    Forgotten,
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It is durable.
    Done,
    /// Another sealer was first; nothing was written.
    HeadMoved,
}

/// The right to seal, held until dropped. The compare-and-set of the head makes a lost lease
/// harmless; this only keeps a second sealer from working in vain.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Whether the right is still ours. `false` is final.
    async fn is_held(&self) -> bool;
}

/// Everything the log keeps. Two dialects, one contract: `testkit`'s suite defines it.
///
/// Every write is durable when its function returns `Ok`. `Err` means only that the store did not
/// answer; whether the write took effect is then unknown.
#[async_trait]
pub trait Store: Send + Sync {
    /// Puts a batch into the pool; answers its number, which is larger than every number answered
    /// before this call began, and fits in an `i64`.
    async fn insert_batch(&self, batch: NewBatch) -> Result<u64, Unavailable>;

    /// The oldest pooled batches above number `after`, by number, up to and with the one whose
    /// entries reach `entries_max`; at least one when there is any. No batch has number 0.
    async fn pool(&self, after: u64, entries_max: usize) -> Result<Vec<PooledBatch>, Unavailable>;

    /// One batch, wherever it is; `None` when there never was one of this number.
    async fn batch(&self, number: u64) -> Result<Option<BatchState>, Unavailable>;

    /// One entry of a batch, read without the rest of the batch; `None` when there never was one
    /// at this address.
    async fn entry(&self, number: u64, index: u32) -> Result<Option<EntryState>, Unavailable>;

    /// The entries at these addresses (batch number, index), in the order asked for, as
    /// [`Self::entry`] reads each, all of one moment. For a page of them, a thousand or so.
    async fn entries(
        &self,
        addresses: &[(u64, u32)],
    ) -> Result<Vec<Option<EntryState>>, Unavailable>;

    /// How many timestamps wait in the pool, over all its batches.
    async fn pooled(&self) -> Result<u64, Unavailable>;

    /// The batches that an interval sealed, by number.
    async fn sealed_batches(&self, interval: u64) -> Result<Vec<SealedBatch>, Unavailable>;

    /// At most `limit` addresses under a tag, newest first; with `before`, only older ones.
    async fn tagged(
        &self,
        tag: &str,
        before: Option<TimestampId>,
        limit: usize,
    ) -> Result<TagPage, Unavailable>;

    /// Addresses to which a tag or a token points, each once, ascending by batch and index, after
    /// `after`: for whoever checks that they point to something.
    async fn referenced(
        &self,
        after: Option<TimestampId>,
        limit: usize,
    ) -> Result<Vec<TimestampId>, Unavailable>;

    /// The newest committed head; [`Head::empty`] for a new log.
    async fn head(&self) -> Result<Head, Unavailable>;

    /// Commits an interval in one transaction: compares and sets the head, writes the interval and
    /// its tiles, and moves its batches from the pool to the sealed ones. A batch that is not in the
    /// pool any more refuses the whole.
    async fn commit_interval(&self, sealed: SealedInterval) -> Result<Commit, Unavailable>;

    /// The intervals of a range, in order; those that do not exist are left out. At most 1,024 are
    /// answered.
    async fn intervals(&self, range: Range<u64>) -> Result<Vec<Interval>, Unavailable>;

    /// The tiles of an interval's tree that exist among `tiles`, in any order.
    async fn interval_tiles(
        &self,
        interval: u64,
        tiles: &[TileId],
    ) -> Result<Vec<(TileId, Vec<Hash>)>, Unavailable>;

    /// All hashes of an interval's timestamps in the order of its tree; empty for a heartbeat and
    /// for an interval past retention.
    async fn interval_leaves(&self, interval: u64) -> Result<Vec<Hash>, Unavailable>;

    /// The tiles of a main tree that exist among `tiles`, in any order.
    async fn main_tiles(
        &self,
        tree: Tree,
        tiles: &[TileId],
    ) -> Result<Vec<(TileId, Vec<Hash>)>, Unavailable>;

    /// Stores the signed note of a size, unless one is stored already; answers what is stored. So
    /// no size ever has two.
    async fn put_checkpoint(&self, size: u64, note: String) -> Result<Checkpoint, Unavailable>;

    /// The checkpoint of the largest size that is at most `size`.
    async fn checkpoint_up_to(&self, size: u64) -> Result<Option<Checkpoint>, Unavailable>;

    /// The newest checkpoints of at least size `from` that carry a cosignature, newest first, at
    /// most `limit`.
    async fn cosigned_checkpoints(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, Unavailable>;

    /// Adds a witness's cosignature to a stored checkpoint, if there is one; a second one of the
    /// same witness for the same size takes the place of the first.
    async fn add_cosignature(&self, size: u64, cosignature: Cosignature)
    -> Result<(), Unavailable>;

    /// The authority of this log: `authority` if none was stored before, else the stored one.
    async fn claim_authority(&self, authority: &str) -> Result<String, Unavailable>;

    /// Every key the log ever signed with, oldest first.
    async fn log_keys(&self) -> Result<Vec<LogKey>, Unavailable>;

    /// Remembers a key; one that is known already stays as it is.
    async fn add_log_key(&self, key: LogKey) -> Result<(), Unavailable>;

    /// The token of a serial number.
    async fn token(&self, serial: [u8; 16]) -> Result<Option<Token>, Unavailable>;

    /// Forgets what proofs need of intervals before `before`: their trees' tiles, batches, tags and
    /// tokens, at most `intervals_max` intervals at a time, oldest first; answers how many intervals
    /// it cleared. Nuclei, main trees and checkpoints stay for ever.
    async fn forget(&self, before: UnixMicros, intervals_max: u32) -> Result<u32, Unavailable>;

    /// Asks for the right to seal; `None` while another holds it.
    async fn try_lease(&self) -> Result<Option<Box<dyn Lease>>, Unavailable>;

    /// What this witness remembers of the log with that origin.
    async fn witnessed(&self, origin: &str) -> Result<Option<Witnessed>, Unavailable>;

    /// Remembers a larger size of a log, if the remembered one is still `old`; answers whether it
    /// was.
    async fn advance_witnessed(
        &self,
        origin: &str,
        old: Option<Witnessed>,
        new: Witnessed,
    ) -> Result<bool, Unavailable>;
}
