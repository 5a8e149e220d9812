//! `[accounts]`: who may have one, and how long things are good.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::human::Span;

/// `[accounts]`: people and programs.
#[derive(Args, Clone, Debug)]
pub(crate) struct Accounts {
    /// Who may make an account
    ///
    /// `closed`: whoever an administrator invites; `invitation`: whoever anybody with an account
    /// invites; `open`: everybody who can read mail at the address they give.
    #[arg(
        id = "accounts.sign_up",
        long,
        value_name = "WHO",
        default_value = "closed"
    )]
    pub(crate) sign_up: SignUp,

    /// A session ends after so long without a request
    #[arg(
        id = "accounts.session_idle",
        long,
        value_name = "TIME",
        default_value = "30d"
    )]
    pub(crate) session_idle: Span,

    /// A session ends after so long, whatever happens
    #[arg(
        id = "accounts.session_max",
        long,
        value_name = "TIME",
        default_value = "90d"
    )]
    pub(crate) session_max: Span,

    /// How long an invitation is good
    #[arg(
        id = "accounts.invitation_lifetime",
        long,
        value_name = "TIME",
        default_value = "7d"
    )]
    pub(crate) invitation_lifetime: Span,

    /// Files about OpenID Connect providers, in the order of the sign-in page
    ///
    /// `keycloak.toml` makes the provider `keycloak`; it holds `name`, `issuer`, `client_id`,
    /// `client_secret_file` and `trust_email`. Its redirect address there is
    /// `<public_url>/sign-in/keycloak/answer`.
    #[arg(id = "accounts.oidc", long, value_name = "FILE,…", value_delimiter = ',', action = ArgAction::Set)]
    pub(crate) oidc: Vec<PathBuf>,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignUp {
    /// Whoever an administrator invites.
    Closed,
    /// Whoever anybody with an account invites.
    Invitation,
    /// Everybody who can read mail at the address they give.
    Open,
}

impl From<SignUp> for accounts::SignUp {
    fn from(who: SignUp) -> Self {
        match who {
            SignUp::Closed => Self::Closed,
            SignUp::Invitation => Self::Invitation,
            SignUp::Open => Self::Open,
        }
    }
}
