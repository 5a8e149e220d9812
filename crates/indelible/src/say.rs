//! Telling people or programs: words, or one JSON object a line.

use std::io::IsTerminal as _;

/// How a command tells what it does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Say {
    json: bool,
}

impl Say {
    /// Words, or JSON.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether programs read.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// One happening, on standard output.
    pub(crate) fn event(self, words: &str, json: &serde_json::Value) {
        if self.json {
            anstream::println!("{json}");
        } else {
            anstream::println!("{words}");
        }
    }

    /// For people only.
    pub(crate) fn words(self, words: &str) {
        if !self.json {
            anstream::println!("{words}");
        }
    }

    /// For programs only.
    pub(crate) fn json(self, json: &serde_json::Value) {
        if self.json {
            anstream::println!("{json}");
        }
    }

    /// Whether a person sits before standard error and wants to see progress.
    pub(crate) fn shows_progress(self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }
}
