//! What is wrong with a description, and where.

use serde::Serialize;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, such as `requests[0].url`.
    pub field: String,
    /// What, as a sentence without a full stop.
    pub what: String,
}

impl Fault {
    pub(crate) fn new(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            what: what.into(),
        }
    }
}
