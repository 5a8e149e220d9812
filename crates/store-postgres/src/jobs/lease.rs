//! Who works on what, and until when.

use std::time::Duration;

use base::{Unavailable, UnixMicros};
use jobs::{Fence, JobId, Leased, Leases, Want};

use super::{DEAD, RUNNING};
use crate::PostgresStore;
use crate::error::{broken, unavailable};

const BROKE_OFF: &str = "the worker ended, or was silent for longer than its lease";
const TOO_LATE: &str = "its deadline had passed before it was begun";

/// One statement: rows that another worker is about to take are passed over, none is waited for.
pub(super) async fn lease(
    store: &PostgresStore,
    wants: &[Want],
    total: usize,
    worker: &str,
    now: UnixMicros,
) -> Result<Leases, Unavailable> {
    let names: Vec<&str> = wants.iter().map(|want| want.name).collect();
    let limits: Vec<i64> = wants
        .iter()
        .map(|want| i64::try_from(want.limit.min(total)).unwrap_or(i64::MAX))
        .collect();
    let rows = sqlx::query!(
        r#"with found as materialized (
            select due.*
            from unnest($1::text[], $2::int8[]) as want (name, most)
            cross join lateral (
                select id, name, due_at_us, state, failures, attempts_max, deadline_at_us
                from job
                where state < 2 and job.name = want.name and due_at_us <= $3
                order by due_at_us, id
                limit want.most
                for update skip locked
            ) as due
        ), chosen as (
            select id, due_at_us as was_due_at_us, state = 1 as was_running,
                failures + (state = 1)::int as failed,
                state = 1 and failures + 1 >= attempts_max as spent,
                coalesce(deadline_at_us < $3, false) as late
            from (
                select *, row_number() over (partition by name order by due_at_us, id) as turn
                from found
            ) as turns
            order by turn, due_at_us, id
            limit $4
        )
        update job set
            state = case when spent or late then 3 else 1 end,
            failures = failed,
            attempt = case when spent or late then attempt else attempt + 1 end,
            worker = case when spent or late then worker else $5 end,
            due_at_us = case when spent or late then due_at_us else $3 + lease_us end,
            ended_at_us = case when spent or late then $3 end,
            cause = case when was_running then $6 when late then $7 else cause end
        from chosen
        where job.id = chosen.id
        returning job.id, name, payload, attempt, failures, attempts_max, lease_us,
            was_due_at_us as "due_at_us!", state"#,
        &names as &[&str],
        &limits,
        now.0,
        i64::try_from(total).unwrap_or(i64::MAX),
        worker,
        BROKE_OFF,
        TOO_LATE,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let mut leases = Leases::default();
    for row in rows {
        match row.state {
            RUNNING => leases.jobs.push(Leased {
                fence: Fence {
                    job: JobId(row.id),
                    attempt: count(row.attempt)?,
                },
                name: row.name,
                payload: row.payload,
                failures: count(row.failures)?,
                attempts_max: count(row.attempts_max)?,
                lease: Duration::from_micros(
                    u64::try_from(row.lease_us).map_err(|_| broken("a job's lease"))?,
                ),
                due: UnixMicros(row.due_at_us),
            }),
            DEAD => leases.buried += 1,
            _ => return Err(broken("a job's state")),
        }
    }
    // The order in which rows are updated is the server's.
    leases.jobs.sort_by_key(|job| (job.due, job.fence.job));
    leases.next_due = next_due(store, &names).await?;
    Ok(leases)
}

fn count(number: i64) -> Result<u32, Unavailable> {
    u32::try_from(number).map_err(|_| broken("a job's count of attempts"))
}

/// When the next job of the wanted kinds is due, leases that end included.
async fn next_due(
    store: &PostgresStore,
    names: &[&str],
) -> Result<Option<UnixMicros>, Unavailable> {
    let due = sqlx::query_scalar!(
        "select min(soonest.due_at_us) from unnest($1::text[]) as want (name)
        cross join lateral (
            select due_at_us from job
            where state < 2 and job.name = want.name
            order by due_at_us, id
            limit 1
        ) as soonest",
        names as &[&str],
    )
    .fetch_one(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(due.map(UnixMicros))
}

pub(super) async fn extend(
    store: &PostgresStore,
    fence: Fence,
    until: UnixMicros,
) -> Result<bool, Unavailable> {
    let extended = sqlx::query!(
        "update job set due_at_us = $3 where id = $1 and attempt = $2 and state = 1",
        fence.job.0,
        i64::from(fence.attempt),
        until.0,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(extended.rows_affected() == 1)
}
