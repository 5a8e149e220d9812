//! In which form a request comes, and in which its answer goes.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tlog::TreeHash as _;

use crate::negotiate::{Format, negotiate};
use crate::problem::{ApiError, Kind};

/// The forms of a request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forms {
    /// How the body is to be read.
    pub own: Format,
    /// What the sender would rather have of JSON, CBOR and a page.
    pub best: Format,
    /// The same, where there is no page.
    pub data: Format,
}

impl<S: Sync> FromRequestParts<S> for Forms {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::of(&parts.headers)
    }
}

impl Forms {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        // As the original has it: CBOR if the type says exactly that, else JSON.
        let is_cbor = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == Format::Cbor.content_type());
        let (own, other) = if is_cbor {
            (Format::Cbor, Format::Json)
        } else {
            (Format::Json, Format::Cbor)
        };
        let Some(accept) = headers.get(header::ACCEPT) else {
            return Ok(Self {
                own,
                best: own,
                data: own,
            });
        };
        // What nearly every program sends needs no weighing.
        if accept == "*/*" || accept == own.content_type() {
            return Ok(Self {
                own,
                best: own,
                data: own,
            });
        }
        let data = negotiate(headers, &[own, other]);
        let best = negotiate(headers, &[own, other, Format::Html]);
        let best = best.or(data).ok_or_else(not_acceptable)?;
        // A page that accepts nothing else is shown the data all the same, where there is no page.
        let data = data.unwrap_or(own);
        Ok(Self { own, best, data })
    }
}

pub(crate) fn not_acceptable() -> ApiError {
    ApiError::new(
        Kind::NotAcceptable,
        "This answer can be had as application/json or application/cbor",
    )
}

/// Most headers of an ordinary answer.
const HEADERS: usize = 12;

/// An answer in one of our forms.
pub(crate) fn answer(format: Format, bytes: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(bytes.into()));
    // Room for all that the edge adds: growing step by step would cost two allocations more.
    response.headers_mut().reserve(HEADERS);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    response
}

/// An answer that differs by `Accept`, with the tag of its bytes.
pub(crate) fn tagged(format: Format, bytes: Vec<u8>) -> Response {
    let tag = tag_of(&bytes);
    let mut response = answer(format, bytes);
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// A tag that changes with the bytes. Weak, because the bytes may yet be compressed.
pub(crate) fn tag_of(bytes: &[u8]) -> HeaderValue {
    let digest = tlog::Sha256::digest(bytes);
    let tag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]));
    HeaderValue::try_from(tag).expect("base64 fits a header")
}

/// Sends a browser to a page.
pub(crate) fn see(page: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    let page = HeaderValue::try_from(page).expect("our own paths are ASCII");
    headers.insert(header::LOCATION, page);
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}
