//! Canonical CBOR (RFC 8949 §4.2.1) of the two things that protocol v1 hashes.
//!
//! The maps have a fixed order of keys, so they are written by hand: 147 million a second, where a
//! serializer would have to be trusted to sort.

use crate::v1::cbor::{BYTES, TEXT, UINT, head};
use crate::v1::{CborError, Interval, TimeText};
use crate::{Hash, Sha3, TreeHash};

/// Longest data that may be stamped, in bytes.
pub const DATA_BYTES_MAX: usize = 256;

/// How many nuclei are written before they are hashed: few enough to stay in the CPU's cache.
const NUCLEI_AT_ONCE: usize = 512;

/// Data to be stamped, in the CBOR type in which it is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// Hashed as a text string: how `{"data": …}` arrives.
    Text(&'a str),
    /// Hashed as a byte string: how the raw body of `POST ?compact` arrives.
    Bytes(&'a [u8]),
}

/// `{typ: "ts", data, version: "1", timestamp}`, appended to `out`.
pub fn timestamp_nucleus(data: Data<'_>, time: &TimeText, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\xa4\x63typ\x62ts\x64data");
    let (major, bytes) = match data {
        Data::Text(text) => (TEXT, text.as_bytes()),
        Data::Bytes(bytes) => (BYTES, bytes),
    };
    head(major, bytes.len() as u64, out);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\x67version\x611\x69timestamp\x78\x1b");
    out.extend_from_slice(time.as_bytes());
}

/// The hash of a timestamp: SHA3-256 of its nucleus.
pub fn timestamp_hash(data: Data<'_>, time: &TimeText) -> Hash {
    let mut nucleus = Vec::with_capacity(64 + DATA_BYTES_MAX);
    timestamp_nucleus(data, time, &mut nucleus);
    Sha3::digest(&nucleus)
}

/// The hashes of many timestamps of one moment, in order, several at a time: what bulk submission
/// needs.
pub fn timestamp_hashes<'a>(
    data: impl IntoIterator<Item = Data<'a>>,
    time: &TimeText,
) -> Vec<Hash> {
    let mut data = data.into_iter().peekable();
    let mut hashes = Vec::with_capacity(data.size_hint().0);
    let (mut nuclei, mut ends) = (Vec::new(), Vec::with_capacity(NUCLEI_AT_ONCE));
    while data.peek().is_some() {
        for data in data.by_ref().take(NUCLEI_AT_ONCE) {
            timestamp_nucleus(data, time, &mut nuclei);
            ends.push(u32::try_from(nuclei.len()).expect("nuclei at once of far less than 4 GiB"));
        }
        let first = hashes.len();
        hashes.resize(first + ends.len(), [0; 32]);
        keccak_lanes::sha3_256_packed(&nuclei, &ends, &mut hashes[first..]);
        nuclei.clear();
        ends.clear();
    }
    hashes
}

/// `{ith, typ: "it", index, version: "1", timestamp}`: 102 bytes for the first 24 intervals, at
/// most 110. This is the entry of the log; both trees are built over it.
pub fn interval_nucleus(index: u64, time: &TimeText, ith: &Hash) -> Vec<u8> {
    let mut out = Vec::with_capacity(110);
    out.extend_from_slice(b"\xa5\x63ith\x58\x20");
    out.extend_from_slice(ith);
    out.extend_from_slice(b"\x63typ\x62it\x65index");
    head(UINT, index, &mut out);
    out.extend_from_slice(b"\x67version\x611\x69timestamp\x78\x1b");
    out.extend_from_slice(time.as_bytes());
    out
}

/// The hash of an interval (`ihash`): SHA3-256 of its nucleus. The main tree's leaf is this hash,
/// hashed again as a leaf.
pub fn interval_hash(index: u64, time: &TimeText, ith: &Hash) -> Hash {
    Sha3::digest(&interval_nucleus(index, time, ith))
}

/// Reads an entry of the log; only the bytes that [`interval_nucleus`] writes are one.
pub fn parse_interval_nucleus(nucleus: &[u8]) -> Result<Interval, CborError> {
    Interval::from_cbor(nucleus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::parse_time;

    fn at(text: &str) -> TimeText {
        TimeText::of_micros(parse_time(text).unwrap())
    }

    // V1 of the protocol's test vectors.
    #[test]
    fn nucleus_of_the_documents_example() {
        let data = "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
        let time = at("2021-04-05T23:39:42.944682Z");
        assert_eq!(
            hex::encode(timestamp_hash(Data::Text(data), &time)),
            "76c5e0ada9445e305959f053acbdafe50ded687370c3b82391a56b733a0ccf78"
        );
        assert_eq!(
            hex::encode(timestamp_hash(Data::Bytes(data.as_bytes()), &time)),
            "08a8ead74c0de7b9c80282a400a698400437290e5c6b71420f046fd23bb9f2dc"
        );
    }

    // Bulk submission must give each what it would have got alone.
    #[test]
    fn many_at_once_equal_each_alone() {
        let time = at("2026-01-01T00:00:00.000000Z");
        for count in [0, 1, 7, 511, 512, 513, 1300] {
            let texts: Vec<String> = (0..count).map(|i| "é".repeat(i % 129)).collect();
            let data = texts.iter().enumerate().map(|(i, text)| match i % 3 {
                0 => Data::Bytes(text.as_bytes()),
                _ => Data::Text(text),
            });
            let alone: Vec<Hash> = data
                .clone()
                .map(|data| timestamp_hash(data, &time))
                .collect();
            assert_eq!(timestamp_hashes(data, &time), alone, "{count} timestamps");
        }
    }

    #[test]
    fn nucleus_of_nothing() {
        let mut out = Vec::new();
        let time = at("2026-01-01T00:00:00.000000Z");
        timestamp_nucleus(Data::Text(""), &time, &mut out);
        assert_eq!(
            hex::encode(&out),
            "a4637479706274736464617461606776657273696f6e61316974696d657374616d70781b323032362d30312d30315430303a30303a30302e3030303030305a"
        );
        assert_eq!(
            hex::encode(timestamp_hash(Data::Text(""), &time)),
            "9692ee8ca7083dfdeb70d4ee74e2a8738cd1bed5137d278729937a3220d9f240"
        );
    }
}
