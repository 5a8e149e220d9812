//! An interval's tree, tile by tile: eight kilobytes at a time stay in the CPU's cache, and each
//! tile is ready for the store when its root is.

use tlog::{CompactRange, Hash, Sha3, TILE_WIDTH, TileId, TreeHash as _};

use crate::parallel::map_chunks;

const WIDTH: usize = 256;
const _: () = assert!(WIDTH as u64 == TILE_WIDTH);

/// The root over the timestamps that `keys` name in order, and the tiles to store: level 0 holds
/// their hashes, which `hash_of` finds, higher levels the roots of perfect subtrees. Hashes are
/// fetched straight into their tile: there is no second copy of them all.
pub(super) fn tree<K: Sync>(
    keys: &[K],
    hash_of: impl Fn(&K) -> Hash + Sync,
) -> (Hash, Vec<(TileId, Vec<Hash>)>) {
    let built = map_chunks(keys, WIDTH, |keys| {
        let entries: Vec<Hash> = keys.iter().map(&hash_of).collect();
        let mut leaves = [[0; 32]; WIDTH];
        let leaves = &mut leaves[..entries.len()];
        Sha3::leaves(&entries, leaves);
        // Only the last may be partial.
        let root = if entries.len() == WIDTH {
            Ok(tile_root(leaves))
        } else {
            Err(join(leaves, None))
        };
        (entries, root)
    });
    let (mut row, mut right) = (Vec::with_capacity(built.len()), None);
    let mut tiles = Vec::with_capacity(built.len() + built.len() / WIDTH + 2);
    for (index, (entries, root)) in (0..).zip(built) {
        tiles.push((TileId { level: 0, index }, entries));
        match root {
            Ok(root) => row.push(root),
            Err(rest) => right = rest,
        }
    }
    for level in 1u8.. {
        if row.is_empty() {
            break;
        }
        let mut above = Vec::new();
        for (index, tile) in (0..).zip(row.chunks(WIDTH)) {
            if tile.len() == WIDTH {
                above.push(tile_root(&mut tile.to_vec()));
            } else {
                right = join(tile, right);
            }
            tiles.push((TileId { level, index }, tile.to_vec()));
        }
        row = above;
    }
    (right.unwrap_or_else(Sha3::empty), tiles)
}

/// The root of a full tile; what is in it is overwritten.
fn tile_root(tile: &mut [Hash]) -> Hash {
    let mut above = [[0; 32]; WIDTH / 2];
    let mut width = tile.len();
    while width > 1 {
        Sha3::nodes(&tile[..width], &mut above[..width / 2]);
        width /= 2;
        tile[..width].copy_from_slice(&above[..width]);
    }
    tile[0]
}

/// Joins perfect subtrees of one size, left to right, with what stands to the right of them.
fn join(row: &[Hash], right: Option<Hash>) -> Option<Hash> {
    let mut range = CompactRange::<Sha3>::default();
    for hash in row {
        range.push(*hash);
    }
    let above = |right: Option<Hash>, peak: &Hash| {
        Some(right.map_or(*peak, |right| Sha3::node(peak, &right)))
    };
    range.peaks().iter().rev().fold(right, above)
}

#[cfg(test)]
mod tests {
    use tlog::{Levels, TileSet};

    use super::*;
    use crate::rollup;

    // Both of our paths against the plain one, and against what readers compute from tiles.
    #[test]
    fn all_ways_to_a_root_agree() {
        for size in [
            0u64, 1, 2, 3, 255, 256, 257, 511, 512, 700, 4095, 4096, 4097, 8192, 65_535, 65_536,
            65_537, 66_000, 70_000,
        ] {
            let entries: Vec<Hash> = (0..size).map(|n| Sha3::digest(&n.to_be_bytes())).collect();
            let (root, tiles) = tree(&entries, |hash| *hash);
            assert_eq!(root, Levels::<Sha3>::of_entries(&entries).root(), "{size}");
            let upper: Vec<_> = tiles
                .iter()
                .filter(|(id, _)| id.level > 0)
                .cloned()
                .collect();
            let ids: Vec<TileId> = upper.iter().map(|(id, _)| *id).collect();
            assert_eq!(ids, rollup::upper_tiles(size), "{size}");
            assert_eq!(rollup::ith(&entries, &upper), Ok(root), "{size}");
            let mut set = TileSet::<Sha3>::default();
            for (id, mut hashes) in tiles {
                assert_eq!(hashes.len() as u64, id.width_at(size), "{id:?} of {size}");
                if id.level == 0 {
                    let entries = hashes.clone();
                    Sha3::leaves(&entries, &mut hashes);
                }
                set.insert(id, hashes);
            }
            assert_eq!(set.root(size).unwrap(), root, "{size}");
        }
    }
}
