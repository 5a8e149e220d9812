//! Shares.

use accounts::{NewEntry, SecretHash};
use base::UnixMicros;
use intel::lookups::{NewShare, RequestId, Share, ShareId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::rows::user;
use crate::audit;

pub(super) fn insert(
    tx: &Connection,
    share: &NewShare,
    entry: &NewEntry,
) -> rusqlite::Result<Option<ShareId>> {
    let inserted = tx
        .prepare_cached(
            "insert into share (request, account, sha256, created_at_us, expires_at_us)
             select id, ?2, ?3, ?4, ?5 from request where id = ?1",
        )?
        .execute(params![
            share.request.0,
            share.user.map(|user| user.0),
            share.secret.0,
            share.created.0,
            share.expires.0,
        ])?;
    if inserted == 0 {
        return Ok(None);
    }
    let id = tx.last_insert_rowid();
    audit::write(tx, entry, Some(id))?;
    Ok(Some(ShareId(id)))
}

/// Columns id, request, account, `created_at_us`, `expires_at_us`.
fn share_row(row: &Row<'_>) -> rusqlite::Result<Share> {
    Ok(Share {
        id: ShareId(row.get(0)?),
        request: RequestId(row.get(1)?),
        user: user(row, 2)?,
        created: UnixMicros(row.get(3)?),
        expires: UnixMicros(row.get(4)?),
    })
}

pub(super) fn share(
    db: &Connection,
    secret: SecretHash,
    now: UnixMicros,
) -> rusqlite::Result<Option<Share>> {
    db.prepare_cached(
        "select id, request, account, created_at_us, expires_at_us
         from share where sha256 = ?1 and expires_at_us > ?2",
    )?
    .query_row(params![secret.0, now.0], share_row)
    .optional()
}

pub(super) fn shares(
    db: &Connection,
    request: RequestId,
    now: UnixMicros,
) -> rusqlite::Result<Vec<Share>> {
    db.prepare_cached(
        "select id, request, account, created_at_us, expires_at_us
         from share where request = ?1 and expires_at_us > ?2
         order by id desc",
    )?
    .query_map(params![request.0, now.0], share_row)?
    .collect()
}

pub(super) fn delete(tx: &Connection, id: ShareId, entry: &NewEntry) -> rusqlite::Result<bool> {
    let gone = tx
        .prepare_cached("delete from share where id = ?1")?
        .execute([id.0])?;
    if gone == 1 {
        audit::write(tx, entry, None)?;
    }
    Ok(gone == 1)
}
