//! One's own account, for programs.

use std::sync::Arc;

use accounts::{NewToken, Permission, PermissionSet};
use axum::extract::State;
use axum::response::Response;
use base::{ApiTokenId, SessionId, UnixMicros};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{gone, made, page, said, views};
use crate::app::App;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;

/// Who asks, and what they may do in this session or with this token.
pub(super) async fn read(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let caller = seen.caller()?;
    let profile = app.accounts.profile(&caller).await?;
    let mut account = views::user(&profile.user);
    // Of a token, only what it lets through.
    account["permissions"] = json!(views::names(caller.user.permissions));
    Ok(said(&account))
}

/// The asker's tokens.
pub(super) async fn tokens(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let tokens = app.accounts.own_tokens(&seen.caller()?).await?;
    Ok(page(
        &tokens.iter().map(views::token).collect::<Vec<_>>(),
        None,
    ))
}

/// A token that is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenWanted {
    note: String,
    permissions: Option<Vec<String>>,
    expires_in_s: Option<u64>,
}

/// Makes one; the answer is the only place where its text ever stands.
pub(super) async fn make_token(
    State(app): State<Arc<App>>,
    asked: Json<TokenWanted>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let permissions = body.permissions.as_deref().map(permissions).transpose()?;
    let ends = |seconds| {
        app.clock
            .now()
            .plus(std::time::Duration::from_secs(seconds))
    };
    let token = NewToken {
        note: body.note,
        permissions,
        expires_at: body
            .expires_in_s
            .map(ends)
            .filter(|end| *end < UnixMicros(i64::MAX)),
    };
    let (token, secret) = app.accounts.make_token(&seen.caller()?, token).await?;
    let mut said: Value = views::token(&token);
    said["token"] = secret.expose().into();
    Ok(made(&said))
}

/// Permissions by their names.
pub(super) fn permissions(names: &[String]) -> Result<PermissionSet, ApiError> {
    let unknown = |name: &str| {
        let shown: String = name.chars().take(40).collect();
        let says = format!("There is no permission {shown:?}");
        ApiError::new(Kind::Invalid, says).field("permissions")
    };
    names
        .iter()
        .map(|name| Permission::named(name).ok_or_else(|| unknown(name)))
        .collect()
}

/// Revokes one.
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

/// The asker's sessions.
pub(super) async fn sessions(
    State(app): State<Arc<App>>,
    seen: Seen,
) -> Result<Response, ApiError> {
    let sessions = app.accounts.own_sessions(&seen.caller()?).await?;
    Ok(page(
        &sessions.iter().map(views::session).collect::<Vec<_>>(),
        None,
    ))
}

/// Ends one.
pub(super) async fn end_session(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let session = SessionId(id(&segments)?);
    app.accounts
        .end_own_session(&seen.caller()?, session)
        .await?;
    Ok(gone())
}

/// The number in the address.
pub(super) fn id(segments: &Segments) -> Result<i64, ApiError> {
    segments
        .text(0)
        .parse()
        .map_err(|_| ApiError::plain(Kind::NoSuchThing).field("id"))
}
