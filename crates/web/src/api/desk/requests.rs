//! What was asked: requests, their answers, exports of them, and the evidence of answers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base::UserId;
use facts::FactProof;
use http::{HeaderValue, Uri, header};
use indicator::{Kind as IndicatorKind, parse};
use intel::Verdict;
use intel::desk::HistoryEntry;
use intel::lookups::{
    AnswerId, AnswerRecord, BulkId, EvidenceId, RequestFilter, RequestId, StoredEvidence,
    StoredRequest,
};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::asked::{Asked, invalid};
use super::views::{self, AnswerView, FromCache, RequestView, borrowed, maybe, time};
use super::{export, id, json_text, said, spliced, unknown};
use crate::app::App;
use crate::negotiate::Format;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;

/// Requests, the newest first: `?q=`, `?kind=`, `?verdict=`, `?userId=`, `?bulkId=`, `?asked=true`
/// for those that somebody asked for alone, `?before=` the last id of the page before, `?limit=`.
pub(super) async fn list(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let kind = asked.text("kind").map(|name| {
        let kind = name.parse::<IndicatorKind>();
        kind.map_err(|why| invalid("kind", &why))
    });
    let filter = RequestFilter {
        user: asked.number("userId")?.map(UserId),
        text: asked.text("q").map(str::to_owned),
        kind: kind.transpose()?,
        verdict: asked.text("verdict").map(verdict_named).transpose()?,
        only_asked: asked.flag("asked")?,
        bulk: asked.number("bulkId")?.map(BulkId),
    };
    rows(&app, &asked, &filter).await
}

/// The requests of one account.
pub(super) async fn of_user(
    State(app): State<Arc<App>>,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let filter = RequestFilter {
        user: Some(UserId(id(&segments)?)),
        ..RequestFilter::default()
    };
    rows(&app, &Asked::of(&uri)?, &filter).await
}

async fn rows(app: &App, asked: &Asked, filter: &RequestFilter) -> Result<Response, ApiError> {
    let before = asked.number("before")?.map(RequestId);
    let rows = app.desk.requests(filter, before, asked.limit()?).await?;
    Ok(said(&rows.iter().map(views::request).collect()))
}

/// A verdict by its name.
pub(super) fn verdict_named(name: &str) -> Result<Verdict, ApiError> {
    let all = [
        Verdict::Unknown,
        Verdict::Clean,
        Verdict::KnownGood,
        Verdict::Suspicious,
        Verdict::Malicious,
    ];
    let found = all
        .into_iter()
        .find(|one| views::verdict(*one).eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let says = "it is UNKNOWN, CLEAN, KNOWN_GOOD, SUSPICIOUS or MALICIOUS";
        invalid("verdict", &says)
    })
}

/// One request with everything that came of it, as `?format=json`, `csv` or `md`.
pub(super) async fn read(
    State(app): State<Arc<App>>,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let request = known(&app, &segments).await?;
    let number = request.row.id.0;
    match asked.text("format") {
        None => Ok(spliced(json_text(&RequestView::of(&request)))),
        Some("json") => {
            let text = json_text(&RequestView::of(&request));
            Ok(saved(spliced(text), &format!("request-{number}.json")))
        }
        Some("csv") => {
            let table = text(export::csv(&request), "text/csv; charset=utf-8");
            Ok(saved(table, &format!("request-{number}.csv")))
        }
        Some("md") => {
            let link = app.link(&format!("/desk/requests/{number}"));
            let report = export::markdown(&request, &link);
            let report = text(report, "text/markdown; charset=utf-8");
            Ok(saved(report, &format!("request-{number}.md")))
        }
        Some(_) => Err(
            ApiError::new(Kind::MalformedQuery, "format must be json, csv or md").field("format"),
        ),
    }
}

fn text(text: String, kind: &'static str) -> Response {
    let mut response = super::super::forms::answer(Format::Text, text);
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// An answer that a browser keeps as a file.
fn saved(mut response: Response, name: &str) -> Response {
    let says = format!("attachment; filename=\"{name}\"");
    if let Ok(says) = HeaderValue::try_from(says) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, says);
    }
    response
}

/// An answer of a request as the third seed lists it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceRequestView<'a> {
    id: Option<String>,
    created_at: String,
    updated_at: String,
    started_at: String,
    ended_at: String,
    errors: Vec<Value>,
    data: Option<&'a RawValue>,
    cache_action: Option<&'static str>,
    cache_cached_at: Option<String>,
    cache_expires_at: Option<String>,
    cache_key: Option<String>,
    request_id: String,
    source_id: String,
    source_name: &'a str,
    source_slug: &'a str,
    source_url: &'a str,
    source_favicon: Option<&'a str>,
}

