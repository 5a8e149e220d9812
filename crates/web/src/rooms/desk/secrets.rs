//! Secrets of sources: named, set, replaced, deleted. What one is, no page ever shows.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use base::UnixMicros;
use http::StatusCode;
use intel::declared::Fault;
use intel::secrets::{NewSecret, SecretId, SecretRef};

use super::refusal;
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::account::UNFIT;
use crate::rooms::admin::audit::midnight;
use crate::rooms::frame::{Frame, at, done};
use crate::rooms::view::{Act, Ask, Block, Cell, Field, Kind as Input, Row, Table, columns};

const PLACE: &str = "/desk/secrets";
const LEDE: &str = "Keys of providers. They are encrypted under a key file of this installation, put into requests on their way out, and never shown: not here, not to sources, not in traces.";
const DAY: Duration = Duration::from_hours(24);

/// All secrets, by name.
pub(crate) async fn list(State(app): State<Arc<App>>, seen: Seen) -> Response {
    shown(&app, &seen, ("", "", ""), &[])
}

fn shown(
    app: &App,
    visitor: &Visitor,
    (name, about, expires): (&str, &str, &str),
    faults: &[Fault],
) -> Response {
    let now = app.clock.now();
    let sources = app.registry.current();
    let row = |secret: &Arc<SecretRef>| {
        let uses = sources.uses(secret.id);
        let uses: Vec<String> = uses.map(|(source, _)| source.name.clone()).collect();
        let href = format!("{PLACE}/{}", secret.id.0);
        Row {
            cells: vec![
                Cell::Link {
                    href: href.clone(),
                    text: secret.name.clone(),
                    small: secret.about.clone(),
                },
                if uses.is_empty() {
                    Cell::state("plain", "nowhere")
                } else {
                    Cell::Tags(uses)
                },
                ends(secret, now),
                at(secret.changed_at),
            ],
            href: Some(href),
            ..Row::default()
        }
    };
    let ask = Ask {
        id: "new",
        ..Ask::new(PLACE, "Keep the secret")
    };
    let ask = ask
        .field(
            Field::new("name", "What it is called", Input::Text)
                .value(name)
                .fills("off")
                .required(),
        )
        .field(
            Field::new("value", "The secret", Input::Secret)
                .fills("off")
                .required(),
        )
        .field(Field::new("about", "What it is", Input::Long).value(about))
        .field(
            Field::new("expires", "Good until", Input::Date)
                .value(expires)
                .hint("You are told two weeks before. Empty: no end is known."),
        );
    let blocks = vec![
        Block::Table(Table {
            label: "Secrets".to_owned(),
            columns: columns(&["Secret", "Used by", "Good until", "Set"]),
            rows: sources.secrets().iter().map(row).collect(),
            empty_title: "No secret",
            empty_says: "Many providers ask for a key. Set it here, then put it into the slot on its source’s page.",
            ..Table::default()
        }),
        Block::Heading("Another secret"),
        Block::Form(refusal::mark(ask, faults)),
    ];
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        UNFIT
    };
    let frame = Frame::at(app, visitor, PLACE).desk().status(status);
    frame.show("Secrets", LEDE, blocks)
}

fn ends(secret: &SecretRef, now: UnixMicros) -> Cell {
    match secret.expires_at {
        None => Cell::Nothing,
        Some(_) if secret.has_expired(now) => Cell::state("ill", "has expired"),
        Some(end) => at(end),
    }
}

/// The last moment of a day that a form names.
fn expiry(form: &Form) -> Result<Option<UnixMicros>, ApiError> {
    match form.text("expires") {
        "" => Ok(None),
        day => Ok(Some(midnight("expires", day)?.plus(DAY))),
    }
}

/// Keeps one.
pub(crate) async fn make(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let new = NewSecret {
        name: form.text("name").to_owned(),
        about: form.text("about").to_owned(),
        value: form.text("value").to_owned(),
        expires_at: expiry(&form)?,
    };
    match app.vault.set(&form.actor, new).await {
        Ok(_) => Ok(done(&form, PLACE, "secret-kept")),
        Err(error) => {
            let faults = refusal::faults(error)?;
            let entered = (form.text("name"), form.text("about"), form.text("expires"));
            Ok(shown(&app, &form, entered, &faults))
        }
    }
}

fn id(segments: &Segments) -> Result<SecretId, ApiError> {
    let number = segments.text(0).parse().map(SecretId);
    number.map_err(|_| refusal::unknown())
}

/// One secret: where it is used, and how to replace it.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    about(&app, &seen, id(&segments)?, &[])
}

fn about(
    app: &App,
    visitor: &Visitor,
    id: SecretId,
    faults: &[Fault],
) -> Result<Response, ApiError> {
    let sources = app.registry.current();
    let secret = sources.secret(id).ok_or_else(refusal::unknown)?;
    let page = format!("{PLACE}/{}", id.0);
    let uses = sources.uses(id).map(|(source, state)| {
        let href = format!("/desk/sources/{}", source.slug);
        Row {
            cells: vec![
                Cell::link(href.clone(), source.name.clone()),
                Cell::Text(state.slot.name.clone()),
            ],
            href: Some(href),
            ..Row::default()
        }
    });
    let ask = Ask::new(format!("{page}/replace"), "Replace it")
        .field(
            Field::new("value", "The new secret", Input::Secret)
                .fills("off")
                .required(),
        )
        .field(Field::new("expires", "Good until", Input::Date).hint("Empty: no end is known."));
    let blocks = vec![
        Block::Facts(vec![
            ("Good until", ends(secret, app.clock.now())),
            ("Set", at(secret.changed_at)),
            ("Made", at(secret.created_at)),
        ]),
        Block::Heading("Used by"),
        Block::Table(Table {
            label: "Where it is used".to_owned(),
            columns: columns(&["Source", "Slot"]),
            rows: uses.collect(),
            empty_title: "Nowhere",
            empty_says: "Put it into a slot on a source’s page.",
            ..Table::default()
        }),
        Block::Heading("Replace it"),
        Block::says("The new one holds wherever the old one stood. The old one is gone."),
        Block::Form(refusal::mark(ask, faults)),
        Block::Acts(vec![
            Act::new(format!("{page}/delete"), "Delete it")
                .of(&secret.name)
                .final_one(),
        ]),
    ];
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        UNFIT
    };
    Ok(Frame::at(app, visitor, PLACE)
        .desk()
        .below(PLACE, "Secrets")
        .status(status)
        .show(secret.name.clone(), secret.about.clone(), blocks))
}

/// Puts another secret in its place.
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    let value = form.text("value").to_owned();
    match app
        .vault
        .replace(&form.actor, id, value, expiry(&form)?)
        .await
    {
        Ok(()) => Ok(done(&form, &format!("{PLACE}/{}", id.0), "secret-kept")),
        Err(error) => about(&app, &form, id, &refusal::faults(error)?),
    }
}

/// Deletes one.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let deleted = app.vault.delete(&form.actor, id(&segments)?).await;
    deleted.map_err(ApiError::from)?;
    Ok(done(&form, PLACE, "deleted"))
}
