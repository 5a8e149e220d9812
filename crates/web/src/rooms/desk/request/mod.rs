//! One lookup: asked for by a form, told as it goes on, and read back whenever somebody wants to.

pub(crate) mod live;

use std::collections::BTreeSet;
use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use intel::desk::LookupEvent;
use intel::lookups::{AnswerRecord, Cause, RequestId, RequestState, Share, StoredRequest};
use intel::{Opinion, Summary};

use super::cards::{Dress, badges};
use super::extract::marks;
use super::history::by;
use super::view::card::{Answers, Asked};
use super::view::judged::with_names;
use super::view::{Judged, Part, Value};
use crate::app::App;
use crate::assets::url::DESK_JS;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::frame::{Frame, at, done, span};
use crate::rooms::view::{Act, Block, Cell, Row, Table, columns};

/// What the keys do on a page of answers.
const KEYS: &[(&str, &str)] = &[
    ("j k", "from answer to answer"),
    ("Enter", "open the whole answer"),
    ("y", "copy the value, defanged"),
    ("Ctrl K", "go anywhere"),
];

/// A request with what its page needs besides.
pub(super) struct Whole {
    pub stored: StoredRequest,
    /// It is asked in this process, and its page may listen.
    pub runs_here: bool,
}

impl Whole {
    pub(super) fn is_open(&self) -> bool {
        self.stored.row.state == RequestState::Running
    }

    fn page(&self) -> String {
        page_of(self.stored.row.id)
    }

    /// What all answers together hold.
    pub(super) fn summary(&self) -> Summary {
        let answers = self.stored.answers.iter();
        let opinions: Vec<Opinion> = answers.filter_map(AnswerRecord::opinion).collect();
        Summary::of(&opinions)
    }
}

/// Where a request's page is.
pub(super) fn page_of(id: RequestId) -> String {
    format!("/desk/requests/{}", id.0)
}

/// Reads a request; tells its lookup that somebody is there.
pub(super) async fn whole(app: &App, id: RequestId) -> Result<Whole, ApiError> {
    let unknown = || ApiError::new(Kind::NoSuchThing, "There is no request of this number");
    let mut stored = app.desk.request(id).await?.ok_or_else(unknown)?;
    let live = app.running.of(id);
    if let Some(live) = &live {
        live.seen();
        // What was at hand is written down when the request is closed.
        for event in live.heard().came {
            let (LookupEvent::Answer(one) | LookupEvent::Trouble(one)) = event else {
                continue;
            };
            let is_known = |known: &AnswerRecord| known.source.id == one.answer.source.id;
            if !stored.answers.iter().any(is_known) {
                stored.answers.push(AnswerRecord::clone(&one.answer));
            }
        }
    }
    Ok(Whole {
        runs_here: live.is_some(),
        stored,
    })
}

pub(super) fn id(segments: &Segments) -> Result<RequestId, ApiError> {
    let unknown = |_| ApiError::new(Kind::NoSuchThing, "There is no request of this number");
    segments.text(0).parse().map(RequestId).map_err(unknown)
}

/// The page of one lookup.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    shown(&app, &seen, id(&segments)?, Vec::new()).await
}

/// The page, with what just happened on top.
pub(super) async fn shown(
    app: &Arc<App>,
    visitor: &Visitor,
    id: RequestId,
    mut blocks: Vec<Block>,
) -> Result<Response, ApiError> {
    let whole = whole(app, id).await?;
    let value = Value(whole.stored.row.indicator.clone());
    let title = value.shown();
    blocks.push(Block::Desk(Part::Judged(judged(app, &whole))));
    if visitor.may(Permission::LookupsWrite) {
        blocks.push(Block::Desk(Part::Acts(acts(&whole, &value))));
    }
    blocks.push(Block::Desk(Part::Answers(
        answers(app, visitor, &whole).await?,
    )));
    blocks.push(Block::Heading("About this lookup"));
    blocks.push(Block::Desk(Part::About(about(&whole, &value))));
    blocks.push(Block::Links(exports(&whole)));
    if visitor.may(Permission::LookupsWrite) {
        blocks.extend(links(app, &whole).await?);
    }
    blocks.push(Block::Desk(Part::Keys(KEYS)));
    let is_open = whole.is_open();
    Ok(Frame::at(app, visitor, "/desk")
        .desk()
        .below("/desk", "Look up")
        .own_head()
        .script(DESK_JS)
        .open(is_open)
        .show(title, "", blocks))
}

/// The whole of it, to take away.
fn exports(whole: &Whole) -> Vec<(String, String)> {
    let forms = [("md", "Markdown"), ("csv", "CSV"), ("json", "JSON")];
    let id = whole.stored.row.id.0;
    let link = |(form, name): (&str, &str)| {
        let href = format!("/api/v1/requests/{id}?format={form}");
        (href, format!("Take it away as {name}"))
    };
    forms.map(link).into()
}

/// The links that somebody made to it and that are still good.
async fn links(app: &App, whole: &Whole) -> Result<Vec<Block>, ApiError> {
    let shares = app.desk.shares(whole.stored.row.id).await?;
    if shares.is_empty() {
        return Ok(Vec::new());
    }
    let page = whole.page();
    let row = |share: &Share| {
        let end = Act::new(format!("{page}/unshare"), "Take it back");
        Row {
            cells: vec![at(share.created), at(share.expires)],
            acts: vec![end.with("share", share.id.0.to_string()).final_one()],
            ..Row::default()
        }
    };
    Ok(vec![
        Block::Heading("Links to it"),
        Block::Table(Table {
            label: "Links to this lookup".to_owned(),
            columns: columns(&["Made", "Good until"]),
            rows: shares.iter().map(row).collect(),
            ..Table::default()
        }),
    ])
}

