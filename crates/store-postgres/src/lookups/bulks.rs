//! Bulks and their items.

use base::{Unavailable, UnixMicros, UserId};
use indicator::Indicator;
use intel::Verdict;
use intel::lookups::stored::{self, sources_of, sources_text};
use intel::lookups::{
    Bulk, BulkChange, BulkFilter, BulkId, BulkItem, BulkState, BulkStep, Item, ItemDone, ItemState,
    NewBulk, RequestId,
};
use jobs::NewJob;
use sqlx::{PgConnection, PgExecutor};

use super::indicator_numbers;
use super::rows::{confidence, count, counted, most, read, verdict};
use crate::PostgresStore;
use crate::error::{broken, unavailable};
use crate::jobs::enqueue;

/// Items that travel in one statement.
const ITEMS_AT_ONCE: usize = 5000;

pub(super) async fn insert(
    store: &PostgresStore,
    bulk: &NewBulk,
    job: fn(BulkId, u32) -> NewJob,
) -> Result<BulkId, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let items = i32::try_from(bulk.indicators.len()).map_err(|_| broken("a bulk's items"))?;
    let id = sqlx::query_scalar!(
        "insert into bulk (name, account, sources, tlp, may_use_cache, state, run, items, done,
            malicious, suspicious, troubled, created_at_us, changed_at_us)
        values ($1, $2, $3, $4, $5, 0, 1, $6, 0, 0, 0, 0, $7, $7)
        returning id",
        bulk.name,
        bulk.user.map(|user| user.0),
        sources_text(bulk.sources.as_deref()),
        bulk.tlp.name(),
        bulk.may_use_cache,
        items,
        bulk.created.0,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(unavailable)?;
    let mut first = 0;
    for some in bulk.indicators.chunks(ITEMS_AT_ONCE) {
        let indicators: Vec<&Indicator> = some.iter().collect();
        let numbers = indicator_numbers(&mut tx, &indicators, bulk.created).await?;
        sqlx::query!(
            "insert into bulk_item (bulk, place, indicator, verdict, confidence, troubled)
            select $1, $2 + place::int4 - 1, indicator, 0, 0, 0
            from unnest($3::int8[]) with ordinality as new (indicator, place)",
            id,
            first,
            &numbers,
        )
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
        first += i32::try_from(some.len()).map_err(|_| broken("a bulk's items"))?;
    }
    enqueue(&mut tx, &[job(BulkId(id), 1)], bulk.created).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(BulkId(id))
}

/// A row of `bulk`, with its account.
struct Row {
    id: i64,
    name: String,
    account: Option<i64>,
    account_name: Option<String>,
    sources: Option<String>,
    tlp: String,
    may_use_cache: bool,
    state: i16,
    run: i32,
    items: i32,
    done: i32,
    malicious: i32,
    suspicious: i32,
    troubled: i32,
    created_at_us: i64,
    changed_at_us: i64,
}

impl Row {
    fn bulk(self) -> Result<Bulk, Unavailable> {
        Ok(Bulk {
            id: BulkId(self.id),
            name: self.name,
            user: self.account.map(UserId),
            user_name: self.account_name,
            sources: read(sources_of(self.sources.as_deref()))?,
            tlp: read(stored::tlp(&self.tlp))?,
            may_use_cache: self.may_use_cache,
            state: read(BulkState::of_column(self.state))?,
            run: count(self.run)?,
            items: count(self.items)?,
            done: count(self.done)?,
            malicious: count(self.malicious)?,
            suspicious: count(self.suspicious)?,
            troubled: count(self.troubled)?,
            created: UnixMicros(self.created_at_us),
            changed: UnixMicros(self.changed_at_us),
        })
    }
}

pub(super) async fn bulk(
    executor: impl PgExecutor<'_>,
    id: BulkId,
) -> Result<Option<Bulk>, Unavailable> {
    let row = sqlx::query_as!(
        Row,
        r#"select bulk.id, bulk.name, account, account.name as "account_name?", sources, tlp,
            may_use_cache, state, run, items, done, malicious, suspicious, troubled,
            bulk.created_at_us, changed_at_us
        from bulk
        left join account on account.id = bulk.account
        where bulk.id = $1"#,
        id.0,
    )
    .fetch_optional(executor)
    .await
    .map_err(unavailable)?;
    row.map(Row::bulk).transpose()
}

