//! Batches: into the pool, and wherever they are afterwards.

use base::UnixMicros;
use rusqlite::{Connection, OptionalExtension as _, blob::Blob, params};
use stamp::{BatchState, Entries, EntryState, NewBatch, Placements, PooledBatch, SealedBatch};

use crate::error::damaged;
use crate::rows::{number, pooled, sealed, signed};

/// Bytes of one entry, and of one placement.
const ENTRY_BYTES: usize = 36;
const PLACEMENT_BYTES: usize = 8;

pub(crate) fn insert_batch(tx: &Connection, batch: &NewBatch) -> rusqlite::Result<u64> {
    let entries = &batch.entries;
    let nonce = signed(batch.nonce);
    let number = tx
        .prepare_cached(
            "insert into pooled_batch (nonce, base_us, count, entries) values (?1, ?2, ?3, ?4)",
        )?
        .insert(params![
            nonce,
            entries.base.0,
            signed(entries.len() as u64),
            entries.as_bytes()
        ])?;
    if !batch.tags.is_empty() {
        // The same tag twice on one entry is one tag.
        let mut insert = tx.prepare_cached(
            "insert into tag (tag, number, entry_index, nonce) values (?1, ?2, ?3, ?4)
             on conflict do nothing",
        )?;
        for (index, tag) in &batch.tags {
            insert.execute(params![tag, number, index, nonce])?;
        }
    }
    if !batch.tokens.is_empty() {
        let mut insert = tx.prepare_cached(
            "insert into token (serial, number, entry_index, nonce, der) values (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (index, serial, der) in &batch.tokens {
            insert.execute(params![serial, number, index, nonce, der])?;
        }
    }
    u64::try_from(number).map_err(|_| damaged("number"))
}

/// Reads the entries straight into their place: a bulk batch has megabytes, and a column's value
/// would be put together once more on the way.
pub(crate) fn pool(
    db: &Connection,
    after: u64,
    entries_max: usize,
) -> rusqlite::Result<Vec<PooledBatch>> {
    let mut select = db.prepare_cached(
        "select number, nonce, base_us, count from pooled_batch
         where number > ?1
         order by number",
    )?;
    let mut rows = select.query([signed(after)])?;
    let (mut batches, mut entries) = (Vec::new(), 0);
    let mut blob: Option<Blob<'_>> = None;
    while entries < entries_max.max(1) {
        let Some(row) = rows.next()? else { break };
        let key: i64 = row.get(0)?;
        let stored = match blob.as_mut() {
            Some(blob) => {
                blob.reopen(key)?;
                blob
            }
            None => blob.insert(db.blob_open("main", "pooled_batch", "entries", key, true)?),
        };
        let mut bytes = vec![0; stored.len()];
        stored.read_at_exact(&mut bytes, 0)?;
        let batch = PooledBatch {
            number: number(row, 0)?,
            nonce: number(row, 1)?,
            entries: Entries::from_stored(UnixMicros(row.get(2)?), bytes)
                .ok_or_else(|| damaged("batch"))?,
        };
        entries += batch.entries.len();
        batches.push(batch);
    }
    Ok(batches)
}

pub(crate) fn count(db: &Connection) -> rusqlite::Result<u64> {
    db.prepare_cached("select coalesce(sum(count), 0) from pooled_batch")?
        .query_row([], |row| number(row, 0))
}

pub(crate) fn batch(db: &Connection, wanted: u64) -> rusqlite::Result<Option<BatchState>> {
    let found = db
        .prepare_cached(
            "select number, nonce, base_us, entries from pooled_batch where number = ?1",
        )?
        .query_row([signed(wanted)], pooled)
        .optional()?;
    if let Some(batch) = found {
        return Ok(Some(BatchState::Pooled(batch)));
    }
    let found = db
        .prepare_cached(
            "select number, nonce, interval_index, base_us, placements from sealed_batch
             where number = ?1",
        )?
        .query_row([signed(wanted)], sealed)
        .optional()?;
    if let Some(batch) = found {
        return Ok(Some(BatchState::Sealed(batch)));
    }
    Ok(is_forgotten(db, wanted)?.then_some(BatchState::Forgotten))
}

/// Reads the few bytes of one entry out of its blob, which may have megabytes.
pub(crate) fn entry(
    db: &Connection,
    wanted: u64,
    index: u32,
) -> rusqlite::Result<Option<EntryState>> {
    let found = db
        .prepare_cached("select nonce, base_us from pooled_batch where number = ?1")?
        .query_row([signed(wanted)], |row| {
            Ok((number(row, 0)?, UnixMicros(row.get(1)?)))
        })
        .optional()?;
    if let Some((nonce, base)) = found {
        let bytes = record(db, ("pooled_batch", "entries"), wanted, index, ENTRY_BYTES)?;
        let entries = bytes.and_then(|bytes| Entries::from_stored(base, bytes));
        let entry = entries.and_then(|entries| entries.get(0));
        return Ok(entry.map(|entry| EntryState::Pooled { nonce, entry }));
    }
    let found = db
        .prepare_cached(
            "select nonce, interval_index, base_us from sealed_batch where number = ?1",
        )?
        .query_row([signed(wanted)], |row| {
            Ok((number(row, 0)?, number(row, 1)?, UnixMicros(row.get(2)?)))
        })
        .optional()?;
    if let Some((nonce, interval, base)) = found {
        let column = ("sealed_batch", "placements");
        let bytes = record(db, column, wanted, index, PLACEMENT_BYTES)?;
        let placements = bytes.and_then(|bytes| Placements::from_stored(base, bytes));
        let placement = placements.and_then(|placements| placements.get(0));
        return Ok(placement.map(|placement| EntryState::Sealed {
            nonce,
            interval,
            placement,
        }));
    }
    Ok(is_forgotten(db, wanted)?.then_some(EntryState::Forgotten))
}

/// Record `index` of a blob; `None` when the blob ends before it.
fn record(
    db: &Connection,
    (table, column): (&str, &str),
    number: u64,
    index: u32,
    bytes: usize,
) -> rusqlite::Result<Option<Vec<u8>>> {
    let blob: Blob<'_> = db.blob_open("main", table, column, signed(number), true)?;
    let start = index as usize * bytes;
    if start + bytes > blob.len() {
        return Ok(None);
    }
    let mut record = vec![0; bytes];
    blob.read_at_exact(&mut record, start)?;
    Ok(Some(record))
}

/// Numbers are given without gaps, so one at or below the newest forgotten that is nowhere any more
/// was forgotten itself.
fn is_forgotten(db: &Connection, wanted: u64) -> rusqlite::Result<bool> {
    let newest = db
        .prepare_cached("select forgotten_number from retention")?
        .query_row([], |row| number(row, 0))
        .optional()?;
    Ok(newest.is_some_and(|newest| (1..=newest).contains(&wanted)))
}

pub(crate) fn sealed_batches(db: &Connection, interval: u64) -> rusqlite::Result<Vec<SealedBatch>> {
    db.prepare_cached(
        "select number, nonce, interval_index, base_us, placements from sealed_batch
         where interval_index = ?1
         order by number",
    )?
    .query_map([signed(interval)], sealed)?
    .collect()
}
