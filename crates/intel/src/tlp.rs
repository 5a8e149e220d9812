//! The Traffic Light Protocol 2.0 (FIRST): how far a value may travel.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How far a value may travel. Greater is stricter.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Tlp {
    /// To anybody.
    Clear,
    /// To the community, not to the public.
    Green,
    /// To the own organisation and its clients, as far as they need to know. The default, as with
    /// Cortex.
    #[default]
    Amber,
    /// To the own organisation only.
    AmberStrict,
    /// To those who were there.
    Red,
}

impl Tlp {
    /// From the freest to the strictest.
    pub const ALL: [Self; 5] = [
        Self::Clear,
        Self::Green,
        Self::Amber,
        Self::AmberStrict,
        Self::Red,
    ];

    /// As rows and the API have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
            Self::Amber => "AMBER",
            Self::AmberStrict => "AMBER_STRICT",
            Self::Red => "RED",
        }
    }
}

/// As FIRST writes it: `TLP:AMBER+STRICT`.
impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AmberStrict => f.write_str("TLP:AMBER+STRICT"),
            other => write!(f, "TLP:{}", other.name()),
        }
    }
}

/// A text that is no label of TLP 2.0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no label of TLP 2.0; there are CLEAR, GREEN, AMBER, AMBER+STRICT and RED")]
pub struct UnknownTlp;

/// With or without `TLP:`, in either case, with `+`, `_` or `-` before STRICT; WHITE of TLP 1 is CLEAR.
impl FromStr for Tlp {
    type Err = UnknownTlp;

    fn from_str(text: &str) -> Result<Self, UnknownTlp> {
        let upper = text.trim().to_ascii_uppercase();
        let label = upper.strip_prefix("TLP:").unwrap_or(&upper);
        Ok(match label {
            "CLEAR" | "WHITE" => Self::Clear,
            "GREEN" => Self::Green,
            "AMBER" => Self::Amber,
            "AMBER+STRICT" | "AMBER_STRICT" | "AMBER-STRICT" => Self::AmberStrict,
            "RED" => Self::Red,
            _ => return Err(UnknownTlp),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_reads_back_what_it_prints() {
        for tlp in Tlp::ALL {
            assert_eq!(tlp.to_string().parse(), Ok(tlp));
            assert_eq!(tlp.name().parse(), Ok(tlp));
            assert_eq!(
                serde_json::to_value(tlp).ok(),
                Some(serde_json::Value::String(tlp.name().to_owned()))
            );
        }
        assert_eq!(" tlp:white ".parse(), Ok(Tlp::Clear));
        assert_eq!("AMBER STRICT".parse::<Tlp>(), Err(UnknownTlp));
    }
}
