//! Tags and tokens, and forgetting after the retention time.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use stamp::{TagPage, TimestampId, Token};

use crate::error::damaged;
use crate::rows::{number, signed};

/// Columns number, nonce, `entry_index`.
fn address(row: &Row<'_>) -> rusqlite::Result<TimestampId> {
    Ok(TimestampId {
        batch: number(row, 0)?,
        nonce: number(row, 1)?,
        index: row.get(2)?,
    })
}

pub(crate) fn tagged(
    db: &Connection,
    tag: &str,
    before: Option<TimestampId>,
    limit: usize,
) -> rusqlite::Result<TagPage> {
    let (number, index) = before.map_or((i64::MAX, u32::MAX), |id| (signed(id.batch), id.index));
    let one_more = signed(limit as u64).saturating_add(1);
    let mut ids = db
        .prepare_cached(
            "select number, nonce, entry_index from tag
             where tag = ?1 and (number, entry_index) < (?2, ?3)
             order by number desc, entry_index desc
             limit ?4",
        )?
        .query_map(params![tag, number, index, one_more], address)?
        .collect::<Result<Vec<_>, _>>()?;
    let more = ids.len() > limit;
    ids.truncate(limit);
    Ok(TagPage { ids, more })
}

pub(crate) fn referenced(
    db: &Connection,
    after: Option<TimestampId>,
    limit: usize,
) -> rusqlite::Result<Vec<TimestampId>> {
    let (number, index) = after.map_or((-1, 0), |id| (signed(id.batch), id.index));
    db.prepare_cached(
        "select number, nonce, entry_index from tag where (number, entry_index) > (?1, ?2)
         union
         select number, nonce, entry_index from token where (number, entry_index) > (?1, ?2)
         order by number, entry_index, nonce
         limit ?3",
    )?
    .query_map(params![number, index, signed(limit as u64)], address)?
    .collect()
}

pub(crate) fn token(db: &Connection, serial: [u8; 16]) -> rusqlite::Result<Option<Token>> {
    db.prepare_cached("select number, nonce, entry_index, der from token where serial = ?1")?
        .query_row([serial], |row| {
            Ok(Token {
                serial,
                id: address(row)?,
                der: row.get(3)?,
            })
        })
        .optional()
}

pub(crate) fn forget(tx: &Connection, before_us: i64, intervals_max: u32) -> rusqlite::Result<u32> {
    let (from, newest): (i64, i64) = tx
        .prepare_cached("select kept_from, forgotten_number from retention")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or((0, 0));
    // Times never go back, so what is old enough is a beginning.
    let count: u32 = tx
        .prepare_cached(
            "select count(*) from (
                 select 1 from sealed_interval
                 where interval_index >= ?1 and at_us < ?2
                 order by interval_index
                 limit ?3)",
        )?
        .query_row(params![from, before_us, intervals_max], |row| row.get(0))?;
    if count == 0 {
        return Ok(0);
    }
    let to = from + i64::from(count);
    let old: Vec<i64> = tx
        .prepare_cached(
            "select number from sealed_batch
             where interval_index >= ?1 and interval_index < ?2
             order by number",
        )?
        .query_map([from, to], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for batch in &old {
        for sql in [
            "delete from tag where number = ?1",
            "delete from token where number = ?1",
            "delete from sealed_batch where number = ?1",
        ] {
            tx.prepare_cached(sql)?.execute([batch])?;
        }
    }
    tx.prepare_cached(
        "delete from interval_tile where interval_index >= ?1 and interval_index < ?2",
    )?
    .execute([from, to])?;
    let newest = newest.max(old.last().copied().unwrap_or(0));
    let kept = tx
        .prepare_cached(
            "insert into retention (only_row, kept_from, forgotten_number) values (1, ?1, ?2)
             on conflict (only_row) do update set
                 kept_from = excluded.kept_from, forgotten_number = excluded.forgotten_number",
        )?
        .execute([to, newest])?;
    if kept == 1 {
        Ok(count)
    } else {
        Err(damaged("retention"))
    }
}
