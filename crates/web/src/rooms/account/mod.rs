//! One's own account.

pub(crate) mod data;
pub(crate) mod profile;
pub(crate) mod security;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod totp;

use accounts::OwnError;
use axum::response::Response;
use http::StatusCode;

use super::door::passkey;
use super::frame::address;
use super::refusals::Refusal as _;
use super::view::Wrong;
use crate::access::Access;
use crate::api::forms::see;
use crate::form::FORM_BYTES;
use crate::problem::ApiError;
use crate::router::{Cache, Route, get, post};

/// Longest answer of a browser about a passkey, in bytes.
const CREDENTIAL_BYTES: usize = 64 * 1024;

/// Every address of one's own account.
pub(crate) fn routes() -> Vec<Route> {
    use Access::SignedIn;
    use Cache::Never;
    vec![
        get("/account", SignedIn, Never, profile::page),
        post("/account/name", SignedIn, FORM_BYTES, profile::name),
        post("/account/email", SignedIn, FORM_BYTES, profile::email),
        get("/account/security", SignedIn, Never, security::page),
        post(
            "/account/password",
            SignedIn,
            FORM_BYTES,
            security::password,
        ),
        post(
            "/account/password/remove",
            SignedIn,
            FORM_BYTES,
            security::remove_password,
        ),
        post(
            "/account/passkeys/start",
            SignedIn,
            FORM_BYTES,
            passkey::add_start,
        ),
        post(
            "/account/passkeys/finish",
            SignedIn,
            CREDENTIAL_BYTES,
            passkey::add_finish,
        ),
        post(
            "/account/passkeys/remove",
            SignedIn,
            FORM_BYTES,
            security::remove_passkey,
        ),
        post(
            "/account/confirm/passkey/start",
            SignedIn,
            FORM_BYTES,
            passkey::confirm_start,
        ),
        post(
            "/account/confirm/passkey/finish",
            SignedIn,
            CREDENTIAL_BYTES,
            passkey::confirm_finish,
        ),
        get(
            "/account/providers/{provider}",
            SignedIn,
            Never,
            security::link,
        ),
        post(
            "/account/providers/remove",
            SignedIn,
            FORM_BYTES,
            security::unlink,
        ),
        post("/account/totp", SignedIn, FORM_BYTES, totp::start),
        post("/account/totp/confirm", SignedIn, FORM_BYTES, totp::confirm),
        post("/account/totp/remove", SignedIn, FORM_BYTES, totp::remove),
        post(
            "/account/recovery-codes",
            SignedIn,
            FORM_BYTES,
            totp::new_codes,
        ),
        get("/account/sessions", SignedIn, Never, sessions::page),
        post("/account/sessions/end", SignedIn, FORM_BYTES, sessions::end),
        post(
            "/account/sessions/end-others",
            SignedIn,
            FORM_BYTES,
            sessions::end_others,
        ),
        get("/account/tokens", SignedIn, Never, tokens::page),
        post("/account/tokens", SignedIn, FORM_BYTES, tokens::make),
        post(
            "/account/tokens/revoke",
            SignedIn,
            FORM_BYTES,
            tokens::revoke,
        ),
        get("/account/data", SignedIn, Never, data::page),
        get("/account/export", SignedIn, Never, data::export),
        post("/account/delete", SignedIn, FORM_BYTES, data::delete),
    ]
}

/// What becomes of an act that was refused: whoever is not fresh confirms and comes back; what can
/// be mended is marked; the rest is a problem.
pub(crate) fn mend(error: OwnError, page: &str) -> Result<Mend, ApiError> {
    if matches!(error, OwnError::NotFresh) {
        return Ok(Mend::Elsewhere(to_confirm(page)));
    }
    Ok(Mend::Here(error.at_form()?))
}

/// Leads to the page that asks for a factor, and from there to `page`.
pub(crate) fn to_confirm(page: &str) -> Response {
    see(&address("/account/confirm", &[("next", page)]))
}

/// Where a refusal is mended.
pub(crate) enum Mend {
    /// On another page.
    Elsewhere(Response),
    /// At the form.
    Here(Wrong),
}

/// A form that came back with a mark.
pub(crate) const UNFIT: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
