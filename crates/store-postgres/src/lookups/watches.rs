//! Watches.

use std::time::Duration;

use base::{Unavailable, UnixMicros, UserId};
use intel::Verdict;
use intel::lookups::stored::{self, sources_of, sources_text};
use intel::lookups::{NewWatch, RequestId, Watch, WatchFilter, WatchId, Watched};

use super::rows::{most, read, verdict};
use super::{indicator_numbers, known_indicator};
use crate::PostgresStore;
use crate::error::{broken, unavailable};
use crate::rows::{micros, unsigned};

pub(super) async fn insert(
    store: &PostgresStore,
    watch: &NewWatch,
) -> Result<Option<WatchId>, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let numbers = indicator_numbers(&mut tx, &[&watch.indicator], watch.created).await?;
    let indicator = numbers.first().ok_or_else(|| broken("an indicator"))?;
    // Locked, so that the account does not go in between.
    let id = sqlx::query_scalar!(
        "insert into watch (account, indicator, sources, tlp, every_us, created_at_us, due_at_us,
            verdict)
        select id, $2, $3, $4, $5, $6, $7, $8
        from account where id = $1
        for share
        returning id",
        watch.user.0,
        indicator,
        sources_text(watch.sources.as_deref()),
        watch.tlp.name(),
        micros(watch.every),
        watch.created.0,
        watch.next.0,
        Verdict::Unknown.number(),
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    Ok(id.map(WatchId))
}

/// A row of `watch`, with its indicator.
struct Row {
    id: i64,
    account: i64,
    kind: String,
    value: String,
    sources: Option<String>,
    tlp: String,
    every_us: i64,
    created_at_us: i64,
    due_at_us: i64,
    last: Option<i64>,
    verdict: i16,
    changed_at_us: Option<i64>,
}

impl Row {
    fn watch(self) -> Result<Watch, Unavailable> {
        Ok(Watch {
            id: WatchId(self.id),
            user: UserId(self.account),
            indicator: read(stored::indicator(&self.kind, self.value))?,
            sources: read(sources_of(self.sources.as_deref()))?,
            tlp: read(stored::tlp(&self.tlp))?,
            every: Duration::from_micros(unsigned(self.every_us, "a watch's time")?),
            created: UnixMicros(self.created_at_us),
            next: UnixMicros(self.due_at_us),
            last: self.last.map(RequestId),
            verdict: verdict(self.verdict)?,
            changed: self.changed_at_us.map(UnixMicros),
        })
    }
}

pub(super) async fn watch(
    store: &PostgresStore,
    id: WatchId,
) -> Result<Option<Watch>, Unavailable> {
    let row = sqlx::query_as!(
        Row,
        "select watch.id, account, kind, value, sources, tlp, every_us, watch.created_at_us,
            due_at_us, last, verdict, changed_at_us
        from watch
        join indicator on indicator.id = watch.indicator
        where watch.id = $1",
        id.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    row.map(Row::watch).transpose()
}

pub(super) async fn watches(
    store: &PostgresStore,
    filter: &WatchFilter,
    before: Option<WatchId>,
    limit: usize,
) -> Result<Vec<Watch>, Unavailable> {
    let indicator = match &filter.indicator {
        None => None,
        Some(indicator) => match known_indicator(store.pool(), indicator).await? {
            None => return Ok(Vec::new()),
            known => known,
        },
    };
    let rows = sqlx::query_as!(
        Row,
        "select watch.id, account, kind, value, sources, tlp, every_us, watch.created_at_us,
            due_at_us, last, verdict, changed_at_us
        from watch
        join indicator on indicator.id = watch.indicator
        where watch.id < $1
            and ($2::int8 is null or account = $2)
            and ($3::int8 is null or watch.indicator = $3)
        order by watch.id desc
        limit $4",
        before.map_or(i64::MAX, |id| id.0),
        filter.user.map(|user| user.0),
        indicator,
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(Row::watch).collect()
}

pub(super) async fn delete(store: &PostgresStore, id: WatchId) -> Result<bool, Unavailable> {
    let gone = sqlx::query!("delete from watch where id = $1", id.0)
        .execute(store.pool())
        .await
        .map_err(unavailable)?;
    Ok(gone.rows_affected() == 1)
}

pub(super) async fn due(
    store: &PostgresStore,
    now: UnixMicros,
    limit: usize,
) -> Result<Vec<Watch>, Unavailable> {
    let rows = sqlx::query_as!(
        Row,
        "select watch.id, account, kind, value, sources, tlp, every_us, watch.created_at_us,
            due_at_us, last, verdict, changed_at_us
        from watch
        join indicator on indicator.id = watch.indicator
        where due_at_us <= $1
        order by due_at_us, watch.id
        limit $2",
        now.0,
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(Row::watch).collect()
}

pub(super) async fn record(store: &PostgresStore, watched: &Watched) -> Result<bool, Unavailable> {
    let recorded = sqlx::query!(
        "update watch
        set due_at_us = $3, last = $4, verdict = $5, changed_at_us = coalesce($6, changed_at_us)
        where id = $1 and due_at_us = $2",
        watched.watch.0,
        watched.due.0,
        watched.next.0,
        watched.request.0,
        watched.verdict.number(),
        watched.changed.map(|changed| changed.0),
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(recorded.rows_affected() == 1)
}
