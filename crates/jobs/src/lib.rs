//! Background work that survives a crash: what is owed stands in a table, and each piece takes
//! effect once and only once.
//!
//! A job is written in the transaction of the fact it follows. A worker leases it, works outside of
//! any transaction, and the effect commits together with the mark that the job is done. A lease is
//! no more than a due time in the future, so one index finds what is due and what was abandoned.
//! Knows no SQL and not what the work is.

#![forbid(unsafe_code)]

mod backoff;
mod bell;
mod gather;
mod handle;
mod job;
mod rows;
mod schedule;
mod scheduler;
mod settings;
mod store;
mod sweep;
mod words;
mod worker;

pub use bell::JOBS_TOPIC;
pub use handle::Jobs;
pub use job::{Attempt, Job, Outcome};
pub use rows::{
    CAUSE_BYTES_MAX, End, Ended, JobCursor, JobList, JobPage, JobRow, JobState, KindCounts, Leased,
    Leases, Replay, ScheduleRow, Want,
};
pub use schedule::{Misfire, Rule, RuleError, Schedule};
pub use scheduler::Scheduler;
pub use settings::Settings;
pub use store::Store;
pub use sweep::SweepJobs;
pub use words::{Fence, JobId, NewJob, PAYLOAD_BYTES_MAX};
pub use worker::Worker;
