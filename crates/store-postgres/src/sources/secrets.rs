//! Secrets, sealed; and under which key.

use accounts::NewEntry;
use base::{Unavailable, UnixMicros};
use intel::secrets::{KeyId, SecretId};
use intel::sources::{Changed, InsertSecret, Reseal, Rotated, Seal, SecretRow, UpdateSecret};
use sqlx::PgConnection;

use super::{Part, begin, commit, done, rows, slots};
use crate::PostgresStore;
use crate::error::unavailable;

pub(super) async fn list(tx: &mut PgConnection) -> Result<Vec<SecretRow>, Unavailable> {
    let found = sqlx::query!(
        "select id, name, about, key, sealed, expires_at_us, created_at_us, changed_at_us
        from secret
        order by id"
    )
    .fetch_all(tx)
    .await
    .map_err(unavailable)?;
    let found = found.into_iter().map(|row| {
        Ok(SecretRow {
            id: SecretId(row.id),
            name: row.name,
            about: row.about,
            key: rows::key(&row.key)?,
            sealed: row.sealed,
            expires_at: row.expires_at_us.map(UnixMicros),
            created_at: UnixMicros(row.created_at_us),
            changed_at: UnixMicros(row.changed_at_us),
        })
    });
    found.collect()
}

pub(super) async fn exists(tx: &mut PgConnection, id: SecretId) -> Result<bool, Unavailable> {
    sqlx::query_scalar!(
        r#"select exists (select from secret where id = $1) as "exists!""#,
        id.0,
    )
    .fetch_one(tx)
    .await
    .map_err(unavailable)
}

async fn named(tx: &mut PgConnection, name: &str) -> Result<Option<i64>, Unavailable> {
    sqlx::query_scalar!("select id from secret where name = $1", name)
        .fetch_optional(tx)
        .await
        .map_err(unavailable)
}

async fn key_in_force(tx: &mut PgConnection) -> Result<Option<KeyId>, Unavailable> {
    let found = sqlx::query_scalar!("select key from secret_key where id = 1")
        .fetch_optional(tx)
        .await
        .map_err(unavailable)?;
    found.map(|key| rows::key(&key)).transpose()
}

pub(super) async fn key(store: &PostgresStore) -> Result<Option<KeyId>, Unavailable> {
    let mut connection = store.pool().acquire().await.map_err(unavailable)?;
    key_in_force(&mut connection).await
}

pub(super) async fn claim_key(store: &PostgresStore, wanted: KeyId) -> Result<KeyId, Unavailable> {
    let mut tx = begin(store).await?;
    if let Some(known) = key_in_force(&mut tx).await? {
        return Ok(known);
    }
    sqlx::query!("insert into secret_key (id, key) values (1, $1)", &wanted.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    Ok(wanted)
}

pub(super) async fn insert(
    store: &PostgresStore,
    secret: &InsertSecret,
    seal: Seal,
    entry: &NewEntry,
) -> Result<Result<SecretId, Changed>, Unavailable> {
    let mut tx = begin(store).await?;
    if key_in_force(&mut tx).await? != Some(secret.key) {
        return Ok(Err(Changed::OtherKey));
    }
    if named(&mut tx, &secret.name).await?.is_some() {
        return Ok(Err(Changed::Taken));
    }
    let id = sqlx::query_scalar!(
        "insert into secret
            (name, about, key, sealed, expires_at_us, created_at_us, changed_at_us)
        values ($1, $2, $3, ''::bytea, $4, $5, $5)
        returning id",
        secret.name,
        secret.about,
        &secret.key.0,
        secret.expires_at.map(|end| end.0),
        entry.at.0,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(unavailable)?;
    let sealed = seal(SecretId(id));
    sqlx::query!("update secret set sealed = $2 where id = $1", id, sealed)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    commit(tx, &[Part::Sources], entry, Some(id)).await?;
    Ok(Ok(SecretId(id)))
}

pub(super) async fn change(
    store: &PostgresStore,
    id: SecretId,
    change: &UpdateSecret,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    if !exists(&mut tx, id).await? {
        return Ok(Changed::Unknown);
    }
    if let Some((sealed_under, _)) = &change.sealed
        && key_in_force(&mut tx).await? != Some(*sealed_under)
    {
        return Ok(Changed::OtherKey);
    }
    if let Some(name) = &change.name
        && named(&mut tx, name)
            .await?
            .is_some_and(|other| other != id.0)
    {
        return Ok(Changed::Taken);
    }
    sqlx::query!(
        "update secret
        set name = coalesce($2, name),
            about = coalesce($3, about),
            expires_at_us = case when $4 then $5 else expires_at_us end,
            key = coalesce($6, key),
            sealed = coalesce($7, sealed),
            changed_at_us = $8
        where id = $1",
        id.0,
        change.name,
        change.about,
        change.expires_at.is_some(),
        change.expires_at.flatten().map(|end| end.0),
        change.sealed.as_ref().map(|(key, _)| &key.0[..]),
        change.sealed.as_ref().map(|(_, sealed)| &sealed[..]),
        entry.at.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if change.sealed.is_some() {
        slots::outdate(&mut tx, id).await?;
    }
    done(tx, &[Part::Sources], entry).await
}

pub(super) async fn delete(
    store: &PostgresStore,
    id: SecretId,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    if !exists(&mut tx, id).await? {
        return Ok(Changed::Unknown);
    }
    slots::outdate(&mut tx, id).await?;
    sqlx::query!("delete from secret where id = $1", id.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    done(tx, &[Part::Sources], entry).await
}

pub(super) async fn rotate(
    store: &PostgresStore,
    from: KeyId,
    to: KeyId,
    reseal: &Reseal,
    entry: &NewEntry,
) -> Result<Rotated, Unavailable> {
    let mut tx = begin(store).await?;
    if key_in_force(&mut tx).await? != Some(from) {
        return Ok(Rotated::OtherKey);
    }
    let (mut ids, mut sealed) = (Vec::new(), Vec::new());
    for secret in list(&mut tx).await? {
        match reseal(secret.id, &secret.sealed) {
            Some(bytes) if secret.key == from => {
                ids.push(secret.id.0);
                sealed.push(bytes);
            }
            _ => return Ok(Rotated::Broken(secret.id)),
        }
    }
    sqlx::query!(
        "update secret set key = $1, sealed = new.sealed
        from unnest($2::int8[], $3::bytea[]) as new (id, sealed)
        where secret.id = new.id",
        &to.0,
        &ids,
        &sealed,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    sqlx::query!("update secret_key set key = $1 where id = 1", &to.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    commit(tx, &[Part::Sources], entry, None).await?;
    Ok(Rotated::Done(u32::try_from(ids.len()).unwrap_or(u32::MAX)))
}
