//! Feeds: lists that somebody publishes, pulled into an index of our own.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use intel::feeds::{Change, Description, Feed, FeedId, Outcome, Run, RunId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::Asked;
use super::views::{maybe, time};
use super::{gone, id, made, said, unknown};
use crate::app::App;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::query::Segments;

/// All feeds, by slug.
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let all = app.feeds.all().await?;
    Ok(said(&all.iter().map(view).collect()))
}

/// One feed.
pub(super) async fn read(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let id = FeedId(id(&segments)?);
    let all = app.feeds.all().await?;
    let found = all.iter().find(|feed| feed.id == id);
    Ok(said(&view(found.ok_or_else(unknown)?)))
}

/// A feed of this installation that is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FeedBody {
    slug: String,
    description: Description,
}

/// Adds a feed; it is pulled soon.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    asked: Json<FeedBody>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let id = app
        .feeds
        .add(&seen.actor, &body.slug, body.description)
        .await?;
    Ok(made(&json!({ "id": id.0.to_string(), "slug": body.slug })))
}

/// What is to be different about a feed.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ChangeBody {
    enabled: Option<bool>,
    description: Option<Description>,
}

/// Changes a feed; one of the product can be switched on and off only.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<ChangeBody>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let change = Change {
        is_enabled: body.enabled,
        description: body.description,
    };
    let feed = FeedId(id(&segments)?);
    app.feeds.change(&seen.actor, feed, change).await?;
    Ok(gone())
}

/// Deletes a feed of this installation with its entries.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    app.feeds
        .remove(&seen.actor, FeedId(id(&segments)?))
        .await?;
    Ok(gone())
}

/// Its runs, the newest first: `?before=`, `?limit=`.
pub(super) async fn runs(
    State(app): State<Arc<App>>,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let before = asked.number("before")?.map(RunId);
    let feed = FeedId(id(&segments)?);
    let runs = app.feeds.runs(feed, before, asked.limit()?).await?;
    Ok(said(&runs.iter().map(run).collect()))
}

/// Lets a feed be pulled at once.
pub(super) async fn pull(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    app.feeds
        .pull_now(&seen.actor, FeedId(id(&segments)?))
        .await?;
    Ok(gone())
}

fn view(feed: &Feed) -> Value {
    json!({
        "id": feed.id.0.to_string(),
        "slug": feed.slug,
        "shipped": feed.is_shipped,
        "enabled": feed.is_enabled,
        "description": feed.description,
        "createdAt": time(feed.created),
        "dueAt": time(feed.due),
        "entries": feed.entries,
        "completeRunId": feed.complete.map(|run| run.0.to_string()),
    })
}

fn run(run: &Run) -> Value {
    json!({
        "id": run.id.0.to_string(),
        "feedId": run.feed.0.to_string(),
        "startedAt": time(run.started),
        "endedAt": maybe(run.ended),
        "outcome": match run.outcome {
            Outcome::Runs => "RUNS",
            Outcome::Complete => "COMPLETE",
            Outcome::Unchanged => "UNCHANGED",
            Outcome::Failed => "FAILED",
        },
        "bytes": run.bytes,
        "entries": run.entries,
        "added": run.added,
        "skipped": run.skipped,
        "cause": run.cause,
    })
}
