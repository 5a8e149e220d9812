//! A timestamp's page: when, what, and the path from it to its interval's root.

use askama::Template;

use super::view::{Hash, Seal, Time};
use crate::drawing::path::{self, Step};
use crate::shell::Shell;
use crate::strings;

/// `/ts/{id}`.
#[derive(Template)]
#[template(path = "timestamp.html")]
pub struct TimestampPage<'a> {
    /// Around it.
    pub shell: Shell<'a>,
    /// The UUID.
    pub id: &'a str,
    /// When it was stamped.
    pub time: Time,
    /// Protocol v1's hash over data and time.
    pub hash: Hash,
    /// The log's key as a C2SP vkey.
    pub key: &'a str,
    /// `None` while its interval is open.
    pub sealed: Option<Sealed>,
}

/// What is known once the interval is closed.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The interval and what its seal says.
    pub seal: Seal,
    /// When the interval was closed.
    pub time: Time,
    /// The interval tree's root.
    pub ith: Hash,
    /// How many timestamps the interval holds.
    pub count: u64,
    /// Protocol v1's bits: bit i says that step i's sibling stands on the left.
    pub a: u64,
    /// The timestamp's leaf: SHA3-256 of byte 0 and its hash.
    pub leaf: Hash,
    /// From the leaf to the root.
    pub steps: Vec<Step>,
    /// The compact reference, `authority/i#v1,time,proof`; opens the interval's page.
    pub compact: String,
    /// Witnesses that cosigned a head over it, by name.
    pub witnesses: Vec<String>,
}

impl TimestampPage<'_> {
    fn title(&self) -> String {
        self.sealed.as_ref().map_or_else(
            || "Accepted, waiting for the seal".to_owned(),
            |s| strings::sealed_in(s.seal.interval),
        )
    }
}

impl Sealed {
    fn picture(&self) -> String {
        path::path(&self.leaf.0, &self.steps)
    }

    fn number(&self) -> String {
        strings::group(self.seal.interval)
    }

    fn others(&self) -> String {
        match self.count.saturating_sub(1) {
            0 => "It was alone in it.".to_owned(),
            n => format!(
                "It shares it with {}.",
                if n == 1 {
                    "one other".to_owned()
                } else {
                    format!("{} others", strings::group(n))
                }
            ),
        }
    }

    fn witnessed_by(&self) -> String {
        self.witnesses.join(", ")
    }
}

/// A step as the table behind the picture prints it.
impl Step {
    pub(crate) fn side(&self) -> &'static str {
        if self.sibling_left { "left" } else { "right" }
    }

    pub(crate) fn sibling_hash(&self) -> Hash {
        Hash(self.sibling)
    }

    pub(crate) fn result_hash(&self) -> Hash {
        Hash(self.result)
    }
}
