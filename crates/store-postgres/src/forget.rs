//! Tags and tokens, and forgetting after the retention time.

use base::{Unavailable, UnixMicros};
use stamp::{TagPage, TimestampId, Token};

use crate::PostgresStore;
use crate::error::{broken, unavailable};
use crate::rows::{bound, unsigned};

pub(crate) async fn tagged(
    store: &PostgresStore,
    tag: &str,
    before: Option<TimestampId>,
    limit: usize,
) -> Result<TagPage, Unavailable> {
    // One row more than asked for tells whether older ones follow.
    let rows_max = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let (number, index) = before.map_or((i64::MAX, i32::MAX), address);
    let rows = sqlx::query!(
        "select number, nonce, entry_index from tag
        where tag = $1 and (number, entry_index) < ($2, $3)
        order by number desc, entry_index desc
        limit $4",
        tag.as_bytes(),
        number,
        index,
        rows_max,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let more = rows.len() > limit;
    let ids = rows
        .into_iter()
        .take(limit)
        .map(|row| timestamp_id(row.number, row.nonce, row.entry_index))
        .collect::<Result<_, _>>()?;
    Ok(TagPage { ids, more })
}

/// An address to compare with.
fn address(id: TimestampId) -> (i64, i32) {
    (bound(id.batch), i32::try_from(id.index).unwrap_or(i32::MAX))
}

fn timestamp_id(number: i64, nonce: i64, index: i32) -> Result<TimestampId, Unavailable> {
    Ok(TimestampId {
        batch: unsigned(number, "a batch's number")?,
        nonce: unsigned(nonce, "a batch's nonce")?,
        index: u32::try_from(index).map_err(|_| broken("an entry's index"))?,
    })
}

pub(crate) async fn referenced(
    store: &PostgresStore,
    after: Option<TimestampId>,
    limit: usize,
) -> Result<Vec<TimestampId>, Unavailable> {
    let (number, index) = after.map_or((-1, 0), address);
    let rows = sqlx::query!(
        r#"select number as "number!", nonce as "nonce!", entry_index as "entry_index!" from (
            (select distinct number, entry_index, nonce from tag
            where (number, entry_index) > ($1, $2)
            order by number, entry_index, nonce
            limit $3)
            union
            (select distinct number, entry_index, nonce from token
            where (number, entry_index) > ($1, $2)
            order by number, entry_index, nonce
            limit $3)
        ) as pointed_to
        order by number, entry_index, nonce
        limit $3"#,
        number,
        index,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| timestamp_id(row.number, row.nonce, row.entry_index))
        .collect()
}

pub(crate) async fn token(
    store: &PostgresStore,
    serial: [u8; 16],
) -> Result<Option<Token>, Unavailable> {
    let row = sqlx::query!(
        "select number, nonce, entry_index, der from token where serial = $1",
        &serial,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Token {
        serial,
        id: timestamp_id(row.number, row.nonce, row.entry_index)?,
        der: row.der,
    }))
}

/// The row of `retention` is locked first, so that two sweeps never count the same interval. The
/// times of intervals never go back, so what is older than `before` is a run from `kept_from` on.
pub(crate) async fn forget(
    store: &PostgresStore,
    before: UnixMicros,
    intervals_max: u32,
) -> Result<u32, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let from = sqlx::query_scalar!("select kept_from from retention for update")
        .fetch_one(&mut *tx)
        .await
        .map_err(unavailable)?;
    let cleared = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (
            select from sealed_interval
            where interval_index >= $1 and interval_index < $1 + $3 and at_us < $2
        ) as old"#,
        from,
        before.0,
        i64::from(intervals_max),
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(unavailable)?;
    if cleared == 0 {
        tx.rollback().await.map_err(unavailable)?;
        return Ok(0);
    }
    let until = from + cleared;
    sqlx::query!(
        "delete from interval_tile where interval_index >= $1 and interval_index < $2",
        from,
        until,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    // Numbers have gaps that were never given; a multirange remembers exactly those that were, and
    // melts neighbours together, so it stays a handful of ranges.
    sqlx::query!(
        "with gone as (
            delete from sealed_batch
            where interval_index >= $1 and interval_index < $2
            returning number
        ), tags as (
            delete from tag using gone where tag.number = gone.number
        ), tokens as (
            delete from token using gone where token.number = gone.number
        )
        update retention set
            kept_from = $2,
            forgotten_batches = forgotten_batches + coalesce(
                (select range_agg(int8range(number, number, '[]')) from gone),
                '{}'::int8multirange
            )",
        from,
        until,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    u32::try_from(cleared).map_err(|_| broken("the retention mark"))
}
