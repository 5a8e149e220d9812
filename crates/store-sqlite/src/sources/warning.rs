//! Warning lists: those of the product by name only, the others with their words.

use accounts::NewEntry;
use base::UnixMicros;
use intel::lists::{WarningListId, WarningListRow, WarningSource};
use intel::sources::{Changed, Inserted};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Part, bump};
use crate::audit;

pub(super) fn list(db: &Connection) -> rusqlite::Result<Vec<WarningListRow>> {
    db.prepare_cached(
        "select id, slug, enabled, json, created_at_us, changed_at_us
         from warning_list
         order by id",
    )?
    .query_map([], |row| {
        let json: Option<Vec<u8>> = row.get(3)?;
        Ok(WarningListRow {
            id: WarningListId(row.get(0)?),
            slug: row.get(1)?,
            is_enabled: row.get(2)?,
            source: json.map_or(WarningSource::BuiltIn, WarningSource::Json),
            created_at: UnixMicros(row.get(4)?),
            changed_at: UnixMicros(row.get(5)?),
        })
    })?
    .collect()
}

pub(super) fn named(tx: &Connection, slug: &str) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached("select id from warning_list where slug = ?1")?
        .query_row([slug], |row| row.get(0))
        .optional()
}

/// Whether a list's words are the product's; nothing when there is no such list.
fn is_built_in(tx: &Connection, id: WarningListId) -> rusqlite::Result<Option<bool>> {
    tx.prepare_cached("select json is null from warning_list where id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()
}

pub(super) fn put(
    tx: &Connection,
    slug: &str,
    is_enabled: bool,
    json: Option<&[u8]>,
    now: UnixMicros,
) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "insert into warning_list (slug, enabled, json, created_at_us, changed_at_us)
         values (?1, ?2, ?3, ?4, ?4)",
    )?
    .insert(params![slug, is_enabled, json, now.0])
}

pub(super) fn insert(
    tx: &Connection,
    slug: &str,
    json: &[u8],
    entry: &NewEntry,
) -> rusqlite::Result<Inserted> {
    if named(tx, slug)?.is_some() {
        return Ok(Inserted::Taken);
    }
    let id = put(tx, slug, true, Some(json), entry.at)?;
    bump(tx, Part::WarningLists)?;
    audit::write(tx, entry, Some(id))?;
    Ok(Inserted::Made(id))
}

pub(super) fn change(
    tx: &Connection,
    id: WarningListId,
    is_enabled: Option<bool>,
    json: Option<&[u8]>,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    match is_built_in(tx, id)? {
        None => return Ok(Changed::Unknown),
        Some(true) if json.is_some() => return Ok(Changed::Shipped),
        Some(_) => {}
    }
    tx.prepare_cached(
        "update warning_list
         set enabled = coalesce(?2, enabled), json = coalesce(?3, json), changed_at_us = ?4
         where id = ?1",
    )?
    .execute(params![id.0, is_enabled, json, entry.at.0])?;
    bump(tx, Part::WarningLists)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}

pub(super) fn delete(
    tx: &Connection,
    id: WarningListId,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    match is_built_in(tx, id)? {
        None => return Ok(Changed::Unknown),
        Some(true) => return Ok(Changed::Shipped),
        Some(false) => {}
    }
    tx.prepare_cached("delete from warning_list where id = ?1")?
        .execute([id.0])?;
    bump(tx, Part::WarningLists)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}
