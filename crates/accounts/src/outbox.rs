//! The door through which letters leave: the feature says what, another room how.

use std::time::Duration;

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};

use crate::{Email, Secret};

/// A letter to somebody, as facts; words and layout are the business of whoever sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Letter {
    /// The code that signs in.
    SignInCode {
        /// Six digits.
        code: Secret,
        /// How long it is good.
        valid_for: Duration,
    },
    /// An invitation to make an account.
    Invitation {
        /// The link that accepts it.
        link: Secret,
        /// Who invites; `None` for the operator.
        invited_by: Option<String>,
        /// Until when it is good.
        expires_at: UnixMicros,
    },
    /// Somebody wants an account with this address.
    SignUp {
        /// The link that makes it.
        link: Secret,
        /// How long it is good.
        valid_for: Duration,
    },
    /// Somebody wants an account with this address, but it has one.
    AlreadySignedUp,
    /// Somebody wants this address for their account.
    VerifyEmail {
        /// The link that proves that the mail arrived.
        link: Secret,
        /// How long it is good.
        valid_for: Duration,
    },
    /// The account has another address now; sent to the old one.
    EmailChanged {
        /// The new address.
        now: Email,
    },
    /// Somebody forgot their password.
    ResetPassword {
        /// The link that sets a new one.
        link: Secret,
        /// How long it is good.
        valid_for: Duration,
    },
    /// The password is another one now.
    PasswordChanged,
    /// A second factor, a passkey or a provider was added or taken away.
    FactorChanged {
        /// What happened, such as "A passkey was added".
        what: &'static str,
    },
    /// Somebody signed in with a device that was not seen before.
    NewSignIn {
        /// "Firefox on Linux".
        device: String,
        /// From where, if it is known.
        address: Option<String>,
        /// When.
        at: UnixMicros,
    },
}

impl Letter {
    /// The kind's name, as lists of notices have it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SignInCode { .. } => "sign-in-code",
            Self::Invitation { .. } => "invitation",
            Self::SignUp { .. } => "sign-up",
            Self::AlreadySignedUp => "already-signed-up",
            Self::VerifyEmail { .. } => "verify-email",
            Self::EmailChanged { .. } => "email-changed",
            Self::ResetPassword { .. } => "reset-password",
            Self::PasswordChanged => "password-changed",
            Self::FactorChanged { .. } => "factor-changed",
            Self::NewSignIn { .. } => "new-sign-in",
        }
    }
}

/// Takes letters; durable when it answers, delivered later.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// A letter for `name` at `to`; the name may be empty. It is pointless after `expires`.
    async fn send(
        &self,
        to: &Email,
        name: &str,
        letter: Letter,
        expires: Option<UnixMicros>,
    ) -> Result<(), Unavailable>;
}
