//! What comes with a version of the product.

use accounts::NewEntry;
use intel::SourceId;
use intel::sources::{Arrival, NewVersion, Shipment};
use rusqlite::Connection;

use super::{Part, bump, providers, source, versions, warning};
use crate::audit;

pub(super) fn ship(
    tx: &Connection,
    shipment: &Shipment,
    entry: NewEntry,
) -> rusqlite::Result<Arrival> {
    let mut arrival = Arrival::default();
    for (shipped, behind) in &shipment.sources {
        match source::named(tx, &shipped.slug)? {
            None => {
                let provider = match providers::named(tx, &behind.slug)? {
                    Some(provider) => provider,
                    None => providers::put(tx, behind, entry.at)?,
                };
                source::put(tx, shipped, Some(provider), true, &entry)?;
                arrival.made.push(shipped.slug.clone());
            }
            Some((id, true)) => {
                if renew(tx, SourceId(id), &shipped.version, &entry)? {
                    arrival.renewed.push(shipped.slug.clone());
                }
            }
            Some((_, false)) => arrival.in_the_way.push(shipped.slug.clone()),
        }
    }
    for (slug, is_enabled) in &shipment.warning_lists {
        if warning::named(tx, slug)?.is_none() {
            warning::put(tx, slug, *is_enabled, None, entry.at)?;
            arrival.warning_lists.push(slug.clone());
        }
    }
    if !arrival.made.is_empty() || !arrival.renewed.is_empty() {
        bump(tx, Part::Sources)?;
    }
    if !arrival.warning_lists.is_empty() {
        bump(tx, Part::WarningLists)?;
    }
    if !arrival.is_nothing() {
        audit::write(tx, &arrival.told(entry), None)?;
    }
    Ok(arrival)
}

/// Adds what the product says now, if it is something new; where its older words were in force, these
/// are from now on.
fn renew(
    tx: &Connection,
    id: SourceId,
    version: &NewVersion,
    entry: &NewEntry,
) -> rusqlite::Result<bool> {
    let before = versions::shipped_digest(tx, id)?;
    if before == Some(version.sha256) {
        return Ok(false);
    }
    let Some((in_force, _)) = source::state(tx, id)? else {
        return Ok(false);
    };
    let number = versions::newest(tx, id)? + 1;
    versions::put(tx, id, number, version, entry)?;
    if versions::digest(tx, id, in_force)? == before {
        source::force(tx, id, number)?;
    }
    Ok(true)
}
