//! Indicators that the services know something of, for people who try the desk.

use serde::Deserialize;

/// An indicator and what the services make of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The indicator.
    pub value: String,
    /// What it stands for.
    pub about: String,
}

/// Every sample, in the order in which they are worth trying.
pub fn samples() -> Vec<Sample> {
    serde_json::from_str(include_str!("../data/samples.json")).expect("our own file is right")
}
