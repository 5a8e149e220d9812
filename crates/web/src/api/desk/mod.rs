//! The desk's JSON and events: lookups, their history and evidence, sources, lists, secrets, feeds,
//! figures. The third seed's addresses and forms (camelCase, ids as texts, lists as arrays), and ours
//! beside them. Lists are pages: the next one is asked for with `before` and the last id.

mod aliases;
mod asked;
mod bodies;
mod bulks;
mod execute;
mod export;
mod extract;
mod feeds;
mod figures;
mod ignore_lists;
mod kinds;
mod providers;
mod refusals;
mod requests;
mod routes;
mod secrets;
mod source_body;
mod source_views;
mod sources;
mod trials;
mod views;
mod warning_lists;
mod watches;

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::routes::routes;
use super::forms::answer;
use crate::negotiate::Format;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;

fn said(value: &Value) -> Response {
    answer(Format::Json, value.to_string())
}

/// JSON that is text already.
fn spliced(text: String) -> Response {
    answer(Format::Json, text)
}

/// A view as JSON, with what is JSON text already put in as it is.
fn json_text(view: &impl Serialize) -> String {
    serde_json::to_string(view).expect("our own views are plain data")
}

fn made(value: &Value) -> Response {
    let mut response = said(value);
    *response.status_mut() = StatusCode::CREATED;
    response
}

/// Done, and there is no more to say: what `PUT` answers in the third seed.
fn created() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::CREATED;
    response
}

fn gone() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A number as the third seed answers it: plain text.
fn plain(text: String) -> Response {
    answer(Format::Text, text)
}

fn unknown() -> ApiError {
    ApiError::plain(Kind::NoSuchThing)
}

/// The number in the address.
fn id(segments: &Segments) -> Result<i64, ApiError> {
    let number = segments.text(0).parse();
    number.map_err(|_| unknown().field("id"))
}
