//! Warning lists: what is known to be harmless, in the form of MISP's.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use intel::lists::WarningListId;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::asked::Asked;
use super::{gone, id, made, said, source_views as views, unknown};
use crate::app::App;
use crate::body::Whole;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::query::Segments;

/// All warning lists.
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let sources = app.registry.current();
    let all = sources.warning_lists().iter();
    said(&all.map(views::warning_list).collect())
}

/// One warning list.
pub(super) async fn read(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let id = WarningListId(id(&segments)?);
    let sources = app.registry.current();
    let mut lists = sources.warning_lists().iter();
    let found = lists.find(|list| list.id == id).ok_or_else(unknown)?;
    Ok(said(&views::warning_list(found)))
}

/// Makes a warning list of MISP's JSON, which is the body; `?slug=` names it.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
    body: Whole,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let slug = asked.text("slug").unwrap_or_default();
    let words = body.bytes.to_vec();
    let id = app
        .registry
        .create_warning_list(&seen.actor, slug, words)
        .await?;
    Ok(made(&json!({ "id": id.0.to_string() })))
}

/// What is to be changed of a warning list.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WarningBody {
    enabled: Option<bool>,
    list: Option<Box<RawValue>>,
}

/// Switches a warning list, or gives it other words.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<WarningBody>,
) -> Result<Response, ApiError> {
    let words = asked.body.list.map(|list| list.get().as_bytes().to_vec());
    let id = WarningListId(id(&segments)?);
    app.registry
        .change_warning_list(&asked.seen.actor, id, asked.body.enabled, words)
        .await?;
    Ok(gone())
}

/// Deletes a warning list of this installation.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let list = WarningListId(id(&segments)?);
    app.registry.delete_warning_list(&seen.actor, list).await?;
    Ok(gone())
}
