//! Sessions.

use accounts::{NewSession, Page, SecretHash, SessionRecord, SessionRow, SessionSeen};
use base::{SessionId, UnixMicros, UserId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::accounts::{address, page};
use crate::rows::signed;

pub(crate) fn insert(tx: &Connection, session: &NewSession) -> rusqlite::Result<SessionId> {
    let seen = session.seen;
    tx.prepare_cached(
        "insert into session (sha256, account, epoch, device, address, created_at_us, seen_at_us,
             expires_at_us, fresh_until_us)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8)",
    )?
    .insert(params![
        session.secret.0,
        session.user.0,
        session.epoch,
        session.device,
        seen.address.map(|address| address.to_string()),
        seen.at.0,
        seen.expires_at.0,
        session.fresh_until.0,
    ])
    .map(SessionId)
}

pub(crate) fn find(
    db: &Connection,
    secret: SecretHash,
    now: UnixMicros,
) -> rusqlite::Result<Option<SessionRecord>> {
    db.prepare_cached(
        "select id, account, epoch, created_at_us, seen_at_us, expires_at_us, fresh_until_us
         from session where sha256 = ?1 and expires_at_us > ?2",
    )?
    .query_row(params![secret.0, now.0], |row| {
        Ok(SessionRecord {
            id: SessionId(row.get(0)?),
            user: UserId(row.get(1)?),
            epoch: row.get(2)?,
            created_at: UnixMicros(row.get(3)?),
            seen_at: UnixMicros(row.get(4)?),
            expires_at: UnixMicros(row.get(5)?),
            fresh_until: UnixMicros(row.get(6)?),
        })
    })
    .optional()
}

/// Columns id, account, device, address, `created_at_us`, `seen_at_us`, `expires_at_us`.
fn listed(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        id: SessionId(row.get(0)?),
        user: UserId(row.get(1)?),
        device: row.get(2)?,
        address: address(row, 3)?,
        created_at: UnixMicros(row.get(4)?),
        seen_at: UnixMicros(row.get(5)?),
        expires_at: UnixMicros(row.get(6)?),
    })
}

pub(crate) fn list(
    db: &Connection,
    user: Option<UserId>,
    before: Option<i64>,
    limit: usize,
    now: UnixMicros,
) -> rusqlite::Result<Page<SessionRow>> {
    let before = before.unwrap_or(i64::MAX);
    let most = signed(limit as u64).saturating_add(1);
    let rows = match user {
        Some(user) => db
            .prepare_cached(
                "select id, account, device, address, created_at_us, seen_at_us, expires_at_us
                 from session where account = ?1 and id < ?2 and expires_at_us > ?3
                 order by id desc limit ?4",
            )?
            .query_map([user.0, before, now.0, most], listed)?
            .collect::<rusqlite::Result<Vec<_>>>()?,
        None => db
            .prepare_cached(
                "select id, account, device, address, created_at_us, seen_at_us, expires_at_us
                 from session where id < ?1 and expires_at_us > ?2
                 order by id desc limit ?3",
            )?
            .query_map([before, now.0, most], listed)?
            .collect::<rusqlite::Result<Vec<_>>>()?,
    };
    Ok(page(rows, limit, |session| session.id.0))
}

pub(crate) fn roll(tx: &Connection, id: SessionId, seen: SessionSeen) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "update session set seen_at_us = ?2, address = ?3, expires_at_us = ?4
         where id = ?1 and seen_at_us <= ?2",
    )?
    .execute(params![
        id.0,
        seen.at.0,
        seen.address.map(|address| address.to_string()),
        seen.expires_at.0,
    ])?;
    Ok(())
}

pub(crate) fn freshen(tx: &Connection, id: SessionId, until: UnixMicros) -> rusqlite::Result<()> {
    tx.prepare_cached("update session set fresh_until_us = ?2 where id = ?1")?
        .execute([id.0, until.0])?;
    Ok(())
}

pub(crate) fn carry(tx: &Connection, id: SessionId, epoch: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("update session set epoch = ?2 where id = ?1")?
        .execute([id.0, epoch])?;
    Ok(())
}

pub(crate) fn delete(tx: &Connection, id: SessionId) -> rusqlite::Result<Option<UserId>> {
    tx.prepare_cached("delete from session where id = ?1 returning account")?
        .query_row([id.0], |row| row.get(0).map(UserId))
        .optional()
}

pub(crate) fn delete_of(
    tx: &Connection,
    user: UserId,
    except: Option<SessionId>,
) -> rusqlite::Result<u32> {
    let deleted = tx
        .prepare_cached("delete from session where account = ?1 and (?2 is null or id <> ?2)")?
        .execute(params![user.0, except.map(|session| session.0)])?;
    Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
}

/// Deletes what has expired.
pub(crate) fn sweep(tx: &Connection, now: UnixMicros, limit: usize) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "delete from session where id in (
             select id from session where expires_at_us <= ?1 limit ?2)",
    )?
    .execute([now.0, signed(limit as u64)])
}
