//! The root of an interval's tree from its stored tiles: the second path.
//!
//! The sealer builds trees level by level over the whole interval; this goes tile by tile, checks
//! every stored tile on its way, and shares no code with the other but the hash itself.

use tlog::{CompactRange, Hash, Sha3, TILE_WIDTH, TileId, TreeHash};

/// A stored tile that does not hold what the tiles below it say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tile {}/{} does not hold what lies below it", .0.level, .0.index)]
pub(crate) struct WrongTile(pub(crate) TileId);

/// Which tiles above level 0 an interval of `count` timestamps has.
pub(crate) fn upper_tiles(count: u64) -> Vec<TileId> {
    let mut tiles = Vec::new();
    for level in 1u8.. {
        let hashes = count >> (tlog::TILE_HEIGHT * u32::from(level));
        if hashes == 0 {
            break;
        }
        tiles.extend((0..hashes.div_ceil(TILE_WIDTH)).map(|index| TileId { level, index }));
    }
    tiles
}

/// The root over `entries`, the timestamps' hashes, which lie in the tiles of level 0; `upper` are
/// the other stored tiles, in any order.
pub(crate) fn ith(entries: &[Hash], upper: &[(TileId, Vec<Hash>)]) -> Result<Hash, WrongTile> {
    root::<Sha3>(entries, upper)
}

fn root<H: TreeHash>(entries: &[Hash], upper: &[(TileId, Vec<Hash>)]) -> Result<Hash, WrongTile> {
    let width = usize::try_from(TILE_WIDTH).expect("256");
    let (full, rest) = entries.split_at(entries.len() - entries.len() % width);
    let mut leaves = vec![[0; 32]; width];
    let mut above = Vec::with_capacity(full.len() / width);
    for tile in full.chunks_exact(width) {
        H::leaves(tile, &mut leaves);
        above.push(tile_root::<H>(&mut leaves));
    }
    let mut last = vec![[0; 32]; rest.len()];
    H::leaves(rest, &mut last);
    // What no full tile holds, level by level: the peaks of the tree, smallest first.
    let mut right = close::<H>(&last, None);
    for level in 1u8.. {
        if above.is_empty() {
            break;
        }
        let row = std::mem::take(&mut above);
        for (index, hashes) in (0..).zip(row.chunks(width)) {
            let id = TileId { level, index };
            let stored = upper.iter().find(|(stored, _)| *stored == id);
            if stored.is_none_or(|(_, stored)| stored != hashes) {
                return Err(WrongTile(id));
            }
        }
        let (full, rest) = row.split_at(row.len() - row.len() % width);
        for tile in full.chunks_exact(width) {
            above.push(tile_root::<H>(&mut tile.to_vec()));
        }
        right = close::<H>(rest, right);
    }
    Ok(right.unwrap_or_else(H::empty))
}

/// The root of a full tile; what is in it is overwritten.
fn tile_root<H: TreeHash>(tile: &mut [Hash]) -> Hash {
    let mut above = [[0; 32]; 128];
    let mut width = tile.len();
    while width > 1 {
        H::nodes(&tile[..width], &mut above[..width / 2]);
        width /= 2;
        tile[..width].copy_from_slice(&above[..width]);
    }
    tile[0]
}

/// Joins perfect subtrees of one level with what stands to the right of them.
fn close<H: TreeHash>(row: &[Hash], right: Option<Hash>) -> Option<Hash> {
    let mut range = CompactRange::<H>::default();
    for hash in row {
        range.push(*hash);
    }
    let join =
        |right: Option<Hash>, peak: &Hash| Some(right.map_or(*peak, |right| H::node(peak, &right)));
    range.peaks().iter().rev().fold(right, join)
}

#[cfg(test)]
mod tests {
    use tlog::Levels;

    use super::*;

    fn stored(entries: &[Hash]) -> (Hash, Vec<(TileId, Vec<Hash>)>) {
        let tree = Levels::<Sha3>::of_entries(entries);
        let count = entries.len() as u64;
        let tile = |id: TileId| {
            let row = tree.level(usize::from(id.level) * 8).unwrap();
            let start = usize::try_from(id.index * TILE_WIDTH).unwrap();
            let width = usize::try_from(id.width_at(count)).unwrap();
            (id, row[start..start + width].to_vec())
        };
        let upper = upper_tiles(count).into_iter().map(tile).collect();
        (tree.root(), upper)
    }

    #[test]
    fn both_paths_agree_and_a_flipped_bit_is_seen() {
        for size in [
            0u64, 1, 2, 3, 255, 256, 257, 512, 777, 65_536, 65_537, 66_000,
        ] {
            let mut entries: Vec<Hash> =
                (0..size).map(|n| Sha3::digest(&n.to_be_bytes())).collect();
            let (expected, mut upper) = stored(&entries);
            assert_eq!(ith(&entries, &upper), Ok(expected), "size {size}");
            let Some(last) = entries.last_mut() else {
                continue;
            };
            last[31] ^= 1;
            assert_ne!(ith(&entries, &upper), Ok(expected), "size {size}");
            entries.last_mut().unwrap()[31] ^= 1;
            if let Some((id, hashes)) = upper.last_mut() {
                let id = *id;
                hashes[0][0] ^= 1;
                assert_eq!(ith(&entries, &upper), Err(WrongTile(id)), "size {size}");
            }
        }
    }
}
