//! Where one is signed in, and how that ends.

use std::sync::Arc;

use accounts::SessionRow;
use axum::extract::State;
use axum::response::Response;
use base::SessionId;

use crate::app::App;
use crate::form::Form;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::rooms::frame::{Frame, at, done};
use crate::rooms::view::{Act, Block, Cell, Row, Table, columns};

const PLACE: &str = "/account/sessions";

/// All of them.
pub(crate) async fn page(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let caller = seen.caller()?;
    let sessions = app.accounts.own_sessions(&caller).await?;
    let mine = caller.session();
    let row = |session: &SessionRow| {
        let is_mine = mine == Some(session.id);
        let end = Act::new("/account/sessions/end", "End").of(&session.device);
        let end = end.with("id", session.id.0.to_string());
        Row {
            cells: cells(session, is_mine),
            acts: if is_mine { Vec::new() } else { vec![end] },
            is_mine,
            ..Row::default()
        }
    };
    let mut blocks = vec![Block::Table(Table {
        label: "Your sessions".to_owned(),
        columns: columns(&["Device", "From", "Begun", "Last seen", "Ends"]),
        rows: sessions.iter().map(row).collect(),
        empty_title: "No sessions",
        empty_says: "You use this page with a token; sessions belong to browsers.",
        ..Table::default()
    })];
    if sessions.len() > 1 {
        let act = Act::new("/account/sessions/end-others", "End all others");
        blocks.push(Block::Acts(vec![act.final_one()]));
    }
    Ok(Frame::at(&app, &seen, PLACE).show(
        "Sessions",
        "Every browser that is signed in to your account. A session that nobody uses ends by itself.",
        blocks,
    ))
}

/// One session's cells, here and in the administrator's room.
pub(crate) fn cells(session: &SessionRow, is_mine: bool) -> Vec<Cell> {
    let from = session.address.map(|address| address.to_string());
    let note = if is_mine { "this browser" } else { "" };
    vec![
        Cell::Stack {
            text: session.device.clone(),
            small: note.to_owned(),
        },
        Cell::text(from.unwrap_or_default()),
        at(session.created_at),
        at(session.seen_at),
        at(session.expires_at),
    ]
}

/// Ends one.
pub(crate) async fn end(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let session = SessionId(form.number("id")?);
    app.accounts
        .end_own_session(&form.caller()?, session)
        .await?;
    Ok(done(&form, PLACE, "session-ended"))
}

/// Ends all but this one.
pub(crate) async fn end_others(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    app.accounts.end_other_sessions(&form.caller()?).await?;
    Ok(done(&form, PLACE, "sessions-ended"))
}
