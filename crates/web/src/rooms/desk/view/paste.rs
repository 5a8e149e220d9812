//! The paste box: what was pasted, what was found in it, and who would see what is chosen.

use askama::Template;
use indicator::{Kind, KindSet};
use intel::{Exposure, Tlp};

use super::judged;
use super::value::Value;
use crate::strings::group;

/// Most indicators that are shown to be chosen one by one. The others are looked up with them.
pub(crate) const HITS_MAX: usize = 500;

/// The whole desk: box, list, panel.
pub(crate) struct Paste {
    /// What was pasted.
    pub text: String,
    pub wrong: Option<String>,
    pub found: Found,
    pub tlp: Tlp,
    /// Who may be asked, by what it tells whom.
    pub sources: Vec<Watcher>,
    /// Who is not asked whatever is chosen, and why.
    pub absent: Vec<(String, String)>,
    /// Whether this person may look up.
    pub may_ask: bool,
}

/// What was found in a text. Drawn alone too, while somebody types.
#[derive(Default)]
pub(crate) struct Found {
    pub groups: Vec<Group>,
    /// Different indicators in all.
    pub all: usize,
    /// More than can be shown: whether the rest was left out of the list.
    pub hidden: usize,
    /// Something was given: an empty list then means that nothing was found.
    pub is_asked: bool,
    /// Values that a document says to be indicators and that are none.
    pub skipped: Vec<String>,
}

/// The list alone, for a page that is open.
#[derive(Template)]
#[template(path = "desk/_found.html")]
pub(crate) struct FoundPart<'a> {
    pub found: &'a Found,
}

/// Indicators of one kind.
pub(crate) struct Group {
    pub kind: Kind,
    pub hits: Vec<Hit>,
}

/// One indicator that was found.
pub(crate) struct Hit {
    pub value: Value,
    /// How often, and how: `3 times · defanged there · part of another`.
    pub says: String,
    /// Lists that know it.
    pub marks: Vec<String>,
    /// Whether it begins chosen.
    pub chosen: bool,
    /// What is known of it from before: verdict and when.
    pub known: Option<(intel::Verdict, u8, String)>,
}

impl Hit {
    pub(crate) fn known_state(&self) -> String {
        let Some((verdict, confidence, _)) = &self.known else {
            return String::new();
        };
        judged::verdict_state(*verdict, *confidence)
    }

    pub(crate) fn known_when(&self) -> &str {
        self.known.as_ref().map_or("", |(_, _, when)| when)
    }
}

impl Found {
    /// How many are not shown, if any.
    pub(crate) fn hidden_text(&self) -> Option<String> {
        (self.hidden > 0).then(|| group(self.hidden as u64))
    }

    /// `12 indicators of 4 kinds`.
    pub(crate) fn counted(&self) -> String {
        match (self.all, self.groups.len()) {
            (0, _) => "Nothing found".to_owned(),
            (1, _) => "One indicator".to_owned(),
            (all, 1) => format!("{} indicators", group(all as u64)),
            (all, kinds) => format!("{} indicators of {kinds} kinds", group(all as u64)),
        }
    }
}

impl Group {
    /// `3 domains`.
    pub(crate) fn title(&self) -> String {
        let title = self.kind.title();
        let many = match (self.hits.len(), title) {
            (1, _) => "",
            (_, "vulnerability") => return format!("{} vulnerabilities", self.hits.len()),
            (_, title) if title.ends_with('s') || title.ends_with("ex") => "es",
            (_, "MD5" | "SHA-1" | "SHA-256" | "SHA-512" | "JA3" | "JARM" | "TLSH" | "ssdeep") => "",
            _ => "s",
        };
        format!("{} {title}{many}", self.hits.len())
    }
}

/// Somebody who would learn a value.
pub(crate) struct Watcher {
    pub id: i64,
    pub name: String,
    pub provider: String,
    pub exposure: Exposure,
    /// Up to which label it is asked.
    pub tlp_max: Tlp,
    pub kinds: KindSet,
    /// Whether it begins chosen.
    pub chosen: bool,
}

impl Watcher {
    /// The kinds, as scripts read them.
    pub(crate) fn kinds_text(&self) -> String {
        let kinds: Vec<&str> = self.kinds.iter().map(Kind::wire).collect();
        kinds.join(" ")
    }

    /// What stands below the name.
    pub(crate) fn says(&self) -> String {
        let far = match self.tlp_max {
            Tlp::Red => String::new(),
            max => format!("up to {max}"),
        };
        let provider = if self.provider == self.name {
            ""
        } else {
            &self.provider
        };
        let parts = [provider, &far];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" · ")
    }
}

/// The classes of exposure, from the quietest: heading and what it means.
const EXPOSURES: [(Exposure, &str, &str); 4] = [
    (
        Exposure::Local,
        "Nobody",
        "Answered here, from lists that were fetched before",
    ),
    (
        Exposure::Passive,
        "Their provider",
        "Learns the value, and that you asked",
    ),
    (
        Exposure::Contact,
        "Whoever owns it",
        "Sees a visit to what is asked about",
    ),
    (
        Exposure::Publishes,
        "Everybody",
        "The provider shows the value to others",
    ),
];

/// A label to choose: its rank from 0, its name, as FIRST writes it, and what it means.
pub(crate) struct Label {
    pub rank: usize,
    pub value: &'static str,
    pub text: String,
    pub class: &'static str,
    pub means: &'static str,
    pub chosen: bool,
}

impl Paste {
    /// Those who would see it, by class; empty classes are left out.
    pub(crate) fn classes(&self) -> Vec<(&'static str, &'static str, Vec<&Watcher>)> {
        EXPOSURES
            .iter()
            .map(|(exposure, name, says)| {
                let of = |one: &&Watcher| one.exposure == *exposure;
                (*name, *says, self.sources.iter().filter(of).collect())
            })
            .filter(|(_, _, of): &(_, _, Vec<_>)| !of.is_empty())
            .collect()
    }

    pub(crate) fn labels(&self) -> Vec<Label> {
        labels(self.tlp)
    }
}

/// The five labels, one of them chosen.
pub(crate) fn labels(chosen: Tlp) -> Vec<Label> {
    Tlp::ALL
        .into_iter()
        .enumerate()
        .map(|(rank, tlp)| Label {
            rank,
            value: tlp.name(),
            text: tlp.to_string(),
            class: tlp_class(tlp),
            means: match tlp {
                Tlp::Clear => "It may go to anybody, also where it is shown to others.",
                Tlp::Green => "It may go to the community, but nowhere where it becomes public.",
                Tlp::Amber => "It may go to your organisation and its clients, as far as they need to know.",
                Tlp::AmberStrict => "It stays in your organisation.",
                Tlp::Red => "It stays with those who are here: only what is answered in this house is asked.",
            },
            chosen: tlp == chosen,
        })
        .collect()
}

/// A label's class in the style sheet.
pub(crate) fn tlp_class(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "clear",
        Tlp::Green => "green",
        Tlp::Amber | Tlp::AmberStrict => "amber",
        Tlp::Red => "red",
    }
}

/// A label's rank, from 0 for CLEAR.
pub(crate) fn rank(tlp: Tlp) -> usize {
    Tlp::ALL.into_iter().position(|one| one == tlp).unwrap_or(0)
}

impl Watcher {
    pub(crate) fn rank(&self) -> usize {
        rank(self.tlp_max)
    }
}
