//! A request as a table and as a report, to be taken elsewhere. Values are defanged: whoever opens
//! the file must not be led anywhere by a click.

use std::fmt::Write as _;

use intel::lookups::{AnswerRecord, Said, StoredRequest};
use intel::{Reason, Verdict};
use serde_json::Value;

use super::views::{self, borrowed};

/// The columns of a table.
const COLUMNS: [&str; 14] = [
    "request",
    "kind",
    "value",
    "source",
    "outcome",
    "verdict",
    "confidence",
    "reasons",
    "error",
    "started_at",
    "took_ms",
    "cache_age_s",
    "evidence_sha256",
    "link",
];

/// A table (RFC 4180), a row an answer.
pub(super) fn csv(request: &StoredRequest) -> String {
    let mut table = String::new();
    line(&mut table, COLUMNS.iter().map(|name| (*name).to_owned()));
    let indicator = &request.row.indicator;
    for answer in &request.answers {
        let heard = answer.heard();
        let opinion = answer.opinion();
        let age = borrowed(&request.row, answer).age;
        let link = heard.and_then(|heard| heard.link.as_deref());
        let cells = [
            request.row.id.0.to_string(),
            indicator.kind().wire().to_owned(),
            indicator.defanged().into_owned(),
            answer.source.slug.clone(),
            outcome(answer).to_owned(),
            opinion.as_ref().map_or_else(String::new, |opinion| {
                views::verdict(opinion.verdict).to_owned()
            }),
            opinion
                .as_ref()
                .map_or_else(String::new, |opinion| opinion.confidence.to_string()),
            heard.map_or_else(String::new, |heard| sentences(&heard.reasons)),
            answer
                .trouble()
                .map_or_else(String::new, ToString::to_string),
            views::time(answer.started),
            answer.took.as_millis().to_string(),
            age.map_or_else(String::new, |age| age.as_secs().to_string()),
            answer
                .evidence
                .map_or_else(String::new, |evidence| hex::encode(evidence.sha256)),
            link.unwrap_or_default().to_owned(),
        ];
        line(&mut table, cells.into_iter());
    }
    table
}

fn outcome(answer: &AnswerRecord) -> &'static str {
    match answer.said {
        Said::Found(_) => "FOUND",
        Said::Nothing => "NOTHING",
        Said::Trouble(_) => "TROUBLE",
    }
}

fn line(table: &mut String, cells: impl Iterator<Item = String>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            table.push(',');
        }
        table.push_str(&quoted(&cell));
    }
    table.push_str("\r\n");
}

/// A cell. One that a spreadsheet would take for a formula gets an apostrophe in front: what sources
/// say is foreign text.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if is_formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains(['"', ',', '\n', '\r']) || cell.starts_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

/// Reasons with what they rest on, in one line.
fn sentences(reasons: &[Reason]) -> String {
    let told: Vec<String> = reasons
        .iter()
        .map(|reason| match reason.because.as_slice() {
            [] => reason.text.clone(),
            because => format!("{} ({})", reason.text, sentences(because)),
        })
        .collect();
    told.join("; ")
}

/// A report in Markdown.
pub(super) fn markdown(request: &StoredRequest, link: &str) -> String {
    let row = &request.row;
    let summary = views::summarised(request);
    let mut report = format!("# {}\n\n", plain(&row.indicator.defanged()));
    let _ = writeln!(report, "| | |\n|---|---|");
    let mut about = |name: &str, value: &str| {
        let _ = writeln!(report, "| {name} | {} |", plain(value));
    };
    about("Kind", row.indicator.kind().title());
    about("Verdict", &verdict(summary.verdict, summary.confidence));
    if summary.is_disputed {
        about("Disputed", "sources contradict each other");
    }
    about("TLP", &row.tlp.to_string());
    about("Asked at", &views::time(row.opened));
    about("Asked by", row.user_name.as_deref().unwrap_or(&row.who));
    about("Request", link);
    report.push_str("\n## Why\n\n");
    tree(&mut report, &summary.reasons, 0);
    report.push_str("\n## Sources\n\n| source | verdict | answered at | took | evidence (SHA-256) |\n|---|---|---|---|---|\n");
    for answer in &request.answers {
        let said = match (answer.opinion(), answer.trouble()) {
            (_, Some(trouble)) => trouble.to_string(),
            (Some(opinion), _) if answer.heard().is_some() => {
                verdict(opinion.verdict, opinion.confidence)
            }
            _ => "knows nothing of it".to_owned(),
        };
        let evidence = answer.evidence.map(|evidence| hex::encode(evidence.sha256));
        let _ = writeln!(
            report,
            "| {} | {} | {} | {} ms | {} |",
            plain(&answer.source.name),
            plain(&said),
            views::time(answer.ended()),
            answer.took.as_millis(),
            evidence.map_or_else(String::new, |digest| format!("`{digest}`")),
        );
    }
    for answer in &request.answers {
        let Some(heard) = answer.heard().filter(|heard| !heard.fields.is_empty()) else {
            continue;
        };
        let _ = write!(report, "\n### {}\n\n", plain(&answer.source.name));
        for field in &heard.fields {
            let values: Vec<String> = field.values.iter().map(shown).collect();
            let _ = writeln!(
                report,
                "- {}: {}",
                plain(&field.name),
                plain(&values.join(", "))
            );
        }
    }
    report
}

fn verdict(verdict: Verdict, confidence: u8) -> String {
    let words = match verdict {
        Verdict::Unknown => return "unknown".to_owned(),
        Verdict::Clean => "clean",
        Verdict::KnownGood => "known good",
        Verdict::Suspicious => "suspicious",
        Verdict::Malicious => "malicious",
    };
    format!("{words}, {confidence} of 100")
}

fn tree(report: &mut String, reasons: &[Reason], depth: usize) {
    for reason in reasons {
        let _ = writeln!(report, "{:1$}- {2}", "", depth * 2, plain(&reason.text));
        tree(report, &reason.because, depth + 1);
    }
}

/// A value as a person reads it. Texts that could lead somewhere are defanged.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => match indicator::detect(text) {
            Some(found) if found.kind().is_live() => found.to_string(),
            _ => text.clone(),
        },
        other => other.to_string(),
    }
}

/// Text that Markdown takes for no more than text.
fn plain(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '!' | '~' | '&' => {
                told.push('\\');
                told.push(letter);
            }
            letter if letter.is_control() => told.push(' '),
            letter => told.push(letter),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    // What a source says is written by strangers, and opened in spreadsheets and wikis.
    #[test]
    fn foreign_text_is_no_formula_and_no_markup() {
        let check = |cell: &str, expected: &str| assert_eq!(quoted(cell), expected);
        check("=1+1", "'=1+1");
        check("@x,\"y\"", "\"'@x,\"\"y\"\"\"");
        check("a", "a");
        check("two\nlines", "\"two\nlines\"");
        assert_eq!(plain("[a](b) <i>|\n"), "\\[a\\](b) \\<i\\>\\| ");
        assert_eq!(
            shown(&"http://evil.example.com/".into()),
            "hxxp[://]evil[.]example[.]com/"
        );
        assert_eq!(shown(&7.into()), "7");
    }

    #[test]
    fn reasons_keep_what_they_rest_on() {
        let reasons = [Reason {
            text: "2 sources".into(),
            because: vec![Reason::of("a"), Reason::of("b")],
        }];
        assert_eq!(sentences(&reasons), "2 sources (a; b)");
        let mut report = String::new();
        tree(&mut report, &reasons, 0);
        assert_eq!(report, "- 2 sources\n  - a\n  - b\n");
    }
}
