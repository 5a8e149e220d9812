//! The commit of an interval, and reading back what it wrote.

use std::ops::Range;

use base::{Unavailable, UnixMicros};
use sqlx::{Postgres, Transaction};
use stamp::{Commit, Head, Interval, SealedInterval, Tree};
use tlog::{Hash, TileId};

use crate::PostgresStore;
use crate::error::{broken, unavailable};
use crate::rows::{TileColumns, bound, hash, hashes, key, stored, tile, tile_keys, unsigned};

/// Most intervals in one answer.
const INTERVALS_MAX: i64 = 1024;
/// Tiles in one statement: 8 MiB of hashes.
const STATEMENT_TILES_MAX: usize = 1024;
/// Batches in one statement.
const STATEMENT_BATCHES_MAX: usize = 1024;

pub(crate) async fn read_head(store: &PostgresStore) -> Result<Head, Unavailable> {
    let row = sqlx::query!("select size, sha3, sha256, at_us, timestamps from log_head")
        .fetch_one(store.pool())
        .await
        .map_err(unavailable)?;
    if row.size == 0 {
        return Ok(Head::empty());
    }
    Ok(Head {
        size: unsigned(row.size, "the head")?,
        sha3: hash(&row.sha3, "the head")?,
        sha256: hash(&row.sha256, "the head")?,
        time: UnixMicros(row.at_us),
        timestamps: unsigned(row.timestamps, "the head")?,
    })
}

/// Locks the head's row first, so that a second sealer waits, and then sees that the head moved.
pub(crate) async fn commit_interval(
    store: &PostgresStore,
    sealed: &SealedInterval,
) -> Result<Commit, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let index = stored(sealed.interval.index)?;
    let head = &sealed.head;
    let moved = sqlx::query!(
        "update log_head
        set size = $1, sha3 = $2, sha256 = $3, at_us = $4, timestamps = $5
        where size = $6",
        stored(head.size)?,
        &head.sha3,
        &head.sha256,
        head.time.0,
        stored(head.timestamps)?,
        index,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if moved.rows_affected() == 0 {
        tx.rollback().await.map_err(unavailable)?;
        return Ok(Commit::HeadMoved);
    }
    sqlx::query!(
        "insert into sealed_interval (interval_index, at_us, count, ith) values ($1, $2, $3, $4)",
        index,
        sealed.interval.time.0,
        i64::from(sealed.interval.count),
        &sealed.interval.ith,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    move_batches(&mut tx, index, sealed).await?;
    write_interval_tiles(&mut tx, index, sealed).await?;
    write_main_tiles(&mut tx, sealed).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Commit::Done)
}

async fn move_batches(
    tx: &mut Transaction<'_, Postgres>,
    interval: i64,
    sealed: &SealedInterval,
) -> Result<(), Unavailable> {
    for batches in sealed.batches.chunks(STATEMENT_BATCHES_MAX) {
        let mut numbers = Vec::with_capacity(batches.len());
        let mut bases = Vec::with_capacity(batches.len());
        let mut packed: Vec<&[u8]> = Vec::with_capacity(batches.len());
        for (number, placements) in batches {
            numbers.push(stored(*number)?);
            bases.push(placements.base.0);
            packed.push(placements.as_bytes());
        }
        let moved = sqlx::query!(
            "with gone as (
                delete from pooled_batch where number = any($2::int8[]) returning number, nonce
            )
            insert into sealed_batch (number, nonce, base_us, interval_index, placements)
            select gone.number, gone.nonce, placed.base_us, $1, placed.placements
            from unnest($2::int8[], $3::int8[], $4::bytea[])
                as placed (number, base_us, placements)
            join gone using (number)",
            interval,
            &numbers,
            &bases,
            &packed as &[&[u8]],
        )
        .execute(&mut **tx)
        .await
        .map_err(unavailable)?;
        if moved.rows_affected() != batches.len() as u64 {
            return Err(broken("the pool"));
        }
    }
    Ok(())
}

