//! Counters: quotas that outlive a restart, and who was asked how often by the hour.

use base::Unavailable;
use intel::SourceId;
use intel::lookups::{RequestHour, Slot, SourceHour, Used, UsedSoFar};

use super::rows::{kind, verdict};
use crate::PostgresStore;
use crate::error::{broken, unavailable};
use crate::rows::{bound, unsigned};

pub(super) async fn add_used(
    store: &PostgresStore,
    used: &[Used],
) -> Result<Vec<UsedSoFar>, Unavailable> {
    let sources: Vec<i64> = used.iter().map(|one| one.source.0).collect();
    let seconds: Vec<i64> = used.iter().map(|one| one.seconds.into()).collect();
    let slots: Vec<i64> = used.iter().map(|one| one.slot).collect();
    let requests: Vec<i64> = used.iter().map(|one| one.requests.into()).collect();
    let oldest: Vec<i64> = used.iter().map(|one| one.forget_before).collect();
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    sqlx::query!(
        "insert into quota_used (source, seconds, slot, requests)
        select source, seconds, slot, sum(requests)::int8
        from unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[])
            as new (source, seconds, slot, requests)
        group by source, seconds, slot
        order by source, seconds, slot
        on conflict (source, seconds, slot)
            do update set requests = quota_used.requests + excluded.requests",
        &sources,
        &seconds,
        &slots,
        &requests,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    // Nobody waits for rows that are being forgotten: another process does the same.
    sqlx::query!(
        "delete from quota_used where (source, seconds, slot) in (
            select quota_used.source, quota_used.seconds, quota_used.slot
            from quota_used
            join unnest($1::int8[], $2::int8[], $3::int8[]) as new (source, seconds, oldest)
                on new.source = quota_used.source and new.seconds = quota_used.seconds
            where quota_used.slot < new.oldest
            for update of quota_used skip locked
        )",
        &sources,
        &seconds,
        &oldest,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    let rows = sqlx::query_as!(
        Row,
        "select source, seconds, slot, requests
        from quota_used
        where (source, seconds) in (
            select source, seconds from unnest($1::int8[], $2::int8[]) as new (source, seconds)
        )
        order by source, seconds, slot",
        &sources,
        &seconds,
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    windows(rows)
}

pub(super) async fn used(
    store: &PostgresStore,
    source: SourceId,
) -> Result<Vec<UsedSoFar>, Unavailable> {
    let rows = sqlx::query_as!(
        Row,
        "select source, seconds, slot, requests
        from quota_used
        where source = $1
        order by seconds, slot",
        source.0,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    windows(rows)
}

/// A row of `quota_used`.
struct Row {
    source: i64,
    seconds: i64,
    slot: i64,
    requests: i64,
}

fn windows(rows: Vec<Row>) -> Result<Vec<UsedSoFar>, Unavailable> {
    let mut windows: Vec<UsedSoFar> = Vec::new();
    for row in rows {
        let source = SourceId(row.source);
        let seconds = u32::try_from(row.seconds).map_err(|_| broken("a window"))?;
        let slot = Slot {
            slot: row.slot,
            used: u32::try_from(row.requests).map_err(|_| broken("a count of requests"))?,
        };
        let same = |one: &&mut UsedSoFar| one.source == source && one.seconds == seconds;
        match windows.last_mut().filter(same) {
            Some(window) => window.slots.push(slot),
            None => windows.push(UsedSoFar {
                source,
                seconds,
                slots: vec![slot],
            }),
        }
    }
    Ok(windows)
}

pub(super) async fn add_hours(
    store: &PostgresStore,
    sources: &[SourceHour],
    requests: &[RequestHour],
) -> Result<(), Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let kinds: Vec<&str> = sources.iter().map(|one| one.kind.wire()).collect();
    let column = |of: fn(&SourceHour) -> i64| sources.iter().map(of).collect::<Vec<i64>>();
    sqlx::query!(
        "insert into source_hour (hour, source, kind, found, absent, troubled, cached, took_us)
        select hour, source, kind, sum(found)::int8, sum(absent)::int8, sum(troubled)::int8,
            sum(cached)::int8, sum(took_us)::int8
        from unnest($1::int8[], $2::int8[], $3::text[], $4::int8[], $5::int8[], $6::int8[],
            $7::int8[], $8::int8[])
            as new (hour, source, kind, found, absent, troubled, cached, took_us)
        group by hour, source, kind
        order by hour, source, kind
        on conflict (hour, source, kind) do update set
            found = source_hour.found + excluded.found,
            absent = source_hour.absent + excluded.absent,
            troubled = source_hour.troubled + excluded.troubled,
            cached = source_hour.cached + excluded.cached,
            took_us = source_hour.took_us + excluded.took_us",
        &column(|one| one.hour),
        &column(|one| one.source.0),
        &kinds as &[&str],
        &column(|one| bound(one.found)),
        &column(|one| bound(one.nothing)),
        &column(|one| bound(one.troubled)),
        &column(|one| bound(one.cached)),
        &column(|one| bound(one.took_us)),
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    let kinds: Vec<&str> = requests.iter().map(|one| one.kind.wire()).collect();
    let verdicts: Vec<i16> = requests.iter().map(|one| one.verdict.number()).collect();
    let column = |of: fn(&RequestHour) -> i64| requests.iter().map(of).collect::<Vec<i64>>();
    sqlx::query!(
        "insert into request_hour (hour, kind, verdict, requests, cached)
        select hour, kind, verdict, sum(requests)::int8, sum(cached)::int8
        from unnest($1::int8[], $2::text[], $3::int2[], $4::int8[], $5::int8[])
            as new (hour, kind, verdict, requests, cached)
        group by hour, kind, verdict
        order by hour, kind, verdict
        on conflict (hour, kind, verdict) do update set
            requests = request_hour.requests + excluded.requests,
            cached = request_hour.cached + excluded.cached",
        &column(|one| one.hour),
        &kinds as &[&str],
        &verdicts,
        &column(|one| bound(one.requests)),
        &column(|one| bound(one.cached)),
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)
}

pub(super) async fn source_hours(
    store: &PostgresStore,
    from: i64,
    to: i64,
) -> Result<Vec<SourceHour>, Unavailable> {
    let rows = sqlx::query!(
        "select hour, source, kind, found, absent, troubled, cached, took_us
        from source_hour
        where hour >= $1 and hour < $2
        order by hour, source, kind",
        from,
        to,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| {
            let count = |number| unsigned(number, "a count of answers");
            Ok(SourceHour {
                hour: row.hour,
                source: SourceId(row.source),
                kind: kind(&row.kind)?,
                found: count(row.found)?,
                nothing: count(row.absent)?,
                troubled: count(row.troubled)?,
                cached: count(row.cached)?,
                took_us: count(row.took_us)?,
            })
        })
        .collect()
}

pub(super) async fn request_hours(
    store: &PostgresStore,
    from: i64,
    to: i64,
) -> Result<Vec<RequestHour>, Unavailable> {
    let rows = sqlx::query!(
        "select hour, kind, verdict, requests, cached
        from request_hour
        where hour >= $1 and hour < $2
        order by hour, kind, verdict",
        from,
        to,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| {
            Ok(RequestHour {
                hour: row.hour,
                kind: kind(&row.kind)?,
                verdict: verdict(row.verdict)?,
                requests: unsigned(row.requests, "a count of requests")?,
                cached: unsigned(row.cached, "a count of requests")?,
            })
        })
        .collect()
}
