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
