//! What comes with a version of the product.

use accounts::NewEntry;
use base::Unavailable;
use intel::SourceId;
use intel::sources::{Arrival, NewVersion, Shipment};
use sqlx::PgConnection;

use super::{Part, begin, commit, providers, source, versions, warning};
use crate::PostgresStore;

pub(super) async fn ship(
    store: &PostgresStore,
    shipment: &Shipment,
    entry: NewEntry,
) -> Result<Arrival, Unavailable> {
    let mut tx = begin(store).await?;
    let mut arrival = Arrival::default();
    for (shipped, behind) in &shipment.sources {
        match source::named(&mut tx, &shipped.slug).await? {
            None => {
                let provider = match providers::named(&mut tx, &behind.slug).await? {
                    Some(provider) => provider,
                    None => providers::put(&mut tx, behind, entry.at).await?,
                };
                source::put(&mut tx, shipped, Some(provider), true, &entry).await?;
                arrival.made.push(shipped.slug.clone());
            }
            Some((id, true)) => {
                if renew(&mut tx, SourceId(id), &shipped.version, &entry).await? {
                    arrival.renewed.push(shipped.slug.clone());
                }
            }
            Some((_, false)) => arrival.in_the_way.push(shipped.slug.clone()),
        }
    }
    for (slug, is_enabled) in &shipment.warning_lists {
        if warning::named(&mut tx, slug).await?.is_none() {
            warning::put(&mut tx, slug, *is_enabled, None, entry.at).await?;
            arrival.warning_lists.push(slug.clone());
        }
    }
    if arrival.is_nothing() {
        return Ok(arrival);
    }
    let mut parts = Vec::new();
    if !arrival.made.is_empty() || !arrival.renewed.is_empty() {
        parts.push(Part::Sources);
    }
    if !arrival.warning_lists.is_empty() {
        parts.push(Part::WarningLists);
    }
    commit(tx, &parts, &arrival.told(entry), None).await?;
    Ok(arrival)
}

/// Adds what the product says now, if it is something new; where its older words were in force, these
/// are from now on.
async fn renew(
    tx: &mut PgConnection,
    id: SourceId,
    version: &NewVersion,
    entry: &NewEntry,
) -> Result<bool, Unavailable> {
    let before = versions::shipped_digest(tx, id).await?;
    if before == Some(version.sha256) {
        return Ok(false);
    }
    let Some((in_force, _)) = source::state(tx, id).await? else {
        return Ok(false);
    };
    let number = versions::newest(tx, id).await? + 1;
    versions::put(tx, id, number, version, entry).await?;
    if versions::digest(tx, id, in_force).await? == before {
        source::force(tx, id, number).await?;
    }
    Ok(true)
}
