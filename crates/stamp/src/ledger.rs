//! Reads: timestamps, heads, proofs, tiles. Writes nothing.
//!
//! Speaks only of what is signed: an interval that is committed but not yet verified and signed
//! does not exist here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base::{Unavailable, UnixMicros};
use parking_lot::Mutex;
use tlog::{Hash, Sha3, Sha256, TILE_WIDTH, TileId, TileSet, TreeHash as _, v1};

use crate::follower::NEWEST;
use crate::published::{self, Proof, Sealed};
use crate::trees::{self, MainTree};
use crate::{Checkpoint, EntryState, Interval, Placement, Store, TagPage, TimestampId, Tree};

/// A timestamp: what was hashed, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// Its public id.
    pub id: TimestampId,
    /// When it was stamped.
    pub time: UnixMicros,
    /// Protocol v1's hash over data and time.
    pub hash: Hash,
}

/// What the log knows under an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No such timestamp was ever given.
    Unknown,
    /// It was sealed, and its proof is past the retention time.
    Forgotten,
    /// It is durable, and waits for its interval.
    Pending(Timestamp),
    /// It is in the log.
    Sealed(Timestamp, Proof),
}

/// How many intervals a ledger keeps at hand.
const AT_HAND_MAX: usize = 4096;

/// How many cosigned checkpoints are looked at for the one with most cosignatures.
const COSIGNED_LOOKED_AT: usize = 8;

/// Reads the log.
pub struct Ledger {
    store: Arc<dyn Store>,
    /// The newest signed size that was seen; never shrinks.
    published: AtomicU64,
    /// Signed intervals that proofs were asked of, each with the root of its head. They never
    /// change, and a proof of a neighbour needs them again.
    at_hand: Mutex<HashMap<u64, (Interval, Hash)>>,
}

