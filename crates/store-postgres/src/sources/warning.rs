//! Warning lists: those of the product by name only, the others with their words.

use accounts::NewEntry;
use base::{Unavailable, UnixMicros};
use intel::lists::{WarningListId, WarningListRow, WarningSource};
use intel::sources::{Changed, Inserted};
use sqlx::PgConnection;

use super::{Part, begin, commit, done};
use crate::PostgresStore;
use crate::error::unavailable;

pub(super) async fn list(store: &PostgresStore) -> Result<Vec<WarningListRow>, Unavailable> {
    let rows = sqlx::query!(
        "select id, slug, enabled, json, created_at_us, changed_at_us
        from warning_list
        order by id"
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let rows = rows.into_iter().map(|row| WarningListRow {
        id: WarningListId(row.id),
        slug: row.slug,
        is_enabled: row.enabled,
        source: row.json.map_or(WarningSource::BuiltIn, WarningSource::Json),
        created_at: UnixMicros(row.created_at_us),
        changed_at: UnixMicros(row.changed_at_us),
    });
    Ok(rows.collect())
}

pub(super) async fn named(tx: &mut PgConnection, slug: &str) -> Result<Option<i64>, Unavailable> {
    sqlx::query_scalar!("select id from warning_list where slug = $1", slug)
        .fetch_optional(tx)
        .await
        .map_err(unavailable)
}

/// Whether a list's words are the product's; nothing when there is no such list.
async fn is_built_in(
    tx: &mut PgConnection,
    id: WarningListId,
) -> Result<Option<bool>, Unavailable> {
    sqlx::query_scalar!(
        r#"select json is null as "built_in!" from warning_list where id = $1"#,
        id.0,
    )
    .fetch_optional(tx)
    .await
    .map_err(unavailable)
}

pub(super) async fn put(
    tx: &mut PgConnection,
    slug: &str,
    is_enabled: bool,
    json: Option<&[u8]>,
    now: UnixMicros,
) -> Result<i64, Unavailable> {
    sqlx::query_scalar!(
        "insert into warning_list (slug, enabled, json, created_at_us, changed_at_us)
        values ($1, $2, $3, $4, $4)
        returning id",
        slug,
        is_enabled,
        json,
        now.0,
    )
    .fetch_one(tx)
    .await
    .map_err(unavailable)
}

pub(super) async fn insert(
    store: &PostgresStore,
    slug: &str,
    json: &[u8],
    entry: &NewEntry,
) -> Result<Inserted, Unavailable> {
    let mut tx = begin(store).await?;
    if named(&mut tx, slug).await?.is_some() {
        return Ok(Inserted::Taken);
    }
    let id = put(&mut tx, slug, true, Some(json), entry.at).await?;
    commit(tx, &[Part::WarningLists], entry, Some(id)).await?;
    Ok(Inserted::Made(id))
}

pub(super) async fn change(
    store: &PostgresStore,
    id: WarningListId,
    is_enabled: Option<bool>,
    json: Option<&[u8]>,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    match is_built_in(&mut tx, id).await? {
        None => return Ok(Changed::Unknown),
        Some(true) if json.is_some() => return Ok(Changed::Shipped),
        Some(_) => {}
    }
    sqlx::query!(
        "update warning_list
        set enabled = coalesce($2, enabled), json = coalesce($3, json), changed_at_us = $4
        where id = $1",
        id.0,
        is_enabled,
        json,
        entry.at.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    done(tx, &[Part::WarningLists], entry).await
}

pub(super) async fn delete(
    store: &PostgresStore,
    id: WarningListId,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    match is_built_in(&mut tx, id).await? {
        None => return Ok(Changed::Unknown),
        Some(true) => return Ok(Changed::Shipped),
        Some(false) => {}
    }
    sqlx::query!("delete from warning_list where id = $1", id.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    done(tx, &[Part::WarningLists], entry).await
}
