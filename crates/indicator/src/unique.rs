//! Each indicator once, with all its places.

use std::collections::HashMap;
use std::ops::Range;

use crate::extract::Found;
use crate::indicator::Indicator;

/// Most places that are kept of one indicator; more are counted.
pub const PLACES_MAX: usize = 1000;

/// An indicator and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique<P = Range<usize>> {
    /// Kind and normal form.
    pub indicator: Indicator,
    /// Where it stood, in the order of the text; the first [`PLACES_MAX`] of them.
    pub places: Vec<P>,
    /// How often it was found.
    pub count: u64,
    /// Whether it was defanged somewhere.
    pub defanged: bool,
    /// Whether it was always part of a longer indicator.
    pub part: bool,
}

/// Each indicator once, in the order in which they were first found.
#[derive(Clone, Debug)]
pub struct Uniques<P = Range<usize>> {
    found: Vec<Unique<P>>,
    by_indicator: HashMap<Indicator, usize>,
}

impl<P> Default for Uniques<P> {
    fn default() -> Self {
        Self {
            found: Vec::new(),
            by_indicator: HashMap::new(),
        }
    }
}

impl<P> Uniques<P> {
    /// Takes up one more find, at a place that the caller names.
    pub fn add(&mut self, found: Found, place: P) {
        let indicator = Indicator::new(found.kind, found.value);
        let next = self.found.len();
        let at = *self.by_indicator.entry(indicator.clone()).or_insert(next);
        if at == next {
            self.found.push(Unique {
                indicator,
                places: Vec::new(),
                count: 0,
                defanged: false,
                part: true,
            });
        }
        let one = &mut self.found[at];
        one.count += 1;
        one.defanged |= found.defanged;
        one.part &= found.part;
        if one.places.len() < PLACES_MAX {
            one.places.push(place);
        }
    }

    /// How many different indicators there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, in the order in which they were first found.
    pub fn into_vec(self) -> Vec<Unique<P>> {
        self.found
    }
}

/// Each indicator of a text once, with all its places.
pub fn unique(found: Vec<Found>) -> Vec<Unique> {
    let mut uniques = Uniques::default();
    for one in found {
        let place = one.at.clone();
        uniques.add(one, place);
    }
    uniques.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{Options, extract};

    #[test]
    fn places_are_kept_and_parts_remembered() {
        let text = "evil[.]com, http://evil.com/ and evil.com; 192.0.2.1";
        let found = unique(extract(text, Options::default()));
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.indicator.value(), one.count, one.defanged, one.part))
            .collect();
        assert_eq!(
            told,
            [
                ("evil.com", 3, true, false),
                ("http://evil.com/", 1, false, false),
                ("192.0.2.1", 1, false, false),
            ]
        );
        let raw: Vec<_> = found[0].places.iter().map(|at| &text[at.clone()]).collect();
        assert_eq!(raw, ["evil[.]com", "evil.com", "evil.com"]);
    }
}
