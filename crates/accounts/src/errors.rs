//! What can be said instead of yes, one list per act, named by what the caller can do.

use std::time::Duration;

use base::Unavailable;

use crate::Invalid;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// Address, password, code or passkey is wrong. Which of them, and whether there is such an
    /// account, is never said.
    #[error("that did not match")]
    Wrong,
    /// Too many attempts: try again later.
    #[error("too many attempts")]
    Throttled {
        /// How long to wait, whole seconds.
        retry_after: Duration,
    },
    /// The challenge, code or link was used, has expired or never existed: begin again.
    #[error("this took too long or was used before")]
    Expired,
    /// The account may not sign in. Said only to those who proved that it is theirs.
    #[error("this account is disabled")]
    Disabled,
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a link did not lead to an account.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The link was used, has expired or never existed.
    #[error("this link was used before or has expired")]
    Expired,
    /// What was entered cannot be taken; the link is still good.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Meanwhile there is an account with this address.
    #[error("there is an account with this e-mail address")]
    EmailTaken,
    /// The account may not sign in.
    #[error("this account is disabled")]
    Disabled,
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a request for mail was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// What was entered cannot be taken.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// This installation makes no accounts for whoever asks.
    #[error("accounts are made by invitation")]
    Closed,
    /// Too many requests: try again later.
    #[error("too many attempts")]
    Throttled {
        /// How long to wait, whole seconds.
        retry_after: Duration,
    },
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why an `Authorization` header opens nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// It is no form that we know.
    #[error("the Authorization header is neither Bearer, Token nor Basic")]
    Malformed,
    /// Token or password is wrong, has expired or was revoked, or the account is disabled.
    #[error("this token or password is not valid")]
    Wrong,
    /// The account asks for a second factor, which a header cannot show: use a token.
    #[error("this account has a second factor: use an API token")]
    NeedsToken,
    /// Too many attempts: try again later.
    #[error("too many attempts")]
    Throttled {
        /// How long to wait, whole seconds.
        retry_after: Duration,
    },
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why somebody's own account was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnError {
    /// What was entered cannot be taken.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The password, code or passkey that was shown is wrong.
    #[error("that did not match")]
    Wrong,
    /// Too many attempts: try again later.
    #[error("too many attempts")]
    Throttled {
        /// How long to wait, whole seconds.
        retry_after: Duration,
    },
    /// It was shown too long ago who this is: confirm, then try again.
    #[error("confirm that it is you")]
    NotFresh,
    /// The challenge was used or has expired: begin again.
    #[error("this took too long or was used before")]
    Expired,
    /// There is no such thing in this account.
    #[error("there is no such thing in this account")]
    Unknown,
    /// An account has this address or this provider's account already.
    #[error("another account has this already")]
    Taken,
    /// It would leave the account without a way in.
    #[error("this is the account's only way in: add another one first")]
    LastWayIn,
    /// It would leave the installation without an administrator.
    #[error("this is the only administrator: make another one first")]
    LastAdministrator,
    /// A token may not do this, or give a token what it has not.
    #[error("this goes beyond what you may do")]
    Beyond,
    /// Most of a kind that one account may have.
    #[error("there are {0} of these already, which is the most")]
    TooMany(usize),
    /// Browsers offer passkeys only at a name with TLS, or at localhost.
    #[error("passkeys need a public address with TLS, or localhost")]
    NoPasskeys,
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why an administrator's act was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// What was entered cannot be taken.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such account, role, session or token.
    #[error("there is no such thing")]
    Unknown,
    /// Nobody gives what they have not, nor acts on somebody who may do more.
    #[error("this goes beyond what you may do")]
    Beyond,
    /// Built-in roles stay as they are.
    #[error("built-in roles cannot be changed")]
    BuiltIn,
    /// Somebody has this role.
    #[error("somebody has this role")]
    InUse,
    /// An account has this address, or a role this name.
    #[error("there is one with this name or address already")]
    Taken,
    /// It would leave the installation without an administrator.
    #[error("this is the only administrator: make another one first")]
    LastAdministrator,
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a provider's answer signed nobody in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// There is no provider of this name.
    #[error("there is no such provider")]
    UnknownProvider,
    /// The answer belongs to no request of this browser, was used before, or took too long.
    #[error("this sign-in was not begun in this browser, or took too long")]
    Expired,
    /// It was shown too long ago who this is: confirm, then try again.
    #[error("confirm that it is you")]
    NotFresh,
    /// The provider said no, in its own words.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// The provider does not answer, or not as OpenID Connect has it. The cause is for the log.
    #[error("the provider cannot be used")]
    Provider(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No account of ours belongs to it, and none is made for whoever asks.
    #[error("no account belongs to this sign-in")]
    NoAccount,
    /// There is an account with this address: sign in to it, then link the provider there.
    #[error("there is an account with this address: sign in to it, then link the provider")]
    LinkFirst,
    /// The provider's account is linked to another account here.
    #[error("this provider's account belongs to another account")]
    Taken,
    /// The account may not sign in.
    #[error("this account is disabled")]
    Disabled,
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}
