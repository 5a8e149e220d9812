//! API tokens.

use accounts::{ApiToken, Inserted, NewEntry, NewToken, Page, PermissionSet, SecretHash};
use accounts::{TokenRecord, TokenUse};
use base::{ApiTokenId, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::{page, secret, token as token_row};
use crate::audit;
use crate::rows::signed;

pub(super) fn insert(
    tx: &Connection,
    user: UserId,
    token: &NewToken,
    secret: SecretHash,
    entry: &NewEntry,
) -> rusqlite::Result<Inserted> {
    let inserted = tx
        .prepare_cached(
            "insert into api_token (account, note, sha256, permissions, created_at_us,
                 expires_at_us)
             select id, ?2, ?3, ?4, ?5, ?6 from account where id = ?1",
        )?
        .execute(params![
            user.0,
            token.note,
            secret.0,
            token.permissions.map(PermissionSet::names),
            entry.at.0,
            token.expires_at.map(|end| end.0),
        ])?;
    if inserted == 0 {
        return Ok(Inserted::Gone);
    }
    let id = tx.last_insert_rowid();
    audit::write(tx, entry, Some(id))?;
    Ok(Inserted::Made(id))
}

pub(super) fn find(db: &Connection, id: ApiTokenId) -> rusqlite::Result<Option<TokenRecord>> {
    db.prepare_cached(
        "select id, account, note, permissions, created_at_us, expires_at_us, used_at_us,
             used_from, sha256
         from api_token where id = ?1",
    )?
    .query_row([id.0], |row| {
        Ok(TokenRecord {
            token: token_row(row)?,
            secret: secret(row, 8)?,
        })
    })
    .optional()
}

pub(super) fn list(
    db: &Connection,
    user: Option<UserId>,
    before: Option<i64>,
    limit: usize,
) -> rusqlite::Result<Page<ApiToken>> {
    let (before, most) = (
        before.unwrap_or(i64::MAX),
        signed(limit as u64).saturating_add(1),
    );
    let rows = match user {
        Some(user) => db
            .prepare_cached(
                "select id, account, note, permissions, created_at_us, expires_at_us, used_at_us,
                     used_from
                 from api_token where account = ?1 and id < ?2 order by id desc limit ?3",
            )?
            .query_map([user.0, before, most], token_row)?
            .collect::<rusqlite::Result<Vec<_>>>()?,
        None => db
            .prepare_cached(
                "select id, account, note, permissions, created_at_us, expires_at_us, used_at_us,
                     used_from
                 from api_token where id < ?1 order by id desc limit ?2",
            )?
            .query_map([before, most], token_row)?
            .collect::<rusqlite::Result<Vec<_>>>()?,
    };
    Ok(page(rows, limit, |token| token.id.0))
}

pub(super) fn delete(
    tx: &Connection,
    id: ApiTokenId,
    owner: Option<UserId>,
    entry: &NewEntry,
) -> rusqlite::Result<bool> {
    let deleted = tx
        .prepare_cached("delete from api_token where id = ?1 and (?2 is null or account = ?2)")?
        .execute(params![id.0, owner.map(|owner| owner.0)])?;
    if deleted == 1 {
        audit::write(tx, entry, None)?;
    }
    Ok(deleted == 1)
}

pub(super) fn used(tx: &Connection, uses: &[TokenUse]) -> rusqlite::Result<()> {
    let mut update = tx.prepare_cached(
        "update api_token set used_at_us = ?2, used_from = ?3
         where id = ?1 and (used_at_us is null or used_at_us < ?2)",
    )?;
    for it in uses {
        let from = it.address.map(|address| address.to_string());
        update.execute(params![it.token.0, it.at.0, from])?;
    }
    Ok(())
}
