//! Warning lists and ignore lists: what is known to be harmless, or not worth asking about. It knows no source and no store.
//!
//! A [`List`] is read from the JSON of *MISP warning lists* and any number of them are compiled into [`Lists`], which answers in one go which of them a value is on: exact strings and host names by one hash table each, networks by one binary search, substrings by one automaton, expressions by one set. [`Lists::check`] answers what `pymispwarninglists` answers in its exact ("slow") mode; [`Lists::check_indicator`] asks as MISP does: expressions too, and each list only for what it was made for.

mod hosts;
mod ignore;
mod networks;
mod strings;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

pub use self::ignore::IgnoreLists;
use self::networks::Networks;
use self::strings::Strings;
use crate::indicator::Indicator;
use crate::kind::{Kind, KindSet};

/// Most lists that are compiled together.
pub const LISTS_MAX: usize = 4096;
/// Most entries of all lists together.
pub const ENTRIES_MAX: usize = 16_000_000;
/// Longest entry, in bytes.
pub const ENTRY_BYTES_MAX: usize = 8192;
/// Longest value that is checked, in bytes; a longer one is on no list.
pub const CHECKED_BYTES_MAX: usize = crate::VALUE_BYTES_MAX;
/// Most memory that the expressions of all lists may take, in bytes.
const EXPRESSIONS_BYTES_MAX: usize = 64 << 20;

/// How the entries of a list are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matching {
    /// The value is an entry.
    String,
    /// An entry occurs in the value.
    Substring,
    /// The value, or the host of the URL that it is, is an entry or lies below one.
    Hostname,
    /// The address lies in a network; what is no address must be an entry.
    Cidr,
    /// An expression in the syntax of PCRE, with delimiters, finds something in the value.
    Regex,
}

/// A list as MISP writes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct List {
    /// What it is called.
    pub name: String,
    /// What being on it means.
    #[serde(default)]
    pub description: String,
    /// Which edition it is.
    #[serde(default)]
    pub version: u64,
    /// How its entries are compared.
    #[serde(rename = "type")]
    pub matching: Matching,
    /// Its entries.
    #[serde(rename = "list")]
    pub entries: Vec<String>,
    /// For which types of MISP's attributes it was made; none means all.
    #[serde(default)]
    pub matching_attributes: Vec<String>,
}

/// A list that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// No list in JSON.
    #[error("this is no warning list: {0}")]
    Json(String),
    /// Too many lists.
    #[error("there are {0} lists, at most {LISTS_MAX} are checked together")]
    TooMany(usize),
    /// Too many entries.
    #[error("the lists have more than {ENTRIES_MAX} entries")]
    TooLong,
    /// The expressions are too big, or the substrings are.
    #[error("the {0} of the lists take too much memory")]
    TooBig(&'static str),
}

impl List {
    /// Reads a list from MISP's JSON.
    ///
    /// # Errors
    ///
    /// When a field is missing or of another type, with its name and place.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ListError> {
        serde_json::from_slice(bytes).map_err(|why| ListError::Json(why.to_string()))
    }

    /// The kinds for which it was made.
    pub fn kinds(&self) -> KindSet {
        if self.matching_attributes.is_empty() {
            return KindSet::ALL;
        }
        let made_for = |kind: &Kind| {
            let types = misp_types(*kind);
            self.matching_attributes.iter().any(|name| {
                // Of composed types each piece is meant.
                name.split('|').any(|piece| types.contains(&piece))
            })
        };
        Kind::ALL.into_iter().filter(made_for).collect()
    }
}

