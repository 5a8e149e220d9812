//! Background work that survives a crash: what is owed stands in a table, and each piece takes
//! effect once and only once.
//!
//! A job is written in the transaction of the fact it follows. A worker leases it, works outside of
//! any transaction, and the effect commits together with the mark that the job is done. Knows no SQL
//! and not what the work is.

#![forbid(unsafe_code)]

mod job;
mod words;

pub use job::{Attempt, Job, Outcome};
pub use words::{Fence, JobId, NewJob, PAYLOAD_BYTES_MAX};
