//! Everybody's sessions and API tokens.

use std::collections::HashMap;
use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use base::{ApiTokenId, SessionId, UserId};
use http::Uri;

use crate::app::App;
use crate::form::Form;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::rooms::account::{sessions as own_sessions, tokens as own_tokens};
use crate::rooms::frame::{Frame, ROWS, address, asked_number, done};
use crate::rooms::view::{Act, Block, Cell, Row, Table, columns};

const SESSIONS: &str = "/admin/sessions";
const TOKENS: &str = "/admin/tokens";

/// The names of some accounts: one question for each that occurs.
pub(super) async fn names(
    app: &App,
    users: impl Iterator<Item = UserId>,
) -> Result<HashMap<UserId, String>, ApiError> {
    let mut names = HashMap::new();
    for id in users {
        if !names.contains_key(&id)
            && let Some(user) = app.accounts.user(id).await?
        {
            names.insert(id, user.name);
        }
    }
    Ok(names)
}

fn whose(names: &HashMap<UserId, String>, user: UserId) -> Cell {
    match names.get(&user) {
        Some(name) => Cell::link(format!("/admin/users/{}", user.0), name),
        None => Cell::Nothing,
    }
}

fn next_page(place: &str, user: Option<i64>, next: Option<i64>) -> Option<String> {
    let user = user.map_or(String::new(), |user| user.to_string());
    next.map(|next| address(place, &[("user", &user), ("before", &next.to_string())]))
}

/// All sessions, newest first.
pub(crate) async fn sessions(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (user, before) = (asked_number(&uri, "user")?, asked_number(&uri, "before")?);
    let page = app
        .accounts
        .sessions(user.map(UserId), before, ROWS)
        .await?;
    let names = names(&app, page.rows.iter().map(|one| one.user)).await?;
    let mine = seen.caller()?.session();
    let may_write = seen.may(Permission::UsersWrite);
    let row = |session: &accounts::SessionRow| {
        let is_mine = mine == Some(session.id);
        let end = Act::new("/admin/sessions/end", "End").of(&session.device);
        let mut cells = vec![whose(&names, session.user)];
        cells.extend(own_sessions::cells(session, is_mine));
        Row {
            cells,
            acts: if may_write && !is_mine {
                vec![end.with("id", session.id.0.to_string()).final_one()]
            } else {
                Vec::new()
            },
            is_mine,
            ..Row::default()
        }
    };
    let table = Table {
        label: "All sessions".to_owned(),
        columns: columns(&["Account", "Device", "From", "Begun", "Last seen", "Ends"]),
        rows: page.rows.iter().map(row).collect(),
        empty_title: "Nobody is signed in",
        empty_says: "You see this with a token, then.",
        newest: before.map(|_| SESSIONS.to_owned()),
        older: next_page(SESSIONS, user, page.next),
        ..Table::default()
    };
    Ok(Frame::at(&app, &seen, SESSIONS).show("All sessions", "", vec![Block::Table(table)]))
}

/// Ends somebody's session.
pub(crate) async fn end_session(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    let session = SessionId(form.number("id")?);
    app.accounts.end_session(&form.caller()?, session).await?;
    Ok(done(&form, SESSIONS, "session-ended"))
}

/// All tokens, newest first.
pub(crate) async fn tokens(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (user, before) = (asked_number(&uri, "user")?, asked_number(&uri, "before")?);
    let page = app.accounts.tokens(user.map(UserId), before, ROWS).await?;
    let names = names(&app, page.rows.iter().map(|one| one.user)).await?;
    let (may_write, now) = (seen.may(Permission::UsersWrite), app.clock.now());
    let row = |token: &accounts::ApiToken| {
        let revoke = Act::new("/admin/tokens/revoke", "Revoke").of(&token.note);
        let mut cells = vec![whose(&names, token.user)];
        cells.extend(own_tokens::cells(token, now));
        Row {
            cells,
            acts: if may_write {
                vec![revoke.with("id", token.id.0.to_string()).final_one()]
            } else {
                Vec::new()
            },
            ..Row::default()
        }
    };
    let table = Table {
        label: "All API tokens".to_owned(),
        columns: columns(&["Account", "For", "May", "Made", "Ends", "Last used"]),
        rows: page.rows.iter().map(row).collect(),
        empty_title: "No tokens",
        empty_says: "Nobody has given a program a token yet.",
        newest: before.map(|_| TOKENS.to_owned()),
        older: next_page(TOKENS, user, page.next),
        ..Table::default()
    };
    Ok(Frame::at(&app, &seen, TOKENS).show("All API tokens", "", vec![Block::Table(table)]))
}

/// Revokes somebody's token.
pub(crate) async fn revoke_token(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    let token = ApiTokenId(form.number("id")?);
    app.accounts.revoke_token(&form.caller()?, token).await?;
    Ok(done(&form, TOKENS, "token-revoked"))
}
