//! Refusals of the desk's rooms as problems: one translation for the API and for pages.

use std::time::Duration;

use intel::desk::{BulkError, LookUpError, ShareError, WatchError};
use intel::feeds::ChangeError as FeedError;
use intel::sources::ChangeError;

use super::asked::invalid;
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

impl From<LookUpError> for ApiError {
    fn from(error: LookUpError) -> Self {
        match error {
            LookUpError::UnknownSource(unknown) => invalid("sourceIds", &unknown),
            LookUpError::Busy => Self::new(Kind::Unavailable, "Too many lookups are under way")
                .retry_after(Duration::from_secs(1)),
            LookUpError::Unavailable(error) => error.into(),
        }
    }
}

impl From<BulkError> for ApiError {
    fn from(error: BulkError) -> Self {
        let field = match &error {
            BulkError::Empty | BulkError::TooMany(_) => "indicators",
            BulkError::NameTooLong => "name",
            BulkError::UnknownSource(_) => "sourceIds",
            BulkError::Unavailable(_) => "",
        };
        match error {
            BulkError::Unavailable(error) => error.into(),
            BulkError::TooMany(_) => Self::new(Kind::TooManyItems, error.to_string()).field(field),
            other => invalid(field, &other),
        }
    }
}

impl From<WatchError> for ApiError {
    fn from(error: WatchError) -> Self {
        match error {
            WatchError::Nobody => {
                Self::new(Kind::Conflict, "Only somebody with an account can watch")
            }
            WatchError::Every => invalid("everyS", &error),
            WatchError::UnknownSource(_) => invalid("sourceIds", &error),
            WatchError::Unavailable(error) => error.into(),
        }
    }
}

impl From<ShareError> for ApiError {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::Unknown => invalid("requestId", &error),
            ShareError::Expires => invalid("expiresAt", &error),
            ShareError::Unavailable(error) => error.into(),
        }
    }
}

impl From<FeedError> for ApiError {
    fn from(error: FeedError) -> Self {
        let conflict = |error: &FeedError| {
            let mut says = error.to_string();
            if let Some(first) = says.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            Self::new(Kind::Conflict, says)
        };
        match error {
            FeedError::Invalid(faults) => ChangeError::Invalid(faults).into(),
            FeedError::Unknown => Self::plain(Kind::NoSuchThing),
            FeedError::Taken => conflict(&error).field("slug"),
            FeedError::Shipped | FeedError::TooMany => conflict(&error),
            FeedError::Unavailable(error) => error.into(),
        }
    }
}
