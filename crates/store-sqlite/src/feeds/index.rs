//! The index of what feeds list.

use base::UnixMicros;
use intel::feeds::{
    Entry, EntryId, FeedId, Forgotten, Listing, Looked, Question, RunId, Scope, Written,
};
use rusqlite::{Connection, Row, params};

use super::{description, fields, json};
use crate::rows::{number, signed};

pub(super) fn clear(tx: &Connection, id: FeedId, limit: usize) -> rusqlite::Result<u64> {
    let deleted = tx
        .prepare_cached(
            "delete from feed_entry
             where id in (select id from feed_entry where feed = ?1 order by id limit ?2)",
        )?
        .execute(params![id.0, signed(limit as u64)])?;
    Ok(deleted as u64)
}

pub(super) fn write(
    tx: &Connection,
    feed: FeedId,
    run: RunId,
    entries: &[Entry],
    now: UnixMicros,
) -> rusqlite::Result<Written> {
    // A feed that was deleted while it was on its way.
    let known = tx
        .prepare_cached("select 1 from feed where id = ?1")?
        .exists([feed.0])?;
    let mut written = Written::default();
    if !known {
        return Ok(written);
    }
    let mut update = tx.prepare_cached(
        "update feed_entry
         set confidence = ?3, fields = ?4, first_seen_at_us = min(first_seen_at_us, ?5),
             last_seen_at_us = max(last_seen_at_us, ?6), run = ?7
         where key = ?1 and feed = ?2",
    )?;
    let mut insert = tx.prepare_cached(
        "insert into feed_entry (key, feed, confidence, fields, first_seen_at_us, last_seen_at_us,
             run, kind, value, host)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for entry in entries {
        let (key, fields) = (entry.key(), json(&entry.fields));
        let first = entry.first_seen.map_or(now.0, |first| first.0.min(now.0));
        let seen = params![key, feed.0, entry.confidence, fields, first, now.0, run.0];
        if update.execute(seen)? > 0 {
            written.known += 1;
            continue;
        }
        insert.execute(params![
            key,
            feed.0,
            entry.confidence,
            fields,
            first,
            now.0,
            run.0,
            entry.indicator.kind().wire(),
            entry.indicator.value(),
            entry.host(),
        ])?;
        written.added += 1;
    }
    Ok(written)
}

pub(super) fn forget(
    tx: &Connection,
    feed: FeedId,
    before: UnixMicros,
    after: EntryId,
    limit: usize,
) -> rusqlite::Result<Forgotten> {
    let last = tx
        .prepare_cached(
            "select max(id), count(*) from (
                 select id from feed_entry where feed = ?1 and id > ?2 order by id limit ?3
             )",
        )?
        .query_row(params![feed.0, after.0, signed(limit as u64)], |row| {
            Ok((row.get::<_, Option<i64>>(0)?, number(row, 1)?))
        })?;
    let (Some(last), count) = last else {
        return Ok(Forgotten {
            deleted: 0,
            next: None,
        });
    };
    let deleted = tx
        .prepare_cached(
            "delete from feed_entry
             where feed = ?1 and id > ?2 and id <= ?3 and last_seen_at_us < ?4
                 and run <> coalesce((select complete_run from feed where id = ?1), 0)",
        )?
        .execute(params![feed.0, after.0, last, before.0])?;
    Ok(Forgotten {
        deleted: deleted as u64,
        next: (count == limit as u64).then_some(EntryId(last)),
    })
}

/// Columns slug, description, kind, value, confidence, fields, `first_seen_at_us`, `last_seen_at_us`,
/// whether it is current.
fn listing(row: &Row<'_>) -> rusqlite::Result<Listing> {
    Ok(Listing {
        feed: row.get(0)?,
        description: description(row.get_ref(1)?.as_str()?)?,
        kind: row.get(2)?,
        value: row.get(3)?,
        confidence: row.get(4)?,
        fields: fields(row.get_ref(5)?.as_str()?)?,
        first_seen: UnixMicros(row.get(6)?),
        last_seen: UnixMicros(row.get(7)?),
        is_current: row.get(8)?,
    })
}

pub(super) fn look_up(
    db: &Connection,
    scope: &Scope,
    question: &Question,
    limit: usize,
) -> rusqlite::Result<Looked> {
    // A scope is one feed, or all that do not come with the product.
    let slug = match scope {
        Scope::Feed(slug) => Some(slug.as_str()),
        Scope::Own => None,
    };
    let is_filled = db
        .prepare_cached(
            "select 1 from feed
             where case when ?1 is null then is_shipped = 0 else slug = ?1 end
                 and is_enabled = 1 and complete_run is not null",
        )?
        .exists([slug])?;
    let mut listings = Vec::new();
    let mut by_key = db.prepare_cached(
        "select slug, description, kind, value, confidence, fields, first_seen_at_us,
             last_seen_at_us, run >= coalesce(complete_run, 0)
         from feed_entry join feed on feed.id = feed_entry.feed
         where key = ?1
             and case when ?2 is null then is_shipped = 0 else slug = ?2 end and is_enabled = 1
         order by feed_entry.id
         limit ?3",
    )?;
    for key in &question.keys {
        let left = limit.saturating_sub(listings.len());
        let found = by_key.query_map(params![key, slug, signed(left as u64)], listing)?;
        listings.extend(found.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    if let Some(host) = &question.host {
        let left = limit.saturating_sub(listings.len());
        // All names below it begin with it, and its last byte is a dot: the next byte ends them.
        let end = if question.is_deep {
            format!("{}/", host.trim_end_matches('.'))
        } else {
            format!("{host}\u{1}")
        };
        let found = db
            .prepare_cached(
                "select slug, description, kind, value, confidence, fields, first_seen_at_us,
                     last_seen_at_us, run >= coalesce(complete_run, 0)
                 from feed_entry join feed on feed.id = feed_entry.feed
                 where host >= ?1 and host < ?2 and key <> ?3
                     and case when ?4 is null then is_shipped = 0 else slug = ?4 end
                     and is_enabled = 1
                 order by host, feed_entry.id
                 limit ?5",
            )?
            .query_map(
                params![host, end, question.keys[0], slug, signed(left as u64)],
                listing,
            )?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        listings.extend(found);
    }
    Ok(Looked {
        is_filled,
        listings,
    })
}
