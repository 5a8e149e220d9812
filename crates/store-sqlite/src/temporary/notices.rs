//! Words sent to people, and what became of them.

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use notify::{
    Address, Channel, Envelope, NewNotice, Notice, NoticeCounts, NoticeFilter, NoticeId, Progress,
    State, Store,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::SqliteStore;
use crate::error::damaged;
use crate::rows::{number, signed};

#[async_trait]
impl Store for SqliteStore {
    async fn insert_notice(&self, notice: NewNotice) -> Result<NoticeId, Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| insert(tx, &notice))
            .await
    }

    async fn notice(&self, id: NoticeId) -> Result<Option<Notice>, Unavailable> {
        self.temporary.readers.read(move |db| notice(db, id)).await
    }

    async fn notices(
        &self,
        filter: &NoticeFilter,
        before: Option<NoticeId>,
        limit: usize,
    ) -> Result<Vec<Envelope>, Unavailable> {
        let filter = filter.clone();
        self.temporary
            .readers
            .read(move |db| page(db, &filter, before, limit))
            .await
    }

    async fn record_attempt(&self, id: NoticeId, progress: Progress) -> Result<bool, Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| record_attempt(tx, id, &progress))
            .await
    }

    async fn waiting_notices(
        &self,
        after: Option<NoticeId>,
        limit: usize,
    ) -> Result<Vec<NoticeId>, Unavailable> {
        self.temporary
            .readers
            .read(move |db| waiting(db, after, limit))
            .await
    }

    async fn count_notices(&self) -> Result<NoticeCounts, Unavailable> {
        self.temporary.readers.read(count).await
    }

    async fn sweep_notices(&self, before: UnixMicros, rows_max: u32) -> Result<u32, Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| sweep(tx, before, rows_max))
            .await
    }
}

fn insert(tx: &Connection, notice: &NewNotice) -> rusqlite::Result<NoticeId> {
    let message = &notice.message;
    tx.prepare_cached(
        "insert into notice (key, channel, recipient, subject, body_text, body_html, about, state,
             created_at_us, changed_at_us, expires_at_us)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)
         returning id",
    )?
    .query_row(
        params![
            notice.key,
            message.to.channel().name(),
            message.to.as_str(),
            message.subject,
            message.text,
            message.html,
            message.about,
            notice.state.name(),
            notice.created.0,
            message.expires.0,
        ],
        |row| row.get(0).map(NoticeId),
    )
}

/// Columns id, channel, recipient, subject, about, state, attempts, answer, `created_at_us`,
/// `changed_at_us`, `expires_at_us`.
fn envelope(row: &Row<'_>) -> rusqlite::Result<Envelope> {
    let channel = Channel::named(row.get_ref(1)?.as_str()?).ok_or_else(|| damaged("channel"))?;
    Ok(Envelope {
        id: NoticeId(row.get(0)?),
        to: Address::from_stored(channel, row.get(2)?),
        subject: row.get(3)?,
        about: row.get(4)?,
        state: state(row, 5)?,
        attempts: row.get(6)?,
        answer: row.get(7)?,
        created: UnixMicros(row.get(8)?),
        changed: UnixMicros(row.get(9)?),
        expires: UnixMicros(row.get(10)?),
    })
}

fn state(row: &Row<'_>, at: usize) -> rusqlite::Result<State> {
    State::named(row.get_ref(at)?.as_str()?).ok_or_else(|| damaged("state of a notice"))
}

fn notice(db: &Connection, id: NoticeId) -> rusqlite::Result<Option<Notice>> {
    db.prepare_cached(
        "select id, channel, recipient, subject, about, state, attempts, answer,
             created_at_us, changed_at_us, expires_at_us, key, body_text, body_html
         from notice where id = ?1",
    )?
    .query_row([id.0], |row| {
        Ok(Notice {
            envelope: envelope(row)?,
            key: row.get(11)?,
            text: row.get(12)?,
            html: row.get(13)?,
        })
    })
    .optional()
}

fn page(
    db: &Connection,
    filter: &NoticeFilter,
    before: Option<NoticeId>,
    limit: usize,
) -> rusqlite::Result<Vec<Envelope>> {
    db.prepare_cached(
        "select id, channel, recipient, subject, about, state, attempts, answer,
             created_at_us, changed_at_us, expires_at_us
         from notice
         where id < ?1
             and (?2 is null or state = ?2)
             and (?3 is null
                 or instr(lower(recipient || char(10) || subject || char(10) || about), lower(?3)) > 0)
         order by id desc
         limit ?4",
    )?
    .query_map(
        params![
            before.map_or(i64::MAX, |id| id.0),
            filter.state.map(State::name),
            filter.text,
            signed(limit as u64),
        ],
        envelope,
    )?
    .collect()
}

fn record_attempt(tx: &Connection, id: NoticeId, progress: &Progress) -> rusqlite::Result<bool> {
    let recorded = tx
        .prepare_cached(
            "update notice set state = ?2, answer = ?3, changed_at_us = ?4, attempts = attempts + 1
             where id = ?1 and state <> 'sent'",
        )?
        .execute(params![
            id.0,
            progress.state.name(),
            progress.answer,
            progress.at.0
        ])?;
    Ok(recorded == 1)
}

fn waiting(
    db: &Connection,
    after: Option<NoticeId>,
    limit: usize,
) -> rusqlite::Result<Vec<NoticeId>> {
    db.prepare_cached(
        "select id from notice where state = 'waiting' and id > ?1 order by id limit ?2",
    )?
    .query_map(
        params![after.map_or(0, |id| id.0), signed(limit as u64)],
        |row| row.get(0).map(NoticeId),
    )?
    .collect()
}

fn count(db: &Connection) -> rusqlite::Result<NoticeCounts> {
    let mut counts = NoticeCounts::default();
    let mut statement =
        db.prepare_cached("select state, count(*), min(created_at_us) from notice group by state")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let of_state = number(row, 1)?;
        match state(row, 0)? {
            State::Waiting => {
                counts.waiting = of_state;
                counts.oldest_waiting = Some(UnixMicros(row.get(2)?));
            }
            State::Sent => counts.sent = of_state,
            State::Failed => counts.failed = of_state,
            State::Kept => counts.kept = of_state,
        }
    }
    Ok(counts)
}

fn sweep(tx: &Connection, before: UnixMicros, rows_max: u32) -> rusqlite::Result<u32> {
    let swept = tx
        .prepare_cached(
            "delete from notice where id in (
                 select id from notice
                 where created_at_us < ?1
                 order by created_at_us, id
                 limit ?2)",
        )?
        .execute(params![before.0, rows_max])?;
    Ok(u32::try_from(swept).unwrap_or(u32::MAX))
}
