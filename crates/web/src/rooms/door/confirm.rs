//! Showing again who one is, before something that cannot be taken back.

use std::sync::Arc;

use accounts::Confirmation;
use axum::extract::State;
use axum::response::Response;
use http::Uri;

use super::{HOME, status};
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::origin::local_page;
use crate::problem::ApiError;
use crate::rooms::frame::{Frame, asked, done};
use crate::rooms::refusals::Refusal as _;
use crate::rooms::view::{Ask, Block, Field, Kind as Input, Wrong};

/// Asks for a factor.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let next = asked(&uri, "next")?;
    shown(&app, &seen, &next, None).await
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    next: &str,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let factors = app.accounts.profile(&visitor.caller()?).await?.user.factors;
    let next = local_page(next).unwrap_or(HOME);
    let mut blocks = Vec::new();
    if factors.password {
        let password = Field::new("password", "Password", Input::Password);
        let password = password.fills("current-password").required().first();
        let ask = Ask::new("/account/confirm", "Confirm")
            .field(password)
            .hide("next", next);
        blocks.push(Block::Form(ask.wrong(wrong)));
    }
    if factors.totp {
        let code = Field::new("code", "Code of your authenticator app", Input::Digits);
        let code = code.fills("one-time-code").required();
        let ask = Ask {
            is_quiet: factors.password,
            ..Ask::new("/account/confirm", "Confirm by code")
        };
        let ask = ask.field(code).hide("next", next);
        let mark = wrong.filter(|_| !factors.password);
        blocks.push(Block::Form(ask.wrong(mark)));
    }
    if factors.passkeys > 0 {
        blocks.push(Block::Passkey {
            mode: "confirm",
            next: next.to_owned(),
        });
    }
    if blocks.is_empty() {
        blocks.push(Block::notice(
            "This account has neither password, app nor passkey. Sign out and in again by mail or provider: that confirms it for 15 minutes.",
        ));
    }
    Ok(Frame::at(app, visitor, "").status(status(wrong)).show_door(
        "Confirm that it is you",
        "What follows cannot be undone, so the last sign-in has to be a recent one. This holds for 15 minutes.",
        blocks,
        vec![(next.to_owned(), "Not now")],
    ))
}

/// Takes the factor.
pub(crate) async fn confirm(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let next = form.text("next");
    let code = form.text("code");
    let given = if code.is_empty() {
        Confirmation::Password(form.raw("password"))
    } else {
        Confirmation::Totp(code)
    };
    match app.accounts.confirm(&form.caller()?, given).await {
        Ok(_) => Ok(done(&form, local_page(next).unwrap_or(HOME), "confirmed")),
        Err(error) => shown(&app, &form, next, Some(&error.at_form()?)).await,
    }
}
