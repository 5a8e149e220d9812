//! How far a list of indicators has come.

use askama::Template;

use crate::rooms::view::{Act, Table};
use crate::shell::Shell;
use crate::strings::group;

/// A bulk, and where an open page hears of it.
pub(crate) struct LiveProgress {
    /// Empty when nothing will change any more.
    pub live: String,
    pub progress: Progress,
}

/// A bulk at work.
pub(crate) struct Progress {
    pub done: u64,
    pub all: u64,
    /// As states have it: `good`, `wait` or `plain`.
    pub tone: &'static str,
    /// In words: `running, 1 200 left`.
    pub says: String,
    /// How many of each: name, class, count.
    pub counts: Vec<(&'static str, &'static str, u64)>,
    pub acts: Vec<Act>,
}

impl Progress {
    pub(crate) fn counted(&self) -> String {
        format!("{} of {}", group(self.done), group(self.all))
    }

    /// Name, class and count as they are written.
    pub(crate) fn tallies(&self) -> Vec<(&'static str, &'static str, String)> {
        let counts = self.counts.iter();
        counts
            .map(|(name, class, count)| (*name, *class, group(*count)))
            .collect()
    }
}

/// How far it has come, alone, for a page that is open.
#[derive(Template)]
#[template(path = "desk/_progress.html")]
pub(crate) struct ProgressPart<'a> {
    pub progress: &'a Progress,
    pub shell: &'a Shell<'a>,
}

/// Lines of a table alone, for a page that is open.
#[derive(Template)]
#[template(path = "_rows.html")]
pub(crate) struct ItemsPart<'a> {
    pub table: &'a Table,
    pub shell: &'a Shell<'a>,
}
