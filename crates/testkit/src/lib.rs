//! Databases to throw away, a clock that can be turned, chance with a seed, the real program as a
//! child, and the suite that defines the store. All integration tests lie in `tests/it`.
//!
//! Nothing depends on it.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    reason = "this is test code: what cannot be had is a failed test, and what is done is said"
)]

mod chance;
mod clock;
pub mod contract;
mod database;
mod failing;
mod failing_jobs;
mod letters;
mod program;

pub use chance::SeededEntropy;
pub use clock::SimClock;
pub use database::{Database, Dialect, Stores, postgres_url};
pub use failing::{FailingStore, Fate, Fault};
pub use failing_jobs::FailingJobs;
pub use letters::RecordingOutbox;
pub use program::{Program, Reply, indelible, program_path, python, run, store_args};
