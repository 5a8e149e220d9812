//! Protocol v1 of unchanging.ink: what is hashed, byte for byte.

mod nucleus;
mod path;
mod time;

pub use nucleus::{
    DATA_BYTES_MAX, Data, interval_hash, interval_nucleus, timestamp_hash, timestamp_nucleus,
};
pub use path::{leaf_of_path, root_of_path};
pub use time::{TIME_TEXT_BYTES, TimeText, parse_time};
