//! What was found in logs, for people, pipes and programs.

use std::collections::HashMap;
use std::process::ExitCode;

use indicator::feed::Hit;
use indicator::{Kind, defang};
use serde_json::json;

use super::input::Piece;
use crate::say::print;

/// For whom it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A person before a terminal: each indicator once, the most mentioned first.
    Table,
    /// A pipe: a mention a line.
    Lines,
    /// A program: an object a mention.
    Json,
}

/// A mention and where it stands.
pub(super) struct Mention<'a> {
    pub(super) line: u64,
    /// Bytes from the beginning of the log.
    pub(super) offset: u64,
    pub(super) raw: String,
    pub(super) hit: Hit<'a>,
}

/// All mentions of one indicator of the feeds.
struct Tally {
    kind: Kind,
    list: u16,
    count: u64,
    places: Vec<String>,
}

/// Places that are shown to a person.
const PLACES_SHOWN: usize = 3;
/// Bytes that are printed at once.
const WAITING_BYTES: usize = 1 << 16;

/// Collects or tells what is found.
pub(super) struct Report<'a> {
    shape: Shape,
    refang: bool,
    feeds: &'a [String],
    several: bool,
    file: String,
    by_value: HashMap<String, Tally>,
    waiting: String,
    count: u64,
    bytes: u64,
}

impl<'a> Report<'a> {
    pub(super) fn new(shape: Shape, refang: bool, feeds: &'a [String], several: bool) -> Self {
        Self {
            shape,
            refang,
            feeds,
            several,
            file: String::new(),
            by_value: HashMap::new(),
            waiting: String::new(),
            count: 0,
            bytes: 0,
        }
    }

    /// What follows is from this log.
    pub(super) fn file(&mut self, name: &str) {
        name.clone_into(&mut self.file);
    }

    /// What one piece mentions.
    pub(super) fn piece(&mut self, piece: &Piece, mentions: Vec<Mention<'_>>) {
        self.bytes += piece.bytes.len() as u64;
        for mention in mentions {
            self.count += 1;
            match self.shape {
                Shape::Table => self.tally(&mention),
                Shape::Lines => self.words(&mention),
                Shape::Json => self.object(&mention),
            }
        }
    }

    fn shown(&self, kind: Kind, value: &str) -> String {
        if self.refang {
            value.to_owned()
        } else {
            defang(kind, value).into_owned()
        }
    }

    fn place(&self, mention: &Mention<'_>) -> String {
        if self.several {
            format!("{}:{}", self.file, mention.line)
        } else {
            format!("line {}", mention.line)
        }
    }

    fn tally(&mut self, mention: &Mention<'_>) {
        let known = mention.hit.known;
        let place = self.place(mention);
        let tally = self
            .by_value
            .entry(known.value.to_owned())
            .or_insert_with(|| Tally {
                kind: known.kind,
                list: known.list,
                count: 0,
                places: Vec::new(),
            });
        tally.count += 1;
        if tally.places.len() < PLACES_SHOWN && tally.places.last() != Some(&place) {
            tally.places.push(place);
        }
    }

    /// As `grep -n` has it, then what was found and who knows it.
    fn words(&mut self, mention: &Mention<'_>) {
        let Mention { line, hit, .. } = mention;
        let found = self.shown(hit.found.kind, &hit.found.value);
        let feed = self.feed(hit.known.list);
        let known = if hit.known.value == hit.found.value {
            String::new()
        } else {
            format!(" ({})", self.shown(hit.known.kind, hit.known.value))
        };
        let words = format!("{}:{line}: {found}{known}\t{feed}", self.file);
        self.line(&words);
    }

    fn object(&mut self, mention: &Mention<'_>) {
        let Mention {
            line,
            offset,
            raw,
            hit,
        } = mention;
        let told = json!({
            "file": self.file,
            "line": line,
            "offset": offset,
            "raw": raw,
            "kind": hit.found.kind.wire(),
            "value": hit.found.value,
            "shown": defang(hit.found.kind, &hit.found.value),
            "known": { "kind": hit.known.kind.wire(), "value": hit.known.value },
            "feed": self.feed(hit.known.list),
        });
        self.line(&told.to_string());
    }

    fn feed(&self, list: u16) -> &'a str {
        self.feeds.get(usize::from(list)).map_or("", String::as_str)
    }

    fn line(&mut self, line: &str) {
        self.waiting.push_str(line);
        self.waiting.push('\n');
        if self.waiting.len() >= WAITING_BYTES {
            self.flush();
        }
    }

    /// Prints what waits: a log that is still written is told as it grows.
    pub(super) fn flush(&mut self) {
        if !self.waiting.is_empty() {
            print(&self.waiting);
            self.waiting.clear();
        }
    }

    /// Tells what was collected, and answers how it went.
    pub(super) fn end(mut self, known: usize) -> ExitCode {
        if self.shape == Shape::Table {
            self.table(known);
        }
        self.flush();
        if self.count == 0 {
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }

    fn table(&mut self, known: usize) {
        let mut found: Vec<(String, Tally)> = std::mem::take(&mut self.by_value)
            .into_iter()
            .map(|(value, tally)| (self.shown(tally.kind, &value), tally))
            .collect();
        found.sort_by(|(a, one), (b, other)| (other.count, a).cmp(&(one.count, b)));
        // One long value does not push all places out of sight.
        let width = found.iter().map(|(shown, _)| shown.chars().count());
        let width = width.max().unwrap_or(0).min(64);
        for (shown, tally) in &found {
            let more = tally.count.saturating_sub(tally.places.len() as u64);
            let mut places = tally.places.join(", ");
            if more > 0 {
                places = format!("{places} and {more} more");
            }
            let (kind, feed) = (tally.kind.title(), self.feed(tally.list));
            self.line(&format!("{shown:width$}  {kind}, {feed}: {places}"));
        }
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let megabytes = self.bytes as f64 / 1e6;
        let found = found.len();
        self.line(&format!(
            "{found} of {known} known indicators, mentioned {} times in {megabytes:.1} MB",
            self.count
        ));
    }
}