impl<'a> SourceRequestView<'a> {
    fn of(request: &StoredRequest, answer: &'a AnswerRecord) -> Self {
        let age = borrowed(&request.row, answer).age;
        let (kind, value) = (answer.indicator.kind(), answer.indicator.value());
        Self {
            id: answer.id.map(|id| id.0.to_string()),
            created_at: time(answer.ended()),
            updated_at: time(answer.ended()),
            started_at: time(answer.started),
            ended_at: time(answer.ended()),
            errors: views::errors(answer),
            data: answer
                .heard()
                .and_then(|heard| serde_json::from_str(&heard.data).ok()),
            cache_action: age.map(|_| "FROM_CACHE"),
            cache_cached_at: maybe(age.map(|_| answer.ended())),
            cache_expires_at: None,
            cache_key: age.map(|_| format!("{}:{kind}:{value}", answer.source.id.0)),
            request_id: request.row.id.0.to_string(),
            source_id: answer.source.id.0.to_string(),
            source_name: &answer.source.name,
            source_slug: &answer.source.slug,
            source_url: &answer.source.website,
            source_favicon: None,
        }
    }
}

/// What came of a request, source by source.
pub(super) async fn history(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let request = known(&app, &segments).await?;
    let answers = request.answers.iter();
    let views: Vec<_> = answers
        .map(|answer| SourceRequestView::of(&request, answer))
        .collect();
    Ok(spliced(json_text(&views)))
}

async fn known(app: &App, segments: &Segments) -> Result<StoredRequest, ApiError> {
    let request = app.desk.request(RequestId(id(segments)?)).await?;
    request.ok_or_else(unknown)
}

/// An answer of an indicator's history, and what is new in it.
#[derive(Serialize)]
struct EntryView<'a> {
    #[serde(flatten)]
    answer: AnswerView<'a>,
    changes: Option<Value>,
}

/// What one source said of an indicator, one time after the other.
#[derive(Serialize)]
struct SourceHistoryView<'a> {
    source: views::SourceView<'a>,
    answers: Vec<EntryView<'a>>,
}

/// An indicator's history.
#[derive(Serialize)]
struct HistoryView<'a> {
    #[serde(flatten)]
    head: Value,
    sources: Vec<SourceHistoryView<'a>>,
}

/// What is known of an indicator, by source, with what changed from answer to answer. `?before=` is
/// `older` of the page before.
pub(super) async fn indicator(
    State(app): State<Arc<App>>,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let kind: IndicatorKind = segments
        .text(0)
        .parse()
        .map_err(|why| invalid("kind", &why))?;
    let indicator = parse(kind, segments.text(1)).map_err(|why| invalid("value", &why))?;
    let before = asked.number("before")?.map(AnswerId);
    let history = app.desk.history(&indicator, before).await?;
    let last = app
        .desk
        .verdicts_of(std::slice::from_ref(&indicator))
        .await?;
    let sources = app.registry.current();
    let marks: Vec<Value> = sources
        .warnings(&indicator)
        .into_iter()
        .map(views::warning_mark)
        .collect();
    let entry = |entry: &HistoryEntry| entry.changes.as_ref().map(|changes| json!(changes));
    let by_source: Vec<_> = history
        .sources
        .iter()
        .map(|one| SourceHistoryView {
            source: (&*one.source).into(),
            answers: one
                .entries
                .iter()
                .map(|one| EntryView {
                    answer: AnswerView::of(&one.answer, FromCache::default()),
                    changes: entry(one),
                })
                .collect(),
        })
        .collect();
    let head = json!({
        "kind": indicator.kind().wire(),
        "data": indicator.value(),
        "shown": indicator.defanged(),
        "summary": history.summary.as_ref().map(views::summary),
        "last": last.first().and_then(Option::as_ref).map(views::last),
        "warnings": marks,
        "older": history.older.map(|id| id.0.to_string()),
    });
    Ok(spliced(json_text(&HistoryView {
        head,
        sources: by_source,
    })))
}

/// The canonical bytes of an answer, exactly: their SHA-256 is what the log holds.
pub(super) async fn evidence(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let evidence = known_evidence(&app, &segments).await?;
    let name = format!("evidence-{}.json", evidence.id.0);
    let response = super::super::forms::answer(Format::Json, evidence.bytes);
    Ok(saved(response, &name))
}

/// The proof that these bytes stand in the log: with them, all that `indelible verify` needs.
pub(super) async fn proof(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let evidence = known_evidence(&app, &segments).await?;
    let proof: FactProof = app.facts.proof_file(evidence.fact).await?;
    let response = crate::api::rooms::trail::proof_answer(proof)?;
    Ok(saved(
        response,
        &format!("evidence-{}.proof", evidence.id.0),
    ))
}

async fn known_evidence(app: &App, segments: &Segments) -> Result<StoredEvidence, ApiError> {
    let evidence = app.desk.evidence(EvidenceId(id(segments)?)).await?;
    evidence.ok_or_else(unknown)
}
