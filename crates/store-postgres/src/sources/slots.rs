//! Which secret stands in which slot.

use accounts::NewEntry;
use base::Unavailable;
use intel::SourceId;
use intel::secrets::SecretId;
use intel::sources::{Changed, SlotRow};
use sqlx::PgConnection;

use super::{Part, begin, done, secrets, source};
use crate::PostgresStore;
use crate::error::unavailable;

pub(super) async fn list(tx: &mut PgConnection) -> Result<Vec<SlotRow>, Unavailable> {
    let rows = sqlx::query!(
        r#"select source, slot, secret, binding from source_slot
        order by source, slot collate "C""#
    )
    .fetch_all(tx)
    .await
    .map_err(unavailable)?;
    let rows = rows.into_iter().map(|row| SlotRow {
        source: SourceId(row.source),
        slot: row.slot,
        secret: SecretId(row.secret),
        binding: row.binding,
    });
    Ok(rows.collect())
}

pub(super) async fn put(
    store: &PostgresStore,
    id: SourceId,
    slot: &str,
    secret: Option<&(SecretId, String)>,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    if source::state(&mut tx, id).await?.is_none() {
        return Ok(Changed::Unknown);
    }
    match secret {
        Some((secret, binding)) => {
            if !secrets::exists(&mut tx, *secret).await? {
                return Ok(Changed::Gone);
            }
            sqlx::query!(
                "insert into source_slot (source, slot, secret, binding)
                values ($1, $2, $3, $4)
                on conflict (source, slot) do update
                set secret = excluded.secret, binding = excluded.binding",
                id.0,
                slot,
                secret.0,
                binding,
            )
            .execute(&mut *tx)
            .await
            .map_err(unavailable)?;
        }
        None => {
            sqlx::query!(
                "delete from source_slot where source = $1 and slot = $2",
                id.0,
                slot,
            )
            .execute(&mut *tx)
            .await
            .map_err(unavailable)?;
        }
    }
    sqlx::query!(
        "update source set generation = generation + 1, changed_at_us = $2 where id = $1",
        id.0,
        entry.at.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    done(tx, &[Part::Sources], entry).await
}

/// The sources of a secret have another generation from now on.
pub(super) async fn outdate(tx: &mut PgConnection, secret: SecretId) -> Result<(), Unavailable> {
    sqlx::query!(
        "update source set generation = generation + 1
        where id in (select source from source_slot where secret = $1)",
        secret.0,
    )
    .execute(tx)
    .await
    .map_err(unavailable)?;
    Ok(())
}
