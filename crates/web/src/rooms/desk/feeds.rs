//! Feeds: lists that somebody publishes, fetched into an index of our own, so that a lookup in them
//! tells nobody.

use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use base::UnixMicros;
use http::{StatusCode, Uri};
use intel::declared::Fault;
use intel::feeds::{Change, ChangeError, Description, Feed, Outcome, Run, RunId};

use super::refusal;
use super::view::judged::word;
use super::view::{Editor, Part};
use crate::app::App;
use crate::assets::url::DESK_JS;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::account::UNFIT;
use crate::rooms::frame::{Frame, ROWS, address, asked_number, at, done, size, span};
use crate::rooms::view::{Act, Block, Cell, Field, Kind as Input, Row, Table, columns};
use crate::strings::group;

const PLACE: &str = "/desk/feeds";
const LEDE: &str =
    "Lists that others publish, fetched by schedule and searched here. Asking them tells nobody.";
/// Longest description of a form, percent-encoded, in bytes.
pub(crate) const FEED_FORM_BYTES: usize = 256 * 1024;
const HINT: &str = "JSON. “form” says how it is written: lines, csv, json or misp; gzip and zip are unpacked. “say” is what its entries are held for.";
/// Where somebody begins.
const EXAMPLE: &str = r#"{
  "name": "Our own blocklist",
  "about": "Addresses that our firewalls have blocked.",
  "provider": "Us",
  "website": "https://lists.example.org",
  "url": "https://lists.example.org/blocked.txt",
  "form": "lines",
  "kind": "IPV4",
  "say": "suspicious",
  "confidence": 60,
  "because": "our own blocklist",
  "every_s": 3600,
  "keep_s": 604800
}
"#;

/// All feeds.
pub(crate) async fn list(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    shown(&app, &seen, ("", EXAMPLE), &[]).await
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    (slug, text): (&str, &str),
    faults: &[Fault],
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let feeds = app.feeds.all().await?;
    let mut names = columns(&["Feed", "State", "Entries", "Fetched", "Next"]);
    names[2].is_num = true;
    let mut blocks = vec![Block::Table(Table {
        label: "Feeds".to_owned(),
        columns: names,
        rows: feeds.iter().map(|feed| row(feed, now)).collect(),
        empty_title: "No feed",
        empty_says: "A feed is an address with a list of indicators. It is fetched again and again, and looked into without telling anybody.",
        ..Table::default()
    })];
    if visitor.may(Permission::SourcesWrite) {
        blocks.push(Block::Heading("Another feed"));
        let name = Field::new("slug", "Name in addresses", Input::Text)
            .value(slug)
            .hint("Small letters, digits, hyphens; for ever.");
        blocks.push(Block::Desk(Part::Editor(editor(
            PLACE.to_owned(),
            text,
            "Fetch it from now on",
            vec![name],
            faults,
        ))));
    }
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        UNFIT
    };
    let frame = Frame::at(app, visitor, PLACE).desk().script(DESK_JS);
    Ok(frame.status(status).show("Feeds", LEDE, blocks))
}

fn editor(
    action: String,
    text: &str,
    submit: &'static str,
    fields: Vec<Field>,
    faults: &[Fault],
) -> Editor {
    let faults = faults.iter();
    Editor {
        id: "feed",
        action,
        label: "What it is",
        text: text.to_owned(),
        hint: HINT,
        rows: 16,
        submit,
        also: None,
        hidden: Vec::new(),
        fields,
        tail: Vec::new(),
        body: String::new(),
        faults: faults
            .map(|fault| (fault.field.clone(), fault.what.clone()))
            .collect(),
    }
}

fn row(feed: &Feed, now: UnixMicros) -> Row {
    let href = format!("{PLACE}/{}", feed.slug);
    Row {
        cells: vec![
            Cell::Link {
                href: href.clone(),
                text: feed.description.name.clone(),
                small: feed.description.provider.clone(),
            },
            state(feed),
            Cell::Text(group(feed.entries)),
            Cell::Text(format!("every {}", span(feed.description.every_s.into()))),
            if !feed.is_enabled {
                Cell::Nothing
            } else if feed.due <= now {
                Cell::state("wait", "due now")
            } else {
                at(feed.due)
            },
        ],
        href: Some(href),
        ..Row::default()
    }
}

