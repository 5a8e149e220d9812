//! Signing in by password or by a code from a mail, and the second factor; signing out.

use std::sync::Arc;

use accounts::{SecondFactor, SignUp};
use axum::extract::State;
use axum::response::Response;
use http::{Uri, header};

use super::{HOME, device, enter, go_on, second_page, status};
use crate::api::forms::see;
use crate::app::App;
use crate::cookie::Cookie;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::origin::local_page;
use crate::problem::ApiError;
use crate::rooms::frame::{Frame, address, asked, done};
use crate::rooms::refusals::Refusal as _;
use crate::rooms::view::{Ask, Block, Field, Kind as Input, Wrong};

/// The sign-in page.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let next = asked(&uri, "next")?;
    if seen.identity.is_some() {
        return Ok(see(local_page(&next).unwrap_or(HOME)));
    }
    door(&app, &seen, "", &next, None).await
}

async fn door(
    app: &App,
    visitor: &Visitor,
    email: &str,
    next: &str,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let next = local_page(next).unwrap_or_default();
    let mut blocks = Vec::new();
    if app.accounts.needs_setup().await? {
        blocks.push(Block::warning(
            "Nobody has an account here yet. Whoever started the server finds a link in its output that makes the first one.",
        ));
    }
    let mail = Field::new("email", "E-mail", Input::Email)
        .value(email)
        .fills("username webauthn")
        .required()
        .first();
    let password = Field::new("password", "Password", Input::Password)
        .fills("current-password")
        .required();
    let ask = Ask::new("/sign-in", "Sign in")
        .field(mail)
        .field(password)
        .hide("next", next);
    blocks.push(Block::Form(ask.wrong(wrong)));
    if app.accounts.passkeys_available() {
        blocks.push(Block::Passkey {
            mode: "sign-in",
            next: next.to_owned(),
        });
    }
    let providers = app.accounts.oidc_providers();
    if !providers.is_empty() {
        blocks.push(Block::Heading("With an account elsewhere"));
        let link = |slug: &str| address(&format!("/sign-in/{slug}"), &[("next", next)]);
        blocks.push(Block::Links(
            providers
                .iter()
                .map(|one| (link(&one.slug), one.name.clone()))
                .collect(),
        ));
    }
    blocks.push(Block::Heading("By mail, without a password"));
    let code = Field::new("code-email", "E-mail", Input::Email)
        .fills("email")
        .required();
    let by_mail = Ask {
        is_quiet: true,
        ..Ask::new("/sign-in/send-code", "Send me a code")
    };
    blocks.push(Block::Form(by_mail.field(code).hide("next", next)));
    let mut below = vec![("/reset".to_owned(), "I forgot my password")];
    if app.accounts.settings().sign_up == SignUp::Open {
        below.push(("/sign-up".to_owned(), "Make an account"));
    }
    Ok(Frame::at(app, visitor, "").status(status(wrong)).show_door(
        "Sign in",
        "The log itself needs no account: stamp, read and verify without one.",
        blocks,
        below,
    ))
}

/// Takes address and password.
pub(crate) async fn password(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    let (email, next) = (form.text("email"), form.text("next"));
    let tried = app
        .accounts
        .sign_in_password(email, form.raw("password"), &device(&form), &form.actor)
        .await;
    match tried {
        Ok(step) => Ok(go_on(&app, &form, &step, next)),
        Err(error) => door(&app, &form, email, next, Some(&error.at_form()?)).await,
    }
}

/// Sends a code, and asks for it.
pub(crate) async fn send_code(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    let (email, next) = (form.text("code-email"), form.text("next"));
    let challenge = match app.accounts.send_code(email, &form.actor).await {
        Ok(challenge) => challenge,
        Err(error) => {
            let wrong = Wrong::form(error.at_form()?.says);
            return door(&app, &form, email, next, Some(&wrong)).await;
        }
    };
    Ok(code_page(
        &app,
        &form,
        email,
        challenge.token.expose(),
        next,
        None,
    ))
}

fn code_page(
    app: &App,
    visitor: &Visitor,
    email: &str,
    challenge: &str,
    next: &str,
    wrong: Option<&Wrong>,
) -> Response {
    let code = Field::new("code", "Code", Input::Digits)
        .hint("Six digits; good for ten minutes.")
        .fills("one-time-code")
        .required()
        .first();
    let ask = Ask::new("/sign-in/code", "Sign in")
        .field(code)
        .hide("challenge", challenge)
        .hide("email", email)
        .hide("next", next)
        .wrong(wrong);
    Frame::at(app, visitor, "").status(status(wrong)).show_door(
        "Look into your mail",
        format!("If {email} has an account here, a code is on its way to it."),
        vec![Block::Form(ask)],
        super::back(),
    )
}

/// Takes the code from the mail.
pub(crate) async fn code(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let (challenge, next) = (form.text("challenge"), form.text("next"));
    let tried = app
        .accounts
        .sign_in_code(challenge, form.text("code"), &device(&form), &form.actor)
        .await;
    match tried {
        Ok(step) => Ok(go_on(&app, &form, &step, next)),
        Err(error) => {
            let wrong = error.at_form()?;
            Ok(code_page(
                &app,
                &form,
                form.text("email"),
                challenge,
                next,
                Some(&wrong),
            ))
        }
    }
}

/// Takes the second factor.
pub(crate) async fn second(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let (challenge, next) = (form.text("challenge"), form.text("next"));
    let recovery = form.text("recovery");
    let factor = if recovery.is_empty() {
        SecondFactor::Totp(form.text("code"))
    } else {
        SecondFactor::Recovery(recovery)
    };
    let tried = app
        .accounts
        .second_factor(challenge, factor, &device(&form), &form.actor)
        .await;
    match tried {
        Ok(signed_in) => Ok(enter(&form, &signed_in, next)),
        Err(error) => Ok(second_page(
            &app,
            &form,
            challenge,
            next,
            Some(&error.at_form()?),
        )),
    }
}

/// Ends the session, here and on the server.
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    app.accounts.sign_out(&form.caller()?).await?;
    let mut response = done(&form, "/sign-in", "signed-out");
    let gone = Cookie::Session.clear(form.secure);
    response.headers_mut().append(header::SET_COOKIE, gone);
    Ok(response)
}
