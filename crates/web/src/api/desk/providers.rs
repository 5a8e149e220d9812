//! Who stands behind sources: listed, made, changed, deleted; their sources and ignore lists.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use intel::lists::ListId;
use intel::sources::{Holder, NewProvider, Provider, SourceChange};
use intel::{ProviderId, SourceId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::bodies::Id;
use super::{created, gone, id, made, plain, said, source_views as views, unknown};
use crate::app::App;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::query::Segments;

/// All providers, by name.
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let sources = app.registry.current();
    let all = sources.providers().iter();
    said(&all.map(|one| views::provider(one, &sources)).collect())
}

/// One provider.
pub(super) async fn read(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let provider = known(&app, &segments)?;
    Ok(said(&views::provider(&provider, &app.registry.current())))
}

/// The number of the provider with this slug.
pub(super) async fn by_slug(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let sources = app.registry.current();
    let found = sources.provider_by_slug(segments.text(0));
    Ok(plain(found.ok_or_else(unknown)?.id.0.to_string()))
}

/// A provider in a body. What is missing stays, or is empty.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProviderBody {
    slug: Option<String>,
    name: Option<String>,
    description: Option<String>,
    url: Option<String>,
    /// Icons are not kept: taken and dropped, because the third seed's clients send it always.
    #[serde(rename = "favicon")]
    _favicon: Option<Value>,
    tags: Option<Vec<String>>,
    enabled: Option<bool>,
}

impl ProviderBody {
    /// What it is to be, where `is` is what it is.
    fn over(self, is: NewProvider) -> NewProvider {
        NewProvider {
            slug: self.slug.unwrap_or(is.slug),
            name: self.name.unwrap_or(is.name),
            about: self.description.unwrap_or(is.about),
            website: self.url.unwrap_or(is.website),
            tags: self.tags.unwrap_or(is.tags),
            is_enabled: self.enabled.unwrap_or(is.is_enabled),
        }
    }
}

/// Makes a provider.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    asked: Json<ProviderBody>,
) -> Result<Response, ApiError> {
    let blank = NewProvider {
        is_enabled: true,
        ..NewProvider::default()
    };
    let provider = asked.body.over(blank);
    let id = app
        .registry
        .create_provider(&asked.seen.actor, provider)
        .await?;
    let sources = app.registry.current();
    let made_now = sources.provider(id).ok_or_else(unknown)?;
    Ok(made(
        &json!({ "id": id.0.to_string(), "slug": made_now.slug }),
    ))
}

/// Changes a provider.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<ProviderBody>,
) -> Result<Response, ApiError> {
    let provider = known(&app, &segments)?;
    let is = NewProvider {
        slug: provider.slug.clone(),
        name: provider.name.clone(),
        about: provider.about.clone(),
        website: provider.website.clone(),
        tags: provider.tags.clone(),
        is_enabled: provider.is_enabled,
    };
    let wanted = asked.body.over(is);
    app.registry
        .change_provider(&asked.seen.actor, provider.id, wanted)
        .await?;
    Ok(gone())
}

/// Deletes a provider that no source has.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let provider = ProviderId(id(&segments)?);
    app.registry.delete_provider(&seen.actor, provider).await?;
    Ok(gone())
}

/// Its sources.
pub(super) async fn sources(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let (provider, now) = (known(&app, &segments)?, app.clock.now());
    let sources = app.registry.current();
    let own = sources.of_provider(provider.id);
    Ok(said(
        &own.map(|source| views::source(source, now)).collect(),
    ))
}

/// Says which sources are its own: those that are named, and no others.
pub(super) async fn put_sources(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<Vec<Id>>,
) -> Result<Response, ApiError> {
    let provider = known(&app, &segments)?;
    let sources = app.registry.current();
    let wanted: Vec<SourceId> = asked.body.iter().map(|id| SourceId(id.0)).collect();
    if let Some(strange) = wanted.iter().find(|id| sources.by_id(**id).is_none()) {
        let says = format!("There is no source of number {}", strange.0);
        return Err(super::asked::invalid("body", &says));
    }
    for source in sources.all() {
        let is_own = source
            .provider
            .as_ref()
            .is_some_and(|one| one.id == provider.id);
        let is_wanted = wanted.contains(&source.id);
        if is_own == is_wanted {
            continue;
        }
        let change = SourceChange {
            provider: Some(is_wanted.then_some(provider.id)),
            ..SourceChange::default()
        };
        app.registry
            .change_source(&asked.seen.actor, source.id, change)
            .await?;
    }
    Ok(created())
}

/// The ignore lists that hold for all its sources besides the global ones.
pub(super) async fn ignore_lists(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let provider = known(&app, &segments)?;
    let sources = app.registry.current();
    let lists = sources.ignore_lists().iter();
    let own = lists.filter(|list| list.providers.contains(&provider.id));
    Ok(said(&own.map(views::ignore_list).collect()))
}

/// Says which ignore lists hold for all its sources besides the global ones.
pub(super) async fn put_ignore_lists(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<Vec<Id>>,
) -> Result<Response, ApiError> {
    let provider = known(&app, &segments)?;
    let lists = asked.body.iter().map(|id| ListId(id.0)).collect();
    app.registry
        .put_ignore_lists_of(&asked.seen.actor, Holder::Provider(provider.id), lists)
        .await?;
    Ok(created())
}

fn known(app: &App, segments: &Segments) -> Result<Arc<Provider>, ApiError> {
    let sources = app.registry.current();
    let found = sources.provider(ProviderId(id(segments)?));
    found.cloned().ok_or_else(unknown)
}
