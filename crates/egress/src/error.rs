//! Why a call did not bring an answer.

use url::Url;

/// Why a call did not bring an answer. A status is an answer, whatever its number.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// No client could be made.
    #[error("no way out could be set up")]
    Setup(#[source] reqwest::Error),
    /// Not an address.
    #[error("{0:?} is no address")]
    Address(String),
    /// Only http and https are spoken.
    #[error("{0}: only http:// and https:// are spoken")]
    Scheme(Url),
    /// Nothing listens there, or there is no such host.
    #[error("{url} cannot be reached")]
    Unreachable {
        /// Where to.
        url: Url,
        /// What the network said.
        #[source]
        source: reqwest::Error,
    },
    /// It took longer than the limit.
    #[error("{0} did not answer in time")]
    Slow(Url),
    /// The connection broke, or what came was no HTTP.
    #[error("{url} broke off")]
    Broken {
        /// Where to.
        url: Url,
        /// What the network said.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is longer than the limit.
    #[error("{url} answered more than {limit_bytes} bytes")]
    TooLong {
        /// Where to.
        url: Url,
        /// The limit.
        limit_bytes: usize,
    },
    /// The answer should be text and is not.
    #[error("{0} answered bytes that are no UTF-8")]
    NoText(Url),
}

impl EgressError {
    pub(crate) fn of(url: &Url, error: reqwest::Error) -> Self {
        let url = url.clone();
        // The URL stands in our own words already.
        let source = error.without_url();
        if source.is_connect() {
            Self::Unreachable { url, source }
        } else if source.is_timeout() {
            Self::Slow(url)
        } else {
            Self::Broken { url, source }
        }
    }
}
