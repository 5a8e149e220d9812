//! API tokens.

use accounts::{
    ApiToken, Inserted, NewEntry, NewToken, Page, PermissionSet, SecretHash, TokenRecord, TokenUse,
};
use base::{ApiTokenId, Unavailable, UserId};

use super::rows::{TokenRow, most, page};
use crate::error::unavailable;
use crate::rows::hash;
use crate::{PostgresStore, audit};

pub(super) async fn insert(
    store: &PostgresStore,
    user: UserId,
    token: &NewToken,
    secret: SecretHash,
    entry: &NewEntry,
) -> Result<Inserted, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let id = sqlx::query_scalar!(
        "insert into api_token (account, note, sha256, permissions, created_at_us, expires_at_us)
        select id, $2, $3, $4, $5, $6 from account where id = $1
        returning id",
        user.0,
        token.note,
        &secret.0,
        token.permissions.map(PermissionSet::names),
        entry.at.0,
        token.expires_at.map(|end| end.0),
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    let Some(id) = id else {
        return Ok(Inserted::Gone);
    };
    audit::write(&mut tx, entry, Some(id)).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Inserted::Made(id))
}

pub(super) async fn find(
    store: &PostgresStore,
    id: ApiTokenId,
) -> Result<Option<TokenRecord>, Unavailable> {
    let row = sqlx::query!(
        "select id, account, note, permissions, created_at_us, expires_at_us, used_at_us,
            used_from, sha256
        from api_token where id = $1",
        id.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    let secret = SecretHash(hash(&row.sha256, "a token")?);
    let row = TokenRow {
        id: row.id,
        account: row.account,
        note: row.note,
        permissions: row.permissions,
        created_at_us: row.created_at_us,
        expires_at_us: row.expires_at_us,
        used_at_us: row.used_at_us,
        used_from: row.used_from,
    };
    Ok(Some(TokenRecord {
        token: row.token(),
        secret,
    }))
}

pub(super) async fn list(
    store: &PostgresStore,
    user: Option<UserId>,
    before: Option<i64>,
    limit: usize,
) -> Result<Page<ApiToken>, Unavailable> {
    let rows = sqlx::query_as!(
        TokenRow,
        "select id, account, note, permissions, created_at_us, expires_at_us, used_at_us, used_from
        from api_token
        where ($1::int8 is null or account = $1) and id < $2
        order by id desc
        limit $3",
        user.map(|user| user.0),
        before.unwrap_or(i64::MAX),
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let tokens = rows.into_iter().map(TokenRow::token).collect();
    Ok(page(tokens, limit, |token| token.id.0))
}

pub(super) async fn delete(
    store: &PostgresStore,
    id: ApiTokenId,
    owner: Option<UserId>,
    entry: &NewEntry,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let deleted = sqlx::query!(
        "delete from api_token where id = $1 and ($2::int8 is null or account = $2)",
        id.0,
        owner.map(|owner| owner.0),
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if deleted.rows_affected() == 0 {
        return Ok(false);
    }
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}

pub(super) async fn used(store: &PostgresStore, uses: &[TokenUse]) -> Result<(), Unavailable> {
    let ids: Vec<i64> = uses.iter().map(|it| it.token.0).collect();
    let times: Vec<i64> = uses.iter().map(|it| it.at.0).collect();
    let addresses: Vec<Option<String>> = uses
        .iter()
        .map(|it| it.address.map(|address| address.to_string()))
        .collect();
    sqlx::query!(
        "update api_token set used_at_us = used.at_us, used_from = used.address
        from unnest($1::int8[], $2::int8[], $3::text[]) as used (id, at_us, address)
        where api_token.id = used.id and coalesce(used_at_us < used.at_us, true)",
        &ids,
        &times,
        &addresses as &[Option<String>],
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(())
}
