//! What opens an account beside its password: authenticator apps, passkeys, providers.

use accounts::{
    Changed, Inserted, LinkRow, NewEntry, NewLink, NewPasskey, PasskeyRecord, SecretHash,
    TotpRecord,
};
use base::{UnixMicros, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::time;
use super::users::{insert_link as insert_link_row, linked};
use super::ways_in;
use crate::audit;
use crate::rows::{number, signed};

pub(super) fn totp(db: &Connection, user: UserId) -> rusqlite::Result<Option<TotpRecord>> {
    db.prepare_cached("select sealed, last_step from totp where account = ?1")?
        .query_row([user.0], |row| {
            Ok(TotpRecord {
                sealed: row.get(0)?,
                last_step: number(row, 1)?,
            })
        })
        .optional()
}

pub(super) fn put_totp(
    tx: &Connection,
    user: UserId,
    totp: &TotpRecord,
    codes: &[SecretHash],
    entry: &NewEntry,
) -> rusqlite::Result<bool> {
    let put = tx
        .prepare_cached(
            "insert into totp (account, sealed, last_step)
             select id, ?2, ?3 from account where id = ?1
             on conflict (account) do update
                 set sealed = excluded.sealed, last_step = excluded.last_step",
        )?
        .execute(params![user.0, totp.sealed, signed(totp.last_step)])?;
    if put == 1 {
        replace_codes(tx, user, codes)?;
        audit::write(tx, entry, None)?;
    }
    Ok(put == 1)
}

fn replace_codes(tx: &Connection, user: UserId, codes: &[SecretHash]) -> rusqlite::Result<()> {
    tx.prepare_cached("delete from recovery_code where account = ?1")?
        .execute([user.0])?;
    let mut insert =
        tx.prepare_cached("insert into recovery_code (account, sha256) values (?1, ?2)")?;
    for code in codes {
        insert.execute(params![user.0, code.0])?;
    }
    Ok(())
}

pub(super) fn use_totp_step(tx: &Connection, user: UserId, step: u64) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached("update totp set last_step = ?2 where account = ?1 and last_step < ?2")?
        .execute(params![user.0, signed(step)])?;
    Ok(changed == 1)
}

pub(super) fn delete_totp(
    tx: &Connection,
    user: UserId,
    entry: &NewEntry,
) -> rusqlite::Result<bool> {
    let deleted = tx
        .prepare_cached("delete from totp where account = ?1")?
        .execute([user.0])?;
    if deleted == 1 {
        replace_codes(tx, user, &[])?;
        audit::write(tx, entry, None)?;
    }
    Ok(deleted == 1)
}

pub(super) fn put_recovery_codes(
    tx: &Connection,
    user: UserId,
    codes: &[SecretHash],
    entry: &NewEntry,
) -> rusqlite::Result<bool> {
    let has_app = totp(tx, user)?.is_some();
    if has_app {
        replace_codes(tx, user, codes)?;
        audit::write(tx, entry, None)?;
    }
    Ok(has_app)
}

pub(super) fn use_recovery_code(
    tx: &Connection,
    user: UserId,
    code: SecretHash,
    entry: &NewEntry,
) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached("delete from recovery_code where account = ?1 and sha256 = ?2")?
        .execute(params![user.0, code.0])?;
    if changed == 1 {
        audit::write(tx, entry, None)?;
    }
    Ok(changed == 1)
}

pub(super) fn passkeys(db: &Connection, user: UserId) -> rusqlite::Result<Vec<PasskeyRecord>> {
    db.prepare_cached(
        "select id, name, credential, created_at_us, used_at_us
         from passkey where account = ?1 order by id desc",
    )?
    .query_map([user.0], |row| {
        Ok(PasskeyRecord {
            id: row.get(0)?,
            name: row.get(1)?,
            credential: row.get(2)?,
            created_at: UnixMicros(row.get(3)?),
            used_at: time(row, 4)?,
        })
    })?
    .collect()
}

