//! Who stands behind sources.

use accounts::NewEntry;
use base::{Unavailable, UnixMicros};
use intel::ProviderId;
use intel::sources::{Changed, Inserted, NewProvider, ProviderRow};
use sqlx::PgConnection;

use super::rows::{tags, written_tags};
use super::{Part, begin, commit, done};
use crate::PostgresStore;
use crate::error::unavailable;

pub(super) async fn list(tx: &mut PgConnection) -> Result<Vec<ProviderRow>, Unavailable> {
    let rows = sqlx::query!(
        "select id, slug, name, about, website, tags, enabled, created_at_us
        from provider
        order by id"
    )
    .fetch_all(tx)
    .await
    .map_err(unavailable)?;
    let rows = rows.into_iter().map(|row| ProviderRow {
        id: ProviderId(row.id),
        provider: NewProvider {
            slug: row.slug,
            name: row.name,
            about: row.about,
            website: row.website,
            tags: tags(&row.tags),
            is_enabled: row.enabled,
        },
        created_at: UnixMicros(row.created_at_us),
    });
    Ok(rows.collect())
}

/// The number of the provider with this slug.
pub(super) async fn named(tx: &mut PgConnection, slug: &str) -> Result<Option<i64>, Unavailable> {
    sqlx::query_scalar!("select id from provider where slug = $1", slug)
        .fetch_optional(tx)
        .await
        .map_err(unavailable)
}

/// Whether there is such a provider.
pub(super) async fn exists(tx: &mut PgConnection, id: ProviderId) -> Result<bool, Unavailable> {
    sqlx::query_scalar!(
        r#"select exists (select from provider where id = $1) as "exists!""#,
        id.0,
    )
    .fetch_one(tx)
    .await
    .map_err(unavailable)
}

pub(super) async fn put(
    tx: &mut PgConnection,
    provider: &NewProvider,
    now: UnixMicros,
) -> Result<i64, Unavailable> {
    sqlx::query_scalar!(
        "insert into provider
            (slug, name, about, website, tags, enabled, created_at_us, changed_at_us)
        values ($1, $2, $3, $4, $5, $6, $7, $7)
        returning id",
        provider.slug,
        provider.name,
        provider.about,
        provider.website,
        written_tags(&provider.tags),
        provider.is_enabled,
        now.0,
    )
    .fetch_one(tx)
    .await
    .map_err(unavailable)
}

pub(super) async fn insert(
    store: &PostgresStore,
    provider: &NewProvider,
    entry: &NewEntry,
) -> Result<Inserted, Unavailable> {
    let mut tx = begin(store).await?;
    if named(&mut tx, &provider.slug).await?.is_some() {
        return Ok(Inserted::Taken);
    }
    let id = put(&mut tx, provider, entry.at).await?;
    commit(tx, &[Part::Sources], entry, Some(id)).await?;
    Ok(Inserted::Made(id))
}

pub(super) async fn change(
    store: &PostgresStore,
    id: ProviderId,
    provider: &NewProvider,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    if !exists(&mut tx, id).await? {
        return Ok(Changed::Unknown);
    }
    if named(&mut tx, &provider.slug)
        .await?
        .is_some_and(|other| other != id.0)
    {
        return Ok(Changed::Taken);
    }
    sqlx::query!(
        "update provider
        set slug = $2, name = $3, about = $4, website = $5, tags = $6, enabled = $7,
            changed_at_us = $8
        where id = $1",
        id.0,
        provider.slug,
        provider.name,
        provider.about,
        provider.website,
        written_tags(&provider.tags),
        provider.is_enabled,
        entry.at.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    done(tx, &[Part::Sources], entry).await
}

pub(super) async fn delete(
    store: &PostgresStore,
    id: ProviderId,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    if !exists(&mut tx, id).await? {
        return Ok(Changed::Unknown);
    }
    let is_used = sqlx::query_scalar!(
        r#"select exists (select from source where provider = $1) as "used!""#,
        id.0,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(unavailable)?;
    if is_used {
        return Ok(Changed::InUse);
    }
    sqlx::query!("delete from provider where id = $1", id.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    done(tx, &[Part::Sources, Part::IgnoreLists], entry).await
}
