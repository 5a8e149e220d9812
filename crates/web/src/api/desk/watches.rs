//! Watches and shares: an indicator that is asked about again and again, and a request that whoever
//! has a link may read.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use intel::lookups::{RequestId, Share, ShareId, Watch, WatchFilter, WatchId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::Asked;
use super::bodies::{Id, Moment};
use super::execute::{Named, chosen, label, read_indicator};
use super::views::{RequestView, maybe, time, verdict};
use super::{gone, id, json_text, made, said, spliced, unknown};
use crate::app::App;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;

/// How often a watched indicator is looked at, unless said otherwise: daily.
const EVERY: Duration = Duration::from_hours(24);
/// How long a link is good, unless said otherwise: a week.
const VALID: Duration = Duration::from_hours(7 * 24);

/// One's own watches, or with `?all=true` everybody's; `?kind=` and `?data=` together name one
/// indicator; `?before=`, `?limit=`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let indicator = asked
        .text("data")
        .map(|data| read_indicator(asked.text("kind"), data));
    let filter = WatchFilter {
        user: (!asked.flag("all")?).then(|| seen.actor.user()).flatten(),
        indicator: indicator.transpose()?,
    };
    let before = asked.number("before")?.map(WatchId);
    let watches = app.desk.watches(&filter, before, asked.limit()?).await?;
    Ok(said(&watches.iter().map(view).collect()))
}

/// A watch that is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WatchBody {
    data: String,
    kind: Option<String>,
    #[serde(default, alias = "source_ids", alias = "sources")]
    source_ids: Option<Vec<Named>>,
    tlp: Option<String>,
    every_s: Option<u64>,
}

/// Watches an indicator; the first look is at once.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    asked: Json<WatchBody>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let indicator = read_indicator(body.kind.as_deref(), &body.data)?;
    let sources = chosen(&app.registry.current(), body.source_ids.as_deref())?;
    let (tlp, every) = (
        label(body.tlp.as_deref())?,
        body.every_s.map_or(EVERY, Duration::from_secs),
    );
    let id = app
        .desk
        .watch(indicator, sources, tlp, every, &seen.actor)
        .await?;
    let watch = app.desk.watch_by_id(id).await?.ok_or_else(unknown)?;
    Ok(made(&view(&watch)))
}

/// One watch.
pub(super) async fn read(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let watch = app.desk.watch_by_id(WatchId(id(&segments)?)).await?;
    Ok(said(&view(&watch.ok_or_else(unknown)?)))
}

/// Ends a watch of one's own.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let watch = app.desk.watch_by_id(WatchId(id(&segments)?)).await?;
    // Somebody else's is as good as none.
    let own = watch.filter(|watch| Some(watch.user) == seen.actor.user());
    let watch = own.ok_or_else(unknown)?;
    if app.desk.unwatch(watch.id).await? {
        Ok(gone())
    } else {
        Err(unknown())
    }
}

fn view(watch: &Watch) -> Value {
    let sources = watch.sources.as_ref().map(|sources| {
        let ids = sources.iter().map(|id| id.0.to_string());
        ids.collect::<Vec<_>>()
    });
    json!({
        "id": watch.id.0.to_string(),
        "userId": watch.user.0.to_string(),
        "data": watch.indicator.value(),
        "kind": watch.indicator.kind().wire(),
        "shown": watch.indicator.defanged(),
        "sourceIds": sources,
        "tlp": watch.tlp.name(),
        "everyS": watch.every.as_secs(),
        "createdAt": time(watch.created),
        "nextAt": time(watch.next),
        "lastRequestId": watch.last.map(|request| request.0.to_string()),
        "verdict": verdict(watch.verdict),
        "changedAt": maybe(watch.changed),
    })
}

/// The links to a request that are still good: `?requestId=`.
pub(super) async fn shares(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let request = asked.number("requestId")?.ok_or_else(|| {
        ApiError::new(Kind::MissingField, "requestId is missing: of which request")
            .field("requestId")
    })?;
    let shares = app.desk.shares(RequestId(request)).await?;
    Ok(said(&shares.iter().map(share_view).collect()))
}

/// A link that is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ShareBody {
    request_id: Id,
    expires_at: Option<Moment>,
}

/// Makes a link to a request; the answer is the only place where it ever stands.
pub(super) async fn share(
    State(app): State<Arc<App>>,
    asked: Json<ShareBody>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let expires = match body.expires_at {
        Some(at) => at.0,
        None => app.clock.now().plus(VALID),
    };
    let request = RequestId(body.request_id.0);
    let secret = app.desk.share(request, expires, &seen.actor).await?;
    Ok(made(&json!({
        "requestId": request.0.to_string(),
        "expiresAt": time(expires),
        "secret": secret.expose(),
        "link": app.link(&format!("/s/{}", secret.expose())),
    })))
}

/// What a link's secret opens, for anybody who has it.
pub(super) async fn shared(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let request = app.desk.shared(segments.text(0)).await?;
    let request = request.ok_or_else(unknown)?;
    let mut response = spliced(json_text(&RequestView::for_strangers(&request)));
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}

/// Makes a link good for nothing.
pub(super) async fn unshare(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    if app
        .desk
        .unshare(ShareId(id(&segments)?), &seen.actor)
        .await?
    {
        Ok(gone())
    } else {
        Err(unknown())
    }
}

fn share_view(share: &Share) -> Value {
    json!({
        "id": share.id.0.to_string(),
        "requestId": share.request.0.to_string(),
        "userId": share.user.map(|user| user.0.to_string()),
        "createdAt": time(share.created),
        "expiresAt": time(share.expires),
    })
}
