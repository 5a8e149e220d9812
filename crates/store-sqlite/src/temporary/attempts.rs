//! What was tried how often, and until when it may not be tried again.

use accounts::{ATTEMPTS_REMEMBERED, Limit, SecretHash};
use base::UnixMicros;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::rows::{micros, signed};

/// Counts an attempt against all limits, unless one of them is closed.
pub(crate) fn count(
    tx: &Connection,
    limits: &[Limit],
    now: UnixMicros,
) -> rusqlite::Result<Option<UnixMicros>> {
    let mut find =
        tx.prepare_cached("select count, last_at_us, closed_until_us from attempt where key = ?1")?;
    let mut counts = Vec::with_capacity(limits.len());
    let mut closed_until: Option<i64> = None;
    for limit in limits {
        let found: Option<(u32, i64, i64)> = find
            .query_row([limit.key.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let (count, last_at, closed) = found.unwrap_or((0, now.0, 0));
        if closed > now.0 {
            closed_until = closed_until.max(Some(closed));
        }
        let forgotten = now.since(UnixMicros(last_at)) >= ATTEMPTS_REMEMBERED;
        counts.push(if forgotten { 0 } else { count });
    }
    if let Some(until) = closed_until {
        return Ok(Some(UnixMicros(until)));
    }
    let mut put = tx.prepare_cached(
        "insert into attempt (key, count, last_at_us, closed_until_us) values (?1, ?2, ?3, ?4)
         on conflict (key) do update set count = excluded.count,
             last_at_us = excluded.last_at_us, closed_until_us = excluded.closed_until_us",
    )?;
    for (limit, count) in limits.iter().zip(counts) {
        let count = count.saturating_add(1);
        let closed_until = now.plus(limit.pause(count));
        put.execute(params![limit.key.0, count, now.0, closed_until.0])?;
    }
    Ok(None)
}

pub(crate) fn forgive(tx: &Connection, keys: &[SecretHash], all: bool) -> rusqlite::Result<()> {
    for key in keys {
        if all {
            tx.prepare_cached("delete from attempt where key = ?1")?
                .execute([key.0])?;
        } else {
            tx.prepare_cached("update attempt set count = max(count - 1, 0) where key = ?1")?
                .execute([key.0])?;
        }
    }
    Ok(())
}

/// Deletes what is forgotten.
pub(crate) fn sweep(tx: &Connection, now: UnixMicros, limit: usize) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "delete from attempt where key in (
             select key from attempt
             where last_at_us <= ?1 - ?2 and closed_until_us <= ?1 limit ?3)",
    )?
    .execute(params![
        now.0,
        micros(ATTEMPTS_REMEMBERED),
        signed(limit as u64)
    ])
}
