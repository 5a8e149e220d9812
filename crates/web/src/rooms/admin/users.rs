//! Accounts: who there is, what they may do, and what an administrator can do about it.

use std::sync::Arc;

use accounts::{AdminError, Permission, RoleId, User, UserFilter};
use axum::extract::State;
use axum::response::Response;
use base::UserId;
use http::Uri;

use super::stale;
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::account::{UNFIT, sessions, tokens};
use crate::rooms::frame::{Frame, ROWS, address, asked, asked_number, at, done, maybe_at};
use crate::rooms::refusals::Refusal as _;
use crate::rooms::view::{
    Act, Ask, Block, Cell, Choice, Field, Kind as Input, Row, Table, Wrong, columns,
};

const PLACE: &str = "/admin/users";

/// The accounts, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (text, role, state) = (
        asked(&uri, "q")?,
        asked(&uri, "role")?,
        asked(&uri, "state")?,
    );
    let before = asked_number(&uri, "before")?;
    let filter = UserFilter {
        text: (!text.is_empty()).then(|| text.clone()),
        role: role.parse().ok().map(RoleId),
        enabled: match state.as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        },
    };
    let page = app.accounts.users(&filter, before, ROWS).await?;
    let given = [("q", text.as_str()), ("role", &role), ("state", &state)];
    let older = page.next.map(|next| {
        let next = next.to_string();
        let [q, role, state] = given;
        address(PLACE, &[q, role, state, ("before", &next)])
    });
    let mut choices = vec![Choice::new("", "Any", role.is_empty())];
    for one in app.accounts.roles().await? {
        let id = one.id.0.to_string();
        choices.push(Choice::new(id.clone(), one.name, id == role));
    }
    let states = [("", "Any"), ("on", "Active"), ("off", "Switched off")];
    let states = states.map(|(value, name)| Choice::new(value, name, value == state));
    let table = Table {
        label: "Accounts".to_owned(),
        action: PLACE.to_owned(),
        is_filtered: given.iter().any(|(_, value)| !value.is_empty()),
        filters: vec![
            Field::new("q", "Name or address", Input::Text).value(text.clone()),
            Field::new("role", "Role", Input::Select(choices)),
            Field::new("state", "State", Input::Select(states.into())),
        ],
        columns: columns(&["Account", "Roles", "State", "Ways in", "Last sign-in"]),
        rows: page.rows.iter().map(row).collect(),
        empty_title: "Nobody",
        empty_says: "No account fits. Invite somebody, or look for less.",
        newest: before.map(|_| address(PLACE, &given)),
        older,
    };
    let mut blocks = vec![Block::Table(table)];
    if seen.may(Permission::UsersWrite) {
        let invite = (
            "/admin/invitations#new".to_owned(),
            "Invite somebody".to_owned(),
        );
        blocks.push(Block::Links(vec![invite]));
    }
    Ok(Frame::at(&app, &seen, PLACE).show("Accounts", "", blocks))
}

fn row(user: &User) -> Row {
    let href = format!("{PLACE}/{}", user.id.0);
    Row {
        cells: vec![
            Cell::Link {
                href: href.clone(),
                text: user.name.clone(),
                small: user.email.to_string(),
            },
            Cell::Tags(user.roles.iter().map(|role| role.name.clone()).collect()),
            state(user),
            Cell::text(ways(user)),
            maybe_at(user.signed_in_at),
        ],
        href: Some(href),
        ..Row::default()
    }
}

fn state(user: &User) -> Cell {
    if user.enabled {
        Cell::state("good", "active")
    } else {
        Cell::state("plain", "switched off")
    }
}

/// The ways into an account, in words.
fn ways(user: &User) -> String {
    let factors = user.factors;
    let counted = |count: u32, one: &str| (count > 0).then(|| format!("{count} {one}"));
    let ways = [
        factors.password.then(|| "password".to_owned()),
        factors.totp.then(|| "app".to_owned()),
        counted(factors.passkeys, "passkeys"),
        counted(factors.links, "providers"),
    ];
    let ways: Vec<String> = ways.into_iter().flatten().collect();
    if ways.is_empty() {
        return "code by mail".to_owned();
    }
    ways.join(", ")
}

