//! Words sent to people, and what became of them.

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use notify::{
    Address, Channel, Envelope, NewNotice, Notice, NoticeCounts, NoticeFilter, NoticeId, Progress,
    State, Store,
};

use crate::PostgresStore;
use crate::connection::answered;
use crate::error::{broken, unavailable};
use crate::rows::unsigned;

#[async_trait]
impl Store for PostgresStore {
    async fn insert_notice(&self, notice: NewNotice) -> Result<NoticeId, Unavailable> {
        answered(insert(self, &notice)).await
    }

    async fn notice(&self, id: NoticeId) -> Result<Option<Notice>, Unavailable> {
        answered(notice(self, id)).await
    }

    async fn notices(
        &self,
        filter: &NoticeFilter,
        before: Option<NoticeId>,
        limit: usize,
    ) -> Result<Vec<Envelope>, Unavailable> {
        answered(page(self, filter, before, limit)).await
    }

    async fn record_attempt(&self, id: NoticeId, progress: Progress) -> Result<bool, Unavailable> {
        answered(record_attempt(self, id, &progress)).await
    }

    async fn waiting_notices(
        &self,
        after: Option<NoticeId>,
        limit: usize,
    ) -> Result<Vec<NoticeId>, Unavailable> {
        answered(waiting(self, after, limit)).await
    }

    async fn count_notices(&self) -> Result<NoticeCounts, Unavailable> {
        answered(count(self)).await
    }

    async fn sweep_notices(&self, before: UnixMicros, rows_max: u32) -> Result<u32, Unavailable> {
        answered(sweep(self, before, rows_max)).await
    }
}

async fn insert(store: &PostgresStore, notice: &NewNotice) -> Result<NoticeId, Unavailable> {
    let message = &notice.message;
    sqlx::query_scalar!(
        "insert into temporary.notice (key, channel, recipient, subject, body_text, body_html,
            about, state, created_at_us, changed_at_us, expires_at_us)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
        returning id",
        &notice.key,
        message.to.channel().name(),
        message.to.as_str(),
        message.subject,
        message.text,
        message.html,
        message.about,
        notice.state.name(),
        notice.created.0,
        message.expires.0,
    )
    .fetch_one(store.pool())
    .await
    .map(NoticeId)
    .map_err(unavailable)
}

/// A notice's row without its words.
struct Row {
    id: i64,
    channel: String,
    recipient: String,
    subject: String,
    about: String,
    state: String,
    attempts: i32,
    answer: Option<String>,
    created_at_us: i64,
    changed_at_us: i64,
    expires_at_us: i64,
}

impl Row {
    fn envelope(self) -> Result<Envelope, Unavailable> {
        let channel =
            Channel::named(&self.channel).ok_or_else(|| broken("the channel of a notice"))?;
        Ok(Envelope {
            id: NoticeId(self.id),
            to: Address::from_stored(channel, self.recipient),
            subject: self.subject,
            about: self.about,
            state: state(&self.state)?,
            attempts: u32::try_from(self.attempts)
                .map_err(|_| broken("the attempts of a notice"))?,
            answer: self.answer,
            created: UnixMicros(self.created_at_us),
            changed: UnixMicros(self.changed_at_us),
            expires: UnixMicros(self.expires_at_us),
        })
    }
}

fn state(name: &str) -> Result<State, Unavailable> {
    State::named(name).ok_or_else(|| broken("the state of a notice"))
}

async fn notice(store: &PostgresStore, id: NoticeId) -> Result<Option<Notice>, Unavailable> {
    let row = sqlx::query!(
        "select id, channel, recipient, subject, about, state, attempts, answer,
            created_at_us, changed_at_us, expires_at_us, key, body_text, body_html
        from temporary.notice where id = $1",
        id.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    let envelope = Row {
        id: row.id,
        channel: row.channel,
        recipient: row.recipient,
        subject: row.subject,
        about: row.about,
        state: row.state,
        attempts: row.attempts,
        answer: row.answer,
        created_at_us: row.created_at_us,
        changed_at_us: row.changed_at_us,
        expires_at_us: row.expires_at_us,
    };
    Ok(Some(Notice {
        envelope: envelope.envelope()?,
        key: row
            .key
            .try_into()
            .map_err(|_| broken("the key of a notice"))?,
        text: row.body_text,
        html: row.body_html,
    }))
}

async fn page(
    store: &PostgresStore,
    filter: &NoticeFilter,
    before: Option<NoticeId>,
    limit: usize,
) -> Result<Vec<Envelope>, Unavailable> {
    if filter.text.as_ref().is_some_and(|text| text.contains('\0')) {
        return Ok(Vec::new()); // No text of this database holds one, and none may be asked for.
    }
    let rows = sqlx::query_as!(
        Row,
        r#"select id, channel, recipient, subject, about, state, attempts, answer,
            created_at_us, changed_at_us, expires_at_us
        from temporary.notice
        where id < $1
            and ($2::text is null or state = $2)
            and ($3::text is null
                or strpos(
                    lower((recipient || chr(10) || subject || chr(10) || about) collate "C"),
                    lower($3 collate "C")
                ) > 0)
        order by id desc
        limit $4"#,
        before.map_or(i64::MAX, |id| id.0),
        filter.state.map(State::name),
        filter.text,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(Row::envelope).collect()
}

async fn record_attempt(
    store: &PostgresStore,
    id: NoticeId,
    progress: &Progress,
) -> Result<bool, Unavailable> {
    let recorded = sqlx::query!(
        "update temporary.notice
        set state = $2, answer = $3, changed_at_us = $4, attempts = attempts + 1
        where id = $1 and state <> 'sent'",
        id.0,
        progress.state.name(),
        progress.answer,
        progress.at.0,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(recorded.rows_affected() == 1)
}

async fn waiting(
    store: &PostgresStore,
    after: Option<NoticeId>,
    limit: usize,
) -> Result<Vec<NoticeId>, Unavailable> {
    let ids = sqlx::query_scalar!(
        "select id from temporary.notice
        where state = 'waiting' and id > $1
        order by id
        limit $2",
        after.map_or(0, |id| id.0),
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(ids.into_iter().map(NoticeId).collect())
}

async fn count(store: &PostgresStore) -> Result<NoticeCounts, Unavailable> {
    let rows = sqlx::query!(
        r#"select state, count(*) as "count!", min(created_at_us) as "oldest!"
        from temporary.notice
        group by state"#,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let mut counts = NoticeCounts::default();
    for row in rows {
        let of_state = unsigned(row.count, "a count of notices")?;
        match state(&row.state)? {
            State::Waiting => {
                counts.waiting = of_state;
                counts.oldest_waiting = Some(UnixMicros(row.oldest));
            }
            State::Sent => counts.sent = of_state,
            State::Failed => counts.failed = of_state,
            State::Kept => counts.kept = of_state,
        }
    }
    Ok(counts)
}

async fn sweep(
    store: &PostgresStore,
    before: UnixMicros,
    rows_max: u32,
) -> Result<u32, Unavailable> {
    let swept = sqlx::query!(
        "delete from temporary.notice where id in (
            select id from temporary.notice
            where created_at_us < $1
            order by created_at_us, id
            limit $2
        )",
        before.0,
        i64::from(rows_max),
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    u32::try_from(swept.rows_affected()).map_err(|_| broken("a count of notices"))
}
