//! How attempts ended.

use std::collections::BTreeSet;

use base::{Unavailable, UnixMicros};
use jobs::{End, Ended, Fence, NewJob};
use sqlx::PgConnection;

use super::{columns, enqueue, finish_many};
use crate::PostgresStore;
use crate::error::unavailable;

/// Attempts that are to be tried again, given up or put off: one array per column.
#[derive(Default)]
struct Undone<'a> {
    fences: Vec<Fence>,
    states: Vec<i16>,
    dues: Vec<i64>,
    failed: Vec<bool>,
    causes: Vec<Option<&'a str>>,
}

impl<'a> Undone<'a> {
    fn push(
        &mut self,
        fence: Fence,
        state: i16,
        due: UnixMicros,
        failed: bool,
        cause: Option<&'a str>,
    ) {
        self.fences.push(fence);
        self.states.push(state);
        self.dues.push(due.0);
        self.failed.push(failed);
        self.causes.push(cause);
    }
}

pub(super) async fn settle(
    store: &PostgresStore,
    ended: &[Ended],
    now: UnixMicros,
) -> Result<Vec<Fence>, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    // All rows at once and in order, so that two of these never wait for each other.
    let fences: Vec<Fence> = ended.iter().map(|it| it.fence).collect();
    let held: BTreeSet<i64> = lock(&mut tx, &fences).await?.into_iter().collect();
    let (mut done, mut then) = (Vec::new(), Vec::<NewJob>::new());
    let mut undone = Undone::default();
    let mut stale = Vec::new();
    for Ended { fence, how } in ended {
        if !held.contains(&fence.job.0) {
            stale.push(*fence);
            continue;
        }
        match how {
            End::Done(follow) => {
                done.push(*fence);
                then.extend_from_slice(follow);
            }
            End::Failed { again, cause } => {
                undone.push(*fence, super::WAITING, *again, true, Some(cause));
            }
            End::Later(due) => undone.push(*fence, super::WAITING, *due, false, None),
            End::GivenUp(cause) => undone.push(*fence, super::DEAD, now, true, Some(cause)),
        }
    }
    if !done.is_empty() {
        finish_many(&mut tx, &done, now).await?;
    }
    if !undone.fences.is_empty() {
        write(&mut tx, &undone, now).await?;
    }
    enqueue(&mut tx, &then, now).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(stale)
}

/// Locks the rows whose fences hold; answers their numbers.
async fn lock(tx: &mut PgConnection, fences: &[Fence]) -> Result<Vec<i64>, Unavailable> {
    let (ids, attempts) = columns(fences);
    sqlx::query_scalar!(
        "select job.id from unnest($1::int8[], $2::int8[]) as fence (id, attempt)
        join job on job.id = fence.id and job.attempt = fence.attempt
        where job.state = 1
        order by job.id
        for update of job",
        &ids,
        &attempts,
    )
    .fetch_all(tx)
    .await
    .map_err(unavailable)
}

async fn write(
    tx: &mut PgConnection,
    undone: &Undone<'_>,
    now: UnixMicros,
) -> Result<(), Unavailable> {
    let (ids, _) = columns(&undone.fences);
    sqlx::query!(
        "update job set
            failures = failures + ended.failed::int,
            cause = coalesce(ended.cause, job.cause),
            due_at_us = case when ended.state = 3 then job.due_at_us else ended.due_at_us end,
            state = case when ended.failed and failures + 1 >= attempts_max then 3
                else ended.state end,
            ended_at_us = case
                when ended.state = 3 or ended.failed and failures + 1 >= attempts_max then $6::int8 end
        from unnest($1::int8[], $2::int2[], $3::int8[], $4::bool[], $5::text[])
            as ended (id, state, due_at_us, failed, cause)
        where job.id = ended.id",
        &ids,
        &undone.states,
        &undone.dues,
        &undone.failed,
        &undone.causes as &[Option<&str>],
        now.0,
    )
    .execute(tx)
    .await
    .map_err(unavailable)?;
    Ok(())
}
