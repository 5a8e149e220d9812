//! Small views that several pages print: a hash in groups, a time, a line of the ledger.

use std::fmt::{self, Display, Write as _};

use crate::drawing::seal::{SealState, mark, seal};
use crate::strings;

/// A 32-byte hash: shown in groups of eight, copied whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// All 64 digits.
    pub fn hex(&self) -> String {
        self.0
            .iter()
            .fold(String::with_capacity(64), |mut out, byte| {
                let _ = write!(out, "{byte:02x}");
                out
            })
    }

    /// The first twelve digits, for a line that has no room for all.
    pub fn short(&self) -> String {
        self.hex()[..12].to_owned()
    }

    /// The digits in eight groups.
    pub fn groups(&self) -> Vec<String> {
        let hex = self.hex();
        (0..8).map(|i| hex[i * 8..i * 8 + 8].to_owned()).collect()
    }
}

/// A moment as protocol v1 writes it: `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time(String);

impl Time {
    /// Takes the 27 characters of protocol v1; anything else is shown as it is.
    pub fn new(iso: impl Into<String>) -> Self {
        Self(iso.into())
    }

    /// As machines read it.
    pub fn iso(&self) -> &str {
        &self.0
    }

    /// `21 November 2026`.
    pub fn date(&self) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let part = |range| self.0.get(range).unwrap_or_default();
        match part(5..7).parse::<usize>() {
            Ok(month @ 1..=12) => format!(
                "{} {} {}",
                part(8..10).trim_start_matches('0'),
                MONTHS[month - 1],
                part(0..4)
            ),
            _ => self.0.clone(),
        }
    }

    /// `21 Nov 2026`.
    pub fn day(&self) -> String {
        let date = self.date();
        let mut parts = date.splitn(3, ' ');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(day), Some(month), Some(year)) => {
                format!("{day} {} {year}", month.get(..3).unwrap_or(month))
            }
            _ => date,
        }
    }

    /// `11:05:58`.
    pub fn clock(&self) -> &str {
        self.0.get(11..19).unwrap_or(&self.0)
    }

    /// `.123456`: what follows the seconds.
    pub fn micros(&self) -> &str {
        self.0.get(19..26).unwrap_or_default()
    }
}

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}{} UTC", self.date(), self.clock(), self.micros())
    }
}

/// One sealed interval as a line of the ledger.
#[derive(Clone, Debug)]
pub struct Line {
    /// Interval number, from 0.
    pub index: u64,
    /// When it was sealed.
    pub time: Time,
    /// Timestamps in it; 0 for a heartbeat.
    pub count: u64,
    /// Head of the main tree after it.
    pub head: Hash,
    /// Whether a witness has cosigned a head over it, where the page says so.
    pub witnessed: bool,
}

impl Line {
    /// The number in groups of three.
    pub fn number(&self) -> String {
        strings::group(self.index)
    }

    /// The count in groups of three.
    pub fn stamps(&self) -> String {
        strings::group(self.count)
    }

    /// The small seal at the end of the line.
    pub fn mark(&self) -> String {
        let state = if self.witnessed {
            SealState::Witnessed
        } else {
            SealState::Sealed
        };
        mark(self.index, state)
    }
}

/// Everything needed to press a seal beside a heading.
#[derive(Clone, Copy, Debug)]
pub struct Seal {
    /// The interval whose number is carved.
    pub interval: u64,
    /// What it says.
    pub state: SealState,
}

impl Seal {
    /// The picture.
    pub fn svg(&self) -> String {
        seal(self.interval, self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_like_dates() {
        let check = |iso: &str, expected: &str| assert_eq!(Time::new(iso).to_string(), expected);
        check(
            "2026-11-05T11:05:58.123456Z",
            "5 November 2026, 11:05:58.123456 UTC",
        );
        check("soon", "soon, soon UTC");
        assert_eq!(Time::new("2026-09-05T11:05:58.123456Z").day(), "5 Sep 2026");
        assert_eq!(Time::new("soon").day(), "soon");
    }

    #[test]
    fn a_hash_is_whole_in_its_groups() {
        let hash = Hash(std::array::from_fn(|i| u8::try_from(i).expect("below 32")));
        assert_eq!(hash.groups().concat(), hash.hex());
        assert!(hash.hex().starts_with(&hash.short()));
    }
}
