//! API tokens: made, shown once, revoked.

use std::sync::Arc;
use std::time::Duration;

use accounts::{ApiToken, NewToken, Permission, PermissionSet};
use axum::extract::State;
use axum::response::Response;
use base::{ApiTokenId, UnixMicros};
use http::{HeaderMap, StatusCode};

use super::{Mend, UNFIT, mend};
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::pages::routes::base;
use crate::problem::{ApiError, Kind};
use crate::rooms::frame::{Frame, at, done, maybe_at, time};
use crate::rooms::view::{
    Act, Ask, Block, Cell, Choice, Field, Kind as Input, Row, Table, Wrong, columns,
};

const PLACE: &str = "/account/tokens";
/// How long a token may live: value and name of the choice, and days.
const LIVES: [(&str, &str, Option<u64>); 5] = [
    ("7", "a week", Some(7)),
    ("30", "30 days", Some(30)),
    ("90", "90 days", Some(90)),
    ("365", "a year", Some(365)),
    ("never", "until it is revoked", None),
];

/// All of them, and the form for a new one.
pub(crate) async fn page(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    shown(&app, &seen, "", Vec::new(), None).await
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    note: &str,
    mut blocks: Vec<Block>,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let caller = visitor.caller()?;
    let tokens = app.accounts.own_tokens(&caller).await?;
    let row = |token: &ApiToken| {
        let revoke = Act::new("/account/tokens/revoke", "Revoke").of(&token.note);
        Row {
            cells: cells(token, app.clock.now()),
            acts: vec![revoke.with("id", token.id.0.to_string()).final_one()],
            ..Row::default()
        }
    };
    blocks.push(Block::Table(Table {
        label: "Your API tokens".to_owned(),
        columns: columns(&["For", "May", "Made", "Ends", "Last used"]),
        rows: tokens.iter().map(row).collect(),
        empty_title: "No tokens yet",
        empty_says: "A token lets a program act for you, with as much of what you may do as you give it. Its text begins with indl_, so that scanners find it where it does not belong.",
        ..Table::default()
    }));
    let lives = LIVES
        .iter()
        .map(|(value, text, _)| Choice::new(*value, *text, *value == "90"));
    let scope = |one: Permission| Choice::new(one.name(), one.name(), false).about(one.about());
    let scopes: Vec<Choice> = caller.user.permissions.iter().map(scope).collect();
    let note = Field::new("note", "What it is for", Input::Text)
        .value(note)
        .hint("So that you know it again: “backup script on the file server”.")
        .fills("off")
        .required();
    let mut ask = Ask {
        id: "new",
        ..Ask::new(PLACE, "Make the token")
    };
    ask = ask.field(note);
    ask = ask.field(Field::new(
        "life",
        "Good for",
        Input::Select(lives.collect()),
    ));
    if !scopes.is_empty() {
        let hint = "Nothing chosen: it may only use your own account.";
        ask = ask.field(Field::new("may", "It may", Input::Checks(scopes)).hint(hint));
    }
    blocks.push(Block::Heading("A new token"));
    blocks.push(Block::Form(ask.wrong(wrong)));
    let status = wrong.map_or(StatusCode::OK, |_| UNFIT);
    Ok(Frame::at(app, visitor, PLACE).status(status).show(
        "API tokens",
        "For programs that act for you. A token is shown once, when it is made; we keep only its hash.",
        blocks,
    ))
}

/// One token's cells, here and in the administrator's room.
pub(crate) fn cells(token: &ApiToken, now: UnixMicros) -> Vec<Cell> {
    let may = match token.permissions {
        None => vec!["all that its owner may".to_owned()],
        Some(set) => set.iter().map(|one| one.name().to_owned()).collect(),
    };
    let has_ended = token.expires_at.is_some_and(|end| end <= now);
    vec![
        Cell::Stack {
            text: token.note.clone(),
            small: format!("No {}", token.id.0),
        },
        if may.is_empty() {
            Cell::text("use its own account")
        } else {
            Cell::Tags(may)
        },
        at(token.created_at),
        match token.expires_at {
            _ if has_ended => Cell::state("ill", "has ended"),
            Some(end) => at(end),
            None => Cell::text("when it is revoked"),
        },
        match token.used_at.zip(token.used_from) {
            Some((when, from)) => Cell::Stack {
                text: format!("{} {}", time(when).day(), time(when).clock()),
                small: from.to_string(),
            },
            None => maybe_at(token.used_at),
        },
    ]
}

/// Makes one, and shows it this once.
pub(crate) async fn make(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, ApiError> {
    let note = form.text("note");
    let life = life(form.text("life"))?;
    let token = NewToken {
        note: note.to_owned(),
        permissions: Some(chosen(&form)?),
        expires_at: life.map(|life| app.clock.now().plus(life)),
    };
    match app.accounts.make_token(&form.caller()?, token).await {
        Ok((_, secret)) => {
            let text = secret.expose();
            let base = base(&app, &headers);
            let fresh = vec![
                Block::Secret {
                    label: "The new token",
                    text: text.to_owned(),
                    says: "Copy it now: it is shown this once and never again.",
                },
                Block::Note {
                    label: "Command to try it",
                    text: format!("curl -H 'Authorization: Bearer {text}' {base}/api/v1/account"),
                },
            ];
            shown(&app, &form, "", fresh, None).await
        }
        Err(error) => match mend(error, PLACE)? {
            Mend::Elsewhere(response) => Ok(response),
            Mend::Here(wrong) => shown(&app, &form, note, Vec::new(), Some(&wrong)).await,
        },
    }
}

fn chosen(form: &Form) -> Result<PermissionSet, ApiError> {
    let unknown = || ApiError::new(Kind::Invalid, "There is no such permission").field("may");
    form.all("may")
        .map(|name| Permission::named(name).ok_or_else(unknown))
        .collect()
}

fn life(text: &str) -> Result<Option<Duration>, ApiError> {
    const DAY_S: u64 = 86_400;
    let known = LIVES.iter().find(|(value, ..)| *value == text);
    let unknown = || ApiError::new(Kind::Invalid, "Choose how long it is good").field("life");
    let (.., days) = known.ok_or_else(unknown)?;
    Ok(days.map(|days| Duration::from_secs(days * DAY_S)))
}

/// Revokes one.
pub(crate) async fn revoke(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let token = ApiTokenId(form.number("id")?);
    app.accounts
        .revoke_own_token(&form.caller()?, token)
        .await?;
    Ok(done(&form, PLACE, "token-revoked"))
}
