//! Refusals of the desk's rooms as problems: one translation for the API and for pages.

use intel::sources::ChangeError;

use crate::problem::{ApiError, Kind};

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        let conflict = |says: &'static str| Self::new(Kind::Conflict, says);
        match error {
            ChangeError::Invalid(faults) => {
                let told: Vec<String> = faults
                    .iter()
                    .map(|fault| format!("{}: {}", fault.field, fault.what))
                    .collect();
                let error = Self::new(Kind::Invalid, told.join("; "));
                match faults.into_iter().next() {
                    Some(first) => error.field(first.field),
                    None => error,
                }
            }
            ChangeError::Unknown => Self::plain(Kind::NoSuchThing),
            ChangeError::Taken => conflict("There is one with this name already").field("name"),
            ChangeError::InUse => conflict("Something still uses it"),
            ChangeError::Shipped => conflict("It comes with the product: switch it off instead"),
            ChangeError::Stale => {
                conflict("Somebody else changed it meanwhile: read it again").field("basedOn")
            }
            ChangeError::NoRunner => Self::new(
                Kind::Invalid,
                "No runner for sources of this kind is set up here",
            )
            .field("kind"),
            ChangeError::Unavailable(error) => error.into(),
        }
    }
}
