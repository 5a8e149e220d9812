//! Counters: quotas that outlive a restart, and who was asked how often by the hour.

use intel::SourceId;
use intel::lookups::{RequestHour, Slot, SourceHour, Used, UsedSoFar};
use rusqlite::{Connection, params};

use super::rows::{kind, verdict};
use crate::rows::{number, signed};

pub(super) fn add_used(tx: &Connection, used: &[Used]) -> rusqlite::Result<Vec<UsedSoFar>> {
    let mut add = tx.prepare_cached(
        "insert into quota_used (source, seconds, slot, requests) values (?1, ?2, ?3, ?4)
         on conflict (source, seconds, slot) do update set requests = requests + excluded.requests",
    )?;
    let mut forget = tx.prepare_cached(
        "delete from quota_used where source = ?1 and seconds = ?2 and slot < ?3",
    )?;
    let mut windows: Vec<(i64, u32)> = Vec::new();
    for one in used {
        add.execute(params![one.source.0, one.seconds, one.slot, one.requests])?;
        forget.execute(params![one.source.0, one.seconds, one.forget_before])?;
        windows.push((one.source.0, one.seconds));
    }
    windows.sort_unstable();
    windows.dedup();
    let mut select = tx.prepare_cached(
        "select slot, requests from quota_used where source = ?1 and seconds = ?2 order by slot",
    )?;
    let mut so_far = Vec::with_capacity(windows.len());
    for (source, seconds) in windows {
        let slots = select.query_map(params![source, seconds], |row| {
            Ok(Slot {
                slot: row.get(0)?,
                used: row.get(1)?,
            })
        })?;
        so_far.push(UsedSoFar {
            source: SourceId(source),
            seconds,
            slots: slots.collect::<Result<_, _>>()?,
        });
    }
    Ok(so_far)
}

pub(super) fn used(db: &Connection, source: SourceId) -> rusqlite::Result<Vec<UsedSoFar>> {
    let mut select = db.prepare_cached(
        "select seconds, slot, requests from quota_used where source = ?1 order by seconds, slot",
    )?;
    let mut rows = select.query([source.0])?;
    let mut windows: Vec<UsedSoFar> = Vec::new();
    while let Some(row) = rows.next()? {
        let seconds = row.get(0)?;
        let slot = Slot {
            slot: row.get(1)?,
            used: row.get(2)?,
        };
        match windows.last_mut().filter(|one| one.seconds == seconds) {
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

pub(super) fn add_hours(
    tx: &Connection,
    sources: &[SourceHour],
    requests: &[RequestHour],
) -> rusqlite::Result<()> {
    let mut add = tx.prepare_cached(
        "insert into source_hour (hour, source, kind, found, absent, troubled, cached, took_us)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         on conflict (hour, source, kind) do update set
             found = found + excluded.found,
             absent = absent + excluded.absent,
             troubled = troubled + excluded.troubled,
             cached = cached + excluded.cached,
             took_us = took_us + excluded.took_us",
    )?;
    for one in sources {
        add.execute(params![
            one.hour,
            one.source.0,
            one.kind.wire(),
            signed(one.found),
            signed(one.nothing),
            signed(one.troubled),
            signed(one.cached),
            signed(one.took_us),
        ])?;
    }
    let mut add = tx.prepare_cached(
        "insert into request_hour (hour, kind, verdict, requests, cached)
         values (?1, ?2, ?3, ?4, ?5)
         on conflict (hour, kind, verdict) do update set
             requests = requests + excluded.requests,
             cached = cached + excluded.cached",
    )?;
    for one in requests {
        add.execute(params![
            one.hour,
            one.kind.wire(),
            one.verdict.number(),
            signed(one.requests),
            signed(one.cached),
        ])?;
    }
    Ok(())
}

pub(super) fn source_hours(
    db: &Connection,
    from: i64,
    to: i64,
) -> rusqlite::Result<Vec<SourceHour>> {
    db.prepare_cached(
        "select hour, source, kind, found, absent, troubled, cached, took_us
         from source_hour
         where hour >= ?1 and hour < ?2
         order by hour, source, kind",
    )?
    .query_map(params![from, to], |row| {
        Ok(SourceHour {
            hour: row.get(0)?,
            source: SourceId(row.get(1)?),
            kind: kind(row, 2)?,
            found: number(row, 3)?,
            nothing: number(row, 4)?,
            troubled: number(row, 5)?,
            cached: number(row, 6)?,
            took_us: number(row, 7)?,
        })
    })?
    .collect()
}

pub(super) fn request_hours(
    db: &Connection,
    from: i64,
    to: i64,
) -> rusqlite::Result<Vec<RequestHour>> {
    db.prepare_cached(
        "select hour, kind, verdict, requests, cached
         from request_hour
         where hour >= ?1 and hour < ?2
         order by hour, kind, verdict",
    )?
    .query_map(params![from, to], |row| {
        Ok(RequestHour {
            hour: row.get(0)?,
            kind: kind(row, 1)?,
            verdict: verdict(row, 2)?,
            requests: number(row, 3)?,
            cached: number(row, 4)?,
        })
    })?
    .collect()
}
