//! From columns to words and back.

use base::{UnixMicros, UserId};
use indicator::{Indicator, Kind};
use intel::lookups::stored::{self, AnswerRow};
use intel::lookups::{AnswerRecord, Cause, Damaged, RequestId, RequestRow, RequestState};
use intel::{SourceId, Tlp, Verdict};
use rusqlite::Row;

use crate::error::damaged;

/// A word of a row that cannot have been written by us.
pub(super) fn read<T>(word: Result<T, Damaged>) -> rusqlite::Result<T> {
    word.map_err(|error| damaged(error.0))
}

/// Columns kind, value.
pub(super) fn indicator(row: &Row<'_>, at: usize) -> rusqlite::Result<Indicator> {
    let kind = row.get_ref(at)?.as_str()?;
    read(stored::indicator(kind, row.get(at + 1)?))
}

pub(super) fn kind(row: &Row<'_>, at: usize) -> rusqlite::Result<Kind> {
    read(stored::kind(row.get_ref(at)?.as_str()?))
}

pub(super) fn verdict(row: &Row<'_>, at: usize) -> rusqlite::Result<Verdict> {
    read(Verdict::of_column(row.get(at)?))
}

pub(super) fn tlp(row: &Row<'_>, at: usize) -> rusqlite::Result<Tlp> {
    read(stored::tlp(row.get_ref(at)?.as_str()?))
}

pub(super) fn time(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<UnixMicros>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(UnixMicros))
}

pub(super) fn user(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<UserId>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(UserId))
}

pub(super) fn sources(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Vec<SourceId>>> {
    read(stored::sources_of(row.get_ref(at)?.as_str_or_null()?))
}

/// Columns id, kind, value, account, its name, who, trace, bulk, watch, tlp, state, verdict,
/// confidence, `is_disputed`, answered, troubled, `opened_at_us`, `closed_at_us`.
pub(super) fn request(row: &Row<'_>) -> rusqlite::Result<RequestRow> {
    Ok(RequestRow {
        id: RequestId(row.get(0)?),
        indicator: indicator(row, 1)?,
        user: user(row, 3)?,
        user_name: row.get(4)?,
        who: row.get(5)?,
        trace: row.get(6)?,
        cause: Cause::of_columns(row.get(7)?, row.get(8)?),
        tlp: tlp(row, 9)?,
        state: read(RequestState::of_column(row.get(10)?))?,
        verdict: verdict(row, 11)?,
        confidence: row.get(12)?,
        is_disputed: row.get(13)?,
        answered: row.get(14)?,
        troubled: row.get(15)?,
        opened: UnixMicros(row.get(16)?),
        closed: time(row, 17)?,
    })
}

/// Columns id, request, kind, value, source, slug, name, website, version, outcome, verdict,
/// confidence, shown, trace, `started_at_us`, `took_us`, evidence, its bytes, its fact, its digest.
pub(super) fn answer(row: &Row<'_>) -> rusqlite::Result<AnswerRecord> {
    let evidence = match row.get::<_, Option<i64>>(16)? {
        Some(id) => Some((id, row.get(17)?, row.get(18)?, crate::rows::hash(row, 19)?)),
        None => None,
    };
    read(
        AnswerRow {
            id: row.get(0)?,
            request: row.get(1)?,
            kind: row.get(2)?,
            value: row.get(3)?,
            source: row.get(4)?,
            slug: row.get(5)?,
            name: row.get(6)?,
            website: row.get(7)?,
            version: row.get(8)?,
            outcome: row.get(9)?,
            verdict: row.get(10)?,
            confidence: row.get(11)?,
            shown: row.get(12)?,
            trace: row.get(13)?,
            started_at_us: row.get(14)?,
            took_us: row.get(15)?,
            evidence,
        }
        .read(),
    )
}
