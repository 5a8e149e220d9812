//! Tiles of C2SP `tlog-tiles`: 256 hashes of one level of the tree, eight levels above the last.
//!
//! A tile at level `l` and index `n` holds the hashes of the perfect subtrees of height `8 l` from
//! number `256 n` on. Only perfect subtrees are stored, so a hash once in a tile never changes; the
//! newest tile of each level is partial.

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;

use crate::{CompactRange, Hash, TreeHash};

/// Levels of the tree from one tile level to the next.
pub const TILE_HEIGHT: u32 = 8;
/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 1 << TILE_HEIGHT;

/// Names a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// 0 holds leaf hashes, 1 the roots of subtrees of 256 leaves, and so on; at most 7.
    pub level: u8,
    /// Which tile of its level, from the left.
    pub index: u64,
}

impl TileId {
    /// How many hashes this tile has when the tree has `size` leaves: 0 to 256.
    pub fn width_at(self, size: u64) -> u64 {
        let hashes = size.checked_shr(u32::from(self.level) * TILE_HEIGHT);
        hashes
            .unwrap_or(0)
            .saturating_sub(self.index.saturating_mul(TILE_WIDTH))
            .min(TILE_WIDTH)
    }
}

/// A perfect subtree: height, and its number among those of its height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Subtree {
    height: u32,
    number: u64,
}

impl Subtree {
    fn tile(self) -> TileId {
        TileId {
            level: u8::try_from(self.height / TILE_HEIGHT).expect("at most 64 levels"),
            index: self.number >> (TILE_HEIGHT - self.height % TILE_HEIGHT),
        }
    }
}

/// Leaves `low..high` of a tree, where `low` is a multiple of the next power of two from
/// `high - low`: what RFC 6962 calls `D[low:high]`.
type Span = (u64, u64);

fn perfect_subtrees((low, high): Span) -> impl Iterator<Item = Subtree> {
    let mut at = low;
    std::iter::from_fn(move || {
        (at < high).then(|| {
            let height = (high - at).ilog2();
            let subtree = Subtree {
                height,
                number: at >> height,
            };
            at += 1 << height;
            subtree
        })
    })
}

/// The spans of an inclusion path, leaf to root: RFC 9162 §2.1.3.1.
fn inclusion_spans(index: u64, size: u64) -> Vec<Span> {
    let (mut low, mut high) = (0, size);
    let mut spans = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            spans.push((middle, high));
            high = middle;
        } else {
            spans.push((low, middle));
            low = middle;
        }
    }
    spans.reverse();
    spans
}

/// The spans of a consistency proof, deepest first: RFC 9162 §2.1.4.1.
fn consistency_spans(old: u64, new: u64) -> Vec<Span> {
    let (mut low, mut high) = (0, new);
    let mut spans = Vec::new();
    let mut whole = true;
    while old != high {
        let middle = low + split(high - low);
        if old <= middle {
            spans.push((middle, high));
            high = middle;
        } else {
            spans.push((low, middle));
            low = middle;
            whole = false;
        }
    }
    if !whole {
        spans.push((low, high));
    }
    spans.reverse();
    spans
}

/// The largest power of two below `n`, which is at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

fn tiles_of(spans: &[Span]) -> Vec<TileId> {
    let mut seen = HashSet::new();
    spans
        .iter()
        .flat_map(|span| perfect_subtrees(*span))
        .map(Subtree::tile)
        .filter(|tile| seen.insert(*tile))
        .collect()
}

/// A tile that a computation needed and was not given, or that was too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tile {}/{} is missing or too short", .0.level, .0.index)]
pub struct MissingTile(pub TileId);

/// Tiles fetched from a store, and what can be computed from them.
#[derive(Clone, Debug)]
pub struct TileSet<H> {
    tiles: HashMap<TileId, Vec<Hash>>,
    hash: PhantomData<H>,
}

impl<H> Default for TileSet<H> {
    fn default() -> Self {
        Self {
            tiles: HashMap::new(),
            hash: PhantomData,
        }
    }
}

impl<H: TreeHash> TileSet<H> {
    /// Adds a tile, replacing one of the same name.
    pub fn insert(&mut self, tile: TileId, hashes: Vec<Hash>) {
        self.tiles.insert(tile, hashes);
    }

