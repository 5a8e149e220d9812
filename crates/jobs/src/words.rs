//! A piece of work as it is written down, and the right to work on it.

use std::time::Duration;

use base::UnixMicros;

use crate::Job;

/// The number of a job: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub i64);

/// The right to finish one attempt at a job. Every lease of a job has another `attempt`, so a worker
/// that was given up for dead cannot finish what another has taken over: the store compares both
/// numbers in the transaction of the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The job.
    pub job: JobId,
    /// Which attempt at it, counted from 1.
    pub attempt: u32,
}

/// A job on its way into the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// [`Job::NAME`]. Rows carry it: never reused, never renamed.
    pub name: &'static str,
    /// What to do, as JSON; at most [`PAYLOAD_BYTES_MAX`].
    pub payload: String,
    /// Not before this moment; `None` is at once.
    pub due: Option<UnixMicros>,
    /// At most one unfinished job of a kind may have this key: a second one is not written. `None`:
    /// any number.
    pub unique: Option<String>,
    /// After this moment it is not begun any more but becomes a dead letter.
    pub deadline: Option<UnixMicros>,
    /// How often it may fail before it becomes a dead letter.
    pub attempts_max: u32,
    /// How long a worker may be silent about one attempt before another takes over.
    pub lease: Duration,
    /// Whether its row is kept for the retention time once it is done.
    pub keep: bool,
}

/// Longest payload of a job, in bytes. What is larger belongs into a table of its own.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

impl NewJob {
    /// This job, at once, with its type's limits.
    ///
    /// # Panics
    /// When the job cannot be written as JSON, or has more than [`PAYLOAD_BYTES_MAX`]: a mistake in
    /// its type.
    pub fn of<J: Job>(job: &J) -> Self {
        let payload = serde_json::to_string(job).expect("a job is plain data");
        assert!(
            payload.len() <= PAYLOAD_BYTES_MAX,
            "a job of {} bytes: what is large belongs into a table of its own",
            payload.len()
        );
        Self {
            name: J::NAME,
            payload,
            due: None,
            unique: None,
            deadline: None,
            attempts_max: J::ATTEMPTS_MAX,
            lease: J::LEASE,
            keep: J::KEEP,
        }
    }

    /// Not before `due`.
    #[must_use]
    pub fn at(mut self, due: UnixMicros) -> Self {
        self.due = Some(due);
        self
    }

    /// Not if an unfinished job of this kind and key exists. One that runs is unfinished: what came
    /// after it had read the tables is for the job itself to notice.
    #[must_use]
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique = Some(key.into());
        self
    }

    /// Not begun after `deadline`.
    #[must_use]
    pub fn until(mut self, deadline: UnixMicros) -> Self {
        self.deadline = Some(deadline);
        self
    }
}
