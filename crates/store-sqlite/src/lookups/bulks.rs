//! Bulks and their items.

use base::{UnixMicros, UserId};
use indicator::Indicator;
use intel::Verdict;
use intel::lookups::stored::sources_text;
use intel::lookups::{
    Bulk, BulkChange, BulkFilter, BulkId, BulkItem, BulkState, BulkStep, Item, ItemDone, ItemState,
    NewBulk, RequestId,
};
use jobs::NewJob;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::indicator_number;
use super::rows::{indicator, read, sources, tlp, user, verdict};
use crate::jobs::enqueue;
use crate::rows::signed;

/// The numbers of indicators, in their order; those that are new are written.
pub(super) fn numbers(
    tx: &Connection,
    indicators: &[Indicator],
    now: UnixMicros,
) -> rusqlite::Result<Vec<i64>> {
    let each = indicators.iter();
    each.map(|one| indicator_number(tx, one, now)).collect()
}

/// `indicators` are the numbers of the bulk's.
pub(super) fn insert(
    tx: &Connection,
    bulk: &NewBulk,
    indicators: &[i64],
    job: fn(BulkId, u32) -> NewJob,
) -> rusqlite::Result<BulkId> {
    let id = tx
        .prepare_cached(
            "insert into bulk (name, account, sources, tlp, may_use_cache, state, run, items, done,
                 malicious, suspicious, troubled, created_at_us, changed_at_us)
             values (?1, ?2, ?3, ?4, ?5, 0, 1, ?6, 0, 0, 0, 0, ?7, ?7)",
        )?
        .insert(params![
            bulk.name,
            bulk.user.map(|user| user.0),
            sources_text(bulk.sources.as_deref()),
            bulk.tlp.name(),
            bulk.may_use_cache,
            signed(indicators.len() as u64),
            bulk.created.0,
        ])?;
    let mut item = tx.prepare_cached(
        "insert into bulk_item (bulk, place, indicator, verdict, confidence, troubled)
         values (?1, ?2, ?3, 0, 0, 0)",
    )?;
    for (place, indicator) in (0_i64..).zip(indicators) {
        item.execute(params![id, place, indicator])?;
    }
    enqueue(tx, &[job(BulkId(id), 1)], bulk.created)?;
    Ok(BulkId(id))
}

/// Columns id, name, account, its name, sources, tlp, `may_use_cache`, state, run, items, done,
/// malicious, suspicious, troubled, `created_at_us`, `changed_at_us`.
fn bulk_row(row: &Row<'_>) -> rusqlite::Result<Bulk> {
    Ok(Bulk {
        id: BulkId(row.get(0)?),
        name: row.get(1)?,
        user: user(row, 2)?,
        user_name: row.get(3)?,
        sources: sources(row, 4)?,
        tlp: tlp(row, 5)?,
        may_use_cache: row.get(6)?,
        state: read(BulkState::of_column(row.get(7)?))?,
        run: row.get(8)?,
        items: row.get(9)?,
        done: row.get(10)?,
        malicious: row.get(11)?,
        suspicious: row.get(12)?,
        troubled: row.get(13)?,
        created: UnixMicros(row.get(14)?),
        changed: UnixMicros(row.get(15)?),
    })
}

pub(super) fn bulk(db: &Connection, id: BulkId) -> rusqlite::Result<Option<Bulk>> {
    db.prepare_cached(
        "select bulk.id, bulk.name, account, account.name, sources, tlp, may_use_cache, state, run,
             items, done, malicious, suspicious, troubled, bulk.created_at_us, changed_at_us
         from bulk
         left join account on account.id = bulk.account
         where bulk.id = ?1",
    )?
    .query_row([id.0], bulk_row)
    .optional()
}

pub(super) fn bulks(
    db: &Connection,
    user: Option<UserId>,
    before: Option<BulkId>,
    limit: usize,
) -> rusqlite::Result<Vec<Bulk>> {
    db.prepare_cached(
        "select bulk.id, bulk.name, account, account.name, sources, tlp, may_use_cache, state, run,
             items, done, malicious, suspicious, troubled, bulk.created_at_us, changed_at_us
         from bulk
         left join account on account.id = bulk.account
         where bulk.id < ?1 and (?2 is null or account = ?2)
         order by bulk.id desc
         limit ?3",
    )?
    .query_map(
        params![
            before.map_or(i64::MAX, |id| id.0),
            user.map(|user| user.0),
            signed(limit as u64)
        ],
        bulk_row,
    )?
    .collect()
}