/// Under which types MISP keeps values of a kind.
fn misp_types(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Domain | Kind::Onion => &["domain", "hostname"],
        Kind::Ipv4 | Kind::Ipv6 | Kind::Cidr => &["ip-src", "ip-dst", "ip"],
        Kind::Url => &["url", "uri", "link"],
        Kind::Email => &[
            "email",
            "email-dst",
            "email-reply-to",
            "email-src",
            "target-email",
            "whois-registrant-email",
        ],
        Kind::Filename => &["filename", "attachment", "malware-sample"],
        Kind::UserAgent => &["user-agent", "http-user-agent"],
        Kind::Phone => &["phone-number", "whois-registrant-phone"],
        Kind::Md5 => &["md5", "malware-sample"],
        Kind::Ethereum | Kind::AttackTechnique => &[],
        Kind::Sha1 => &["sha1"],
        Kind::Sha256 => &["sha256"],
        Kind::Sha512 => &["sha512"],
        Kind::Tlsh => &["tlsh"],
        Kind::Ssdeep => &["ssdeep"],
        Kind::Asn => &["AS"],
        Kind::Cve => &["vulnerability"],
        Kind::Mac => &["mac-address"],
        Kind::RegistryKey => &["regkey"],
        Kind::Mutex => &["mutex"],
        Kind::Ja3 => &["ja3-fingerprint-md5"],
        Kind::Jarm => &["jarm-fingerprint"],
        Kind::Imphash => &["imphash"],
        Kind::Bitcoin => &["btc"],
        Kind::ChromeExtension => &["chrome-extension-id"],
    }
}

/// An entry that could not be compiled: it matches nothing, or only itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEntry {
    /// The number of its list.
    pub list: usize,
    /// The entry, cut to 200 bytes.
    pub entry: String,
    /// What is wrong.
    pub why: String,
}

/// Most bad entries that are told.
const BAD_ENTRIES_MAX: usize = 100;

/// Any number of lists, compiled.
#[derive(Debug)]
pub struct Lists {
    count: usize,
    strings: Strings,
    hosts: Strings,
    networks: Networks,
    /// What lists of networks hold that is none, and what they are asked for that is no address.
    literals: Strings,
    substrings: Option<AhoCorasick>,
    owners_of_substrings: Vec<u16>,
    /// Lists with an empty substring, which is in everything.
    always: Vec<u16>,
    expressions: RegexSet,
    owners_of_expressions: Vec<u16>,
    /// For which kinds any list of expressions was made.
    expressions_for: KindSet,
    /// For which kinds each list was made.
    kinds: Vec<KindSet>,
    bad: Vec<BadEntry>,
}

impl Lists {
    /// Compiles lists; a list is known by its place among them afterwards.
    ///
    /// # Errors
    ///
    /// When a limit is passed. Entries that are broken are told by [`Lists::bad_entries`].
    pub fn compile(lists: &[List]) -> Result<Self, ListError> {
        if lists.len() > LISTS_MAX {
            return Err(ListError::TooMany(lists.len()));
        }
        let entries: usize = lists.iter().map(|list| list.entries.len()).sum();
        if entries > ENTRIES_MAX {
            return Err(ListError::TooLong);
        }
        let mut bad = Vec::new();
        let mut networks = networks::Builder::default();
        let (mut exact, mut hosts, mut literals) = (Vec::new(), Vec::new(), Vec::new());
        let (mut substrings, mut owners_of_substrings, mut always) =
            (Vec::new(), Vec::new(), Vec::new());
        let (mut expressions, mut owners_of_expressions) = (Vec::new(), Vec::new());
        for (number, list) in (0u16..).zip(lists) {
            for entry in &list.entries {
                if entry.len() > ENTRY_BYTES_MAX {
                    tell(
                        &mut bad,
                        number,
                        entry,
                        format!("it is longer than {ENTRY_BYTES_MAX} bytes"),
                    );
                    continue;
                }
                match list.matching {
                    Matching::String => exact.push((entry.as_str(), number)),
                    Matching::Hostname => hosts.push((entry.as_str(), number)),
                    Matching::Cidr => {
                        if !networks.add(entry, number) {
                            tell(&mut bad, number, entry, "it is no network".into());
                        }
                        literals.push((entry.as_str(), number));
                    }
                    Matching::Substring if entry.is_empty() => always.push(number),
                    Matching::Substring => {
                        substrings.push(entry.as_str());
                        owners_of_substrings.push(number);
                    }
                    Matching::Regex => match expression(entry) {
                        Ok(expression) => {
                            expressions.push(expression);
                            owners_of_expressions.push(number);
                        }
                        Err(why) => tell(&mut bad, number, entry, why),
                    },
                }
            }
        }
        let substrings = if substrings.is_empty() {
            None
        } else {
            let automaton = AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .build(&substrings);
            Some(automaton.map_err(|_| ListError::TooBig("substrings"))?)
        };
        let expressions = RegexSetBuilder::new(&expressions)
            .size_limit(EXPRESSIONS_BYTES_MAX)
            .build()
            .map_err(|_| ListError::TooBig("expressions"))?;
        Ok(Self {
            count: lists.len(),
            strings: Strings::build(&exact, |entry| entry),
            hosts: Strings::build(&hosts, hosts::key),
            networks: networks.build(),
            literals: Strings::build(&literals, |entry| entry),
            substrings,
            owners_of_substrings,
            always,
            expressions,
            owners_of_expressions,
            expressions_for: lists
                .iter()
                .filter(|list| list.matching == Matching::Regex)
                .flat_map(|list| list.kinds().iter())
                .collect(),
            kinds: lists.iter().map(List::kinds).collect(),
            bad,
        })
    }

