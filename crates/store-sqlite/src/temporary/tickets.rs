//! Tickets: what is good once, or a few times, for a while.

use accounts::{NewTicket, SecretHash, Ticket, TicketKind};
use base::{UnixMicros, UserId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::rows::signed;

pub(crate) fn put(tx: &Connection, ticket: &NewTicket, alone: bool) -> rusqlite::Result<()> {
    let account = ticket.user.map(|user| user.0);
    if alone {
        tx.prepare_cached("delete from ticket where kind = ?1 and account is ?2")?
            .execute(params![ticket.kind.name(), account])?;
    }
    tx.prepare_cached(
        "insert into ticket (sha256, kind, account, payload, attempts, expires_at_us)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        ticket.secret.0,
        ticket.kind.name(),
        account,
        ticket.payload,
        ticket.attempts,
        ticket.expires_at.0,
    ])?;
    Ok(())
}

/// Columns account, payload.
fn ticket(row: &Row<'_>) -> rusqlite::Result<Ticket> {
    Ok(Ticket {
        user: row.get::<_, Option<i64>>(0)?.map(UserId),
        payload: row.get(1)?,
    })
}

pub(crate) fn find(
    db: &Connection,
    kind: TicketKind,
    secret: SecretHash,
    now: UnixMicros,
) -> rusqlite::Result<Option<Ticket>> {
    db.prepare_cached(
        "select account, payload from ticket
         where sha256 = ?1 and kind = ?2 and expires_at_us > ?3 and attempts > 0",
    )?
    .query_row(params![secret.0, kind.name(), now.0], ticket)
    .optional()
}

pub(crate) fn attempt(
    tx: &Connection,
    kind: TicketKind,
    secret: SecretHash,
    now: UnixMicros,
) -> rusqlite::Result<Option<Ticket>> {
    tx.prepare_cached(
        "update ticket set attempts = attempts - 1
         where sha256 = ?1 and kind = ?2 and expires_at_us > ?3 and attempts > 0
         returning account, payload",
    )?
    .query_row(params![secret.0, kind.name(), now.0], ticket)
    .optional()
}

pub(crate) fn take(
    tx: &Connection,
    kind: TicketKind,
    secret: SecretHash,
    now: UnixMicros,
) -> rusqlite::Result<Option<Ticket>> {
    // Attempts do not count here: the last allowed one may be the right one.
    tx.prepare_cached(
        "delete from ticket where sha256 = ?1 and kind = ?2 and expires_at_us > ?3
         returning account, payload",
    )?
    .query_row(params![secret.0, kind.name(), now.0], ticket)
    .optional()
}

pub(crate) fn delete_of(tx: &Connection, kind: TicketKind, user: UserId) -> rusqlite::Result<()> {
    tx.prepare_cached("delete from ticket where kind = ?1 and account = ?2")?
        .execute(params![kind.name(), user.0])?;
    Ok(())
}

/// Deletes what has expired.
pub(crate) fn sweep(tx: &Connection, now: UnixMicros, limit: usize) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "delete from ticket where sha256 in (
             select sha256 from ticket where expires_at_us <= ?1 limit ?2)",
    )?
    .execute([now.0, signed(limit as u64)])
}
