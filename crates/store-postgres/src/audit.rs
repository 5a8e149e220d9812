//! The audit trail: entries, and the words that they are found by.

use accounts::{AUDIT_WORDS_MAX, AuditFilter, AuditId, NewEntry, StoredEntry};
use base::{Unavailable, UnixMicros, UserId};
use facts::FactId;
use sqlx::PgConnection;

use crate::PostgresStore;
use crate::error::unavailable;
use crate::facts::insert as insert_fact;

/// Writes an entry and its fact, in the transaction of what it tells. `made` is the number of the
/// row that the transaction made, if it made one.
pub(crate) async fn write(
    tx: &mut PgConnection,
    entry: &NewEntry,
    made: Option<i64>,
) -> Result<AuditId, Unavailable> {
    let written = entry.write(made);
    let fact = insert_fact(tx, &written.fact, entry.at).await?;
    let id = sqlx::query_scalar!(
        "with entry as (
            insert into audit_entry (at_us, account, act, target, bytes, fact)
            values ($1, $2, $3, $4, $5, $6)
            returning id
        ), words as (
            insert into audit_word (word, entry)
            select word, entry.id from entry, unnest($7::text[]) as word
        )
        select id from entry",
        entry.at.0,
        written.user.map(|user| user.0),
        entry.act.0,
        written.target,
        written.bytes,
        fact.0,
        &written.words,
    )
    .fetch_one(tx)
    .await
    .map_err(unavailable)?;
    Ok(AuditId(id))
}

pub(crate) async fn record(
    store: &PostgresStore,
    entry: &NewEntry,
) -> Result<AuditId, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let id = write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(id)
}

struct Row {
    id: i64,
    at_us: i64,
    account: Option<i64>,
    user_name: Option<String>,
    act: String,
    target: String,
    bytes: Vec<u8>,
    fact: i64,
}

impl Row {
    fn stored(self) -> StoredEntry {
        StoredEntry {
            id: AuditId(self.id),
            at: UnixMicros(self.at_us),
            user: self.account.map(UserId),
            user_name: self.user_name,
            act: self.act,
            target: self.target,
            bytes: self.bytes,
            fact: FactId(self.fact),
        }
    }
}

/// Planned anew for what is asked, so that the server begins with what is rarest.
pub(crate) async fn list(
    store: &PostgresStore,
    filter: &AuditFilter,
    words: &[String],
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<StoredEntry>, Unavailable> {
    let words = &words[..words.len().min(AUDIT_WORDS_MAX)];
    let word = |at: usize| words.get(at).map(String::as_str);
    let (from_act, to_act) = acts(filter.act.as_deref());
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    sqlx::query!("set local plan_cache_mode = force_custom_plan")
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    let rows = sqlx::query_as!(
        Row,
        r#"select entry.id, at_us, entry.account, account.name as "user_name?", act, target, bytes,
            fact
        from audit_entry as entry
        left join account on account.id = entry.account
        where entry.id < $1
            and ($2::text is null or exists (
                select from audit_word where word = $2 and audit_word.entry = entry.id))
            and ($3::text is null or exists (
                select from audit_word where word = $3 and audit_word.entry = entry.id))
            and ($4::text is null or exists (
                select from audit_word where word = $4 and audit_word.entry = entry.id))
            and ($5::text is null or exists (
                select from audit_word where word = $5 and audit_word.entry = entry.id))
            and ($6::int8 is null or entry.account = $6)
            and ($7::text is null or (target = $7 and target <> ''))
            and act >= $8 and act < $9
            and at_us >= $10 and at_us < $11
        order by entry.id desc
        limit $12"#,
        before.unwrap_or(i64::MAX),
        word(0),
        word(1),
        word(2),
        word(3),
        filter.user.map(|user| user.0),
        filter.target,
        from_act,
        to_act,
        filter.from.map_or(i64::MIN, |from| from.0),
        filter.to.map_or(i64::MAX, |to| to.0),
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    Ok(rows.into_iter().map(Row::stored).collect())
}

/// The range of acts that a filter means: one act, all of a room, or all. Acts are ASCII and
/// compared byte by byte.
fn acts(filter: Option<&str>) -> (String, String) {
    match filter {
        None | Some("") => (String::new(), "\u{7f}".to_owned()),
        // The letter after a dot.
        Some(act) => match act.strip_suffix('.') {
            Some(room) => (act.to_owned(), format!("{room}/")),
            None => (act.to_owned(), format!("{act}\u{1}")),
        },
    }
}

pub(crate) async fn entry(
    store: &PostgresStore,
    id: AuditId,
) -> Result<Option<StoredEntry>, Unavailable> {
    let row = sqlx::query_as!(
        Row,
        r#"select entry.id, at_us, entry.account, account.name as "user_name?", act, target, bytes,
            fact
        from audit_entry as entry
        left join account on account.id = entry.account
        where entry.id = $1"#,
        id.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(row.map(Row::stored))
}

pub(crate) async fn walk(
    store: &PostgresStore,
    after: AuditId,
    limit: usize,
) -> Result<Vec<StoredEntry>, Unavailable> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, at_us, account, null as user_name, act, target, bytes, fact
        from audit_entry
        where id > $1
        order by id
        limit $2"#,
        after.0,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(rows.into_iter().map(Row::stored).collect())
}
