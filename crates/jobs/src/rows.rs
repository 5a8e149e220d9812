//! What the tables say of jobs: leases, ends, counts, lists.

use std::time::Duration;

use base::UnixMicros;

use crate::{Fence, JobId, NewJob};

/// Longest cause of a failure that is kept, in bytes; what is longer is cut.
pub const CAUSE_BYTES_MAX: usize = 4096;

/// How many jobs of a kind a worker would take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// [`crate::Job::NAME`].
    pub name: &'static str,
    /// At most so many.
    pub limit: usize,
}

/// What a worker was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leases {
    /// The jobs, leased to it.
    pub jobs: Vec<Leased>,
    /// How many became dead letters instead.
    pub buried: usize,
    /// When the next job of the wanted kinds is due, leases that end included; `None` while there is
    /// none.
    pub next_due: Option<UnixMicros>,
}

/// A job in a worker's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The right to finish it.
    pub fence: Fence,
    /// [`crate::Job::NAME`].
    pub name: String,
    /// What to do, as JSON.
    pub payload: String,
    /// How many attempts have failed before this one.
    pub failures: u32,
    /// How often it may fail.
    pub attempts_max: u32,
    /// How long the lease lasts.
    pub lease: Duration,
    /// When it was due.
    pub due: UnixMicros,
}

impl Leased {
    /// Whether no attempt follows this one should it fail.
    pub fn is_last(&self) -> bool {
        self.failures.saturating_add(1) >= self.attempts_max
    }
}

/// An attempt and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The right to say so.
    pub fence: Fence,
    /// How it ended.
    pub how: End,
}

/// How an attempt ended, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is owed any more; these jobs follow.
    Done(Vec<NewJob>),
    /// It failed: due again at `again`, or a dead letter if that was the last attempt.
    Failed {
        /// When to try again.
        again: UnixMicros,
        /// Why, in words.
        cause: String,
    },
    /// Not yet: due again then, and nothing is counted.
    Later(UnixMicros),
    /// A dead letter.
    GivenUp(String),
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It waits for its time or for a worker.
    Waiting,
    /// A worker has it, or had it when it died.
    Running,
    /// Nothing is owed any more.
    Done,
    /// It was given up, and waits for a person.
    Dead,
}

/// A job as the table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its number.
    pub id: JobId,
    /// [`crate::Job::NAME`].
    pub name: String,
    /// What to do, as JSON.
    pub payload: String,
    /// The key that no other unfinished job of its kind has.
    pub unique: Option<String>,
    /// Where it is.
    pub state: JobState,
    /// When it was written.
    pub created: UnixMicros,
    /// When it is, or was last, due; while it runs, when its lease ends.
    pub due: UnixMicros,
    /// After this moment it is not begun any more.
    pub deadline: Option<UnixMicros>,
    /// How many attempts were begun.
    pub attempt: u32,
    /// How many of them failed.
    pub failures: u32,
    /// How often it may fail.
    pub attempts_max: u32,
    /// Who has it, or had it last.
    pub worker: Option<String>,
    /// When it was done or given up.
    pub ended: Option<UnixMicros>,
    /// Why the last failed attempt failed.
    pub cause: Option<String>,
}

/// A list of jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobList {
    /// What waits and runs of one kind, soonest due first.
    Unfinished {
        /// The kind.
        name: String,
    },
    /// What is done and kept, newest first.
    Done,
    /// Dead letters, newest first.
    Dead {
        /// Of one kind only.
        name: Option<String>,
    },
}

/// Where a page of a list ended: the time that it is sorted by, and the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobCursor {
    /// When the last job was due, or ended.
    pub at: UnixMicros,
    /// Its number.
    pub id: JobId,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPage {
    /// The jobs.
    pub jobs: Vec<JobRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<JobCursor>,
}

impl JobPage {
    /// A page of `limit` out of the first `limit + 1` rows of what is left of a list: the one row
    /// too many tells that another page follows.
    pub fn of(list: &JobList, mut rows: Vec<JobRow>, limit: usize) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let end = rows.last().filter(|_| more);
        let next = end.map(|job| JobCursor {
            at: match list {
                JobList::Unfinished { .. } => job.due,
                JobList::Done | JobList::Dead { .. } => job.ended.unwrap_or(job.due),
            },
            id: job.id,
        });
        Self { jobs: rows, next }
    }
}

/// How many jobs of a kind there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindCounts {
    /// [`crate::Job::NAME`].
    pub name: String,
    /// Due, and waiting for a worker.
    pub ready: u64,
    /// Waiting for their time.
    pub delayed: u64,
    /// In a worker's hands.
    pub running: u64,
    /// Done and kept.
    pub done: u64,
    /// Dead letters.
    pub dead: u64,
    /// Since when the oldest of `ready` has been due.
    pub oldest_ready: Option<UnixMicros>,
}

/// How a replay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// It is due now.
    Done,
    /// There is no dead letter of this number.
    NotDead,
    /// Another unfinished job has its unique key.
    KeyTaken,
}

/// A schedule as the table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRow {
    /// Its name.
    pub name: String,
    /// Its rule, in words: a change of it begins anew.
    pub rule: String,
    /// When it is due next.
    pub next: UnixMicros,
    /// When it fired last, by the clock of who fired it.
    pub last: Option<UnixMicros>,
}
