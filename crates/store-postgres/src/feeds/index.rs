//! The index of what feeds list.

use std::collections::HashMap;

use base::{Unavailable, UnixMicros};
use intel::feeds::{
    Entry, EntryId, FeedId, Forgotten, Listing, Looked, Question, RunId, Scope, Written,
};

use super::{count, description, json};
use crate::PostgresStore;
use crate::error::{broken, unavailable};

pub(super) async fn clear(
    store: &PostgresStore,
    id: FeedId,
    limit: usize,
) -> Result<u64, Unavailable> {
    let deleted = sqlx::query!(
        "delete from feed_entry
        where id in (select id from feed_entry where feed = $1 order by id limit $2)",
        id.0,
        count(limit),
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(deleted.rows_affected())
}

/// Entries on their way into the database: one array per column.
#[derive(Default)]
struct Columns {
    keys: Vec<Vec<u8>>,
    kinds: Vec<&'static str>,
    values: Vec<String>,
    hosts: Vec<Option<String>>,
    confidences: Vec<Option<i16>>,
    fields: Vec<String>,
    firsts: Vec<i64>,
}

impl Columns {
    /// Each key once, in an order that all processes share: the last entry of a key counts.
    fn of(entries: &[Entry], now: UnixMicros) -> Self {
        let last: HashMap<[u8; 16], &Entry> =
            entries.iter().map(|entry| (entry.key(), entry)).collect();
        let mut sorted: Vec<_> = last.into_iter().collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        let mut columns = Self::default();
        for (key, entry) in sorted {
            columns.keys.push(key.to_vec());
            columns.kinds.push(entry.indicator.kind().wire());
            columns.values.push(entry.indicator.value().to_owned());
            columns.hosts.push(entry.host());
            columns.confidences.push(entry.confidence.map(i16::from));
            columns.fields.push(json(&entry.fields));
            let first = entry.first_seen.map_or(now.0, |first| first.0.min(now.0));
            columns.firsts.push(first);
        }
        columns
    }
}

pub(super) async fn write(
    store: &PostgresStore,
    feed: FeedId,
    run: RunId,
    entries: &[Entry],
    now: UnixMicros,
) -> Result<Written, Unavailable> {
    let columns = Columns::of(entries, now);
    // `xmax` is 0 of a row that this statement inserted. A feed that was deleted while it was on its
    // way takes nothing.
    let inserted = sqlx::query_scalar!(
        r#"insert into feed_entry (feed, key, kind, value, host, confidence, fields,
            first_seen_at_us, last_seen_at_us, run)
        select feed.id, new.key, new.kind, new.value, new.host, new.confidence, new.fields,
            new.first_seen, $9, $10
        from feed, unnest($2::bytea[], $3::text[], $4::text[], $5::text[], $6::int2[], $7::text[],
            $8::int8[]) as new (key, kind, value, host, confidence, fields, first_seen)
        where feed.id = $1
        on conflict (key, feed) do update
        set confidence = excluded.confidence, fields = excluded.fields,
            first_seen_at_us = least(feed_entry.first_seen_at_us, excluded.first_seen_at_us),
            last_seen_at_us = greatest(feed_entry.last_seen_at_us, excluded.last_seen_at_us),
            run = excluded.run
        returning xmax = 0 as "inserted!""#,
        feed.0,
        &columns.keys,
        &columns.kinds as &[&str],
        &columns.values,
        &columns.hosts as &[Option<String>],
        &columns.confidences as &[Option<i16>],
        &columns.fields,
        &columns.firsts,
        now.0,
        run.0,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let added = inserted.iter().filter(|inserted| **inserted).count() as u64;
    // An entry that is twice in the list is known the second time.
    let known = if inserted.is_empty() {
        0
    } else {
        entries.len() as u64 - added
    };
    Ok(Written { added, known })
}

pub(super) async fn forget(
    store: &PostgresStore,
    feed: FeedId,
    before: UnixMicros,
    after: EntryId,
    limit: usize,
) -> Result<Forgotten, Unavailable> {
    let seen = sqlx::query!(
        r#"select max(id) as last, count(*) as "count!" from (
            select id from feed_entry where feed = $1 and id > $2 order by id limit $3
        ) as page"#,
        feed.0,
        after.0,
        count(limit),
    )
    .fetch_one(store.pool())
    .await
    .map_err(unavailable)?;
    let Some(last) = seen.last else {
        return Ok(Forgotten {
            deleted: 0,
            next: None,
        });
    };
    let deleted = sqlx::query!(
        "delete from feed_entry
        where feed = $1 and id > $2 and id <= $3 and last_seen_at_us < $4
            and run <> coalesce((select complete_run from feed where id = $1), 0)",
        feed.0,
        after.0,
        last,
        before.0,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(Forgotten {
        deleted: deleted.rows_affected(),
        next: (seen.count == count(limit)).then_some(EntryId(last)),
    })
}

/// A row of `feed_entry` and its feed.
struct Row {
    slug: String,
    description: String,
    kind: String,
    value: String,
    confidence: Option<i16>,
    fields: String,
    first_seen_at_us: i64,
    last_seen_at_us: i64,
    is_current: bool,
}

impl Row {
    fn listing(self) -> Result<Listing, Unavailable> {
        let percent = |number| u8::try_from(number).map_err(|_| broken("an entry's confidence"));
        let fields = serde_json::from_str(&self.fields);
        Ok(Listing {
            feed: self.slug,
            description: description(&self.description)?,
            kind: self.kind,
            value: self.value,
            confidence: self.confidence.map(percent).transpose()?,
            fields: fields.map_err(|_| broken("an entry's fields"))?,
            first_seen: UnixMicros(self.first_seen_at_us),
            last_seen: UnixMicros(self.last_seen_at_us),
            is_current: self.is_current,
        })
    }
}

pub(super) async fn look_up(
    store: &PostgresStore,
    scope: &Scope,
    question: &Question,
    limit: usize,
) -> Result<Looked, Unavailable> {
    // A scope is one feed, or all that do not come with the product.
    let slug = match scope {
        Scope::Feed(slug) => Some(slug.as_str()),
        Scope::Own => None,
    };
    let is_filled = sqlx::query_scalar!(
        r#"select exists (
            select from feed
            where case when $1::text is null then not is_shipped else slug = $1 end
                and is_enabled and complete_run is not null
        ) as "is_filled!""#,
        slug,
    )
    .fetch_one(store.pool())
    .await
    .map_err(unavailable)?;
    let keys: Vec<Vec<u8>> = question.keys.iter().map(|key| key.to_vec()).collect();
    let mut rows = sqlx::query_as!(
        Row,
        r#"select slug, description, kind, value, confidence, fields, first_seen_at_us,
            last_seen_at_us, run >= coalesce(complete_run, 0) as "is_current!"
        from unnest($1::bytea[]) with ordinality as asked (key, place)
        join feed_entry on feed_entry.key = asked.key
        join feed on feed.id = feed_entry.feed
        where case when $2::text is null then not is_shipped else slug = $2 end and is_enabled
        order by place, feed_entry.id
        limit $3"#,
        &keys,
        slug,
        count(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    if let Some(host) = &question.host {
        let left = limit.saturating_sub(rows.len());
        // All names below it begin with it, and its last byte is a dot: the next byte ends them.
        let end = if question.is_deep {
            format!("{}/", host.trim_end_matches('.'))
        } else {
            format!("{host}\u{1}")
        };
        let found = sqlx::query_as!(
            Row,
            r#"select slug, description, kind, value, confidence, fields, first_seen_at_us,
                last_seen_at_us, run >= coalesce(complete_run, 0) as "is_current!"
            from feed_entry
            join feed on feed.id = feed_entry.feed
            where host >= $1 and host < $2 and key <> $3
                and case when $4::text is null then not is_shipped else slug = $4 end
                and is_enabled
            order by host, feed_entry.id
            limit $5"#,
            host,
            end,
            &question.keys[0][..],
            slug,
            count(left),
        )
        .fetch_all(store.pool())
        .await
        .map_err(unavailable)?;
        rows.extend(found);
    }
    let listings = rows.into_iter().map(Row::listing);
    Ok(Looked {
        is_filled,
        listings: listings.collect::<Result<_, _>>()?,
    })
}
