//! Sources: which there are, how each is doing, and how it is set up.

pub(crate) mod bench;
pub(crate) mod edit;
pub(crate) mod one;
pub(crate) mod settings;
pub(crate) mod slots;
pub(crate) mod versions;

use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use base::UnixMicros;
use http::Uri;
use intel::sources::{Configured, SourceChange};
use intel::{Exposure, SourceKind};

use super::refusal;
use crate::app::App;
use crate::form::Form;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::frame::{Frame, asked, done};
use crate::rooms::view::{Act, Block, Cell, Choice, Field, Kind as Input, Row, Table, columns};

pub(super) const PLACE: &str = "/desk/sources";
const LEDE: &str = "Who is asked. Each source says what asking it tells whom, how often it may be asked, and which secrets it needs. What is described here takes no code.";

/// The source that an address names.
pub(super) fn named(app: &App, segments: &Segments) -> Result<Arc<Configured>, ApiError> {
    let sources = app.registry.current();
    let found = sources.by_slug(segments.text(0)).cloned();
    found.ok_or_else(refusal::unknown)
}

/// All sources.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (text, state) = (asked(&uri, "q")?, asked(&uri, "state")?);
    let now = app.clock.now();
    let sources = app.registry.current();
    let wanted = text.to_lowercase();
    let fits = |source: &&Arc<Configured>| {
        let words = [&source.name, &source.slug, &source.about];
        let has_text = words
            .iter()
            .any(|word| word.to_lowercase().contains(&wanted))
            || source
                .tags
                .iter()
                .any(|tag| tag.to_lowercase().contains(&wanted));
        has_text && (state.is_empty() || state == condition(source, now).0)
    };
    let may_write = seen.may(Permission::SourcesWrite);
    let rows = sources.all().iter().filter(fits);
    let rows = rows.map(|source| row(source, now, may_write)).collect();
    let states = [
        ("", "Any"),
        ("asked", "Asked"),
        ("missing", "Something is missing"),
        ("off", "Switched off"),
    ];
    let states = states.map(|(value, name)| Choice::new(value, name, value == state));
    let table = Table {
        label: "Sources".to_owned(),
        action: PLACE.to_owned(),
        is_filtered: !text.is_empty() || !state.is_empty(),
        filters: vec![
            Field::new("q", "Name, tag or words", Input::Text).value(text.clone()),
            Field::new("state", "State", Input::Select(states.into())),
        ],
        columns: columns(&["Source", "State", "Who sees the value", "Kinds", "Kept"]),
        rows,
        empty_title: "No source fits",
        empty_says: "Look for less, or describe one: an address, what to ask, and what the answer means.",
        ..Table::default()
    };
    let mut blocks = vec![Block::Table(table)];
    if may_write {
        let new = (format!("{PLACE}/new"), "Describe a source".to_owned());
        blocks.push(Block::Links(vec![new]));
    }
    Ok(Frame::at(&app, &seen, PLACE)
        .desk()
        .show("Sources", LEDE, blocks))
}

fn row(source: &Configured, now: UnixMicros, may_write: bool) -> Row {
    let href = format!("{PLACE}/{}", source.slug);
    let provider = source.provider.as_ref();
    let provider = provider.map_or("", |provider| provider.name.as_str());
    let (_, state) = condition(source, now);
    let switch = if source.is_enabled {
        Act::new(format!("{href}/disable"), "Switch off")
    } else {
        Act::new(format!("{href}/enable"), "Switch on")
    };
    Row {
        cells: vec![
            Cell::Link {
                href: href.clone(),
                text: source.name.clone(),
                small: if provider == source.name {
                    made_by(source.kind).to_owned()
                } else {
                    provider.to_owned()
                },
            },
            state,
            Cell::Stack {
                text: exposure(source.exposure).to_owned(),
                small: format!("up to {}", source.tlp_max),
            },
            Cell::Tags(kinds(source)),
            Cell::text(kept(source.cache_s)),
        ],
        acts: if may_write {
            vec![switch.of(&source.name)]
        } else {
            Vec::new()
        },
        href: Some(href),
        ..Row::default()
    }
}

/// How a source is, in a word for addresses and as a cell.
pub(super) fn condition(source: &Configured, now: UnixMicros) -> (&'static str, Cell) {
    if source.unmade.is_some() {
        return ("missing", Cell::state("ill", "cannot be run"));
    }
    if !source.is_enabled {
        return ("off", Cell::state("plain", "switched off"));
    }
    if !source.is_on() {
        return ("off", Cell::state("plain", "provider is off"));
    }
    if !source.missing(now).is_empty() {
        return ("missing", Cell::state("ill", "secret is missing"));
    }
    ("asked", Cell::state("good", "asked"))
}

/// Who learns of a lookup, in words.
pub(super) fn exposure(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::Local => "nobody: answered here",
        Exposure::Passive => "its provider",
        Exposure::Contact => "whoever owns it",
        Exposure::Publishes => "everybody",
    }
}

/// Who makes a source, in words.
pub(super) fn made_by(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::System => "built in",
        SourceKind::Http => "described",
        SourceKind::Python => "Python",
        SourceKind::JavaScript => "JavaScript",
        SourceKind::Cortex => "Cortex analyzer",
        SourceKind::MispModule => "MISP module",
    }
}

/// The kinds that it is asked about here, a few of them by name.
fn kinds(source: &Configured) -> Vec<String> {
    const NAMED_MAX: usize = 4;
    let taken = source.kinds.iter().filter(|kind| source.takes(*kind));
    let mut names: Vec<String> = taken.map(|kind| kind.title().to_owned()).collect();
    if names.len() > NAMED_MAX + 1 {
        let more = names.len() - NAMED_MAX;
        names.truncate(NAMED_MAX);
        names.push(format!("{more} more"));
    }
    names
}

/// How long an answer is as good as new.
pub(super) fn kept(seconds: u32) -> String {
    match seconds {
        0 => "never".to_owned(),
        seconds => crate::rooms::frame::span(u64::from(seconds)),
    }
}

/// Switches a source on.
pub(crate) async fn enable(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    switched(&app, &segments, &form, true).await
}

/// Switches a source off.
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
    let source = named(app, segments)?;
    let change = SourceChange {
        is_enabled: Some(is_enabled),
        ..SourceChange::default()
    };
    let changed = app
        .registry
        .change_source(&form.actor, source.id, change)
        .await;
    changed.map_err(ApiError::from)?;
    let flash = if is_enabled {
        "source-on"
    } else {
        "source-off"
    };
    Ok(done(form, &format!("{PLACE}/{}", source.slug), flash))
}

/// Deletes a source of this installation.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let deleted = app.registry.delete_source(&form.actor, source.id).await;
    deleted.map_err(ApiError::from)?;
    Ok(done(&form, PLACE, "deleted"))
}
