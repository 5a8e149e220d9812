//! Reading messages from JSON: each has a view with the keys of the wire.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::Hash;
use crate::text::hash_of_base64;
use crate::v1::message::{Consistency, Head, Inclusion, Interval, Proof, Timestamp, push_uuid};
use crate::v1::{CompactHead, PATH_NODES_MAX, TimeText};

/// Ties a message to its view.
pub(super) trait Viewed: Sized {
    type View: DeserializeOwned + Into<Self>;
}

#[derive(Deserialize)]
enum Version {
    #[serde(rename = "1")]
    One,
}

#[derive(Deserialize)]
enum TypTs {
    #[serde(rename = "ts")]
    Ts,
}

#[derive(Deserialize)]
enum TypIt {
    #[serde(rename = "it")]
    It,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimestampView {
    #[serde(deserialize_with = "hash")]
    hash: Hash,
    #[serde(deserialize_with = "time")]
    timestamp: TimeText,
    typ: TypTs,
    version: Version,
    proof: Option<ProofView>,
    #[serde(deserialize_with = "uuid")]
    id: [u8; 16],
    interval: Option<u64>,
}

impl Viewed for Timestamp {
    type View = TimestampView;
}

impl From<TimestampView> for Timestamp {
    fn from(view: TimestampView) -> Self {
        let (TypTs::Ts, Version::One) = (view.typ, view.version);
        Self {
            hash: view.hash,
            time: view.timestamp,
            proof: view.proof.map(Proof::from),
            id: view.id,
            interval: view.interval,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProofView {
    a: u64,
    #[serde(deserialize_with = "nodes")]
    path: Vec<Hash>,
    #[serde(deserialize_with = "hash")]
    ith: Hash,
    #[serde(deserialize_with = "reference")]
    mth: CompactHead,
}

impl Viewed for Proof {
    type View = ProofView;
}

impl From<ProofView> for Proof {
    fn from(view: ProofView) -> Self {
        Self {
            a: view.a,
            path: view.path,
            ith: view.ith,
            mth: view.mth,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IntervalView {
    index: u64,
    #[serde(deserialize_with = "time")]
    timestamp: TimeText,
    #[serde(deserialize_with = "hash")]
    ith: Hash,
    version: Version,
    typ: TypIt,
}

impl Viewed for Interval {
    type View = IntervalView;
}

impl From<IntervalView> for Interval {
    fn from(view: IntervalView) -> Self {
        let (TypIt::It, Version::One) = (view.typ, view.version);
        Self {
            index: view.index,
            time: view.timestamp,
            ith: view.ith,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadView {
    authority: String,
    interval: IntervalView,
    #[serde(deserialize_with = "hash")]
    mth: Hash,
    version: Version,
    inclusion: Option<InclusionView>,
    consistency: Option<ConsistencyView>,
}

impl Viewed for Head {
    type View = HeadView;
}

impl From<HeadView> for Head {
    fn from(view: HeadView) -> Self {
        let Version::One = view.version;
        Self {
            authority: view.authority,
            interval: view.interval.into(),
            mth: view.mth,
            inclusion: view.inclusion.map(Inclusion::from),
            consistency: view.consistency.map(Consistency::from),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InclusionView {
    head: u64,
    leaf: Option<u64>,
    a: u64,
    #[serde(deserialize_with = "nodes")]
    nodes: Vec<Hash>,
    version: Version,
}

impl Viewed for Inclusion {
    type View = InclusionView;
}

impl From<InclusionView> for Inclusion {
    fn from(view: InclusionView) -> Self {
        let Version::One = view.version;
        Self {
            head: view.head,
            leaf: view.leaf,
            a: view.a,
            nodes: view.nodes,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsistencyView {
    old_interval: u64,
    new_interval: u64,
    #[serde(deserialize_with = "nodes")]
    nodes: Vec<Hash>,
    version: Version,
}

impl Viewed for Consistency {
    type View = ConsistencyView;
}

impl From<ConsistencyView> for Consistency {
    fn from(view: ConsistencyView) -> Self {
        let Version::One = view.version;
        Self {
            old_interval: view.old_interval,
            new_interval: view.new_interval,
            nodes: view.nodes,
        }
    }
}

fn hash<'de, D: Deserializer<'de>>(from: D) -> Result<Hash, D::Error> {
    let text = String::deserialize(from)?;
    hash_of_base64(&text).ok_or_else(|| D::Error::custom("not 32 bytes of base64"))
}

fn nodes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Hash>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    if texts.len() > PATH_NODES_MAX {
        return Err(D::Error::custom("more nodes than any tree needs"));
    }
    let nodes = texts.iter().map(|text| hash_of_base64(text));
    let nodes: Option<Vec<Hash>> = nodes.collect();
    nodes.ok_or_else(|| D::Error::custom("a node is not 32 bytes of base64"))
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<TimeText, D::Error> {
    let text = String::deserialize(from)?;
    let wanted = "not a timestamp of the form YYYY-MM-DDTHH:MM:SS.ffffffZ";
    TimeText::parse(&text).ok_or_else(|| D::Error::custom(wanted))
}

fn reference<'de, D: Deserializer<'de>>(from: D) -> Result<CompactHead, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(D::Error::custom)
}

fn uuid<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 16], D::Error> {
    let text = String::deserialize(from)?;
    parse_uuid(&text).ok_or_else(|| D::Error::custom("not a UUID in lower case"))
}

/// Bytes of a UUID in the form that [`push_uuid`] writes, and only that.
fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let mut id = [0; 16];
    let mut digits = text.chars().filter(|digit| *digit != '-');
    for byte in &mut id {
        let (high, low) = (digits.next()?.to_digit(16)?, digits.next()?.to_digit(16)?);
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    // Printing it again settles hyphens, length and case.
    let mut again = Vec::with_capacity(36);
    push_uuid(&id, &mut again);
    (again == text.as_bytes()).then_some(id)
}
