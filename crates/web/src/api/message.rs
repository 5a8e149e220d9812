//! From the feature's words to protocol v1's messages.

use stamp::{Proof, Sealed, Timestamp};
use tlog::v1::{CompactHead, CompactTimestamp, Consistency, Head, Inclusion, Interval, TimeText};

use crate::negotiate::Format;

/// The message of a timestamp; without a proof while it waits for its interval.
pub(crate) fn timestamp(
    authority: &str,
    timestamp: &Timestamp,
    proof: Option<&Proof>,
) -> tlog::v1::Timestamp {
    tlog::v1::Timestamp {
        hash: timestamp.hash,
        time: TimeText::of_micros(timestamp.time.0),
        proof: proof.map(|proof| tlog::v1::Proof {
            a: proof.a,
            path: proof.path.clone(),
            ith: proof.interval.ith,
            mth: CompactHead {
                authority: authority.to_owned(),
                index: proof.interval.index,
                mth: proof.mth,
            },
        }),
        id: timestamp.id.to_uuid().into_bytes(),
        interval: proof.map(|proof| proof.interval.index),
    }
}

/// The one-line form of a sealed timestamp.
pub(crate) fn compact(authority: &str, timestamp: &Timestamp, proof: &Proof) -> String {
    let compact = CompactTimestamp {
        authority: authority.to_owned(),
        index: proof.interval.index,
        time: TimeText::of_micros(timestamp.time.0),
        a: proof.a,
        path: proof.path.clone(),
    };
    compact.to_string()
}

/// The message of the live feed; `None` for the empty log.
pub(crate) fn live_head(authority: &str, sealed: &Sealed) -> Option<Head> {
    let mut head = read_head(authority, sealed)?;
    let (a, nodes) = &sealed.inclusion;
    head.inclusion = Some(Inclusion {
        head: head.interval.index,
        leaf: None,
        a: *a,
        nodes: nodes.clone(),
    });
    Some(head)
}

/// The message of `/mth/{i}`: the same without its inclusion.
pub(crate) fn read_head(authority: &str, sealed: &Sealed) -> Option<Head> {
    let interval = sealed.interval?;
    Some(Head {
        authority: authority.to_owned(),
        interval: Interval {
            index: interval.index,
            time: TimeText::of_micros(interval.time.0),
            ith: interval.ith,
        },
        mth: sealed.head.sha3,
        inclusion: None,
        consistency: sealed.consistency.as_ref().map(|nodes| Consistency {
            old_interval: interval.index.saturating_sub(1),
            new_interval: interval.index,
            nodes: nodes.clone(),
        }),
    })
}

/// A message in one of its two encodings.
macro_rules! encode {
    ($message:expr, $format:expr, $out:expr) => {
        match $format {
            Format::Cbor => $message.to_cbor($out),
            _ => $message.to_json($out),
        }
    };
}
pub(crate) use encode;

/// The bytes of a timestamp's message.
pub(crate) fn timestamp_bytes(message: &tlog::v1::Timestamp, format: Format) -> Vec<u8> {
    let nodes = message
        .proof
        .as_ref()
        .map_or(0, |proof| proof.path.len() + 4);
    let mut out = Vec::with_capacity(224 + 48 * nodes);
    encode!(message, format, &mut out);
    out
}
