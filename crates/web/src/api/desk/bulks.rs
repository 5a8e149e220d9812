//! Bulks: many indicators, looked up in the background, paused, resumed, cancelled.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base::UserId;
use http::Uri;
use indicator::Indicator;
use intel::desk::BulkError;
use intel::lookups::{
    BULK_ITEMS_MAX, Bulk, BulkChange, BulkFilter, BulkId, BulkItem, BulkState, ItemState,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{Asked, invalid};
use super::execute::{Named, chosen, label, read_indicator};
use super::views::{time, verdict};
use super::{id, made, requests, said, unknown};
use crate::app::App;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;

/// Room for as many indicators as a bulk may have, of ordinary length.
pub(super) const BULK_BODY_BYTES: usize = 32 * 1024 * 1024;

/// Bulks, the newest first: `?userId=`, `?before=`, `?limit=`.
pub(super) async fn list(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let user = asked.number("userId")?.map(UserId);
    let before = asked.number("before")?.map(BulkId);
    let bulks = app.desk.bulks(user, before, asked.limit()?).await?;
    Ok(said(&bulks.iter().map(view).collect()))
}

/// A bulk that is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BulkBody {
    #[serde(default)]
    name: String,
    indicators: Vec<ItemBody>,
    #[serde(default, alias = "source_ids", alias = "sources")]
    source_ids: Option<Vec<Named>>,
    #[serde(default)]
    tlp: Option<String>,
    #[serde(default)]
    fresh: bool,
}

/// An indicator: a text whose kind is detected, or with its kind.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ItemBody {
    /// A text.
    Text(String),
    /// With its kind.
    Named {
        /// As on the wire.
        kind: Option<String>,
        /// The value.
        data: String,
    },
}

impl ItemBody {
    fn read(&self) -> Result<Indicator, ApiError> {
        match self {
            Self::Text(text) => read_indicator(None, text),
            Self::Named { kind, data } => read_indicator(kind.as_deref(), data),
        }
    }
}

/// Begins a bulk; a job works through it.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    asked: Json<BulkBody>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let sources = chosen(&app.registry.current(), body.source_ids.as_deref())?;
    let tlp = label(body.tlp.as_deref())?;
    if body.indicators.len() > BULK_ITEMS_MAX {
        return Err(BulkError::TooMany(body.indicators.len()).into());
    }
    // A hundred thousand URLs take a while to be read.
    let read = tokio::task::spawn_blocking(move || {
        read_all(&body.indicators).map(|all| (all, body.name, body.fresh))
    });
    let (indicators, name, fresh) = read
        .await
        .map_err(|error| ApiError::plain(Kind::Internal).because(error))??;
    let bulk = app
        .desk
        .bulk_start(&name, indicators, sources, tlp, !fresh, &seen.actor);
    let id = bulk.await?;
    let bulk = app.desk.bulk(id).await?.ok_or_else(unknown)?;
    Ok(made(&view(&bulk)))
}

fn read_all(items: &[ItemBody]) -> Result<Vec<Indicator>, ApiError> {
    let read = |(place, item): (usize, &ItemBody)| {
        let at = |error: ApiError| {
            let says = error.detail().to_owned();
            let field = format!("indicators[{place}]");
            ApiError::new(Kind::Invalid, format!("{field}: {says}")).field(field)
        };
        item.read().map_err(at)
    };
    items.iter().enumerate().map(read).collect()
}

/// How far a bulk has come.
pub(super) async fn read(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let bulk = app.desk.bulk(BulkId(id(&segments)?)).await?;
    Ok(said(&view(&bulk.ok_or_else(unknown)?)))
}

