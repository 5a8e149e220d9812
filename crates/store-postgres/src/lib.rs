//! Every SQL statement in Postgres' dialect, and Postgres as a bus.
//!
//! The twin of `store-sqlite`, file for file. One function is one transaction; outcomes are values,
//! and `Err` means only that Postgres did not answer. Several processes share one database; what
//! keeps them apart is the server and, for sealing, a lock of a session.
//!
//! Knows nothing of how a log is built: it keeps what it is given.

#![forbid(unsafe_code)]

mod accounts;
mod audit;
mod bus;
mod connection;
mod error;
mod facts;
mod feeds;
mod forget;
mod jobs;
mod keep;
mod lease;
mod lookups;
mod pool;
mod rows;
mod seal;
mod sources;
mod store;
mod temporary;

pub use bus::{PAYLOAD_BYTES_MAX, PostgresBus};
pub use connection::CONNECTIONS_MAX;
pub use error::OpenError;
pub use store::PostgresStore;
