//! Sources: made, set up, deleted.

use accounts::NewEntry;
use base::{Unavailable, UnixMicros};
use intel::sources::{Changed, InsertSource, Inserted, Settings, SourceRow, UpdateSource};
use intel::{ProviderId, SourceId};
use sqlx::PgConnection;

use super::{Part, begin, commit, done, providers, rows, versions};
use crate::PostgresStore;
use crate::error::unavailable;

pub(super) async fn list(tx: &mut PgConnection) -> Result<Vec<SourceRow>, Unavailable> {
    let rows = sqlx::query!(
        r#"select source.id, slug, kind, shipped, provider, enabled, settings, generation, version,
            definition, created_at_us, changed_at_us,
            (select product.number from source_version as product
                where product.source = source.id and product.sha256 <> force.sha256
                    and product.number = (
                        select max(number) from source_version
                        where source = source.id and origin = 'product')) as product_version
        from source
        join source_version as force on force.source = source.id and force.number = version
        order by source.id"#
    )
    .fetch_all(tx)
    .await
    .map_err(unavailable)?;
    let rows = rows.into_iter().map(|row| {
        Ok(SourceRow {
            id: SourceId(row.id),
            slug: row.slug,
            kind: rows::kind(&row.kind)?,
            is_shipped: row.shipped,
            provider: row.provider.map(ProviderId),
            is_enabled: row.enabled,
            settings: rows::settings(&row.settings)?,
            generation: row.generation,
            version: rows::version(row.version)?,
            definition: row.definition,
            product_version: row.product_version.map(rows::version).transpose()?,
            created_at: UnixMicros(row.created_at_us),
            changed_at: UnixMicros(row.changed_at_us),
        })
    });
    rows.collect()
}

/// The number of the source with this slug, and whether it is shipped.
pub(super) async fn named(
    tx: &mut PgConnection,
    slug: &str,
) -> Result<Option<(i64, bool)>, Unavailable> {
    let row = sqlx::query!("select id, shipped from source where slug = $1", slug)
        .fetch_optional(tx)
        .await
        .map_err(unavailable)?;
    Ok(row.map(|row| (row.id, row.shipped)))
}

/// The version in force of a source, and whether it is shipped.
pub(super) async fn state(
    tx: &mut PgConnection,
    id: SourceId,
) -> Result<Option<(u32, bool)>, Unavailable> {
    let row = sqlx::query!("select version, shipped from source where id = $1", id.0)
        .fetch_optional(tx)
        .await
        .map_err(unavailable)?;
    row.map(|row| Ok((rows::version(row.version)?, row.shipped)))
        .transpose()
}

/// Writes a source and its version 1.
pub(super) async fn put(
    tx: &mut PgConnection,
    source: &InsertSource,
    provider: Option<i64>,
    is_shipped: bool,
    entry: &NewEntry,
) -> Result<i64, Unavailable> {
    let id = sqlx::query_scalar!(
        "insert into source
            (slug, kind, shipped, provider, enabled, settings, generation, version,
             created_at_us, changed_at_us)
        values ($1, $2, $3, $4, $5, $6, 0, 1, $7, $7)
        returning id",
        source.slug,
        source.kind.name(),
        is_shipped,
        provider,
        source.is_enabled,
        source.settings.write(),
        entry.at.0,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(unavailable)?;
    versions::put(tx, SourceId(id), 1, &source.version, entry).await?;
    Ok(id)
}

pub(super) async fn insert(
    store: &PostgresStore,
    source: &InsertSource,
    entry: &NewEntry,
) -> Result<Inserted, Unavailable> {
    let mut tx = begin(store).await?;
    if named(&mut tx, &source.slug).await?.is_some() {
        return Ok(Inserted::Taken);
    }
    if let Some(provider) = source.provider
        && !providers::exists(&mut tx, provider).await?
    {
        return Ok(Inserted::Gone);
    }
    let provider = source.provider.map(|provider| provider.0);
    let id = put(&mut tx, source, provider, false, entry).await?;
    commit(tx, &[Part::Sources], entry, Some(id)).await?;
    Ok(Inserted::Made(id))
}

pub(super) async fn change(
    store: &PostgresStore,
    id: SourceId,
    based_on: u32,
    change: &UpdateSource,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    match state(&mut tx, id).await? {
        None => return Ok(Changed::Unknown),
        Some((version, _)) if version != based_on => return Ok(Changed::Stale),
        Some(_) => {}
    }
    if let Some(Some(provider)) = change.provider
        && !providers::exists(&mut tx, provider).await?
    {
        return Ok(Changed::Gone);
    }
    if let Some(version) = &change.version
        && versions::digest(&mut tx, id, based_on).await? != Some(version.sha256)
    {
        let number = versions::newest(&mut tx, id).await? + 1;
        versions::put(&mut tx, id, number, version, entry).await?;
        force(&mut tx, id, number).await?;
    }
    sqlx::query!(
        "update source
        set provider = case when $2 then $3 else provider end,
            enabled = coalesce($4, enabled),
            settings = coalesce($5, settings),
            generation = generation + $6,
            changed_at_us = $7
        where id = $1",
        id.0,
        change.provider.is_some(),
        change.provider.flatten().map(|provider| provider.0),
        change.is_enabled,
        change.settings.as_ref().map(Settings::write),
        i64::from(change.is_other_upstream),
        entry.at.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    done(tx, &[Part::Sources], entry).await
}

/// Puts a version in force.
pub(super) async fn force(
    tx: &mut PgConnection,
    id: SourceId,
    number: u32,
) -> Result<(), Unavailable> {
    sqlx::query!(
        "update source set version = $2 where id = $1",
        id.0,
        i64::from(number),
    )
    .execute(tx)
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn delete(
    store: &PostgresStore,
    id: SourceId,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    match state(&mut tx, id).await? {
        None => return Ok(Changed::Unknown),
        Some((_, true)) => return Ok(Changed::Shipped),
        Some((_, false)) => {}
    }
    sqlx::query!("delete from source where id = $1", id.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    done(tx, &[Part::Sources, Part::IgnoreLists], entry).await
}
