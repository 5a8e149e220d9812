//! The root of an interval's tree from what is stored: the second path.
//!
//! The sealer builds trees tile by tile, joining peaks; this goes in blocks of 4,096, level by level
//! within each, and checks every stored tile on its way. The two share no code but the hash itself.

use tlog::{CompactRange, Hash, Levels, Sha3, TILE_HEIGHT, TILE_WIDTH, TileId, TreeHash as _};

use crate::parallel::map_chunks;

/// Entries in one block: its levels stay in the CPU's cache.
const BLOCK: usize = 4096;

/// A stored tile that does not hold what the tiles below it say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tile {}/{} does not hold what lies below it", .0.level, .0.index)]
pub(crate) struct WrongTile(pub(crate) TileId);

/// Which tiles above level 0 an interval of `count` timestamps has, lowest level first.
pub(crate) fn upper_tiles(count: u64) -> Vec<TileId> {
    let mut tiles = Vec::new();
    for level in 1u8.. {
        let hashes = count >> (TILE_HEIGHT * u32::from(level));
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
    let blocks = map_chunks(entries, BLOCK, |block| {
        let levels = Levels::<Sha3>::of_entries(block);
        let perfect = block.len() >> TILE_HEIGHT;
        let roots = levels.level(TILE_HEIGHT as usize).unwrap_or_default();
        (roots[..perfect].to_vec(), levels.root())
    });
    let mut whole = CompactRange::<Sha3>::default();
    let (mut row, mut last) = (Vec::new(), None);
    for (number, (tile_roots, root)) in (1..).zip(blocks) {
        row.extend(tile_roots);
        if number * BLOCK <= entries.len() {
            whole.push(root);
        } else {
            last = Some(root);
        }
    }
    let width = usize::try_from(TILE_WIDTH).expect("256");
    for level in 1u8.. {
        if row.is_empty() {
            break;
        }
        for (index, hashes) in (0..).zip(row.chunks(width)) {
            let id = TileId { level, index };
            let stored = upper.iter().find(|(stored, _)| *stored == id);
            if stored.is_none_or(|(_, stored)| stored != hashes) {
                return Err(WrongTile(id));
            }
        }
        let full = row.chunks_exact(width);
        row = full
            .map(|tile| Levels::<Sha3>::of_leaf_hashes(tile.to_vec()).root())
            .collect();
    }
    let peaks = whole.peaks().iter().rev();
    let root = peaks.fold(last, |right, peak| {
        Some(right.map_or(*peak, |right| Sha3::node(peak, &right)))
    });
    Ok(root.unwrap_or_else(Sha3::empty))
}

#[cfg(test)]
mod tests {
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
    fn a_flipped_bit_is_seen() {
        for size in [1u64, 2, 3, 255, 256, 257, 777, 4096, 5000, 65_536, 66_000] {
            let mut entries: Vec<Hash> =
                (0..size).map(|n| Sha3::digest(&n.to_be_bytes())).collect();
            let (expected, mut upper) = stored(&entries);
            assert_eq!(ith(&entries, &upper), Ok(expected), "size {size}");
            for at in [0, entries.len() / 2, entries.len() - 1] {
                entries[at][31] ^= 1;
                assert_ne!(ith(&entries, &upper), Ok(expected), "size {size}");
                entries[at][31] ^= 1;
            }
            if let Some((id, hashes)) = upper.last_mut() {
                let id = *id;
                hashes[0][0] ^= 1;
                assert_eq!(ith(&entries, &upper), Err(WrongTile(id)), "size {size}");
            }
        }
    }
}
