//! The one failure that a store, a bus or a cache may have: it did not answer.

use std::error::Error;

/// A store did not answer. Whether the work took effect is unknown; asking again is the cure.
#[derive(Debug, thiserror::Error)]
#[error("{what} did not answer")]
pub struct Unavailable {
    what: &'static str,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl Unavailable {
    /// `what` names the part in an operator's words: "the database", "the object store".
    pub fn new(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            what,
            source: source.into(),
        }
    }
}
