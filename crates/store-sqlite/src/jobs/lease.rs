//! Who works on what, and until when.

use std::time::Duration;

use base::UnixMicros;
use jobs::{Fence, Leased, Leases, Want};
use rusqlite::{Connection, Row, params};

use super::{DEAD, RUNNING, fence};
use crate::rows::{number, signed};

/// A due job, and what its row says that a worker need not know.
struct Due {
    job: Leased,
    id: i64,
    attempt: u32,
    deadline_us: Option<i64>,
    was_running: bool,
}

/// Columns id, name, payload, attempt, failures, `attempts_max`, `lease_us`, `due_at_us`,
/// `deadline_at_us`, state.
fn due(row: &Row<'_>) -> rusqlite::Result<Due> {
    let (id, attempt) = (row.get(0)?, row.get(3)?);
    Ok(Due {
        job: Leased {
            fence: fence(id, attempt),
            name: row.get(1)?,
            payload: row.get(2)?,
            failures: row.get(4)?,
            attempts_max: row.get(5)?,
            lease: Duration::from_micros(number(row, 6)?),
            due: UnixMicros(row.get(7)?),
        },
        id,
        attempt,
        deadline_us: row.get(8)?,
        was_running: row.get::<_, i64>(9)? == RUNNING,
    })
}

pub(super) fn lease(
    tx: &Connection,
    wants: &[Want],
    total: usize,
    worker: &str,
    now: UnixMicros,
) -> rusqlite::Result<Leases> {
    let mut select = tx.prepare_cached(
        "select id, name, payload, attempt, failures, attempts_max, lease_us, due_at_us,
             deadline_at_us, state
         from job
         where state < 2 and name = ?1 and due_at_us <= ?2
         order by due_at_us, id
         limit ?3",
    )?;
    let mut queues = Vec::with_capacity(wants.len());
    for want in wants {
        let limit = signed(want.limit.min(total) as u64);
        let found: Vec<Due> = select
            .query_map(params![want.name, now.0, limit], due)?
            .collect::<Result<_, _>>()?;
        if !found.is_empty() {
            queues.push(found.into_iter());
        }
    }
    let mut leases = Leases::default();
    let mut left = total;
    // The kinds take turns.
    while left > 0 && !queues.is_empty() {
        queues.retain_mut(|queue| queue.len() > 0);
        for queue in &mut queues {
            if left == 0 {
                break;
            }
            if let Some(found) = queue.next() {
                left -= 1;
                take(tx, found, worker, now, &mut leases)?;
            }
        }
    }
    leases.next_due = next_due(tx, wants)?;
    Ok(leases)
}

/// Gives one job to the worker, or buries it.
fn take(
    tx: &Connection,
    found: Due,
    worker: &str,
    now: UnixMicros,
    leases: &mut Leases,
) -> rusqlite::Result<()> {
    let Due {
        mut job,
        id,
        attempt,
        deadline_us,
        was_running,
    } = found;
    let broke_off = "the worker ended, or was silent for longer than its lease";
    if was_running {
        job.failures = job.failures.saturating_add(1);
    }
    let spent = was_running && job.failures >= job.attempts_max;
    let late = deadline_us.is_some_and(|deadline| deadline < now.0);
    if spent || late {
        let cause = if spent {
            broke_off
        } else {
            "its deadline had passed before it was begun"
        };
        tx.prepare_cached(
            "update job set state = ?2, failures = ?3, cause = ?4, ended_at_us = ?5 where id = ?1",
        )?
        .execute(params![id, DEAD, job.failures, cause, now.0])?;
        leases.buried += 1;
        return Ok(());
    }
    job.fence = fence(id, attempt.saturating_add(1));
    tx.prepare_cached(
        "update job set state = ?2, attempt = ?3, failures = ?4, worker = ?5, due_at_us = ?6,
             cause = coalesce(?7, cause)
         where id = ?1",
    )?
    .execute(params![
        id,
        RUNNING,
        job.fence.attempt,
        job.failures,
        worker,
        now.plus(job.lease).0,
        was_running.then_some(broke_off),
    ])?;
    leases.jobs.push(job);
    Ok(())
}

/// When the next job of the wanted kinds is due, leases that end included.
fn next_due(db: &Connection, wants: &[Want]) -> rusqlite::Result<Option<UnixMicros>> {
    let mut select =
        db.prepare_cached("select min(due_at_us) from job where state < 2 and name = ?1")?;
    let mut next: Option<i64> = None;
    for want in wants {
        let due: Option<i64> = select.query_row([want.name], |row| row.get(0))?;
        next = [next, due].into_iter().flatten().min();
    }
    Ok(next.map(UnixMicros))
}

pub(super) fn extend(tx: &Connection, fence: Fence, until: UnixMicros) -> rusqlite::Result<bool> {
    let extended = tx
        .prepare_cached(
            "update job set due_at_us = ?3 where id = ?1 and attempt = ?2 and state = 1",
        )?
        .execute(params![fence.job.0, fence.attempt, until.0])?;
    Ok(extended == 1)
}