pub(super) fn items(
    db: &Connection,
    id: BulkId,
    filter: BulkFilter,
    after: Option<u32>,
    limit: usize,
) -> rusqlite::Result<Vec<BulkItem>> {
    db.prepare_cached(
        "select place, kind, value, request, verdict, confidence, troubled
         from bulk_item
         join indicator on indicator.id = bulk_item.indicator
         where bulk = ?1 and place > ?2
             and (?3 is null or (request is not null) = ?3)
             and (?4 is null or (verdict = ?4 and request is not null))
             and (not ?5 or troubled > 0)
         order by place
         limit ?6",
    )?
    .query_map(
        params![
            id.0,
            after.map_or(-1, i64::from),
            filter.state.map(|state| state == ItemState::Done),
            filter.verdict.map(Verdict::number),
            filter.only_troubled,
            signed(limit as u64),
        ],
        |row| {
            let place = row.get(0)?;
            let done = match row.get(3)? {
                None => None,
                Some(request) => Some(ItemDone {
                    place,
                    request: RequestId(request),
                    verdict: verdict(row, 4)?,
                    confidence: row.get(5)?,
                    troubled: row.get(6)?,
                }),
            };
            Ok(BulkItem {
                place,
                indicator: indicator(row, 1)?,
                state: done.map_or(ItemState::Waiting, |_| ItemState::Done),
                done,
            })
        },
    )?
    .collect()
}

pub(super) fn waiting(
    db: &Connection,
    id: BulkId,
    after: Option<u32>,
    limit: usize,
) -> rusqlite::Result<Vec<Item>> {
    db.prepare_cached(
        "select place, kind, value
         from bulk_item
         join indicator on indicator.id = bulk_item.indicator
         where bulk = ?1 and place > ?2 and request is null
         order by place
         limit ?3",
    )?
    .query_map(
        params![id.0, after.map_or(-1, i64::from), signed(limit as u64)],
        |row| {
            Ok(Item {
                place: row.get(0)?,
                indicator: indicator(row, 1)?,
            })
        },
    )?
    .collect()
}

pub(super) fn finish(
    tx: &Connection,
    id: BulkId,
    items: &[ItemDone],
    now: UnixMicros,
) -> rusqlite::Result<Option<Bulk>> {
    let mut mark = tx.prepare_cached(
        "update bulk_item set request = ?3, verdict = ?4, confidence = ?5, troubled = ?6
         where bulk = ?1 and place = ?2 and request is null",
    )?;
    let mut add = tx.prepare_cached(
        "update bulk set done = done + 1, malicious = malicious + ?2, suspicious = suspicious + ?3,
             troubled = troubled + ?4, changed_at_us = ?5
         where id = ?1",
    )?;
    for item in items {
        let marked = mark.execute(params![
            id.0,
            item.place,
            item.request.0,
            item.verdict.number(),
            item.confidence,
            item.troubled,
        ])?;
        if marked == 1 {
            add.execute(params![
                id.0,
                item.verdict == Verdict::Malicious,
                item.verdict == Verdict::Suspicious,
                item.troubled > 0,
                now.0,
            ])?;
        }
    }
    tx.prepare_cached(
        "update bulk set state = 3, changed_at_us = ?2 where id = ?1 and state = 0 and done = items",
    )?
    .execute(params![id.0, now.0])?;
    bulk(tx, id)
}

pub(super) fn step(
    tx: &Connection,
    id: BulkId,
    step: BulkStep,
    job: fn(BulkId, u32) -> NewJob,
    now: UnixMicros,
) -> rusqlite::Result<BulkChange> {
    let Some(bulk) = bulk(tx, id)? else {
        return Ok(BulkChange::Unknown);
    };
    let next = match (bulk.state, step) {
        (BulkState::Running, BulkStep::Pause) => BulkState::Paused,
        (BulkState::Paused, BulkStep::Resume) => BulkState::Running,
        (BulkState::Running | BulkState::Paused, BulkStep::Cancel) => BulkState::Cancelled,
        (state, _) => return Ok(BulkChange::Already(state)),
    };
    let run = bulk.run + u32::from(next == BulkState::Running);
    tx.prepare_cached("update bulk set state = ?2, run = ?3, changed_at_us = ?4 where id = ?1")?
        .execute(params![id.0, next.number(), run, now.0])?;
    if next == BulkState::Running {
        enqueue(tx, &[job(id, run)], now)?;
    }
    Ok(BulkChange::Now(next))
}
