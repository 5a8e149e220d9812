//! Bulk lookups: many indicators, one after another, through restarts; watched, paused, resumed.

use std::sync::Arc;
use std::time::Duration;

use accounts::Permission;
use askama::Template as _;
use axum::extract::State;
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use http::Uri;
use intel::lookups::{
    Bulk, BulkChange, BulkFilter, BulkId, BulkItem, BulkState, BulkStep, ItemState,
};

use super::history::{verdict_choices, verdict_named};
use super::refusal;
use super::request::page_of;
use super::view::progress::{ItemsPart, LiveProgress, Progress, ProgressPart};
use super::view::{Held, Part, Value};
use crate::app::App;
use crate::assets::url::DESK_JS;
use crate::form::Form;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::frame::{Frame, ROWS, address, asked, asked_number, at, done};
use crate::rooms::view::{Act, Block, Cell, Field, Kind as Input, Row, Table, columns};
use crate::sse::{self, Event};
use crate::strings::group;

const PLACE: &str = "/desk/bulks";
const LEDE: &str = "Many indicators, one after another. A bulk waits for quotas instead of failing, and goes on after a restart where it was.";
/// How often an open page is told of its bulk.
const EVERY: Duration = Duration::from_millis(700);
const BEAT: Duration = Duration::from_secs(15);

/// All bulks, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let before = asked_number(&uri, "before")?;
    let bulks = app.desk.bulks(None, before.map(BulkId), ROWS + 1).await?;
    let older = bulks.get(ROWS).and_then(|_| bulks.get(ROWS - 1));
    let row = |bulk: &Bulk| {
        let href = format!("{PLACE}/{}", bulk.id.0);
        Row {
            cells: vec![
                Cell::Link {
                    href: href.clone(),
                    text: name(bulk),
                    small: bulk.tlp.to_string(),
                },
                state(bulk),
                Cell::Text(format!(
                    "{} of {}",
                    group(bulk.done.into()),
                    group(bulk.items.into())
                )),
                Cell::text(match bulk.malicious {
                    0 => String::new(),
                    count => format!("{count} malicious"),
                }),
                Cell::text(bulk.user_name.clone().unwrap_or_default()),
                at(bulk.created),
            ],
            href: Some(href),
            ..Row::default()
        }
    };
    let table = Table {
        label: "Bulk lookups".to_owned(),
        columns: columns(&["Bulk", "State", "Looked up", "Found", "By", "Begun"]),
        rows: bulks.iter().take(ROWS).map(row).collect(),
        empty_title: "No bulk yet",
        empty_says: "Paste a report on the desk and look up all that is found in it: it becomes a bulk, and its progress stands here.",
        newest: before.map(|_| PLACE.to_owned()),
        older: older.map(|last| address(PLACE, &[("before", &last.id.0.to_string())])),
        ..Table::default()
    };
    let blocks = vec![
        Block::Table(table),
        Block::Links(vec![("/desk".to_owned(), "Paste something".to_owned())]),
    ];
    Ok(Frame::at(&app, &seen, PLACE)
        .desk()
        .show("Bulk lookups", LEDE, blocks))
}

fn name(bulk: &Bulk) -> String {
    if bulk.name.is_empty() {
        return format!("Bulk {}", bulk.id.0);
    }
    bulk.name.clone()
}

fn state(bulk: &Bulk) -> Cell {
    let (tone, text) = said(bulk);
    Cell::state(tone, text)
}

fn said(bulk: &Bulk) -> (&'static str, String) {
    let left = bulk.items.saturating_sub(bulk.done);
    match bulk.state {
        BulkState::Running => ("wait", format!("running, {} left", group(left.into()))),
        BulkState::Paused => ("plain", format!("paused, {} left", group(left.into()))),
        BulkState::Cancelled => ("plain", "stopped".to_owned()),
        BulkState::Finished => ("good", "done".to_owned()),
    }
}

fn id(segments: &Segments) -> Result<BulkId, ApiError> {
    segments
        .text(0)
        .parse()
        .map(BulkId)
        .map_err(|_| refusal::unknown())
}