fn acts(whole: &Whole, value: &Value) -> Vec<Act> {
    let page = whole.page();
    let mut acts = Vec::new();
    if whole.is_open() {
        acts.push(Act::new(format!("{page}/cancel"), "Stop asking"));
    } else {
        acts.push(
            Act::new("/desk/look-up", "Look again")
                .of(value.shown())
                .with("pick", value.field())
                .with("tlp", whole.stored.row.tlp.name())
                .with("fresh", "yes"),
        );
        acts.push(Act::new(format!("{page}/share"), "Share for a week"));
    }
    acts
}

fn about(whole: &Whole, value: &Value) -> Vec<(&'static str, Cell)> {
    let row = &whole.stored.row;
    let mut facts = vec![
        ("Asked", at(row.opened)),
        ("By", Cell::Text(by(row))),
        ("May travel", Cell::Text(row.tlp.to_string())),
        (
            "State",
            match row.state {
                RequestState::Running => Cell::state("wait", "sources are still asked"),
                RequestState::Finished => Cell::state("good", "all have answered"),
                RequestState::Cancelled => Cell::state("plain", "stopped before all had answered"),
                RequestState::BrokenOff => Cell::state("ill", "broken off by a restart"),
            },
        ),
        (
            "History",
            Cell::link(value.page(), "What was known when, and what changed"),
        ),
    ];
    match row.cause {
        Cause::Asked => {}
        Cause::Bulk(bulk) => facts.push((
            "Part of",
            Cell::link(
                format!("/desk/bulks/{}", bulk.0),
                format!("bulk {}", bulk.0),
            ),
        )),
        Cause::Watch(_) => facts.push(("Because of", Cell::link("/desk/watches", "a watch"))),
    }
    facts
}

pub(super) fn judged(app: &App, whole: &Whole) -> Judged {
    let row = &whole.stored.row;
    let summary = whole.summary();
    let ago = span(app.clock.now().since(row.opened).as_secs());
    let sources = app.registry.current();
    Judged {
        marks: marks(&sources, &row.indicator),
        value: Value(row.indicator.clone()),
        verdict: summary.verdict,
        confidence: summary.confidence,
        is_disputed: summary.is_disputed,
        reasons: with_names(&summary.reasons, |slug| {
            sources.by_slug(slug).map(|source| source.name.clone())
        }),
        since: None,
        is_open: whole.is_open(),
        says: if whole.is_open() {
            String::new()
        } else {
            format!("Asked {ago} ago.")
        },
    }
}

pub(super) async fn answers(
    app: &App,
    visitor: &Visitor,
    whole: &Whole,
) -> Result<Answers, ApiError> {
    let stored = &whole.stored;
    let sources = app.registry.current();
    let badges = badges(app, stored.answers.iter()).await?;
    let dress = Dress {
        sources: &sources,
        badges: &badges,
        request: Some(stored.row.id),
        asked_at: stored.row.opened,
        sees_sources: visitor.may(Permission::SourcesRead),
    };
    let mut cards: Vec<_> = stored.answers.iter().map(|one| dress.card(one)).collect();
    cards.sort_by_key(|card| std::cmp::Reverse(card.weight()));
    let have: BTreeSet<&str> = stored
        .answers
        .iter()
        .map(|answer| answer.source.slug.as_str())
        .collect();
    let awaited = stored
        .asked
        .iter()
        .filter(|one| !have.contains(one.slug.as_str()));
    let name = |slug: &str| {
        let known = sources.by_slug(slug);
        known.map_or_else(|| slug.to_owned(), |source| source.name.clone())
    };
    Ok(Answers {
        cards,
        awaited: awaited
            .filter(|_| whole.is_open())
            .map(|one| Asked {
                slug: one.slug.clone(),
                name: one.name.clone(),
                says: String::new(),
            })
            .collect(),
        skipped: stored
            .skipped
            .iter()
            .map(|one| Asked {
                slug: one.slug.clone(),
                name: name(&one.slug),
                says: one
                    .why
                    .iter()
                    .map(|why| skipped_because(why))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
            .collect(),
        live: if whole.runs_here {
            format!("{}/live", whole.page())
        } else {
            String::new()
        },
        is_open: whole.is_open(),
        page: whole.page(),
    })
}

/// Why a source was not asked, in words.
pub(super) fn skipped_because(why: &str) -> &str {
    match why {
        "UNSUPPORTED_INDICATOR" => "does not know this kind",
        "DISABLED_INDICATOR" => "is not asked about this kind here",
        "RUNNER_DISABLED" => "needs a runner that is not here",
        "SOURCE_DISABLED" => "is switched off",
        "PROVIDER_DISABLED" => "its provider is switched off",
        "WITHIN_IGNORE_LIST" => "an ignore list has the value",
        "MISSING_SECRET" => "its key is missing",
        "TLP" => "the label does not let the value travel that far",
        "NOT_CHOSEN" => "was not chosen",
        other => other,
    }
}

/// Stops asking. What has come stays.
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    if let Some(live) = app.running.of(id) {
        live.stop();
    }
    Ok(done(&form, &page_of(id), "lookup-stopped"))
}
