//! What can go wrong: on opening, in words for an operator; later, as `Unavailable`.

use std::path::PathBuf;

use base::Unavailable;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or the file not be opened.
    #[error("cannot use {path}")]
    Folder {
        /// What was to be used.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is no database, or SQLite refused it.
    #[error("cannot open the database {path}")]
    Database {
        /// The database file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// The file is a database of something else.
    #[error("{path} is a database, but not one of this product")]
    Foreign {
        /// The database file.
        path: PathBuf,
    },
    /// A newer version of the product wrote it.
    #[error(
        "the database {path} has schema {found}, this version knows {known}: use a newer version"
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The version of its schema.
        found: u32,
        /// The newest that we know.
        known: u32,
    },
}

/// The database did not answer, or the thread that asks it is gone.
pub(crate) fn unavailable(
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Unavailable {
    Unavailable::new("the SQLite database", source)
}

/// A row that cannot have been written by us.
pub(crate) fn damaged(what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        0,
        rusqlite::types::Type::Blob,
        format!("damaged {what}").into(),
    )
}
