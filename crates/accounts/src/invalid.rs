//! Bad input, with the field that it stands in.

use crate::{EmailError, PasswordError};

/// What somebody entered cannot be taken; the sentence is for them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The e-mail address.
    #[error("{0}")]
    Email(EmailError),
    /// The new password.
    #[error("{0}")]
    Password(PasswordError),
    /// The person's name.
    #[error("a name has 1 to 100 characters on one line")]
    Name,
    /// What an API token or a passkey is for.
    #[error("a note has 1 to 100 characters on one line")]
    Note,
    /// When something is to end.
    #[error("the end must lie in the future")]
    Expires,
    /// The name of a role.
    #[error("a role's name has 1 to 40 small letters, digits and hyphens")]
    RoleName,
    /// What a role is for.
    #[error("a description has at most 200 characters on one line")]
    RoleAbout,
    /// Roles that do not exist.
    #[error("one of these roles does not exist")]
    Roles,
    /// Permissions that do not exist, or none where some are needed.
    #[error("one of these permissions does not exist")]
    Permissions,
}

impl Invalid {
    /// The field's name, as forms and the API have it.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Password(_) => "password",
            Self::Name | Self::RoleName => "name",
            Self::Note => "note",
            Self::Expires => "expires",
            Self::RoleAbout => "about",
            Self::Roles => "roles",
            Self::Permissions => "permissions",
        }
    }
}

impl From<EmailError> for Invalid {
    fn from(error: EmailError) -> Self {
        Self::Email(error)
    }
}

impl From<PasswordError> for Invalid {
    fn from(error: PasswordError) -> Self {
        Self::Password(error)
    }
}

/// A line of text for people: trimmed, without control characters, 1 to `letters_max` letters.
pub(crate) fn line(text: &str, letters_max: usize, otherwise: Invalid) -> Result<String, Invalid> {
    let text = text.trim();
    let fits = !text.is_empty()
        && text.chars().count() <= letters_max
        && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or(otherwise)
}
