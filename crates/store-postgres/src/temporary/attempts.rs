//! What was tried how often, and until when it may not be tried again.

use std::collections::BTreeMap;

use accounts::{ATTEMPTS_REMEMBERED, Limit, SecretHash};
use base::{Unavailable, UnixMicros};

use crate::PostgresStore;
use crate::accounts::count as small;
use crate::error::unavailable;
use crate::rows::micros;

/// Counts an attempt against all limits, unless one of them is closed. The rows are made first and
/// locked in one order: of many who try at once each sees what the others have counted.
pub(crate) async fn count(
    store: &PostgresStore,
    limits: &[Limit],
    now: UnixMicros,
) -> Result<Option<UnixMicros>, Unavailable> {
    let mut keys: Vec<&[u8]> = limits.iter().map(|limit| &limit.key.0[..]).collect();
    keys.sort_unstable();
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    sqlx::query!(
        "insert into temporary.attempt (key, count, last_at_us, closed_until_us)
        select key, 0, $2, 0 from unnest($1::bytea[]) as key
        order by key
        on conflict (key) do nothing",
        &keys as &[&[u8]],
        now.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    let rows = sqlx::query!(
        "select key, count, last_at_us, closed_until_us from temporary.attempt
        where key = any($1)
        order by key
        for update",
        &keys as &[&[u8]],
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(unavailable)?;
    let closed = rows.iter().map(|row| row.closed_until_us).max();
    if let Some(until) = closed.filter(|until| *until > now.0) {
        return Ok(Some(UnixMicros(until)));
    }
    let forgotten = |last_at_us| now.since(UnixMicros(last_at_us)) >= ATTEMPTS_REMEMBERED;
    let counts: BTreeMap<Vec<u8>, i64> = rows
        .into_iter()
        .map(|row| {
            let before = if forgotten(row.last_at_us) {
                0
            } else {
                row.count
            };
            (row.key, before.saturating_add(1))
        })
        .collect();
    let (mut keys, mut numbers, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for limit in limits {
        let count = counts.get(&limit.key.0[..]).copied().unwrap_or(1);
        keys.push(&limit.key.0[..]);
        numbers.push(count);
        ends.push(now.plus(limit.pause(small(count))).0);
    }
    sqlx::query!(
        "update temporary.attempt
        set count = counted.count, last_at_us = $4, closed_until_us = counted.closed_until_us
        from unnest($1::bytea[], $2::int8[], $3::int8[]) as counted (key, count, closed_until_us)
        where attempt.key = counted.key",
        &keys as &[&[u8]],
        &numbers,
        &ends,
        now.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    Ok(None)
}

pub(crate) async fn forgive(
    store: &PostgresStore,
    keys: &[SecretHash],
    all: bool,
) -> Result<(), Unavailable> {
    let keys: Vec<&[u8]> = keys.iter().map(|key| &key.0[..]).collect();
    let forgiven = if all {
        sqlx::query!(
            "delete from temporary.attempt where key in (
                select key from temporary.attempt where key = any($1) order by key for update)",
            &keys as &[&[u8]],
        )
    } else {
        sqlx::query!(
            "update temporary.attempt set count = greatest(count - 1, 0) where key in (
                select key from temporary.attempt where key = any($1) order by key for update)",
            &keys as &[&[u8]],
        )
    };
    forgiven.execute(store.pool()).await.map_err(unavailable)?;
    Ok(())
}

/// Deletes what is forgotten.
pub(crate) async fn sweep(
    store: &PostgresStore,
    now: UnixMicros,
    limit: i64,
) -> Result<u64, Unavailable> {
    let deleted = sqlx::query!(
        "delete from temporary.attempt where key in (
            select key from temporary.attempt
            where last_at_us <= $1 and closed_until_us <= $2 limit $3)",
        now.0.saturating_sub(micros(ATTEMPTS_REMEMBERED)),
        now.0,
        limit,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(deleted.rows_affected())
}
