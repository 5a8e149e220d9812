//! Figures as drawings, each with the same numbers as a table behind it.

use crate::drawing::bars::{Bar, bars};
use crate::drawing::lane::{Dot, lane};
use crate::strings::group;

/// Counts over time, stacked.
pub(crate) struct Chart {
    pub title: &'static str,
    pub says: String,
    /// Name and class of each part, from the foot up.
    pub parts: Vec<(String, &'static str)>,
    pub columns: Vec<Bar>,
    /// What each column is, for the table: `14:00`.
    pub names: Vec<String>,
}

impl Chart {
    pub(crate) fn svg(&self) -> String {
        let classes: Vec<&str> = self.parts.iter().map(|(_, class)| *class).collect();
        bars(&self.columns, &classes)
    }

    /// The columns that hold anything, newest first: name and numbers.
    pub(crate) fn rows(&self) -> Vec<(&str, Vec<String>)> {
        let named = self.names.iter().zip(&self.columns);
        named
            .rev()
            .filter(|(_, column)| column.parts.iter().any(|part| *part > 0))
            .map(|(name, column)| {
                let counts = column.parts.iter().map(|part| group(*part)).collect();
                (name.as_str(), counts)
            })
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.columns
            .iter()
            .all(|column| column.parts.iter().all(|part| *part == 0))
    }

    /// Each part with its sum.
    pub(crate) fn legend(&self) -> Vec<(&str, &str, String)> {
        let sum = |at: usize| -> u64 {
            let part = |column: &Bar| column.parts.get(at).copied().unwrap_or(0);
            self.columns.iter().map(part).sum()
        };
        let parts = self.parts.iter().enumerate();
        parts
            .map(|(at, (name, class))| (name.as_str(), *class, group(sum(at))))
            .collect()
    }
}

/// Opinions over time, a lane for each source.
pub(crate) struct Lanes {
    /// Name and dots, in the order of time.
    pub sources: Vec<(String, Vec<Dot>)>,
    /// The first moment and the last, as they are written below.
    pub from: String,
    pub to: String,
}

impl Lanes {
    /// Name and drawing of each.
    pub(crate) fn drawn(&self) -> Vec<(&str, String)> {
        let drawn = self.sources.iter();
        drawn
            .map(|(name, dots)| (name.as_str(), lane(dots)))
            .collect()
    }
}

/// How much of its allowance a source has used, in each of its windows.
pub(crate) struct Quotas {
    pub windows: Vec<Used>,
}

/// One window of an allowance.
pub(crate) struct Used {
    /// `in a day`.
    pub name: String,
    pub requests: u64,
    pub max: u64,
    /// When it is whole again, where something is used.
    pub again: String,
}

impl Used {
    /// `12 of 500`.
    pub(crate) fn says(&self) -> String {
        format!("{} of {}", group(self.requests), group(self.max))
    }

    /// Nine tenths are gone.
    pub(crate) fn is_near(&self) -> bool {
        self.max > 0 && self.requests.saturating_mul(10) >= self.max.saturating_mul(9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Who cannot see the drawing reads the table: it must say the same.
    #[test]
    fn the_table_has_what_is_drawn() {
        let column = |parts: &[u64]| Bar {
            label: String::new(),
            parts: parts.to_vec(),
        };
        let chart = Chart {
            title: "Lookups",
            says: String::new(),
            parts: vec![("cached".into(), "a"), ("asked".into(), "b")],
            columns: vec![column(&[1, 2]), column(&[0, 0]), column(&[1200, 0])],
            names: vec!["12:00".into(), "13:00".into(), "14:00".into()],
        };
        let rows = chart.rows();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].0, "14:00");
        assert_eq!(rows[0].1, ["1\u{202f}200", "0"]);
        assert_eq!(
            chart.legend()[0],
            ("cached", "a", "1\u{202f}201".to_owned())
        );
        assert!(!chart.is_empty());
    }
}
