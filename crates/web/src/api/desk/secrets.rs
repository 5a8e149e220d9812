//! Secrets: set, replaced, described, deleted. No address of the API gives one back.
#![expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use intel::secrets::{NewSecret, SecretChange, SecretId};
use serde::Deserialize;

use super::bodies::{Moment, given};
use super::{gone, id, plain, said, source_views as views};
use crate::app::App;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::query::Segments;

/// All secrets, by name, without what they are.
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let (sources, now) = (app.registry.current(), app.clock.now());
    let all = sources.secrets().iter();
    said(&all.map(|one| views::secret(one, &sources, now)).collect())
}

/// A secret that is to be kept.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewBody {
    name: String,
    value: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    expires_at: Option<Moment>,
}

/// Keeps a secret; answers its number.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    asked: Json<NewBody>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let secret = NewSecret {
        name: body.name,
        about: body.description.unwrap_or_default(),
        value: body.value,
        expires_at: body.expires_at.map(|at| at.0),
    };
    let id = app.vault.set(&seen.actor, secret).await?;
    let mut response = plain(id.0.to_string());
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// What is to be changed of a secret. What is missing stays.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ChangeBody {
    name: Option<String>,
    value: Option<String>,
    description: Option<String>,
    #[serde(deserialize_with = "given")]
    expires_at: Option<Option<Moment>>,
}

/// Changes a secret; another value holds wherever the old one stood.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<ChangeBody>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let change = SecretChange {
        name: body.name,
        about: body.description,
        value: body.value,
        expires_at: body.expires_at.map(|at| at.map(|at| at.0)),
    };
    let secret = SecretId(id(&segments)?);
    app.vault.change(&seen.actor, secret, change).await?;
    Ok(gone())
}

/// Deletes a secret; the places where it stood are empty from now on.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let secret = SecretId(id(&segments)?);
    app.vault.delete(&seen.actor, secret).await?;
    Ok(gone())
}
