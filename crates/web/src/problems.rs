//! The problems' own documentation: what each `type` leads to.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::api::forms::{answer, tagged};
use crate::app::App;
use crate::negotiate::{Format, negotiate};
use crate::pages::{self, error::ErrorPage};
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::shell::{Room, Shell};

/// Every problem there is.
pub(crate) async fn list() -> Response {
    let all: Vec<Value> = Kind::ALL.iter().map(|kind| describe(*kind)).collect();
    answer(Format::Json, Value::from(all).to_string())
}

/// One problem, by its name: for programs, or as a page for whoever follows its `type`.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    segments: Segments,
) -> Result<Response, ApiError> {
    let kind = Kind::named(segments.text(0)).ok_or_else(|| {
        ApiError::new(
            Kind::NotFound,
            "No problem has this name; all are listed at /problems",
        )
    })?;
    if negotiate(&headers, &[Format::Json, Format::Html]) != Some(Format::Html) {
        return Ok(tagged(
            Format::Json,
            describe(kind).to_string().into_bytes(),
        ));
    }
    let page = ErrorPage {
        shell: Shell::new(&app.authority, Room::Elsewhere),
        status: kind.status().as_u16(),
        title: kind.title(),
        detail: kind.about(),
        about: kind.about(),
        name: kind.name(),
        request: "",
    };
    let mut response = pages::html(StatusCode::OK, &page);
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().insert(header::VARY, vary);
    Ok(response)
}

fn describe(kind: Kind) -> Value {
    json!({
        "type": format!("/problems/{}", kind.name()),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "about": kind.about(),
    })
}
