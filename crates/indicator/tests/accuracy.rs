//! How much is found, and how much of it is true: documents of our own making with their true labels.
//!
//! `testdata/indicators/tuned` was looked at while the scanner was made, `held-out` was not. A label is found when kind, value and place are right; parts of longer indicators are left out on both sides.

#![expect(clippy::print_stdout, reason = "the figures are what this test is for")]
#![expect(
    clippy::unwrap_used,
    reason = "a document that cannot be read fails the test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use indicator::extract::{Options, extract};
use indicator::{Kind, parse};
use serde_json::Value;

/// What was labelled, found, and both.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    labelled: u32,
    found: u32,
    right: u32,
}

impl Score {
    fn precision(self) -> f64 {
        f64::from(self.right) / f64::from(self.found.max(1))
    }

    fn recall(self) -> f64 {
        f64::from(self.right) / f64::from(self.labelled.max(1))
    }

    /// The harmonic mean of both.
    fn f1(self) -> f64 {
        2.0 * f64::from(self.right) / f64::from((self.labelled + self.found).max(1))
    }
}

/// An indicator in its place.
type Label = (usize, Kind, String, Range<usize>);

/// The labels of a document, each behind the one before.
fn labels(name: &str, text: &str, document: &Value) -> Vec<Label> {
    let mut from = 0;
    let labels = document["labels"].as_array().unwrap();
    let read = labels.iter().map(|label| {
        let raw = label["raw"].as_str().unwrap();
        let kind: Kind = label["kind"].as_str().unwrap().parse().unwrap();
        let value = label["value"].as_str().unwrap();
        let start = text[from..].find(raw).map(|at| from + at);
        let start = start.unwrap_or_else(|| panic!("{name}: {raw} is not where its label says"));
        from = start + raw.len();
        (start, kind, value.to_owned(), start..from)
    });
    read.collect()
}

/// The score of every kind over the documents of a folder, and every mistake.
fn score(folder: &str) -> (BTreeMap<Kind, Score>, Vec<String>, usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/indicators");
    let (mut scores, mut mistakes) = (BTreeMap::<Kind, Score>::new(), Vec::new());
    let mut paths: Vec<_> = fs::read_dir(root.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in &paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let document: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let text = document["text"].as_str().unwrap();
        let labels = labels(&name, text, &document);
        let found: Vec<Label> = extract(text, Options::default())
            .into_iter()
            .filter(|found| !found.part)
            .map(|found| (found.at.start, found.kind, found.value, found.at))
            .collect();
        for label in &labels {
            let score = scores.entry(label.1).or_default();
            score.labelled += 1;
            if found.contains(label) {
                score.right += 1;
            } else {
                mistakes.push(format!("{name}: missed {} {}", label.1, label.2));
            }
        }
        for one in &found {
            scores.entry(one.1).or_default().found += 1;
            if !labels.contains(one) {
                let raw = &text[one.3.clone()];
                mistakes.push(format!("{name}: wrong {} {} in {raw:?}", one.1, one.2));
            }
        }
    }
    (scores, mistakes, paths.len())
}

/// Prints the scores, and answers that of all kinds together.
fn tell(
    folder: &str,
    (scores, mistakes, documents): &(BTreeMap<Kind, Score>, Vec<String>, usize),
) -> Score {
    let mut all = Score::default();
    println!(
        "{folder}: {documents} documents\n{:18} labels  found  precision  recall     F1",
        "kind"
    );
    let line = |name: &str, score: Score| {
        let (precision, recall, f1) = (score.precision(), score.recall(), score.f1());
        println!(
            "{name:18} {:6} {:6}     {precision:.3}   {recall:.3}  {f1:.3}",
            score.labelled, score.found
        );
    };
    for (kind, score) in scores {
        all.labelled += score.labelled;
        all.found += score.found;
        all.right += score.right;
        line(kind.wire(), *score);
    }
    line("all", all);
    println!("{}\n", mistakes.join("\n"));
    all
}

/// `cargo test -p indicator --test accuracy -- --nocapture` prints the figures.
#[test]
fn what_the_scanner_was_made_with_is_found() {
    let scored = score("tuned");
    let all = tell("tuned", &scored);
    assert!(all.f1() >= 0.98, "{all:?}: {:#?}", scored.1);
    for (kind, one) in &scored.0 {
        assert!(one.f1() >= 0.98, "{kind}: {one:?}");
    }
    // Every kind stands in the corpus, else its figure says nothing.
    for kind in Kind::ALL {
        let known = scored.0.get(&kind).is_some_and(|one| one.labelled > 0);
        assert!(known || kind == Kind::Onion, "no document has {kind}");
    }
}

#[test]
fn what_it_never_saw_is_found_too() {
    let all = tell("held-out", &score("held-out"));
    assert!(all.f1() >= 0.98, "{all:?}");
}

/// A label that is not its own normal form could never be found.
#[test]
fn labels_are_normal() {
    for folder in ["tuned", "held-out"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/indicators");
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            for label in document["labels"].as_array().unwrap() {
                let kind: Kind = label["kind"].as_str().unwrap().parse().unwrap();
                let value = label["value"].as_str().unwrap();
                let parsed = parse(kind, value)
                    .unwrap_or_else(|why| panic!("{}: {value}: {why}", path.display()));
                assert_eq!(parsed.value(), value, "{}", path.display());
            }
        }
    }
}
