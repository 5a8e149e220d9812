//! What lookups leave behind.

mod answers;
mod bulks;
mod figures;
mod requests;
mod rows;
mod shares;
mod store;
mod watches;

use std::collections::BTreeMap;

use base::{Unavailable, UnixMicros};
use indicator::Indicator;
use intel::lookups::digest;
use sqlx::{PgConnection, PgExecutor};

use crate::error::{broken, unavailable};

/// Numbers by digest.
type Numbers = BTreeMap<Vec<u8>, i64>;

/// The numbers of those indicators that were ever asked about.
async fn known_indicators(
    executor: impl PgExecutor<'_>,
    digests: &[Vec<u8>],
) -> Result<Numbers, Unavailable> {
    let rows = sqlx::query!(
        "select id, digest from indicator where digest = any($1)",
        digests
    )
    .fetch_all(executor)
    .await
    .map_err(unavailable)?;
    Ok(rows.into_iter().map(|row| (row.digest, row.id)).collect())
}

/// The number of an indicator, if it was ever asked about.
async fn known_indicator(
    executor: impl PgExecutor<'_>,
    indicator: &Indicator,
) -> Result<Option<i64>, Unavailable> {
    let digest = digest(indicator).to_vec();
    let known = known_indicators(executor, std::slice::from_ref(&digest)).await?;
    Ok(known.into_values().next())
}

/// The numbers of indicators, in their order; those that were never asked about are written.
async fn indicator_numbers(
    tx: &mut PgConnection,
    indicators: &[&Indicator],
    now: UnixMicros,
) -> Result<Vec<i64>, Unavailable> {
    let digests: Vec<Vec<u8>> = indicators.iter().map(|one| digest(one).to_vec()).collect();
    let mut numbers = known_indicators(&mut *tx, &digests).await?;
    // In the order of their digests, so that two transactions never wait for each other.
    let missing: BTreeMap<&[u8], &Indicator> = digests
        .iter()
        .zip(indicators)
        .filter(|(digest, _)| !numbers.contains_key(*digest))
        .map(|(digest, indicator)| (&digest[..], *indicator))
        .collect();
    if !missing.is_empty() {
        let new: Vec<&[u8]> = missing.keys().copied().collect();
        let kinds: Vec<&str> = missing.values().map(|one| one.kind().wire()).collect();
        let values: Vec<&str> = missing.values().map(|one| one.value()).collect();
        // Another transaction may write the same: its number is answered then.
        let rows = sqlx::query!(
            "insert into indicator (digest, kind, value, created_at_us)
            select digest, kind, value, $4
            from unnest($1::bytea[], $2::text[], $3::text[]) as new (digest, kind, value)
            order by digest
            on conflict (digest) do update set kind = excluded.kind
            returning id, digest",
            &new as &[&[u8]],
            &kinds as &[&str],
            &values as &[&str],
            now.0,
        )
        .fetch_all(tx)
        .await
        .map_err(unavailable)?;
        numbers.extend(rows.into_iter().map(|row| (row.digest, row.id)));
    }
    let each = digests.iter();
    each.map(|digest| {
        numbers
            .get(digest)
            .copied()
            .ok_or_else(|| broken("an indicator"))
    })
    .collect()
}
