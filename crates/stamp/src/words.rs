//! The words of the log: what is pooled, sealed and signed.

use base::UnixMicros;
use tlog::{Hash, TileId};

use crate::{Entries, Placements, TimestampId};

/// One timestamp as the tree sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was stamped.
    pub time: UnixMicros,
    /// Protocol v1's hash over data and time; a leaf of the interval's tree.
    pub hash: Hash,
}

/// The two main trees over the same intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tree {
    /// Protocol v1: the leaf is SHA3-256 of the nucleus, hashed again as a leaf.
    Sha3,
    /// C2SP: the leaf is SHA-256 of byte 0 and the nucleus.
    Sha256,
}

/// A sealed interval: all that is hashed of it, and how many timestamps it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Its number, from 0; also its leaf in both main trees.
    pub index: u64,
    /// Never before the previous interval's time nor that of its youngest timestamp.
    pub time: UnixMicros,
    /// How many timestamps it holds; 0 for a heartbeat.
    pub count: u32,
    /// The root of its tree (SHA3-256).
    pub ith: Hash,
}

/// The newest committed state of both main trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many intervals there are.
    pub size: u64,
    /// The root of the SHA3-256 tree: protocol v1's `mth`.
    pub sha3: Hash,
    /// The root of the SHA-256 tree: what the checkpoint signs.
    pub sha256: Hash,
    /// The time of the newest interval.
    pub time: UnixMicros,
    /// How many timestamps all intervals hold together.
    pub timestamps: u64,
}

impl Head {
    /// The head of a log without intervals.
    pub fn empty() -> Self {
        use tlog::TreeHash as _;
        Self {
            size: 0,
            sha3: tlog::Sha3::empty(),
            sha256: tlog::Sha256::empty(),
            time: UnixMicros(0),
            timestamps: 0,
        }
    }
}

/// A batch that waits for its interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PooledBatch {
    /// Its number, given by the store; grows, but need not be committed in order.
    pub number: u64,
    /// The random part of its ids.
    pub nonce: u64,
    /// What was stamped.
    pub entries: Entries,
}

/// A batch whose interval is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBatch {
    /// Its number.
    pub number: u64,
    /// The random part of its ids.
    pub nonce: u64,
    /// The interval that holds all its entries.
    pub interval: u64,
    /// Where in the interval's tree each entry stands.
    pub placements: Placements,
}

/// Everything that one seal writes, in one transaction.
#[derive(Clone, Debug)]
pub struct SealedInterval {
    /// The interval. It is committed only while the log has exactly `interval.index` intervals.
    pub interval: Interval,
    /// The batches that leave the pool, by number, with their placements.
    pub batches: Vec<(u64, Placements)>,
    /// The interval tree's tiles; level 0 holds the timestamps' hashes themselves, higher levels
    /// the roots of perfect subtrees. All rows but each level's last are full. A perfect subtree's
    /// root enters the level above as soon as its tile is full.
    pub interval_tiles: Vec<(TileId, Vec<Hash>)>,
    /// The tiles of the main trees that this interval changed, each whole.
    pub main_tiles: Vec<(Tree, TileId, Vec<Hash>)>,
    /// The head after it.
    pub head: Head,
}

/// A signed head, as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The size it speaks of.
    pub size: u64,
    /// The signed note (C2SP `tlog-checkpoint`) with the log's own signatures only.
    pub note: String,
    /// What witnesses have added since, in the order in which they came.
    pub cosignatures: Vec<Cosignature>,
}

/// A witness's signature under a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// The witness's key name.
    pub witness: String,
    /// The whole signature line, without its newline.
    pub line: String,
}

/// A public key that the log signs, or signed, with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    /// The verifier key in its text form (C2SP `signed-note`).
    pub vkey: String,
    /// The first size it signed.
    pub since_size: u64,
}

/// A page of a tag's timestamps, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPage {
    /// The timestamps' addresses.
    pub ids: Vec<TimestampId>,
    /// Whether older ones follow the last.
    pub more: bool,
}

/// An RFC 3161 token and the ordinary timestamp that logs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its serial number, 16 bytes, big-endian.
    pub serial: [u8; 16],
    /// The timestamp over its `TSTInfo`.
    pub id: TimestampId,
    /// The CMS `ContentInfo`, DER.
    pub der: Vec<u8>,
}

/// What a witness remembers of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// The largest size it cosigned.
    pub size: u64,
    /// The root (SHA-256) at that size.
    pub root: Hash,
}
