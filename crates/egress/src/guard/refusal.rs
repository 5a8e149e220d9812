//! Why a request was not sent, or brought nothing.

use std::net::IpAddr;

use reqwest::header::HeaderName;

use super::trace::Trace;
use crate::EgressError;

/// A call without an answer, and what it did until then.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Refused {
    /// Why.
    #[source]
    pub why: Refusal,
    /// What was done until then.
    pub trace: Trace,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Only http and https are spoken.
    #[error("{0}:// is not spoken, only https:// and http://")]
    Scheme(String),
    /// The caller may use `https://` only, or a redirect led away from it.
    #[error("the request would go over an open line; only https:// is allowed here")]
    OpenLine,
    /// User and password stand in the URL, where everybody logs them.
    #[error("user names and passwords do not belong into an address")]
    UserInfo,
    /// There is no host in the URL.
    #[error("the address names no host")]
    NoHost,
    /// The caller may not name this port.
    #[error("port {0} is not allowed here")]
    Port(u16),
    /// The caller may not name this host.
    #[error("{0} is not among the hosts that are allowed here")]
    Host(String),
    /// The address does not lie in the public internet.
    #[error("{}{address} is {what}", name.as_ref().map(|name| format!("{name} leads to ")).unwrap_or_default())]
    Address {
        /// The name that led there; `None` when the URL has the address itself.
        name: Option<String>,
        /// The address.
        address: IpAddr,
        /// What lies there.
        what: &'static str,
    },
    /// The header is not the caller's to set.
    #[error("the header {0} is not yours to set")]
    Header(HeaderName),
    /// The body of the request is too long.
    #[error("the request's body is longer than {0} bytes")]
    RequestTooLong(usize),
    /// A secret has characters that cannot stand where it was set to stand.
    #[error("a secret cannot stand in the place that was chosen for it")]
    SecretUnfit,
    /// The redirects do not end.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// The redirect leads to nothing that is an address.
    #[error("a redirect leads to no address")]
    BadRedirect,
    /// The limit of time was reached.
    #[error("no answer in time")]
    Slow,
    /// Nothing listens there, or there is no such host.
    #[error("cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The connection broke, or what came was no HTTP.
    #[error("the connection broke off")]
    Broken(#[source] reqwest::Error),
    /// The answer is longer than the limit.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

impl Refusal {
    pub(crate) fn of_client(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Slow
        } else if error.is_connect() {
            Self::Unreachable(error)
        } else {
            Self::Broken(error)
        }
    }

    /// Reading a body fails in the words of the whole crate.
    pub(crate) fn of(error: EgressError) -> Self {
        match error {
            EgressError::TooLong { limit_bytes, .. } => Self::TooLong(limit_bytes),
            EgressError::Slow(_) => Self::Slow,
            EgressError::Unreachable { source, .. }
            | EgressError::Broken { source, .. }
            | EgressError::Setup(source) => Self::Broken(source),
            EgressError::Address(_) | EgressError::Scheme(_) | EgressError::NoText(_) => {
                unreachable!("a body is read, not asked for and not decoded")
            }
        }
    }
}