async fn known(app: &App, id: BulkId) -> Result<Bulk, ApiError> {
    app.desk.bulk(id).await?.ok_or_else(refusal::unknown)
}

/// What an address asks to see of a bulk's items.
struct Search {
    verdict: String,
    after: Option<u32>,
}

impl Search {
    fn of(uri: &Uri) -> Result<Self, ApiError> {
        let after = asked_number(uri, "after")?;
        Ok(Self {
            verdict: asked(uri, "verdict")?,
            after: after.and_then(|after| u32::try_from(after).ok()),
        })
    }

    fn filter(&self) -> BulkFilter {
        BulkFilter {
            verdict: verdict_named(&self.verdict),
            only_troubled: self.verdict == "troubled",
            ..BulkFilter::default()
        }
    }

    fn page(&self, place: &str, after: Option<u32>) -> String {
        let after = after.map_or(String::new(), |after| after.to_string());
        address(place, &[("verdict", &self.verdict), ("after", &after)])
    }
}

/// One bulk with its items.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let bulk = known(&app, id(&segments)?).await?;
    let search = Search::of(&uri)?;
    let page = format!("{PLACE}/{}", bulk.id.0);
    let is_open = bulk.state == BulkState::Running;
    let live = if is_open {
        search.page(&format!("{page}/live"), search.after)
    } else {
        String::new()
    };
    let items = items(&app, &bulk, &search).await?;
    let blocks = vec![
        Block::Desk(Part::Progress(LiveProgress {
            live,
            progress: progress(&bulk, seen.may(Permission::LookupsWrite)),
        })),
        Block::Heading("What was found"),
        Block::Table(items),
    ];
    Ok(Frame::at(&app, &seen, PLACE)
        .desk()
        .below(PLACE, "Bulk lookups")
        .script(DESK_JS)
        .open(is_open)
        .show(name(&bulk), "", blocks))
}

fn progress(bulk: &Bulk, may_write: bool) -> Progress {
    let page = format!("{PLACE}/{}", bulk.id.0);
    let pause = || Act::new(format!("{page}/pause"), "Pause");
    let resume = || Act::new(format!("{page}/resume"), "Go on");
    let cancel = || Act::new(format!("{page}/cancel"), "Stop for good").final_one();
    let acts = match bulk.state {
        _ if !may_write => Vec::new(),
        BulkState::Running => vec![pause(), cancel()],
        BulkState::Paused => vec![resume(), cancel()],
        BulkState::Cancelled | BulkState::Finished => Vec::new(),
    };
    let (tone, says) = said(bulk);
    Progress {
        done: bulk.done.into(),
        all: bulk.items.into(),
        tone,
        says,
        counts: vec![
            ("Malicious", "malicious", bulk.malicious.into()),
            ("Suspicious", "suspicious", bulk.suspicious.into()),
            ("With trouble", "trouble", bulk.troubled.into()),
        ],
        acts,
    }
}

async fn items(app: &App, bulk: &Bulk, search: &Search) -> Result<Table, ApiError> {
    let page = format!("{PLACE}/{}", bulk.id.0);
    let items = app
        .desk
        .bulk_items(bulk.id, search.filter(), search.after, ROWS + 1)
        .await?;
    let more = items.get(ROWS).and_then(|_| items.get(ROWS - 1));
    let mut verdicts = verdict_choices(&search.verdict);
    verdicts.push(crate::rooms::view::Choice::new(
        "troubled",
        "With trouble",
        search.verdict == "troubled",
    ));
    Ok(Table {
        label: "Items of this bulk".to_owned(),
        action: page.clone(),
        filters: vec![Field::new("verdict", "Held", Input::Select(verdicts))],
        is_filtered: !search.verdict.is_empty(),
        columns: columns(&["Indicator", "Held", "Answers"]),
        rows: items.iter().take(ROWS).map(row).collect(),
        empty_title: "Nothing here",
        empty_says: "No item of this bulk fits.",
        newest: search.after.map(|_| search.page(&page, None)),
        older: more.map(|last| search.page(&page, Some(last.place))),
    })
}

