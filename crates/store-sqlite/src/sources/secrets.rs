//! Secrets, sealed; and under which key.

use accounts::NewEntry;
use intel::secrets::{KeyId, SecretId};
use intel::sources::{Changed, InsertSecret, Reseal, Rotated, Seal, SecretRow, UpdateSecret};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Part, bump, rows, slots};
use crate::audit;

pub(super) fn list(db: &Connection) -> rusqlite::Result<Vec<SecretRow>> {
    db.prepare_cached(
        "select id, name, about, key, sealed, expires_at_us, created_at_us, changed_at_us
         from secret
         order by id",
    )?
    .query_map([], rows::secret)?
    .collect()
}

pub(super) fn exists(tx: &Connection, id: SecretId) -> rusqlite::Result<bool> {
    tx.prepare_cached("select exists (select 1 from secret where id = ?1)")?
        .query_row([id.0], |row| row.get(0))
}

fn named(tx: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached("select id from secret where name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

pub(super) fn key(db: &Connection) -> rusqlite::Result<Option<KeyId>> {
    db.prepare_cached("select key from secret_key where id = 1")?
        .query_row([], |row| rows::key(row, 0))
        .optional()
}

pub(super) fn claim_key(tx: &Connection, wanted: KeyId) -> rusqlite::Result<KeyId> {
    if let Some(known) = key(tx)? {
        return Ok(known);
    }
    tx.prepare_cached("insert into secret_key (id, key) values (1, ?1)")?
        .execute([wanted.0])?;
    Ok(wanted)
}

pub(super) fn insert(
    tx: &Connection,
    secret: &InsertSecret,
    seal: Seal,
    entry: &NewEntry,
) -> rusqlite::Result<Result<SecretId, Changed>> {
    if key(tx)? != Some(secret.key) {
        return Ok(Err(Changed::OtherKey));
    }
    if named(tx, &secret.name)?.is_some() {
        return Ok(Err(Changed::Taken));
    }
    let id = tx
        .prepare_cached(
            "insert into secret
                 (name, about, key, sealed, expires_at_us, created_at_us, changed_at_us)
             values (?1, ?2, ?3, zeroblob(0), ?4, ?5, ?5)",
        )?
        .insert(params![
            secret.name,
            secret.about,
            secret.key.0,
            secret.expires_at.map(|end| end.0),
            entry.at.0,
        ])?;
    tx.prepare_cached("update secret set sealed = ?2 where id = ?1")?
        .execute(params![id, seal(SecretId(id))])?;
    bump(tx, Part::Sources)?;
    audit::write(tx, entry, Some(id))?;
    Ok(Ok(SecretId(id)))
}

pub(super) fn change(
    tx: &Connection,
    id: SecretId,
    change: &UpdateSecret,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    if !exists(tx, id)? {
        return Ok(Changed::Unknown);
    }
    if let Some((sealed_under, _)) = &change.sealed
        && key(tx)? != Some(*sealed_under)
    {
        return Ok(Changed::OtherKey);
    }
    if let Some(name) = &change.name
        && named(tx, name)?.is_some_and(|other| other != id.0)
    {
        return Ok(Changed::Taken);
    }
    tx.prepare_cached(
        "update secret
         set name = coalesce(?2, name),
             about = coalesce(?3, about),
             expires_at_us = case when ?4 then ?5 else expires_at_us end,
             key = coalesce(?6, key),
             sealed = coalesce(?7, sealed),
             changed_at_us = ?8
         where id = ?1",
    )?
    .execute(params![
        id.0,
        change.name,
        change.about,
        change.expires_at.is_some(),
        change.expires_at.flatten().map(|end| end.0),
        change.sealed.as_ref().map(|(key, _)| key.0),
        change.sealed.as_ref().map(|(_, sealed)| sealed),
        entry.at.0,
    ])?;
    if change.sealed.is_some() {
        slots::outdate(tx, id)?;
    }
    bump(tx, Part::Sources)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}

pub(super) fn delete(tx: &Connection, id: SecretId, entry: &NewEntry) -> rusqlite::Result<Changed> {
    if !exists(tx, id)? {
        return Ok(Changed::Unknown);
    }
    slots::outdate(tx, id)?;
    tx.prepare_cached("delete from secret where id = ?1")?
        .execute([id.0])?;
    bump(tx, Part::Sources)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}

/// Every secret is opened before the first is written: one that is broken refuses all.
pub(super) fn rotate(
    tx: &Connection,
    from: KeyId,
    to: KeyId,
    reseal: &Reseal,
    entry: &NewEntry,
) -> rusqlite::Result<Rotated> {
    if key(tx)? != Some(from) {
        return Ok(Rotated::OtherKey);
    }
    let mut sealed = Vec::new();
    for secret in list(tx)? {
        match reseal(secret.id, &secret.sealed) {
            Some(bytes) if secret.key == from => sealed.push((secret.id, bytes)),
            _ => return Ok(Rotated::Broken(secret.id)),
        }
    }
    let mut update = tx.prepare_cached("update secret set key = ?2, sealed = ?3 where id = ?1")?;
    for (id, bytes) in &sealed {
        update.execute(params![id.0, to.0, bytes])?;
    }
    tx.prepare_cached("update secret_key set key = ?1 where id = 1")?
        .execute([to.0])?;
    bump(tx, Part::Sources)?;
    audit::write(tx, entry, None)?;
    Ok(Rotated::Done(
        u32::try_from(sealed.len()).unwrap_or(u32::MAX),
    ))
}
