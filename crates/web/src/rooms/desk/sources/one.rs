//! One source: what it tells, how it is doing, its secrets, its versions.

use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use intel::declared::Fault;
use intel::secrets::SecretId;
use intel::sources::{Configured, VersionOrigin};

use super::bench::Entered;
use super::{PLACE, bench, condition, exposure, kept, made_by, named, settings};
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::account::UNFIT;
use crate::rooms::desk::refusal;
use crate::rooms::desk::view::chart::Used;
use crate::rooms::desk::view::{Bench, Changed, Part, Quotas};
use crate::rooms::frame::{Frame, at, done, span};
use crate::rooms::view::{
    Act, Ask, Block, Cell, Choice, Field, Kind as Input, Row, Table, columns,
};
use crate::strings::group;

/// Versions of one page.
const VERSIONS: usize = 20;

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
        blocks.extend(slots(app, visitor, source, &page));
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
    blocks.push(Block::Table(versions(app, source, &page, may_write).await?));
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

/// A line for each slot, and forms to fill them for those who may.
fn slots(app: &App, visitor: &Visitor, source: &Configured, page: &str) -> Vec<Block> {
    let now = app.clock.now();
    let rows = source.slots.iter().map(|state| {
        let held = match (&state.secret, state.slot.required) {
            (None, true) => Cell::state("ill", "empty, and needed"),
            (None, false) => Cell::state("plain", "empty"),
            (Some(secret), _) if secret.has_expired(now) => Cell::state("ill", "has expired"),
            (Some(_), _) if !state.is_confirmed => {
                Cell::state("ill", "was put there for another address")
            }
            (Some(secret), _) => Cell::state("good", secret.name.clone()),
        };
        Row {
            cells: vec![
                Cell::Stack {
                    text: state.slot.name.clone(),
                    small: state.slot.about.clone(),
                },
                held,
                match state.secret.as_ref().and_then(|secret| secret.expires_at) {
                    Some(end) => at(end),
                    None => Cell::Nothing,
                },
            ],
            ..Row::default()
        }
    });
    let mut blocks = vec![Block::Table(Table {
        label: "Secrets of this source".to_owned(),
        columns: columns(&["Slot", "Holds", "Good until"]),
        rows: rows.collect(),
        ..Table::default()
    })];
    if !visitor.may(Permission::SecretsWrite) {
        return blocks;
    }
    let secrets = app.registry.current();
    for state in &source.slots {
        let held = state.secret.as_ref().map(|secret| secret.id);
        let mut choices = vec![Choice::new("", "Nothing", held.is_none())];
        for secret in secrets.secrets() {
            let is_held = held == Some(secret.id);
            choices.push(Choice::new(
                secret.id.0.to_string(),
                secret.name.clone(),
                is_held,
            ));
        }
        let chosen = Field::new("secret", "A secret that is here", Input::Select(choices));
        let fresh = Field::new("value", "Or a new one", Input::Secret)
            .hint("Stored encrypted, never shown again.")
            .fills("off");
        let ask = Ask {
            is_row: true,
            is_quiet: true,
            ..Ask::new(format!("{page}/secrets"), "Put it there")
        };
        let ask = ask
            .hide("slot", state.slot.name.clone())
            .field(chosen)
            .field(fresh);
        blocks.push(Block::says(format!("Slot “{}”:", state.slot.name)));
        blocks.push(Block::Form(ask));
    }
    blocks
}

/// Puts a secret into a slot: one that is here, a new one, or none.
pub(crate) async fn put_secret(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let slot = form.text("slot").to_owned();
    let value = form.text("value");
    let secret = if value.is_empty() {
        match form.text("secret") {
            "" => None,
            _ => Some(SecretId(form.number("secret")?)),
        }
    } else {
        let new = intel::secrets::NewSecret {
            name: format!("{} {slot}", source.name),
            about: String::new(),
            value: value.to_owned(),
            expires_at: None,
        };
        let set = app.vault.set(&form.actor, new).await;
        Some(set.map_err(ApiError::from)?)
    };
    let put = app
        .registry
        .put_secret(&form.actor, source.id, &slot, secret)
        .await;
    put.map_err(ApiError::from)?;
    Ok(done(
        &form,
        &format!("{PLACE}/{}", source.slug),
        "secret-put",
    ))
}

async fn versions(
    app: &App,
    source: &Configured,
    page: &str,
    may_write: bool,
) -> Result<Table, ApiError> {
    let rows = app.registry.versions(source.id, None, VERSIONS).await?.rows;
    let row = |version: &intel::sources::VersionRow| {
        let href = format!("{page}/versions/{}", version.number);
        let is_current = version.number == source.version;
        let back = Act::new(format!("{page}/roll-back"), "Go back to it")
            .of(format!("version {}", version.number))
            .with("to", version.number.to_string())
            .with("based_on", source.version.to_string());
        Row {
            cells: vec![
                Cell::Link {
                    href: href.clone(),
                    text: format!("Version {}", group(u64::from(version.number))),
                    small: if is_current {
                        "in force".to_owned()
                    } else {
                        String::new()
                    },
                },
                Cell::Text(match version.origin {
                    VersionOrigin::Product => "came with the product".to_owned(),
                    VersionOrigin::Person => "written here".to_owned(),
                    VersionOrigin::RollBack(to) => format!("back to version {to}"),
                }),
                Cell::text(version.note.clone()),
                at(version.made_at),
            ],
            acts: if is_current || !may_write {
                Vec::new()
            } else {
                vec![back]
            },
            href: Some(href),
            is_mine: is_current,
            ..Row::default()
        }
    };
    Ok(Table {
        label: "Versions of this source".to_owned(),
        columns: columns(&["Version", "From", "Why", "Made"]),
        rows: rows.iter().map(row).collect(),
        ..Table::default()
    })
}

/// One version: what it says, and what the one before it said otherwise.
pub(crate) async fn version(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let number = segments
        .text(1)
        .parse::<u32>()
        .map_err(|_| refusal::unknown())?;
    let version = app.registry.version(source.id, number).await?;
    let version = version.ok_or_else(refusal::unknown)?;
    let text = serde_json::to_string_pretty(&version.definition)
        .map_err(|error| ApiError::plain(Kind::Internal).because(error))?;
    let mut blocks = Vec::new();
    if number > 1 {
        let changes = app
            .registry
            .version_difference(source.id, number - 1, number)
            .await?
            .unwrap_or_default();
        blocks.push(Block::Heading(
            "What it says otherwise than the version before",
        ));
        blocks.push(if changes.is_empty() {
            Block::says("Nothing.")
        } else {
            Block::Desk(Part::Changes(changes.iter().map(Changed::of).collect()))
        });
    }
    blocks.push(Block::Heading("All of it"));
    blocks.push(Block::Note {
        label: "The definition",
        text,
    });
    Ok(Frame::at(&app, &seen, PLACE)
        .desk()
        .below(PLACE, "Sources")
        .show(format!("{}, version {number}", source.name), "", blocks))
}

/// Goes back to an older version, as a version more.
pub(crate) async fn roll_back(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let number = |name| {
        let number = form.number(name)?;
        u32::try_from(number).map_err(|_| refusal::unknown())
    };
    let back = app
        .registry
        .roll_back(
            &form.actor,
            source.id,
            number("to")?,
            Some(number("based_on")?),
        )
        .await;
    back.map_err(ApiError::from)?;
    Ok(done(
        &form,
        &format!("{PLACE}/{}", source.slug),
        "rolled-back",
    ))
}
