//! Requests: opened, closed, listed.

use indicator::{Indicator, Kind};
use intel::Verdict;
use intel::lookups::stored::{asked_of, asked_text, borrowed_text, skipped_of, skipped_text};
use intel::lookups::{
    Closing, LastVerdict, NewRequest, RequestFilter, RequestId, RequestRow, RequestState,
    StoredRequest,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::answers::answers_of;
use super::rows::{indicator, read, request as request_row, verdict};
use super::{indicator_number, known_indicator};
use crate::rows::{number, signed};

pub(super) fn open(tx: &Connection, requests: &[NewRequest]) -> rusqlite::Result<Vec<RequestId>> {
    let mut insert = tx.prepare_cached(
        "insert into request (indicator, account, who, trace, bulk, watch, tlp, state, verdict,
             confidence, is_disputed, asked, skipped, borrowed, answered, troubled, opened_at_us,
             closed_at_us)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    let mut ids = Vec::with_capacity(requests.len());
    for new in requests {
        let (bulk, watch) = new.cause.columns();
        let closing = new.closing.as_ref();
        let state = closing.map_or(RequestState::Running, |closing| closing.state);
        let verdict = closing.map_or(Verdict::Unknown, |closing| closing.verdict);
        let id = insert.insert(params![
            indicator_number(tx, &new.indicator, new.opened)?,
            new.user.map(|user| user.0),
            new.who,
            new.trace,
            bulk,
            watch,
            new.tlp.name(),
            state.number(),
            verdict.number(),
            closing.map_or(0, |closing| closing.confidence),
            closing.is_some_and(|closing| closing.is_disputed),
            asked_text(new.asked.iter().map(|one| &**one)),
            skipped_text(&new.skipped),
            borrowed_text(closing.map_or(&[], |closing| &closing.borrowed)),
            closing.map_or(0, |closing| closing.answered),
            closing.map_or(0, |closing| closing.troubled),
            new.opened.0,
            closing.map(|closing| closing.closed.0),
        ])?;
        ids.push(RequestId(id));
    }
    Ok(ids)
}

pub(super) fn close(tx: &Connection, closings: &[(RequestId, Closing)]) -> rusqlite::Result<()> {
    let mut update = tx.prepare_cached(
        "update request set state = ?2, verdict = ?3, confidence = ?4, is_disputed = ?5,
             borrowed = ?6, answered = ?7, troubled = ?8, closed_at_us = ?9
         where id = ?1 and state = 0",
    )?;
    for (id, closing) in closings {
        update.execute(params![
            id.0,
            closing.state.number(),
            closing.verdict.number(),
            closing.confidence,
            closing.is_disputed,
            borrowed_text(&closing.borrowed),
            closing.answered,
            closing.troubled,
            closing.closed.0,
        ])?;
    }
    Ok(())
}

pub(super) fn request(db: &Connection, id: RequestId) -> rusqlite::Result<Option<StoredRequest>> {
    let found = db
        .prepare_cached(
            "select request.id, kind, value, request.account, account.name, who, trace, bulk,
                 watch, tlp, state, verdict, confidence, is_disputed, answered, troubled,
                 opened_at_us, closed_at_us, asked, skipped, borrowed
             from request
             join indicator on indicator.id = request.indicator
             left join account on account.id = request.account
             where request.id = ?1",
        )?
        .query_row([id.0], |row| {
            Ok((
                request_row(row)?,
                read(asked_of(row.get_ref(18)?.as_str()?))?,
                read(skipped_of(row.get_ref(19)?.as_str()?))?,
                row.get::<_, String>(20)?,
            ))
        })
        .optional()?;
    let Some((row, asked, skipped, borrowed)) = found else {
        return Ok(None);
    };
    Ok(Some(StoredRequest {
        answers: answers_of(db, id, &borrowed)?,
        row,
        asked,
        skipped,
    }))
}

/// The statement begins with what is rarest, so that it need not read everything to find a few. All
/// have the same parameters.
fn statement(filter: &RequestFilter) -> &'static str {
    let is_grave = |verdict: Verdict| verdict >= Verdict::Suspicious;
    if filter.bulk.is_some() {
        "select request.id, kind, value, request.account, account.name, who, trace, bulk,
             watch, tlp, state, verdict, confidence, is_disputed, answered, troubled,
             opened_at_us, closed_at_us
         from request
         join indicator on indicator.id = request.indicator
         left join account on account.id = request.account
         where request.id < ?1
             and (?2 is null or request.account = ?2)
             and (?3 is null or instr(lower(value), ?3) > 0)
             and (?4 is null or kind = ?4)
             and (?5 is null or verdict = ?5)
             and (not ?6 or (bulk is null and watch is null))
             and request.bulk = ?7
         order by request.id desc
         limit ?8"
    } else if filter.text.is_some() {
        "select request.id, kind, value, request.account, account.name, who, trace, bulk,
             watch, tlp, state, verdict, confidence, is_disputed, answered, troubled,
             opened_at_us, closed_at_us
         from request
         join indicator on indicator.id = request.indicator
         left join account on account.id = request.account
         where request.id < ?1
             and (?2 is null or request.account = ?2)
             and request.indicator in (
                 select id from indicator where instr(lower(value), ?3) > 0)
             and (?4 is null or kind = ?4)
             and (?5 is null or verdict = ?5)
             and (not ?6 or (bulk is null and watch is null))
             and ?7 is null
         order by request.id desc
         limit ?8"
    } else if filter.user.is_some() {
        "select request.id, kind, value, request.account, account.name, who, trace, bulk,
             watch, tlp, state, verdict, confidence, is_disputed, answered, troubled,
             opened_at_us, closed_at_us
         from request
         join indicator on indicator.id = request.indicator
         left join account on account.id = request.account
         where request.id < ?1
             and request.account = ?2
             and ?3 is null
             and (?4 is null or kind = ?4)
             and (?5 is null or verdict = ?5)
             and (not ?6 or (bulk is null and watch is null))
             and ?7 is null
         order by request.id desc
         limit ?8"
    } else if filter.verdict.is_some_and(is_grave) {
        "select request.id, kind, value, request.account, account.name, who, trace, bulk,
             watch, tlp, state, verdict, confidence, is_disputed, answered, troubled,
             opened_at_us, closed_at_us
         from request indexed by request_by_gravity
         join indicator on indicator.id = request.indicator
         left join account on account.id = request.account
         where request.id < ?1
             and ?2 is null
             and ?3 is null
             and (?4 is null or kind = ?4)
             and verdict = ?5 and verdict >= 3
             and (not ?6 or (bulk is null and watch is null))
             and ?7 is null
         order by request.id desc
         limit ?8"
    } else {
        "select request.id, kind, value, request.account, account.name, who, trace, bulk,
             watch, tlp, state, verdict, confidence, is_disputed, answered, troubled,
             opened_at_us, closed_at_us
         from request
         join indicator on indicator.id = request.indicator
         left join account on account.id = request.account
         where request.id < ?1
             and ?2 is null
             and ?3 is null
             and (?4 is null or kind = ?4)
             and (?5 is null or verdict = ?5)
             and (not ?6 or (bulk is null and watch is null))
             and ?7 is null
         order by request.id desc
         limit ?8"
    }
}

