//! Everything that is kept about an account, to take away; and its end.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use super::{Mend, UNFIT, mend};
use crate::api::forms::answer;
use crate::app::App;
use crate::cookie::Cookie;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::negotiate::Format;
use crate::problem::ApiError;
use crate::rooms::frame::{Frame, done};
use crate::rooms::view::{Ask, Block, Field, Kind as Input, Wrong};

const PLACE: &str = "/account/data";

/// Both, on one page.
pub(crate) async fn page(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    shown(&app, &seen, None)
}

fn shown(app: &App, visitor: &Visitor, wrong: Option<&Wrong>) -> Result<Response, ApiError> {
    let email = visitor.known()?.principal.email.to_string();
    let sure = Field::new("sure", "Write your e-mail address to be sure", Input::Text);
    let ask = Ask {
        decide: true,
        ..Ask::new("/account/delete", "Delete my account")
    };
    let blocks = vec![
        Block::Heading("Take it with you"),
        Block::says(
            "Everything that is kept about your account, as one JSON file: profile, roles, sessions, tokens, passkeys, links, and your entries in the audit trail.",
        ),
        Block::Links(vec![(
            "/account/export".to_owned(),
            "Download the export".to_owned(),
        )]),
        Block::Heading("Delete the account"),
        Block::says(format!(
            "{email}, with its sessions, tokens and passkeys, ends at once and for good. The trail of what was done with it stays: it is sealed in the log and cannot be rewritten, by anybody."
        )),
        Block::Form(ask.field(sure.fills("off").required()).wrong(wrong)),
    ];
    let status = wrong.map_or(StatusCode::OK, |_| UNFIT);
    Ok(Frame::at(app, visitor, PLACE)
        .status(status)
        .show("Export or delete", "", blocks))
}

/// The export, as a file.
pub(crate) async fn export(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let export = app.accounts.export_account(&seen.caller()?).await?;
    let mut response = answer(Format::Json, format!("{export:#}"));
    response.headers_mut().insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"account.json\""),
    );
    Ok(response)
}

/// Ends the account.
pub(crate) async fn delete(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let email = form.known()?.principal.email.to_string();
    if !form.text("sure").eq_ignore_ascii_case(&email) {
        let wrong = Wrong::at("sure", "This is not the account’s address.");
        return shown(&app, &form, Some(&wrong));
    }
    match app.accounts.delete_account(&form.caller()?).await {
        Ok(()) => {
            let mut response = done(&form, "/sign-in", "account-deleted");
            let gone = Cookie::Session.clear(form.secure);
            response.headers_mut().append(header::SET_COOKIE, gone);
            Ok(response)
        }
        Err(error) => match mend(error, PLACE)? {
            Mend::Elsewhere(response) => Ok(response),
            Mend::Here(wrong) => shown(&app, &form, Some(&wrong)),
        },
    }
}
