//! What the pages' script asks about passkeys: `WebAuthn`'s own JSON in, our challenge beside it.

use std::sync::Arc;

use accounts::{Challenge, SignedIn};
use axum::extract::State;
use axum::response::Response;
use http::header;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{HOME, device, enter};
use crate::api::forms::answer;
use crate::app::App;
use crate::form::Asked;
use crate::identity::Visitor;
use crate::negotiate::Format;
use crate::origin::local_page;
use crate::problem::{ApiError, Kind};

/// Nothing but the form's token is needed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// What the browser made of the challenge.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finish {
    challenge: String,
    credential: Value,
    #[serde(default)]
    next: String,
    #[serde(default)]
    name: String,
}

fn challenge((challenge, options): &(Challenge, Value)) -> Response {
    let said = json!({ "challenge": challenge.token.expose(), "options": options });
    answer(Format::Json, said.to_string())
}

fn lead(next: &str) -> Response {
    answer(Format::Json, json!({ "next": next }).to_string())
}

/// Begins to sign in.
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    _: Asked<Nothing>,
) -> Result<Response, ApiError> {
    let started = app.accounts.passkey_sign_in_start().await?;
    let started = started.ok_or_else(|| {
        ApiError::new(
            Kind::RoleAbsent,
            "Passkeys need a public address with TLS, or localhost",
        )
    })?;
    Ok(challenge(&started))
}

/// Signs in.
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    asked: Asked<Finish>,
) -> Result<Response, ApiError> {
    let Asked { seen, body } = asked;
    let signed_in = app
        .accounts
        .passkey_sign_in_finish(
            &body.challenge,
            body.credential,
            &device(&seen),
            &seen.actor,
        )
        .await?;
    Ok(entered(&seen, &signed_in, &body.next))
}

/// The same as [`enter`], for a script: it goes to the page itself.
fn entered(visitor: &Visitor, signed_in: &SignedIn, next: &str) -> Response {
    let entered = enter(visitor, signed_in, next);
    let mut response = lead(local_page(next).unwrap_or(HOME));
    for cookie in entered.headers().get_all(header::SET_COOKIE) {
        response
            .headers_mut()
            .append(header::SET_COOKIE, cookie.clone());
    }
    response
}

/// Begins to add one.
pub(crate) async fn add_start(
    State(app): State<Arc<App>>,
    asked: Asked<Nothing>,
) -> Result<Response, ApiError> {
    let caller = asked.seen.caller()?;
    Ok(challenge(&app.accounts.passkey_add_start(&caller).await?))
}

/// Adds one.
pub(crate) async fn add_finish(
    State(app): State<Arc<App>>,
    asked: Asked<Finish>,
) -> Result<Response, ApiError> {
    let Asked { seen, body } = asked;
    let name = if body.name.trim().is_empty() {
        device(&seen).name
    } else {
        body.name
    };
    let caller = seen.caller()?;
    app.accounts
        .passkey_add_finish(&caller, &body.challenge, &name, body.credential)
        .await?;
    Ok(lead("/account/security"))
}

/// Begins to show again who one is.
pub(crate) async fn confirm_start(
    State(app): State<Arc<App>>,
    asked: Asked<Nothing>,
) -> Result<Response, ApiError> {
    let caller = asked.seen.caller()?;
    Ok(challenge(
        &app.accounts.passkey_confirm_start(&caller).await?,
    ))
}

/// Shows it.
pub(crate) async fn confirm_finish(
    State(app): State<Arc<App>>,
    asked: Asked<Finish>,
) -> Result<Response, ApiError> {
    let Asked { seen, body } = asked;
    let caller = seen.caller()?;
    app.accounts
        .passkey_confirm_finish(&caller, &body.challenge, body.credential)
        .await?;
    Ok(lead(local_page(&body.next).unwrap_or(HOME)))
}