fn row(item: &BulkItem) -> Row {
    let value = Value(item.indicator.clone());
    let (held, answers, href) = match (&item.done, item.state) {
        (Some(done), _) => (
            Cell::Verdict(Held(done.verdict, done.confidence)),
            match done.troubled {
                0 => Cell::text("all"),
                troubled => Cell::text(format!("{troubled} without an answer")),
            },
            Some(page_of(done.request)),
        ),
        (None, ItemState::Done | ItemState::Waiting) => {
            (Cell::state("wait", "waits"), Cell::Nothing, None)
        }
    };
    let first = match &href {
        Some(href) => Cell::Link {
            href: href.clone(),
            text: value.shown(),
            small: value.title().to_owned(),
        },
        None => Cell::Stack {
            text: value.shown(),
            small: value.title().to_owned(),
        },
    };
    Row {
        cells: vec![first, held, answers],
        id: format!("item-{}", item.place),
        href,
        ..Row::default()
    }
}

/// Tells an open page how far its bulk has come, and what was found of the items that it shows.
pub(crate) async fn live(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    known(&app, id).await?;
    let search = Search::of(&uri)?;
    let closing = app.guard.closing.subscribe();
    let told = (app, seen, search, String::new(), false);
    let events = stream::unfold(Some(told), move |told| async move {
        let (app, seen, search, before, is_over) = told?;
        if is_over {
            return Some((vec![event("done", String::new())], None));
        }
        loop {
            tokio::time::sleep(EVERY).await;
            let Ok((drawn, is_over)) = drawn(&app, &seen, id, &search).await else {
                // The store may answer next time.
                continue;
            };
            if drawn != before || is_over {
                let events = vec![event("part", drawn.clone())];
                return Some((events, Some((app, seen, search, drawn, is_over))));
            }
        }
    });
    Ok(sse::answer(events.flat_map(stream::iter), BEAT, closing))
}

fn event(name: &'static str, data: String) -> Event {
    Event {
        name,
        id: String::new(),
        data,
    }
}

async fn drawn(
    app: &App,
    seen: &Seen,
    id: BulkId,
    search: &Search,
) -> Result<(String, bool), ApiError> {
    let bulk = known(app, id).await?;
    let progress = progress(&bulk, seen.may(Permission::LookupsWrite));
    let shell = crate::shell::Shell::new(&app.authority, crate::shell::Room::Desk).seen_by(seen);
    let part = ProgressPart {
        progress: &progress,
        shell: &shell,
    };
    let table = items(app, &bulk, search).await?;
    let items = ItemsPart {
        table: &table,
        shell: &shell,
    };
    let drawn = format!(
        "{}<table><tbody>{}</tbody></table>",
        part.render().unwrap_or_default(),
        items.render().unwrap_or_default()
    );
    Ok((drawn, bulk.state != BulkState::Running))
}

/// Stops a bulk for now.
pub(crate) async fn pause(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    step(&app, &segments, &form, BulkStep::Pause).await
}

/// Goes on with a bulk.
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    step(&app, &segments, &form, BulkStep::Resume).await
}

/// Stops a bulk for good.
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    step(&app, &segments, &form, BulkStep::Cancel).await
}

async fn step(
    app: &App,
    segments: &Segments,
    form: &Form,
    step: BulkStep,
) -> Result<Response, ApiError> {
    let id = id(segments)?;
    let changed = match step {
        BulkStep::Pause => app.desk.pause(id).await?,
        BulkStep::Resume => app.desk.resume(id).await?,
        BulkStep::Cancel => app.desk.cancel(id).await?,
    };
    match changed {
        BulkChange::Unknown => Err(refusal::unknown()),
        // Somebody else was first, or it ended meanwhile: the page says how it is.
        BulkChange::Now(_) | BulkChange::Already(_) => {
            Ok(done(form, &format!("{PLACE}/{}", id.0), "bulk-stepped"))
        }
    }
}
