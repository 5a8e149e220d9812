//! Tickets: what is good once, or a few times, for a while.

use accounts::{NewTicket, SecretHash, Ticket, TicketKind};
use base::{Unavailable, UnixMicros, UserId};

use crate::PostgresStore;
use crate::error::unavailable;

pub(crate) async fn put(
    store: &PostgresStore,
    ticket: &NewTicket,
    alone: bool,
) -> Result<(), Unavailable> {
    let account = ticket.user.map(|user| user.0);
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    if alone {
        sqlx::query!(
            "delete from temporary.ticket where kind = $1 and account is not distinct from $2",
            ticket.kind.name(),
            account,
        )
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    }
    sqlx::query!(
        "insert into temporary.ticket (sha256, kind, account, payload, attempts, expires_at_us)
        values ($1, $2, $3, $4, $5, $6)",
        &ticket.secret.0,
        ticket.kind.name(),
        account,
        ticket.payload,
        i64::from(ticket.attempts),
        ticket.expires_at.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)
}

struct Row {
    account: Option<i64>,
    payload: String,
}

impl Row {
    fn ticket(self) -> Ticket {
        Ticket {
            user: self.account.map(UserId),
            payload: self.payload,
        }
    }
}

pub(crate) async fn find(
    store: &PostgresStore,
    kind: TicketKind,
    secret: SecretHash,
    now: UnixMicros,
) -> Result<Option<Ticket>, Unavailable> {
    let row = sqlx::query_as!(
        Row,
        "select account, payload from temporary.ticket
        where sha256 = $1 and kind = $2 and expires_at_us > $3 and attempts > 0",
        &secret.0,
        kind.name(),
        now.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(row.map(Row::ticket))
}

pub(crate) async fn attempt(
    store: &PostgresStore,
    kind: TicketKind,
    secret: SecretHash,
    now: UnixMicros,
) -> Result<Option<Ticket>, Unavailable> {
    let row = sqlx::query_as!(
        Row,
        "update temporary.ticket set attempts = attempts - 1
        where sha256 = $1 and kind = $2 and expires_at_us > $3 and attempts > 0
        returning account, payload",
        &secret.0,
        kind.name(),
        now.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(row.map(Row::ticket))
}

pub(crate) async fn take(
    store: &PostgresStore,
    kind: TicketKind,
    secret: SecretHash,
    now: UnixMicros,
) -> Result<Option<Ticket>, Unavailable> {
    // Attempts do not count here: the last allowed one may be the right one.
    let row = sqlx::query_as!(
        Row,
        "delete from temporary.ticket where sha256 = $1 and kind = $2 and expires_at_us > $3
        returning account, payload",
        &secret.0,
        kind.name(),
        now.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(row.map(Row::ticket))
}

pub(crate) async fn delete_of(
    store: &PostgresStore,
    kind: TicketKind,
    user: UserId,
) -> Result<(), Unavailable> {
    sqlx::query!(
        "delete from temporary.ticket where kind = $1 and account = $2",
        kind.name(),
        user.0,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Deletes what has expired.
pub(crate) async fn sweep(
    store: &PostgresStore,
    now: UnixMicros,
    limit: i64,
) -> Result<u64, Unavailable> {
    let deleted = sqlx::query!(
        "delete from temporary.ticket where sha256 in (
            select sha256 from temporary.ticket where expires_at_us <= $1 limit $2)",
        now.0,
        limit,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(deleted.rows_affected())
}
