//! Providers: who stands behind sources.

use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use intel::declared::Fault;
use intel::sources::{NewProvider, Provider};

use super::refusal;
use super::sources::{condition, exposure};
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::account::UNFIT;
use crate::rooms::frame::{Frame, done};
use crate::rooms::view::{
    Act, Ask, Block, Cell, Choice, Field, Kind as Input, Row, Table, columns,
};
use crate::strings::group;

const PLACE: &str = "/desk/providers";
const LEDE: &str = "Who learns of lookups. Switching a provider off keeps every value from all of its sources at once.";

/// All providers.
pub(crate) async fn list(State(app): State<Arc<App>>, seen: Seen) -> Response {
    listed(&app, &seen, &NewProvider::default(), &[])
}

fn listed(app: &App, visitor: &Visitor, entered: &NewProvider, faults: &[Fault]) -> Response {
    let sources = app.registry.current();
    let row = |provider: &Arc<Provider>| {
        let href = format!("{PLACE}/{}", provider.slug);
        let count = sources.of_provider(provider.id).count();
        Row {
            cells: vec![
                Cell::Link {
                    href: href.clone(),
                    text: provider.name.clone(),
                    small: provider.about.clone(),
                },
                state(provider),
                Cell::Text(group(count as u64)),
                Cell::Tags(provider.tags.clone()),
            ],
            href: Some(href),
            ..Row::default()
        }
    };
    let mut names = columns(&["Provider", "State", "Sources", "Tags"]);
    names[2].is_num = true;
    let mut blocks = vec![Block::Table(Table {
        label: "Providers".to_owned(),
        columns: names,
        rows: sources.providers().iter().map(row).collect(),
        empty_title: "No provider",
        empty_says: "A provider is who stands behind sources, and who learns what they are asked.",
        ..Table::default()
    })];
    if visitor.may(Permission::SourcesWrite) {
        blocks.push(Block::Heading("Another provider"));
        let ask = Ask {
            id: "new",
            is_quiet: true,
            ..form(PLACE.to_owned(), entered, "Make the provider")
        };
        blocks.push(Block::Form(refusal::mark(ask, faults)));
    }
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        UNFIT
    };
    let frame = Frame::at(app, visitor, PLACE).desk().status(status);
    frame.show("Providers", LEDE, blocks)
}

fn state(provider: &Provider) -> Cell {
    if provider.is_enabled {
        Cell::state("good", "asked")
    } else {
        Cell::state("plain", "switched off")
    }
}

fn form(action: String, entered: &NewProvider, submit: &'static str) -> Ask {
    let enabled = vec![Choice::new(
        "yes",
        "Its sources are asked",
        entered.is_enabled,
    )];
    Ask::new(action, submit)
        .field(
            Field::new("name", "Name", Input::Text)
                .value(entered.name.clone())
                .required(),
        )
        .field(Field::new("about", "What it is", Input::Long).value(entered.about.clone()))
        .field(Field::new("website", "Website", Input::Long).value(entered.website.clone()))
        .field(
            Field::new("tags", "Tags", Input::Text)
                .value(entered.tags.join(", "))
                .hint("With commas between."),
        )
        .field(Field::new("enabled", "State", Input::Checks(enabled)))
}

fn read(form: &Form) -> NewProvider {
    let tags = form.text("tags").split(',').map(str::trim);
    NewProvider {
        slug: String::new(),
        name: form.text("name").to_owned(),
        about: form.text("about").to_owned(),
        website: form.text("website").to_owned(),
        tags: tags
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .collect(),
        is_enabled: !form.text("enabled").is_empty(),
    }
}

/// Makes one.
pub(crate) async fn make(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let entered = read(&form);
    match app
        .registry
        .create_provider(&form.actor, entered.clone())
        .await
    {
        Ok(_) => Ok(done(&form, PLACE, "saved")),
        Err(error) => Ok(listed(&app, &form, &entered, &refusal::faults(error)?)),
    }
}

fn named(app: &App, segments: &Segments) -> Result<Arc<Provider>, ApiError> {
    let sources = app.registry.current();
    let found = sources.provider_by_slug(segments.text(0)).cloned();
    found.ok_or_else(refusal::unknown)
}

/// One provider.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let provider = named(&app, &segments)?;
    Ok(shown(&app, &seen, &provider, None, &[]))
}

fn shown(
    app: &App,
    visitor: &Visitor,
    provider: &Provider,
    entered: Option<&NewProvider>,
    faults: &[Fault],
) -> Response {
    let page = format!("{PLACE}/{}", provider.slug);
    let now = app.clock.now();
    let sources = app.registry.current();
    let rows = sources.of_provider(provider.id).map(|source| {
        let href = format!("/desk/sources/{}", source.slug);
        Row {
            cells: vec![
                Cell::link(href.clone(), source.name.clone()),
                condition(source, now).1,
                Cell::Text(exposure(source.exposure).to_owned()),
            ],
            href: Some(href),
            ..Row::default()
        }
    });
    let mut facts = vec![("State", state(provider))];
    if !provider.website.is_empty() {
        facts.push(("Website", Cell::Text(provider.website.clone())));
    }
    let mut blocks = vec![
        Block::Facts(facts),
        Block::Heading("Its sources"),
        Block::Table(Table {
            label: "Its sources".to_owned(),
            columns: columns(&["Source", "State", "Who sees the value"]),
            rows: rows.collect(),
            empty_title: "No source",
            empty_says: "No source is of this provider; it may be deleted.",
            ..Table::default()
        }),
    ];
    if visitor.may(Permission::SourcesWrite) {
        let own = NewProvider {
            slug: provider.slug.clone(),
            name: provider.name.clone(),
            about: provider.about.clone(),
            website: provider.website.clone(),
            tags: provider.tags.clone(),
            is_enabled: provider.is_enabled,
        };
        let ask = Ask {
            is_quiet: true,
            ..form(page.clone(), entered.unwrap_or(&own), "Save")
        };
        blocks.push(Block::Heading("Change it"));
        blocks.push(Block::Form(refusal::mark(ask, faults)));
        blocks.push(Block::Acts(vec![
            Act::new(format!("{page}/delete"), "Delete it")
                .of(&provider.name)
                .final_one(),
        ]));
    }
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        UNFIT
    };
    Frame::at(app, visitor, PLACE)
        .desk()
        .below(PLACE, "Providers")
        .status(status)
        .show(provider.name.clone(), provider.about.clone(), blocks)
}

/// Changes one.
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let provider = named(&app, &segments)?;
    let entered = read(&form);
    let changed = app
        .registry
        .change_provider(&form.actor, provider.id, entered.clone())
        .await;
    match changed {
        Ok(()) => Ok(done(&form, &format!("{PLACE}/{}", provider.slug), "saved")),
        Err(error) => {
            let faults = refusal::faults(error)?;
            Ok(shown(&app, &form, &provider, Some(&entered), &faults))
        }
    }
}

/// Deletes one that no source has.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let provider = named(&app, &segments)?;
    match app.registry.delete_provider(&form.actor, provider.id).await {
        Ok(()) => Ok(done(&form, PLACE, "deleted")),
        Err(error) => {
            let faults = refusal::faults(error)?;
            Ok(shown(&app, &form, &provider, None, &faults))
        }
    }
}
