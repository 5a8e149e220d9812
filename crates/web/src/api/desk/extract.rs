//! `POST /api/v1/extract`: which indicators does this text or document hold? It asks nobody and
//! keeps nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Uri, header};
use indicator::document::{self, Document, DocumentError, Form, Place};
use indicator::extract::Options;
use indicator::{KindSet, Unique, Uniques, defang};
use intel::Sources;
use serde_json::{Value, json};

use super::asked::{Asked, invalid};
use super::said;
use crate::app::App;
use crate::body::Whole;
use crate::problem::{ApiError, Kind};

/// Longest text or document, in bytes.
pub(super) const EXTRACT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most indicators of an answer.
const INDICATORS_MAX: usize = 50_000;
/// Most places of an indicator that are told; more are counted.
const PLACES_MAX: usize = 20;

/// Forms by what `?form=` and `Content-Type` call them.
const FORMS: [(Form, &str, &[&str]); 5] = [
    (Form::Text, "TEXT", &[]),
    (Form::Mail, "MAIL", &["message/rfc822"]),
    (Form::Csv, "CSV", &["text/csv", "text/tab-separated-values"]),
    (
        Form::Stix,
        "STIX",
        &["application/stix+json", "application/vnd.oasis.stix+json"],
    ),
    (Form::Misp, "MISP", &["application/vnd.misp+json"]),
];

/// Each indicator once, with its places and the warning lists that it is on. `?form=` says what the
/// body is, else its `Content-Type` does, else it is looked at; `?kinds=` asks for some kinds only,
/// and `?parts=true` for hosts of URLs too.
pub(super) async fn extract(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Whole,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let options = Options {
        kinds: kinds(&asked)?,
        parts: asked.flag("parts")?,
    };
    let form = form(&asked, &headers)?;
    let sources = app.registry.current();
    // A long text would keep others waiting who share this thread.
    let read = tokio::task::spawn_blocking(move || read(form, &body.bytes, options, &sources));
    read.await
        .map_err(|error| ApiError::plain(Kind::Internal).because(error))?
        .map(|told| said(&told))
}

fn kinds(asked: &Asked) -> Result<KindSet, ApiError> {
    let named = asked.list(&["kinds", "kind"]);
    if named.is_empty() {
        return Ok(KindSet::ALL);
    }
    let read = |name: &String| {
        name.parse::<indicator::Kind>()
            .map_err(|why| invalid("kinds", &why))
    };
    named.iter().map(read).collect()
}

/// The form that was asked for; none means to look.
fn form(asked: &Asked, headers: &HeaderMap) -> Result<Option<Form>, ApiError> {
    if let Some(name) = asked.text("form") {
        let known = FORMS
            .iter()
            .find(|(_, known, _)| known.eq_ignore_ascii_case(name));
        return match known {
            Some((form, ..)) => Ok(Some(*form)),
            None if name.eq_ignore_ascii_case("auto") => Ok(None),
            None => Err(invalid(
                "form",
                &"it is auto, text, mail, csv, stix or misp",
            )),
        };
    }
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let known = FORMS
        .iter()
        .find(|(.., types)| types.iter().any(|known| known.eq_ignore_ascii_case(kind)));
    Ok(known.map(|(form, ..)| *form))
}

fn read(
    form: Option<Form>,
    bytes: &[u8],
    options: Options,
    sources: &Sources,
) -> Result<Value, ApiError> {
    let guessed = form.unwrap_or_else(|| document::guess(bytes));
    let (form, found) = match document::read(guessed, bytes, options) {
        Ok(found) => (guessed, found),
        // It only looked like a document.
        Err(_) if form.is_none() => {
            let found = document::read(Form::Text, bytes, options);
            (Form::Text, found.map_err(|why| unreadable(&why))?)
        }
        Err(why) => return Err(unreadable(&why)),
    };
    Ok(view(form, found, sources))
}

fn unreadable(why: &DocumentError) -> ApiError {
    ApiError::new(Kind::Invalid, format!("The document cannot be read: {why}")).field("body")
}

fn view(form: Form, found: Document, sources: &Sources) -> Value {
    let mentions = found.mentions.len();
    let mut uniques = Uniques::default();
    for mention in found.mentions {
        uniques.add(mention.found, mention.place);
    }
    let distinct = uniques.len();
    let all = uniques.into_vec();
    let shown = all.iter().take(INDICATORS_MAX);
    let indicators: Vec<Value> = shown.map(|one| unique(one, sources)).collect();
    let skipped: Vec<Value> = found
        .skipped
        .iter()
        .map(|(place, why)| json!({ "place": place.to_string(), "why": why }))
        .collect();
    let name = FORMS.iter().find(|(known, ..)| *known == form);
    json!({
        "form": name.map(|(_, name, _)| *name),
        "mentions": mentions,
        "distinct": distinct,
        "indicators": indicators,
        "skipped": skipped,
        "truncated": found.truncated || distinct > INDICATORS_MAX,
    })
}

fn unique(one: &Unique<Place>, sources: &Sources) -> Value {
    let (kind, value) = (one.indicator.kind(), one.indicator.value());
    let warnings: Vec<Value> = sources
        .warnings(&one.indicator)
        .into_iter()
        .map(super::views::warning_mark)
        .collect();
    let places: Vec<Value> = one.places.iter().take(PLACES_MAX).map(place).collect();
    json!({
        "kind": kind.wire(),
        "value": value,
        "shown": defang(kind, value),
        "count": one.count,
        "defanged": one.defanged,
        "part": one.part,
        "warnings": warnings,
        "places": places,
    })
}

/// A place in words, and for texts as bytes.
fn place(place: &Place) -> Value {
    let mut told = json!({ "words": place.to_string() });
    if let Place::Text(at) | Place::Body { at, .. } = place {
        told["start"] = at.start.into();
        told["end"] = at.end.into();
    }
    if let Place::Cell { row, column, .. } = place {
        told["row"] = (*row).into();
        told["column"] = (*column).into();
    }
    told
}
