//! The problems' own documentation: what each `type` leads to.

use axum::response::Response;
use serde_json::{Value, json};

use crate::api::forms::answer;
use crate::negotiate::Format;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;

/// Every problem there is.
pub(crate) async fn list() -> Response {
    let all: Vec<Value> = Kind::ALL.iter().map(|kind| describe(*kind)).collect();
    answer(Format::Json, Value::from(all).to_string())
}

/// One problem, by its name.
pub(crate) async fn one(segments: Segments) -> Result<Response, ApiError> {
    let kind = Kind::named(segments.text(0)).ok_or_else(|| {
        ApiError::new(
            Kind::NotFound,
            "No problem has this name; all are listed at /problems",
        )
    })?;
    Ok(answer(Format::Json, describe(kind).to_string()))
}

fn describe(kind: Kind) -> Value {
    json!({
        "type": format!("/problems/{}", kind.name()),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "about": kind.about(),
    })
}
