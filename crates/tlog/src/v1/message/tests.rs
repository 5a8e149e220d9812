//! Messages against the bytes of protocol v1, and as laws.

use proptest::prelude::*;

use super::*;
use crate::v1::{TimeText, parse_interval_nucleus};

fn timestamp() -> Timestamp {
    Timestamp {
        hash: [0; 32],
        time: TimeText::of_micros(1_767_225_600_000_005),
        proof: Some(Proof {
            a: 1,
            path: vec![[0xff; 32]],
            ith: [1; 32],
            mth: "ts.example/7#v1:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"
                .parse()
                .unwrap(),
        }),
        id: std::array::from_fn(|i| u8::try_from(i * 17).unwrap()),
        interval: Some(7),
    }
}

fn cbor_of(timestamp: &Timestamp) -> Vec<u8> {
    let mut out = Vec::new();
    timestamp.to_cbor(&mut out);
    out
}

fn json_of(timestamp: &Timestamp) -> String {
    let mut out = Vec::new();
    timestamp.to_json(&mut out);
    String::from_utf8(out).unwrap()
}

const ZERO: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

// The order of keys is part of the protocol, although no JSON reader should care.
#[test]
fn a_timestamp_in_json() {
    let proof = "{\"a\":1,\"path\":[\"//////////////////////////////////////////8=\"],\"ith\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\",\"mth\":\"ts.example/7#v1:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\"}";
    let check = |timestamp: &Timestamp, proof: &str, interval: &str| {
        let expected = format!(
            "{{\"hash\":\"{ZERO}\",\"timestamp\":\"2026-01-01T00:00:00.000005Z\",\"typ\":\"ts\",\"version\":\"1\",\"proof\":{proof},\"id\":\"00112233-4455-6677-8899-aabbccddeeff\",\"interval\":{interval}}}"
        );
        assert_eq!(json_of(timestamp), expected);
        assert_eq!(
            &Timestamp::from_json(expected.as_bytes()).unwrap(),
            timestamp
        );
    };
    let mut timestamp = timestamp();
    check(&timestamp, proof, "7");
    (timestamp.proof, timestamp.interval) = (None, None);
    check(&timestamp, "null", "null");
}

#[test]
fn a_timestamp_in_cbor() {
    let mut timestamp = timestamp();
    let expected = [
        "a7626964d8255000112233445566778899aabbccddeeff63747970627473646861736858200000000000000000000000000000000000000000000000000000000000000000",
        "6570726f6f66a461610163697468582001010101010101010101010101010101010101010101010101010101010101016",
        "36d7468783b74732e6578616d706c652f372376313a4167494341674943416749434167494341674943416749434167494341674943416749434167494341674964706174688",
        "15820ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "6776657273696f6e613168696e74657276616c076974696d657374616d70781b323032362d30312d30315430303a30303a30302e3030303030355a",
    ]
    .concat();
    assert_eq!(hex::encode(cbor_of(&timestamp)), expected);
    timestamp.proof = None;
    timestamp.interval = None;
    let bytes = cbor_of(&timestamp);
    assert_eq!(Timestamp::from_cbor(&bytes), Ok(timestamp));
}

#[test]
fn a_head_in_json() {
    let head = Head {
        authority: "a\"\\\n".into(),
        interval: Interval {
            index: 6,
            time: TimeText::of_micros(0),
            ith: [0; 32],
        },
        mth: [0; 32],
        inclusion: Some(Inclusion {
            head: 6,
            leaf: None,
            a: 3,
            nodes: vec![[0; 32], [0; 32]],
        }),
        consistency: Some(Consistency {
            old_interval: 5,
            new_interval: 6,
            nodes: vec![],
        }),
    };
    let mut out = Vec::new();
    head.to_json(&mut out);
    let expected = format!(
        "{{\"authority\":\"a\\\"\\\\\\u000a\",\"interval\":{{\"index\":6,\"timestamp\":\"1970-01-01T00:00:00.000000Z\",\"ith\":\"{ZERO}\",\"version\":\"1\",\"typ\":\"it\"}},\"mth\":\"{ZERO}\",\"version\":\"1\",\"inclusion\":{{\"head\":6,\"leaf\":null,\"a\":3,\"nodes\":[\"{ZERO}\",\"{ZERO}\"],\"version\":\"1\"}},\"consistency\":{{\"old_interval\":5,\"new_interval\":6,\"nodes\":[],\"version\":\"1\"}}}}"
    );
    assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
    assert_eq!(Head::from_json(&out).unwrap(), head);
}

// What a stranger's server might send instead: each is refused, and says where.
#[test]
fn hostile_json_is_refused() {
    let good = json_of(&timestamp());
    let check = |from: &str, to: &str, reason: &str| {
        assert!(good.contains(from), "{from}");
        let error = Timestamp::from_json(good.replacen(from, to, 1).as_bytes()).unwrap_err();
        let MessageError::Json(error) = error else {
            panic!("{error}");
        };
        assert!(error.to_string().contains(reason), "{error}");
    };
    check("\"hash\"", "\"hasch\"", "unknown field `hasch`");
    check("\"typ\":\"ts\"", "\"typ\":\"it\"", "unknown variant `it`");
    check(
        "\"version\":\"1\"",
        "\"version\":\"2\"",
        "unknown variant `2`",
    );
    check("\"version\":\"1\",", "", "missing field `version`");
    check(
        "\"typ\":\"ts\"",
        "\"typ\":\"ts\",\"typ\":\"ts\"",
        "duplicate field",
    );
    check(ZERO, "AAAA", "not 32 bytes of base64");
    check("AAA=", "AAB=", "not 32 bytes of base64");
    check("8=\"]", "8=\",\"\"]", "a node is not 32 bytes");
    let nodes = format!("\"path\":[{}", format!("\"{ZERO}\",").repeat(64));
    check("\"path\":[", &nodes, "more nodes");
    check("000005Z", "00005Z", "not a timestamp");
    check("aabbcc", "AABBCC", "not a UUID");
    check("#v1:", "#v2:", "not of the kind");
    check("\"interval\":7}", "\"interval\":7}}", "trailing");
    check("\"interval\":7}", "\"interval\":-7}", "invalid value");
    check("\"interval\":7}", "\"interval\":7", "EOF");
}

