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
use sqlx::PgConnection;

use self::index::{clear, forget, look_up, write};
use crate::PostgresStore;
use crate::audit;
use crate::connection::answered;
use crate::error::{broken, unavailable};
use crate::jobs::enqueue;
use crate::rows::{stored, unsigned};

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data")
}

fn description(text: &str) -> Result<Description, Unavailable> {
    serde_json::from_str(text).map_err(|_| broken("a feed's description"))
}

fn outcome(number: i16) -> Result<Outcome, Unavailable> {
    Ok(match number {
        0 => Outcome::Runs,
        1 => Outcome::Complete,
        2 => Outcome::Unchanged,
        3 => Outcome::Failed,
        _ => return Err(broken("a run's outcome")),
    })
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

async fn insert(
    tx: &mut PgConnection,
    feed: &NewFeed,
    now: UnixMicros,
) -> Result<FeedId, Unavailable> {
    let id = sqlx::query_scalar!(
        "insert into feed (slug, is_shipped, is_enabled, description, created_at_us, due_at_us,
            entries)
        values ($1, $2, $3, $4, $5, $5, 0)
        returning id",
        feed.slug,
        feed.is_shipped,
        feed.is_enabled,
        json(&feed.description),
        now.0,
    )
    .fetch_one(tx)
    .await
    .map_err(unavailable)?;
    Ok(FeedId(id))
}

async fn adopt(
    store: &PostgresStore,
    feeds: &[NewFeed],
    now: UnixMicros,
) -> Result<(), Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    // Processes that start together do this one after the other.
    sqlx::query!("lock table feed in share row exclusive mode")
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    for new in feeds {
        let known = sqlx::query!("select id, description from feed where slug = $1", new.slug)
            .fetch_optional(&mut *tx)
            .await
            .map_err(unavailable)?;
        match known {
            None => {
                insert(&mut tx, new, now).await?;
            }
            Some(row) if row.description != json(&new.description) => {
                describe(&mut tx, FeedId(row.id), &new.description).await?;
            }
            Some(_) => {}
        }
    }
    tx.commit().await.map_err(unavailable)
}

/// What was known of its server's state is forgotten with the old description.
async fn describe(
    tx: &mut PgConnection,
    id: FeedId,
    description: &Description,
) -> Result<(), Unavailable> {
    sqlx::query!(
        "update feed set description = $2, etag = null, last_modified = null where id = $1",
        id.0,
        json(description),
    )
    .execute(tx)
    .await
    .map_err(unavailable)?;
    Ok(())
}

async fn feeds(store: &PostgresStore) -> Result<Vec<Feed>, Unavailable> {
    let rows = sqlx::query!(
        r#"select id, slug, is_shipped, is_enabled, description, created_at_us, due_at_us, etag,
            last_modified, complete_run, entries
        from feed
        order by slug collate "C""#,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let feeds = rows.into_iter().map(|row| {
        Ok(Feed {
            id: FeedId(row.id),
            slug: row.slug,
            is_shipped: row.is_shipped,
            is_enabled: row.is_enabled,
            description: description(&row.description)?,
            created: UnixMicros(row.created_at_us),
            due: UnixMicros(row.due_at_us),
            etag: row.etag,
            last_modified: row.last_modified,
            complete: row.complete_run.map(RunId),
            entries: unsigned(row.entries, "a feed's entries")?,
        })
    });
    feeds.collect()
}

async fn add(
    store: &PostgresStore,
    feed: &NewFeed,
    entry: &NewEntry,
    feeds_max: usize,
    now: UnixMicros,
) -> Result<Added, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    sqlx::query!("lock table feed in share row exclusive mode")
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    let known = sqlx::query!(
        r#"select count(*) as "count!", count(*) filter (where slug = $1) as "taken!" from feed"#,
        feed.slug,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(unavailable)?;
    if known.taken > 0 {
        return Ok(Added::Taken);
    }
    if known.count >= count(feeds_max) {
        return Ok(Added::Full);
    }
    let id = insert(&mut tx, feed, now).await?;
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Added::Done(id))
}

