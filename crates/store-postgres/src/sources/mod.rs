//! The desk's catalogue: providers, sources and their versions, secrets, lists.
//!
//! Acts are rare, so they come one after another: each begins by locking one row, and what it finds
//! then stays so until it is done. A transaction that is refused is not committed.

mod ignoring;
mod providers;
mod rows;
mod secrets;
mod ship;
mod slots;
mod source;
mod store;
mod versions;
mod warning;

use accounts::NewEntry;
use base::Unavailable;
use intel::sources::{Changed, Revisions, SourceRows};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::error::unavailable;
use crate::{PostgresStore, audit};

/// A part of the catalogue that is read as a whole.
#[derive(Clone, Copy)]
enum Part {
    Sources,
    IgnoreLists,
    WarningLists,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Sources => "sources",
            Self::IgnoreLists => "ignore_lists",
            Self::WarningLists => "warning_lists",
        }
    }
}

/// Begins an act; others wait until it is done.
async fn begin(store: &PostgresStore) -> Result<Transaction<'static, Postgres>, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    sqlx::query!("select part from catalogue_revision where part = 'sources' for update")
        .fetch_one(&mut *tx)
        .await
        .map_err(unavailable)?;
    Ok(tx)
}

/// Ends an act: these parts were written, and the trail says so.
async fn commit(
    mut tx: Transaction<'static, Postgres>,
    parts: &[Part],
    entry: &NewEntry,
    made: Option<i64>,
) -> Result<(), Unavailable> {
    bump(&mut tx, parts).await?;
    audit::write(&mut tx, entry, made).await?;
    tx.commit().await.map_err(unavailable)
}

/// The same of a change.
async fn done(
    tx: Transaction<'static, Postgres>,
    parts: &[Part],
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    commit(tx, parts, entry, None).await?;
    Ok(Changed::Done)
}

async fn bump(tx: &mut PgConnection, parts: &[Part]) -> Result<(), Unavailable> {
    for part in parts {
        sqlx::query!(
            "update catalogue_revision set revision = revision + 1 where part = $1",
            part.name(),
        )
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    }
    Ok(())
}

/// Begins reading: all statements see the same state.
async fn snapshot(store: &PostgresStore) -> Result<Transaction<'static, Postgres>, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    sqlx::query!("set transaction isolation level repeatable read, read only")
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    Ok(tx)
}

async fn revisions(store: &PostgresStore) -> Result<Revisions, Unavailable> {
    let rows = sqlx::query!("select part, revision from catalogue_revision")
        .fetch_all(store.pool())
        .await
        .map_err(unavailable)?;
    let mut found = Revisions::default();
    for row in rows {
        match row.part.as_str() {
            "sources" => found.sources = row.revision,
            "ignore_lists" => found.ignore_lists = row.revision,
            "warning_lists" => found.warning_lists = row.revision,
            _ => {}
        }
    }
    Ok(found)
}

async fn source_rows(store: &PostgresStore) -> Result<SourceRows, Unavailable> {
    let mut tx = snapshot(store).await?;
    let rows = SourceRows {
        providers: providers::list(&mut tx).await?,
        sources: source::list(&mut tx).await?,
        slots: slots::list(&mut tx).await?,
        secrets: secrets::list(&mut tx).await?,
    };
    tx.commit().await.map_err(unavailable)?;
    Ok(rows)
}