/// One account.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    shown(&app, &seen, id(&segments)?, Vec::new(), None).await
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    id: UserId,
    mut blocks: Vec<Block>,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let user = app.accounts.user(id).await?.ok_or_else(unknown)?;
    let page = format!("{PLACE}/{}", id.0);
    if let Some(wrong) = wrong {
        blocks.push(Block::warning(wrong.says.clone()));
    }
    let may: Vec<&str> = user.permissions.iter().map(Permission::name).collect();
    blocks.push(Block::Facts(vec![
        ("Address", Cell::Text(user.email.to_string())),
        ("State", state(&user)),
        (
            "Roles",
            Cell::Tags(user.roles.iter().map(|role| role.name.clone()).collect()),
        ),
        ("May", Cell::text(may.join(", "))),
        ("Ways in", Cell::Text(ways(&user))),
        ("Made", at(user.created_at)),
        ("Last sign-in", maybe_at(user.signed_in_at)),
        (
            "What they did",
            Cell::link(
                address("/admin/audit", &[("user", &id.0.to_string())]),
                "In the audit trail",
            ),
        ),
    ]));
    if visitor.may(Permission::RolesWrite) {
        let mut choices = Vec::new();
        for role in app.accounts.roles().await? {
            let has = user.roles.iter().any(|one| one.id == role.id);
            choices.push(Choice::new(role.id.0.to_string(), role.name, has).about(role.about));
        }
        let field = Field::new("roles", "Roles", Input::Checks(choices));
        let ask = Ask {
            is_quiet: true,
            ..Ask::new(format!("{page}/roles"), "Set the roles")
        };
        blocks.push(Block::Heading("Roles"));
        blocks.push(Block::Form(ask.field(field)));
    }
    if visitor.may(Permission::UsersWrite) {
        blocks.push(Block::Heading("Acts"));
        blocks.push(Block::Acts(acts(&user, &page)));
    }
    blocks.push(Block::Heading("Sessions"));
    let theirs = app.accounts.sessions(Some(id), None, ROWS).await?;
    let row = |session: &accounts::SessionRow| Row {
        cells: sessions::cells(session, false),
        ..Row::default()
    };
    blocks.push(Block::Table(Table {
        label: "Their sessions".to_owned(),
        columns: columns(&["Device", "From", "Begun", "Last seen", "Ends"]),
        rows: theirs.rows.iter().map(row).collect(),
        empty_title: "Signed in nowhere",
        empty_says: "No browser holds a session of this account.",
        older: theirs
            .next
            .map(|_| address("/admin/sessions", &[("user", &id.0.to_string())])),
        ..Table::default()
    }));
    blocks.push(Block::Heading("API tokens"));
    let theirs = app.accounts.tokens(Some(id), None, ROWS).await?;
    let now = app.clock.now();
    let row = |token: &accounts::ApiToken| Row {
        cells: tokens::cells(token, now),
        ..Row::default()
    };
    blocks.push(Block::Table(Table {
        label: "Their API tokens".to_owned(),
        columns: columns(&["For", "May", "Made", "Ends", "Last used"]),
        rows: theirs.rows.iter().map(row).collect(),
        empty_title: "No tokens",
        empty_says: "No program acts for this account.",
        older: theirs
            .next
            .map(|_| address("/admin/tokens", &[("user", &id.0.to_string())])),
        ..Table::default()
    }));
    let frame = Frame::at(app, visitor, PLACE).below(PLACE, "Accounts");
    let frame = if wrong.is_some() {
        frame.status(UNFIT)
    } else {
        frame
    };
    Ok(frame.show(user.name, "", blocks))
}

