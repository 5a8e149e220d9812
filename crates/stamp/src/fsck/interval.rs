//! One interval: its tree, its tiles, and who owns which leaf.

use base::Unavailable;
use tlog::{CompactRange, Hash, Sha3, TILE_WIDTH, TreeHash as _};

use super::{Part, Report};
use crate::owners;
use crate::rollup::upper_tiles;
use crate::{Interval, Store};

/// Checks an interval against its leaves, its tiles and its batches. `kept` says whether an older
/// interval still had its timestamps, and is set when this one has.
pub(super) async fn check(
    store: &dyn Store,
    interval: &Interval,
    kept: &mut bool,
    report: &mut Report,
) -> Result<(), Unavailable> {
    let part = Part::Interval(interval.index);
    let leaves = store.interval_leaves(interval.index).await?;
    let batches = store.sealed_batches(interval.index).await?;
    let count = u64::from(interval.count);
    if leaves.is_empty() && batches.is_empty() && count > 0 {
        report.forgotten += count;
        if *kept {
            report.found(part, "its timestamps are gone, but older ones are kept");
        }
        return Ok(());
    }
    *kept |= count > 0;
    if leaves.len() as u64 != count {
        let words = format!(
            "it counts {count} timestamps, its tree has {}",
            leaves.len()
        );
        report.found(part, words);
        return Ok(());
    }
    let (root, levels) = hashed(&leaves);
    let wanted = upper_tiles(count);
    if root != interval.ith {
        report.found(part, "its root is not that of its timestamps");
    }
    let stored = store.interval_tiles(interval.index, &wanted).await?;
    for id in wanted {
        let width = usize::try_from(TILE_WIDTH).expect("256");
        let mut tiles = levels[usize::from(id.level)].chunks(width);
        let right = usize::try_from(id.index).ok().and_then(|at| tiles.nth(at));
        let found = stored.iter().find(|(stored, _)| *stored == id);
        if found.map(|(_, hashes)| &hashes[..]) != right {
            let words = format!("its tile {}/{} is wrong", id.level, id.index);
            report.found(part, words);
        }
    }
    match owners::check(interval, &leaves, &batches) {
        Ok(()) => report.timestamps += count,
        Err(words) => report.found(part, words),
    }
    Ok(())
}

/// The root, hashed one by one, and for each tile level above 0 the roots of its perfect subtrees.
fn hashed(leaves: &[Hash]) -> (Hash, Vec<Vec<Hash>>) {
    let mut whole = CompactRange::<Sha3>::default();
    let mut row: Vec<Hash> = leaves.iter().map(|entry| Sha3::leaf(entry)).collect();
    for leaf in &row {
        whole.push(*leaf);
    }
    let mut levels = vec![Vec::new()];
    while !row.is_empty() {
        let full = row.chunks_exact(usize::try_from(TILE_WIDTH).expect("256"));
        row = full.map(tile_root).collect();
        levels.push(row.clone());
    }
    (whole.root(), levels)
}

fn tile_root(tile: &[Hash]) -> Hash {
    let mut range = CompactRange::<Sha3>::default();
    for hash in tile {
        range.push(*hash);
    }
    range.root()
}
