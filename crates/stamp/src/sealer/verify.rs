//! Before a head is signed, everything that its interval wrote is read back and computed again.
//!
//! A CT log once died of one flipped bit in a leaf hash that was signed. Here a bit that flips
//! between the pool and the disk leads to a head that nobody ever signs.

use std::sync::Arc;

use base::Unavailable;
use tlog::{Hash, Sha3, Sha256, TILE_WIDTH, TileId, TileSet};

use super::build::Built;
use crate::trees::MainTree;
use crate::{Head, Interval, SealedBatch, Store};
use crate::{owners, rollup};

/// What reading back has shown.
pub(super) enum Verdict {
    /// All is as it should be; this head may be signed.
    Sound(Head),
    /// Another sealer went on: nothing to sign here.
    Moved,
    /// Something differs, in an operator's words. Nothing may be signed.
    Mismatch(String),
}

/// Reads back interval `size - 1`, which must be the newest, and computes its head again. `built`
/// is what was meant to be written, if this process wrote it.
pub(super) async fn read_back(
    store: &dyn Store,
    size: u64,
    built: Option<Arc<Built>>,
) -> Result<Verdict, Unavailable> {
    let head = store.head().await?;
    if head.size != size {
        return Ok(Verdict::Moved);
    }
    let index = size - 1;
    let Some(interval) = store.intervals(index..size).await?.pop() else {
        return Ok(Verdict::Mismatch(format!("interval {index} is missing")));
    };
    let read = Read {
        head,
        interval,
        leaves: store.interval_leaves(index).await?,
        upper: store
            .interval_tiles(index, &rollup::upper_tiles(u64::from(interval.count)))
            .await?,
        batches: store.sealed_batches(index).await?,
    };
    let hashing = tokio::task::spawn_blocking(move || read.check(built.as_deref()));
    let checked = hashing
        .await
        .map_err(|error| Unavailable::new("the hashing thread", error))?;
    let trees = async {
        root_from_tiles::<Sha3>(store, &interval, &head.sha3).await?;
        root_from_tiles::<Sha256>(store, &interval, &head.sha256).await
    };
    Ok(match checked {
        Err(difference) => Verdict::Mismatch(difference),
        Ok(()) => match trees.await {
            Ok(()) => Verdict::Sound(head),
            Err(Trouble::Difference(difference)) => Verdict::Mismatch(difference),
            Err(Trouble::Unavailable(error)) => return Err(error),
        },
    })
}

struct Read {
    head: Head,
    interval: Interval,
    leaves: Vec<Hash>,
    upper: Vec<(TileId, Vec<Hash>)>,
    batches: Vec<SealedBatch>,
}

impl Read {
    fn check(&self, built: Option<&Built>) -> Result<(), String> {
        let (interval, index) = (&self.interval, self.interval.index);
        let same = |same: bool, what: &str| {
            if same {
                Ok(())
            } else {
                Err(format!("interval {index}: {what}"))
            }
        };
        same(
            self.leaves.len() == interval.count as usize,
            "its tree has another number of leaves than it has timestamps",
        )?;
        match rollup::ith(&self.leaves, &self.upper) {
            Ok(ith) => same(ith == interval.ith, "its tree has another root")?,
            Err(wrong) => same(false, &wrong.to_string())?,
        }
        same(
            interval.time == self.head.time,
            "its time is not that of the head",
        )?;
        let Some(built) = built else {
            let owned = owners::check(interval, &self.leaves, &self.batches);
            return owned.map_err(|words| format!("interval {index}: {words}"));
        };
        same(self.head == built.head, "the head is not as it was written")?;
        same(*interval == built.interval, "it is not as it was written")?;
        same(
            self.batches.len() == built.batches.len(),
            "it has other batches than were sealed",
        )?;
        // As many entries as leaves, each leaf taken once: so every leaf has its owner, and by the
        // interval's root, which is as it was written, they stand in the order that was hashed.
        let mut free = vec![true; self.leaves.len()];
        for (sealed, pooled) in self.batches.iter().zip(&built.batches) {
            let named = (sealed.number, sealed.nonce) == (pooled.number, pooled.nonce);
            let counted = sealed.placements.len() == pooled.entries.len();
            let placed = (0..).zip(pooled.entries.iter()).all(|(at, entry)| {
                sealed.placements.get(at).is_some_and(|placement| {
                    let leaf = placement.leaf as usize;
                    placement.time == entry.time
                        && self.leaves.get(leaf) == Some(&entry.hash)
                        && std::mem::take(&mut free[leaf])
                })
            });
            same(
                named && counted && placed,
                "a batch's entries are not where it says",
            )?;
        }
        same(free.iter().all(|free| !free), "a leaf belongs to no batch")
    }
}

enum Trouble {
    Difference(String),
    Unavailable(Unavailable),
}

impl From<Unavailable> for Trouble {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

/// The main tree's root from its tiles, and its last leaf from the interval's row: the sealer
/// computed both another way.
async fn root_from_tiles<H: MainTree>(
    store: &dyn Store,
    interval: &Interval,
    root: &Hash,
) -> Result<(), Trouble> {
    let (index, size) = (interval.index, interval.index + 1);
    let newest = TileId {
        level: 0,
        index: index / TILE_WIDTH,
    };
    let mut wanted = TileSet::<H>::tiles_for_root(size);
    if !wanted.contains(&newest) {
        wanted.push(newest);
    }
    let (mut tiles, mut leaf) = (TileSet::<H>::default(), None);
    for (id, hashes) in store.main_tiles(H::TREE, &wanted).await? {
        if id == newest {
            let at = usize::try_from(index % TILE_WIDTH).expect("below 256");
            leaf = hashes.get(at).copied();
        }
        tiles.insert(id, hashes);
    }
    let differs = |what: &str| Trouble::Difference(format!("the {} tree {what}", H::NAME));
    if leaf != Some(H::leaf_of(&interval.nucleus())) {
        return Err(differs(&format!("does not hold interval {index}")));
    }
    match tiles.root(size) {
        Ok(computed) if computed == *root => Ok(()),
        Ok(_) => Err(differs(&format!("of {size} intervals has another root"))),
        Err(missing) => Err(differs(&missing.to_string())),
    }
}
