//! From columns to words and back.

use std::time::Duration;

use base::UnixMicros;
use rusqlite::Row;
use stamp::{Entries, Head, Interval, Placements, PooledBatch, SealedBatch, Tree};
use tlog::{Hash, TileId};

use crate::error::damaged;

/// SQLite's integers are signed. Our numbers count bytes, rows and seconds, and stay below 2^63.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A column that holds a number.
pub(crate) fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    u64::try_from(row.get::<_, i64>(at)?).map_err(|_| damaged("number"))
}

/// A column that holds one hash.
pub(crate) fn hash(row: &Row<'_>, at: usize) -> rusqlite::Result<Hash> {
    let blob = row.get_ref(at)?.as_blob()?;
    blob.try_into().map_err(|_| damaged("hash"))
}

/// A column that holds hashes one after another, appended to `out`.
pub(crate) fn hashes(row: &Row<'_>, at: usize, out: &mut Vec<Hash>) -> rusqlite::Result<()> {
    let (hashes, rest) = row.get_ref(at)?.as_blob()?.as_chunks::<32>();
    out.extend_from_slice(hashes);
    if rest.is_empty() {
        Ok(())
    } else {
        Err(damaged("tile"))
    }
}

/// Columns level, `tile_index`, hashes, from `at` on.
pub(crate) fn tile(row: &Row<'_>, at: usize) -> rusqlite::Result<(TileId, Vec<Hash>)> {
    let id = TileId {
        level: row.get(at)?,
        index: number(row, at + 1)?,
    };
    let mut out = Vec::new();
    hashes(row, at + 2, &mut out)?;
    Ok((id, out))
}

/// The number under which a main tree is stored.
pub(crate) fn tree(tree: Tree) -> i64 {
    match tree {
        Tree::Sha3 => 0,
        Tree::Sha256 => 1,
    }
}

/// Columns number, nonce, `base_us`, entries.
pub(crate) fn pooled(row: &Row<'_>) -> rusqlite::Result<PooledBatch> {
    Ok(PooledBatch {
        number: number(row, 0)?,
        nonce: number(row, 1)?,
        entries: Entries::from_stored(UnixMicros(row.get(2)?), row.get(3)?)
            .ok_or_else(|| damaged("batch"))?,
    })
}

/// Columns number, nonce, `interval_index`, `base_us`, placements.
pub(crate) fn sealed(row: &Row<'_>) -> rusqlite::Result<SealedBatch> {
    Ok(SealedBatch {
        number: number(row, 0)?,
        nonce: number(row, 1)?,
        interval: number(row, 2)?,
        placements: Placements::from_stored(UnixMicros(row.get(3)?), row.get(4)?)
            .ok_or_else(|| damaged("placements"))?,
    })
}

/// Columns `interval_index`, `at_us`, count, ith.
pub(crate) fn interval(row: &Row<'_>) -> rusqlite::Result<Interval> {
    Ok(Interval {
        index: number(row, 0)?,
        time: UnixMicros(row.get(1)?),
        count: row.get(2)?,
        ith: hash(row, 3)?,
    })
}

/// Columns size, sha3, sha256, `at_us`, timestamps.
pub(crate) fn head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        size: number(row, 0)?,
        sha3: hash(row, 1)?,
        sha256: hash(row, 2)?,
        time: UnixMicros(row.get(3)?),
        timestamps: number(row, 4)?,
    })
}

/// A duration in microseconds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
