//! Watches.

use std::time::Duration;

use base::{UnixMicros, UserId};
use intel::Verdict;
use intel::lookups::stored::sources_text;
use intel::lookups::{NewWatch, RequestId, Watch, WatchFilter, WatchId, Watched};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::rows::{indicator, sources, time, tlp, verdict};
use super::{indicator_number, known_indicator};
use crate::rows::{micros, number, signed};

pub(super) fn insert(tx: &Connection, watch: &NewWatch) -> rusqlite::Result<Option<WatchId>> {
    let is_there = tx
        .prepare_cached("select 1 from account where id = ?1")?
        .exists([watch.user.0])?;
    if !is_there {
        return Ok(None);
    }
    let indicator = indicator_number(tx, &watch.indicator, watch.created)?;
    let id = tx
        .prepare_cached(
            "insert into watch (account, indicator, sources, tlp, every_us, created_at_us,
                 due_at_us, verdict)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .insert(params![
            watch.user.0,
            indicator,
            sources_text(watch.sources.as_deref()),
            watch.tlp.name(),
            micros(watch.every),
            watch.created.0,
            watch.next.0,
            Verdict::Unknown.number(),
        ])?;
    Ok(Some(WatchId(id)))
}

/// Columns id, account, kind, value, sources, tlp, `every_us`, `created_at_us`, `due_at_us`, last,
/// verdict, `changed_at_us`.
fn watch_row(row: &Row<'_>) -> rusqlite::Result<Watch> {
    Ok(Watch {
        id: WatchId(row.get(0)?),
        user: UserId(row.get(1)?),
        indicator: indicator(row, 2)?,
        sources: sources(row, 4)?,
        tlp: tlp(row, 5)?,
        every: Duration::from_micros(number(row, 6)?),
        created: UnixMicros(row.get(7)?),
        next: UnixMicros(row.get(8)?),
        last: row.get::<_, Option<i64>>(9)?.map(RequestId),
        verdict: verdict(row, 10)?,
        changed: time(row, 11)?,
    })
}

pub(super) fn watch(db: &Connection, id: WatchId) -> rusqlite::Result<Option<Watch>> {
    db.prepare_cached(
        "select watch.id, account, kind, value, sources, tlp, every_us, watch.created_at_us,
             due_at_us, last, verdict, changed_at_us
         from watch
         join indicator on indicator.id = watch.indicator
         where watch.id = ?1",
    )?
    .query_row([id.0], watch_row)
    .optional()
}

pub(super) fn watches(
    db: &Connection,
    filter: &WatchFilter,
    before: Option<WatchId>,
    limit: usize,
) -> rusqlite::Result<Vec<Watch>> {
    let indicator = match &filter.indicator {
        None => None,
        Some(indicator) => match known_indicator(db, indicator)? {
            None => return Ok(Vec::new()),
            known => known,
        },
    };
    db.prepare_cached(
        "select watch.id, account, kind, value, sources, tlp, every_us, watch.created_at_us,
             due_at_us, last, verdict, changed_at_us
         from watch
         join indicator on indicator.id = watch.indicator
         where watch.id < ?1
             and (?2 is null or account = ?2)
             and (?3 is null or watch.indicator = ?3)
         order by watch.id desc
         limit ?4",
    )?
    .query_map(
        params![
            before.map_or(i64::MAX, |id| id.0),
            filter.user.map(|user| user.0),
            indicator,
            signed(limit as u64),
        ],
        watch_row,
    )?
    .collect()
}

pub(super) fn delete(tx: &Connection, id: WatchId) -> rusqlite::Result<bool> {
    let gone = tx
        .prepare_cached("delete from watch where id = ?1")?
        .execute([id.0])?;
    Ok(gone == 1)
}

pub(super) fn due(db: &Connection, now: UnixMicros, limit: usize) -> rusqlite::Result<Vec<Watch>> {
    db.prepare_cached(
        "select watch.id, account, kind, value, sources, tlp, every_us, watch.created_at_us,
             due_at_us, last, verdict, changed_at_us
         from watch
         join indicator on indicator.id = watch.indicator
         where due_at_us <= ?1
         order by due_at_us, watch.id
         limit ?2",
    )?
    .query_map(params![now.0, signed(limit as u64)], watch_row)?
    .collect()
}

pub(super) fn record(tx: &Connection, watched: &Watched) -> rusqlite::Result<bool> {
    let recorded = tx
        .prepare_cached(
            "update watch set due_at_us = ?3, last = ?4, verdict = ?5,
                 changed_at_us = coalesce(?6, changed_at_us)
             where id = ?1 and due_at_us = ?2",
        )?
        .execute(params![
            watched.watch.0,
            watched.due.0,
            watched.next.0,
            watched.request.0,
            watched.verdict.number(),
            watched.changed.map(|changed| changed.0),
        ])?;
    Ok(recorded == 1)
}
