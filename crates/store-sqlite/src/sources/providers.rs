//! Who stands behind sources.

use accounts::NewEntry;
use base::UnixMicros;
use intel::ProviderId;
use intel::sources::{Changed, Inserted, NewProvider, ProviderRow};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::{self, written_tags};
use super::{Part, bump};
use crate::audit;

pub(super) fn list(db: &Connection) -> rusqlite::Result<Vec<ProviderRow>> {
    db.prepare_cached(
        "select id, slug, name, about, website, tags, enabled, created_at_us
         from provider
         order by id",
    )?
    .query_map([], rows::provider)?
    .collect()
}

/// The number of the provider with this slug.
pub(super) fn named(tx: &Connection, slug: &str) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached("select id from provider where slug = ?1")?
        .query_row([slug], |row| row.get(0))
        .optional()
}

/// Whether there is such a provider.
pub(super) fn exists(tx: &Connection, id: ProviderId) -> rusqlite::Result<bool> {
    tx.prepare_cached("select exists (select 1 from provider where id = ?1)")?
        .query_row([id.0], |row| row.get(0))
}

pub(super) fn put(
    tx: &Connection,
    provider: &NewProvider,
    now: UnixMicros,
) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "insert into provider
             (slug, name, about, website, tags, enabled, created_at_us, changed_at_us)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )?
    .insert(params![
        provider.slug,
        provider.name,
        provider.about,
        provider.website,
        written_tags(&provider.tags),
        provider.is_enabled,
        now.0,
    ])
}

pub(super) fn insert(
    tx: &Connection,
    provider: &NewProvider,
    entry: &NewEntry,
) -> rusqlite::Result<Inserted> {
    if named(tx, &provider.slug)?.is_some() {
        return Ok(Inserted::Taken);
    }
    let id = put(tx, provider, entry.at)?;
    bump(tx, Part::Sources)?;
    audit::write(tx, entry, Some(id))?;
    Ok(Inserted::Made(id))
}

pub(super) fn change(
    tx: &Connection,
    id: ProviderId,
    provider: &NewProvider,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    if !exists(tx, id)? {
        return Ok(Changed::Unknown);
    }
    if named(tx, &provider.slug)?.is_some_and(|other| other != id.0) {
        return Ok(Changed::Taken);
    }
    tx.prepare_cached(
        "update provider
         set slug = ?2, name = ?3, about = ?4, website = ?5, tags = ?6, enabled = ?7,
             changed_at_us = ?8
         where id = ?1",
    )?
    .execute(params![
        id.0,
        provider.slug,
        provider.name,
        provider.about,
        provider.website,
        written_tags(&provider.tags),
        provider.is_enabled,
        entry.at.0,
    ])?;
    bump(tx, Part::Sources)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}

pub(super) fn delete(
    tx: &Connection,
    id: ProviderId,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    if !exists(tx, id)? {
        return Ok(Changed::Unknown);
    }
    let is_used: bool = tx
        .prepare_cached("select exists (select 1 from source where provider = ?1)")?
        .query_row([id.0], |row| row.get(0))?;
    if is_used {
        return Ok(Changed::InUse);
    }
    tx.prepare_cached("delete from provider where id = ?1")?
        .execute([id.0])?;
    bump(tx, Part::Sources)?;
    bump(tx, Part::IgnoreLists)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}
