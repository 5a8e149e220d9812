//! Background work: what other rooms' transactions call, and the parts of the store beside it.

mod lease;
mod list;
mod plan;
mod settle;
mod store;

use base::UnixMicros;
use jobs::{Fence, JobId, NewJob, Replay};
use rusqlite::{Connection, params};

use self::lease::{extend, lease};
use self::list::{counts, inspect, job, page};
use self::plan::{fire, plan, schedules};
use self::settle::settle;
use crate::rows::{micros, signed};

/// What `state` says. Rows carry these numbers: never change them.
const WAITING: i64 = 0;
const RUNNING: i64 = 1;
const DONE: i64 = 2;
const DEAD: i64 = 3;

/// Writes jobs in the transaction of what they follow. One whose unique key is taken is left out.
pub(crate) fn enqueue(tx: &Connection, jobs: &[NewJob], now: UnixMicros) -> rusqlite::Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let mut insert = tx.prepare_cached(
        "insert into job (name, payload, unique_key, keep, attempts_max, lease_us, deadline_at_us,
             created_at_us, state, due_at_us, attempt, failures)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, 0, 0)
         on conflict (name, unique_key) where state < 2 and unique_key is not null do nothing",
    )?;
    for job in jobs {
        insert.execute(params![
            job.name,
            job.payload,
            job.unique,
            job.keep,
            job.attempts_max,
            micros(job.lease),
            job.deadline.map(|deadline| deadline.0),
            now.0,
            job.due.map_or(now.0, |due| due.0),
        ])?;
    }
    Ok(())
}

/// Marks a job as done in the transaction of its effect. `false`: the fence is stale, and the effect
/// must be rolled back.
pub(crate) fn finish(tx: &Connection, fence: Fence, now: UnixMicros) -> rusqlite::Result<bool> {
    let gone = tx
        .prepare_cached(
            "delete from job where id = ?1 and attempt = ?2 and state = 1 and keep = 0",
        )?
        .execute(params![fence.job.0, fence.attempt])?;
    if gone == 1 {
        return Ok(true);
    }
    let marked = tx
        .prepare_cached(
            "update job set state = 2, ended_at_us = ?3
             where id = ?1 and attempt = ?2 and state = 1",
        )?
        .execute(params![fence.job.0, fence.attempt, now.0])?;
    Ok(marked == 1)
}

fn replay(tx: &Connection, id: JobId, now: UnixMicros) -> rusqlite::Result<Replay> {
    let dead = tx
        .prepare_cached("select 1 from job where id = ?1 and state = 3")?
        .exists([id.0])?;
    if !dead {
        return Ok(Replay::NotDead);
    }
    let revived = tx
        .prepare_cached(
            "update or ignore job
             set state = 0, due_at_us = ?2, failures = 0, deadline_at_us = null, ended_at_us = null
             where id = ?1 and state = 3",
        )?
        .execute(params![id.0, now.0])?;
    Ok(if revived == 1 {
        Replay::Done
    } else {
        Replay::KeyTaken
    })
}

fn replay_kind(
    tx: &Connection,
    name: &str,
    limit: usize,
    now: UnixMicros,
) -> rusqlite::Result<u64> {
    let dead: Vec<i64> = tx
        .prepare_cached(
            "select id from job where state = 3 and name = ?1 order by ended_at_us, id limit ?2",
        )?
        .query_map(params![name, signed(limit as u64)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut replayed = 0;
    for id in dead {
        replayed += u64::from(replay(tx, JobId(id), now)? == Replay::Done);
    }
    Ok(replayed)
}

fn discard(tx: &Connection, id: JobId) -> rusqlite::Result<bool> {
    let gone = tx
        .prepare_cached("delete from job where id = ?1 and state = 3")?
        .execute([id.0])?;
    Ok(gone == 1)
}

fn sweep(tx: &Connection, before: UnixMicros, limit: usize) -> rusqlite::Result<u64> {
    let gone = tx
        .prepare_cached(
            "delete from job where id in (
                 select id from job where state = 2 and ended_at_us < ?1
                 order by ended_at_us
                 limit ?2
             )",
        )?
        .execute(params![before.0, signed(limit as u64)])?;
    Ok(gone as u64)
}

/// The fence that a row's columns make.
fn fence(id: i64, attempt: u32) -> Fence {
    Fence {
        job: JobId(id),
        attempt,
    }
}
