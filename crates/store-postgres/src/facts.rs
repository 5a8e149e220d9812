//! Facts: a digest each, and the timestamp that stamped it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use facts::{Fact, FactId, NewFact, Place, StampFact, Stamped, Store};
use jobs::{Fence, NewJob};
use sqlx::PgConnection;
use stamp::TimestampId;

use crate::PostgresStore;
use crate::connection::answered;
use crate::error::{broken, unavailable};
use crate::jobs::{enqueue, finish_many};
use crate::rows::{hash, stored, unsigned};

/// Writes a fact and the job that stamps it, in the transaction of the row that it is about.
#[allow(dead_code, reason = "for other rooms' transactions")]
pub(crate) async fn insert(
    tx: &mut PgConnection,
    fact: &NewFact,
    now: UnixMicros,
) -> Result<FactId, Unavailable> {
    let ids = insert_many(tx, std::slice::from_ref(fact), now).await?;
    ids.into_iter().next().ok_or_else(|| broken("a fact"))
}

/// The same for several, answered in their order.
pub(crate) async fn insert_many(
    tx: &mut PgConnection,
    facts: &[NewFact],
    now: UnixMicros,
) -> Result<Vec<FactId>, Unavailable> {
    let kinds: Vec<&str> = facts.iter().map(|fact| fact.kind.0).collect();
    let digests: Vec<&[u8]> = facts.iter().map(|fact| &fact.sha256[..]).collect();
    let mut ids = sqlx::query_scalar!(
        "insert into fact (kind, sha256, created_at_us)
        select kind, sha256, $3
        from unnest($1::text[], $2::bytea[]) with ordinality as new (kind, sha256, place)
        order by place
        returning id",
        &kinds as &[&str],
        &digests as &[&[u8]],
        now.0,
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(unavailable)?;
    // Numbers are drawn in the order in which the rows are written.
    ids.sort_unstable();
    let ids: Vec<FactId> = ids.into_iter().map(FactId).collect();
    let jobs: Vec<NewJob> = ids.iter().map(|id| StampFact::of(*id)).collect();
    enqueue(tx, &jobs, now).await?;
    Ok(ids)
}

/// A row of `fact`, and where its batch is.
struct Row {
    id: i64,
    kind: String,
    sha256: Vec<u8>,
    created_at_us: i64,
    number: Option<i64>,
    nonce: Option<i64>,
    entry_index: Option<i32>,
    pooled: Option<bool>,
    interval_index: Option<i64>,
}

impl Row {
    fn fact(self) -> Result<Fact, Unavailable> {
        let place = match (self.number, self.nonce, self.entry_index) {
            (Some(number), Some(nonce), Some(index)) => {
                let timestamp = TimestampId {
                    batch: unsigned(number, "a fact's batch")?,
                    nonce: unsigned(nonce, "a fact's nonce")?,
                    index: u32::try_from(index).map_err(|_| broken("a fact's index"))?,
                };
                match self.interval_index {
                    _ if self.pooled == Some(true) => Place::Pooled(timestamp),
                    Some(interval) => Place::Sealed {
                        timestamp,
                        interval: unsigned(interval, "a batch's interval")?,
                    },
                    None => Place::Forgotten(timestamp),
                }
            }
            _ => Place::Waiting,
        };
        Ok(Fact {
            id: FactId(self.id),
            kind: self.kind,
            sha256: hash(&self.sha256, "a fact's digest")?,
            created: UnixMicros(self.created_at_us),
            place,
        })
    }
}

async fn facts(store: &PostgresStore, ids: &[FactId]) -> Result<Vec<Fact>, Unavailable> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"select id, kind, sha256, created_at_us, fact.number as "number?",
            fact.nonce as "nonce?", entry_index, pooled_batch.number is not null as pooled,
            interval_index as "interval_index?"
        from fact
        left join pooled_batch on pooled_batch.number = fact.number
        left join sealed_batch on sealed_batch.number = fact.number
        where id = any($1)
        order by id"#,
        &ids,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(Row::fact).collect()
}

async fn walk(
    store: &PostgresStore,
    after: FactId,
    limit: usize,
) -> Result<Vec<Fact>, Unavailable> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, kind, sha256, created_at_us, fact.number as "number?",
            fact.nonce as "nonce?", entry_index, pooled_batch.number is not null as pooled,
            interval_index as "interval_index?"
        from fact
        left join pooled_batch on pooled_batch.number = fact.number
        left join sealed_batch on sealed_batch.number = fact.number
        where id > $1
        order by id
        limit $2"#,
        after.0,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(Row::fact).collect()
}

/// The fences first: with a stale one nothing may be written.
async fn stamped(
    store: &PostgresStore,
    stamped: &[Stamped],
    now: UnixMicros,
) -> Result<Vec<bool>, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let fences: Vec<Fence> = stamped.iter().map(|it| it.fence).collect();
    let finished = finish_many(&mut tx, &fences, now).await?;
    let finished: BTreeSet<i64> = finished.into_iter().collect();
    let ours = |it: &&Stamped| finished.contains(&it.fence.job.0);
    let (mut ids, mut numbers, mut nonces, mut indexes) = (vec![], vec![], vec![], vec![]);
    for it in stamped.iter().filter(ours) {
        ids.push(it.fact.0);
        numbers.push(stored(it.timestamp.batch)?);
        nonces.push(stored(it.timestamp.nonce)?);
        let index = i32::try_from(it.timestamp.index);
        indexes.push(index.map_err(|_| broken("an entry's index"))?);
    }
    sqlx::query!(
        "update fact
        set number = stamped.number, nonce = stamped.nonce, entry_index = stamped.entry_index
        from unnest($1::int8[], $2::int8[], $3::int8[], $4::int4[])
            as stamped (id, number, nonce, entry_index)
        where fact.id = stamped.id and fact.number is null",
        &ids,
        &numbers,
        &nonces,
        &indexes,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    Ok(stamped.iter().map(|it| ours(&it)).collect())
}

async fn orphans(
    store: &PostgresStore,
    after: FactId,
    limit: usize,
) -> Result<Vec<FactId>, Unavailable> {
    let ids = sqlx::query_scalar!(
        "select id from fact
        where number is null and id > $1 and not exists (
            select from job
            where state < 2 and name = 'facts.stamp'
                and (payload::json ->> 'fact')::int8 = fact.id
        )
        order by id
        limit $2",
        after.0,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(ids.into_iter().map(FactId).collect())
}

#[async_trait]
impl Store for PostgresStore {
    async fn insert(
        &self,
        facts: Vec<NewFact>,
        now: UnixMicros,
    ) -> Result<Vec<FactId>, Unavailable> {
        answered(async {
            let mut tx = self.pool().begin().await.map_err(unavailable)?;
            let ids = insert_many(&mut tx, &facts, now).await?;
            tx.commit().await.map_err(unavailable)?;
            Ok(ids)
        })
        .await
    }

    async fn facts(&self, ids: &[FactId]) -> Result<Vec<Fact>, Unavailable> {
        answered(facts(self, ids)).await
    }

    async fn walk(&self, after: FactId, limit: usize) -> Result<Vec<Fact>, Unavailable> {
        answered(walk(self, after, limit)).await
    }

    async fn stamped(&self, list: &[Stamped], now: UnixMicros) -> Result<Vec<bool>, Unavailable> {
        answered(stamped(self, list, now)).await
    }

    async fn orphans(&self, after: FactId, limit: usize) -> Result<Vec<FactId>, Unavailable> {
        answered(orphans(self, after, limit)).await
    }
}