async fn change(
    store: &PostgresStore,
    id: FeedId,
    change: &Change,
    entry: &NewEntry,
    now: UnixMicros,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let changed = sqlx::query!(
        "update feed set is_enabled = coalesce($2, is_enabled), due_at_us = $3 where id = $1",
        id.0,
        change.is_enabled,
        now.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if changed.rows_affected() == 0 {
        return Ok(false);
    }
    if let Some(description) = &change.description {
        describe(&mut tx, id, description).await?;
    }
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}

async fn make_due(
    store: &PostgresStore,
    id: FeedId,
    job: &NewJob,
    entry: &NewEntry,
    now: UnixMicros,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let changed = sqlx::query!("update feed set due_at_us = $2 where id = $1", id.0, now.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    if changed.rows_affected() == 0 {
        return Ok(false);
    }
    enqueue(&mut tx, std::slice::from_ref(job), now).await?;
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}

async fn remove(store: &PostgresStore, id: FeedId, entry: &NewEntry) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let removed = sqlx::query!("delete from feed where id = $1", id.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    if removed.rows_affected() == 0 {
        return Ok(false);
    }
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}

async fn begin(
    store: &PostgresStore,
    id: FeedId,
    now: UnixMicros,
) -> Result<Option<RunId>, Unavailable> {
    let run = sqlx::query_scalar!(
        "insert into feed_run (feed, started_at_us, outcome, bytes, entries, added, skipped)
        select id, $2, 0, 0, 0, 0, 0 from feed where id = $1
        returning id",
        id.0,
        now.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(run.map(RunId))
}

async fn end(
    store: &PostgresStore,
    run: RunId,
    ended: &Ended,
    now: UnixMicros,
) -> Result<(), Unavailable> {
    let number: i16 = match ended.outcome {
        Outcome::Runs => 0,
        Outcome::Complete => 1,
        Outcome::Unchanged => 2,
        Outcome::Failed => 3,
    };
    let entries = stored(ended.entries)?;
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let feed = sqlx::query_scalar!(
        "update feed_run
        set ended_at_us = $2, outcome = $3, bytes = $4, entries = $5, added = $6, skipped = $7,
            cause = $8
        where id = $1 and ended_at_us is null
        returning feed",
        run.0,
        now.0,
        number,
        stored(ended.bytes)?,
        entries,
        stored(ended.added)?,
        stored(ended.skipped)?,
        ended.cause,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    let Some(feed) = feed else { return Ok(()) };
    sqlx::query!(
        "update feed set due_at_us = $2 where id = $1",
        feed,
        ended.due.0
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if ended.outcome == Outcome::Complete {
        sqlx::query!(
            "update feed
            set etag = $2, last_modified = $3, complete_run = $4, entries = $5
            where id = $1 and coalesce(complete_run, 0) < $4",
            feed,
            ended.etag,
            ended.last_modified,
            run.0,
            entries,
        )
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    }
    tx.commit().await.map_err(unavailable)
}

async fn runs(
    store: &PostgresStore,
    feed: FeedId,
    before: Option<RunId>,
    limit: usize,
) -> Result<Vec<Run>, Unavailable> {
    let rows = sqlx::query!(
        "select id, feed, started_at_us, ended_at_us, outcome, bytes, entries, added, skipped, cause
        from feed_run
        where feed = $1 and id < $2
        order by id desc
        limit $3",
        feed.0,
        before.map_or(i64::MAX, |run| run.0),
        count(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let runs = rows.into_iter().map(|row| {
        Ok(Run {
            id: RunId(row.id),
            feed: FeedId(row.feed),
            started: UnixMicros(row.started_at_us),
            ended: row.ended_at_us.map(UnixMicros),
            outcome: outcome(row.outcome)?,
            bytes: unsigned(row.bytes, "a run's bytes")?,
            entries: unsigned(row.entries, "a run's entries")?,
            added: unsigned(row.added, "a run's new entries")?,
            skipped: unsigned(row.skipped, "a run's skipped entries")?,
            cause: row.cause,
        })
    });
    runs.collect()
}

async fn sweep_runs(store: &PostgresStore, feed: FeedId, keep: usize) -> Result<(), Unavailable> {
    sqlx::query!(
        "delete from feed_run
        where feed = $1 and id <= (
            select id from feed_run where feed = $1 order by id desc limit 1 offset $2
        )",
        feed.0,
        count(keep),
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(())
}

#[async_trait]
impl Store for PostgresStore {
    async fn adopt(&self, feeds: Vec<NewFeed>, now: UnixMicros) -> Result<(), Unavailable> {
        answered(adopt(self, &feeds, now)).await
    }

    async fn feeds(&self) -> Result<Vec<Feed>, Unavailable> {
        answered(feeds(self)).await
    }

    async fn add(
        &self,
        feed: NewFeed,
        entry: NewEntry,
        feeds_max: usize,
        now: UnixMicros,
    ) -> Result<Added, Unavailable> {
        answered(add(self, &feed, &entry, feeds_max, now)).await
    }

    async fn change(
        &self,
        id: FeedId,
        change: Change,
        entry: NewEntry,
        now: UnixMicros,
    ) -> Result<bool, Unavailable> {
        answered(self::change(self, id, &change, &entry, now)).await
    }

    async fn make_due(
        &self,
        id: FeedId,
        job: NewJob,
        entry: NewEntry,
        now: UnixMicros,
    ) -> Result<bool, Unavailable> {
        answered(make_due(self, id, &job, &entry, now)).await
    }

    async fn clear(&self, id: FeedId, limit: usize) -> Result<u64, Unavailable> {
        answered(clear(self, id, limit)).await
    }

    async fn remove(&self, id: FeedId, entry: NewEntry) -> Result<bool, Unavailable> {
        answered(remove(self, id, &entry)).await
    }

    async fn begin(&self, id: FeedId, now: UnixMicros) -> Result<Option<RunId>, Unavailable> {
        answered(begin(self, id, now)).await
    }

    async fn write(
        &self,
        feed: FeedId,
        run: RunId,
        entries: Vec<Entry>,
        now: UnixMicros,
    ) -> Result<Written, Unavailable> {
        answered(write(self, feed, run, &entries, now)).await
    }

    async fn end(&self, run: RunId, ended: Ended, now: UnixMicros) -> Result<(), Unavailable> {
        answered(end(self, run, &ended, now)).await
    }

    async fn forget(
        &self,
        feed: FeedId,
        before: UnixMicros,
        after: EntryId,
        limit: usize,
    ) -> Result<Forgotten, Unavailable> {
        answered(forget(self, feed, before, after, limit)).await
    }

    async fn runs(
        &self,
        feed: FeedId,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, Unavailable> {
        answered(runs(self, feed, before, limit)).await
    }

    async fn sweep_runs(&self, feed: FeedId, keep: usize) -> Result<(), Unavailable> {
        answered(sweep_runs(self, feed, keep)).await
    }

    async fn look_up(
        &self,
        scope: &Scope,
        question: &Question,
        limit: usize,
    ) -> Result<Looked, Unavailable> {
        answered(look_up(self, scope, question, limit)).await
    }
}
