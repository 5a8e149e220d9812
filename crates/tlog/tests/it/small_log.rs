//! The log of seven intervals that `testdata/tlog` describes.

use serde_json::Value;
use tlog::v1::{Data, TimeText, interval_nucleus, timestamp_hash};
use tlog::{Hash, Levels, Sha3, SigningKey};

/// A file of `testdata/tlog`.
pub(crate) fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/../../testdata/tlog/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&file(name)).unwrap()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).unwrap()
}

pub(crate) fn hash(value: &Value) -> Hash {
    bytes(value).try_into().unwrap()
}

pub(crate) fn hashes(value: &Value) -> Vec<Hash> {
    list(value).iter().map(hash).collect()
}

pub(crate) fn time(value: &Value) -> TimeText {
    TimeText::parse(text(value)).unwrap()
}

/// The timestamps of `interval-tree.json`.
pub(crate) fn timestamps() -> Vec<Hash> {
    let tree = json("interval-tree.json");
    let both = list(&tree["data"]).iter().zip(list(&tree["timestamps"]));
    both.map(|(data, at)| timestamp_hash(Data::Text(text(data)), &time(at)))
        .collect()
}

/// The nuclei of `main-tree.json`.
pub(crate) fn nuclei() -> Vec<Vec<u8>> {
    let (main, hashes) = (json("main-tree.json"), timestamps());
    let both = list(&main["members"]).iter().zip(list(&main["timestamps"]));
    both.zip(0..)
        .map(|((members, at), index)| {
            let members = list(members).iter().map(number);
            let members: Vec<Hash> = members
                .map(|member| hashes[usize::try_from(member).unwrap()])
                .collect();
            let ith = Levels::<Sha3>::of_entries(&members).root();
            interval_nucleus(index, &time(at), &ith)
        })
        .collect()
}

/// The key of `log.json`.
pub(crate) fn key() -> SigningKey {
    let log = json("log.json");
    SigningKey::from_seed(text(&log["origin"]), &hash(&log["seed"])).unwrap()
}
