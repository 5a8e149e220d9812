//! What the account feature says instead of yes, in the words of HTTP: once as a problem for
//! programs, once as a mark at the form's field for people.

use accounts::{
    AdminError, AskError, AuthError, Invalid, LinkError, OidcError, OwnError, SignInError,
};

use super::view::Wrong;
use crate::problem::{ApiError, Kind};

/// Something that can be shown at its form; everything else is a problem.
pub(crate) trait Refusal: Into<ApiError> {
    /// What to mark, if the sender can mend it.
    fn mark(&self) -> Option<Wrong>;

    /// The mark, or the problem.
    fn at_form(self) -> Result<Wrong, ApiError> {
        match self.mark() {
            Some(wrong) => Ok(wrong),
            None => Err(self.into()),
        }
    }
}

/// A sentence that begins with a capital letter and ends with a stop.
fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

fn marked(invalid: &Invalid) -> Wrong {
    Wrong::at(invalid.field(), sentence(invalid))
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::new(Kind::Invalid, sentence(&invalid)).field(invalid.field())
    }
}

fn throttled(retry_after: std::time::Duration) -> ApiError {
    ApiError::new(
        Kind::Throttled,
        format!(
            "After failed attempts, the next one is heard in {} s",
            retry_after.as_secs()
        ),
    )
    .retry_after(retry_after)
}

fn conflict(error: &impl std::fmt::Display) -> ApiError {
    ApiError::new(Kind::Conflict, sentence(error))
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Throttled { retry_after } => throttled(retry_after),
            SignInError::Expired => Self::new(
                Kind::TicketSpent,
                "This took too long or was used before. Begin again at the sign-in page.",
            ),
            SignInError::Unavailable(source) => source.into(),
            wrong => Self::new(Kind::BadCredentials, sentence(&wrong)),
        }
    }
}

impl Refusal for SignInError {
    fn mark(&self) -> Option<Wrong> {
        match self {
            Self::Wrong => Some(Wrong::form(
                "That did not match. Look again, or choose another way in.",
            )),
            Self::Disabled => Some(Wrong::form(
                "This account is switched off. An administrator can switch it on.",
            )),
            _ => None,
        }
    }
}

impl From<LinkError> for ApiError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Expired => Self::plain(Kind::TicketSpent),
            LinkError::Invalid(invalid) => invalid.into(),
            LinkError::Unavailable(source) => source.into(),
            other => conflict(&other),
        }
    }
}

impl Refusal for LinkError {
    fn mark(&self) -> Option<Wrong> {
        match self {
            Self::Invalid(invalid) => Some(marked(invalid)),
            Self::EmailTaken | Self::Disabled => Some(Wrong::form(sentence(self))),
            _ => None,
        }
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Invalid(invalid) => invalid.into(),
            AskError::Throttled { retry_after } => throttled(retry_after),
            AskError::Unavailable(source) => source.into(),
            closed => Self::new(Kind::RoleAbsent, sentence(&closed)),
        }
    }
}

impl Refusal for AskError {
    fn mark(&self) -> Option<Wrong> {
        match self {
            Self::Invalid(invalid) => Some(marked(invalid)),
            _ => None,
        }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Throttled { retry_after } => throttled(retry_after),
            AuthError::Unavailable(source) => source.into(),
            other => Self::new(Kind::BadCredentials, sentence(&other)),
        }
    }
}

impl From<OwnError> for ApiError {
    fn from(error: OwnError) -> Self {
        match error {
            OwnError::Invalid(invalid) => invalid.into(),
            OwnError::Wrong => Self::new(Kind::BadCredentials, sentence(&error)),
            OwnError::Throttled { retry_after } => throttled(retry_after),
            OwnError::NotFresh => Self::plain(Kind::ConfirmNeeded),
            OwnError::Expired => Self::plain(Kind::TicketSpent),
            OwnError::Unknown => Self::plain(Kind::NoSuchThing),
            OwnError::Beyond => Self::new(Kind::NotPermitted, sentence(&error)),
            OwnError::Unavailable(source) => source.into(),
            other => conflict(&other),
        }
    }
}

impl Refusal for OwnError {
    fn mark(&self) -> Option<Wrong> {
        match self {
            Self::Invalid(invalid) => Some(marked(invalid)),
            Self::Wrong
            | Self::Taken
            | Self::LastWayIn
            | Self::LastAdministrator
            | Self::Beyond
            | Self::TooMany(_) => Some(Wrong::form(sentence(self))),
            _ => None,
        }
    }
}

impl From<AdminError> for ApiError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Invalid(invalid) => invalid.into(),
            AdminError::Unknown => Self::plain(Kind::NoSuchThing),
            AdminError::Beyond => Self::new(Kind::NotPermitted, sentence(&error)),
            AdminError::Unavailable(source) => source.into(),
            other => conflict(&other),
        }
    }
}

impl Refusal for AdminError {
    fn mark(&self) -> Option<Wrong> {
        match self {
            Self::Invalid(invalid) => Some(marked(invalid)),
            Self::Beyond | Self::BuiltIn | Self::InUse | Self::Taken | Self::LastAdministrator => {
                Some(Wrong::form(sentence(self)))
            }
            _ => None,
        }
    }
}

impl From<OidcError> for ApiError {
    fn from(error: OidcError) -> Self {
        match error {
            OidcError::UnknownProvider => Self::new(Kind::NoSuchThing, sentence(&error)),
            OidcError::Expired => Self::new(Kind::TicketSpent, sentence(&error)),
            OidcError::Provider(ref source) => {
                let cause = source.to_string();
                tracing::warn!(cause, "a provider cannot be used");
                Self::new(Kind::ProviderBroken, Kind::ProviderBroken.about())
            }
            OidcError::Taken | OidcError::LinkFirst => conflict(&error),
            OidcError::Unavailable(source) => source.into(),
            other => Self::new(Kind::BadCredentials, sentence(&other)),
        }
    }
}
