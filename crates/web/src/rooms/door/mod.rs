//! Before the rooms: signing in by every way there is, and the links that lead to an account.

pub(crate) mod confirm;
pub(crate) mod links;
pub(crate) mod passkey;
pub(crate) mod provider;
pub(crate) mod sign_in;

use accounts::{Device, SignInStep, SignedIn};
use axum::response::Response;
use http::{StatusCode, header};

use super::frame::Frame;
use super::view::{Ask, Block, Field, Kind as Input, Wrong};
use crate::access::Access;
use crate::api::forms::see;
use crate::app::App;
use crate::cookie::Cookie;
use crate::form::FORM_BYTES;
use crate::identity::Visitor;
use crate::origin::local_page;
use crate::router::{Cache, Route, get, post};

/// How long a browser keeps the session's cookie, in seconds: at least as long as any session
/// lasts. When a session ends is the server's decision alone.
const COOKIE_S: u64 = 90 * 86_400;
/// Longest answer of a browser about a passkey, in bytes.
const CREDENTIAL_BYTES: usize = 64 * 1024;
/// Where those go who wanted nothing in particular.
const HOME: &str = "/account";

/// Every address before the rooms.
pub(crate) fn routes() -> Vec<Route> {
    use Access::{Public, SignedIn};
    use Cache::Never;
    vec![
        get("/sign-in", Public, Never, sign_in::page),
        post("/sign-in", Public, FORM_BYTES, sign_in::password),
        post("/sign-in/send-code", Public, FORM_BYTES, sign_in::send_code),
        post("/sign-in/code", Public, FORM_BYTES, sign_in::code),
        post("/sign-in/second", Public, FORM_BYTES, sign_in::second),
        post("/sign-in/passkey/start", Public, FORM_BYTES, passkey::start),
        post(
            "/sign-in/passkey/finish",
            Public,
            CREDENTIAL_BYTES,
            passkey::finish,
        ),
        get("/sign-in/{provider}", Public, Never, provider::start),
        get(
            "/sign-in/{provider}/answer",
            Public,
            Never,
            provider::answer,
        ),
        post("/sign-out", SignedIn, FORM_BYTES, sign_in::sign_out),
        get("/setup/{ticket}", Public, Never, links::setup_page),
        post("/setup/{ticket}", Public, FORM_BYTES, links::set_up),
        get("/sign-up", Public, Never, links::sign_up_page),
        post("/sign-up", Public, FORM_BYTES, links::sign_up),
        get("/verify-email/{ticket}", Public, Never, links::email_page),
        post("/verify-email/{ticket}", Public, FORM_BYTES, links::email),
        get("/reset", Public, Never, links::reset_page),
        post("/reset", Public, FORM_BYTES, links::ask_reset),
        get("/reset/{ticket}", Public, Never, links::new_password_page),
        post("/reset/{ticket}", Public, FORM_BYTES, links::new_password),
        get(
            "/invitation/{ticket}",
            Public,
            Never,
            links::invitation_page,
        ),
        post("/invitation/{ticket}", Public, FORM_BYTES, links::accept),
        get("/account/confirm", SignedIn, Never, confirm::page),
        post("/account/confirm", SignedIn, FORM_BYTES, confirm::confirm),
    ]
}

/// The browser, as the sessions' list will name it.
fn device(visitor: &Visitor) -> Device {
    Device::of(Some(&visitor.agent), visitor.actor.address)
}

/// Opens the door: the session's cookie, and the way to where they wanted to go.
fn enter(visitor: &Visitor, signed_in: &SignedIn, next: &str) -> Response {
    let mut response = see(local_page(next).unwrap_or(HOME));
    let cookie = Cookie::Session.set(signed_in.cookie.expose(), Some(COOKIE_S), visitor.secure);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// Goes on after the first factor.
fn go_on(app: &App, visitor: &Visitor, step: &SignInStep, next: &str) -> Response {
    match step {
        SignInStep::Done(signed_in) => enter(visitor, signed_in, next),
        SignInStep::SecondFactor(challenge) => {
            second_page(app, visitor, challenge.token.expose(), next, None)
        }
    }
}

/// Asks for the second factor.
fn second_page(
    app: &App,
    visitor: &Visitor,
    challenge: &str,
    next: &str,
    wrong: Option<&Wrong>,
) -> Response {
    let code = Field::new("code", "Code", Input::Digits)
        .hint("Six digits from your authenticator app.")
        .fills("one-time-code")
        .required()
        .first();
    let ask = Ask::new("/sign-in/second", "Sign in")
        .field(code)
        .hide("challenge", challenge)
        .hide("next", next)
        .wrong(wrong);
    let spare = Ask {
        is_quiet: true,
        ..Ask::new("/sign-in/second", "Use a recovery code")
    };
    let spare = spare
        .field(
            Field::new("recovery", "Recovery code", Input::Code)
                .fills("off")
                .required(),
        )
        .hide("challenge", challenge)
        .hide("next", next);
    let blocks = vec![
        Block::Form(ask),
        Block::Heading("Without the app"),
        Block::Form(spare),
    ];
    Frame::at(app, visitor, "").status(status(wrong)).show_door(
        "One more code",
        "This account asks for a second factor.",
        blocks,
        back(),
    )
}

fn back() -> Vec<(String, &'static str)> {
    vec![("/sign-in".to_owned(), "Back to sign-in")]
}

/// A form that came back with a mark was not accepted.
fn status(wrong: Option<&Wrong>) -> StatusCode {
    match wrong {
        None => StatusCode::OK,
        Some(wrong) if wrong.field.is_empty() => StatusCode::FORBIDDEN,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
