//! The audit trail: entries, and the words that they are found by.

use accounts::{AUDIT_WORDS_MAX, AuditFilter, AuditId, NewEntry, StoredEntry};
use base::{UnixMicros, UserId};
use facts::FactId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::facts::insert as insert_fact;
use crate::rows::signed;

/// Writes an entry and its fact, in the transaction of what it tells. `made` is the number of the
/// row that the transaction made, if it made one.
pub(crate) fn write(
    tx: &Connection,
    entry: &NewEntry,
    made: Option<i64>,
) -> rusqlite::Result<AuditId> {
    let written = entry.write(made);
    let fact = insert_fact(tx, &written.fact, entry.at)?;
    let id = tx
        .prepare_cached(
            "insert into audit_entry (at_us, account, act, target, bytes, fact)
             values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .insert(params![
            entry.at.0,
            written.user.map(|user| user.0),
            entry.act.0,
            written.target,
            written.bytes,
            fact.0,
        ])?;
    let mut insert = tx.prepare_cached("insert into audit_word (word, entry) values (?1, ?2)")?;
    for word in &written.words {
        insert.execute(params![word, id])?;
    }
    Ok(AuditId(id))
}

/// Columns id, `at_us`, account, its name, act, target, bytes, fact.
fn stored(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
    Ok(StoredEntry {
        id: AuditId(row.get(0)?),
        at: UnixMicros(row.get(1)?),
        user: row.get::<_, Option<i64>>(2)?.map(UserId),
        user_name: row.get(3)?,
        act: row.get(4)?,
        target: row.get(5)?,
        bytes: row.get(6)?,
        fact: FactId(row.get(7)?),
    })
}

/// The statement begins with what is rarest: it must not read the whole trail to find a few entries.
pub(crate) fn list(
    db: &Connection,
    filter: &AuditFilter,
    words: &[String],
    before: Option<i64>,
    limit: usize,
) -> rusqlite::Result<Vec<StoredEntry>> {
    let mut statement = if !words.is_empty() {
        db.prepare_cached(
            "select entry.id, at_us, entry.account, account.name, act, target, bytes, fact
             from audit_word as found
             join audit_entry as entry on entry.id = found.entry
             left join account on account.id = entry.account
             where found.word = ?1 and found.entry < ?5
                 and (?2 is null or exists (
                     select 1 from audit_word where word = ?2 and entry = found.entry))
                 and (?3 is null or exists (
                     select 1 from audit_word where word = ?3 and entry = found.entry))
                 and (?4 is null or exists (
                     select 1 from audit_word where word = ?4 and entry = found.entry))
                 and (?6 is null or entry.account = ?6)
                 and (?7 is null or target = ?7)
                 and act >= ?8 and act < ?9
                 and at_us >= ?10 and at_us < ?11
             order by found.entry desc
             limit ?12",
        )?
    } else if filter.target.is_some() {
        db.prepare_cached(
            "select entry.id, at_us, entry.account, account.name, act, target, bytes, fact
             from audit_entry as entry
             left join account on account.id = entry.account
             where ?1 is null and ?2 is null and ?3 is null and ?4 is null
                 and entry.id < ?5
                 and (?6 is null or entry.account = ?6)
                 and target = ?7 and target <> ''
                 and act >= ?8 and act < ?9
                 and at_us >= ?10 and at_us < ?11
             order by entry.id desc
             limit ?12",
        )?
    } else if filter.user.is_some() {
        db.prepare_cached(
            "select entry.id, at_us, entry.account, account.name, act, target, bytes, fact
             from audit_entry as entry
             left join account on account.id = entry.account
             where ?1 is null and ?2 is null and ?3 is null and ?4 is null
                 and entry.id < ?5
                 and entry.account = ?6
                 and ?7 is null
                 and act >= ?8 and act < ?9
                 and at_us >= ?10 and at_us < ?11
             order by entry.id desc
             limit ?12",
        )?
    } else {
        db.prepare_cached(
            "select entry.id, at_us, entry.account, account.name, act, target, bytes, fact
             from audit_entry as entry
             left join account on account.id = entry.account
             where ?1 is null and ?2 is null and ?3 is null and ?4 is null
                 and entry.id < ?5
                 and ?6 is null and ?7 is null
                 and act >= ?8 and act < ?9
                 and at_us >= ?10 and at_us < ?11
             order by entry.id desc
             limit ?12",
        )?
    };
    let word = |at: usize| words.get(at).filter(|_| at < AUDIT_WORDS_MAX);
    let (from_act, to_act) = acts(filter.act.as_deref());
    let rows = statement.query_map(
        params![
            word(0),
            word(1),
            word(2),
            word(3),
            before.unwrap_or(i64::MAX),
            filter.user.map(|user| user.0),
            filter.target,
            from_act,
            to_act,
            filter.from.map_or(i64::MIN, |from| from.0),
            filter.to.map_or(i64::MAX, |to| to.0),
            signed(limit as u64),
        ],
        stored,
    )?;
    rows.collect()
}

/// The range of acts that a filter means: one act, all of a room, or all. Acts are ASCII.
fn acts(filter: Option<&str>) -> (String, String) {
    match filter {
        None | Some("") => (String::new(), "\u{7f}".to_owned()),
        // The letter after a dot.
        Some(act) => match act.strip_suffix('.') {
            Some(room) => (act.to_owned(), format!("{room}/")),
            None => (act.to_owned(), format!("{act}\0")),
        },
    }
}

pub(crate) fn entry(db: &Connection, id: AuditId) -> rusqlite::Result<Option<StoredEntry>> {
    db.prepare_cached(
        "select entry.id, at_us, entry.account, account.name, act, target, bytes, fact
         from audit_entry as entry
         left join account on account.id = entry.account
         where entry.id = ?1",
    )?
    .query_row([id.0], stored)
    .optional()
}

pub(crate) fn walk(
    db: &Connection,
    after: AuditId,
    limit: usize,
) -> rusqlite::Result<Vec<StoredEntry>> {
    db.prepare_cached(
        "select id, at_us, account, null, act, target, bytes, fact
         from audit_entry
         where id > ?1
         order by id
         limit ?2",
    )?
    .query_map(params![after.0, signed(limit as u64)], stored)?
    .collect()
}
