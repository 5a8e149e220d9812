//! What a person sees of background work.

use std::collections::BTreeMap;

use base::UnixMicros;
use jobs::{JobCursor, JobId, JobList, JobPage, JobRow, JobState, KindCounts};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use super::{DEAD, DONE, RUNNING, WAITING};
use crate::error::damaged;
use crate::rows::{number, signed};

/// Columns id, name, payload, `unique_key`, state, `created_at_us`, `due_at_us`, `deadline_at_us`,
/// attempt, failures, `attempts_max`, worker, `ended_at_us`, cause.
fn job_row(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    let time = |at| -> rusqlite::Result<Option<UnixMicros>> {
        Ok(row.get::<_, Option<i64>>(at)?.map(UnixMicros))
    };
    Ok(JobRow {
        id: JobId(row.get(0)?),
        name: row.get(1)?,
        payload: row.get(2)?,
        unique: row.get(3)?,
        state: match row.get(4)? {
            WAITING => JobState::Waiting,
            RUNNING => JobState::Running,
            DONE => JobState::Done,
            DEAD => JobState::Dead,
            _ => return Err(damaged("state of a job")),
        },
        created: UnixMicros(row.get(5)?),
        due: UnixMicros(row.get(6)?),
        deadline: time(7)?,
        attempt: row.get(8)?,
        failures: row.get(9)?,
        attempts_max: row.get(10)?,
        worker: row.get(11)?,
        ended: time(12)?,
        cause: row.get(13)?,
    })
}

pub(super) fn job(db: &Connection, id: JobId) -> rusqlite::Result<Option<JobRow>> {
    db.prepare_cached(
        "select id, name, payload, unique_key, state, created_at_us, due_at_us, deadline_at_us,
             attempt, failures, attempts_max, worker, ended_at_us, cause
         from job where id = ?1",
    )?
    .query_row([id.0], job_row)
    .optional()
}

pub(super) fn page(
    db: &Connection,
    list: &JobList,
    after: Option<JobCursor>,
    limit: usize,
) -> rusqlite::Result<JobPage> {
    // One row more than asked for tells whether others follow.
    let rows_max = signed(limit as u64).saturating_add(1);
    let (at, id) = after.map_or((i64::MAX, i64::MAX), |after| (after.at.0, after.id.0));
    let jobs = match list {
        JobList::Unfinished { name } => {
            let (at, id) = after.map_or((i64::MIN, 0), |after| (after.at.0, after.id.0));
            rows(
                db,
                "select id, name, payload, unique_key, state, created_at_us, due_at_us,
                     deadline_at_us, attempt, failures, attempts_max, worker, ended_at_us, cause
                 from job
                 where state < 2 and name = ?1 and (due_at_us, id) > (?2, ?3)
                 order by due_at_us, id
                 limit ?4",
                params![name, at, id, rows_max],
            )
        }
        JobList::Done => rows(
            db,
            "select id, name, payload, unique_key, state, created_at_us, due_at_us,
                 deadline_at_us, attempt, failures, attempts_max, worker, ended_at_us, cause
             from job
             where state = 2 and (ended_at_us, id) < (?1, ?2)
             order by ended_at_us desc, id desc
             limit ?3",
            params![at, id, rows_max],
        ),
        JobList::Dead { name } => rows(
            db,
            "select id, name, payload, unique_key, state, created_at_us, due_at_us,
                 deadline_at_us, attempt, failures, attempts_max, worker, ended_at_us, cause
             from job
             where state = 3 and (ended_at_us, id) < (?1, ?2) and name = coalesce(?4, name)
             order by ended_at_us desc, id desc
             limit ?3",
            params![at, id, rows_max, name],
        ),
    }?;
    Ok(JobPage::of(list, jobs, limit))
}

fn rows(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<JobRow>> {
    db.prepare_cached(sql)?
        .query_map(params, job_row)?
        .collect()
}

/// What is ready is counted in the index alone: it may be a million rows. What runs is looked for
/// only among what is due later.
pub(super) fn counts(db: &Connection, now: UnixMicros) -> rusqlite::Result<Vec<KindCounts>> {
    let mut kinds: BTreeMap<String, KindCounts> = BTreeMap::new();
    let mut ready = db.prepare_cached(
        "select name, count(*), min(due_at_us) from job indexed by job_by_due
         where state < 2 and due_at_us <= ?1
         group by name",
    )?;
    let mut found = ready.query([now.0])?;
    while let Some(row) = found.next()? {
        let counts = kind(&mut kinds, row.get(0)?);
        counts.ready = number(row, 1)?;
        counts.oldest_ready = Some(UnixMicros(row.get(2)?));
    }
    let mut later = db.prepare_cached(
        "select name, state, count(*) from job indexed by job_by_due
         where state < 2 and due_at_us > ?1
         group by name, state",
    )?;
    let mut found = later.query([now.0])?;
    while let Some(row) = found.next()? {
        let counts = kind(&mut kinds, row.get(0)?);
        if row.get::<_, i64>(1)? == RUNNING {
            counts.running = number(row, 2)?;
        } else {
            counts.delayed = number(row, 2)?;
        }
    }
    let mut ended = db.prepare_cached(
        "select name, 2, count(*) from job where state = 2 group by name
         union all
         select name, 3, count(*) from job where state = 3 group by name",
    )?;
    let mut found = ended.query([])?;
    while let Some(row) = found.next()? {
        let counts = kind(&mut kinds, row.get(0)?);
        if row.get::<_, i64>(1)? == DONE {
            counts.done = number(row, 2)?;
        } else {
            counts.dead = number(row, 2)?;
        }
    }
    Ok(kinds.into_values().collect())
}

fn kind(kinds: &mut BTreeMap<String, KindCounts>, name: String) -> &mut KindCounts {
    let counts = kinds.entry(name.clone()).or_default();
    counts.name = name;
    counts
}

pub(super) fn inspect(db: &Connection) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached(
        "select 'job ' || id || ' (' || name || '): ' || case
             when state not between 0 and 3 then 'its state is none that we write'
             when state >= 2 and ended_at_us is null then 'it ended, but not at any time'
             when state < 2 and ended_at_us is not null then 'it has ended and has not'
             when state = 1 and worker is null then 'it runs, but nobody has it'
             when state = 1 and attempt = 0 then 'it runs, but no attempt was begun'
             when state = 3 and cause is null then 'it was given up for no cause'
             when not json_valid(payload) then 'its payload is no JSON'
         end as words
         from job
         where words is not null
         order by id
         limit 100",
    )?
    .query_map([], |row| row.get(0))?
    .collect()
}