async fn write_interval_tiles(
    tx: &mut Transaction<'_, Postgres>,
    interval: i64,
    sealed: &SealedInterval,
) -> Result<(), Unavailable> {
    for tiles in sealed.interval_tiles.chunks(STATEMENT_TILES_MAX) {
        let mut columns = TileColumns::default();
        for (tile, hashes) in tiles {
            columns.push(*tile, hashes)?;
        }
        sqlx::query!(
            "insert into interval_tile (interval_index, level, tile_index, hashes)
            select $1, * from unnest($2::int2[], $3::int8[], $4::bytea[])",
            interval,
            &columns.levels,
            &columns.indexes,
            &columns.hashes as &[&[u8]],
        )
        .execute(&mut **tx)
        .await
        .map_err(unavailable)?;
    }
    Ok(())
}

async fn write_main_tiles(
    tx: &mut Transaction<'_, Postgres>,
    sealed: &SealedInterval,
) -> Result<(), Unavailable> {
    for tree in [Tree::Sha3, Tree::Sha256] {
        let mut columns = TileColumns::default();
        for (_, tile, hashes) in sealed.main_tiles.iter().filter(|tile| tile.0 == tree) {
            columns.push(*tile, hashes)?;
        }
        if columns.levels.is_empty() {
            continue;
        }
        sqlx::query!(
            "insert into main_tile (tree, level, tile_index, hashes)
            select $1, * from unnest($2::int2[], $3::int8[], $4::bytea[])
            on conflict (tree, level, tile_index) do update set hashes = excluded.hashes",
            tree_number(tree),
            &columns.levels,
            &columns.indexes,
            &columns.hashes as &[&[u8]],
        )
        .execute(&mut **tx)
        .await
        .map_err(unavailable)?;
    }
    Ok(())
}

pub(crate) async fn intervals(
    store: &PostgresStore,
    range: Range<u64>,
) -> Result<Vec<Interval>, Unavailable> {
    let Some(start) = key(range.start) else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query!(
        "select interval_index, at_us, count, ith from sealed_interval
        where interval_index >= $1 and interval_index < $2
        order by interval_index
        limit $3",
        start,
        bound(range.end),
        INTERVALS_MAX,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| {
            Ok(Interval {
                index: unsigned(row.interval_index, "an interval")?,
                time: UnixMicros(row.at_us),
                count: u32::try_from(row.count).map_err(|_| broken("an interval"))?,
                ith: hash(&row.ith, "an interval")?,
            })
        })
        .collect()
}

/// A tree's number in `main_tile`. Rows carry it: never change it.
fn tree_number(tree: Tree) -> i16 {
    match tree {
        Tree::Sha3 => 0,
        Tree::Sha256 => 1,
    }
}

pub(crate) async fn interval_tiles(
    store: &PostgresStore,
    interval: u64,
    tiles: &[TileId],
) -> Result<Vec<(TileId, Vec<Hash>)>, Unavailable> {
    let (levels, indexes) = tile_keys(tiles);
    let Some(interval) = key(interval) else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query!(
        "select level, tile_index, hashes from interval_tile
        where interval_index = $1
            and (level, tile_index) in (select * from unnest($2::int2[], $3::int8[]))",
        interval,
        &levels,
        &indexes,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| tile(row.level, row.tile_index, &row.hashes))
        .collect()
}

pub(crate) async fn interval_leaves(
    store: &PostgresStore,
    interval: u64,
) -> Result<Vec<Hash>, Unavailable> {
    let Some(interval) = key(interval) else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query_scalar!(
        "select hashes from interval_tile
        where interval_index = $1 and level = 0
        order by tile_index",
        interval,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let mut leaves = Vec::with_capacity(rows.iter().map(Vec::len).sum::<usize>() / 32);
    for row in &rows {
        hashes(row, &mut leaves)?;
    }
    Ok(leaves)
}

pub(crate) async fn main_tiles(
    store: &PostgresStore,
    tree: Tree,
    tiles: &[TileId],
) -> Result<Vec<(TileId, Vec<Hash>)>, Unavailable> {
    let (levels, indexes) = tile_keys(tiles);
    let rows = sqlx::query!(
        "select level, tile_index, hashes from main_tile
        where tree = $1
            and (level, tile_index) in (select * from unnest($2::int2[], $3::int8[]))",
        tree_number(tree),
        &levels,
        &indexes,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| tile(row.level, row.tile_index, &row.hashes))
        .collect()
}
