//! What opens an account beside its password: authenticator apps, passkeys, providers.

use accounts::{
    Changed, Inserted, LinkRow, NewEntry, NewLink, NewPasskey, PasskeyRecord, SecretHash,
    TotpRecord,
};
use base::{Unavailable, UnixMicros, UserId};
use sqlx::PgConnection;

use super::users::insert_link as insert_link_row;
use super::{lock_account, ways_in};
use crate::error::unavailable;
use crate::rows::{stored, unsigned};
use crate::{PostgresStore, audit};

pub(super) async fn totp(
    store: &PostgresStore,
    user: UserId,
) -> Result<Option<TotpRecord>, Unavailable> {
    let row = sqlx::query!(
        "select sealed, last_step from totp where account = $1",
        user.0
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(TotpRecord {
        sealed: row.sealed,
        last_step: unsigned(row.last_step, "a step of time")?,
    }))
}

pub(super) async fn put_totp(
    store: &PostgresStore,
    user: UserId,
    totp: &TotpRecord,
    codes: &[SecretHash],
    entry: &NewEntry,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let put = sqlx::query!(
        "insert into totp (account, sealed, last_step)
        select id, $2, $3 from account where id = $1
        on conflict (account) do update
            set sealed = excluded.sealed, last_step = excluded.last_step",
        user.0,
        totp.sealed,
        stored(totp.last_step)?,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if put.rows_affected() == 0 {
        return Ok(false);
    }
    replace_codes(&mut tx, user, codes).await?;
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}

async fn replace_codes(
    tx: &mut PgConnection,
    user: UserId,
    codes: &[SecretHash],
) -> Result<(), Unavailable> {
    sqlx::query!("delete from recovery_code where account = $1", user.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    let hashes: Vec<&[u8]> = codes.iter().map(|code| &code.0[..]).collect();
    sqlx::query!(
        "insert into recovery_code (account, sha256) select $1, unnest($2::bytea[])",
        user.0,
        &hashes as &[&[u8]],
    )
    .execute(tx)
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn use_totp_step(
    store: &PostgresStore,
    user: UserId,
    step: u64,
) -> Result<bool, Unavailable> {
    let changed = sqlx::query!(
        "update totp set last_step = $2 where account = $1 and last_step < $2",
        user.0,
        stored(step)?,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(changed.rows_affected() == 1)
}

pub(super) async fn delete_totp(
    store: &PostgresStore,
    user: UserId,
    entry: &NewEntry,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let deleted = sqlx::query!("delete from totp where account = $1", user.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    if deleted.rows_affected() == 0 {
        return Ok(false);
    }
    replace_codes(&mut tx, user, &[]).await?;
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}

pub(super) async fn put_recovery_codes(
    store: &PostgresStore,
    user: UserId,
    codes: &[SecretHash],
    entry: &NewEntry,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let has_app = sqlx::query!(
        "select account from totp where account = $1 for update",
        user.0
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    if has_app.is_none() {
        return Ok(false);
    }
    replace_codes(&mut tx, user, codes).await?;
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}

pub(super) async fn use_recovery_code(
    store: &PostgresStore,
    user: UserId,
    code: SecretHash,
    entry: &NewEntry,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let changed = sqlx::query!(
        "delete from recovery_code where account = $1 and sha256 = $2",
        user.0,
        &code.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if changed.rows_affected() == 0 {
        return Ok(false);
    }
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}

pub(super) async fn passkeys(
    store: &PostgresStore,
    user: UserId,
) -> Result<Vec<PasskeyRecord>, Unavailable> {
    let rows = sqlx::query!(
        "select id, name, credential, created_at_us, used_at_us
        from passkey where account = $1 order by id desc",
        user.0,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let passkeys = rows.into_iter().map(|row| PasskeyRecord {
        id: row.id,
        name: row.name,
        credential: row.credential,
        created_at: UnixMicros(row.created_at_us),
        used_at: row.used_at_us.map(UnixMicros),
    });
    Ok(passkeys.collect())
}

pub(super) async fn insert_passkey(
    store: &PostgresStore,
    passkey: &NewPasskey,
    entry: &NewEntry,
) -> Result<Inserted, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    if !lock_account(&mut tx, passkey.user.0).await? {
        return Ok(Inserted::Gone);
    }
    let id = sqlx::query_scalar!(
        "insert into passkey (account, credential_id, name, credential, created_at_us)
        values ($1, $2, $3, $4, $5)
        on conflict (credential_id) do nothing
        returning id",
        passkey.user.0,
        passkey.credential_id,
        passkey.name,
        passkey.credential,
        entry.at.0,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    let Some(id) = id else {
        return Ok(Inserted::Taken);
    };
    audit::write(&mut tx, entry, Some(id)).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Inserted::Made(id))
}

pub(super) async fn use_passkey(
    store: &PostgresStore,
    id: i64,
    old: &str,
    new: &str,
    at: UnixMicros,
) -> Result<bool, Unavailable> {
    let changed = sqlx::query!(
        "update passkey set credential = $3, used_at_us = $4 where id = $1 and credential = $2",
        id,
        old,
        new,
        at.0,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(changed.rows_affected() == 1)
}

pub(super) async fn rename_passkey(
    store: &PostgresStore,
    user: UserId,
    id: i64,
    name: &str,
    entry: &NewEntry,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let renamed = sqlx::query!(
        "update passkey set name = $3 where id = $1 and account = $2",
        id,
        user.0,
        name,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if renamed.rows_affected() == 0 {
        return Ok(false);
    }
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}

pub(super) async fn delete_passkey(
    store: &PostgresStore,
    user: UserId,
    id: i64,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    if !lock_account(&mut tx, user.0).await? {
        return Ok(Changed::Unknown);
    }
    let ways = ways_in(&mut tx, user.0).await?;
    let deleted = sqlx::query!(
        "delete from passkey where id = $1 and account = $2",
        id,
        user.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    taken_away(tx, deleted.rows_affected(), ways, entry).await
}

/// Commits that a way in was taken away, unless there was none or it was the only one.
async fn taken_away(
    mut tx: sqlx::Transaction<'_, sqlx::Postgres>,
    deleted: u64,
    ways: i64,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    if deleted == 0 {
        return Ok(Changed::Unknown);
    }
    if ways == 1 {
        return Ok(Changed::LastWayIn);
    }
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Changed::Done(0))
}

pub(super) async fn links(
    store: &PostgresStore,
    user: UserId,
) -> Result<Vec<LinkRow>, Unavailable> {
    let rows = sqlx::query!(
        "select id, issuer, email, created_at_us
        from oidc_link where account = $1 order by id desc",
        user.0,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let links = rows.into_iter().map(|row| LinkRow {
        id: row.id,
        issuer: row.issuer,
        provider: None,
        email: row.email,
        created_at: UnixMicros(row.created_at_us),
    });
    Ok(links.collect())
}

pub(super) async fn insert_link(
    store: &PostgresStore,
    user: UserId,
    link: &NewLink,
    entry: &NewEntry,
) -> Result<Inserted, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    if !lock_account(&mut tx, user.0).await? {
        return Ok(Inserted::Gone);
    }
    let Some(id) = insert_link_row(&mut tx, user.0, link, entry.at).await? else {
        return Ok(Inserted::Taken);
    };
    audit::write(&mut tx, entry, Some(id)).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Inserted::Made(id))
}

pub(super) async fn delete_link(
    store: &PostgresStore,
    user: UserId,
    id: i64,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    if !lock_account(&mut tx, user.0).await? {
        return Ok(Changed::Unknown);
    }
    let ways = ways_in(&mut tx, user.0).await?;
    let deleted = sqlx::query!(
        "delete from oidc_link where id = $1 and account = $2",
        id,
        user.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    taken_away(tx, deleted.rows_affected(), ways, entry).await
}
