//! The front page: what this is in one breath, and the ledger being written.

use askama::Template;

use super::stamp::StampBox;
use super::view::{Hash, Line, Seal};
use crate::drawing::range::{Frame, range};
use crate::drawing::seal::{SealState, seal};
use crate::shell::Shell;
use crate::strings;

/// How many lines the ledger on the front page holds.
pub const LEDGER_LINES: usize = 10;

/// One line of the ledger with its seal, for pages that are open.
#[derive(Template)]
#[template(path = "line.html")]
pub struct LinePage {
    /// The line.
    pub line: Line,
}

impl LinePage {
    fn seal(&self) -> String {
        seal(self.line.index, SealState::Sealed)
    }
}

/// The front page.
#[derive(Template)]
#[template(path = "front.html")]
pub struct FrontPage<'a> {
    /// Around it.
    pub shell: Shell<'a>,
    /// Newest intervals, oldest first, at most [`LEDGER_LINES`]; empty before the first seal.
    pub lines: Vec<Line>,
    /// How many intervals are sealed.
    pub size: u64,
    /// The newest head of the main tree (SHA3-256); `None` before the first seal.
    pub head: Option<Hash>,
    /// The log's key as a C2SP vkey.
    pub key: &'a str,
    /// The stamp box beside the ledger.
    pub stamp: StampBox<'a>,
}

impl FrontPage<'_> {
    fn range(&self) -> String {
        range(
            self.size,
            Frame {
                width: 1200.0,
                height: 250.0,
                marked: None,
                joined: false,
            },
        )
    }

    fn latest(&self) -> Option<Seal> {
        let interval = self.size.checked_sub(1)?;
        Some(Seal {
            interval,
            state: SealState::Sealed,
        })
    }

    fn intervals(&self) -> String {
        strings::intervals(self.size)
    }

    fn next(&self) -> String {
        strings::group(self.size)
    }
}
