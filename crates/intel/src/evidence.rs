//! An answer as evidence: bytes that anyone can make again from the same answer, and their digest.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What a source answered, and when, for as long as anybody wants to prove it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The form of this record; 1.
    pub version: u32,
    /// What was asked about: kind, as on the wire.
    pub kind: String,
    /// What was asked about: the normal form.
    pub value: String,
    /// Who answered: the source's slug.
    pub source: String,
    /// The version of the source's description or code that asked.
    pub source_version: u64,
    /// When the answer was there, microseconds since 1970.
    pub answered_at_us: i64,
    /// The answer itself, without secrets; `null` when the source knows nothing.
    pub data: Value,
    /// 16 random bytes in hex: the log's public digest must not let anyone guess what was asked.
    pub salt: String,
}

/// An answer's canonical bytes and their digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// JSON of RFC 8785: keys sorted, no white space, numbers in one form.
    pub bytes: Vec<u8>,
    /// SHA-256 of these bytes: what is sealed in the log.
    pub sha256: [u8; 32],
}

impl Evidence {
    /// The evidence of an answer.
    ///
    /// # Errors
    /// When the answer holds a number that JSON has no form for.
    pub fn of(answer: &Answer) -> Result<Self, serde_json::Error> {
        let bytes = serde_json_canonicalizer::to_vec(answer)?;
        let sha256 = Sha256::digest(&bytes).into();
        Ok(Self { bytes, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(data: Value) -> Answer {
        Answer {
            version: 1,
            kind: "IPV4".into(),
            value: "192.0.2.7".into(),
            source: "abuseipdb".into(),
            source_version: 3,
            answered_at_us: 1_795_269_600_000_000,
            data,
            salt: "00112233445566778899aabbccddeeff".into(),
        }
    }

    // These bytes are what a proof is about: another form of them proves nothing.
    #[test]
    fn one_answer_has_one_form() {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let one = Evidence::of(&answer(read(r#"{"b": 1.0, "a": ["é", 1e21, null]}"#))).unwrap();
        let same = Evidence::of(&answer(read(
            "{\"a\":[\"\\u00e9\",1000000000000000000000,null],\n\"b\":1}",
        )))
        .unwrap();
        assert_eq!(one, same);
        let expected = "{\"answered_at_us\":1795269600000000,\"data\":{\"a\":[\"é\",1e+21,null],\"b\":1},\"kind\":\"IPV4\",\"salt\":\"00112233445566778899aabbccddeeff\",\"source\":\"abuseipdb\",\"source_version\":3,\"value\":\"192.0.2.7\",\"version\":1}";
        assert_eq!(String::from_utf8(one.bytes.clone()).unwrap(), expected);
        let read_back: Answer = serde_json::from_slice(&one.bytes).unwrap();
        assert_eq!(Evidence::of(&read_back).unwrap(), one);
        let other = Evidence::of(&answer(read(r#"{"b": 2, "a": ["é", 1e21, null]}"#))).unwrap();
        assert_ne!(other.sha256, one.sha256);
    }
}
