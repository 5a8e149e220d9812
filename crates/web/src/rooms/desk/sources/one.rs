//! One source: what it tells, how it is doing, how it is set up.

use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use intel::declared::Fault;
use intel::sources::Configured;

use super::bench::Entered;
use super::{PLACE, bench, condition, exposure, kept, made_by, named, settings, slots, versions};
use crate::app::App;
use crate::identity::{Seen, Visitor};
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::account::UNFIT;
use crate::rooms::desk::refusal;
use crate::rooms::desk::view::chart::Used;
use crate::rooms::desk::view::{Bench, Part, Quotas};
use crate::rooms::frame::{Frame, at, span};
use crate::rooms::view::{Act, Block, Cell};

/// The source's page.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let bench = bench::of(&source, &Entered::default());
    shown(&app, &seen, &source, &[], bench).await
}

/// The page, with what is wrong with its settings, and its bench.
pub(super) async fn shown(
    app: &App,
    visitor: &Visitor,
    source: &Configured,
    faults: &[Fault],
    bench: Bench,
) -> Result<Response, ApiError> {
    let page = format!("{PLACE}/{}", source.slug);
    let may_write = visitor.may(Permission::SourcesWrite);
    let mut blocks = vec![Block::Facts(about(app, source).await?)];
    if may_write {
        blocks.push(Block::Acts(acts(source, &page)));
    }
    let quotas = app.desk.quotas(source.id).await?.unwrap_or_default();
    if !quotas.windows.is_empty() {
        let now = app.clock.now();
        blocks.push(Block::Heading("Allowance"));
        let windows = quotas.windows.iter().map(|quota| Used {
            name: format!("in {}", span(u64::from(quota.window.seconds))),
            requests: u64::from(quota.used),
            max: u64::from(quota.window.requests),
            again: quota.free_at.map_or(String::new(), |free| {
                format!("free again in {}", span(free.since(now).as_secs()))
            }),
        });
        blocks.push(Block::Desk(Part::Quotas(Quotas {
            windows: windows.collect(),
        })));
        blocks.push(Block::says(
            "When a window is used up, lookups wait for it instead of failing.",
        ));
    }
    if !source.slots.is_empty() {
        blocks.push(Block::Heading("Secrets"));
        blocks.extend(slots::blocks(app, visitor, source, &page));
    }
    if may_write {
        blocks.push(Block::Heading("Set up here"));
        let ask = settings::form(app, source, &page);
        blocks.push(Block::Form(refusal::mark(ask, faults)));
        blocks.push(Block::Heading("Test bench"));
        blocks.push(Block::says(
            "Try it on one indicator. Nothing of it is kept, and it is no lookup.",
        ));
        blocks.push(Block::Desk(Part::Bench(Box::new(bench))));
    }
    blocks.push(Block::Heading("Versions"));
    blocks.push(Block::Table(
        versions::table(app, source, &page, may_write).await?,
    ));
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        UNFIT
    };
    Ok(Frame::at(app, visitor, PLACE)
        .desk()
        .below(PLACE, "Sources")
        .script(crate::assets::url::DESK_JS)
        .status(status)
        .show(source.name.clone(), source.about.clone(), blocks))
}

async fn about(app: &App, source: &Configured) -> Result<Vec<(&'static str, Cell)>, ApiError> {
    let outcomes = app.desk.outcomes(source.id).await?.unwrap_or_default();
    let kinds = source.kinds.iter().filter(|kind| source.takes(*kind));
    let mut facts = vec![
        ("State", condition(source, app.clock.now()).1),
        (
            "Provider",
            match &source.provider {
                Some(provider) => Cell::link(
                    format!("/desk/providers/{}", provider.slug),
                    provider.name.clone(),
                ),
                None => Cell::Nothing,
            },
        ),
        ("Made", Cell::Text(made_by(source.kind).to_owned())),
        (
            "Who sees the value",
            Cell::Stack {
                text: exposure(source.exposure).to_owned(),
                small: format!("asked up to {}", source.tlp_max),
            },
        ),
        (
            "Kinds",
            Cell::Tags(kinds.map(|kind| kind.title().to_owned()).collect()),
        ),
        (
            "Lately",
            match (outcomes.of, outcomes.troubled) {
                (0, _) => Cell::text("not asked yet"),
                (of, 0) => Cell::state("good", format!("answered all of its last {of} questions")),
                (of, troubled) => Cell::state(
                    if troubled * 2 >= of { "ill" } else { "wait" },
                    format!("no answer to {troubled} of its last {of} questions"),
                ),
            },
        ),
        (
            "Answers are kept",
            Cell::Stack {
                text: kept(source.cache_s),
                small: format!("knowing nothing: {}", kept(source.nothing_cache_s)),
            },
        ),
    ];
    if let Some(upstream) = source.upstream() {
        let moved = if source.is_base_configured {
            "by the settings file"
        } else if source.base.is_some() {
            "moved here"
        } else {
            ""
        };
        facts.push((
            "Asks at",
            Cell::Stack {
                text: upstream.to_string(),
                small: moved.to_owned(),
            },
        ));
    }
    if !source.tags.is_empty() {
        facts.push(("Tags", Cell::Tags(source.tags.clone())));
    }
    facts.push(("Changed", at(source.changed_at)));
    Ok(facts)
}

fn acts(source: &Configured, page: &str) -> Vec<Act> {
    let mut acts = vec![if source.is_enabled {
        Act::new(format!("{page}/disable"), "Switch off").of(&source.name)
    } else {
        Act::new(format!("{page}/enable"), "Switch on").of(&source.name)
    }];
    if !source.is_shipped {
        acts.push(
            Act::new(format!("{page}/delete"), "Delete it")
                .of(&source.name)
                .final_one(),
        );
    }
    acts
}
