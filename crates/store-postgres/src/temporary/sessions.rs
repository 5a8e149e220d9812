//! Sessions.

use accounts::{NewSession, Page, SecretHash, SessionRecord, SessionRow, SessionSeen};
use base::{SessionId, Unavailable, UnixMicros, UserId};

use crate::PostgresStore;
use crate::accounts::{address, count, most, page};
use crate::error::unavailable;

pub(crate) async fn insert(
    store: &PostgresStore,
    session: &NewSession,
) -> Result<SessionId, Unavailable> {
    let seen = session.seen;
    let id = sqlx::query_scalar!(
        "insert into temporary.session (sha256, account, epoch, device, address, created_at_us,
            seen_at_us, expires_at_us, fresh_until_us)
        values ($1, $2, $3, $4, $5, $6, $6, $7, $8)
        returning id",
        &session.secret.0,
        session.user.0,
        session.epoch,
        session.device,
        seen.address.map(|address| address.to_string()),
        seen.at.0,
        seen.expires_at.0,
        session.fresh_until.0,
    )
    .fetch_one(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(SessionId(id))
}

pub(crate) async fn find(
    store: &PostgresStore,
    secret: SecretHash,
    now: UnixMicros,
) -> Result<Option<SessionRecord>, Unavailable> {
    let row = sqlx::query!(
        "select id, account, epoch, created_at_us, seen_at_us, expires_at_us, fresh_until_us
        from temporary.session where sha256 = $1 and expires_at_us > $2",
        &secret.0,
        now.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(row.map(|row| SessionRecord {
        id: SessionId(row.id),
        user: UserId(row.account),
        epoch: row.epoch,
        created_at: UnixMicros(row.created_at_us),
        seen_at: UnixMicros(row.seen_at_us),
        expires_at: UnixMicros(row.expires_at_us),
        fresh_until: UnixMicros(row.fresh_until_us),
    }))
}

pub(crate) async fn list(
    store: &PostgresStore,
    user: Option<UserId>,
    before: Option<i64>,
    limit: usize,
    now: UnixMicros,
) -> Result<Page<SessionRow>, Unavailable> {
    let rows = sqlx::query!(
        "select id, account, device, address, created_at_us, seen_at_us, expires_at_us
        from temporary.session
        where ($1::int8 is null or account = $1) and id < $2 and expires_at_us > $3
        order by id desc
        limit $4",
        user.map(|user| user.0),
        before.unwrap_or(i64::MAX),
        now.0,
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let rows = rows.into_iter().map(|row| SessionRow {
        id: SessionId(row.id),
        user: UserId(row.account),
        device: row.device,
        address: address(row.address),
        created_at: UnixMicros(row.created_at_us),
        seen_at: UnixMicros(row.seen_at_us),
        expires_at: UnixMicros(row.expires_at_us),
    });
    Ok(page(rows.collect(), limit, |session: &SessionRow| {
        session.id.0
    }))
}

pub(crate) async fn roll(
    store: &PostgresStore,
    id: SessionId,
    seen: SessionSeen,
) -> Result<(), Unavailable> {
    sqlx::query!(
        "update temporary.session set seen_at_us = $2, address = $3, expires_at_us = $4
        where id = $1 and seen_at_us <= $2",
        id.0,
        seen.at.0,
        seen.address.map(|address| address.to_string()),
        seen.expires_at.0,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(crate) async fn freshen(
    store: &PostgresStore,
    id: SessionId,
    until: UnixMicros,
) -> Result<(), Unavailable> {
    sqlx::query!(
        "update temporary.session set fresh_until_us = $2 where id = $1",
        id.0,
        until.0,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(crate) async fn carry(
    store: &PostgresStore,
    id: SessionId,
    epoch: i64,
) -> Result<(), Unavailable> {
    sqlx::query!(
        "update temporary.session set epoch = $2 where id = $1",
        id.0,
        epoch,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(crate) async fn delete(
    store: &PostgresStore,
    id: SessionId,
) -> Result<Option<UserId>, Unavailable> {
    let account = sqlx::query_scalar!(
        "delete from temporary.session where id = $1 returning account",
        id.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(account.map(UserId))
}

pub(crate) async fn delete_of(
    store: &PostgresStore,
    user: UserId,
    except: Option<SessionId>,
) -> Result<u32, Unavailable> {
    let deleted = sqlx::query!(
        "delete from temporary.session where account = $1 and ($2::int8 is null or id <> $2)",
        user.0,
        except.map(|session| session.0),
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(count(
        i64::try_from(deleted.rows_affected()).unwrap_or(i64::MAX),
    ))
}

/// Deletes what has expired.
pub(crate) async fn sweep(
    store: &PostgresStore,
    now: UnixMicros,
    limit: i64,
) -> Result<u64, Unavailable> {
    let deleted = sqlx::query!(
        "delete from temporary.session where id in (
            select id from temporary.session where expires_at_us <= $1 limit $2)",
        now.0,
        limit,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(deleted.rows_affected())
}
