//! What a proof file says about a timestamp: the way from its data to the log's entry.

use crate::Hash;
use crate::key::VerifierKey;
use crate::v1::cbor::{MAP, Reader, UINT, bytes, hashes, head, text};
use crate::v1::{CborError, DATA_BYTES_MAX, Data, TimeText};

/// Longest nucleus of an interval, in bytes.
const NUCLEUS_BYTES_MAX: usize = 110;

/// [`Data`] that is owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StampedData {
    /// Hashed as a text string.
    Text(String),
    /// Hashed as a byte string.
    Bytes(Vec<u8>),
}

impl StampedData {
    /// The data, lent.
    pub fn as_data(&self) -> Data<'_> {
        match self {
            Self::Text(text) => Data::Text(text),
            Self::Bytes(bytes) => Data::Bytes(bytes),
        }
    }
}

impl From<Data<'_>> for StampedData {
    fn from(data: Data<'_>) -> Self {
        match data {
            Data::Text(text) => Self::Text(text.to_owned()),
            Data::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

/// The `extra` of our proof files: a canonical CBOR map (RFC 8949 §4.2.1) with the keys `a`, `v`
/// (version, 1), `key`, `data` (optional), `path`, `nucleus`, `timestamp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampProof {
    /// On which side each node of the path stands: [`root_of_path`](crate::v1::root_of_path).
    pub a: u64,
    /// The log's key as the log states it: a claim, not trust.
    pub key: VerifierKey,
    /// What was stamped, if the submitter wanted it in the file; at most 256 bytes.
    pub data: Option<StampedData>,
    /// The way from the timestamp to the root of its interval (SHA3-256), leaf to root.
    pub path: Vec<Hash>,
    /// The interval's nucleus, which is the log's entry.
    pub nucleus: Vec<u8>,
    /// When it was stamped.
    pub time: TimeText,
}

impl TimestampProof {
    /// The CBOR, for [`ProofFile::extra`](crate::ProofFile::extra).
    pub fn to_cbor(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(320 + 34 * self.path.len());
        head(MAP, 6 + u64::from(self.data.is_some()), &mut out);
        out.extend_from_slice(b"\x61a");
        head(UINT, self.a, &mut out);
        out.extend_from_slice(b"\x61v\x01\x63key");
        text(&self.key.to_string(), &mut out);
        if let Some(data) = &self.data {
            out.extend_from_slice(b"\x64data");
            match data {
                StampedData::Text(data) => text(data, &mut out),
                StampedData::Bytes(data) => bytes(data, &mut out),
            }
        }
        out.extend_from_slice(b"\x64path");
        hashes(&self.path, &mut out);
        out.extend_from_slice(b"\x67nucleus");
        bytes(&self.nucleus, &mut out);
        out.extend_from_slice(b"\x69timestamp");
        text(self.time.as_str(), &mut out);
        out
    }

    /// Reads what [`Self::to_cbor`] writes, and only that.
    pub fn from_cbor(cbor: &[u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(cbor);
        let with_data = match reader.map()? {
            6 => false,
            7 => true,
            _ => return Err(reader.bad_value()),
        };
        let a = reader.key("a")?.uint()?;
        if reader.key("v")?.uint()? != 1 {
            return Err(reader.bad_value());
        }
        let key = reader.key("key")?.text()?.parse();
        let key = key.map_err(|_| reader.bad_value())?;
        let data = if with_data {
            Some(read_data(reader.key("data")?)?)
        } else {
            None
        };
        let path = reader.key("path")?.hashes()?;
        let nucleus = reader.key("nucleus")?.bytes()?.to_vec();
        if nucleus.len() > NUCLEUS_BYTES_MAX {
            return Err(reader.bad_value());
        }
        let time = reader.key("timestamp")?.time()?;
        reader.end()?;
        Ok(Self {
            a,
            key,
            data,
            path,
            nucleus,
            time,
        })
    }
}

fn read_data(reader: &mut Reader<'_>) -> Result<StampedData, CborError> {
    let data = if reader.is_text() {
        StampedData::Text(reader.text()?.to_owned())
    } else {
        StampedData::Bytes(reader.bytes()?.to_vec())
    };
    let length = match &data {
        StampedData::Text(text) => text.len(),
        StampedData::Bytes(bytes) => bytes.len(),
    };
    if length > DATA_BYTES_MAX {
        return Err(reader.bad_value());
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn proof() -> TimestampProof {
        TimestampProof {
            a: 0,
            key: "ts.example.org/log+99e69167+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
                .parse()
                .unwrap(),
            data: Some(StampedData::Text("x".into())),
            path: vec![],
            nucleus: vec![1],
            time: TimeText::of_micros(0),
        }
    }

    #[test]
    fn keys_stand_in_canonical_order() {
        let vkey = hex::encode(proof().key.to_string());
        let time = hex::encode("1970-01-01T00:00:00.000000Z");
        let expected = format!(
            "a7616100617601636b65797848{vkey}6464617461617864706174688067{}4101{}781b{time}",
            "6e75636c657573", "6974696d657374616d70"
        );
        assert_eq!(hex::encode(proof().to_cbor()), expected);
    }

    #[test]
    fn malformed_extras_are_refused_by_name() {
        let good = hex::encode(proof().to_cbor());
        let check = |from: &str, to: &str, error| {
            assert!(good.contains(from));
            let cbor = hex::decode(good.replacen(from, to, 1)).unwrap();
            assert_eq!(
                TimestampProof::from_cbor(&cbor),
                Err(error),
                "{from} to {to}"
            );
        };
        let value = |field| CborError::Value { field };
        let key = |wanted| CborError::Key { wanted };
        check("a76161", "a86161", value(""));
        check("a76161", "a66161", key("path"));
        check("617601", "617602", value("v"));
        check("617601", "617701", key("v"));
        check("3939653639313637", "3939653639313638", value("key"));
        check("64646174616178", "64646174616279", key("path"));
        check(
            "64646174616178",
            "646461746101",
            CborError::Type {
                field: "data",
                wanted: "a byte string",
            },
        );
        let long = format!("6464617461790101{}", "78".repeat(257));
        check("64646174616178", &long, value("data"));
        let long = format!("6e75636c657573586f{}", "00".repeat(111));
        check("6e75636c6575734101", &long, value("nucleus"));
        check("30305a", "30305b", value("timestamp"));
        let mut longer = proof().to_cbor();
        longer.push(0);
        assert_eq!(TimestampProof::from_cbor(&longer), Err(CborError::Trailing));
    }

    proptest! {
        #[test]
        fn writing_and_reading_are_inverse(a: u64, us in 0i64..253_402_300_799_999_999,
                text in ".{0,60}", blob in proptest::collection::vec(any::<u8>(), 0..=256),
                kind in 0..3, path in proptest::collection::vec(any::<Hash>(), 0..=64),
                nucleus in proptest::collection::vec(any::<u8>(), 0..=110)) {
            let data = match kind {
                0 => None,
                1 => Some(StampedData::Text(text)),
                _ => Some(StampedData::Bytes(blob)),
            };
            let time = TimeText::of_micros(us);
            let proof = TimestampProof { a, data, path, nucleus, time, ..proof() };
            prop_assert_eq!(TimestampProof::from_cbor(&proof.to_cbor()), Ok(proof));
        }
    }
}
