//! A fact as the log sees it.

use base::UnixMicros;
use stamp::TimestampId;

/// The number of a fact: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId(pub i64);

/// What sort of fact: `audit`, later `answer`, `revision`, `upload`. Rows carry it: never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FactKind(pub &'static str);

/// A fact on its way into the table, in the transaction of the row that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFact {
    /// What sort of fact.
    pub kind: FactKind,
    /// SHA-256 of its canonical bytes, which the room keeps and hands out. What is stamped is the
    /// text `sha256:` and these 32 bytes in hex, as `indelible stamp --digest` has it, so that
    /// `indelible verify BYTES PROOF` accepts them.
    pub sha256: [u8; 32],
}

/// A fact as the table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its number.
    pub id: FactId,
    /// What sort of fact: the [`FactKind`]'s name.
    pub kind: String,
    /// SHA-256 of its canonical bytes.
    pub sha256: [u8; 32],
    /// When it was written.
    pub created: UnixMicros,
    /// How far it has come.
    pub place: Place,
}

/// How far a fact has come into the log, as the tables say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its job has yet to stamp it.
    Waiting,
    /// Its timestamp waits for an interval.
    Pooled(TimestampId),
    /// Its timestamp's interval is committed; whether it is signed is for the log to say.
    Sealed {
        /// The timestamp.
        timestamp: TimestampId,
        /// The interval's number.
        interval: u64,
    },
    /// Its timestamp was sealed, and is past the log's retention time.
    Forgotten(TimestampId),
}

impl Place {
    /// The timestamp, once there is one.
    pub fn timestamp(self) -> Option<TimestampId> {
        match self {
            Self::Waiting => None,
            Self::Pooled(timestamp)
            | Self::Sealed { timestamp, .. }
            | Self::Forgotten(timestamp) => Some(timestamp),
        }
    }
}

impl Fact {
    /// The text that is stamped for it.
    pub fn text(&self) -> String {
        stamped_text(&self.sha256)
    }
}

/// The text that is stamped for a digest: `sha256:` and its bytes in hex.
pub(crate) fn stamped_text(sha256: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(7 + 64);
    text.push_str("sha256:");
    for byte in sha256 {
        write!(text, "{byte:02x}").expect("a string takes all");
    }
    text
}
