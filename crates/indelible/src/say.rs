//! Telling people or programs: words, or one JSON object a line.

use std::io::{IsTerminal as _, Write as _};

/// Prints to standard output, without colours where no terminal is. When the reader is gone, as in
/// `indelible verify . | head`, nobody wants the rest: the process ends.
pub(crate) fn print(text: &str) {
    let mut out = anstream::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if printed.is_err() {
        std::process::exit(1);
    }
}

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

    /// One happening, on standard output.
    pub(crate) fn event(self, words: &str, json: &serde_json::Value) {
        if self.json {
            print(&format!("{json}\n"));
        } else {
            print(&format!("{words}\n"));
        }
    }

    /// For people only.
    pub(crate) fn words(self, words: &str) {
        if !self.json {
            print(&format!("{words}\n"));
        }
    }

    /// For programs only.
    pub(crate) fn json(self, json: &serde_json::Value) {
        if self.json {
            print(&format!("{json}\n"));
        }
    }

    /// Whether a person sits before standard error and wants to see progress.
    pub(crate) fn shows_progress(self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }
}
