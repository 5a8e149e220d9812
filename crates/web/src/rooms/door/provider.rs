//! Signing in by another house's word: to the provider and back (`OpenID` Connect).

use std::sync::Arc;

use accounts::{OidcAnswer, OidcFinished};
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, Uri, header};

use super::{device, go_on};
use crate::api::forms::see;
use crate::app::App;
use crate::identity::Seen;
use crate::origin::local_page;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::frame::{asked, done};

/// Sends the browser to the provider.
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let next = asked(&uri, "next")?;
    let slug = segments.text(0);
    let place = app
        .accounts
        .oidc_start(slug, local_page(&next), &seen.browser)
        .await?;
    Ok(away(place.as_str()))
}

/// A page of another house. Its address may hold anything that an address may.
pub(crate) fn away(place: &str) -> Response {
    let mut response = see("/");
    if let Ok(place) = HeaderValue::try_from(place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// Takes what the browser brings back.
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (state, code) = (asked(&uri, "state")?, asked(&uri, "code")?);
    let (iss, error) = (asked(&uri, "iss")?, asked(&uri, "error")?);
    if state.is_empty() {
        return Err(
            ApiError::new(Kind::MalformedQuery, "A provider's answer has a state").field("state"),
        );
    }
    let answer = OidcAnswer {
        state: &state,
        code: given(&code),
        iss: given(&iss),
        error: given(&error),
    };
    let finished = app
        .accounts
        .oidc_finish(
            segments.text(0),
            answer,
            &seen.browser,
            &device(&seen),
            &seen.actor,
        )
        .await?;
    Ok(match finished {
        OidcFinished::SignIn { step, next } => {
            go_on(&app, &seen, &step, next.as_deref().unwrap_or_default())
        }
        OidcFinished::Linked => done(&seen, "/account/security", "saved"),
    })
}

/// A parameter that is there.
fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
