//! Invitations: sent, waiting, withdrawn.

use std::sync::Arc;

use accounts::{Invitation, Permission, RoleId};
use axum::extract::State;
use axum::response::Response;
use http::Uri;

use super::users::roles;
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::ApiError;
use crate::rooms::account::UNFIT;
use crate::rooms::frame::{Frame, ROWS, address, asked_number, at, done};
use crate::rooms::refusals::Refusal as _;
use crate::rooms::view::{
    Act, Ask, Block, Cell, Choice, Field, Kind as Input, Row, Table, Wrong, columns,
};

const PLACE: &str = "/admin/invitations";

/// Those that wait, and the form for another.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    shown(
        &app,
        &seen,
        asked_number(&uri, "before")?,
        "",
        Vec::new(),
        None,
    )
    .await
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    before: Option<i64>,
    email: &str,
    mut blocks: Vec<Block>,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let page = app.accounts.invitations(before, ROWS).await?;
    let may_write = visitor.may(Permission::UsersWrite);
    let row = |one: &Invitation| {
        let withdraw =
            Act::new("/admin/invitations/withdraw", "Withdraw").of(one.email.to_string());
        let withdraw = withdraw.with("id", one.id.to_string()).final_one();
        Row {
            cells: vec![
                Cell::Text(one.email.to_string()),
                Cell::Tags(one.roles.iter().map(|role| role.name.clone()).collect()),
                at(one.created_at),
                at(one.expires_at),
            ],
            acts: if may_write {
                vec![withdraw]
            } else {
                Vec::new()
            },
            ..Row::default()
        }
    };
    blocks.push(Block::Table(Table {
        label: "Invitations that wait".to_owned(),
        columns: columns(&["To", "As", "Sent", "Good until"]),
        rows: page.rows.iter().map(row).collect(),
        empty_title: "No invitation waits",
        empty_says: "An invitation is a link by mail that makes one account, once, with the roles you chose.",
        newest: before.map(|_| PLACE.to_owned()),
        older: page.next.map(|next| address(PLACE, &[("before", &next.to_string())])),
        ..Table::default()
    }));
    if may_write {
        let known = app.accounts.roles().await?;
        let mine = visitor.known()?.principal.permissions;
        let choice = |role: accounts::Role| {
            let chosen = role.id == RoleId::READER;
            let mut choice =
                Choice::new(role.id.0.to_string(), role.name, chosen).about(role.about);
            choice.fixed = !mine.covers(role.permissions);
            choice
        };
        let field = Field::new("email", "E-mail", Input::Email)
            .value(email)
            .fills("off")
            .required();
        let ticked = known.into_iter().map(choice).collect();
        let ask = Ask {
            id: "new",
            ..Ask::new(PLACE, "Send the invitation")
        };
        let ask = ask
            .field(field)
            .field(Field::new("roles", "Roles", Input::Checks(ticked)));
        blocks.push(Block::Heading("Invite somebody"));
        blocks.push(Block::Form(ask.wrong(wrong)));
    }
    let frame = Frame::at(app, visitor, PLACE);
    let frame = if wrong.is_some() {
        frame.status(UNFIT)
    } else {
        frame
    };
    Ok(frame.show("Invitations", "", blocks))
}

/// Sends one, and shows its link for where no mail leaves.
pub(crate) async fn invite(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let email = form.text("email");
    match app
        .accounts
        .invite(&form.caller()?, email, &roles(&form)?)
        .await
    {
        Ok((invitation, secret)) => {
            let fresh = vec![
                Block::notice(format!(
                    "{} is invited; the letter is on its way.",
                    invitation.email
                )),
                Block::Secret {
                    label: "The same link, to hand over yourself",
                    text: app.link(&format!("/invitation/{}", secret.expose())),
                    says: "It is shown this once. It works once.",
                },
            ];
            shown(&app, &form, None, "", fresh, None).await
        }
        Err(error) => {
            shown(
                &app,
                &form,
                None,
                email,
                Vec::new(),
                Some(&error.at_form()?),
            )
            .await
        }
    }
}

/// Takes one back.
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    app.accounts
        .withdraw_invitation(&form.caller()?, form.number("id")?)
        .await?;
    Ok(done(&form, PLACE, "invitation-revoked"))
}
