//! Which secret stands in which slot.

use accounts::NewEntry;
use intel::SourceId;
use intel::secrets::SecretId;
use intel::sources::{Changed, SlotRow};
use rusqlite::{Connection, params};

use super::{Part, bump, rows, secrets, source};
use crate::audit;

pub(super) fn list(db: &Connection) -> rusqlite::Result<Vec<SlotRow>> {
    db.prepare_cached(
        "select source, slot, secret, binding from source_slot order by source, slot",
    )?
    .query_map([], rows::slot)?
    .collect()
}

pub(super) fn put(
    tx: &Connection,
    id: SourceId,
    slot: &str,
    secret: Option<&(SecretId, String)>,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    if source::state(tx, id)?.is_none() {
        return Ok(Changed::Unknown);
    }
    match secret {
        Some((secret, binding)) => {
            if !secrets::exists(tx, *secret)? {
                return Ok(Changed::Gone);
            }
            tx.prepare_cached(
                "insert into source_slot (source, slot, secret, binding)
                 values (?1, ?2, ?3, ?4)
                 on conflict (source, slot) do update
                 set secret = excluded.secret, binding = excluded.binding",
            )?
            .execute(params![id.0, slot, secret.0, binding])?;
        }
        None => {
            tx.prepare_cached("delete from source_slot where source = ?1 and slot = ?2")?
                .execute(params![id.0, slot])?;
        }
    }
    tx.prepare_cached(
        "update source set generation = generation + 1, changed_at_us = ?2 where id = ?1",
    )?
    .execute(params![id.0, entry.at.0])?;
    bump(tx, Part::Sources)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}

/// The sources of a secret have another generation from now on.
pub(super) fn outdate(tx: &Connection, secret: SecretId) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "update source set generation = generation + 1
         where id in (select source from source_slot where secret = ?1)",
    )?
    .execute([secret.0])?;
    Ok(())
}
