//! The bodies of protocol v1's answers, in both of their encodings.
//!
//! Writers are by hand: they fix the order of keys that clients of the original have seen, and
//! answer 100,000 waiting clients without a tree of values in between. Readers take no key that is
//! not known; CBOR only in its canonical form, JSON in any order.

mod cbor;
mod json;
mod view;

pub use json::push_uuid;

use crate::Hash;
use crate::v1::{CborError, CompactHead, TimeText};

/// A timestamp, with its proof once its interval is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// SHA3-256 over data and time: [`timestamp_hash`](crate::v1::timestamp_hash).
    pub hash: Hash,
    /// When it was accepted.
    pub time: TimeText,
    /// Its way to the head of its interval; null until that is sealed.
    pub proof: Option<Proof>,
    /// Its id, a UUID.
    pub id: [u8; 16],
    /// The interval that holds it; null until that is sealed.
    pub interval: Option<u64>,
}

/// The way from a timestamp to the root of its interval's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// On which side each node stands: [`root_of_path`](crate::v1::root_of_path).
    pub a: u64,
    /// The siblings, leaf to root.
    pub path: Vec<Hash>,
    /// Root of the interval's tree.
    pub ith: Hash,
    /// The head of the main tree right after the interval.
    pub mth: CompactHead,
}

/// An interval: the leaf of the main tree. Its CBOR is the interval's nucleus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Its number, from 0.
    pub index: u64,
    /// When it was sealed.
    pub time: TimeText,
    /// Root of the tree over its timestamps.
    pub ith: Hash,
}

/// The head of the main tree after an interval: `/mth/{i}`, and each message of the live feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Who keeps the log.
    pub authority: String,
    /// The newest interval in the tree.
    pub interval: Interval,
    /// Root of the main tree.
    pub mth: Hash,
    /// That the interval is in the tree; in the live feed only.
    pub inclusion: Option<Inclusion>,
    /// That the tree grew from an earlier one; null for the first two intervals.
    pub consistency: Option<Consistency>,
}

/// An inclusion proof in the main tree. For what `head` and `leaf` mean, see
/// [`in_leaf_and_size`](crate::v1::in_leaf_and_size) and
/// [`live_inclusion`](crate::v1::live_inclusion).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// A label.
    pub head: u64,
    /// A label; null in the live feed.
    pub leaf: Option<u64>,
    /// On which side each node stands: [`root_of_path`](crate::v1::root_of_path).
    pub a: u64,
    /// The siblings, leaf to root.
    pub nodes: Vec<Hash>,
}

/// A consistency proof of the main tree. For what the labels mean, see
/// [`live_consistency_sizes`](crate::v1::live_consistency_sizes) and
/// [`from_sizes`](crate::v1::from_sizes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// A label.
    pub old_interval: u64,
    /// A label.
    pub new_interval: u64,
    /// The nodes in the order of RFC 6962 §2.1.2.
    pub nodes: Vec<Hash>,
}

/// Why a message was refused.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Its CBOR.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// Its JSON.
    #[error("the JSON is not such a message")]
    Json(#[from] serde_json::Error),
}

/// The four functions that every message has; the work is in `cbor`, `json` and `view`.
macro_rules! encodings {
    ($($message:ident),*) => {$(
        impl $message {
            /// Appends the message in canonical CBOR.
            pub fn to_cbor(&self, out: &mut Vec<u8>) {
                cbor::Item::write(self, out);
            }

            /// Reads the message from canonical CBOR.
            pub fn from_cbor(bytes: &[u8]) -> Result<Self, CborError> {
                cbor::read(bytes)
            }

            /// Appends the message in JSON, without any space.
            pub fn to_json(&self, out: &mut Vec<u8>) {
                json::Item::write(self, out);
            }

            /// Reads the message from JSON. A key whose value may be null may be missing.
            pub fn from_json(bytes: &[u8]) -> Result<Self, MessageError> {
                Ok(serde_json::from_slice::<<Self as view::Viewed>::View>(bytes)?.into())
            }
        }
    )*};
}

encodings!(Timestamp, Proof, Interval, Head, Inclusion, Consistency);

#[cfg(test)]
mod tests;