fn state(feed: &Feed) -> Cell {
    match (feed.is_enabled, feed.complete) {
        (false, _) => Cell::state("plain", "switched off"),
        (true, None) => Cell::state("wait", "not fetched yet"),
        (true, Some(_)) => Cell::state("good", "in the index"),
    }
}

async fn named(app: &App, segments: &Segments) -> Result<Feed, ApiError> {
    let feeds = app.feeds.all().await?.into_iter();
    let mut found = feeds.filter(|feed| feed.slug == segments.text(0));
    found.next().ok_or_else(refusal::unknown)
}

/// What is wrong with what was written; everything else is a problem.
fn faults(error: ChangeError) -> Result<Vec<Fault>, ApiError> {
    let one = |field: &str, what: String| {
        Ok(vec![Fault {
            field: field.to_owned(),
            what,
        }])
    };
    match error {
        ChangeError::Invalid(faults) => Ok(faults),
        ChangeError::Taken => one("slug", error.to_string()),
        ChangeError::Shipped | ChangeError::TooMany => one("", error.to_string()),
        ChangeError::Unknown => Err(refusal::unknown()),
        ChangeError::Unavailable(error) => Err(error.into()),
    }
}

fn described(text: &str) -> Result<Description, Vec<Fault>> {
    serde_json::from_str(text).map_err(|error| {
        vec![Fault {
            field: String::new(),
            what: error.to_string(),
        }]
    })
}

/// Adds a feed.
pub(crate) async fn make(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let (slug, text) = (form.text("slug"), form.raw("text"));
    let wrong = match described(text) {
        Err(faults) => faults,
        Ok(description) => match app.feeds.add(&form.actor, slug, description).await {
            Ok(_) => return Ok(done(&form, &format!("{PLACE}/{slug}"), "saved")),
            Err(error) => faults(error)?,
        },
    };
    shown(&app, &form, (slug, text), &wrong).await
}

/// One feed, with its last runs.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let feed = named(&app, &segments).await?;
    let before = asked_number(&uri, "before")?.map(RunId);
    about(&app, &seen, &feed, before, None, &[]).await
}

async fn about(
    app: &App,
    visitor: &Visitor,
    feed: &Feed,
    before: Option<RunId>,
    text: Option<&str>,
    faults: &[Fault],
) -> Result<Response, ApiError> {
    let page = format!("{PLACE}/{}", feed.slug);
    let description = &feed.description;
    let may_write = visitor.may(Permission::SourcesWrite);
    let mut blocks = vec![Block::Facts(vec![
        ("State", state(feed)),
        ("Entries", Cell::Text(group(feed.entries))),
        (
            "Held for",
            Cell::Stack {
                text: word(description.say).to_lowercase(),
                small: format!(
                    "{} of 100 sure, where an entry does not say so",
                    description.confidence
                ),
            },
        ),
        ("Fetched from", Cell::Code(description.url.clone())),
        (
            "Fetched",
            Cell::Stack {
                text: format!("every {}", span(description.every_s.into())),
                small: format!(
                    "what is gone is kept for {}",
                    span(description.keep_s.into())
                ),
            },
        ),
        (
            "Next",
            if feed.is_enabled {
                at(feed.due)
            } else {
                Cell::Nothing
            },
        ),
    ])];
    if may_write {
        let mut acts = vec![Act::new(format!("{page}/pull"), "Fetch it now")];
        if !feed.is_shipped {
            acts.push(if feed.is_enabled {
                Act::new(format!("{page}/disable"), "Switch off")
            } else {
                Act::new(format!("{page}/enable"), "Switch on")
            });
            acts.push(
                Act::new(format!("{page}/delete"), "Delete it")
                    .of(&description.name)
                    .final_one(),
            );
        }
        blocks.push(Block::Acts(acts));
    }
    let runs = app.feeds.runs(feed.id, before, ROWS + 1).await?;
    let older = runs.get(ROWS).and_then(|_| runs.get(ROWS - 1));
    let mut names = columns(&["Begun", "Outcome", "Entries", "New", "Skipped", "Bytes"]);
    for name in &mut names[2..] {
        name.is_num = true;
    }
    blocks.push(Block::Heading("Runs"));
    blocks.push(Block::Table(Table {
        label: "Runs of this feed".to_owned(),
        columns: names,
        rows: runs.iter().take(ROWS).map(run).collect(),
        empty_title: "It was not fetched yet",
        empty_says: "Each time it is fetched makes a line here.",
        newest: before.map(|_| page.clone()),
        older: older.map(|last| address(&page, &[("before", &last.id.0.to_string())])),
        ..Table::default()
    }));
    if may_write && !feed.is_shipped {
        let own = serde_json::to_string_pretty(description)
            .map_err(|error| ApiError::plain(Kind::Internal).because(error))?;
        blocks.push(Block::Heading("Change it"));
        blocks.push(Block::Desk(Part::Editor(editor(
            page,
            text.unwrap_or(&own),
            "Save",
            Vec::new(),
            faults,
        ))));
    }
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        UNFIT
    };
    Ok(Frame::at(app, visitor, PLACE)
        .desk()
        .below(PLACE, "Feeds")
        .script(DESK_JS)
        .status(status)
        .show(description.name.clone(), description.about.clone(), blocks))
}

