//! How attempts ended.

use base::UnixMicros;
use jobs::{End, Ended, Fence};
use rusqlite::{Connection, params};

use super::{enqueue, finish};

pub(super) fn settle(
    tx: &Connection,
    ended: &[Ended],
    now: UnixMicros,
) -> rusqlite::Result<Vec<Fence>> {
    let mut stale = Vec::new();
    for Ended { fence, how } in ended {
        let written = match how {
            End::Done(then) => {
                let finished = finish(tx, *fence, now)?;
                if finished {
                    enqueue(tx, then, now)?;
                }
                finished
            }
            End::Failed { again, cause } => fail(tx, *fence, *again, cause, now)?,
            End::Later(due) => put_off(tx, *fence, *due)?,
            End::GivenUp(cause) => give_up(tx, *fence, cause, now)?,
        };
        if !written {
            stale.push(*fence);
        }
    }
    Ok(stale)
}

fn fail(
    tx: &Connection,
    fence: Fence,
    again: UnixMicros,
    cause: &str,
    now: UnixMicros,
) -> rusqlite::Result<bool> {
    let written = tx
        .prepare_cached(
            "update job set failures = failures + 1, cause = ?4, due_at_us = ?3,
                 state = case when failures + 1 >= attempts_max then 3 else 0 end,
                 ended_at_us = case when failures + 1 >= attempts_max then ?5 end
             where id = ?1 and attempt = ?2 and state = 1",
        )?
        .execute(params![fence.job.0, fence.attempt, again.0, cause, now.0])?;
    Ok(written == 1)
}

fn put_off(tx: &Connection, fence: Fence, due: UnixMicros) -> rusqlite::Result<bool> {
    let written = tx
        .prepare_cached(
            "update job set state = 0, due_at_us = ?3
             where id = ?1 and attempt = ?2 and state = 1",
        )?
        .execute(params![fence.job.0, fence.attempt, due.0])?;
    Ok(written == 1)
}

fn give_up(tx: &Connection, fence: Fence, cause: &str, now: UnixMicros) -> rusqlite::Result<bool> {
    let written = tx
        .prepare_cached(
            "update job set failures = failures + 1, state = 3, cause = ?3, ended_at_us = ?4
             where id = ?1 and attempt = ?2 and state = 1",
        )?
        .execute(params![fence.job.0, fence.attempt, cause, now.0])?;
    Ok(written == 1)
}
