//! What one is called, and where one's mail goes.

use std::sync::Arc;

use accounts::Profile;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::{Mend, UNFIT, mend};
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::ApiError;
use crate::rooms::frame::{Frame, at, done, maybe_at};
use crate::rooms::view::{Ask, Block, Cell, Field, Kind as Input, Wrong};

const PLACE: &str = "/account";

/// The account at a glance.
pub(crate) async fn page(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    shown(&app, &seen, ["", ""], None).await
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    [name, email]: [&str; 2],
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let Profile { user, .. } = app.accounts.profile(&visitor.caller()?).await?;
    let roles = user.roles.iter().map(|role| role.name.clone()).collect();
    let may: Vec<&str> = user
        .permissions
        .iter()
        .map(accounts::Permission::about)
        .collect();
    let may = if may.is_empty() {
        "Use the log, as everybody; keep this account".to_owned()
    } else {
        may.join(" · ")
    };
    let name = if name.is_empty() { &user.name } else { name };
    let row = |action: &'static str, submit| Ask {
        is_row: true,
        is_quiet: true,
        ..Ask::new(action, submit)
    };
    let name_field = Field::new("name", "Your name", Input::Text)
        .value(name)
        .fills("name");
    let email_field = Field::new("email", "New address", Input::Email)
        .value(email)
        .fills("email");
    let mark = |field: &str| wrong.filter(|wrong| wrong.field == field);
    let mut blocks = Vec::new();
    if let Some(wrong) = mark("") {
        blocks.push(Block::warning(wrong.says.clone()));
    }
    blocks.extend([
        Block::Facts(vec![
            ("Address", Cell::Text(user.email.to_string())),
            ("Roles", Cell::Tags(roles)),
            ("May", Cell::Text(may)),
            ("Made", at(user.created_at)),
            ("Last sign-in", maybe_at(user.signed_in_at)),
        ]),
        Block::Heading("Name"),
        Block::Form(row("/account/name", "Save").field(name_field.required()).wrong(mark("name"))),
        Block::Heading("E-mail address"),
        Block::says("A link goes to the new address; it counts once the link was opened. The old address is told."),
        Block::Form(
            row("/account/email", "Send the link").field(email_field.required()).wrong(mark("email")),
        ),
    ]);
    let status = wrong.map_or(StatusCode::OK, |_| UNFIT);
    Ok(Frame::at(app, visitor, PLACE)
        .status(status)
        .show(user.name.clone(), "", blocks))
}

/// Calls the account something else.
pub(crate) async fn name(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let name = form.text("name");
    match app.accounts.change_name(&form.caller()?, name).await {
        Ok(()) => Ok(done(&form, PLACE, "saved")),
        Err(error) => match mend(error, PLACE)? {
            Mend::Elsewhere(response) => Ok(response),
            Mend::Here(wrong) => shown(&app, &form, [name, ""], Some(&wrong)).await,
        },
    }
}

/// Sends a link to a new address.
pub(crate) async fn email(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let email = form.text("email");
    match app.accounts.change_email(&form.caller()?, email).await {
        Ok(()) => Ok(done(&form, PLACE, "mail-sent")),
        Err(error) => match mend(error, PLACE)? {
            Mend::Elsewhere(response) => Ok(response),
            Mend::Here(wrong) => shown(&app, &form, ["", email], Some(&wrong)).await,
        },
    }
}
