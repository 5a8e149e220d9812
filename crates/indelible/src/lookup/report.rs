//! What sources say, for people and programs.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use indicator::Indicator;
use intel::{Reason, Summary, Verdict};
use serde_json::json;

use super::{Event, Outcome, Plan, Told};
use crate::desk::words;
use crate::say::print;

/// Tells as it comes, and remembers how it went.
pub(super) struct Report {
    json: bool,
    value: String,
    kind: &'static str,
    request: Option<String>,
    /// How many sources answered of this indicator.
    answered: usize,
    skipped: Vec<String>,
    is_bad: bool,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            value: String::new(),
            kind: "",
            request: None,
            answered: 0,
            skipped: Vec::new(),
            is_bad: false,
        }
    }

    /// Who would see a value.
    pub(super) fn plan(&self, indicator: &Indicator, plan: &Plan) {
        if self.json {
            let sees = plan.sees.iter().map(|(who, learns, sources)| {
                json!({ "who": who, "exposure": learns, "sources": sources })
            });
            let skipped = plan
                .skipped
                .iter()
                .map(|(source, why)| json!({ "source": source, "why": why }));
            print(&format!(
                "{}\n",
                json!({
                    "event": "plan",
                    "kind": indicator.kind().wire(),
                    "value": indicator.value(),
                    "who_sees": sees.collect::<Vec<_>>(),
                    "skipped": skipped.collect::<Vec<_>>(),
                })
            ));
            return;
        }
        print(&format!("{indicator} ({})\n", indicator.kind().title()));
        if plan.sees.is_empty() {
            print("  nobody outside would see it\n");
        }
        for (who, learns, sources) in &plan.sees {
            let learns = match learns.as_str() {
                "LOCAL" => "nothing: the answer is here",
                "PASSIVE" => "learns it",
                "CONTACT" => "learns it, and its owner sees a visit",
                _ => "learns it, and shows it to others",
            };
            print(&format!("  {who} {learns} ({})\n", sources.join(", ")));
        }
        for (source, why) in &plan.skipped {
            print(&format!("  not asked: {source} ({why})\n"));
        }
    }

    pub(super) fn begin(&mut self, indicator: &Indicator) {
        indicator.value().clone_into(&mut self.value);
        self.kind = indicator.kind().wire();
        self.request = None;
        self.answered = 0;
        self.skipped.clear();
        if !self.json {
            print(&format!("{indicator} ({})\n", indicator.kind().title()));
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        match event {
            Event::Began(request) => self.request = Some(request),
            Event::Source(told) => self.source(&told),
            Event::Done(summary) => self.done(&summary),
        }
    }

    fn source(&mut self, told: &Told) {
        match &told.outcome {
            Outcome::Found | Outcome::Nothing => self.answered += 1,
            Outcome::Trouble(_) => {}
            Outcome::Skipped(why) => self.skipped.push(format!("{} ({why})", told.name)),
        }
        if self.json {
            print(&format!("{}\n", self.object(told)));
        } else if !matches!(told.outcome, Outcome::Skipped(_)) {
            print(&line(told));
        }
    }

    fn object(&self, told: &Told) -> serde_json::Value {
        let (outcome, error) = match &told.outcome {
            Outcome::Found => ("found", None),
            Outcome::Nothing => ("nothing", None),
            Outcome::Trouble(why) => ("trouble", Some(why)),
            Outcome::Skipped(why) => ("skipped", Some(why)),
        };
        json!({
            "event": "answer",
            "kind": self.kind,
            "value": self.value,
            "request": self.request,
            "source": told.slug,
            "outcome": outcome,
            "error": error,
            "verdict": told.verdict,
            "confidence": told.confidence,
            "reasons": told.reasons,
            "took_ms": told.took_ms,
            "cache_age_s": told.cache_age_s,
            "link": told.link,
            "evidence_sha256": told.evidence,
            "data": told.data,
        })
    }

    fn done(&mut self, summary: &Summary) {
        let is_against = matches!(summary.verdict, Verdict::Malicious | Verdict::Suspicious);
        self.is_bad |= is_against || self.answered == 0;
        if self.json {
            let told = json!({
                "event": "summary",
                "kind": self.kind,
                "value": self.value,
                "request": self.request,
                "verdict": summary.verdict,
                "confidence": summary.confidence,
                "is_disputed": summary.is_disputed,
                "answered": self.answered,
            });
            print(&format!("{told}\n"));
            return;
        }
        let style = style(summary.verdict);
        let held = words(summary.verdict);
        let disputed = if summary.is_disputed {
            "; sources contradict each other"
        } else {
            ""
        };
        let sure = match summary.verdict {
            Verdict::Unknown => String::new(),
            _ => format!(", {} of 100", summary.confidence),
        };
        let asked = match self.answered {
            0 => "; no source answered".to_owned(),
            1 => "; 1 source answered".to_owned(),
            count => format!("; {count} sources answered"),
        };
        print(&format!(
            "  {style}{held}{style:#}{sure}{asked}{disputed}\n"
        ));
        if !self.skipped.is_empty() {
            print(&format!("  not asked: {}\n", self.skipped.join(", ")));
        }
    }

    /// How it went.
    pub(super) fn end(self) -> ExitCode {
        ExitCode::from(u8::from(self.is_bad))
    }
}

/// One source: its name, what it holds, why, and how long it took.
fn line(told: &Told) -> String {
    let style = style(told.verdict);
    let (held, why) = match &told.outcome {
        Outcome::Found => (words(told.verdict), sentence(&told.reasons)),
        Outcome::Nothing => ("–", "knows nothing of it".to_owned()),
        Outcome::Trouble(why) | Outcome::Skipped(why) => ("!", why.clone()),
    };
    let took = match told.cache_age_s {
        Some(age) => format!("{age} s old"),
        None => format!("{} ms", told.took_ms),
    };
    let name: String = told.name.chars().take(24).collect();
    format!("  {name:24}  {style}{held:10}{style:#}  {why} [{took}]\n")
}

fn sentence(reasons: &[Reason]) -> String {
    let texts: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
    texts.join("; ")
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Malicious => AnsiColor::Red.on_default().bold(),
        Verdict::Suspicious => AnsiColor::Yellow.on_default(),
        Verdict::Clean | Verdict::KnownGood => AnsiColor::Green.on_default(),
        Verdict::Unknown => Style::new(),
    }
}
