//! Where the main trees grow: what must be known to append, and nothing more.

use base::Unavailable;
use tlog::{CompactRange, Hash, Sha3, Sha256, TileEdge, TileId, TileSet};

use crate::trees::{self, MainTree};
use crate::{Interval, Store, Tree};

/// A tile of a main tree as the store takes it.
type Written = (Tree, TileId, Vec<Hash>);

/// The growing end of both main trees.
#[derive(Clone, Default)]
pub(super) struct Chains {
    sha3: Chain<Sha3>,
    sha256: Chain<Sha256>,
}

/// The growing end of one main tree.
#[derive(Clone)]
struct Chain<H> {
    /// From which the next root is computed.
    range: CompactRange<H>,
    /// From which the next tiles are written.
    edge: TileEdge<H>,
}

impl<H: MainTree> Default for Chain<H> {
    fn default() -> Self {
        Self {
            range: CompactRange::default(),
            edge: TileEdge::default(),
        }
    }
}

impl<H: MainTree> Chain<H> {
    async fn load(store: &dyn Store, size: u64) -> Result<Self, Unavailable> {
        let mut wanted = TileSet::<H>::tiles_for_root(size);
        wanted.extend(TileEdge::<H>::tiles(size));
        wanted.sort_unstable();
        wanted.dedup();
        let tiles = trees::load::<H>(store, &wanted).await?;
        Ok(Self {
            range: tiles.compact_range(size).map_err(trees::torn)?,
            edge: TileEdge::load(size, &tiles).map_err(trees::torn)?,
        })
    }

    fn push(&mut self, nucleus: &[u8], written: &mut Vec<Written>) {
        let leaf = H::leaf_of(nucleus);
        self.range.push(leaf);
        let tiles = self.edge.push(leaf).into_iter();
        written.extend(tiles.map(|(id, hashes)| (H::TREE, id, hashes)));
    }
}

impl Chains {
    /// The ends of both trees at `size`.
    pub(super) async fn load(store: &dyn Store, size: u64) -> Result<Self, Unavailable> {
        Ok(Self {
            sha3: Chain::load(store, size).await?,
            sha256: Chain::load(store, size).await?,
        })
    }

    /// Appends an interval to both trees; answers the tiles that this wrote.
    pub(super) fn push(&mut self, interval: &Interval) -> Vec<Written> {
        let nucleus = interval.nucleus();
        let mut written = Vec::new();
        self.sha3.push(&nucleus, &mut written);
        self.sha256.push(&nucleus, &mut written);
        written
    }

    /// The roots now: SHA3-256, SHA-256.
    pub(super) fn roots(&self) -> (Hash, Hash) {
        (self.sha3.range.root(), self.sha256.range.root())
    }
}
