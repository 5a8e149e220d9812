//! What was looked up: every request, whoever made it, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base::UserId;
use http::Uri;
use indicator::Kind;
use intel::Verdict;
use intel::lookups::{Cause, RequestFilter, RequestId, RequestRow, RequestState};

use super::request::page_of;
use super::view::judged::word;
use super::view::{Held, Value};
use crate::app::App;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::rooms::frame::{Frame, ROWS, address, asked, asked_number, at};
use crate::rooms::view::{Block, Cell, Choice, Field, Kind as Input, Row, Table, columns};

const PLACE: &str = "/desk/history";
const LEDE: &str = "Every lookup, with what was held then. A later look makes a new line and leaves the old one as it was.";

/// Verdicts as addresses name them.
pub(super) const VERDICTS: [(&str, Verdict); 5] = [
    ("malicious", Verdict::Malicious),
    ("suspicious", Verdict::Suspicious),
    ("known-good", Verdict::KnownGood),
    ("clean", Verdict::Clean),
    ("unknown", Verdict::Unknown),
];

/// The verdict that an address names, if it names one.
pub(super) fn verdict_named(name: &str) -> Option<Verdict> {
    let found = VERDICTS.iter().find(|(known, _)| *known == name);
    found.map(|(_, verdict)| *verdict)
}

/// A choice of verdicts, and any.
pub(super) fn verdict_choices(chosen: &str) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "Any", chosen.is_empty())];
    for (name, verdict) in VERDICTS {
        choices.push(Choice::new(name, word(verdict), name == chosen));
    }
    choices
}

/// The requests.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (text, kind, verdict, cause, user) = (
        asked(&uri, "q")?,
        asked(&uri, "kind")?,
        asked(&uri, "verdict")?,
        asked(&uri, "cause")?,
        asked(&uri, "user")?,
    );
    let before = asked_number(&uri, "before")?;
    let filter = RequestFilter {
        user: asked_number(&uri, "user")?.map(UserId),
        // People paste what they see, and they see it defanged.
        text: (!text.is_empty()).then(|| indicator::refang(&text)),
        kind: kind.parse().ok(),
        verdict: verdict_named(&verdict),
        only_asked: cause != "all",
        bulk: None,
    };
    let rows = app
        .desk
        .requests(&filter, before.map(RequestId), ROWS + 1)
        .await?;
    let given = [
        ("q", text.as_str()),
        ("kind", &kind),
        ("verdict", &verdict),
        ("cause", &cause),
        ("user", &user),
    ];
    let older = rows.get(ROWS).and_then(|_| rows.get(ROWS - 1)).map(|last| {
        let last = last.id.0.to_string();
        let mut all = given.to_vec();
        all.push(("before", &last));
        address(PLACE, &all)
    });
    let mut kinds = vec![Choice::new("", "Any", kind.is_empty())];
    for one in Kind::ALL {
        kinds.push(Choice::new(one.wire(), one.title(), one.wire() == kind));
    }
    let causes = [("", "Asked by somebody"), ("all", "Also bulks and watches")];
    let causes = causes.map(|(value, name)| Choice::new(value, name, value == cause));
    let table = Table {
        label: "Lookups".to_owned(),
        action: PLACE.to_owned(),
        is_filtered: given.iter().any(|(_, value)| !value.is_empty()),
        filters: vec![
            Field::new("q", "With this in it", Input::Text).value(text.clone()),
            Field::new("kind", "Kind", Input::Select(kinds)),
            Field::new("verdict", "Held", Input::Select(verdict_choices(&verdict))),
            Field::new("cause", "Why", Input::Select(causes.into())),
        ],
        columns: columns(&["Indicator", "Held", "Answers", "By", "When"]),
        rows: rows.iter().take(ROWS).map(row).collect(),
        empty_title: "Nothing was looked up",
        empty_says: "What somebody asks about stands here, with every answer as it was then.",
        newest: before.map(|_| address(PLACE, &given)),
        older,
    };
    let blocks = vec![Block::Table(table)];
    Ok(Frame::at(&app, &seen, PLACE)
        .desk()
        .show("History", LEDE, blocks))
}

/// One request in a list.
pub(super) fn row(request: &RequestRow) -> Row {
    let page = page_of(request.id);
    let value = Value(request.indicator.clone());
    Row {
        cells: vec![
            Cell::Link {
                href: page.clone(),
                text: value.shown(),
                small: value.title().to_owned(),
            },
            held(request),
            Cell::Stack {
                text: request.answered.to_string(),
                small: match request.troubled {
                    0 => String::new(),
                    troubled => format!("{troubled} without an answer"),
                },
            },
            Cell::Stack {
                text: by(request),
                small: request.tlp.to_string(),
            },
            at(request.opened),
        ],
        href: Some(page),
        ..Row::default()
    }
}

fn held(request: &RequestRow) -> Cell {
    match request.state {
        RequestState::Running => Cell::state("wait", "sources are asked"),
        RequestState::BrokenOff => Cell::state("ill", "broken off"),
        RequestState::Cancelled if request.verdict == Verdict::Unknown => {
            Cell::state("plain", "stopped")
        }
        RequestState::Finished | RequestState::Cancelled => {
            Cell::Verdict(Held(request.verdict, request.confidence))
        }
    }
}

/// Who asked, in words.
pub(super) fn by(request: &RequestRow) -> String {
    let who = match (&request.user_name, request.who.as_str()) {
        (Some(name), "person") => name.clone(),
        (Some(name), who) => format!("{name}, by {who}"),
        (None, "product") => "the product".to_owned(),
        (None, who) => who.to_owned(),
    };
    match request.cause {
        Cause::Asked => who,
        Cause::Bulk(bulk) => format!("{who}, bulk {}", bulk.0),
        Cause::Watch(_) => format!("{who}, a watch"),
    }
}
