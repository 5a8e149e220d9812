//! What is held of an indicator: the verdict in words and as a mark, and why, down to the answer.

use std::fmt::Write as _;

use askama::Template;
use intel::{Reason, Verdict};

use super::value::{Value, shown_text};
use crate::pages::view::Time;

/// Deepest reason that is shown.
const DEPTH_MAX: usize = 6;
/// How deep in a summary the names of sources stand: some are also names of hosts.
const NAMES_AT: usize = 1;

/// What is held, alone, for a page that is open.
#[derive(Template)]
#[template(path = "desk/_judged.html")]
pub(crate) struct JudgedPart<'a> {
    pub judged: &'a Judged,
}

/// What all sources together hold, at the head of a page.
pub(crate) struct Judged {
    pub value: Value,
    pub verdict: Verdict,
    /// How sure, of 100.
    pub confidence: u8,
    pub is_disputed: bool,
    pub reasons: Vec<Reason>,
    /// Since when it is held, where that is known.
    pub since: Option<Time>,
    /// Whether sources are still being asked.
    pub is_open: bool,
    /// What stands beside it: `12 sources`, `asked 4 min ago`.
    pub says: String,
    /// Lists that know the value: name and what it means.
    pub marks: Vec<String>,
}

impl Judged {
    pub(crate) fn word(&self) -> &'static str {
        if self.is_open && self.verdict == Verdict::Unknown {
            return "Asking";
        }
        word(self.verdict)
    }

    pub(crate) fn class(&self) -> &'static str {
        class(self.verdict)
    }

    pub(crate) fn mark(&self) -> &'static str {
        mark(self.verdict)
    }

    pub(crate) fn is_known(&self) -> bool {
        self.verdict != Verdict::Unknown
    }

    pub(crate) fn means(&self) -> &'static str {
        if self.is_open && self.verdict == Verdict::Unknown {
            return "Answers appear below as they come.";
        }
        match self.verdict {
            Verdict::Unknown => "Nothing is known of it. That does not make it harmless.",
            Verdict::Clean => "It was looked at, and nothing was found against it.",
            Verdict::KnownGood => "It is known, and known to be harmless.",
            Verdict::Suspicious => "Something speaks against it.",
            Verdict::Malicious => "It does harm.",
        }
    }

    pub(crate) fn tree(&self) -> String {
        let mut out = String::new();
        level(&self.reasons, 0, Some(NAMES_AT), &mut out);
        out
    }
}

/// A verdict for people.
pub(crate) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unknown => "Unknown",
        Verdict::Clean => "Clean",
        Verdict::KnownGood => "Known good",
        Verdict::Suspicious => "Suspicious",
        Verdict::Malicious => "Malicious",
    }
}

/// A verdict for the style sheet, and for drawings.
pub(crate) fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unknown => "unknown",
        Verdict::Clean => "clean",
        Verdict::KnownGood => "good",
        Verdict::Suspicious => "suspicious",
        Verdict::Malicious => "malicious",
    }
}

/// A verdict's mark. Its form alone tells it from the others: nobody needs the colour.
pub(crate) fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Malicious => {
            r#"<svg class="vmark" viewBox="0 0 16 16" aria-hidden="true"><path class="fill" d="M8 .8 15.2 8 8 15.2.8 8z"/><path class="cut" d="M8 4.4v4.4M8 10.6v1.2"/></svg>"#
        }
        Verdict::Suspicious => {
            r#"<svg class="vmark" viewBox="0 0 16 16" aria-hidden="true"><path class="line" d="M8 1.6 14.4 8 8 14.4 1.6 8z"/><path class="fill" d="M8 1.6v12.8L1.6 8z"/></svg>"#
        }
        Verdict::KnownGood => {
            r#"<svg class="vmark" viewBox="0 0 16 16" aria-hidden="true"><circle class="fill" cx="8" cy="8" r="7"/><path class="cut" d="M4.6 8.2 7 10.6l4.4-5"/></svg>"#
        }
        Verdict::Clean => {
            r#"<svg class="vmark" viewBox="0 0 16 16" aria-hidden="true"><circle class="line" cx="8" cy="8" r="6.2"/></svg>"#
        }
        Verdict::Unknown => {
            r#"<svg class="vmark" viewBox="0 0 16 16" aria-hidden="true"><circle class="line dashed" cx="8" cy="8" r="6.2"/></svg>"#
        }
    }
}

/// A verdict in a line: mark, word, and how sure.
pub(crate) fn verdict_state(verdict: Verdict, confidence: u8) -> String {
    let sure = if verdict == Verdict::Unknown {
        String::new()
    } else {
        format!(r#" <span class="sure">{confidence}</span>"#)
    };
    format!(
        r#"<span class="vstate {}">{}<span>{}</span>{sure}</span>"#,
        class(verdict),
        mark(verdict),
        word(verdict)
    )
}

/// A verdict in a list.
pub(crate) struct Held(pub Verdict, pub u8);

impl Held {
    pub(crate) fn state(&self) -> String {
        verdict_state(self.0, self.1)
    }
}

/// Reasons as nested lists: markup, with all text escaped and every live value defanged.
pub(crate) fn tree(reasons: &[Reason]) -> String {
    let mut out = String::new();
    level(reasons, 0, None, &mut out);
    out
}

fn level(reasons: &[Reason], depth: usize, names_at: Option<usize>, out: &mut String) {
    if reasons.is_empty() || depth == DEPTH_MAX {
        return;
    }
    let _ = write!(out, r#"<ul class="because">"#);
    for reason in reasons {
        out.push_str("<li>");
        if names_at == Some(depth) {
            escape(&reason.text, out);
        } else {
            escape(&shown_text(&reason.text), out);
        }
        level(&reason.because, depth + 1, names_at, out);
        out.push_str("</li>");
    }
    out.push_str("</ul>");
}

/// The same reasons with sources by their names: a summary knows them by their slugs.
pub(crate) fn with_names(reasons: &[Reason], name: impl Fn(&str) -> Option<String>) -> Vec<Reason> {
    let by_name = |source: &Reason| Reason {
        text: name(&source.text).unwrap_or_else(|| source.text.clone()),
        because: source.because.clone(),
    };
    let reasons = reasons.iter();
    reasons
        .map(|tally| Reason {
            text: tally.text.clone(),
            because: tally.because.iter().map(by_name).collect(),
        })
        .collect()
}

/// Writes a text as markup that shows it.
fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reasons quote what a source sent: whoever runs one must not write into our pages.
    #[test]
    fn reasons_are_text_whatever_a_source_says() {
        let reasons = [Reason {
            text: "1 source: <script>".into(),
            because: vec![Reason::of("at https://evil.example.com/\"x")],
        }];
        let tree = tree(&reasons);
        assert_eq!(
            tree,
            r#"<ul class="because"><li>1 source: &lt;script&gt;<ul class="because"><li>at hxxps[://]evil[.]example[.]com/&quot;x</li></ul></li></ul>"#
        );
        assert_eq!(super::tree(&[]), "");
    }

    #[test]
    fn a_tree_ends() {
        let mut reason = Reason::of("x");
        for _ in 0..100 {
            reason = Reason {
                text: "x".into(),
                because: vec![reason],
            };
        }
        assert_eq!(tree(&[reason]).matches("<ul").count(), DEPTH_MAX);
    }
}
