//! Feeds, their runs, and the index of what they list.

mod index;

use accounts::NewEntry;
use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use intel::feeds::{
    Added, Change, Description, Ended, Entry, EntryId, Feed, FeedId, Forgotten, Looked, NewFeed,
    Outcome, Question, Run, RunId, Scope, Store, Written,
};
use jobs::NewJob;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use self::index::{clear, forget, look_up, write};
use crate::SqliteStore;
use crate::audit;
use crate::error::damaged;
use crate::jobs::enqueue;
use crate::rows::{number, signed};

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data")
}

fn description(text: &str) -> rusqlite::Result<Description> {
    serde_json::from_str(text).map_err(|_| damaged("description of a feed"))
}

fn fields(text: &str) -> rusqlite::Result<Vec<(String, String)>> {
    serde_json::from_str(text).map_err(|_| damaged("fields of an entry"))
}

fn outcome(number: i64) -> rusqlite::Result<Outcome> {
    Ok(match number {
        0 => Outcome::Runs,
        1 => Outcome::Complete,
        2 => Outcome::Unchanged,
        3 => Outcome::Failed,
        _ => return Err(damaged("outcome of a run")),
    })
}

/// Columns id, slug, `is_shipped`, `is_enabled`, description, `created_at_us`, `due_at_us`, etag,
/// `last_modified`, `complete_run`, entries.
fn feed(row: &Row<'_>) -> rusqlite::Result<Feed> {
    Ok(Feed {
        id: FeedId(row.get(0)?),
        slug: row.get(1)?,
        is_shipped: row.get(2)?,
        is_enabled: row.get(3)?,
        description: description(row.get_ref(4)?.as_str()?)?,
        created: UnixMicros(row.get(5)?),
        due: UnixMicros(row.get(6)?),
        etag: row.get(7)?,
        last_modified: row.get(8)?,
        complete: row.get::<_, Option<i64>>(9)?.map(RunId),
        entries: number(row, 10)?,
    })
}

fn insert(tx: &Connection, feed: &NewFeed, now: UnixMicros) -> rusqlite::Result<FeedId> {
    let id = tx
        .prepare_cached(
            "insert into feed (slug, is_shipped, is_enabled, description, created_at_us, due_at_us,
                 entries)
             values (?1, ?2, ?3, ?4, ?5, ?5, 0)",
        )?
        .insert(params![
            feed.slug,
            feed.is_shipped,
            feed.is_enabled,
            json(&feed.description),
            now.0,
        ])?;
    Ok(FeedId(id))
}