    /// The hashes of a tile, if it was added.
    pub fn tile(&self, tile: TileId) -> Option<&[Hash]> {
        self.tiles.get(&tile).map(Vec::as_slice)
    }

    /// Which tiles [`Self::root`] needs for a tree of `size` leaves.
    pub fn tiles_for_root(size: u64) -> Vec<TileId> {
        tiles_of(&[(0, size)])
    }

    /// The root of the tree of `size` leaves.
    pub fn root(&self, size: u64) -> Result<Hash, MissingTile> {
        if size == 0 {
            return Ok(H::empty());
        }
        self.span((0, size))
    }

    /// The compact range of the tree of `size` leaves; needs the tiles of
    /// [`Self::tiles_for_root`].
    pub fn compact_range(&self, size: u64) -> Result<CompactRange<H>, MissingTile> {
        let peaks = perfect_subtrees((0, size))
            .map(|subtree| self.subtree(subtree))
            .collect::<Result<_, _>>()?;
        Ok(CompactRange::from_peaks(size, peaks).expect("one peak for each set bit"))
    }

    /// Which tiles [`Self::inclusion`] needs.
    pub fn tiles_for_inclusion(index: u64, size: u64) -> Vec<TileId> {
        tiles_of(&inclusion_spans(index, size))
    }

    /// The inclusion path of leaf `index` in the tree of `size` leaves, leaf to root
    /// (RFC 9162 §2.1.3). `index` is below `size`.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, MissingTile> {
        let spans = inclusion_spans(index, size);
        spans.into_iter().map(|span| self.span(span)).collect()
    }

    /// Which tiles [`Self::consistency`] needs.
    pub fn tiles_for_consistency(old: u64, new: u64) -> Vec<TileId> {
        tiles_of(&consistency_spans(old, new))
    }

    /// The consistency proof from the tree of `old` to that of `new` leaves, deepest node first
    /// (RFC 9162 §2.1.4); `1 <= old <= new`. Empty when the sizes are equal.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, MissingTile> {
        let spans = consistency_spans(old, new);
        spans.into_iter().map(|span| self.span(span)).collect()
    }

    fn span(&self, span: Span) -> Result<Hash, MissingTile> {
        let subtrees: Vec<Subtree> = perfect_subtrees(span).collect();
        let (last, larger) = subtrees.split_last().expect("a span is never empty");
        let mut hash = self.subtree(*last)?;
        for subtree in larger.iter().rev() {
            hash = H::node(&self.subtree(*subtree)?, &hash);
        }
        Ok(hash)
    }

    fn subtree(&self, subtree: Subtree) -> Result<Hash, MissingTile> {
        let tile = subtree.tile();
        let width = 1usize << (subtree.height % TILE_HEIGHT);
        let first = usize::try_from(subtree.number % (TILE_WIDTH / width as u64))
            .expect("below 256")
            * width;
        let hashes = self.tiles.get(&tile).ok_or(MissingTile(tile))?;
        let mut row = hashes
            .get(first..first + width)
            .ok_or(MissingTile(tile))?
            .to_vec();
        while row.len() > 1 {
            let mut above = vec![[0; 32]; row.len() / 2];
            H::nodes(&row, &mut above);
            row = above;
        }
        Ok(row[0])
    }
}

/// The newest, partial tile of every level: what appending to a tiled tree changes.
#[derive(Clone, Debug)]
pub struct TileEdge<H> {
    size: u64,
    /// `rows[l]` is the partial tile of level `l`: 0 to 255 hashes.
    rows: Vec<Vec<Hash>>,
    hash: PhantomData<H>,
}

impl<H: TreeHash> Default for TileEdge<H> {
    fn default() -> Self {
        Self {
            size: 0,
            rows: Vec::new(),
            hash: PhantomData,
        }
    }
}

impl<H: TreeHash> TileEdge<H> {
    /// Which tiles [`Self::load`] needs for a tree of `size` leaves.
    pub fn tiles(size: u64) -> Vec<TileId> {
        (0u8..8)
            .map(|level| TileId {
                level,
                index: (size.checked_shr(u32::from(level) * TILE_HEIGHT)).unwrap_or(0) / TILE_WIDTH,
            })
            .filter(|tile| tile.width_at(size) > 0)
            .collect()
    }

