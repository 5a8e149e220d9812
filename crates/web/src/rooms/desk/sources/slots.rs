//! The secrets of a source: which slots it has, what stands there, and how to fill them.

use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use intel::secrets::SecretId;
use intel::sources::Configured;

use super::{PLACE, named};
use crate::app::App;
use crate::form::Form;
use crate::identity::Visitor;
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::frame::{at, done};
use crate::rooms::view::{Ask, Block, Cell, Choice, Field, Kind as Input, Row, Table, columns};

/// A line for each slot, and forms to fill them for those who may.
pub(super) fn blocks(app: &App, visitor: &Visitor, source: &Configured, page: &str) -> Vec<Block> {
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
pub(crate) async fn put(
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
