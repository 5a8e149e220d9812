//! What lookups leave behind.

mod answers;
mod bulks;
mod figures;
mod requests;
mod rows;
mod shares;
mod store;
mod watches;

use base::UnixMicros;
use indicator::Indicator;
use intel::lookups::digest;
use rusqlite::{Connection, OptionalExtension as _, params};

/// The number of an indicator, if it was ever asked about.
fn known_indicator(db: &Connection, indicator: &Indicator) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("select id from indicator where digest = ?1")?
        .query_row([digest(indicator)], |row| row.get(0))
        .optional()
}

/// The number of an indicator, which is written if it was never asked about.
fn indicator_number(
    tx: &Connection,
    indicator: &Indicator,
    now: UnixMicros,
) -> rusqlite::Result<i64> {
    if let Some(id) = known_indicator(tx, indicator)? {
        return Ok(id);
    }
    tx.prepare_cached(
        "insert into indicator (digest, kind, value, created_at_us) values (?1, ?2, ?3, ?4)",
    )?
    .insert(params![
        digest(indicator),
        indicator.kind().wire(),
        indicator.value(),
        now.0
    ])
}
