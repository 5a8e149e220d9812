//! What can go wrong: on opening, in words for an operator; later, as `Unavailable`.

use base::Unavailable;
use sqlx::migrate::MigrateError;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address is not one of Postgres.
    #[error("the database's address is not of the form postgres://user@host:port/name")]
    Address(#[source] sqlx::Error),
    /// Nobody answers there, or they turn us away.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// It lacks what the statements need.
    #[error("the database is Postgres {0}, but version 14 is the oldest that will do")]
    TooOld(i32),
    /// Its tables cannot be brought up to date.
    #[error("the database's tables cannot be brought up to date")]
    Migration(#[source] MigrateError),
}

/// What a foreign error becomes: the database did not answer.
pub(crate) fn unavailable(error: sqlx::Error) -> Unavailable {
    Unavailable::new("the database", error)
}

/// The database answered with what we cannot have written.
#[derive(Debug, thiserror::Error)]
#[error("{0} was changed by someone else")]
struct Broken(&'static str);

/// A row that we cannot have written.
pub(crate) fn broken(what: &'static str) -> Unavailable {
    Unavailable::new("the database", Broken(what))
}
