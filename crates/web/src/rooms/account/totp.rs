//! The authenticator app: set up with a drawing to scan, turned off, and its recovery codes.

use std::sync::Arc;

use accounts::{OwnError, Secret};
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::security::{PLACE, shown};
use super::{Mend, UNFIT, mend};
use crate::app::App;
use crate::drawing::qr;
use crate::form::Form;
use crate::problem::ApiError;
use crate::rooms::frame::{Frame, done};
use crate::rooms::view::{Ask, Block, Field, Kind as Input, Wrong};

/// Shows the key, to scan or to type.
pub(crate) async fn start(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    match app.accounts.totp_start(&form.caller()?).await {
        Ok(made) => {
            let said = [
                made.challenge.expose(),
                made.key.expose(),
                made.url.expose(),
            ];
            Ok(set_up_page(&app, &form, said, None))
        }
        Err(error) => refused(&app, &form, error).await,
    }
}

fn set_up_page(
    app: &App,
    form: &Form,
    [challenge, key, url]: [&str; 3],
    wrong: Option<&Wrong>,
) -> Response {
    let code = Field::new("code", "Code", Input::Digits)
        .hint("The six digits that the app shows now.")
        .fills("one-time-code")
        .required()
        .first();
    let ask = Ask::new("/account/totp/confirm", "Turn it on")
        .field(code)
        .hide("challenge", challenge)
        .hide("key", key)
        .hide("url", url)
        .wrong(wrong);
    let mut blocks = Vec::new();
    if let Some(svg) = qr::draw(url) {
        blocks.push(Block::Drawing {
            svg,
            label: "Scan it with the app, or type the key below.",
        });
    }
    let letters: Vec<char> = key.chars().collect();
    let grouped: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    blocks.push(Block::Note {
        label: "The key",
        text: grouped.join(" "),
    });
    blocks.push(Block::Form(ask));
    let status = wrong.map_or(StatusCode::OK, |_| UNFIT);
    Frame::at(app, form, PLACE)
        .below(PLACE, "Sign-in and security")
        .status(status)
        .show("Set up an authenticator app", "", blocks)
}

/// Turns it on, once a code shows that the app has the key.
pub(crate) async fn confirm(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let said = ["challenge", "key", "url"].map(|name| form.text(name));
    match app
        .accounts
        .totp_confirm(&form.caller()?, said[0], form.text("code"))
        .await
    {
        Ok(codes) => Ok(codes_page(&app, &form, &codes)),
        Err(OwnError::Wrong) => {
            let wrong = Wrong::at("code", "That is not the code that the app shows now.");
            Ok(set_up_page(&app, &form, said, Some(&wrong)))
        }
        Err(error) => refused(&app, &form, error).await,
    }
}

fn codes_page(app: &App, form: &Form, codes: &[Secret]) -> Response {
    let blocks = vec![
        Block::warning(
            "Each code opens the account once, in place of the app. They are shown now and never again: print them, or keep them where you keep other keys.",
        ),
        Block::Codes {
            label: "Recovery codes",
            codes: codes.iter().map(|code| code.expose().to_owned()).collect(),
        },
        Block::Links(vec![(PLACE.to_owned(), "I have kept them".to_owned())]),
    ];
    Frame::at(app, form, PLACE)
        .below(PLACE, "Sign-in and security")
        .show("Recovery codes", "The authenticator app is on.", blocks)
}

/// Ten new codes; older ones are void.
pub(crate) async fn new_codes(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    match app.accounts.new_recovery_codes(&form.caller()?).await {
        Ok(codes) => Ok(codes_page(&app, &form, &codes)),
        Err(error) => refused(&app, &form, error).await,
    }
}

/// Turns it off.
pub(crate) async fn remove(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    match app.accounts.totp_remove(&form.caller()?).await {
        Ok(()) => Ok(done(&form, PLACE, "totp-removed")),
        Err(error) => refused(&app, &form, error).await,
    }
}

async fn refused(app: &App, form: &Form, error: OwnError) -> Result<Response, ApiError> {
    match mend(error, PLACE)? {
        Mend::Elsewhere(response) => Ok(response),
        Mend::Here(wrong) => shown(app, form, Some(&wrong)).await,
    }
}
