//! Background work: what other rooms' transactions call, and the parts of the store beside it.

mod lease;
mod list;
mod plan;
mod settle;
mod store;

use base::{Unavailable, UnixMicros};
use jobs::{Fence, JobId, NewJob, Replay};
use sqlx::PgConnection;

use self::lease::{extend, lease};
use self::list::{counts, inspect, job, page};
use self::plan::{fire, plan, schedules};
use self::settle::settle;
use crate::PostgresStore;
use crate::error::unavailable;
use crate::rows::micros;

/// What `state` says. Rows carry these numbers: never change them.
const WAITING: i16 = 0;
const RUNNING: i16 = 1;
const DONE: i16 = 2;
const DEAD: i16 = 3;

/// Writes jobs in the transaction of what they follow. One whose unique key is taken is left out.
pub(crate) async fn enqueue(
    tx: &mut PgConnection,
    jobs: &[NewJob],
    now: UnixMicros,
) -> Result<(), Unavailable> {
    if jobs.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = jobs.iter().map(|job| job.name).collect();
    let payloads: Vec<&str> = jobs.iter().map(|job| &job.payload[..]).collect();
    let keys: Vec<Option<&str>> = jobs.iter().map(|job| job.unique.as_deref()).collect();
    let keeps: Vec<bool> = jobs.iter().map(|job| job.keep).collect();
    let attempts: Vec<i64> = jobs.iter().map(|job| job.attempts_max.into()).collect();
    let leases: Vec<i64> = jobs.iter().map(|job| micros(job.lease)).collect();
    let deadlines: Vec<Option<i64>> = jobs
        .iter()
        .map(|job| job.deadline.map(|deadline| deadline.0))
        .collect();
    let dues: Vec<i64> = jobs
        .iter()
        .map(|job| job.due.map_or(now.0, |due| due.0))
        .collect();
    sqlx::query!(
        r#"insert into job (name, payload, unique_key, keep, attempts_max, lease_us, deadline_at_us,
            created_at_us, state, due_at_us, attempt, failures)
        select name, payload, unique_key, keep, attempts_max, lease_us, deadline_at_us,
            $9, 0, due_at_us, 0, 0
        from unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::int8[], $6::int8[],
            $7::int8[], $8::int8[]) with ordinality
            as new (name, payload, unique_key, keep, attempts_max, lease_us, deadline_at_us,
                due_at_us, place)
        order by place
        on conflict (name, unique_key) where state < 2 and unique_key is not null do nothing"#,
        &names as &[&str],
        &payloads as &[&str],
        &keys as &[Option<&str>],
        &keeps,
        &attempts,
        &leases,
        &deadlines as &[Option<i64>],
        &dues,
        now.0,
    )
    .execute(tx)
    .await
    .map_err(unavailable)?;
    Ok(())
}

async fn enqueue_alone(
    store: &PostgresStore,
    jobs: &[NewJob],
    now: UnixMicros,
) -> Result<(), Unavailable> {
    let mut connection = store.pool().acquire().await.map_err(unavailable)?;
    enqueue(&mut connection, jobs, now).await
}

/// Marks a job as done in the transaction of its effect. `false`: the fence is stale, and the effect
/// must be rolled back. The row stays locked until the transaction ends.
#[allow(dead_code, reason = "for other rooms' transactions")]
pub(crate) async fn finish(
    tx: &mut PgConnection,
    fence: Fence,
    now: UnixMicros,
) -> Result<bool, Unavailable> {
    Ok(finish_many(tx, &[fence], now).await?.len() == 1)
}

/// The same for many; answers the numbers of those that were marked. Rows are locked in the order
/// of their numbers, so that two transactions never wait for each other.
pub(crate) async fn finish_many(
    tx: &mut PgConnection,
    fences: &[Fence],
    now: UnixMicros,
) -> Result<Vec<i64>, Unavailable> {
    let (ids, attempts) = columns(fences);
    sqlx::query_scalar!(
        r#"with ours as materialized (
            select job.id, job.keep
            from unnest($1::int8[], $2::int8[]) as fence (id, attempt)
            join job on job.id = fence.id and job.attempt = fence.attempt
            where job.state = 1
            order by job.id
            for update of job
        ), gone as (
            delete from job using ours where job.id = ours.id and not ours.keep
        ), marked as (
            update job set state = 2, ended_at_us = $3
            from ours where job.id = ours.id and ours.keep
        )
        select id from ours"#,
        &ids,
        &attempts,
        now.0,
    )
    .fetch_all(tx)
    .await
    .map_err(unavailable)
}

/// One statement: should somebody write a job of its key at this very moment, the index says so.
async fn replay(store: &PostgresStore, id: JobId, now: UnixMicros) -> Result<Replay, Unavailable> {
    let revived = sqlx::query!(
        "update job
        set state = 0, due_at_us = $2, failures = 0, deadline_at_us = null, ended_at_us = null
        where id = $1 and state = 3",
        id.0,
        now.0,
    )
    .execute(store.pool())
    .await;
    match revived {
        Ok(done) if done.rows_affected() == 1 => Ok(Replay::Done),
        Ok(_) => Ok(Replay::NotDead),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(Replay::KeyTaken),
        Err(error) => Err(unavailable(error)),
    }
}

async fn replay_kind(
    store: &PostgresStore,
    name: &str,
    limit: usize,
    now: UnixMicros,
) -> Result<u64, Unavailable> {
    let dead = sqlx::query_scalar!(
        "select id from job where state = 3 and name = $1 order by ended_at_us, id limit $2",
        name,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let mut replayed = 0;
    for id in dead {
        replayed += u64::from(replay(store, JobId(id), now).await? == Replay::Done);
    }
    Ok(replayed)
}

async fn discard(store: &PostgresStore, id: JobId) -> Result<bool, Unavailable> {
    let gone = sqlx::query!("delete from job where id = $1 and state = 3", id.0)
        .execute(store.pool())
        .await
        .map_err(unavailable)?;
    Ok(gone.rows_affected() == 1)
}

async fn sweep(
    store: &PostgresStore,
    before: UnixMicros,
    limit: usize,
) -> Result<u64, Unavailable> {
    let gone = sqlx::query!(
        "delete from job where id in (
            select id from job where state = 2 and ended_at_us < $1
            order by ended_at_us, id
            limit $2
            for update skip locked
        )",
        before.0,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(gone.rows_affected())
}

/// Fences, one array per column.
fn columns(fences: &[Fence]) -> (Vec<i64>, Vec<i64>) {
    fences
        .iter()
        .map(|fence| (fence.job.0, i64::from(fence.attempt)))
        .unzip()
}
