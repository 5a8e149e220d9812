//! The commit of an interval, and reading back what it wrote.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension as _, params};
use stamp::{Commit, Head, Interval, SealedInterval, Tree};
use tlog::{Hash, TileId};

use crate::error::damaged;
use crate::rows::{hashes, head, interval, signed, tile, tree};

/// Most intervals in one answer.
const INTERVALS_MAX: u64 = 1024;

pub(crate) fn commit_interval(
    tx: &Connection,
    sealed: &SealedInterval,
) -> rusqlite::Result<Commit> {
    if !move_head(tx, sealed)? {
        return Ok(Commit::HeadMoved);
    }
    let it = &sealed.interval;
    tx.prepare_cached(
        "insert into sealed_interval (interval_index, at_us, count, ith) values (?1, ?2, ?3, ?4)",
    )?
    .execute(params![signed(it.index), it.time.0, it.count, it.ith])?;
    // First, so that the tiles take the pages that the pool leaves.
    let mut placed = tx.prepare_cached(
        "insert into sealed_batch (number, nonce, interval_index, base_us, count, placements)
         select number, nonce, ?2, base_us, count, ?3 from pooled_batch
         where number = ?1 and count = ?4",
    )?;
    let mut gone = tx.prepare_cached("delete from pooled_batch where number = ?1")?;
    for (number, placements) in &sealed.batches {
        let count = signed(placements.len() as u64);
        let moved = placed.execute(params![
            signed(*number),
            signed(it.index),
            placements.as_bytes(),
            count
        ])?;
        if moved != 1 {
            // Only the sealer that moved the head removes batches; this undoes the whole commit.
            return Err(damaged("pool: a batch to seal is not there"));
        }
        gone.execute([signed(*number)])?;
    }
    let mut insert = tx.prepare_cached(
        "insert into interval_tile (interval_index, level, tile_index, hashes) values (?1, ?2, ?3, ?4)",
    )?;
    for (id, row) in &sealed.interval_tiles {
        insert.execute(params![
            signed(it.index),
            id.level,
            signed(id.index),
            row.as_flattened()
        ])?;
    }
    let mut upsert = tx.prepare_cached(
        "insert into main_tile (tree, level, tile_index, hashes) values (?1, ?2, ?3, ?4)
         on conflict (tree, level, tile_index) do update set hashes = excluded.hashes",
    )?;
    for (of, id, row) in &sealed.main_tiles {
        upsert.execute(params![
            tree(*of),
            id.level,
            signed(id.index),
            row.as_flattened()
        ])?;
    }
    Ok(Commit::Done)
}

/// The compare-and-set: whether the log still had as many intervals as the new one's number says.
fn move_head(tx: &Connection, sealed: &SealedInterval) -> rusqlite::Result<bool> {
    let new = &sealed.head;
    let row = params![
        signed(new.size),
        new.sha3,
        new.sha256,
        new.time.0,
        signed(new.timestamps),
        signed(sealed.interval.index)
    ];
    let sql = if sealed.interval.index == 0 {
        "insert into log_head (only_row, size, sha3, sha256, at_us, timestamps)
         select 1, ?1, ?2, ?3, ?4, ?5 where ?6 = 0
         on conflict (only_row) do nothing"
    } else {
        "update log_head set size = ?1, sha3 = ?2, sha256 = ?3, at_us = ?4, timestamps = ?5
         where size = ?6"
    };
    Ok(tx.prepare_cached(sql)?.execute(row)? == 1)
}

pub(crate) fn read_head(db: &Connection) -> rusqlite::Result<Head> {
    let found = db
        .prepare_cached("select size, sha3, sha256, at_us, timestamps from log_head")?
        .query_row([], head)
        .optional()?;
    Ok(found.unwrap_or_else(Head::empty))
}

pub(crate) fn intervals(db: &Connection, range: &Range<u64>) -> rusqlite::Result<Vec<Interval>> {
    let end = range.end.min(range.start.saturating_add(INTERVALS_MAX));
    db.prepare_cached(
        "select interval_index, at_us, count, ith from sealed_interval
         where interval_index >= ?1 and interval_index < ?2
         order by interval_index",
    )?
    .query_map([signed(range.start), signed(end)], interval)?
    .collect()
}

pub(crate) fn interval_tiles(
    db: &Connection,
    interval: u64,
    tiles: &[TileId],
) -> rusqlite::Result<Vec<(TileId, Vec<Hash>)>> {
    let mut select = db.prepare_cached(
        "select level, tile_index, hashes from interval_tile
         where interval_index = ?1 and level = ?2 and tile_index = ?3",
    )?;
    let mut found = Vec::with_capacity(tiles.len());
    for id in tiles {
        let key = params![signed(interval), id.level, signed(id.index)];
        found.extend(select.query_row(key, |row| tile(row, 0)).optional()?);
    }
    Ok(found)
}

pub(crate) fn interval_leaves(db: &Connection, interval: u64) -> rusqlite::Result<Vec<Hash>> {
    let count: Option<u32> = db
        .prepare_cached("select count from sealed_interval where interval_index = ?1")?
        .query_row([signed(interval)], |row| row.get(0))
        .optional()?;
    let mut leaves = Vec::with_capacity(count.unwrap_or(0) as usize);
    let mut select = db.prepare_cached(
        "select hashes from interval_tile
         where interval_index = ?1 and level = 0
         order by tile_index",
    )?;
    let mut rows = select.query([signed(interval)])?;
    while let Some(row) = rows.next()? {
        hashes(row, 0, &mut leaves)?;
    }
    Ok(leaves)
}

pub(crate) fn main_tiles(
    db: &Connection,
    of: Tree,
    tiles: &[TileId],
) -> rusqlite::Result<Vec<(TileId, Vec<Hash>)>> {
    let mut select = db.prepare_cached(
        "select level, tile_index, hashes from main_tile
         where tree = ?1 and level = ?2 and tile_index = ?3",
    )?;
    let mut found = Vec::with_capacity(tiles.len());
    for id in tiles {
        let key = params![tree(of), id.level, signed(id.index)];
        found.extend(select.query_row(key, |row| tile(row, 0)).optional()?);
    }
    Ok(found)
}
