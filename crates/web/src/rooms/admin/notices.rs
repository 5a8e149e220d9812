//! Mail and messages: what was sent and how it fared. Where no server for mail is set, this page is
//! where they arrive.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Uri, header};
use notify::{Channel, Envelope, NoticeFilter, NoticeId, State as Fate};

use crate::app::App;
use crate::edge::OwnPolicy;
use crate::identity::Seen;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::frame::{Frame, ROWS, address, asked, asked_number, at};
use crate::rooms::view::{Block, Cell, Choice, Field, Kind as Input, Row, Table, columns};

const PLACE: &str = "/admin/notices";
/// A letter brings its own look and nothing else: no script, no picture from elsewhere, no link that
/// works, no form.
const LETTER_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'";

/// The letters, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (text, fate) = (asked(&uri, "q")?, asked(&uri, "state")?);
    let filter = NoticeFilter {
        state: Fate::named(&fate),
        text: (!text.is_empty()).then(|| text.clone()),
    };
    let before = asked_number(&uri, "before")?.map(NoticeId);
    let rows = app.notices.page(&filter, before, ROWS).await?;
    let older = (rows.len() == ROWS).then(|| rows.last()).flatten();
    let older = older.map(|last| {
        let before = last.id.0.to_string();
        address(
            PLACE,
            &[("q", &text), ("state", &fate), ("before", &before)],
        )
    });
    let mut blocks = Vec::new();
    if !app.notices.leaves(Channel::Mail) {
        blocks.push(Block::notice(
            "No server for mail is set, so nothing leaves this machine: every mail is kept here for a week instead. Set [mail] url to send them.",
        ));
    }
    let mut choices = vec![Choice::new("", "Any", fate.is_empty())];
    choices.extend(Fate::ALL.map(|one| Choice::new(one.name(), one.name(), one.name() == fate)));
    blocks.push(Block::Table(Table {
        label: "Mail and messages".to_owned(),
        action: PLACE.to_owned(),
        filters: vec![
            Field::new("q", "To or about", Input::Text).value(text.clone()),
            Field::new("state", "State", Input::Select(choices)),
        ],
        is_filtered: !(text.is_empty() && fate.is_empty()),
        columns: columns(&["Subject", "To", "State", "Written"]),
        rows: rows.iter().map(row).collect(),
        empty_title: "No mail yet",
        empty_says: "Invitations, sign-in codes and warnings appear here as they are written. They are kept for a week.",
        newest: before.map(|_| address(PLACE, &[("q", &text), ("state", &fate)])),
        older,
    }));
    Ok(Frame::at(&app, &seen, PLACE).show("Mail and messages", "", blocks))
}

fn fate(envelope: &Envelope) -> Cell {
    match envelope.state {
        Fate::Waiting => Cell::state("wait", "waiting"),
        Fate::Sent => Cell::state("good", "sent"),
        Fate::Failed => Cell::state("ill", "failed"),
        Fate::Kept => Cell::state("plain", "kept here"),
    }
}

fn row(envelope: &Envelope) -> Row {
    let href = format!("{PLACE}/{}", envelope.id.0);
    Row {
        cells: vec![
            Cell::Link {
                href: href.clone(),
                text: envelope.subject.clone(),
                small: envelope.about.clone(),
            },
            Cell::Stack {
                text: envelope.to.to_string(),
                small: envelope.to.channel().name().to_owned(),
            },
            fate(envelope),
            at(envelope.created),
        ],
        href: Some(href),
        ..Row::default()
    }
}

/// One letter, as its reader sees it.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let notice = app
        .notices
        .notice(id(&segments)?)
        .await?
        .ok_or_else(unknown)?;
    let envelope = &notice.envelope;
    let mut blocks = vec![Block::Facts(vec![
        ("To", Cell::Text(envelope.to.to_string())),
        ("State", fate(envelope)),
        ("Written", at(envelope.created)),
        ("Last attempt", at(envelope.changed)),
        ("Attempts", Cell::Text(envelope.attempts.to_string())),
        (
            "Answer",
            Cell::text(envelope.answer.clone().unwrap_or_default()),
        ),
        ("Of no use after", at(envelope.expires)),
    ])];
    blocks.push(Block::Heading("As text"));
    blocks.push(Block::Note {
        label: "The letter as text",
        text: notice.text,
    });
    if notice.html.is_some() {
        blocks.push(Block::Heading("As HTML"));
        blocks.push(Block::Frame {
            src: format!("{PLACE}/{}/html", envelope.id.0),
            title: "The letter as its reader sees it",
        });
    }
    let title = envelope.subject.clone();
    Ok(Frame::at(&app, &seen, PLACE)
        .below(PLACE, "Mail and messages")
        .show(title, "", blocks))
}

/// The letter's HTML, for the frame.
pub(crate) async fn letter(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let notice = app
        .notices
        .notice(id(&segments)?)
        .await?
        .ok_or_else(unknown)?;
    let mut response = Response::new(Body::from(notice.html.ok_or_else(unknown)?));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, LETTER_POLICY),
        (HeaderName::from_static("x-frame-options"), "SAMEORIGIN"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response.extensions_mut().insert(OwnPolicy);
    Ok(response)
}

fn id(segments: &Segments) -> Result<NoticeId, ApiError> {
    segments
        .text(0)
        .parse()
        .map(NoticeId)
        .map_err(|_| unknown())
}

fn unknown() -> ApiError {
    ApiError::new(
        Kind::NoSuchThing,
        "There is no such letter; they are kept for a week",
    )
}
