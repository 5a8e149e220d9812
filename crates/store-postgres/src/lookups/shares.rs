//! Shares.

use accounts::{NewEntry, SecretHash};
use base::{Unavailable, UnixMicros, UserId};
use intel::lookups::{NewShare, RequestId, Share, ShareId};

use crate::PostgresStore;
use crate::audit;
use crate::error::unavailable;

pub(super) async fn insert(
    store: &PostgresStore,
    share: &NewShare,
    entry: &NewEntry,
) -> Result<Option<ShareId>, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let id = sqlx::query_scalar!(
        "insert into share (request, account, sha256, created_at_us, expires_at_us)
        select id, $2, $3, $4, $5 from request where id = $1
        returning id",
        share.request.0,
        share.user.map(|user| user.0),
        &share.secret.0[..],
        share.created.0,
        share.expires.0,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    let Some(id) = id else { return Ok(None) };
    audit::write(&mut tx, entry, Some(id)).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Some(ShareId(id)))
}

/// A row of `share`, without its secret.
struct Row {
    id: i64,
    request: i64,
    account: Option<i64>,
    created_at_us: i64,
    expires_at_us: i64,
}

impl Row {
    fn share(self) -> Share {
        Share {
            id: ShareId(self.id),
            request: RequestId(self.request),
            user: self.account.map(UserId),
            created: UnixMicros(self.created_at_us),
            expires: UnixMicros(self.expires_at_us),
        }
    }
}

pub(super) async fn share(
    store: &PostgresStore,
    secret: SecretHash,
    now: UnixMicros,
) -> Result<Option<Share>, Unavailable> {
    let row = sqlx::query_as!(
        Row,
        "select id, request, account, created_at_us, expires_at_us
        from share where sha256 = $1 and expires_at_us > $2",
        &secret.0[..],
        now.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(row.map(Row::share))
}

pub(super) async fn shares(
    store: &PostgresStore,
    request: RequestId,
    now: UnixMicros,
) -> Result<Vec<Share>, Unavailable> {
    let rows = sqlx::query_as!(
        Row,
        "select id, request, account, created_at_us, expires_at_us
        from share where request = $1 and expires_at_us > $2
        order by id desc",
        request.0,
        now.0,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(rows.into_iter().map(Row::share).collect())
}

pub(super) async fn delete(
    store: &PostgresStore,
    id: ShareId,
    entry: &NewEntry,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let gone = sqlx::query!("delete from share where id = $1", id.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    if gone.rows_affected() == 0 {
        return Ok(false);
    }
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}
