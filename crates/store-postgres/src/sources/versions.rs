//! Versions of sources: only ever added.

use accounts::{NewEntry, Page};
use base::Unavailable;
use intel::SourceId;
use intel::sources::{NewVersion, VersionRecord, VersionRow};
use sqlx::PgConnection;

use super::rows::{self, Version};
use crate::PostgresStore;
use crate::accounts::{most, page};
use crate::error::unavailable;
use crate::rows::hash;

pub(super) async fn put(
    tx: &mut PgConnection,
    source: SourceId,
    number: u32,
    version: &NewVersion,
    entry: &NewEntry,
) -> Result<(), Unavailable> {
    let (origin, went_back_to) = version.origin.write();
    sqlx::query!(
        "insert into source_version
            (source, number, definition, sha256, origin, went_back_to, note, made_at_us, made_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        source.0,
        i64::from(number),
        version.bytes,
        &version.sha256,
        origin,
        went_back_to.map(i64::from),
        version.note,
        entry.at.0,
        entry.actor.user().map(|user| user.0),
    )
    .execute(tx)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// The number of the newest version; 0 when there is none.
pub(super) async fn newest(tx: &mut PgConnection, source: SourceId) -> Result<u32, Unavailable> {
    let number = sqlx::query_scalar!(
        r#"select coalesce(max(number), 0) as "number!" from source_version where source = $1"#,
        source.0,
    )
    .fetch_one(tx)
    .await
    .map_err(unavailable)?;
    rows::version(number)
}

/// What a version's definition hashes to.
pub(super) async fn digest(
    tx: &mut PgConnection,
    source: SourceId,
    number: u32,
) -> Result<Option<[u8; 32]>, Unavailable> {
    let found = sqlx::query_scalar!(
        "select sha256 from source_version where source = $1 and number = $2",
        source.0,
        i64::from(number),
    )
    .fetch_optional(tx)
    .await
    .map_err(unavailable)?;
    found
        .map(|sha256| hash(&sha256, "a version of a source"))
        .transpose()
}

/// What the newest version hashes to that the product shipped.
pub(super) async fn shipped_digest(
    tx: &mut PgConnection,
    source: SourceId,
) -> Result<Option<[u8; 32]>, Unavailable> {
    let found = sqlx::query_scalar!(
        "select sha256 from source_version
        where source = $1 and origin = 'product'
        order by number desc
        limit 1",
        source.0,
    )
    .fetch_optional(tx)
    .await
    .map_err(unavailable)?;
    found
        .map(|sha256| hash(&sha256, "a version of a source"))
        .transpose()
}

pub(super) async fn list(
    store: &PostgresStore,
    source: SourceId,
    before: Option<i64>,
    limit: usize,
) -> Result<Page<VersionRow>, Unavailable> {
    let found = sqlx::query_as!(
        Version,
        "select number, sha256, origin, went_back_to, note, made_at_us, made_by
        from source_version
        where source = $1 and number < $2
        order by number desc
        limit $3",
        source.0,
        before.unwrap_or(i64::MAX),
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let rows = found.into_iter().map(Version::row);
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(page(rows, limit, |version| i64::from(version.number)))
}

pub(super) async fn find(
    store: &PostgresStore,
    source: SourceId,
    number: u32,
) -> Result<Option<VersionRecord>, Unavailable> {
    let found = sqlx::query!(
        "select number, sha256, origin, went_back_to, note, made_at_us, made_by, definition
        from source_version
        where source = $1 and number = $2",
        source.0,
        i64::from(number),
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    let Some(found) = found else { return Ok(None) };
    let row = Version {
        number: found.number,
        sha256: found.sha256,
        origin: found.origin,
        went_back_to: found.went_back_to,
        note: found.note,
        made_at_us: found.made_at_us,
        made_by: found.made_by,
    };
    Ok(Some(VersionRecord {
        row: row.row()?,
        bytes: found.definition,
    }))
}