pub(super) fn insert_passkey(
    tx: &Connection,
    passkey: &NewPasskey,
    entry: &NewEntry,
) -> rusqlite::Result<Inserted> {
    let taken: bool = tx
        .prepare_cached("select exists (select 1 from passkey where credential_id = ?1)")?
        .query_row([&passkey.credential_id], |row| row.get(0))?;
    if taken {
        return Ok(Inserted::Taken);
    }
    let inserted = tx
        .prepare_cached(
            "insert into passkey (account, credential_id, name, credential, created_at_us)
             select id, ?2, ?3, ?4, ?5 from account where id = ?1",
        )?
        .execute(params![
            passkey.user.0,
            passkey.credential_id,
            passkey.name,
            passkey.credential,
            entry.at.0,
        ])?;
    if inserted == 0 {
        return Ok(Inserted::Gone);
    }
    let id = tx.last_insert_rowid();
    audit::write(tx, entry, Some(id))?;
    Ok(Inserted::Made(id))
}

pub(super) fn use_passkey(
    tx: &Connection,
    id: i64,
    old: &str,
    new: &str,
    at: UnixMicros,
) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached(
            "update passkey set credential = ?3, used_at_us = ?4
             where id = ?1 and credential = ?2",
        )?
        .execute(params![id, old, new, at.0])?;
    Ok(changed == 1)
}

pub(super) fn rename_passkey(
    tx: &Connection,
    user: UserId,
    id: i64,
    name: &str,
    entry: &NewEntry,
) -> rusqlite::Result<bool> {
    let renamed = tx
        .prepare_cached("update passkey set name = ?3 where id = ?1 and account = ?2")?
        .execute(params![id, user.0, name])?;
    if renamed == 1 {
        audit::write(tx, entry, None)?;
    }
    Ok(renamed == 1)
}

pub(super) fn delete_passkey(
    tx: &Connection,
    user: UserId,
    id: i64,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    let exists: bool = tx
        .prepare_cached("select exists (select 1 from passkey where id = ?1 and account = ?2)")?
        .query_row([id, user.0], |row| row.get(0))?;
    if !exists {
        return Ok(Changed::Unknown);
    }
    if ways_in(tx, user.0)? == 1 {
        return Ok(Changed::LastWayIn);
    }
    tx.prepare_cached("delete from passkey where id = ?1")?
        .execute([id])?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done(0))
}

pub(super) fn links(db: &Connection, user: UserId) -> rusqlite::Result<Vec<LinkRow>> {
    db.prepare_cached(
        "select id, issuer, email, created_at_us
         from oidc_link where account = ?1 order by id desc",
    )?
    .query_map([user.0], |row| {
        Ok(LinkRow {
            id: row.get(0)?,
            issuer: row.get(1)?,
            provider: None,
            email: row.get(2)?,
            created_at: UnixMicros(row.get(3)?),
        })
    })?
    .collect()
}

pub(super) fn insert_link(
    tx: &Connection,
    user: UserId,
    link: &NewLink,
    entry: &NewEntry,
) -> rusqlite::Result<Inserted> {
    if linked(tx, &link.issuer, &link.subject)?.is_some() {
        return Ok(Inserted::Taken);
    }
    let exists: bool = tx
        .prepare_cached("select exists (select 1 from account where id = ?1)")?
        .query_row([user.0], |row| row.get(0))?;
    if !exists {
        return Ok(Inserted::Gone);
    }
    let id = insert_link_row(tx, user.0, link, entry.at)?;
    audit::write(tx, entry, Some(id))?;
    Ok(Inserted::Made(id))
}

pub(super) fn delete_link(
    tx: &Connection,
    user: UserId,
    id: i64,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    let exists: bool = tx
        .prepare_cached("select exists (select 1 from oidc_link where id = ?1 and account = ?2)")?
        .query_row([id, user.0], |row| row.get(0))?;
    if !exists {
        return Ok(Changed::Unknown);
    }
    if ways_in(tx, user.0)? == 1 {
        return Ok(Changed::LastWayIn);
    }
    tx.prepare_cached("delete from oidc_link where id = ?1")?
        .execute([id])?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done(0))
}
