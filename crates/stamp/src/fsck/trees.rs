//! The main trees, grown again from nothing but the intervals' rows.

use base::Unavailable;
use tlog::{CompactRange, Hash, Sha3, Sha256, TILE_WIDTH, TileEdge, TileId};

use super::{Part, Report};
use crate::trees::MainTree;
use crate::{Interval, Store};

/// Both main trees as they must be, interval by interval.
#[derive(Default)]
pub(super) struct Growing {
    sha3: Tree<Sha3>,
    sha256: Tree<Sha256>,
}

struct Tree<H> {
    range: CompactRange<H>,
    edge: TileEdge<H>,
    /// The tiles that the newest interval completed.
    full: Vec<(TileId, Vec<Hash>)>,
    /// The newest form of each level's last tile.
    partial: Vec<Option<(TileId, Vec<Hash>)>>,
}

impl<H: MainTree> Default for Tree<H> {
    fn default() -> Self {
        Self {
            range: CompactRange::default(),
            edge: TileEdge::default(),
            full: Vec::new(),
            partial: Vec::new(),
        }
    }
}

impl<H: MainTree> Tree<H> {
    fn push(&mut self, nucleus: &[u8]) {
        let leaf = H::leaf_of(nucleus);
        self.range.push(leaf);
        for (id, hashes) in self.edge.push(leaf) {
            let level = usize::from(id.level);
            self.partial.resize(self.partial.len().max(level + 1), None);
            if hashes.len() as u64 == TILE_WIDTH {
                self.full.push((id, hashes));
                self.partial[level] = None;
            } else {
                self.partial[level] = Some((id, hashes));
            }
        }
    }

    async fn check(
        store: &dyn Store,
        tiles: Vec<(TileId, Vec<Hash>)>,
        report: &mut Report,
    ) -> Result<(), Unavailable> {
        let ids: Vec<TileId> = tiles.iter().map(|(id, _)| *id).collect();
        let stored = store.main_tiles(H::TREE, &ids).await?;
        for (id, right) in tiles {
            // A log that grows meanwhile may have more in its last tiles already.
            let found = stored.iter().find(|(stored, _)| *stored == id);
            if found.is_none_or(|(_, hashes)| !hashes.starts_with(&right)) {
                let (name, level, index) = (H::NAME, id.level, id.index);
                let words = format!("the {name} tile {level}/{index} is wrong or missing");
                report.found(Part::Tree, words);
            }
        }
        Ok(())
    }
}

impl Growing {
    pub(super) fn size(&self) -> u64 {
        self.sha3.range.size()
    }

    /// The roots now: SHA3-256, SHA-256.
    pub(super) fn roots(&self) -> (Hash, Hash) {
        (self.sha3.range.root(), self.sha256.range.root())
    }

    pub(super) fn push(&mut self, interval: &Interval) {
        let nucleus = interval.nucleus();
        self.sha3.push(&nucleus);
        self.sha256.push(&nucleus);
    }

    /// Compares the tiles that the newest interval completed with the stored ones.
    pub(super) async fn check_full_tiles(
        &mut self,
        store: &dyn Store,
        report: &mut Report,
    ) -> Result<(), Unavailable> {
        let (sha3, sha256) = (&mut self.sha3.full, &mut self.sha256.full);
        if sha3.is_empty() {
            return Ok(());
        }
        Tree::<Sha3>::check(store, std::mem::take(sha3), report).await?;
        Tree::<Sha256>::check(store, std::mem::take(sha256), report).await
    }

    /// Compares each level's last, partial tile with the stored one.
    pub(super) async fn check_edges(
        &mut self,
        store: &dyn Store,
        report: &mut Report,
    ) -> Result<(), Unavailable> {
        let sha3 = self.sha3.partial.drain(..).flatten().collect();
        Tree::<Sha3>::check(store, sha3, report).await?;
        let sha256 = self.sha256.partial.drain(..).flatten().collect();
        Tree::<Sha256>::check(store, sha256, report).await
    }
}
