//! Warning lists: what is known to be harmless, in the form of MISP's.

use base::UnixMicros;
use indicator::Indicator;
use indicator::lists::{BadEntry, List, ListError, Lists, Matching};

use super::BuiltInList;

/// Most warning lists.
pub const WARNING_LISTS_MAX: usize = 1_000;
/// Most bytes of one warning list in JSON.
pub const WARNING_LIST_BYTES_MAX: usize = 32 << 20;

/// The number of a warning list: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WarningListId(pub i64);

/// Where the words of a warning list are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WarningSource {
    /// The product ships it.
    BuiltIn,
    /// Somebody handed it in: MISP's JSON.
    Json(Vec<u8>),
}

/// A warning list's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningListRow {
    /// Its number.
    pub id: WarningListId,
    /// Its name in addresses.
    pub slug: String,
    /// Whether it counts.
    pub is_enabled: bool,
    /// Its words.
    pub source: WarningSource,
    /// Since when it is there.
    pub created_at: UnixMicros,
    /// Since when it is what it is.
    pub changed_at: UnixMicros,
}

/// A warning list, without its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningList {
    /// Its number.
    pub id: WarningListId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What being on it means.
    pub about: String,
    /// Which edition it is.
    pub version: u64,
    /// How its entries are compared.
    pub matching: Matching,
    /// For which types of MISP's attributes it was made; none means all.
    pub attributes: Vec<String>,
    /// How many entries it has.
    pub entries: usize,
    /// Whether it counts.
    pub is_enabled: bool,
    /// Whether the product ships it.
    pub is_built_in: bool,
    /// Why it does not count although it is switched on: its words cannot be read, or too many lists
    /// have too many entries.
    pub fault: Option<String>,
    /// Since when it is there.
    pub created_at: UnixMicros,
    /// Since when it is what it is.
    pub changed_at: UnixMicros,
}

/// All warning lists, ready to be asked.
#[derive(Debug)]
pub struct Warning {
    pub(crate) lists: Vec<WarningList>,
    /// The lists that count, by their places in the compiled ones.
    counting: Vec<usize>,
    compiled: Lists,
}

/// Makes lists ready to be asked. What does not count is read, but not compiled.
pub(crate) fn compile(rows: Vec<WarningListRow>, built_in: &[BuiltInList]) -> Warning {
    let (mut lists, mut counting, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let words = match &row.source {
            WarningSource::BuiltIn => {
                let shipped = built_in.iter().find(|list| list.slug == row.slug);
                shipped
                    .map(|list| list.list.clone())
                    .ok_or_else(|| "this version of the product does not have it".to_owned())
            }
            WarningSource::Json(json) => List::from_json(json).map_err(|error| error.to_string()),
        };
        let (words, fault) = match words {
            Ok(words) => (words, None),
            Err(fault) => (nothing(&row.slug), Some(fault)),
        };
        lists.push(WarningList {
            id: row.id,
            name: words.name.clone(),
            about: words.description.clone(),
            version: words.version,
            matching: words.matching,
            attributes: words.matching_attributes.clone(),
            entries: words.entries.len(),
            is_enabled: row.is_enabled,
            is_built_in: row.source == WarningSource::BuiltIn,
            slug: row.slug,
            created_at: row.created_at,
            changed_at: row.changed_at,
            fault,
        });
        if row.is_enabled && lists.last().is_some_and(|list| list.fault.is_none()) {
            counting.push(lists.len() - 1);
            read.push(words);
        }
    }
    let compiled = together(&mut lists, &mut counting, &mut read);
    Warning {
        lists,
        counting,
        compiled,
    }
}

/// Compiles what fits. Lists that are too much come off from the newest on, and say so: a list too many
/// must not silence all others.
fn together(lists: &mut [WarningList], counting: &mut Vec<usize>, read: &mut Vec<List>) -> Lists {
    loop {
        match Lists::compile(read) {
            Ok(compiled) => return compiled,
            Err(error) => {
                read.pop();
                let Some(at) = counting.pop() else {
                    return no_lists();
                };
                lists[at].fault = Some(too_much(&error));
            }
        }
    }
}

fn no_lists() -> Lists {
    Lists::compile(&[]).expect("no list passes no limit")
}

fn too_much(error: &ListError) -> String {
    format!("together with the lists before it: {error}")
}

/// Stands where words cannot be read.
fn nothing(slug: &str) -> List {
    List {
        name: slug.to_owned(),
        description: String::new(),
        version: 0,
        matching: Matching::String,
        entries: Vec::new(),
        matching_attributes: Vec::new(),
    }
}

impl Warning {
    /// The lists that an indicator is on.
    pub(crate) fn on(&self, indicator: &Indicator) -> Vec<&WarningList> {
        let found = self.compiled.check_indicator(indicator).into_iter();
        let lists = found.filter_map(|place| self.lists.get(*self.counting.get(place)?));
        lists.collect()
    }

    /// Entries of lists that count and match nothing, with their lists; the first hundred.
    pub fn bad_entries(&self) -> impl Iterator<Item = (&WarningList, &BadEntry)> {
        let bad = self.compiled.bad_entries().iter();
        bad.filter_map(|entry| Some((self.lists.get(*self.counting.get(entry.list)?)?, entry)))
    }
}
