//! What a source is, as one of its versions says it: everything that is written down of it, apart
//! from how this installation has set it up.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::declared::Description;
use crate::{Exposure, SecretSlot, SourceFile, SourceKind, Window};

/// What a source is. A version holds one in canonical form, and never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its name for people.
    pub name: String,
    /// What it tells.
    pub about: String,
    /// Where a person learns about it; may be empty.
    #[serde(default)]
    pub website: String,
    /// What it is good for.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What a lookup tells whom.
    pub exposure: Exposure,
    /// Secrets that it needs or can use.
    #[serde(default)]
    pub secrets: Vec<SecretSlot>,
    /// How often it may be asked; all of them hold.
    #[serde(default)]
    pub windows: Vec<Window>,
    /// How long an answer is as good as new, in seconds; 0: never kept.
    pub cache_s: u32,
    /// The same of knowing nothing. By default [`NOTHING_CACHE_S`], but not longer than an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nothing_cache_s: Option<u32>,
    /// Longest time for one question, in seconds. By default [`TIME_MAX_S`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_max_s: Option<u32>,
    /// How often what it keeps here is pulled, in seconds; nothing for a source that keeps nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_s: Option<u32>,
    /// What it does.
    pub body: Body,
}

/// How long it is remembered that a source knew nothing, in seconds.
pub const NOTHING_CACHE_S: u32 = 15 * 60;
/// How long one question may take, in seconds.
pub const TIME_MAX_S: u32 = 10;

/// What a source does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// It asks over HTTP, as described.
    Http(Description),
    /// It is part of the product.
    BuiltIn(BuiltIn),
}

/// What is written down of a source that is part of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuiltIn {
    /// Grows when its code says other things than before, so that old answers are not taken for its own.
    pub revision: u32,
    /// Where its upstream is, if it has one address that can be moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Further hosts that it may name, as the egress guard writes rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

impl Body {
    /// Where its upstream is, if it has one address that can be moved.
    pub fn base(&self) -> Option<&str> {
        match self {
            Self::Http(description) => Some(&description.base),
            Self::BuiltIn(built_in) => built_in.base.as_deref(),
        }
    }

    /// Who makes such a source.
    pub fn kind(&self) -> SourceKind {
        match self {
            Self::Http(_) => SourceKind::Http,
            Self::BuiltIn(_) => SourceKind::System,
        }
    }
}

/// A definition's canonical bytes and their digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// JSON of RFC 8785.
    pub bytes: Vec<u8>,
    /// Their SHA-256: two versions with the same digest are the same.
    pub sha256: [u8; 32],
}

impl Definition {
    /// Its canonical bytes.
    ///
    /// # Panics
    /// Never: numbers of a definition that was read from JSON have a form in JSON.
    pub fn write(&self) -> Written {
        let bytes = serde_json_canonicalizer::to_vec(self).expect("a definition is plain data");
        let sha256 = Sha256::digest(&bytes).into();
        Written { bytes, sha256 }
    }

    /// Reads what [`Definition::write`] wrote.
    ///
    /// # Errors
    /// When the bytes are none of a definition.
    pub fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

impl From<SourceFile> for Definition {
    fn from(file: SourceFile) -> Self {
        Self {
            name: file.name,
            about: file.about,
            website: file.website,
            tags: file.tags,
            exposure: file.exposure,
            secrets: file.secrets,
            windows: file.windows,
            cache_s: file.cache_s,
            nothing_cache_s: None,
            time_max_s: None,
            schedule_s: None,
            body: Body::Http(file.description),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A version is compared by its digest: what is written twice must be the same twice.
    #[test]
    fn what_is_written_reads_back_and_is_written_alike() {
        for file in crate::catalogue() {
            let definition = Definition::from(file);
            let written = definition.write();
            let read = Definition::read(&written.bytes).unwrap();
            assert_eq!(read, definition);
            assert_eq!(read.write(), written);
        }
    }
}
