//! The main trees as they lie in the store: which hash, which leaf, which tiles.

use base::Unavailable;
use tlog::v1::{TimeText, interval_nucleus};
use tlog::{Hash, MissingTile, Sha3, Sha256, TileId, TileSet, TreeHash};

use crate::{Interval, Store, Tree};

/// A hash that has a main tree.
pub(crate) trait MainTree: TreeHash {
    /// The tree's name in the store.
    const TREE: Tree;

    /// The leaf under which an interval's nucleus enters this tree.
    fn leaf_of(nucleus: &[u8]) -> Hash;
}

impl MainTree for Sha3 {
    const TREE: Tree = Tree::Sha3;

    fn leaf_of(nucleus: &[u8]) -> Hash {
        Self::leaf(&Self::digest(nucleus))
    }
}

impl MainTree for Sha256 {
    const TREE: Tree = Tree::Sha256;

    fn leaf_of(nucleus: &[u8]) -> Hash {
        Self::leaf(nucleus)
    }
}

impl Interval {
    /// The entry of the log: protocol v1's canonical CBOR of the interval.
    pub fn nucleus(&self) -> Vec<u8> {
        interval_nucleus(self.index, &TimeText::of_micros(self.time.0), &self.ith)
    }
}

/// Reads those of `tiles` that exist.
pub(crate) async fn load<H: MainTree>(
    store: &dyn Store,
    tiles: &[TileId],
) -> Result<TileSet<H>, Unavailable> {
    let mut set = TileSet::default();
    for (id, hashes) in store.main_tiles(H::TREE, tiles).await? {
        set.insert(id, hashes);
    }
    Ok(set)
}

/// The root of a main tree at any size up to the committed one.
pub(crate) async fn root<H: MainTree>(store: &dyn Store, size: u64) -> Result<Hash, Unavailable> {
    let tiles = load::<H>(store, &TileSet::<H>::tiles_for_root(size)).await?;
    tiles.root(size).map_err(torn)
}

/// A tile that must be there is not: the store is damaged, and `fsck` will say where.
pub(crate) fn torn(missing: MissingTile) -> Unavailable {
    Unavailable::new("the log's tree", missing)
}

/// Protocol v1's `a` of an inclusion path: bit `i`, lowest first, is set when the sibling at step
/// `i` stands on the left. Levels without a sibling take no step.
///
/// `index` is below `size`.
pub(crate) fn sides(index: u64, size: u64) -> u64 {
    let (mut at, mut last) = (index, size - 1);
    let (mut a, mut step) = (0, 0);
    while last > 0 {
        if at & 1 == 1 || at < last {
            a |= (at & 1) << step;
            step += 1;
        }
        (at, last) = (at >> 1, last >> 1);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    // Measured on the original service.
    #[test]
    fn sides_of_seven_and_of_eleven() {
        let check = |size, expected: &[u64]| {
            let got: Vec<u64> = (0..size).map(|index| sides(index, size)).collect();
            assert_eq!(got, expected);
        };
        check(1, &[0]);
        check(7, &[0, 1, 2, 3, 4, 5, 3]);
        check(11, &[0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 3]);
    }
}
