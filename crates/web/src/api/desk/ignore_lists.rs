//! Ignore lists: what sources are not asked about; listed, made, changed, with entries of their own.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use indicator::{Indicator, Kind as IndicatorKind, parse};
use intel::lists::{IgnoreList, ListId, NewIgnoreList};
use intel::sources::IgnoreListChange;
use intel::{ProviderId, SourceId};
use serde::Deserialize;
use serde_json::json;

use super::asked::{Asked, invalid};
use super::bodies::Id;
use super::{created, gone, id, made, plain, said, source_views as views, unknown};
use crate::app::App;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::query::Segments;

/// All ignore lists.
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let sources = app.registry.current();
    let all = sources.ignore_lists().iter();
    said(&all.map(views::ignore_list).collect())
}

/// Those that hold for every source.
pub(super) async fn global(State(app): State<Arc<App>>) -> Response {
    let sources = app.registry.current();
    let all = sources.ignore_lists().iter();
    let global = all.filter(|list| list.list.is_global);
    said(&global.map(views::ignore_list).collect())
}

/// One ignore list.
pub(super) async fn read(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    Ok(said(&views::ignore_list(&known(&app, &segments)?)))
}

/// The number of the ignore list with this slug.
pub(super) async fn by_slug(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let sources = app.registry.current();
    let mut lists = sources.ignore_lists().iter();
    let found = lists.find(|list| list.list.slug == segments.text(0));
    Ok(plain(found.ok_or_else(unknown)?.id.0.to_string()))
}

/// An ignore list in a body. What is missing stays, or is by default.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListBody {
    slug: Option<String>,
    name: Option<String>,
    description: Option<String>,
    enabled: Option<bool>,
    global: Option<bool>,
}

impl ListBody {
    fn over(self, is: NewIgnoreList) -> NewIgnoreList {
        NewIgnoreList {
            slug: self.slug.unwrap_or(is.slug),
            name: self.name.unwrap_or(is.name),
            about: self.description.unwrap_or(is.about),
            is_enabled: self.enabled.unwrap_or(is.is_enabled),
            is_global: self.global.unwrap_or(is.is_global),
        }
    }
}

/// Makes an ignore list without entries.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    asked: Json<ListBody>,
) -> Result<Response, ApiError> {
    let blank = NewIgnoreList {
        is_enabled: true,
        ..NewIgnoreList::default()
    };
    let list = asked.body.over(blank);
    let id = app
        .registry
        .create_ignore_list(&asked.seen.actor, list)
        .await?;
    let sources = app.registry.current();
    let made_now = sources.ignore_list(id).ok_or_else(unknown)?;
    Ok(made(
        &json!({ "id": id.0.to_string(), "slug": made_now.list.slug }),
    ))
}

/// Changes what an ignore list is.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<ListBody>,
) -> Result<Response, ApiError> {
    let list = known(&app, &segments)?;
    let change = IgnoreListChange {
        list: Some(asked.body.over(list.list)),
        ..IgnoreListChange::default()
    };
    put(&app, &asked.seen, list.id, change).await?;
    Ok(gone())
}

/// Deletes an ignore list.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let list = ListId(id(&segments)?);
    app.registry.delete_ignore_list(&seen.actor, list).await?;
    Ok(gone())
}

/// Its entries, the newest first: `?kind=`, `?q=`, `?before=`, `?limit=`.
pub(super) async fn entries(
    State(app): State<Arc<App>>,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (asked, list) = (Asked::of(&uri)?, known(&app, &segments)?);
    let kind = asked.text("kind").map(|name| kind_named("kind", name));
    let (kind, text) = (kind.transpose()?, asked.text("q"));
    let (before, limit) = (asked.number("before")?, asked.limit()?);
    let page = app
        .registry
        .ignore_entries(list.id, kind, text, before, limit)
        .await?;
    Ok(said(&views::entries(list.id, &page).into()))
}

/// An entry in a body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EntryBody {
    data: String,
    indicator_kind: String,
}

/// Entries that come and go.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EntriesChange {
    add: Vec<EntryBody>,
    remove: Vec<EntryBody>,
}

/// Makes these its entries, and no others.
pub(super) async fn put_entries(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<Vec<EntryBody>>,
) -> Result<Response, ApiError> {
    let change = IgnoreListChange {
        entries: Some(indicators(&asked.body, "")?),
        ..IgnoreListChange::default()
    };
    put(&app, &asked.seen, ListId(id(&segments)?), change).await?;
    Ok(created())
}

/// Adds some entries, and takes others away.
pub(super) async fn change_entries(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<EntriesChange>,
) -> Result<Response, ApiError> {
    let change = IgnoreListChange {
        add: indicators(&asked.body.add, "add")?,
        remove: indicators(&asked.body.remove, "remove")?,
        ..IgnoreListChange::default()
    };
    put(&app, &asked.seen, ListId(id(&segments)?), change).await?;
    Ok(gone())
}

fn indicators(entries: &[EntryBody], field: &str) -> Result<Vec<Indicator>, ApiError> {
    let read = |(place, entry): (usize, &EntryBody)| {
        let kind = kind_named(
            &format!("{field}[{place}].indicatorKind"),
            &entry.indicator_kind,
        )?;
        parse(kind, &entry.data).map_err(|why| invalid(&format!("{field}[{place}].data"), &why))
    };
    entries.iter().enumerate().map(read).collect()
}

fn kind_named(field: &str, name: &str) -> Result<IndicatorKind, ApiError> {
    name.parse().map_err(|why| invalid(field, &why))
}

/// The sources for which it holds.
pub(super) async fn sources(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let (list, now) = (known(&app, &segments)?, app.clock.now());
    let sources = app.registry.current();
    let named = list.sources.iter().filter_map(|id| sources.by_id(*id));
    Ok(said(
        &named.map(|source| views::source(source, now)).collect(),
    ))
}

/// Says for which sources it holds.
pub(super) async fn put_sources(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<Vec<Id>>,
) -> Result<Response, ApiError> {
    let change = IgnoreListChange {
        sources: Some(asked.body.iter().map(|id| SourceId(id.0)).collect()),
        ..IgnoreListChange::default()
    };
    put(&app, &asked.seen, ListId(id(&segments)?), change).await?;
    Ok(created())
}

/// The providers for all of whose sources it holds.
pub(super) async fn providers(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let list = known(&app, &segments)?;
    let sources = app.registry.current();
    let named = list.providers.iter().filter_map(|id| sources.provider(*id));
    Ok(said(
        &named.map(|one| views::provider(one, &sources)).collect(),
    ))
}

/// Says for which providers it holds.
pub(super) async fn put_providers(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<Vec<Id>>,
) -> Result<Response, ApiError> {
    let change = IgnoreListChange {
        providers: Some(asked.body.iter().map(|id| ProviderId(id.0)).collect()),
        ..IgnoreListChange::default()
    };
    put(&app, &asked.seen, ListId(id(&segments)?), change).await?;
    Ok(created())
}

async fn put(
    app: &App,
    seen: &Seen,
    list: ListId,
    change: IgnoreListChange,
) -> Result<(), ApiError> {
    let changed = app.registry.change_ignore_list(&seen.actor, list, change);
    Ok(changed.await?)
}

fn known(app: &App, segments: &Segments) -> Result<IgnoreList, ApiError> {
    let sources = app.registry.current();
    let found = sources.ignore_list(ListId(id(segments)?));
    found.cloned().ok_or_else(unknown)
}