fn adopt(tx: &Connection, feeds: &[NewFeed], now: UnixMicros) -> rusqlite::Result<()> {
    for new in feeds {
        let known = tx
            .prepare_cached("select id, description from feed where slug = ?1")?
            .query_row([&new.slug], |row| {
                Ok((row.get(0)?, row.get::<_, String>(1)?))
            })
            .optional()?;
        match known {
            None => {
                insert(tx, new, now)?;
            }
            Some((id, written)) if written != json(&new.description) => {
                describe(tx, FeedId(id), &new.description)?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// What was known of its server's state is forgotten with the old description.
fn describe(tx: &Connection, id: FeedId, description: &Description) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "update feed set description = ?2, etag = null, last_modified = null where id = ?1",
    )?
    .execute(params![id.0, json(description)])?;
    Ok(())
}

fn feeds(db: &Connection) -> rusqlite::Result<Vec<Feed>> {
    db.prepare_cached(
        "select id, slug, is_shipped, is_enabled, description, created_at_us, due_at_us, etag,
             last_modified, complete_run, entries
         from feed
         order by slug",
    )?
    .query_map([], feed)?
    .collect()
}

fn add(
    tx: &Connection,
    feed: &NewFeed,
    entry: &NewEntry,
    feeds_max: usize,
    now: UnixMicros,
) -> rusqlite::Result<Added> {
    let (count, taken) = tx
        .prepare_cached("select count(*), coalesce(sum(slug = ?1), 0) from feed")?
        .query_row([&feed.slug], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
    if taken > 0 {
        return Ok(Added::Taken);
    }
    if count >= feeds_max as u64 {
        return Ok(Added::Full);
    }
    let id = insert(tx, feed, now)?;
    audit::write(tx, entry, None)?;
    Ok(Added::Done(id))
}

fn change(
    tx: &Connection,
    id: FeedId,
    change: &Change,
    entry: &NewEntry,
    now: UnixMicros,
) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached(
            "update feed set is_enabled = coalesce(?2, is_enabled), due_at_us = ?3 where id = ?1",
        )?
        .execute(params![id.0, change.is_enabled, now.0])?;
    if changed == 0 {
        return Ok(false);
    }
    if let Some(description) = &change.description {
        describe(tx, id, description)?;
    }
    audit::write(tx, entry, None)?;
    Ok(true)
}

fn make_due(
    tx: &Connection,
    id: FeedId,
    job: &NewJob,
    entry: &NewEntry,
    now: UnixMicros,
) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached("update feed set due_at_us = ?2 where id = ?1")?
        .execute(params![id.0, now.0])?;
    if changed == 0 {
        return Ok(false);
    }
    enqueue(tx, std::slice::from_ref(job), now)?;
    audit::write(tx, entry, None)?;
    Ok(true)
}

fn remove(tx: &Connection, id: FeedId, entry: &NewEntry) -> rusqlite::Result<bool> {
    let removed = tx
        .prepare_cached("delete from feed where id = ?1")?
        .execute([id.0])?;
    if removed == 0 {
        return Ok(false);
    }
    audit::write(tx, entry, None)?;
    Ok(true)
}

fn begin(tx: &Connection, id: FeedId, now: UnixMicros) -> rusqlite::Result<Option<RunId>> {
    let known = tx
        .prepare_cached("select 1 from feed where id = ?1")?
        .exists([id.0])?;
    if !known {
        return Ok(None);
    }
    let run = tx
        .prepare_cached(
            "insert into feed_run (feed, started_at_us, outcome, bytes, entries, added, skipped)
             values (?1, ?2, 0, 0, 0, 0, 0)",
        )?
        .insert(params![id.0, now.0])?;
    Ok(Some(RunId(run)))
}

fn end(tx: &Connection, run: RunId, ended: &Ended, now: UnixMicros) -> rusqlite::Result<()> {
    let number = match ended.outcome {
        Outcome::Runs => 0,
        Outcome::Complete => 1,
        Outcome::Unchanged => 2,
        Outcome::Failed => 3,
    };
    let feed = tx
        .prepare_cached(
            "update feed_run
             set ended_at_us = ?2, outcome = ?3, bytes = ?4, entries = ?5, added = ?6, skipped = ?7,
                 cause = ?8
             where id = ?1 and ended_at_us is null
             returning feed",
        )?
        .query_row(
            params![
                run.0,
                now.0,
                number,
                signed(ended.bytes),
                signed(ended.entries),
                signed(ended.added),
                signed(ended.skipped),
                ended.cause,
            ],
            |row| row.get::<_, i64>(0),
        )
        .optional()?;
    let Some(feed) = feed else { return Ok(()) };
    tx.prepare_cached("update feed set due_at_us = ?2 where id = ?1")?
        .execute(params![feed, ended.due.0])?;
    if ended.outcome == Outcome::Complete {
        tx.prepare_cached(
            "update feed
             set etag = ?2, last_modified = ?3, complete_run = ?4, entries = ?5
             where id = ?1 and coalesce(complete_run, 0) < ?4",
        )?
        .execute(params![
            feed,
            ended.etag,
            ended.last_modified,
            run.0,
            signed(ended.entries),
        ])?;
    }
    Ok(())
}

fn runs(
    db: &Connection,
    feed: FeedId,
    before: Option<RunId>,
    limit: usize,
) -> rusqlite::Result<Vec<Run>> {
    db.prepare_cached(
        "select id, feed, started_at_us, ended_at_us, outcome, bytes, entries, added, skipped, cause
         from feed_run
         where feed = ?1 and id < ?2
         order by id desc
         limit ?3",
    )?
    .query_map(
        params![
            feed.0,
            before.map_or(i64::MAX, |run| run.0),
            signed(limit as u64)
        ],
        |row| {
            Ok(Run {
                id: RunId(row.get(0)?),
                feed: FeedId(row.get(1)?),
                started: UnixMicros(row.get(2)?),
                ended: row.get::<_, Option<i64>>(3)?.map(UnixMicros),
                outcome: outcome(row.get(4)?)?,
                bytes: number(row, 5)?,
                entries: number(row, 6)?,
                added: number(row, 7)?,
                skipped: number(row, 8)?,
                cause: row.get(9)?,
            })
        },
    )?
    .collect()
}

fn sweep_runs(tx: &Connection, feed: FeedId, keep: usize) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "delete from feed_run
         where feed = ?1 and id <= (
             select id from feed_run where feed = ?1 order by id desc limit 1 offset ?2
         )",
    )?
    .execute(params![feed.0, signed(keep as u64)])?;
    Ok(())
}

