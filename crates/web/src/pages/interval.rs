//! An interval's page, and the list of all of them.

use askama::Template;

use super::view::{Hash, Line, Seal, Time};
use crate::drawing::range::{Frame, Hill, hills, range};
use crate::shell::Shell;
use crate::strings;

/// How many lines a page of `/log` holds.
pub const LOG_LINES: usize = 50;

/// `/interval/{n}`, and `/{n}`, where compact references lead.
#[derive(Template)]
#[template(path = "interval.html")]
pub struct IntervalPage<'a> {
    /// Around it.
    pub shell: Shell<'a>,
    /// Its number and what its seal says.
    pub seal: Seal,
    /// When it was sealed.
    pub time: Time,
    /// How many timestamps it holds.
    pub count: u64,
    /// Root of its own tree (SHA3-256).
    pub ith: Hash,
    /// Head of the main tree that ends with it (SHA3-256).
    pub mth: Hash,
    /// How many intervals the log has now.
    pub size: u64,
    /// `authority/i#v1:mth`.
    pub compact: String,
    /// A checkpoint over it as it was published: the newest that witnesses cosigned, or else the
    /// newest.
    pub checkpoint: Option<String>,
    /// Witnesses that cosigned it, by name.
    pub witnesses: Vec<String>,
}

impl IntervalPage<'_> {
    fn number(&self) -> String {
        strings::group(self.seal.interval)
    }

    fn picture(&self) -> String {
        range(
            self.size,
            Frame {
                width: 900.0,
                height: 300.0,
                marked: Some(self.seal.interval),
                joined: true,
            },
        )
    }

    fn hills(&self) -> Vec<HillRow> {
        hills(self.size)
            .into_iter()
            .map(|hill| HillRow {
                hill,
                here: (hill.start..=hill.last()).contains(&self.seal.interval),
            })
            .collect()
    }

    fn previous(&self) -> Option<u64> {
        self.seal.interval.checked_sub(1)
    }

    fn next(&self) -> Option<u64> {
        Some(self.seal.interval + 1).filter(|next| *next < self.size)
    }

    fn stamps(&self) -> String {
        if self.count == 0 {
            "None: a heartbeat, which shows that a quiet log is alive".to_owned()
        } else {
            strings::timestamps(self.count)
        }
    }

    fn checkpoint_title(&self) -> &'static str {
        if self.witnesses.is_empty() {
            "The newest checkpoint"
        } else {
            "The newest checkpoint that witnesses cosigned"
        }
    }

    fn log_size(&self) -> String {
        strings::intervals(self.size)
    }

    fn witnessed_by(&self) -> String {
        self.witnesses.join(", ")
    }
}

/// A full subtree as the table behind the picture prints it.
struct HillRow {
    hill: Hill,
    here: bool,
}

impl HillRow {
    fn first(&self) -> String {
        strings::group(self.hill.start)
    }

    fn last(&self) -> String {
        strings::group(self.hill.last())
    }

    fn size(&self) -> String {
        strings::group(self.hill.size())
    }
}

/// `/log`: intervals, newest first, a page at a time by number.
#[derive(Template)]
#[template(path = "log.html")]
pub struct LogPage<'a> {
    /// Around it.
    pub shell: Shell<'a>,
    /// At most [`LOG_LINES`] lines, newest first.
    pub lines: Vec<Line>,
    /// How many intervals the log has.
    pub size: u64,
    /// How many timestamps they hold together.
    pub timestamps: u64,
    /// How many of the intervals a cosigned head covers.
    pub witnessed: u64,
}

impl LogPage<'_> {
    fn totals(&self) -> String {
        format!(
            "{}, {}",
            strings::intervals(self.size),
            strings::timestamps(self.timestamps)
        )
    }

    /// The last interval that a cosigned head covers.
    fn last_witnessed(&self) -> Option<String> {
        self.witnessed.checked_sub(1).map(strings::group)
    }

    /// `before` of the page with older lines.
    fn older(&self) -> Option<u64> {
        self.lines
            .last()
            .map(|line| line.index)
            .filter(|index| *index > 0)
    }

    /// `before` of the page with newer lines.
    fn newer(&self) -> Option<u64> {
        let first = self.lines.first()?.index;
        (first + 1 < self.size).then(|| first + 1 + LOG_LINES as u64)
    }
}
