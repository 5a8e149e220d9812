//! Why an act on the catalogue was refused.

use base::Unavailable;

use super::{Changed, Inserted};
use crate::declared::Fault;

/// Why an act on the catalogue was refused, by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// What was entered cannot be taken: each fault with its field.
    #[error("{}", told(.0))]
    Invalid(Vec<Fault>),
    /// There is no such thing.
    #[error("there is no such thing")]
    Unknown,
    /// Another one has this slug or name.
    #[error("there is one with this name already")]
    Taken,
    /// Something still refers to it.
    #[error("something still uses it")]
    InUse,
    /// It comes with the product.
    #[error("it comes with the product: switch it off instead")]
    Shipped,
    /// It was changed since it was read: read it again.
    #[error("somebody else changed it meanwhile")]
    Stale,
    /// Nobody here runs sources of this kind.
    #[error("no runner for sources of this kind is set up")]
    NoRunner,
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

fn told(faults: &[Fault]) -> String {
    let each = faults.iter();
    let each: Vec<_> = each
        .map(|one| format!("{}: {}", one.field, one.what))
        .collect();
    each.join("; ")
}

impl From<Vec<Fault>> for ChangeError {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Invalid(faults)
    }
}

impl ChangeError {
    /// One fault.
    pub(crate) fn invalid(field: &str, what: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault {
            field: field.to_owned(),
            what: what.into(),
        }])
    }
}

/// Refuses one more where there are as many as there may be. Two who add at once may both pass: the
/// limit keeps memory in bounds, and need not be exact.
pub(crate) fn room_for_one_more(count: usize, max: usize) -> Result<(), ChangeError> {
    if count < max {
        return Ok(());
    }
    let what = format!("there are {max} already, which is the most");
    Err(ChangeError::invalid("name", what))
}

/// The number of a new row. `refers_to` is the field whose row may be gone.
pub(crate) fn inserted(inserted: Inserted, refers_to: &str) -> Result<i64, ChangeError> {
    match inserted {
        Inserted::Made(id) => Ok(id),
        Inserted::Taken => Err(ChangeError::Taken),
        Inserted::Gone => Err(gone(refers_to)),
    }
}

/// Whether a change was made.
pub(crate) fn changed(changed: Changed, refers_to: &str) -> Result<(), ChangeError> {
    match changed {
        Changed::Done => Ok(()),
        Changed::Unknown => Err(ChangeError::Unknown),
        Changed::Taken => Err(ChangeError::Taken),
        Changed::InUse => Err(ChangeError::InUse),
        Changed::Shipped => Err(ChangeError::Shipped),
        // Whoever seals asks for the key again before it comes to another key.
        Changed::Stale | Changed::OtherKey => Err(ChangeError::Stale),
        Changed::Gone => Err(gone(refers_to)),
        Changed::TooMany => Err(ChangeError::invalid(refers_to, "these are too many")),
    }
}

fn gone(field: &str) -> ChangeError {
    ChangeError::invalid(field, "there is no such thing")
}
