//! The OpenAPI 3.1 document: every operation of the API with its parameters, bodies, answers and
//! problems. A test holds it against the table of routes.

mod desk;
mod operations;
mod rooms;
mod schemas;

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use self::operations::{Body, Operation, Shape, operations};
use super::forms::tagged;
use crate::app::App;
use crate::identity::Seen;
use crate::negotiate::Format;
use crate::pages::docs::DocsPage;
use crate::pages::html;
use crate::pages::routes::base;
use crate::problem::Kind;
use crate::shell::{Room, Shell};

/// What may happen to any request.
const ALWAYS: [Kind; 4] = [
    Kind::MethodNotAllowed,
    Kind::RateLimited,
    Kind::Internal,
    Kind::Unavailable,
];

/// The document, as a value.
///
/// # Panics
/// When the document does not follow OpenAPI: our bug, and a test would have found it.
pub fn openapi() -> OpenApi {
    let mut paths = Map::new();
    for operation in operations() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = describe(operation);
    }
    let mut document = schemas::Document::openapi();
    let paths = serde_json::from_value(Value::Object(paths));
    document.paths = paths.expect("the table of operations follows OpenAPI");
    document
}

/// `GET /api/v1/docs/openapi.json`.
pub(crate) async fn openapi_json() -> Response {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| openapi().to_json().expect("the document is plain JSON"));
    tagged(Format::Json, TEXT.clone().into_bytes())
}

/// `GET /api/v1/docs`: the same for people.
pub(crate) async fn page(State(app): State<Arc<App>>, seen: Seen, headers: HeaderMap) -> Response {
    static DOCUMENT: LazyLock<Value> =
        LazyLock::new(|| serde_json::to_value(openapi()).expect("the document is plain JSON"));
    let base = base(&app, &headers);
    let shell = Shell::new(&app.authority, Room::Api).seen_by(&seen);
    html(StatusCode::OK, &DocsPage::new(shell, &DOCUMENT, &base))
}

fn describe(operation: &Operation) -> Value {
    let mut described = json!({
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.about,
        "operationId": operation.id,
        "responses": responses(operation),
    });
    if !operation.parameters.is_empty() {
        let all = operation.parameters.iter().map(|name| {
            let mut parameter = parameter(name);
            if operation.required.contains(name) {
                parameter["required"] = true.into();
            }
            parameter
        });
        described["parameters"] = all.collect();
    }
    if let Some(body) = &operation.body {
        described["requestBody"] = request_body(body);
    }
    described
}

fn request_body(body: &Body) -> Value {
    let content: Map<String, Value> = body
        .kinds
        .iter()
        .map(|(kind, shape)| {
            let mut media = json!({ "schema": schema(*shape) });
            if let Some(example) = body.example.filter(|_| *kind == "application/json") {
                media["example"] = serde_json::from_str(example).expect("examples are JSON");
            }
            ((*kind).to_owned(), media)
        })
        .collect();
    json!({ "required": true, "content": content })
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    for (status, says, kinds) in operation.answers {
        let content: Map<String, Value> = kinds
            .iter()
            .map(|(kind, shape)| ((*kind).to_owned(), json!({ "schema": schema(*shape) })))
            .collect();
        let mut response = json!({ "description": says });
        if !content.is_empty() {
            response["content"] = content.into();
        }
        responses.insert(status.to_string(), response);
    }
    for kind in operation.problems.iter().chain(&ALWAYS) {
        let status = kind.status().as_u16().to_string();
        let name = kind.name();
        let response = responses.entry(status).or_insert_with(|| {
            json!({
                "description": "",
                "content": { "application/problem+json": {
                    "schema": { "$ref": "#/components/schemas/Problem" },
                    "examples": {},
                }},
            })
        });
        let said = response["description"].as_str().unwrap_or_default();
        let said = if said.is_empty() {
            format!("{}: `/problems/{name}`", kind.title())
        } else {
            format!("{said}; or {}: `/problems/{name}`", kind.title())
        };
        response["description"] = said.into();
        response["content"]["application/problem+json"]["examples"][name] = json!({ "value": {
            "type": format!("/problems/{name}"),
            "title": kind.title(),
            "status": kind.status().as_u16(),
            "detail": kind.about(),
            "instance": "1f0c5a2e00000017",
        }});
    }
    responses.into()
}

