//! The test bench: a source, or words for one, tried on one indicator.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use indicator::{Kind as IndicatorKind, parse};
use intel::sources::{Asked as AskedUpstream, Candidate, ChangeError, Definition, Trial, Tried};
use intel::{Answered, SourceId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::invalid;
use super::said;
use super::sources::known;
use crate::app::App;
use crate::form::Json;
use crate::problem::ApiError;
use crate::query::Segments;

/// What is to be tried, on what.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TryBody {
    kind: String,
    data: String,
    /// Words that nobody saved yet.
    definition: Option<Box<Definition>>,
    /// An answer that came; without one the upstream is asked, and learns the value.
    replay: Option<ReplayBody>,
}

/// A recorded answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReplayBody {
    status: u16,
    body: String,
}

/// Tries a source, or words in its place, on one indicator. Nothing of it is kept.
pub(super) async fn try_one(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<TryBody>,
) -> Result<Response, ApiError> {
    let source = known(&app, &segments)?;
    try_it(&app, Some(source.id), asked.body).await
}

/// Tries words for a source that there is not yet.
pub(super) async fn try_words(
    State(app): State<Arc<App>>,
    asked: Json<TryBody>,
) -> Result<Response, ApiError> {
    try_it(&app, None, asked.body).await
}

async fn try_it(app: &App, id: Option<SourceId>, body: TryBody) -> Result<Response, ApiError> {
    let kind: IndicatorKind = body.kind.parse().map_err(|why| invalid("kind", &why))?;
    let indicator = parse(kind, &body.data).map_err(|why| invalid("data", &why))?;
    let candidate = match (body.definition, id) {
        (Some(definition), instead_of) => Candidate::Words {
            definition,
            instead_of,
        },
        (None, Some(id)) => Candidate::Source(id),
        (None, None) => return Err(invalid("definition", &"it is missing")),
    };
    let trial = match body.replay {
        Some(replay) => Trial::Replay {
            status: replay.status,
            body: replay.body.into_bytes(),
        },
        None => Trial::Live,
    };
    let tried = app
        .registry
        .try_source(candidate, &indicator, trial, &app.vault, &*app.upstream)
        .await
        .map_err(ChangeError::from)?;
    Ok(said(&tried_view(&tried)))
}

fn tried_view(tried: &Tried) -> Value {
    let asked: Vec<Value> = tried.asked.iter().map(asked_view).collect();
    let answer = tried
        .answer
        .as_ref()
        .map(|(status, body)| json!({ "status": status, "body": String::from_utf8_lossy(body) }));
    let mut told = json!({
        "asked": asked,
        "trace": tried.trace,
        "answer": answer,
        "errors": [],
    });
    match &tried.outcome {
        Ok(Answered::Nothing) => told["outcome"] = "NOTHING".into(),
        Ok(Answered::Found(finding)) => {
            told["outcome"] = "FOUND".into();
            told["data"] = finding.data.clone();
            told["fields"] = json!(finding.fields);
            told["verdict"] = super::views::verdict(finding.verdict).into();
            told["confidence"] = finding.confidence.into();
            told["reasons"] = json!(finding.reasons);
            told["link"] = json!(finding.link);
        }
        Err(trouble) => {
            told["outcome"] = "TROUBLE".into();
            told["errors"] = json!([super::views::trouble(trouble)]);
        }
    }
    told
}

fn asked_view(asked: &AskedUpstream) -> Value {
    match asked {
        AskedUpstream::Http(ask) => json!({
            "method": ask.method,
            "url": ask.url.as_str(),
            "headers": ask.headers,
            "body": String::from_utf8_lossy(&ask.body),
        }),
        AskedUpstream::Dns(question) => json!({
            "method": "DNS",
            "name": question.name,
            "record": question.record,
        }),
        AskedUpstream::Whois { server, lines } => json!({
            "method": "WHOIS",
            "server": server,
            "lines": lines,
        }),
    }
}
