//! Schedules: when each is due next, remembered.

use base::{Unavailable, UnixMicros};
use jobs::{NewJob, ScheduleRow};

use super::enqueue;
use crate::PostgresStore;
use crate::error::unavailable;

pub(super) async fn plan(
    store: &PostgresStore,
    name: &str,
    rule: &str,
    first: UnixMicros,
) -> Result<ScheduleRow, Unavailable> {
    sqlx::query!(
        "insert into job_schedule (name, rule, due_at_us) values ($1, $2, $3)
        on conflict (name) do update set rule = excluded.rule, due_at_us = excluded.due_at_us
        where job_schedule.rule <> excluded.rule",
        name,
        rule,
        first.0,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    let row = sqlx::query!(
        "select name, rule, due_at_us, last_at_us from job_schedule where name = $1",
        name,
    )
    .fetch_one(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(schedule(row.name, row.rule, row.due_at_us, row.last_at_us))
}

fn schedule(name: String, rule: String, due_at_us: i64, last_at_us: Option<i64>) -> ScheduleRow {
    ScheduleRow {
        name,
        rule,
        next: UnixMicros(due_at_us),
        last: last_at_us.map(UnixMicros),
    }
}

pub(super) async fn schedules(store: &PostgresStore) -> Result<Vec<ScheduleRow>, Unavailable> {
    let rows =
        sqlx::query!("select name, rule, due_at_us, last_at_us from job_schedule order by name")
            .fetch_all(store.pool())
            .await
            .map_err(unavailable)?;
    let row = rows.into_iter();
    Ok(row
        .map(|row| schedule(row.name, row.rule, row.due_at_us, row.last_at_us))
        .collect())
}

pub(super) async fn fire(
    store: &PostgresStore,
    name: &str,
    due: UnixMicros,
    next: UnixMicros,
    job: Option<&NewJob>,
    now: UnixMicros,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let fired = sqlx::query!(
        "update job_schedule
        set due_at_us = $3, last_at_us = case when $4 then $5 else last_at_us end
        where name = $1 and due_at_us = $2",
        name,
        due.0,
        next.0,
        job.is_some(),
        now.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if fired.rows_affected() == 0 {
        tx.rollback().await.map_err(unavailable)?;
        return Ok(false);
    }
    if let Some(job) = job {
        enqueue(&mut tx, std::slice::from_ref(job), now).await?;
    }
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}