fn run(run: &Run) -> Row {
    let outcome = match run.outcome {
        Outcome::Runs => Cell::state("wait", "is being fetched"),
        Outcome::Complete => Cell::state("good", "read as a whole"),
        Outcome::Unchanged => Cell::state("plain", "nothing new"),
        Outcome::Failed => Cell::state(
            "ill",
            run.cause.clone().unwrap_or_else(|| "failed".to_owned()),
        ),
    };
    Row {
        cells: vec![
            at(run.started),
            outcome,
            Cell::Text(group(run.entries)),
            Cell::Text(group(run.added)),
            Cell::Text(group(run.skipped)),
            Cell::Text(size(run.bytes)),
        ],
        ..Row::default()
    }
}

/// Changes a feed of one's own.
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let feed = named(&app, &segments).await?;
    let text = form.raw("text");
    let wrong = match described(text) {
        Err(faults) => faults,
        Ok(description) => {
            let change = Change {
                description: Some(description),
                ..Change::default()
            };
            match app.feeds.change(&form.actor, feed.id, change).await {
                Ok(()) => return Ok(done(&form, &format!("{PLACE}/{}", feed.slug), "saved")),
                Err(error) => faults(error)?,
            }
        }
    };
    about(&app, &form, &feed, None, Some(text), &wrong).await
}

/// Fetches a feed as soon as somebody is free to.
pub(crate) async fn pull(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let feed = named(&app, &segments).await?;
    app.feeds
        .pull_now(&form.actor, feed.id)
        .await
        .map_err(refused)?;
    Ok(done(&form, &format!("{PLACE}/{}", feed.slug), "feed-due"))
}

/// Fetches a feed from now on.
pub(crate) async fn enable(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    switched(&app, &segments, &form, true).await
}

/// Fetches a feed no more.
pub(crate) async fn disable(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    switched(&app, &segments, &form, false).await
}

async fn switched(
    app: &App,
    segments: &Segments,
    form: &Form,
    is_enabled: bool,
) -> Result<Response, ApiError> {
    let feed = named(app, segments).await?;
    let change = Change {
        is_enabled: Some(is_enabled),
        ..Change::default()
    };
    app.feeds
        .change(&form.actor, feed.id, change)
        .await
        .map_err(refused)?;
    Ok(done(form, &format!("{PLACE}/{}", feed.slug), "saved"))
}

/// Deletes a feed of one's own, with its entries.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let feed = named(&app, &segments).await?;
    app.feeds
        .remove(&form.actor, feed.id)
        .await
        .map_err(refused)?;
    Ok(done(&form, PLACE, "deleted"))
}

/// A refusal where there is no form to mark.
fn refused(error: ChangeError) -> ApiError {
    match faults(error) {
        Ok(faults) => {
            let first = faults
                .into_iter()
                .next()
                .map_or(String::new(), |one| one.what);
            ApiError::new(Kind::Conflict, refusal::sentence(&first))
        }
        Err(problem) => problem,
    }
}