fn schema(shape: Shape) -> Value {
    match shape {
        Shape::One(name) => json!({ "$ref": format!("#/components/schemas/{name}") }),
        Shape::Many(name) => json!({
            "type": "array",
            "items": { "$ref": format!("#/components/schemas/{name}") },
        }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Bytes => json!({ "type": "string", "contentMediaType": "application/octet-stream" }),
        Shape::Object => json!({ "type": "object" }),
        Shape::List => json!({ "type": "array", "items": { "type": "object" } }),
    }
}

/// A parameter by its name: the same name means the same thing everywhere.
#[expect(clippy::too_many_lines, reason = "a table: one row is one parameter")]
fn parameter(name: &str) -> Value {
    let (place, kind, example, says) = match name {
        "record" => ("path", "integer", json!(1), "The record's number."),
        "q" => ("query", "string", Value::Null, "Words that must occur."),
        "act" => (
            "query",
            "string",
            json!("token."),
            "A whole act such as `token.make`, or a room with its dot.",
        ),
        "user" => (
            "query",
            "integer",
            Value::Null,
            "Only what this account did.",
        ),
        "target" => (
            "query",
            "string",
            json!("user:2"),
            "Only what was done to this.",
        ),
        "from" | "to" => (
            "query",
            "string",
            json!("2026-11-21"),
            "The first, or the last, day that is meant, in UTC.",
        ),
        "older" => (
            "query",
            "integer",
            Value::Null,
            "Only what is older: `next` of the page before.",
        ),
        "data" => (
            "query",
            "string",
            json!("192.0.2.7"),
            "What to look up, defanged or not.",
        ),
        "kindQuery" => (
            "query",
            "string",
            json!("IPV4"),
            "Its kind, as on the wire; detected, or any, unless said.",
        ),
        "kindPath" => ("path", "string", json!("IPV4"), "The kind, as on the wire."),
        "value" => (
            "path",
            "string",
            json!("192.0.2.7"),
            "The value, percent-encoded.",
        ),
        "sourceIds" => (
            "query",
            "string",
            json!("urlhaus"),
            "Only these sources, by number or slug; may be given again, or with commas. `source_ids` and `sources` mean the same. Missing: all.",
        ),
        "tlp" => (
            "query",
            "string",
            json!("AMBER"),
            "How far the value may travel: CLEAR, GREEN, AMBER, AMBER+STRICT, RED.",
        ),
        "fresh" => (
            "query",
            "boolean",
            Value::Null,
            "Ask although an answer is at hand.",
        ),
        "ignoreErrors" => (
            "query",
            "boolean",
            Value::Null,
            "Leave out sources that have no answer.",
        ),
        "form" => (
            "query",
            "string",
            json!("text"),
            "What the body is: auto, text, mail, csv, stix, misp.",
        ),
        "kinds" => (
            "query",
            "string",
            json!("DOMAIN,IPV4"),
            "Only these kinds, with commas.",
        ),
        "parts" => (
            "query",
            "boolean",
            Value::Null,
            "Tell hosts of URLs and domains of addresses of mail too.",
        ),
        "format" => ("query", "string", json!("md"), "json, csv or md."),
        "verdict" => (
            "query",
            "string",
            json!("MALICIOUS"),
            "UNKNOWN, CLEAN, KNOWN_GOOD, SUSPICIOUS or MALICIOUS.",
        ),
        "userId" => ("query", "integer", Value::Null, "Only this account's."),
        "bulkId" => ("query", "integer", Value::Null, "Only items of this bulk."),
        "asked" => (
            "query",
            "boolean",
            Value::Null,
            "Only what somebody asked for alone: no bulks, no watches.",
        ),
        "itemState" => ("query", "string", json!("WAITING"), "WAITING or DONE."),
        "troubled" => (
            "query",
            "boolean",
            Value::Null,
            "Only those with a source in trouble.",
        ),
        "afterPlace" => (
            "query",
            "integer",
            Value::Null,
            "Only what comes after this place: the last one of the page before.",
        ),
        "all" => (
            "query",
            "boolean",
            Value::Null,
            "Everybody's, not only one's own.",
        ),
        "requestId" => ("query", "integer", json!(1), "Of which request."),
        "secret" => ("path", "string", Value::Null, "The last part of the link."),
        "slug" => ("path", "string", json!("urlhaus"), "The slug."),
        "slugQuery" => (
            "query",
            "string",
            Value::Null,
            "Its name in addresses; made from its name, unless said.",
        ),
        "n" => ("path", "integer", json!(1), "The version's number."),
        "against" => (
            "query",
            "integer",
            Value::Null,
            "The number of the version to compare with.",
        ),
        "fromHour" => (
            "query",
            "string",
            json!("2026-01-01T00:00:00Z"),
            "The first hour.",
        ),
        "toHour" => (
            "query",
            "string",
            Value::Null,
            "The last hour; now, unless said.",
        ),
        "url" => ("query", "string", Value::Null, "Whose icon; not looked at."),
        "wait" => (
            "query",
            "string",
            json!(""),
            "Answer once the interval is sealed, at most for the time that the server allows. Its presence is enough.",
        ),
        "witnessed" => (
            "query",
            "string",
            json!(""),
            "Under a checkpoint that a witness cosigned, or not at all. Its presence is enough.",
        ),
        "compact" => (
            "query",
            "string",
            json!(""),
            "Take the raw body, wait, and answer in one line. Its presence is enough.",
        ),
        "tag" => (
            "query",
            "string",
            json!("release 1.2"),
            "A word under which the timestamp can be found again: 1 to 36 characters.",
        ),
        "before" => (
            "query",
            "string",
            Value::Null,
            "Only timestamps older than the one with this id.",
        ),
        "limit" => (
            "query",
            "integer",
            json!(100),
            "How many at most: 1 to 1,000.",
        ),
        "after" => (
            "query",
            "integer",
            Value::Null,
            "The last interval that you have; what came after it is replayed. `Last-Event-ID` means the same.",
        ),
        "id" => (
            "path",
            "string",
            json!("00000000-0000-8000-8617-6b1c5fc00000"),
            "A timestamp's id.",
        ),
        "i" => ("path", "integer", json!(0), "An interval's number, from 0."),
        "x" => (
            "path",
            "integer",
            json!(1),
            "A number of intervals, or one of them; see the description.",
        ),
        "y" => (
            "path",
            "integer",
            json!(1),
            "A number of intervals; see the description.",
        ),
        "serial" => (
            "path",
            "string",
            Value::Null,
            "The token's serial number in hexadecimal digits.",
        ),
        "name" => (
            "path",
            "string",
            json!("entries/000.p/1"),
            "A tile's path as C2SP tlog-tiles writes it.",
        ),
        _ => ("path", "string", json!("not-found"), "A problem's name."),
    };
    let mut parameter = json!({
        "name": match name {
            "record" => "id",
            "older" => "before",
            "kindQuery" | "kindPath" => "kind",
            "itemState" => "state",
            "afterPlace" => "after",
            "secret" | "slug" => "name",
            "slugQuery" => "slug",
            "fromHour" => "from",
            "toHour" => "to",
            name => name,
        },
        "in": place,
        "required": place == "path",
        "description": says,
        "schema": { "type": kind },
    });
    if !example.is_null() {
        parameter["example"] = example;
    }
    parameter
}