#[async_trait]
impl Store for SqliteStore {
    async fn adopt(&self, feeds: Vec<NewFeed>, now: UnixMicros) -> Result<(), Unavailable> {
        let writer = &self.lasting.writer;
        writer.transaction(move |tx| adopt(tx, &feeds, now)).await
    }

    async fn feeds(&self) -> Result<Vec<Feed>, Unavailable> {
        self.lasting.readers.read(feeds).await
    }

    async fn add(
        &self,
        feed: NewFeed,
        entry: NewEntry,
        feeds_max: usize,
        now: UnixMicros,
    ) -> Result<Added, Unavailable> {
        let writer = &self.lasting.writer;
        writer
            .transaction(move |tx| add(tx, &feed, &entry, feeds_max, now))
            .await
    }

    async fn change(
        &self,
        id: FeedId,
        change: Change,
        entry: NewEntry,
        now: UnixMicros,
    ) -> Result<bool, Unavailable> {
        let writer = &self.lasting.writer;
        writer
            .transaction(move |tx| self::change(tx, id, &change, &entry, now))
            .await
    }

    async fn make_due(
        &self,
        id: FeedId,
        job: NewJob,
        entry: NewEntry,
        now: UnixMicros,
    ) -> Result<bool, Unavailable> {
        let writer = &self.lasting.writer;
        writer
            .transaction(move |tx| make_due(tx, id, &job, &entry, now))
            .await
    }

    async fn clear(&self, id: FeedId, limit: usize) -> Result<u64, Unavailable> {
        let writer = &self.lasting.writer;
        writer.transaction(move |tx| clear(tx, id, limit)).await
    }

    async fn remove(&self, id: FeedId, entry: NewEntry) -> Result<bool, Unavailable> {
        let writer = &self.lasting.writer;
        writer.transaction(move |tx| remove(tx, id, &entry)).await
    }

    async fn begin(&self, id: FeedId, now: UnixMicros) -> Result<Option<RunId>, Unavailable> {
        let writer = &self.lasting.writer;
        writer.transaction(move |tx| begin(tx, id, now)).await
    }

    async fn write(
        &self,
        feed: FeedId,
        run: RunId,
        entries: Vec<Entry>,
        now: UnixMicros,
    ) -> Result<Written, Unavailable> {
        let writer = &self.lasting.writer;
        writer
            .transaction(move |tx| write(tx, feed, run, &entries, now))
            .await
    }

    async fn end(&self, run: RunId, ended: Ended, now: UnixMicros) -> Result<(), Unavailable> {
        let writer = &self.lasting.writer;
        writer
            .transaction(move |tx| end(tx, run, &ended, now))
            .await
    }

    async fn forget(
        &self,
        feed: FeedId,
        before: UnixMicros,
        after: EntryId,
        limit: usize,
    ) -> Result<Forgotten, Unavailable> {
        let writer = &self.lasting.writer;
        writer
            .transaction(move |tx| forget(tx, feed, before, after, limit))
            .await
    }

    async fn runs(
        &self,
        feed: FeedId,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, Unavailable> {
        let readers = &self.lasting.readers;
        readers.read(move |db| runs(db, feed, before, limit)).await
    }

    async fn sweep_runs(&self, feed: FeedId, keep: usize) -> Result<(), Unavailable> {
        let writer = &self.lasting.writer;
        writer
            .transaction(move |tx| sweep_runs(tx, feed, keep))
            .await
    }

    async fn look_up(
        &self,
        scope: &Scope,
        question: &Question,
        limit: usize,
    ) -> Result<Looked, Unavailable> {
        let (scope, question) = (scope.clone(), question.clone());
        let readers = &self.lasting.readers;
        readers
            .snapshot(move |db| look_up(db, &scope, &question, limit))
            .await
    }
}
