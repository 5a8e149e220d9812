//! Sources: listed, made, changed in versions, and given their secrets.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use intel::SourceId;
use intel::lists::ListId;
use intel::secrets::SecretId;
use intel::sources::{Configured, Holder, NewSource, Settings, SourceChange};
use serde::Deserialize;
use serde_json::json;

use super::asked::{Asked, invalid};
use super::bodies::Id;
use super::source_body::SourceBody;
use super::{created, gone, id, made, plain, said, source_views as views, unknown};
use crate::app::App;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::query::Segments;

/// All sources, by name.
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let (sources, now) = (app.registry.current(), app.clock.now());
    let all = sources.all().iter();
    said(&all.map(|source| views::source(source, now)).collect())
}

/// One source with its definition, its settings and its places for secrets.
pub(super) async fn read(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let source = known(&app, &segments)?;
    let mut told = views::whole_source(&source, app.clock.now());
    if let Some(quotas) = app.desk.quotas(source.id).await? {
        told["quotas"] = super::figures::quotas(&quotas);
    }
    if let Some(outcomes) = app.desk.outcomes(source.id).await? {
        told["outcomes"] = super::figures::outcomes(outcomes);
    }
    Ok(said(&told))
}

/// The number of the source with this slug.
pub(super) async fn by_slug(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let sources = app.registry.current();
    let found = sources.by_slug(segments.text(0)).ok_or_else(unknown)?;
    Ok(plain(found.id.0.to_string()))
}

/// Makes a source of this installation: a described one; code needs a runner.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    asked: Json<SourceBody>,
) -> Result<Response, ApiError> {
    let Json { seen, mut body } = asked;
    body.check(None)?;
    let settings = body.settings(Settings::default())?;
    let definition = body.definition(None).ok_or_else(|| {
        invalid(
            "definition",
            &"it says what the source asks, and is missing",
        )
    })?;
    let source = NewSource {
        slug: body.slug.take().unwrap_or_default(),
        kind: definition.body.kind(),
        provider: body.provider().flatten(),
        is_enabled: body.enabled.unwrap_or(true),
        settings,
        definition,
    };
    let id = app.registry.create_source(&seen.actor, source).await?;
    let sources = app.registry.current();
    let made_now = sources.by_id(id).ok_or_else(unknown)?;
    Ok(made(
        &json!({ "id": id.0.to_string(), "slug": made_now.slug }),
    ))
}

/// Changes a source: new words are a version more.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<SourceBody>,
) -> Result<Response, ApiError> {
    let Json { seen, mut body } = asked;
    let source = known(&app, &segments)?;
    body.check(Some(&source))?;
    if body.slug.as_ref().is_some_and(|slug| *slug != source.slug) {
        return Err(invalid("slug", &"a source keeps its slug"));
    }
    if body.kind.is_some_and(|kind| kind != source.kind) {
        return Err(invalid("kind", &"a source stays of its kind"));
    }
    let settings = body.settings(source.settings.clone())?;
    let definition = body.definition(Some(&source.definition));
    let change = SourceChange {
        provider: body.provider(),
        is_enabled: body.enabled,
        settings: (settings != source.settings).then_some(settings),
        definition: definition.filter(|words| *words != *source.definition),
        note: body.note.take().unwrap_or_default(),
        based_on: body.based_on,
    };
    app.registry
        .change_source(&seen.actor, source.id, change)
        .await?;
    Ok(gone())
}

/// Deletes a source of this installation; what it answered stays.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let source = SourceId(id(&segments)?);
    app.registry.delete_source(&seen.actor, source).await?;
    Ok(gone())
}

/// Its versions, the newest first.
pub(super) async fn versions(
    State(app): State<Arc<App>>,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let source = known(&app, &segments)?;
    let before = asked.number("before")?;
    let page = app
        .registry
        .versions(source.id, before, asked.limit()?)
        .await?;
    Ok(said(&page.rows.iter().map(views::version).collect()))
}

/// One version with what it says; `?against=` also says what it says otherwise than another.
pub(super) async fn version(
    State(app): State<Arc<App>>,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri)?;
    let source = known(&app, &segments)?;
    let number = version_number(segments.text(1)).ok_or_else(unknown)?;
    let version = app.registry.version(source.id, number).await?;
    let version = version.ok_or_else(unknown)?;
    let mut told = views::version(&version.row);
    told["definition"] = json!(version.definition);
    if let Some(against) = asked.text("against") {
        let against = version_number(against).ok_or_else(|| invalid("against", &"a number"))?;
        let differs = app
            .registry
            .version_difference(source.id, against, number)
            .await?;
        told["difference"] = json!(differs.ok_or_else(unknown)?);
    }
    Ok(said(&told))
}

fn version_number(text: &str) -> Option<u32> {
    text.parse().ok()
}

/// Which version was looked at.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BasedOn {
    based_on: Option<u32>,
}

/// Goes back to what an older version says, as a version more.
pub(super) async fn roll_back(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<BasedOn>,
) -> Result<Response, ApiError> {
    let source = known(&app, &segments)?;
    let to = version_number(segments.text(1)).ok_or_else(unknown)?;
    app.registry
        .roll_back(&asked.seen.actor, source.id, to, asked.body.based_on)
        .await?;
    Ok(gone())
}

/// Its places for secrets, and which secret stands where; never what a secret is.
pub(super) async fn secrets(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let (source, now) = (known(&app, &segments)?, app.clock.now());
    let slots = source.slots.iter();
    Ok(said(&slots.map(|state| views::slot(state, now)).collect()))
}

/// Which secret is to stand in a place.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SlotBody {
    name: String,
    #[serde(default)]
    secret_id: Option<Id>,
    /// The definition says these; the third seed's clients send them along.
    #[serde(default, rename = "description")]
    _description: Option<String>,
    #[serde(default, rename = "required")]
    _required: Option<bool>,
}

/// Puts secrets into the places that are named; a null takes one out. Others stay as they are.
pub(super) async fn put_secrets(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<Vec<SlotBody>>,
) -> Result<Response, ApiError> {
    let source = known(&app, &segments)?;
    for slot in &asked.body {
        let is_known = source
            .slots
            .iter()
            .any(|state| state.slot.name == slot.name);
        if !is_known {
            let says = format!("{} has no place {:?} for a secret", source.slug, slot.name);
            return Err(invalid("name", &says));
        }
    }
    for slot in asked.body {
        let secret = slot.secret_id.map(|id| SecretId(id.0));
        app.registry
            .put_secret(&asked.seen.actor, source.id, &slot.name, secret)
            .await?;
    }
    Ok(created())
}

/// The ignore lists that hold for it besides the global ones.
pub(super) async fn ignore_lists(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let source = known(&app, &segments)?;
    let sources = app.registry.current();
    let lists = sources.ignore_lists().iter();
    let own = lists.filter(|list| list.sources.contains(&source.id));
    Ok(said(&own.map(views::ignore_list).collect()))
}

/// Says which ignore lists hold for it besides the global ones.
pub(super) async fn put_ignore_lists(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<Vec<Id>>,
) -> Result<Response, ApiError> {
    let source = known(&app, &segments)?;
    let lists = asked.body.iter().map(|id| ListId(id.0)).collect();
    app.registry
        .put_ignore_lists_of(&asked.seen.actor, Holder::Source(source.id), lists)
        .await?;
    Ok(created())
}

/// The source that the address names.
pub(super) fn known(app: &App, segments: &Segments) -> Result<Arc<Configured>, ApiError> {
    let sources = app.registry.current();
    let found = sources.by_id(SourceId(id(segments)?));
    found.cloned().ok_or_else(unknown)
}
