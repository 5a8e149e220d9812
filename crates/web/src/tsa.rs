//! RFC 3161 over HTTP: queries in, replies out, and the tokens that were issued.

use std::sync::Arc;
use std::time::Duration;

use ::tsa::response::{QUERY_MEDIA_TYPE, REPLY_MEDIA_TYPE, granted, rejected};
use ::tsa::{Authority, Failure, Request, Token};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use stamp::{SubmitError, TokenError};

use crate::api::forms::tag_of;
use crate::app::{App, Caller, tell};
use crate::body::Whole;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;

/// The time-stamp authority of this server.
pub struct TimeStamping {
    /// Signs tokens.
    pub authority: Authority,
    /// The certificate that clients trust, PEM.
    pub ca_pem: String,
    /// The signer's certificate and those between it and the CA, PEM.
    pub chain_pem: String,
}

/// What a client says that was not told the type: `curl --data-binary @- …` claims a form.
const UNTOLD_MEDIA_TYPES: [&str; 3] = [
    "",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
];
/// When a token's proof may be there.
const RETRY: Duration = Duration::from_secs(1);
/// Hexadecimal digits of a serial number at most.
const SERIAL_DIGITS_MAX: usize = 32;

/// Answers a time-stamp query. Whatever is wrong with a query is said in the reply, as clients
/// expect; only what is no query at all gets a problem document.
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Whole,
) -> Result<Response, ApiError> {
    let time_stamping = switched_on(&app)?;
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_kind = |known: &str| kind.eq_ignore_ascii_case(known);
    if !is_kind(QUERY_MEDIA_TYPE) && !UNTOLD_MEDIA_TYPES.into_iter().any(is_kind) {
        return Err(ApiError::new(
            Kind::UnsupportedMediaType,
            format!("A time-stamp query has the Content-Type {QUERY_MEDIA_TYPE}"),
        ));
    }
    let request = match Request::parse(&body.bytes) {
        Ok(request) => request,
        Err(error) => return Ok(reply(rejected(error.failure(), &error.to_string()))),
    };
    let left = caller.take_timestamps(&app, 1)?;
    let issued = app
        .notary
        .submit_token(&time_stamping.authority, &request)
        .await;
    let mut response = match issued {
        Ok(token) => {
            let serial = u128::from_be_bytes(token.serial);
            let place = format!("/tsa/tokens/{serial:032x}");
            let token = stored(&token.der)?;
            let mut response = reply(granted(&token));
            let place = HeaderValue::try_from(place).expect("hexadecimal digits");
            response.headers_mut().insert(header::LOCATION, place);
            response
        }
        Err(error) => reply(refusal(&error)),
    };
    tell(&app.guard.timestamps, left, response.headers_mut());
    Ok(response)
}

/// The certificate to trust.
pub(crate) async fn ca(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    Ok(pem(&switched_on(&app)?.ca_pem))
}

/// The certificates below it.
pub(crate) async fn chain(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    Ok(pem(&switched_on(&app)?.chain_pem))
}

/// A token that was issued, as a reply; once it is sealed, with its proof as an unsigned attribute.
pub(crate) async fn token(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    switched_on(&app)?;
    let unknown = || ApiError::plain(Kind::UnknownToken).field("serial");
    let digits = segments.text(0);
    let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_hex || digits.len() > SERIAL_DIGITS_MAX {
        return Err(ApiError::new(
            Kind::UnknownToken,
            format!("A serial number has 1 to {SERIAL_DIGITS_MAX} hexadecimal digits"),
        )
        .field("serial"));
    }
    let serial = u128::from_str_radix(digits, 16).map_err(|_| unknown())?;
    let found = app.ledger.token_with_proof(serial.to_be_bytes()).await?;
    let found = found.ok_or_else(unknown)?;
    let bytes = granted(&stored(&found.der)?);
    let tag = tag_of(&bytes);
    let mut response = reply(bytes);
    let headers = response.headers_mut();
    if found.proven {
        // The proof is there, but later ones may carry more cosignatures.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::ETAG, tag);
    } else {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::RETRY_AFTER, crate::problem::seconds(RETRY));
    }
    Ok(response)
}

fn switched_on(app: &App) -> Result<&TimeStamping, ApiError> {
    app.time_stamping.as_ref().ok_or_else(|| {
        ApiError::new(
            Kind::RoleAbsent,
            "This server is no RFC 3161 time-stamp authority",
        )
    })
}

/// A token of our own, read back. Failing here is our mistake.
fn stored(der: &[u8]) -> Result<Token, ApiError> {
    Token::parse(der).map_err(|error| ApiError::plain(Kind::Internal).because(error))
}

fn refusal(error: &TokenError) -> Vec<u8> {
    match error {
        TokenError::Refused(refusal) => rejected(refusal.failure(), &refusal.to_string()),
        TokenError::Submit(error @ SubmitError::ClockOff(_)) => {
            rejected(Failure::TimeNotAvailable, &error.to_string())
        }
        TokenError::Submit(error @ SubmitError::PoolFull { .. }) => {
            rejected(Failure::SystemFailure, &error.to_string())
        }
        TokenError::Submit(SubmitError::Unavailable(error)) => {
            tracing::error!(%error, "no token was issued");
            rejected(Failure::SystemFailure, "the log did not answer; try again")
        }
    }
}

fn reply(der: impl Into<Bytes>) -> Response {
    dressed(REPLY_MEDIA_TYPE, der.into())
}

fn pem(text: &str) -> Response {
    dressed("application/x-pem-file", text.to_owned().into())
}

fn dressed(kind: &'static str, bytes: Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
