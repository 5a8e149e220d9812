//! Facts: a digest each, and the timestamp that stamped it.

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use facts::{Fact, FactId, NewFact, Place, StampFact, Stamped, Store};
use rusqlite::{Connection, Row, params};
use stamp::TimestampId;

use crate::SqliteStore;
use crate::jobs::{enqueue, finish};
use crate::rows::{hash, number, signed};

/// Writes a fact and the job that stamps it, in the transaction of the row that it is about.
pub(crate) fn insert(tx: &Connection, fact: &NewFact, now: UnixMicros) -> rusqlite::Result<FactId> {
    let id = tx
        .prepare_cached("insert into fact (kind, sha256, created_at_us) values (?1, ?2, ?3)")?
        .insert(params![fact.kind.0, fact.sha256, now.0])?;
    let id = FactId(id);
    enqueue(tx, &[StampFact::of(id)], now)?;
    Ok(id)
}

pub(crate) fn insert_many(
    tx: &Connection,
    facts: &[NewFact],
    now: UnixMicros,
) -> rusqlite::Result<Vec<FactId>> {
    facts.iter().map(|fact| insert(tx, fact, now)).collect()
}

/// Columns id, kind, sha256, `created_at_us`, number, nonce, `entry_index`, whether it is pooled, interval.
fn fact(row: &Row<'_>) -> rusqlite::Result<Fact> {
    let place = if row.get::<_, Option<i64>>(4)?.is_none() {
        Place::Waiting
    } else {
        let timestamp = TimestampId {
            batch: number(row, 4)?,
            nonce: number(row, 5)?,
            index: row.get(6)?,
        };
        if row.get(7)? {
            Place::Pooled(timestamp)
        } else if row.get::<_, Option<i64>>(8)?.is_some() {
            Place::Sealed {
                timestamp,
                interval: number(row, 8)?,
            }
        } else {
            Place::Forgotten(timestamp)
        }
    };
    Ok(Fact {
        id: FactId(row.get(0)?),
        kind: row.get(1)?,
        sha256: hash(row, 2)?,
        created: UnixMicros(row.get(3)?),
        place,
    })
}

pub(crate) fn facts(db: &Connection, ids: &[FactId]) -> rusqlite::Result<Vec<Fact>> {
    let mut select = db.prepare_cached(
        "select fact.id, kind, sha256, created_at_us, fact.number, fact.nonce, fact.entry_index,
             pooled_batch.number is not null, interval_index
         from fact
         left join pooled_batch on pooled_batch.number = fact.number
         left join sealed_batch on sealed_batch.number = fact.number
         where fact.id = ?1",
    )?;
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut found = Vec::with_capacity(sorted.len());
    for id in sorted {
        let mut rows = select.query([id.0])?;
        if let Some(row) = rows.next()? {
            found.push(fact(row)?);
        }
    }
    Ok(found)
}

pub(crate) fn walk(db: &Connection, after: FactId, limit: usize) -> rusqlite::Result<Vec<Fact>> {
    db.prepare_cached(
        "select fact.id, kind, sha256, created_at_us, fact.number, fact.nonce, fact.entry_index,
             pooled_batch.number is not null, interval_index
         from fact
         left join pooled_batch on pooled_batch.number = fact.number
         left join sealed_batch on sealed_batch.number = fact.number
         where fact.id > ?1
         order by fact.id
         limit ?2",
    )?
    .query_map(params![after.0, signed(limit as u64)], fact)?
    .collect()
}

pub(crate) fn stamped(
    tx: &Connection,
    stamped: &[Stamped],
    now: UnixMicros,
) -> rusqlite::Result<Vec<bool>> {
    let mut update = tx.prepare_cached(
        "update fact set number = ?2, nonce = ?3, entry_index = ?4 where id = ?1 and number is null",
    )?;
    let mut written = Vec::with_capacity(stamped.len());
    for it in stamped {
        // The fence first: with a stale one nothing may be written.
        let ours = finish(tx, it.fence, now)?;
        if ours {
            let at = it.timestamp;
            update.execute(params![
                it.fact.0,
                signed(at.batch),
                signed(at.nonce),
                at.index
            ])?;
        }
        written.push(ours);
    }
    Ok(written)
}

pub(crate) fn orphans(
    db: &Connection,
    after: FactId,
    limit: usize,
) -> rusqlite::Result<Vec<FactId>> {
    db.prepare_cached(
        "with owed as materialized (
             select payload ->> 'fact' as fact from job where state < 2 and name = 'facts.stamp'
         )
         select id from fact
         where number is null and id > ?1 and id not in (select fact from owed)
         order by id
         limit ?2",
    )?
    .query_map(params![after.0, signed(limit as u64)], |row| {
        row.get(0).map(FactId)
    })?
    .collect()
}

#[async_trait]
impl Store for SqliteStore {
    async fn insert(
        &self,
        facts: Vec<NewFact>,
        now: UnixMicros,
    ) -> Result<Vec<FactId>, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| insert_many(tx, &facts, now))
            .await
    }

    async fn facts(&self, ids: &[FactId]) -> Result<Vec<Fact>, Unavailable> {
        let ids = ids.to_vec();
        self.lasting
            .readers
            .snapshot(move |db| facts(db, &ids))
            .await
    }

    async fn walk(&self, after: FactId, limit: usize) -> Result<Vec<Fact>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| walk(db, after, limit))
            .await
    }

    async fn stamped(
        &self,
        stamped: &[Stamped],
        now: UnixMicros,
    ) -> Result<Vec<bool>, Unavailable> {
        let list = stamped.to_vec();
        self.lasting
            .writer
            .transaction(move |tx| self::stamped(tx, &list, now))
            .await
    }

    async fn orphans(&self, after: FactId, limit: usize) -> Result<Vec<FactId>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| orphans(db, after, limit))
            .await
    }
}
