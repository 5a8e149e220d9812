//! The sources that come with the product and need no code.

use indicator::KindSet;
use serde::{Deserialize, Serialize};

use crate::declared::{Declared, Description};

macro_rules! sources {
    ($($slug:literal),* $(,)?) => {
        [$(include_str!(concat!("../sources/", $slug, ".json"))),*]
    };
}

/// In the order in which they are shown.
const SOURCES: [&str; 14] = sources![
    "abuseipdb",
    "otx",
    "crtsh",
    "safe-browsing",
    "haveibeenpwned",
    "internet-archive",
    "internetdb",
    "malwarebazaar",
    "phishtank",
    "shodan",
    "threatfox",
    "urlhaus",
    "urlscan",
    "virustotal",
];

/// A source as it comes with the product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Its name in addresses and rows: for ever.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Who is behind it.
    pub provider: String,
    /// Where a person learns about it.
    pub website: String,
    /// What it tells.
    pub about: String,
    /// What it is good for.
    pub tags: Vec<String>,
    /// What a lookup tells whom.
    pub exposure: Exposure,
    /// Secrets that it needs or can use.
    pub secrets: Vec<SecretSlot>,
    /// How often it may be asked; all of them hold.
    pub windows: Vec<Window>,
    /// How long an answer is as good as new, in seconds.
    pub cache_s: u32,
    /// What it asks, and what the answers mean.
    pub description: Description,
}

/// What a lookup tells whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// Nobody: the answer is here.
    Local,
    /// The provider learns the value.
    Passive,
    /// The owner of what is asked about sees a visit.
    Contact,
    /// The provider shows the value to others.
    Publishes,
}

/// A place for a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSlot {
    /// Its name.
    pub name: String,
    /// What to put there, for the person who has it.
    pub about: String,
    /// Without it the source is not asked.
    pub required: bool,
    /// Where it goes.
    pub place: SecretPlace,
}

/// Where a secret goes. The egress guard puts it there; see its places of the same names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretPlace {
    /// Into a header.
    Header {
        /// Its name.
        name: String,
        /// What stands before the secret.
        before: String,
    },
    /// Into the query, under this name.
    Query(String),
    /// Into the path, in place of this segment.
    Segment(String),
    /// As the password of HTTP's Basic scheme.
    Basic {
        /// The user.
        user: String,
    },
}

/// So many requests in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Requests.
    pub requests: u32,
    /// In so many seconds.
    pub seconds: u32,
}

/// Every source that comes with the product, in the order in which they are shown.
///
/// # Panics
/// When one of our own files is wrong, which a test would have said.
pub fn catalogue() -> Vec<SourceFile> {
    let read = |text: &str| serde_json::from_str(text).expect("our own files are right");
    SOURCES.into_iter().map(read).collect()
}

impl SourceFile {
    /// The kinds that it can be asked about; none when its description is wrong.
    pub fn kinds(&self) -> KindSet {
        let declared = Declared::check(&self.description, None);
        declared.map_or(KindSet::NONE, |declared| declared.kinds())
    }
}