#[test]
fn hostile_cbor_is_refused() {
    let good = cbor_of(&timestamp());
    // No beginning of a message is one, and nothing may follow.
    for end in 0..good.len() {
        assert!(Timestamp::from_cbor(&good[..end]).is_err());
    }
    let longer = [&good[..], &[0]].concat();
    assert_eq!(Timestamp::from_cbor(&longer), Err(CborError::Trailing));
    let check = |from: &str, to: &str, error| {
        let text = hex::encode(&good).replacen(from, to, 1);
        let bytes = hex::decode(text).unwrap();
        assert_eq!(Timestamp::from_cbor(&bytes), Err(error), "{from} to {to}");
    };
    let key = |wanted| CborError::Key { wanted };
    check("a7626964", "a8626964", CborError::Value { field: "" });
    check("626964", "626965", key("id"));
    check(
        "d8255000",
        "d8265000",
        CborError::Type {
            field: "id",
            wanted: "a UUID (tag 37)",
        },
    );
    check(
        "63747970627473",
        "63747970626974",
        CborError::Value { field: "typ" },
    );
    check(
        "6861736858200",
        "6861736858210",
        CborError::Type {
            field: "hash",
            wanted: "a byte string of 32 bytes",
        },
    );
    check(
        "61610163",
        "6161180163",
        CborError::NotCanonical { field: "a" },
    );
    check("237631", "237632", CborError::Value { field: "mth" });
    check(
        "616c07",
        "616c20",
        CborError::Type {
            field: "interval",
            wanted: "an unsigned integer",
        },
    );
    check("30355a", "30365b", CborError::Value { field: "timestamp" });
}

prop_compose! {
    fn any_time()(us in 0i64..253_402_300_799_999_999) -> TimeText { TimeText::of_micros(us) }
}

prop_compose! {
    fn any_nodes()(nodes in proptest::collection::vec(any::<Hash>(), 0..=64)) -> Vec<Hash> { nodes }
}

prop_compose! {
    fn any_proof()(a: u64, path in any_nodes(), ith: Hash, mth: Hash, index: u64,
            authority in "[a-z0-9.:]{1,20}") -> Proof {
        Proof { a, path, ith, mth: CompactHead { authority, index, mth } }
    }
}

prop_compose! {
    fn any_timestamp()(hash: Hash, time in any_time(), id: [u8; 16], interval: Option<u64>,
            proof in proptest::option::of(any_proof())) -> Timestamp {
        Timestamp { hash, time, proof, id, interval }
    }
}

prop_compose! {
    fn any_interval()(index: u64, time in any_time(), ith: Hash) -> Interval {
        Interval { index, time, ith }
    }
}

prop_compose! {
    fn any_inclusion()(head: u64, leaf: Option<u64>, a: u64, nodes in any_nodes()) -> Inclusion {
        Inclusion { head, leaf, a, nodes }
    }
}

prop_compose! {
    fn any_consistency()(old_interval: u64, new_interval: u64, nodes in any_nodes()) -> Consistency {
        Consistency { old_interval, new_interval, nodes }
    }
}

prop_compose! {
    fn any_head()(authority: String, interval in any_interval(), mth: Hash,
            inclusion in proptest::option::of(any_inclusion()),
            consistency in proptest::option::of(any_consistency())) -> Head {
        Head { authority, interval, mth, inclusion, consistency }
    }
}

macro_rules! round_trips {
    ($message:ident, $value:expr) => {{
        let value = $value;
        let (mut cbor, mut json) = (Vec::new(), Vec::new());
        value.to_cbor(&mut cbor);
        value.to_json(&mut json);
        prop_assert_eq!($message::from_cbor(&cbor), Ok(value.clone()));
        prop_assert_eq!($message::from_json(&json).unwrap(), value);
        // What serde_json makes of it agrees that it is JSON.
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
    }};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn writing_and_reading_are_inverse(timestamp in any_timestamp(), head in any_head(),
            interval in any_interval(), proof in any_proof(), inclusion in any_inclusion(),
            consistency in any_consistency()) {
        round_trips!(Timestamp, timestamp);
        round_trips!(Head, head);
        round_trips!(Interval, interval);
        round_trips!(Proof, proof);
        round_trips!(Inclusion, inclusion);
        round_trips!(Consistency, consistency);
    }

    #[test]
    fn an_entry_of_the_log_is_an_interval(interval in any_interval()) {
        let nucleus = crate::v1::interval_nucleus(interval.index, &interval.time, &interval.ith);
        prop_assert_eq!(parse_interval_nucleus(&nucleus), Ok(interval));
        prop_assert!(nucleus.len() <= 110);
    }

    #[test]
    fn noise_is_refused_without_panic(bytes: Vec<u8>) {
        prop_assert!(Head::from_cbor(&bytes).is_err());
        prop_assert!(Head::from_json(&bytes).is_err());
    }
}
