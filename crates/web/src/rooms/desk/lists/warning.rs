//! Warning lists: taken in, switched, deleted.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use indicator::lists::Matching;
use intel::lists::{NewIgnoreList, WarningList, WarningListId};

use crate::app::App;
use crate::form::Form;
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::desk::refusal;
use crate::rooms::frame::done;
use crate::rooms::view::{Act, Cell, Row};
use crate::strings::group;

use super::{PLACE, shown};

/// A warning list in the list of them.
pub(super) fn row(list: &WarningList, may_write: bool) -> Row {
    let page = format!("{PLACE}/warnings/{}", list.id.0);
    let mut acts = Vec::new();
    if may_write {
        acts.push(if list.is_enabled {
            Act::new(format!("{page}/disable"), "Switch off").of(&list.name)
        } else {
            Act::new(format!("{page}/enable"), "Switch on").of(&list.name)
        });
        if !list.is_built_in {
            acts.push(
                Act::new(format!("{page}/delete"), "Delete")
                    .of(&list.name)
                    .final_one(),
            );
        }
    }
    Row {
        cells: vec![
            Cell::Stack {
                text: list.name.clone(),
                small: list.about.clone(),
            },
            Cell::Text(compared_by(list.matching).to_owned()),
            Cell::Text(group(list.entries as u64)),
            match (&list.fault, list.is_enabled) {
                (Some(fault), true) => Cell::state("ill", fault.clone()),
                (None, true) => Cell::state("good", "counts"),
                (_, false) => Cell::state("plain", "switched off"),
            },
        ],
        acts,
        ..Row::default()
    }
}

fn compared_by(matching: Matching) -> &'static str {
    match matching {
        Matching::String => "the whole value",
        Matching::Substring => "a part of the value",
        Matching::Hostname => "host names and what is below",
        Matching::Cidr => "networks",
        Matching::Regex => "expressions",
    }
}

/// Takes a warning list in.
pub(crate) async fn make(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let json = form.raw("text");
    let made = app
        .registry
        .create_warning_list(&form.actor, "", json.as_bytes().to_vec())
        .await;
    match made {
        Ok(_) => Ok(done(&form, PLACE, "saved")),
        Err(error) => {
            let faults = refusal::faults(error)?;
            Ok(shown(
                &app,
                &form,
                &NewIgnoreList::default(),
                &[],
                json,
                &faults,
            ))
        }
    }
}

fn id(segments: &Segments) -> Result<WarningListId, ApiError> {
    let id = segments.text(0).parse().map(WarningListId);
    id.map_err(|_| refusal::unknown())
}

/// Switches a warning list on.
pub(crate) async fn enable(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    switched(&app, &segments, &form, true).await
}

/// Switches a warning list off.
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
    let id = id(segments)?;
    let changed = app
        .registry
        .change_warning_list(&form.actor, id, Some(is_enabled), None)
        .await;
    changed.map_err(ApiError::from)?;
    Ok(done(form, PLACE, "saved"))
}

/// Deletes a warning list of this installation.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let deleted = app
        .registry
        .delete_warning_list(&form.actor, id(&segments)?)
        .await;
    deleted.map_err(ApiError::from)?;
    Ok(done(&form, PLACE, "deleted"))
}
