//! Addresses of the third seed for what has addresses of its own here: tokens, the configuration.

use std::sync::Arc;

use accounts::NewToken;
use axum::extract::State;
use axum::response::Response;
use base::ApiTokenId;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::bodies::Moment;
use super::views::{maybe, time};
use super::{gone, id, made, said};
use crate::app::App;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::query::Segments;

/// A token that is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TokenBody {
    note: String,
    expires_at: Option<Moment>,
}

/// The asker's tokens.
pub(super) async fn tokens(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let tokens = app.accounts.own_tokens(&seen.caller()?).await?;
    let view = |token: &accounts::ApiToken| {
        json!({
            "id": token.id.0.to_string(),
            "createdAt": time(token.created_at),
            "updatedAt": time(token.created_at),
            "note": token.note,
            "expiresAt": maybe(token.expires_at),
        })
    };
    Ok(said(&tokens.iter().map(view).collect()))
}

/// Makes a token; the answer is the only place where its text ever stands.
pub(super) async fn make_token(
    State(app): State<Arc<App>>,
    asked: Json<TokenBody>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let token = NewToken {
        note: body.note,
        permissions: None,
        expires_at: body.expires_at.map(|at| at.0),
    };
    let (token, secret) = app.accounts.make_token(&seen.caller()?, token).await?;
    Ok(made(
        &json!({ "id": token.id.0.to_string(), "token": secret.expose() }),
    ))
}

/// Revokes a token of one's own.
pub(super) async fn revoke_token(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let token = ApiTokenId(id(&segments)?);
    app.accounts
        .revoke_own_token(&seen.caller()?, token)
        .await?;
    Ok(gone())
}

/// The settings in force by their names, with where each came from; secrets are starred. They are
/// changed in the settings file, not here.
pub(super) async fn config(State(app): State<Arc<App>>) -> Response {
    let entry = |setting: &crate::Setting| {
        let category = setting.id.split('.').next().unwrap_or_default();
        let told = json!({
            "id": setting.id,
            "value": setting.value,
            "friendlyName": setting.id,
            "description": setting.about,
            "kind": "STRING",
            "category": category.to_uppercase(),
            "origin": setting.origin,
        });
        (setting.id.clone(), told)
    };
    let all: Map<String, Value> = app.installation.settings.iter().map(entry).collect();
    said(&Value::Object(all))
}
