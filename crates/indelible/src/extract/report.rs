//! What was found, for people, pipes and programs.

use std::collections::BTreeMap;
use std::process::ExitCode;

use indicator::document::{Mention, Place};
use indicator::{Unique, Uniques, defang};
use serde_json::{Value, json};

use crate::say::print;

/// For whom it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A person before a terminal: kinds under headings, with counts.
    Table,
    /// A pipe: a value a line.
    Lines,
    /// A program: an object a line.
    Json,
}

/// Collects or tells what is found.
pub(super) struct Report {
    shape: Shape,
    unique: bool,
    refang: bool,
    several: bool,
    file: String,
    /// With their files and places.
    uniques: Uniques<(String, Place)>,
    /// What waits to be printed.
    waiting: String,
    count: u64,
}

/// Bytes that are printed at once.
const WAITING_BYTES: usize = 1 << 16;
/// Places that are shown to a person.
const PLACES_SHOWN: usize = 3;

impl Report {
    pub(super) fn new(shape: Shape, unique: bool, refang: bool) -> Self {
        Self {
            shape,
            unique,
            refang,
            several: false,
            file: String::new(),
            uniques: Uniques::default(),
            waiting: String::new(),
            count: 0,
        }
    }

    /// Whether there are several files, so that their names matter.
    pub(super) fn several(&mut self, several: bool) {
        self.several = several;
    }

    /// What follows is from this file.
    pub(super) fn file(&mut self, name: &str) {
        name.clone_into(&mut self.file);
    }

    /// On standard error, where no pipe reads it.
    pub(super) fn warn(&mut self, words: &str) {
        self.flush();
        anstream::eprintln!("warning: {}: {words}", self.file);
    }

    /// A find in a document.
    pub(super) fn mention(&mut self, mention: Mention) {
        self.take(mention, None);
    }

    /// A find in a text, and how it stood there.
    pub(super) fn stood_as(&mut self, mention: Mention, raw: String) {
        self.take(mention, Some(raw));
    }

    fn take(&mut self, mention: Mention, raw: Option<String>) {
        self.count += 1;
        let Mention { found, place } = mention;
        if self.unique || self.shape == Shape::Table {
            self.uniques.add(found, (self.file.clone(), place));
            return;
        }
        if self.shape == Shape::Json {
            let mut told = json!({
                "kind": found.kind.wire(),
                "value": found.value,
                "shown": defang(found.kind, &found.value),
                "defanged": found.defanged,
                "part": found.part,
                "place": place_json(&place),
            });
            if let Some(raw) = raw {
                told["raw"] = raw.into();
            }
            if self.several {
                told["file"] = self.file.clone().into();
            }
            self.line(&told.to_string());
        } else {
            let shown = self.shown(found.kind, &found.value);
            self.line(&shown);
        }
    }

    fn shown(&self, kind: indicator::Kind, value: &str) -> String {
        if self.refang {
            value.to_owned()
        } else {
            defang(kind, value).into_owned()
        }
    }

    fn line(&mut self, line: &str) {
        self.waiting.push_str(line);
        self.waiting.push('\n');
        if self.waiting.len() >= WAITING_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.waiting.is_empty() {
            print(&self.waiting);
            self.waiting.clear();
        }
    }

    /// Tells what was collected, and answers how it went.
    pub(super) fn end(mut self) -> ExitCode {
        let uniques = std::mem::take(&mut self.uniques).into_vec();
        match self.shape {
            Shape::Table => self.table(uniques),
            Shape::Lines => {
                for one in uniques {
                    let shown = self.shown(one.indicator.kind(), one.indicator.value());
                    self.line(&shown);
                }
            }
            Shape::Json => {
                for one in uniques {
                    let told = self.unique_json(&one);
                    self.line(&told.to_string());
                }
            }
        }
        self.flush();
        if self.count == 0 {
            if self.shape == Shape::Table {
                print("no indicator was found\n");
            }
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }

    /// Kinds in their order, values in that of the text.
    fn table(&mut self, uniques: Vec<Unique<(String, Place)>>) {
        let count = uniques.len();
        let mut kinds: BTreeMap<indicator::Kind, Vec<Unique<(String, Place)>>> = BTreeMap::new();
        for one in uniques {
            kinds.entry(one.indicator.kind()).or_default().push(one);
        }
        for (kind, found) in &kinds {
            self.line(&format!("{} ({})", kind.title(), found.len()));
            let shown: Vec<String> = found
                .iter()
                .map(|one| self.shown(*kind, one.indicator.value()))
                .collect();
            // One long value does not push all places out of sight.
            let width = shown
                .iter()
                .map(|it| it.chars().count())
                .max()
                .unwrap_or(0)
                .min(64);
            for (one, shown) in found.iter().zip(&shown) {
                let places = self.places(one);
                self.line(&format!("  {shown:width$}  {places}"));
            }
            self.line("");
        }
        if count > 0 {
            let (found, times) = (
                plural(count as u64, "indicator"),
                plural(self.count, "mention"),
            );
            self.line(&format!("{found}, {times}"));
        }
    }

    fn places(&self, one: &Unique<(String, Place)>) -> String {
        let mut shown: Vec<String> = one
            .places
            .iter()
            .take(PLACES_SHOWN)
            .map(|(file, place)| {
                if self.several {
                    format!("{file}: {place}")
                } else {
                    place.to_string()
                }
            })
            .collect();
        let more = one.count.saturating_sub(PLACES_SHOWN as u64);
        if more > 0 {
            shown.push(format!("and {more} more"));
        }
        shown.join("; ")
    }

    fn unique_json(&self, one: &Unique<(String, Place)>) -> Value {
        let places: Vec<Value> = one
            .places
            .iter()
            .map(|(file, place)| {
                let mut told = place_json(place);
                if self.several {
                    told["file"] = file.clone().into();
                }
                told
            })
            .collect();
        json!({
            "kind": one.indicator.kind().wire(),
            "value": one.indicator.value(),
            "shown": one.indicator.defanged(),
            "defanged": one.defanged,
            "part": one.part,
            "count": one.count,
            "places": places,
        })
    }
}

fn plural(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// A place for programs.
fn place_json(place: &Place) -> Value {
    match place {
        Place::Text(at) => json!({"start": at.start, "end": at.end}),
        Place::Header { name, part } => json!({"header": name, "part": part}),
        Place::Body { part, at } => json!({"part": part, "start": at.start, "end": at.end}),
        Place::Link { part } => json!({"link": true, "part": part}),
        Place::Attachment { part } => json!({"attachment": true, "part": part}),
        Place::Cell { row, column, name } => json!({"line": row, "column": column, "name": name}),
        Place::Stix { object, path } => json!({"object": object, "path": path}),
        Place::Misp {
            attribute,
            kind,
            to_ids,
            object,
        } => json!({"attribute": attribute, "type": kind, "to_ids": to_ids, "object": object}),
    }
}