pub(super) async fn bulks(
    store: &PostgresStore,
    user: Option<UserId>,
    before: Option<BulkId>,
    limit: usize,
) -> Result<Vec<Bulk>, Unavailable> {
    let rows = sqlx::query_as!(
        Row,
        r#"select bulk.id, bulk.name, account, account.name as "account_name?", sources, tlp,
            may_use_cache, state, run, items, done, malicious, suspicious, troubled,
            bulk.created_at_us, changed_at_us
        from bulk
        left join account on account.id = bulk.account
        where bulk.id < $1 and ($2::int8 is null or account = $2)
        order by bulk.id desc
        limit $3"#,
        before.map_or(i64::MAX, |id| id.0),
        user.map(|user| user.0),
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(Row::bulk).collect()
}

/// A place as a column has it.
fn place(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(super) async fn items(
    store: &PostgresStore,
    id: BulkId,
    filter: BulkFilter,
    after: Option<u32>,
    limit: usize,
) -> Result<Vec<BulkItem>, Unavailable> {
    let rows = sqlx::query!(
        "select place, kind, value, request, verdict, confidence, troubled
        from bulk_item
        join indicator on indicator.id = bulk_item.indicator
        where bulk = $1 and place > $2
            and ($3::bool is null or (request is not null) = $3)
            and ($4::int2 is null or (verdict = $4 and request is not null))
            and (not $5 or troubled > 0)
        order by place
        limit $6",
        id.0,
        after.map_or(-1, place),
        filter.state.map(|state| state == ItemState::Done),
        filter.verdict.map(Verdict::number),
        filter.only_troubled,
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| {
            let place = count(row.place)?;
            let done = match row.request {
                None => None,
                Some(request) => Some(ItemDone {
                    place,
                    request: RequestId(request),
                    verdict: verdict(row.verdict)?,
                    confidence: confidence(row.confidence)?,
                    troubled: count(row.troubled)?,
                }),
            };
            Ok(BulkItem {
                place,
                indicator: read(stored::indicator(&row.kind, row.value))?,
                state: done.map_or(ItemState::Waiting, |_| ItemState::Done),
                done,
            })
        })
        .collect()
}

pub(super) async fn waiting(
    store: &PostgresStore,
    id: BulkId,
    after: Option<u32>,
    limit: usize,
) -> Result<Vec<Item>, Unavailable> {
    let rows = sqlx::query!(
        "select place, kind, value
        from bulk_item
        join indicator on indicator.id = bulk_item.indicator
        where bulk = $1 and place > $2 and request is null
        order by place
        limit $3",
        id.0,
        after.map_or(-1, place),
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| {
            Ok(Item {
                place: count(row.place)?,
                indicator: read(stored::indicator(&row.kind, row.value))?,
            })
        })
        .collect()
}

/// Lets only one transaction at a time change a bulk.
async fn lock(tx: &mut PgConnection, id: BulkId) -> Result<(), Unavailable> {
    sqlx::query!("select id from bulk where id = $1 for update", id.0)
        .fetch_optional(tx)
        .await
        .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn finish(
    store: &PostgresStore,
    id: BulkId,
    items: &[ItemDone],
    now: UnixMicros,
) -> Result<Option<Bulk>, Unavailable> {
    let places: Vec<i32> = items.iter().map(|item| place(item.place)).collect();
    let requests: Vec<i64> = items.iter().map(|item| item.request.0).collect();
    let verdicts: Vec<i16> = items.iter().map(|item| item.verdict.number()).collect();
    let confidences: Vec<i16> = items.iter().map(|item| item.confidence.into()).collect();
    let troubled: Vec<i32> = items.iter().map(|item| counted(item.troubled)).collect();
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    lock(&mut tx, id).await?;
    sqlx::query!(
        "with marked as (
            update bulk_item
            set request = new.request, verdict = new.verdict, confidence = new.confidence,
                troubled = new.troubled
            from unnest($2::int4[], $3::int8[], $4::int2[], $5::int2[], $6::int4[])
                as new (place, request, verdict, confidence, troubled)
            where bulk = $1 and bulk_item.place = new.place and bulk_item.request is null
            returning new.verdict, new.troubled
        ), counted as (
            select count(*)::int4 as done,
                (count(*) filter (where verdict = 4))::int4 as malicious,
                (count(*) filter (where verdict = 3))::int4 as suspicious,
                (count(*) filter (where troubled > 0))::int4 as troubled
            from marked
        )
        update bulk
        set done = bulk.done + counted.done,
            malicious = bulk.malicious + counted.malicious,
            suspicious = bulk.suspicious + counted.suspicious,
            troubled = bulk.troubled + counted.troubled,
            changed_at_us = $7
        from counted
        where id = $1 and counted.done > 0",
        id.0,
        &places,
        &requests,
        &verdicts,
        &confidences,
        &troubled,
        now.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    sqlx::query!(
        "update bulk set state = 3, changed_at_us = $2
        where id = $1 and state = 0 and done = items",
        id.0,
        now.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    let bulk = bulk(&mut *tx, id).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(bulk)
}

pub(super) async fn step(
    store: &PostgresStore,
    id: BulkId,
    step: BulkStep,
    job: fn(BulkId, u32) -> NewJob,
    now: UnixMicros,
) -> Result<BulkChange, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    lock(&mut tx, id).await?;
    let Some(bulk) = bulk(&mut *tx, id).await? else {
        return Ok(BulkChange::Unknown);
    };
    let next = match (bulk.state, step) {
        (BulkState::Running, BulkStep::Pause) => BulkState::Paused,
        (BulkState::Paused, BulkStep::Resume) => BulkState::Running,
        (BulkState::Running | BulkState::Paused, BulkStep::Cancel) => BulkState::Cancelled,
        (state, _) => return Ok(BulkChange::Already(state)),
    };
    let run = bulk.run + u32::from(next == BulkState::Running);
    sqlx::query!(
        "update bulk set state = $2, run = $3, changed_at_us = $4 where id = $1",
        id.0,
        next.number(),
        counted(run),
        now.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if next == BulkState::Running {
        enqueue(&mut tx, &[job(id, run)], now).await?;
    }
    tx.commit().await.map_err(unavailable)?;
    Ok(BulkChange::Now(next))
}