/// Its items in their order: `?state=WAITING` or `DONE`, `?verdict=`, `?troubled=true`, `?after=` the
/// last place of the page before, `?limit=`.
pub(super) async fn items(
    State(app): State<Arc<App>>,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let bulk = app
        .desk
        .bulk(BulkId(id(&segments)?))
        .await?
        .ok_or_else(unknown)?;
    let state = match asked.text("state") {
        None => None,
        Some("WAITING") => Some(ItemState::Waiting),
        Some("DONE") => Some(ItemState::Done),
        Some(_) => return Err(invalid("state", &"it is WAITING or DONE")),
    };
    let filter = BulkFilter {
        state,
        verdict: asked
            .text("verdict")
            .map(requests::verdict_named)
            .transpose()?,
        only_troubled: asked.flag("troubled")?,
    };
    let after = asked.number("after")?;
    let after = after.map(|after| u32::try_from(after).unwrap_or(u32::MAX));
    let items = app
        .desk
        .bulk_items(bulk.id, filter, after, asked.limit()?)
        .await?;
    Ok(said(&items.iter().map(item).collect()))
}

/// What is to become of a bulk.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StepBody {
    state: Step,
}

/// A state that somebody may ask for.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Step {
    Paused,
    Running,
    Cancelled,
}

/// Pauses a bulk, lets it go on, or stops it for good.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<StepBody>,
) -> Result<Response, ApiError> {
    let id = BulkId(id(&segments)?);
    let changed = match asked.body.state {
        Step::Paused => app.desk.pause(id).await?,
        Step::Running => app.desk.resume(id).await?,
        Step::Cancelled => app.desk.cancel(id).await?,
    };
    stepped(&app, id, changed).await
}

/// Stops a bulk for good; what it found stays.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    _: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let id = BulkId(id(&segments)?);
    let changed = app.desk.cancel(id).await?;
    stepped(&app, id, changed).await
}

async fn stepped(app: &App, id: BulkId, changed: BulkChange) -> Result<Response, ApiError> {
    match changed {
        BulkChange::Unknown => Err(unknown()),
        BulkChange::Already(state) => {
            let says = format!("The bulk is {} already", state_name(state));
            Err(ApiError::new(Kind::Conflict, says).field("state"))
        }
        BulkChange::Now(_) => {
            let bulk = app.desk.bulk(id).await?.ok_or_else(unknown)?;
            Ok(said(&view(&bulk)))
        }
    }
}

fn state_name(state: BulkState) -> &'static str {
    match state {
        BulkState::Running => "RUNNING",
        BulkState::Paused => "PAUSED",
        BulkState::Cancelled => "CANCELLED",
        BulkState::Finished => "FINISHED",
    }
}

fn view(bulk: &Bulk) -> Value {
    let sources = bulk.sources.as_ref().map(|sources| {
        let ids = sources.iter().map(|id| id.0.to_string());
        ids.collect::<Vec<_>>()
    });
    json!({
        "id": bulk.id.0.to_string(),
        "name": bulk.name,
        "createdAt": time(bulk.created),
        "updatedAt": time(bulk.changed),
        "userId": bulk.user.map(|user| user.0.to_string()),
        "userName": bulk.user_name,
        "sourceIds": sources,
        "tlp": bulk.tlp.name(),
        "fresh": !bulk.may_use_cache,
        "state": state_name(bulk.state),
        "items": bulk.items,
        "done": bulk.done,
        "malicious": bulk.malicious,
        "suspicious": bulk.suspicious,
        "troubled": bulk.troubled,
    })
}

fn item(item: &BulkItem) -> Value {
    let done = item.done.as_ref();
    json!({
        "place": item.place,
        "data": item.indicator.value(),
        "kind": item.indicator.kind().wire(),
        "shown": item.indicator.defanged(),
        "state": match item.state {
            ItemState::Waiting => "WAITING",
            ItemState::Done => "DONE",
        },
        "requestId": done.map(|done| done.request.0.to_string()),
        "verdict": done.map(|done| verdict(done.verdict)),
        "confidence": done.map(|done| done.confidence),
        "troubled": done.map(|done| done.troubled),
    })
}