    /// Entries that could not be compiled; the first hundred.
    pub fn bad_entries(&self) -> &[BadEntry] {
        &self.bad
    }

    /// The numbers of the lists that a value is on, ascending.
    ///
    /// The value is compared as it is: give the normal form of an indicator.
    pub fn check(&self, value: &str) -> Vec<usize> {
        let mut on = Vec::new();
        if value.len() <= CHECKED_BYTES_MAX {
            self.strings.equal(value, &mut on);
            hosts::below(&self.hosts, value, &mut on);
            match networks::address(value) {
                Some(address) => self.networks.containing(address, &mut on),
                None => self.literals.equal(value, &mut on),
            }
            self.inside(value, &mut on);
            on.extend_from_slice(&self.always);
        }
        in_order(on)
    }

    /// The numbers of the lists that an indicator is on, ascending: lists of expressions too, and only those that were made for its kind.
    pub fn check_indicator(&self, indicator: &Indicator) -> Vec<usize> {
        let (kind, value) = (indicator.kind(), indicator.value());
        let mut on = self.check(value);
        on.retain(|list| self.kinds[*list].has(kind));
        if value.len() <= CHECKED_BYTES_MAX && self.expressions_for.has(kind) {
            let found = self.expressions.matches(value);
            let lists = found
                .iter()
                .map(|place| usize::from(self.owners_of_expressions[place]));
            on.extend(lists.filter(|list| self.kinds[*list].has(kind)));
            on.sort_unstable();
            on.dedup();
        }
        on
    }

    /// Lists of which a substring is in the value.
    fn inside(&self, value: &str, on: &mut Vec<u16>) {
        let Some(automaton) = &self.substrings else {
            return;
        };
        let mut seen = vec![false; self.count];
        let lists = self.owners_of_substrings.len();
        for found in automaton.find_overlapping_iter(value) {
            let list = self.owners_of_substrings[found.pattern().as_usize()];
            if !std::mem::replace(&mut seen[usize::from(list)], true) {
                on.push(list);
                if on.len() > lists {
                    return;
                }
            }
        }
    }
}

fn in_order(mut on: Vec<u16>) -> Vec<usize> {
    on.sort_unstable();
    on.dedup();
    on.into_iter().map(usize::from).collect()
}

fn tell(bad: &mut Vec<BadEntry>, list: u16, entry: &str, why: String) {
    if bad.len() < BAD_ENTRIES_MAX {
        let cut = (0..=entry.len().min(200))
            .rev()
            .find(|at| entry.is_char_boundary(*at));
        bad.push(BadEntry {
            list: usize::from(list),
            entry: entry[..cut.unwrap_or(0)].to_owned(),
            why,
        });
    }
}

/// An expression of PCRE between its delimiters, in our syntax: flags in front. What only backtracking can do is refused.
fn expression(entry: &str) -> Result<String, String> {
    let plain = match entry
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
    {
        Some((inner, flags)) => {
            let known: String = flags
                .chars()
                .filter(|flag| "imsxU".contains(*flag))
                .collect();
            let strange = flags.chars().find(|flag| !"imsxUugD".contains(*flag));
            if let Some(flag) = strange {
                return Err(format!("the flag {flag} is not known"));
            }
            if known.is_empty() {
                inner.to_owned()
            } else {
                format!("(?{known}){inner}")
            }
        }
        None => entry.to_owned(),
    };
    // Compiled alone first, so that a bad one does not spoil the set.
    match regex::RegexBuilder::new(&plain).size_limit(1 << 20).build() {
        Ok(_) => Ok(plain),
        Err(why) => Err(why.to_string()),
    }
}