impl Ledger {
    /// A ledger over a store; many may share one.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            published: AtomicU64::new(0),
            at_hand: Mutex::default(),
        }
    }

    /// The store below, for whoever needs what is not the ledger's business.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The signed size, which is at least `wanted` if any signed head is. Asks the store only when
    /// it did not know of so many.
    async fn covers(&self, wanted: u64) -> Result<bool, Unavailable> {
        if self.published.load(Ordering::Acquire) >= wanted {
            return Ok(true);
        }
        let newest = self.store.checkpoint_up_to(NEWEST).await?;
        let size = newest.map_or(0, |checkpoint| checkpoint.size);
        Ok(self.published.fetch_max(size, Ordering::AcqRel).max(size) >= wanted)
    }

    /// Whether an interval is under a signed head, so that it exists for the world. Asks the store
    /// only about one newer than all it has seen.
    pub async fn is_signed(&self, interval: u64) -> Result<bool, Unavailable> {
        match interval.checked_add(1) {
            Some(size) => self.covers(size).await,
            None => Ok(false),
        }
    }

    /// What the log knows under `id`.
    pub async fn timestamp(&self, id: TimestampId) -> Result<Found, Unavailable> {
        let entry = self.store.entry(id.batch, id.index).await?;
        match standing(id, entry) {
            Standing::Known(found) => Ok(found),
            Standing::In(interval, placement) => {
                let mut found = self.sealed_in(interval, &[(id, placement)]).await?;
                Ok(found.pop().unwrap_or(Found::Unknown))
            }
        }
    }

    /// What the log knows under each of `ids`, in their order: one read of their entries, and one
    /// of the tiles of each interval that holds some.
    pub async fn timestamps(&self, ids: &[TimestampId]) -> Result<Vec<Found>, Unavailable> {
        let addresses: Vec<(u64, u32)> = ids.iter().map(|id| (id.batch, id.index)).collect();
        let entries = self.store.entries(&addresses).await?;
        let mut found = vec![Found::Unknown; ids.len()];
        let mut sealed: BTreeMap<u64, Members> = BTreeMap::new();
        for (at, (id, entry)) in ids.iter().zip(entries).enumerate() {
            match standing(*id, entry) {
                Standing::Known(known) => found[at] = known,
                Standing::In(interval, placement) => {
                    let of = sealed.entry(interval).or_default();
                    of.asked_at.push(at);
                    of.placed.push((*id, placement));
                }
            }
        }
        for (interval, members) in sealed {
            let each = self.sealed_in(interval, &members.placed).await?;
            for (at, one) in members.asked_at.into_iter().zip(each) {
                found[at] = one;
            }
        }
        Ok(found)
    }

    /// Timestamps of one interval with their proofs, in the order of `members`.
    async fn sealed_in(
        &self,
        interval: u64,
        members: &[(TimestampId, Placement)],
    ) -> Result<Vec<Found>, Unavailable> {
        let leaves: Vec<u64> = members.iter().map(|(_, it)| u64::from(it.leaf)).collect();
        let proofs = self.proofs(interval, &leaves).await?;
        let covered = self.covers(interval + 1).await?;
        let each = members.iter().zip(proofs).map(|((id, placement), proof)| {
            // Without its tiles, retention came between the two reads.
            let Some((hash, proof)) = proof else {
                return Found::Forgotten;
            };
            let timestamp = Timestamp {
                id: *id,
                time: placement.time,
                hash,
            };
            if covered {
                Found::Sealed(timestamp, proof)
            } else {
                Found::Pending(timestamp)
            }
        });
        Ok(each.collect())
    }

    /// Leaves of an interval's tree and their proofs; `None` where tiles are gone.
    async fn proofs(
        &self,
        index: u64,
        leaves: &[u64],
    ) -> Result<Vec<Option<(Hash, Proof)>>, Unavailable> {
        let (interval, mth) = self.interval_and_root(index).await?;
        let size = u64::from(interval.count);
        let own = |leaf: u64| TileId {
            level: 0,
            index: leaf / TILE_WIDTH,
        };
        let mut wanted: BTreeSet<_> = leaves.iter().map(|leaf| own(*leaf)).collect();
        for leaf in leaves {
            wanted.extend(TileSet::<Sha3>::tiles_for_inclusion(*leaf, size));
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let (mut tiles, mut entries) = (TileSet::<Sha3>::default(), HashMap::new());
        for (id, mut hashes) in self.store.interval_tiles(index, &wanted).await? {
            if id.level == 0 {
                let stamped = hashes.clone();
                Sha3::leaves(&stamped, &mut hashes);
                entries.insert(id, stamped);
            }
            tiles.insert(id, hashes);
        }
        let proof = |leaf: &u64| {
            let at = usize::try_from(leaf % TILE_WIDTH).expect("below 256");
            let row = entries.get(&own(*leaf));
            let Some(hash) = row.and_then(|row| row.get(at)) else {
                return Ok(None);
            };
            let proof = Proof {
                interval,
                a: v1::sides(*leaf, size),
                path: tiles.inclusion(*leaf, size).map_err(trees::torn)?,
                mth,
            };
            Ok(Some((*hash, proof)))
        };
        leaves.iter().map(proof).collect()
    }

    /// A committed interval, and the SHA3-256 root of the head right after it.
    async fn interval_and_root(&self, index: u64) -> Result<(Interval, Hash), Unavailable> {
        if let Some(found) = self.at_hand.lock().get(&index) {
            return Ok(*found);
        }
        let missing = || Unavailable::new("the log", "a batch's interval is missing");
        let interval = self.store.intervals(index..index + 1).await?.pop();
        let interval = interval.ok_or_else(missing)?;
        let root = trees::root::<Sha3>(&*self.store, index + 1).await?;
        if self.covers(index + 1).await? {
            let mut at_hand = self.at_hand.lock();
            if at_hand.len() >= AT_HAND_MAX {
                at_hand.clear();
            }
            at_hand.insert(index, (interval, root));
        }
        Ok((interval, root))
    }

    /// At most `limit` addresses under a tag, newest first; with `before`, only older ones.
    pub async fn tagged(
        &self,
        tag: &str,
        before: Option<TimestampId>,
        limit: usize,
    ) -> Result<TagPage, Unavailable> {
        self.store.tagged(tag, before, limit).await
    }

    /// One interval.
    pub async fn interval(&self, index: u64) -> Result<Option<Interval>, Unavailable> {
        Ok(self.intervals(index..index.saturating_add(1)).await?.pop())
    }

    /// The intervals of a range that exist, in order; at most 1,024.
    pub async fn intervals(&self, range: Range<u64>) -> Result<Vec<Interval>, Unavailable> {
        let mut found = self.store.intervals(range).await?;
        while let Some(last) = found.last() {
            if self.covers(last.index + 1).await? {
                break;
            }
            found.pop();
        }
        Ok(found)
    }

    /// The root of a main tree at any size up to the newest signed; `None` beyond.
    pub async fn root(&self, tree: Tree, size: u64) -> Result<Option<Hash>, Unavailable> {
        if !self.covers(size).await? {
            return Ok(None);
        }
        match tree {
            Tree::Sha3 => trees::root::<Sha3>(&*self.store, size).await.map(Some),
            Tree::Sha256 => trees::root::<Sha256>(&*self.store, size).await.map(Some),
        }
    }

    /// The inclusion path of interval `index` in the tree of `size`, leaf to root (RFC 9162
    /// §2.1.3); `None` unless `index < size` and the size is signed.
    pub async fn inclusion(
        &self,
        tree: Tree,
        index: u64,
        size: u64,
    ) -> Result<Option<Vec<Hash>>, Unavailable> {
        if index >= size || !self.covers(size).await? {
            return Ok(None);
        }
        match tree {
            Tree::Sha3 => self.inclusion_in::<Sha3>(index, size).await.map(Some),
            Tree::Sha256 => self.inclusion_in::<Sha256>(index, size).await.map(Some),
        }
    }

    async fn inclusion_in<H: MainTree>(
        &self,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, Unavailable> {
        let wanted = TileSet::<H>::tiles_for_inclusion(index, size);
        let tiles = trees::load::<H>(&*self.store, &wanted).await?;
        tiles.inclusion(index, size).map_err(trees::torn)
    }

    /// The consistency proof from size `old` to size `new`, deepest node first (RFC 9162 §2.1.4);
    /// `None` unless `1 <= old <= new` and the new size is signed.
    pub async fn consistency(
        &self,
        tree: Tree,
        old: u64,
        new: u64,
    ) -> Result<Option<Vec<Hash>>, Unavailable> {
        if old == 0 || old > new || !self.covers(new).await? {
            return Ok(None);
        }
        match tree {
            Tree::Sha3 => self.consistency_in::<Sha3>(old, new).await.map(Some),
            Tree::Sha256 => self.consistency_in::<Sha256>(old, new).await.map(Some),
        }
    }

    async fn consistency_in<H: MainTree>(
        &self,
        old: u64,
        new: u64,
    ) -> Result<Vec<Hash>, Unavailable> {
        let wanted = TileSet::<H>::tiles_for_consistency(old, new);
        let tiles = trees::load::<H>(&*self.store, &wanted).await?;
        tiles.consistency(old, new).map_err(trees::torn)
    }

    /// What was announced of an interval when it was sealed.
    pub async fn sealed(&self, index: u64) -> Result<Option<Sealed>, Unavailable> {
        if index == u64::MAX || !self.covers(index + 1).await? {
            return Ok(None);
        }
        let timestamps = self.store.head().await?.timestamps;
        published::read(&*self.store, index, timestamps).await
    }

    /// A tile of the SHA-256 tree as bytes (C2SP `tlog-tiles`): its first `width` hashes, if the
    /// newest signed tree has so many in it.
    pub async fn tile(&self, id: TileId, width: u64) -> Result<Option<Vec<u8>>, Unavailable> {
        let Some(leaves) = leaves_under(id, width) else {
            return Ok(None);
        };
        if !self.covers(leaves).await? {
            return Ok(None);
        }
        let found = self.store.main_tiles(Tree::Sha256, &[id]).await?;
        let width = usize::try_from(width).expect("at most 256");
        let hashes = found.first().and_then(|(_, hashes)| hashes.get(..width));
        Ok(hashes.map(|hashes| hashes.as_flattened().to_vec()))
    }

    /// An entry bundle (C2SP `tlog-tiles`): `width` intervals' nuclei from number `256 index` on,
    /// each behind its length in two bytes.
    pub async fn entries(&self, index: u64, width: u64) -> Result<Option<Vec<u8>>, Unavailable> {
        let Some(end) = leaves_under(TileId { level: 0, index }, width) else {
            return Ok(None);
        };
        if !self.covers(end).await? {
            return Ok(None);
        }
        let intervals = self.store.intervals(end - width..end).await?;
        let mut bundle = Vec::new();
        for interval in &intervals {
            let nucleus = interval.nucleus();
            let length = u16::try_from(nucleus.len()).expect("110 bytes at most");
            bundle.extend_from_slice(&length.to_be_bytes());
            bundle.extend_from_slice(&nucleus);
        }
        Ok((intervals.len() as u64 == width).then_some(bundle))
    }

    /// The newest signed checkpoint with the cosignatures it has by now. A log that is busy signs
    /// many heads between two askings of its witnesses, so this one seldom has any: see
    /// [`Self::cosigned_checkpoint`].
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, Unavailable> {
        self.store.checkpoint_up_to(NEWEST).await
    }

    /// The best cosigned checkpoint of at least size `from`: of the newest few the one that most
    /// witnesses have cosigned, the newest of equals. Witnesses answer one after another, so the
    /// very newest may lack those that are still asked.
    pub async fn cosigned_checkpoint(&self, from: u64) -> Result<Option<Checkpoint>, Unavailable> {
        let newest = self.store.cosigned_checkpoints(from, COSIGNED_LOOKED_AT);
        // Of several maxima `max_by_key` takes the last, and they come newest first.
        let newest = newest.await?.into_iter().rev();
        Ok(newest.max_by_key(|checkpoint| checkpoint.cosignatures.len()))
    }

    /// The size of the newest checkpoint that a witness has cosigned: intervals below it are
    /// witnessed. 0 while there is none.
    pub async fn cosigned_size(&self) -> Result<u64, Unavailable> {
        let newest = self.store.cosigned_checkpoints(0, 1).await?;
        Ok(newest.first().map_or(0, |checkpoint| checkpoint.size))
    }
}

/// Timestamps of one interval, among those that were asked for.
#[derive(Default)]
struct Members {
    /// As which of them.
    asked_at: Vec<usize>,
    placed: Vec<(TimestampId, Placement)>,
}

/// Where a timestamp stands, before its proof is looked for.
enum Standing {
    /// There is nothing more to find.
    Known(Found),
    /// In this interval's tree.
    In(u64, Placement),
}

/// An entry under an id is that id's only if the random part is the same.
fn standing(id: TimestampId, entry: Option<EntryState>) -> Standing {
    let known = match entry {
        None => Found::Unknown,
        Some(EntryState::Forgotten) => Found::Forgotten,
        Some(EntryState::Pooled { nonce, .. } | EntryState::Sealed { nonce, .. })
            if nonce != id.nonce =>
        {
            Found::Unknown
        }
        Some(EntryState::Pooled { entry, .. }) => Found::Pending(Timestamp {
            id,
            time: entry.time,
            hash: entry.hash,
        }),
        Some(EntryState::Sealed {
            interval,
            placement,
            ..
        }) => return Standing::In(interval, placement),
    };
    Standing::Known(known)
}

/// How many leaves a tree must have for `id` to have `width` hashes; `None` for widths that no tile
/// has and for tiles that no tree of 2^63 leaves has.
fn leaves_under(id: TileId, width: u64) -> Option<u64> {
    if !(1..=TILE_WIDTH).contains(&width) {
        return None;
    }
    let hashes = id.index.checked_mul(TILE_WIDTH)?.checked_add(width)?;
    let height = u32::from(id.level) * tlog::TILE_HEIGHT;
    let leaves = u128::from(hashes).checked_shl(height)?;
    u64::try_from(leaves)
        .ok()
        .filter(|leaves| *leaves <= NEWEST)
}
