//! Schedules: when each is due next, remembered.

use base::UnixMicros;
use jobs::{NewJob, ScheduleRow};
use rusqlite::{Connection, Row, params};

use super::enqueue;

/// Columns name, rule, `due_at_us`, `last_at_us`.
fn schedule(row: &Row<'_>) -> rusqlite::Result<ScheduleRow> {
    Ok(ScheduleRow {
        name: row.get(0)?,
        rule: row.get(1)?,
        next: UnixMicros(row.get(2)?),
        last: row.get::<_, Option<i64>>(3)?.map(UnixMicros),
    })
}

pub(super) fn plan(
    tx: &Connection,
    name: &str,
    rule: &str,
    first: UnixMicros,
) -> rusqlite::Result<ScheduleRow> {
    tx.prepare_cached(
        "insert into job_schedule (name, rule, due_at_us) values (?1, ?2, ?3)
         on conflict (name) do update set rule = excluded.rule, due_at_us = excluded.due_at_us
         where job_schedule.rule <> excluded.rule",
    )?
    .execute(params![name, rule, first.0])?;
    tx.prepare_cached("select name, rule, due_at_us, last_at_us from job_schedule where name = ?1")?
        .query_row([name], schedule)
}

pub(super) fn schedules(db: &Connection) -> rusqlite::Result<Vec<ScheduleRow>> {
    db.prepare_cached("select name, rule, due_at_us, last_at_us from job_schedule order by name")?
        .query_map([], schedule)?
        .collect()
}

pub(super) fn fire(
    tx: &Connection,
    name: &str,
    due: UnixMicros,
    next: UnixMicros,
    job: Option<&NewJob>,
    now: UnixMicros,
) -> rusqlite::Result<bool> {
    let fired = tx
        .prepare_cached(
            "update job_schedule
             set due_at_us = ?3, last_at_us = case when ?4 then ?5 else last_at_us end
             where name = ?1 and due_at_us = ?2",
        )?
        .execute(params![name, due.0, next.0, job.is_some(), now.0])?;
    if fired == 0 {
        return Ok(false);
    }
    if let Some(job) = job {
        enqueue(tx, std::slice::from_ref(job), now)?;
    }
    Ok(true)
}
