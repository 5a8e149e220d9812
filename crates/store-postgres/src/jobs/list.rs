//! What a person sees of background work.

use std::collections::BTreeMap;

use base::{Unavailable, UnixMicros};
use jobs::{JobCursor, JobId, JobList, JobPage, JobRow, JobState, KindCounts};

use super::{DEAD, DONE, RUNNING, WAITING};
use crate::PostgresStore;
use crate::error::{broken, unavailable};
use crate::rows::unsigned;

/// A row of `job` as the lists select it.
struct Row {
    id: i64,
    name: String,
    payload: String,
    unique_key: Option<String>,
    state: i16,
    created_at_us: i64,
    due_at_us: i64,
    deadline_at_us: Option<i64>,
    attempt: i64,
    failures: i64,
    attempts_max: i64,
    worker: Option<String>,
    ended_at_us: Option<i64>,
    cause: Option<String>,
}

impl Row {
    fn job(self) -> Result<JobRow, Unavailable> {
        let count = |number: i64| u32::try_from(number).map_err(|_| broken("a job's attempts"));
        Ok(JobRow {
            id: JobId(self.id),
            name: self.name,
            payload: self.payload,
            unique: self.unique_key,
            state: match self.state {
                WAITING => JobState::Waiting,
                RUNNING => JobState::Running,
                DONE => JobState::Done,
                DEAD => JobState::Dead,
                _ => return Err(broken("a job's state")),
            },
            created: UnixMicros(self.created_at_us),
            due: UnixMicros(self.due_at_us),
            deadline: self.deadline_at_us.map(UnixMicros),
            attempt: count(self.attempt)?,
            failures: count(self.failures)?,
            attempts_max: count(self.attempts_max)?,
            worker: self.worker,
            ended: self.ended_at_us.map(UnixMicros),
            cause: self.cause,
        })
    }
}

pub(super) async fn job(store: &PostgresStore, id: JobId) -> Result<Option<JobRow>, Unavailable> {
    sqlx::query_as!(
        Row,
        "select id, name, payload, unique_key, state, created_at_us, due_at_us, deadline_at_us,
            attempt, failures, attempts_max, worker, ended_at_us, cause
        from job where id = $1",
        id.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?
    .map(Row::job)
    .transpose()
}

pub(super) async fn page(
    store: &PostgresStore,
    list: &JobList,
    after: Option<JobCursor>,
    limit: usize,
) -> Result<JobPage, Unavailable> {
    // One row more than asked for tells whether others follow.
    let rows_max = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let (at, id) = after.map_or((i64::MAX, i64::MAX), |after| (after.at.0, after.id.0));
    let pool = store.pool();
    let rows = match list {
        JobList::Unfinished { name } => {
            let (at, id) = after.map_or((i64::MIN, 0), |after| (after.at.0, after.id.0));
            sqlx::query_as!(
                Row,
                "select id, name, payload, unique_key, state, created_at_us, due_at_us,
                    deadline_at_us, attempt, failures, attempts_max, worker, ended_at_us, cause
                from job
                where state < 2 and name = $1 and (due_at_us, id) > ($2, $3)
                order by due_at_us, id
                limit $4",
                name,
                at,
                id,
                rows_max,
            )
            .fetch_all(pool)
            .await
        }
        JobList::Done => {
            sqlx::query_as!(
                Row,
                "select id, name, payload, unique_key, state, created_at_us, due_at_us,
                    deadline_at_us, attempt, failures, attempts_max, worker, ended_at_us, cause
                from job
                where state = 2 and (ended_at_us, id) < ($1, $2)
                order by ended_at_us desc, id desc
                limit $3",
                at,
                id,
                rows_max,
            )
            .fetch_all(pool)
            .await
        }
        JobList::Dead { name } => {
            sqlx::query_as!(
                Row,
                "select id, name, payload, unique_key, state, created_at_us, due_at_us,
                    deadline_at_us, attempt, failures, attempts_max, worker, ended_at_us, cause
                from job
                where state = 3 and (ended_at_us, id) < ($1, $2)
                    and name = coalesce($4::text, name)
                order by ended_at_us desc, id desc
                limit $3",
                at,
                id,
                rows_max,
                name.as_deref(),
            )
            .fetch_all(pool)
            .await
        }
    };
    let rows = rows.map_err(unavailable)?;
    let jobs: Result<Vec<JobRow>, _> = rows.into_iter().map(Row::job).collect();
    Ok(JobPage::of(list, jobs?, limit))
}

/// One statement, so that no job is counted twice on its way from one state to the next.
pub(super) async fn counts(
    store: &PostgresStore,
    now: UnixMicros,
) -> Result<Vec<KindCounts>, Unavailable> {
    let rows = sqlx::query!(
        r#"select name as "name!", 0::int2 as "state!", count(*) as "count!",
            min(due_at_us) as oldest
        from job where state < 2 and due_at_us <= $1 group by name
        union all
        select name, case when state = 1 then 1 else 4 end::int2, count(*), null
        from job where state < 2 and due_at_us > $1 group by name, state
        union all
        select name, 2::int2, count(*), null from job where state = 2 group by name
        union all
        select name, 3::int2, count(*), null from job where state = 3 group by name"#,
        now.0,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let mut kinds: BTreeMap<String, KindCounts> = BTreeMap::new();
    for row in rows {
        let kind = kinds.entry(row.name.clone()).or_default();
        kind.name = row.name;
        let count = unsigned(row.count, "a count of jobs")?;
        match row.state {
            WAITING => {
                kind.ready = count;
                kind.oldest_ready = row.oldest.map(UnixMicros);
            }
            RUNNING => kind.running = count,
            DONE => kind.done = count,
            DEAD => kind.dead = count,
            _ => kind.delayed = count,
        }
    }
    Ok(kinds.into_values().collect())
}

pub(super) async fn inspect(store: &PostgresStore) -> Result<Vec<String>, Unavailable> {
    sqlx::query_scalar!(
        r#"select 'job ' || id || ' (' || name || '): ' || words as "words!" from (
            select id, name, case
                when state not between 0 and 3 then 'its state is none that we write'
                when state >= 2 and ended_at_us is null then 'it ended, but not at any time'
                when state < 2 and ended_at_us is not null then 'it has ended and has not'
                when state = 1 and worker is null then 'it runs, but nobody has it'
                when state = 1 and attempt = 0 then 'it runs, but no attempt was begun'
                when state = 3 and cause is null then 'it was given up for no cause'
                when payload !~ '^\s*[\[{"0-9tfn-]' then 'its payload is no JSON'
            end as words
            from job
        ) as looked_at
        where words is not null
        order by id
        limit 100"#
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)
}
