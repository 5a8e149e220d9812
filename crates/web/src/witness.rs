//! A witness over HTTP: C2SP `tlog-witness`. Its answers are plain text, as that protocol has it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use base::Unavailable;
use http::{HeaderValue, StatusCode, header};
use stamp::witness::Witness;
use tlog::{ADD_CHECKPOINT_BYTES_MAX, AddCheckpoint, CONFLICT_CONTENT_TYPE, Verdict};

use crate::body::read_within;
use crate::guard::Guard;
use crate::negotiate::Format;
use crate::problem::{ApiError, Kind};

#[derive(Clone)]
struct Serving {
    witness: Arc<Witness>,
    guard: Arc<Guard>,
}

/// `POST /add-checkpoint`, and `GET /` for people and for whoever sets up a log.
pub(crate) fn router(witness: Arc<Witness>, guard: Arc<Guard>) -> Router {
    Router::new()
        .route("/", get(introduce))
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/healthz", get(healthy))
        .fallback(|| async { ApiError::plain(Kind::NotFound) })
        .method_not_allowed_fallback(|| async { ApiError::plain(Kind::MethodNotAllowed) })
        .with_state(Serving { witness, guard })
}

async fn introduce(State(Serving { witness, .. }): State<Serving>) -> Result<Response, ApiError> {
    let key = witness.key();
    let mut lines = format!("Witness {}\n{key}\n\nKnown logs:\n", key.name());
    for log in witness.logs() {
        let size = witness
            .remembered(log.name())
            .await?
            .map_or(0, |seen| seen.size);
        let _ = writeln!(lines, "{log} size {size}");
    }
    Ok(text(StatusCode::OK, Format::Text.content_type(), lines))
}

async fn add_checkpoint(
    State(Serving { witness, guard }): State<Serving>,
    request: Request,
) -> Result<Response, ApiError> {
    let timeout = guard.settings.body_timeout;
    let body = read_within(request, ADD_CHECKPOINT_BYTES_MAX, timeout).await?;
    let plain = Format::Text.content_type();
    let request = match AddCheckpoint::parse(&body) {
        Ok(request) => request,
        Err(error) => return Ok(text(StatusCode::BAD_REQUEST, plain, format!("{error}\n"))),
    };
    let judgement = witness.add_checkpoint(&request).await?;
    let status = StatusCode::from_u16(judgement.verdict.status());
    let status = status.map_err(|error| ApiError::plain(Kind::Internal).because(error))?;
    Ok(match (judgement.verdict, judgement.cosignature) {
        (_, Some(cosignature)) => text(status, plain, cosignature),
        (Verdict::OldSizeDiffers { remembered }, None) => {
            text(status, CONFLICT_CONTENT_TYPE, format!("{remembered}\n"))
        }
        (verdict, None) => {
            tracing::info!(origin = request.origin(), %verdict, "a checkpoint was not cosigned");
            text(status, plain, format!("{verdict}\n"))
        }
    })
}

/// The memory must answer: without it a witness may cosign nothing.
async fn healthy(State(Serving { witness, .. }): State<Serving>) -> Result<Response, Unwell> {
    if let Some(log) = witness.logs().first() {
        witness.remembered(log.name()).await?;
    }
    let said = serde_json::json!({ "status": "ok" }).to_string();
    Ok(text(StatusCode::OK, Format::Json.content_type(), said))
}

struct Unwell;

impl From<Unavailable> for Unwell {
    fn from(error: Unavailable) -> Self {
        tracing::error!(%error, "the witness's memory is broken");
        Self
    }
}

impl axum::response::IntoResponse for Unwell {
    fn into_response(self) -> Response {
        let said = serde_json::json!({ "status": "broken" }).to_string();
        text(
            StatusCode::SERVICE_UNAVAILABLE,
            Format::Json.content_type(),
            said,
        )
    }
}

fn text(status: StatusCode, kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
