//! Versions of sources: only ever added.

use accounts::{NewEntry, Page};
use intel::SourceId;
use intel::sources::{NewVersion, VersionRecord, VersionRow};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows;
use crate::accounts::page;
use crate::rows::{hash, signed};

pub(super) fn put(
    tx: &Connection,
    source: SourceId,
    number: u32,
    version: &NewVersion,
    entry: &NewEntry,
) -> rusqlite::Result<()> {
    let (origin, went_back_to) = version.origin.write();
    tx.prepare_cached(
        "insert into source_version
             (source, number, definition, sha256, origin, went_back_to, note, made_at_us, made_by)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        source.0,
        number,
        version.bytes,
        version.sha256,
        origin,
        went_back_to,
        version.note,
        entry.at.0,
        entry.actor.user().map(|user| user.0),
    ])?;
    Ok(())
}

/// The number of the newest version; 0 when there is none.
pub(super) fn newest(tx: &Connection, source: SourceId) -> rusqlite::Result<u32> {
    tx.prepare_cached("select coalesce(max(number), 0) from source_version where source = ?1")?
        .query_row([source.0], |row| row.get(0))
}

/// What a version's definition hashes to.
pub(super) fn digest(
    tx: &Connection,
    source: SourceId,
    number: u32,
) -> rusqlite::Result<Option<[u8; 32]>> {
    tx.prepare_cached("select sha256 from source_version where source = ?1 and number = ?2")?
        .query_row(params![source.0, number], |row| hash(row, 0))
        .optional()
}

/// What the newest version hashes to that the product shipped.
pub(super) fn shipped_digest(
    tx: &Connection,
    source: SourceId,
) -> rusqlite::Result<Option<[u8; 32]>> {
    tx.prepare_cached(
        "select sha256 from source_version
         where source = ?1 and origin = 'product'
         order by number desc
         limit 1",
    )?
    .query_row([source.0], |row| hash(row, 0))
    .optional()
}

pub(super) fn list(
    db: &Connection,
    source: SourceId,
    before: Option<i64>,
    limit: usize,
) -> rusqlite::Result<Page<VersionRow>> {
    let most = signed(limit as u64).saturating_add(1);
    let rows = db
        .prepare_cached(
            "select number, sha256, origin, went_back_to, note, made_at_us, made_by
             from source_version
             where source = ?1 and number < ?2
             order by number desc
             limit ?3",
        )?
        .query_map([source.0, before.unwrap_or(i64::MAX), most], rows::version)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(page(rows, limit, |version| i64::from(version.number)))
}

pub(super) fn find(
    db: &Connection,
    source: SourceId,
    number: u32,
) -> rusqlite::Result<Option<VersionRecord>> {
    db.prepare_cached(
        "select number, sha256, origin, went_back_to, note, made_at_us, made_by, definition
         from source_version
         where source = ?1 and number = ?2",
    )?
    .query_row(params![source.0, number], |row| {
        Ok(VersionRecord {
            row: rows::version(row)?,
            bytes: row.get(7)?,
        })
    })
    .optional()
}