    /// The edge of the tree of `size` leaves, from the tiles that [`Self::tiles`] named.
    pub fn load(size: u64, tiles: &TileSet<H>) -> Result<Self, MissingTile> {
        let mut edge = Self {
            size,
            ..Self::default()
        };
        for tile in Self::tiles(size) {
            let width = usize::try_from(tile.width_at(size)).expect("at most 256");
            let stored = tiles
                .tiles
                .get(&tile)
                .and_then(|hashes| hashes.get(..width));
            edge.rows.resize(usize::from(tile.level) + 1, Vec::new());
            edge.rows[usize::from(tile.level)] = stored.ok_or(MissingTile(tile))?.to_vec();
        }
        Ok(edge)
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf hash; answers the tiles that this wrote, lowest level first, each whole.
    pub fn push(&mut self, leaf: Hash) -> Vec<(TileId, Vec<Hash>)> {
        let mut changed = Vec::new();
        let mut carried = leaf;
        self.size += 1;
        for level in 0u8.. {
            let at = usize::from(level);
            if self.rows.len() == at {
                self.rows.push(Vec::new());
            }
            let row = &mut self.rows[at];
            row.push(carried);
            let hashes = self.size >> (u32::from(level) * TILE_HEIGHT);
            let id = TileId {
                level,
                index: (hashes - 1) / TILE_WIDTH,
            };
            changed.push((id, row.clone()));
            if row.len() < usize::try_from(TILE_WIDTH).expect("256") {
                break;
            }
            let mut range = CompactRange::<H>::default();
            row.drain(..).for_each(|hash| range.push(hash));
            carried = range.root();
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Levels, Sha256, verify_consistency, verify_inclusion};

    fn leaf(number: u64) -> Hash {
        Sha256::leaf(&number.to_be_bytes())
    }

    /// Every tile of every size up to `size`, appended one leaf at a time.
    fn grown(size: u64) -> TileSet<Sha256> {
        let (mut edge, mut tiles) = (TileEdge::<Sha256>::default(), TileSet::default());
        for number in 0..size {
            for (id, hashes) in edge.push(leaf(number)) {
                assert_eq!(hashes.len() as u64, id.width_at(number + 1));
                tiles.insert(id, hashes);
            }
        }
        tiles
    }

    #[test]
    fn roots_from_tiles_ranges_and_levels_agree() {
        let tiles = grown(600);
        let mut range = CompactRange::<Sha256>::default();
        for size in 0..=600 {
            let levels = Levels::<Sha256>::of_leaf_hashes((0..size).map(leaf).collect());
            assert_eq!(levels.root(), range.root(), "size {size}");
            assert_eq!(levels.root(), tiles.root(size).unwrap(), "size {size}");
            assert_eq!(range, tiles.compact_range(size).unwrap());
            range.push(leaf(size));
        }
    }

    #[test]
    fn proofs_from_tiles_verify_and_name_the_tiles_they_need() {
        let tiles = grown(70_000);
        for size in [
            1, 2, 3, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000,
        ] {
            let root = tiles.root(size).unwrap();
            for index in [0, 1, size / 3, size / 2, size.saturating_sub(2), size - 1] {
                let index = index.min(size - 1);
                let mut needed = TileSet::<Sha256>::default();
                for id in TileSet::<Sha256>::tiles_for_inclusion(index, size) {
                    needed.insert(id, tiles.tiles[&id].clone());
                }
                let path = needed.inclusion(index, size).unwrap();
                verify_inclusion::<Sha256>(&leaf(index), index, size, &path, &root).unwrap();

                let old = index + 1;
                let mut needed = TileSet::<Sha256>::default();
                for id in TileSet::<Sha256>::tiles_for_consistency(old, size) {
                    needed.insert(id, tiles.tiles[&id].clone());
                }
                let proof = needed.consistency(old, size).unwrap();
                let old_root = tiles.root(old).unwrap();
                verify_consistency::<Sha256>(old, &old_root, size, &root, &proof).unwrap();
            }
        }
    }

    #[test]
    fn an_edge_loaded_again_goes_on_as_if_never_lost() {
        let tiles = grown(66_000);
        for size in [0, 1, 255, 256, 300, 65_535, 65_536, 65_999] {
            let mut edge = TileEdge::load(size, &tiles).unwrap();
            for (id, hashes) in edge.push(leaf(size)) {
                assert_eq!(hashes[..], tiles.tiles[&id][..hashes.len()], "size {size}");
            }
        }
    }
}