fn acts(user: &User, page: &str) -> Vec<Act> {
    let mut acts = vec![if user.enabled {
        Act::new(format!("{page}/disable"), "Switch off")
            .of(&user.name)
            .final_one()
    } else {
        Act::new(format!("{page}/enable"), "Switch on").of(&user.name)
    }];
    acts.push(Act::new(
        format!("{page}/reset"),
        "Send a link for a new password",
    ));
    if user.factors.totp {
        acts.push(Act::new(
            format!("{page}/remove-totp"),
            "Turn off the authenticator app",
        ));
    }
    acts.push(
        Act::new(format!("{page}/delete"), "Delete the account")
            .of(&user.name)
            .final_one(),
    );
    acts
}

async fn ended(
    app: &App,
    form: &Form,
    id: UserId,
    tried: Result<(), AdminError>,
    flash: &'static str,
) -> Result<Response, ApiError> {
    match tried {
        Ok(()) => Ok(done(form, &format!("{PLACE}/{}", id.0), flash)),
        Err(error) => shown(app, form, id, Vec::new(), Some(&error.at_form()?)).await,
    }
}

/// Gives somebody exactly the roles that are ticked.
pub(crate) async fn set_roles(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    if let Some(response) = stale(&app, &form, &format!("{PLACE}/{}", id.0)) {
        return Ok(response);
    }
    let roles = roles(&form)?;
    let tried = app.accounts.set_roles(&form.caller()?, id, &roles).await;
    ended(&app, &form, id, tried, "roles-set").await
}

/// The roles that a form has ticked.
pub(super) fn roles(form: &Form) -> Result<Vec<RoleId>, ApiError> {
    let malformed = |_| ApiError::new(Kind::Invalid, "A role has a number").field("roles");
    form.all("roles")
        .map(|one| one.parse().map(RoleId).map_err(malformed))
        .collect()
}

/// Lets somebody sign in again.
pub(crate) async fn enable(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    let tried = app.accounts.set_enabled(&form.caller()?, id, true).await;
    ended(&app, &form, id, tried, "user-enabled").await
}

/// Lets somebody sign in no more.
pub(crate) async fn disable(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    let tried = app.accounts.set_enabled(&form.caller()?, id, false).await;
    ended(&app, &form, id, tried, "user-disabled").await
}

/// Sends a link that sets a new password, and shows it for where no mail leaves.
pub(crate) async fn reset(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    if let Some(response) = stale(&app, &form, &format!("{PLACE}/{}", id.0)) {
        return Ok(response);
    }
    match app.accounts.send_reset(&form.caller()?, id).await {
        Ok(secret) => {
            let fresh = vec![Block::Secret {
                label: "The link, also sent by mail",
                text: app.link(&format!("/reset/{}", secret.expose())),
                says: "It works once, for an hour. Hand it over by a way that only they can read.",
            }];
            shown(&app, &form, id, fresh, None).await
        }
        Err(error) => shown(&app, &form, id, Vec::new(), Some(&error.at_form()?)).await,
    }
}

/// Takes the authenticator app of somebody who lost it away.
pub(crate) async fn remove_totp(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    if let Some(response) = stale(&app, &form, &format!("{PLACE}/{}", id.0)) {
        return Ok(response);
    }
    let tried = app.accounts.remove_totp_of(&form.caller()?, id).await;
    ended(&app, &form, id, tried, "totp-removed").await
}

/// Deletes an account.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    if let Some(response) = stale(&app, &form, &format!("{PLACE}/{}", id.0)) {
        return Ok(response);
    }
    match app.accounts.delete_user(&form.caller()?, id).await {
        Ok(()) => Ok(done(&form, PLACE, "user-deleted")),
        Err(error) => shown(&app, &form, id, Vec::new(), Some(&error.at_form()?)).await,
    }
}

fn id(segments: &Segments) -> Result<UserId, ApiError> {
    segments.text(0).parse().map(UserId).map_err(|_| unknown())
}

fn unknown() -> ApiError {
    ApiError::new(Kind::NoSuchThing, "There is no such account")
}
