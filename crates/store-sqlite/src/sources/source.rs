//! Sources: made, set up, deleted.

use accounts::NewEntry;
use base::UnixMicros;
use intel::SourceId;
use intel::sources::{Changed, InsertSource, Inserted, Settings, SourceRow, UpdateSource};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Part, bump, providers, rows, versions};
use crate::audit;

pub(super) fn list(db: &Connection) -> rusqlite::Result<Vec<SourceRow>> {
    db.prepare_cached(
        "select source.id, slug, kind, shipped, provider, enabled, settings, generation, version,
             definition,
             (select shipped.number from source_version as shipped
              where shipped.source = source.id and shipped.sha256 <> force.sha256
                  and shipped.number = (
                      select max(number) from source_version
                      where source = source.id and origin = 'product')),
             created_at_us, changed_at_us
         from source
         join source_version as force on force.source = source.id and force.number = version
         order by source.id",
    )?
    .query_map([], rows::source)?
    .collect()
}

/// The number of the source with this slug, and whether it is shipped.
pub(super) fn named(tx: &Connection, slug: &str) -> rusqlite::Result<Option<(i64, bool)>> {
    tx.prepare_cached("select id, shipped from source where slug = ?1")?
        .query_row([slug], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// The version in force of a source, and whether it is shipped.
pub(super) fn state(tx: &Connection, id: SourceId) -> rusqlite::Result<Option<(u32, bool)>> {
    tx.prepare_cached("select version, shipped from source where id = ?1")?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Writes a source and its version 1.
pub(super) fn put(
    tx: &Connection,
    source: &InsertSource,
    provider: Option<i64>,
    is_shipped: bool,
    entry: &NewEntry,
) -> rusqlite::Result<i64> {
    let UnixMicros(now) = entry.at;
    let id = tx
        .prepare_cached(
            "insert into source
                 (slug, kind, shipped, provider, enabled, settings, generation, version,
                  created_at_us, changed_at_us)
             values (?1, ?2, ?3, ?4, ?5, ?6, 0, 1, ?7, ?7)",
        )?
        .insert(params![
            source.slug,
            source.kind.name(),
            is_shipped,
            provider,
            source.is_enabled,
            source.settings.write(),
            now,
        ])?;
    versions::put(tx, SourceId(id), 1, &source.version, entry)?;
    Ok(id)
}

pub(super) fn insert(
    tx: &Connection,
    source: &InsertSource,
    entry: &NewEntry,
) -> rusqlite::Result<Inserted> {
    if named(tx, &source.slug)?.is_some() {
        return Ok(Inserted::Taken);
    }
    if let Some(provider) = source.provider
        && !providers::exists(tx, provider)?
    {
        return Ok(Inserted::Gone);
    }
    let provider = source.provider.map(|provider| provider.0);
    let id = put(tx, source, provider, false, entry)?;
    bump(tx, Part::Sources)?;
    audit::write(tx, entry, Some(id))?;
    Ok(Inserted::Made(id))
}

pub(super) fn change(
    tx: &Connection,
    id: SourceId,
    based_on: u32,
    change: &UpdateSource,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    match state(tx, id)? {
        None => return Ok(Changed::Unknown),
        Some((version, _)) if version != based_on => return Ok(Changed::Stale),
        Some(_) => {}
    }
    if let Some(Some(provider)) = change.provider
        && !providers::exists(tx, provider)?
    {
        return Ok(Changed::Gone);
    }
    if let Some(version) = &change.version
        && versions::digest(tx, id, based_on)? != Some(version.sha256)
    {
        let number = versions::newest(tx, id)? + 1;
        versions::put(tx, id, number, version, entry)?;
        force(tx, id, number)?;
    }
    tx.prepare_cached(
        "update source
         set provider = case when ?2 then ?3 else provider end,
             enabled = coalesce(?4, enabled),
             settings = coalesce(?5, settings),
             generation = generation + ?6,
             changed_at_us = ?7
         where id = ?1",
    )?
    .execute(params![
        id.0,
        change.provider.is_some(),
        change.provider.flatten().map(|provider| provider.0),
        change.is_enabled,
        change.settings.as_ref().map(Settings::write),
        i64::from(change.is_other_upstream),
        entry.at.0,
    ])?;
    bump(tx, Part::Sources)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}

/// Puts a version in force.
pub(super) fn force(tx: &Connection, id: SourceId, number: u32) -> rusqlite::Result<()> {
    tx.prepare_cached("update source set version = ?2 where id = ?1")?
        .execute(params![id.0, number])?;
    Ok(())
}

pub(super) fn delete(tx: &Connection, id: SourceId, entry: &NewEntry) -> rusqlite::Result<Changed> {
    match state(tx, id)? {
        None => return Ok(Changed::Unknown),
        Some((_, true)) => return Ok(Changed::Shipped),
        Some((_, false)) => {}
    }
    tx.prepare_cached("delete from source where id = ?1")?
        .execute([id.0])?;
    bump(tx, Part::Sources)?;
    bump(tx, Part::IgnoreLists)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}