pub(super) fn list(
    db: &Connection,
    filter: &RequestFilter,
    before: Option<RequestId>,
    limit: usize,
) -> rusqlite::Result<Vec<RequestRow>> {
    let mut select = db.prepare_cached(statement(filter))?;
    let rows = select.query_map(
        params![
            before.map_or(i64::MAX, |id| id.0),
            filter.user.map(|user| user.0),
            filter.text.as_ref().map(|text| text.to_ascii_lowercase()),
            filter.kind.map(Kind::wire),
            filter.verdict.map(Verdict::number),
            filter.only_asked,
            filter.bulk.map(|bulk| bulk.0),
            signed(limit as u64),
        ],
        request_row,
    )?;
    rows.collect()
}

pub(super) fn last_verdicts(
    db: &Connection,
    indicators: &[Indicator],
) -> rusqlite::Result<Vec<Option<LastVerdict>>> {
    let mut select = db.prepare_cached(
        "select id, verdict, confidence, is_disputed, closed_at_us
         from request
         where indicator = ?1 and state = 1
         order by id desc
         limit 1",
    )?;
    let mut last = |indicator: &Indicator| {
        let Some(id) = known_indicator(db, indicator)? else {
            return Ok(None);
        };
        select
            .query_row([id], |row| {
                Ok(LastVerdict {
                    request: RequestId(row.get(0)?),
                    verdict: verdict(row, 1)?,
                    confidence: row.get(2)?,
                    is_disputed: row.get(3)?,
                    closed: base::UnixMicros(row.get(4)?),
                })
            })
            .optional()
    };
    indicators.iter().map(&mut last).collect()
}

pub(super) fn most_asked(
    db: &Connection,
    requests: usize,
    limit: usize,
) -> rusqlite::Result<Vec<(Indicator, u64)>> {
    db.prepare_cached(
        "with newest as materialized (
             select indicator from request order by id desc limit ?1
         )
         select kind, value, count(*) as times
         from newest
         join indicator on indicator.id = newest.indicator
         group by indicator.id
         order by times desc, indicator.id desc
         limit ?2",
    )?
    .query_map(
        params![signed(requests as u64), signed(limit as u64)],
        |row| Ok((indicator(row, 0)?, number(row, 2)?)),
    )?
    .collect()
}
