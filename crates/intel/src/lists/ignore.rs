//! Ignore lists: indicators that sources are not asked about.

use std::collections::BTreeSet;

use base::UnixMicros;
use indicator::lists::{IgnoreLists, ListError};
use indicator::{Indicator, Kind};

use crate::sources::Configured;
use crate::{ProviderId, SourceId};

/// Most ignore lists.
pub const IGNORE_LISTS_MAX: usize = 1_000;
/// Most entries of one ignore list.
pub const IGNORE_ENTRIES_MAX: usize = 100_000;

/// The number of an ignore list: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub i64);

/// An ignore list as it is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewIgnoreList {
    /// Its name in addresses; empty: made from the name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Whether it counts.
    pub is_enabled: bool,
    /// Whether it holds for every source.
    pub is_global: bool,
}

/// An ignore list, without its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreList {
    /// Its number.
    pub id: ListId,
    /// What it is.
    pub list: NewIgnoreList,
    /// Sources for which it holds.
    pub sources: BTreeSet<SourceId>,
    /// Providers for all of whose sources it holds.
    pub providers: BTreeSet<ProviderId>,
    /// How many entries it has.
    pub entries: u64,
    /// Since when it is there.
    pub created_at: UnixMicros,
    /// Since when it is what it is.
    pub changed_at: UnixMicros,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreEntry {
    /// Its number, for the next page.
    pub id: i64,
    /// Its kind.
    pub kind: Kind,
    /// Its value in normal form.
    pub value: String,
}

/// All ignore lists, ready to be asked.
#[derive(Debug)]
pub struct Ignoring {
    pub(crate) lists: Vec<IgnoreList>,
    /// The lists that count, by their places in the compiled ones.
    counting: Vec<usize>,
    compiled: IgnoreLists,
}

/// Makes lists ready to be asked. What does not count is not compiled.
pub(crate) fn compile(lists: Vec<(IgnoreList, Vec<Indicator>)>) -> Result<Ignoring, ListError> {
    let (mut rows, mut counting, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (list, indicators)) in lists.into_iter().enumerate() {
        if list.list.is_enabled {
            counting.push(at);
            entries.push(indicators);
        }
        rows.push(list);
    }
    Ok(Ignoring {
        compiled: IgnoreLists::compile(&entries)?,
        lists: rows,
        counting,
    })
}

impl Ignoring {
    /// The lists that an indicator is on, whichever sources they hold for.
    pub(crate) fn on(&self, indicator: &Indicator) -> Ignored<'_> {
        let found = self.compiled.check(indicator).into_iter();
        let lists = found.filter_map(|place| self.lists.get(*self.counting.get(place)?));
        Ignored(lists.collect())
    }
}

/// The ignore lists that one indicator is on.
#[derive(Clone, Debug)]
pub struct Ignored<'a>(Vec<&'a IgnoreList>);

impl Ignored<'_> {
    /// Those that hold for a source: the global ones, its own, its provider's.
    pub fn of(&self, source: &Configured) -> Vec<ListId> {
        let holds = |list: &&&IgnoreList| {
            list.list.is_global
                || list.sources.contains(&source.id)
                || source
                    .provider
                    .as_ref()
                    .is_some_and(|provider| list.providers.contains(&provider.id))
        };
        self.0.iter().filter(holds).map(|list| list.id).collect()
    }

    /// All of them, also those that hold for some sources only.
    pub fn lists(&self) -> &[&IgnoreList] {
        &self.0
    }
}
