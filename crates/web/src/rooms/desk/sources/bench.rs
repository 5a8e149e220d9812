//! The test bench's page: an indicator, perhaps a recorded answer, and what comes of it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use indicator::{Indicator, detect};
use intel::Answered;
use intel::declared::Method;
use intel::sources::{Asked, Candidate, Configured, Definition, Trial, Tried, TryError};

use super::{PLACE, named, one};
use crate::app::App;
use crate::form::Form;
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::desk::cards::{hop, raw, values};
use crate::rooms::desk::refusal::{sentence, unknown};
use crate::rooms::desk::view::card::{Card, Shown};
use crate::rooms::desk::view::{Bench, shown_text};
use crate::rooms::frame::time;
use crate::rooms::view::{Field, Kind as Input};

/// Longest answer that may be handed in, in bytes of the form.
pub(crate) const BENCH_FORM_BYTES: usize = 4 * 1024 * 1024;

/// What somebody entered.
#[derive(Default)]
pub(super) struct Entered {
    pub indicator: String,
    pub status: String,
    pub body: String,
}

impl Entered {
    pub(super) fn of(form: &Form) -> Self {
        Self {
            indicator: form.text("indicator").to_owned(),
            status: form.text("status").to_owned(),
            body: form.raw("body").to_owned(),
        }
    }

    fn indicator(&self) -> Result<Indicator, String> {
        let none = || "Write one indicator that it knows, such as 192.0.2.7.".to_owned();
        detect(&self.indicator).ok_or_else(none)
    }

    fn trial(&self) -> Result<Trial, String> {
        if self.body.is_empty() {
            return Ok(Trial::Live);
        }
        let status = match self.status.as_str() {
            "" => Ok(200),
            text => text.parse(),
        };
        Ok(Trial::Replay {
            status: status.map_err(|_| "A status is a number such as 200.".to_owned())?,
            body: self.body.clone().into_bytes(),
        })
    }
}

/// The bench of a source, with what was entered.
pub(super) fn of(source: &Configured, entered: &Entered) -> Bench {
    Bench {
        action: format!("{PLACE}/{}/try", source.slug),
        fields: fields(entered),
        body: entered.body.clone(),
        hidden: Vec::new(),
        wrong: None,
        asked: None,
        outcome: None,
    }
}

pub(super) fn fields(entered: &Entered) -> Vec<Field> {
    vec![
        Field::new("indicator", "Indicator", Input::Long).value(entered.indicator.clone()),
        Field::new("status", "Status of the answer to replay", Input::Number)
            .value(entered.status.clone()),
    ]
}

/// Tries a source as it is set up.
pub(crate) async fn try_it(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let entered = Entered::of(&form);
    let candidate = Candidate::Source(source.id);
    let bench = tried(
        &app,
        candidate,
        &source.name,
        &entered,
        of(&source, &entered),
    )
    .await?;
    one::shown(&app, &form, &source, &[], bench).await
}

/// What comes of trying: the bench, with all that is to be shown.
pub(super) async fn tried(
    app: &App,
    candidate: Candidate,
    name: &str,
    entered: &Entered,
    mut bench: Bench,
) -> Result<Bench, ApiError> {
    let read = entered
        .indicator()
        .and_then(|indicator| entered.trial().map(|trial| (indicator, trial)));
    let (indicator, trial) = match read {
        Ok(read) => read,
        Err(wrong) => {
            bench.wrong = Some(wrong);
            return Ok(bench);
        }
    };
    let tried = app
        .registry
        .try_source(candidate, &indicator, trial, &app.vault, &*app.upstream)
        .await;
    match tried {
        Ok(tried) => {
            bench.asked = Some(asked(&tried));
            bench.outcome = Some(card(app, name, tried));
        }
        Err(TryError::Unknown) => return Err(unknown()),
        Err(TryError::Invalid(faults)) => {
            let each = faults
                .iter()
                .map(|one| format!("{}: {}", one.field, one.what));
            bench.wrong = Some(each.collect::<Vec<_>>().join("; "));
        }
        Err(other) => bench.wrong = Some(sentence(&other.to_string())),
    }
    Ok(bench)
}

/// What was asked, as it went out but for secrets.
fn asked(tried: &Tried) -> String {
    let mut out = String::new();
    for one in &tried.asked {
        match one {
            Asked::Http(ask) => {
                let method = match ask.method {
                    Method::Get => "GET",
                    Method::Post => "POST",
                };
                let _ = writeln!(out, "{method} {}", shown_text(ask.url.as_str()));
                for (name, value) in &ask.headers {
                    let _ = writeln!(out, "{name}: {}", shown_text(value));
                }
                if !ask.body.is_empty() {
                    let body = String::from_utf8_lossy(&ask.body);
                    let _ = writeln!(out, "\n{}", shown_text(&body));
                }
            }
            Asked::Dns(question) => {
                let name = shown_text(&question.name);
                let _ = writeln!(out, "DNS {} {name}", question.record);
            }
            Asked::Whois { server, lines } => {
                let _ = writeln!(out, "WHOIS {server}\n{}", shown_text(lines));
            }
        }
    }
    out
}

fn card(app: &App, name: &str, tried: Tried) -> Card {
    let answer = tried.answer.as_ref();
    let text = answer.map(|(_, body)| String::from_utf8_lossy(body).into_owned());
    Card {
        slug: "bench".to_owned(),
        name: name.to_owned(),
        provider: String::new(),
        page: None,
        shown: match tried.outcome {
            Ok(Answered::Found(finding)) => Shown::Found {
                verdict: finding.verdict,
                confidence: finding.confidence,
                reasons: finding.reasons,
                fields: values(&finding.fields),
                link: finding.link,
            },
            Ok(Answered::Nothing) => Shown::Nothing,
            Err(trouble) => Shown::Trouble(trouble),
        },
        at: time(app.clock.now()),
        took: answer.map_or(String::new(), |(status, _)| format!("status {status}")),
        age: None,
        raw: text.map_or(String::new(), |text| raw(&text)),
        hops: tried.trace.iter().map(hop).collect(),
        seal: None,
        evidence: None,
        proof: None,
    }
}

/// Words that nobody saved yet, tried in the place of a source or of none.
pub(super) fn words(definition: Definition, instead_of: Option<&Configured>) -> Candidate {
    Candidate::Words {
        definition: Box::new(definition),
        instead_of: instead_of.map(|source| source.id),
    }
}
