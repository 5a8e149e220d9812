//! Every SQL statement in SQLite's dialect.
//!
//! One thread writes, and commits what has gathered as a group: one fsync for all of them. A few
//! threads read. Several processes may open one file; what keeps them apart is SQLite's own lock
//! and, for sealing, a lock file beside it.
//!
//! Knows nothing of how a log is built: it keeps what it is given.

#![forbid(unsafe_code)]

mod accounts;
mod audit;
mod checkpointer;
mod connection;
mod error;
mod facts;
mod feeds;
mod file;
mod forget;
mod jobs;
mod keep;
mod lease;
mod lookups;
mod pool;
mod queue;
mod read;
mod rows;
mod seal;
mod sources;
mod store;
mod temporary;
mod writer;

pub use error::OpenError;
pub use store::SqliteStore;
