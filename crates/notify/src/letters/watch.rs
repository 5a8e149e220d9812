//! Letters about what somebody watches.

use super::{House, Letter, Part, Words, quoted};

/// Most sources that a letter names.
const FINDINGS_MAX: usize = 10;

/// A watched indicator is not what it was.
#[derive(Clone, Debug)]
pub struct IndicatorChanged<'a> {
    /// What is watched, in the form that nobody follows by accident.
    pub indicator: &'a str,
    /// What was held of it.
    pub before: &'a str,
    /// What is held of it now.
    pub after: &'a str,
    /// Sources that say something else.
    pub findings: &'a [Finding],
    /// Where the whole answer stands.
    pub link: &'a str,
}

/// A source that says something else.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its name.
    pub source: String,
    /// What it held.
    pub before: String,
    /// What it holds now.
    pub after: String,
    /// How many of the fields that are shown differ.
    pub fields: usize,
}

impl Letter for IndicatorChanged<'_> {
    const ABOUT: &'static str = "indicator-changed";

    fn words(&self, house: &House) -> Words {
        let shown = quoted(self.indicator);
        let held = if self.before == self.after {
            format!("It is still held to be {}.", self.after)
        } else {
            format!("It was {}, and is {} now.", self.before, self.after)
        };
        let mut parts = vec![Part::Says(format!(
            "{shown}, which you watch at {}, changed. {held}",
            house.name
        ))];
        let named = self.findings.iter().take(FINDINGS_MAX);
        parts.extend(named.map(|finding| Part::Says(finding.sentence())));
        let more = self.findings.len().saturating_sub(FINDINGS_MAX);
        if more > 0 {
            parts.push(Part::Says(format!("And {more} more sources.")));
        }
        parts.push(Part::Action {
            label: "See what changed",
            url: self.link.to_owned(),
        });
        parts.push(Part::Aside(
            "You get this because you watch it. End the watch at the same place.".into(),
        ));
        Words {
            subject: format!("{shown} changed"),
            parts,
        }
    }
}

impl Finding {
    fn sentence(&self) -> String {
        let source = quoted(&self.source);
        let fields = match self.fields {
            0 => String::new(),
            1 => "; 1 field differs".to_owned(),
            count => format!("; {count} fields differ"),
        };
        if self.before == self.after {
            format!("{source}: {}{fields}.", self.after)
        } else {
            format!("{source}: {} → {}{fields}.", self.before, self.after)
        }
    }
}
