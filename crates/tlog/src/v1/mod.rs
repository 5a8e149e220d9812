//! Protocol v1 of unchanging.ink: what is hashed, what is said, byte for byte.

pub(crate) mod cbor;
mod compact;
mod labels;
mod message;
mod nucleus;
mod path;
mod time;

pub use cbor::{CborError, PATH_NODES_MAX, push_array};
pub use compact::{
    AUTHORITY_BYTES_MAX, COMPACT_BYTES_MAX, CompactError, CompactHead, CompactTimestamp,
    authority_url,
};
pub use labels::{from_sizes, in_leaf_and_size, live_consistency_sizes, live_inclusion};
pub use message::{
    Consistency, Head, Inclusion, Interval, MessageError, Proof, Timestamp, push_uuid,
};
pub use nucleus::{
    DATA_BYTES_MAX, Data, interval_hash, interval_nucleus, parse_interval_nucleus, timestamp_hash,
    timestamp_hashes, timestamp_nucleus,
};
pub use path::{leaf_of_path, root_of_path, sides};
pub use time::{TIME_TEXT_BYTES, TimeText, parse_time};
