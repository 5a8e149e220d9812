//! What a source is, whoever made it: built in, described, or code in a runner. It is asked about one
//! indicator and answers; it opens no socket, knows no row, and holds a secret no longer than a call.

use async_trait::async_trait;
use indicator::{Indicator, KindSet};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::declared::Finding;
use crate::upstream::{Upstream, Way};

/// The number of a source: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId(pub i64);

/// The number of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProviderId(pub i64);

/// Who makes a source. Names are for ever: rows and the API carry them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SourceKind {
    /// Written in Rust, part of the product.
    System,
    /// Described, not programmed.
    Http,
    /// Code for the Python runner.
    Python,
    /// Code for the JavaScript runner.
    JavaScript,
    /// An analyzer of Cortex.
    Cortex,
    /// A module of `misp-modules`.
    MispModule,
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::System,
        Self::Http,
        Self::Python,
        Self::JavaScript,
        Self::Cortex,
        Self::MispModule,
    ];

    /// As rows and the API have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "SYSTEM",
            Self::Http => "HTTP",
            Self::Python => "PYTHON",
            Self::JavaScript => "JAVA_SCRIPT",
            Self::Cortex => "CORTEX",
            Self::MispModule => "MISP_MODULE",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What a source is told besides the indicator. Its fields are all the powers it has.
pub struct Call<'a> {
    /// The only way out.
    pub upstream: &'a dyn Upstream,
    /// What it may reach there, with which secrets, and how long all of it may take.
    pub way: &'a Way,
    /// Where the administrator moved the upstream to, if anywhere.
    pub base: Option<&'a Url>,
}

/// A source that can be asked.
#[async_trait]
pub trait Source: Send + Sync {
    /// The kinds that it can be asked about.
    fn kinds(&self) -> KindSet;

    /// Asks about one indicator of these kinds. Dropping the future cancels what it asked.
    async fn ask(&self, indicator: &Indicator, call: &Call<'_>) -> Result<Answered, Trouble>;
}

/// What a source knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// It says something.
    Found(Finding),
    /// It knows nothing of the indicator, which does not make the indicator clean.
    Nothing,
}

/// Why there is no answer to speak of. The names on the wire are the third seed's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", content = "content", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Trouble {
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
    /// The secret is missing or refused.
    #[error("the source refused the secret")]
    Unauthorized,
    /// Its quota is used up, and waiting would take longer than the lookup may.
    #[error("the quota is used up{}", .0.map(|s| format!("; free again in {s} s")).unwrap_or_default())]
    RateLimited(
        /// Seconds until it is worth asking again, where known.
        Option<u64>,
    ),
    /// The request could not be made or sent: the guard refused it, or nobody listens there.
    #[error("{0}")]
    RequestError(String),
    /// An answer came that is none: an error of theirs, or not in the form that was agreed.
    #[error("{0}")]
    ResponseError(String),
    /// The source's own code failed.
    #[error("{0}")]
    SourceError(String),
    /// A mistake of ours; the log has more under this request.
    #[error("something went wrong here")]
    InternalServerError,
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rows have these names: a kind that is read back as another one is asked by somebody else.
    #[test]
    fn a_kind_has_one_name_everywhere() {
        for kind in SourceKind::ALL {
            assert_eq!(SourceKind::named(kind.name()), Some(kind));
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.name());
        }
        assert_eq!(SourceKind::named("RUBY"), None);
    }
}
