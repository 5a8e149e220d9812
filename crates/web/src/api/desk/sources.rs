//! Sources: listed, made, changed in versions, tried, and given their secrets.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use indicator::{Kind as IndicatorKind, parse};
use intel::sources::{
    Asked as AskedUpstream, Candidate, Configured, Definition, Holder, NewSource, Settings,
    SourceChange, Trial, Tried,
};
use intel::{Answered, ProviderId, SourceId, SourceKind, Tlp, Window};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::asked::{Asked, invalid};
use super::bodies::{Id, given};
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
        told["outcomes"] = super::figures::outcomes(&outcomes);
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

/// A source in a body: the third seed's fields, and ours. What is missing stays, or is by default.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SourceBody {
    slug: Option<String>,
    kind: Option<SourceKind>,
    name: Option<String>,
    description: Option<String>,
    url: Option<String>,
    /// Icons are not kept: taken and dropped, because the third seed's clients send it always.
    #[serde(rename = "favicon")]
    _favicon: Option<Value>,
    tags: Option<Vec<String>>,
    enabled: Option<bool>,
    supported_indicators: Option<Vec<String>>,
    disabled_indicators: Option<Vec<String>>,
    task_enabled: Option<bool>,
    task_interval: Option<u32>,
    config: Vec<Value>,
    config_values: Vec<Value>,
    limit_enabled: Option<bool>,
    limit_count: Option<u32>,
    limit_interval: Option<u32>,
    cache_enabled: Option<bool>,
    cache_interval: Option<u32>,
    #[serde(deserialize_with = "given")]
    provider_id: Option<Option<Id>>,
    source_code: Option<String>,
    definition: Option<Definition>,
    settings: Option<Settings>,
    windows: Option<Vec<Window>>,
    nothing_cache_interval: Option<u32>,
    time_max_s: Option<u32>,
    #[serde(deserialize_with = "given")]
    base: Option<Option<Url>>,
    #[serde(deserialize_with = "given")]
    tlp_max: Option<Option<Tlp>>,
    note: Option<String>,
    based_on: Option<u32>,
}

impl SourceBody {
    /// Refuses what could only be taken by dropping it.
    fn check(&self, source: Option<&Configured>) -> Result<(), ApiError> {
        let is_code = matches!(
            self.kind,
            Some(
                SourceKind::Python
                    | SourceKind::JavaScript
                    | SourceKind::Cortex
                    | SourceKind::MispModule
            )
        );
        if is_code
            || self
                .source_code
                .as_ref()
                .is_some_and(|code| !code.is_empty())
        {
            return Err(intel::sources::ChangeError::NoRunner.into());
        }
        if !self.config.is_empty() || !self.config_values.is_empty() {
            return Err(invalid(
                "config",
                &"sources have no configuration of their own here",
            ));
        }
        let (Some(named), Some(source)) = (&self.supported_indicators, source) else {
            return Ok(());
        };
        let mut named = kinds(named, "supportedIndicators")?;
        let mut has: Vec<_> = source.kinds.iter().collect();
        named.sort_unstable();
        has.sort_unstable();
        if named == has {
            return Ok(());
        }
        Err(invalid(
            "supportedIndicators",
            &"they follow from the definition; switch kinds off with disabledIndicators",
        ))
    }

    /// What differs here, on top of what differs already.
    fn settings(&self, mut settings: Settings) -> Result<Settings, ApiError> {
        if let Some(whole) = &self.settings {
            settings = whole.clone();
        }
        if let Some(named) = &self.disabled_indicators {
            let off = kinds(named, "disabledIndicators")?;
            settings.kinds_off = off.into_iter().map(|kind| kind.wire().to_owned()).collect();
        }
        if self.task_enabled == Some(false) {
            return Err(invalid("taskEnabled", &"switch the source off instead"));
        }
        settings.schedule_s = self.task_interval.or(settings.schedule_s);
        match (self.limit_enabled, self.limit_count, self.limit_interval) {
            (Some(false), ..) => settings.windows = Some(Vec::new()),
            (_, Some(requests), Some(seconds)) => {
                settings.windows = Some(vec![Window { requests, seconds }]);
            }
            (_, None, None) => {}
            (_, None, Some(_)) => return Err(invalid("limitCount", &"how many in that time?")),
            (_, Some(_), None) => return Err(invalid("limitInterval", &"in how many seconds?")),
        }
        if let Some(windows) = &self.windows {
            settings.windows = Some(windows.clone());
        }
        settings.cache_s = match self.cache_enabled {
            Some(false) => Some(0),
            _ => self.cache_interval.or(settings.cache_s),
        };
        settings.nothing_cache_s = self.nothing_cache_interval.or(settings.nothing_cache_s);
        settings.time_max_s = self.time_max_s.or(settings.time_max_s);
        if let Some(base) = &self.base {
            settings.base.clone_from(base);
        }
        if let Some(tlp_max) = self.tlp_max {
            settings.tlp_max = tlp_max;
        }
        Ok(settings)
    }

    /// The words, on top of those in force; nothing when none were given.
    fn definition(&mut self, in_force: Option<&Definition>) -> Option<Definition> {
        let has_words = self.name.is_some()
            || self.description.is_some()
            || self.url.is_some()
            || self.tags.is_some();
        let mut definition = match (self.definition.take(), in_force) {
            (Some(definition), _) => definition,
            (None, Some(in_force)) if has_words => in_force.clone(),
            _ => return None,
        };
        definition.name = self.name.take().unwrap_or(definition.name);
        definition.about = self.description.take().unwrap_or(definition.about);
        definition.website = self.url.take().unwrap_or(definition.website);
        definition.tags = self.tags.take().unwrap_or(definition.tags);
        Some(definition)
    }

    fn provider(&self) -> Option<Option<ProviderId>> {
        self.provider_id.map(|id| id.map(|id| ProviderId(id.0)))
    }
}

fn kinds(names: &[String], field: &'static str) -> Result<Vec<IndicatorKind>, ApiError> {
    let read = |name: &String| name.parse().map_err(|why| invalid(field, &why));
    names.iter().map(read).collect()
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

/// What is to be tried, on what.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TryBody {
    kind: String,
    data: String,
    /// Words that nobody saved yet.
    definition: Option<Box<Definition>>,
    /// An answer that came; without one the upstream is asked, and learns the value.
    replay: Option<ReplayBody>,
}

/// A recorded answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReplayBody {
    status: u16,
    body: String,
}

/// Tries a source, or words in its place, on one indicator. Nothing of it is kept.
pub(super) async fn try_one(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<TryBody>,
) -> Result<Response, ApiError> {
    let source = known(&app, &segments)?;
    try_it(&app, Some(source.id), asked.body).await
}

/// Tries words for a source that there is not yet.
pub(super) async fn try_words(
    State(app): State<Arc<App>>,
    asked: Json<TryBody>,
) -> Result<Response, ApiError> {
    try_it(&app, None, asked.body).await
}

async fn try_it(app: &App, id: Option<SourceId>, body: TryBody) -> Result<Response, ApiError> {
    let kind: IndicatorKind = body.kind.parse().map_err(|why| invalid("kind", &why))?;
    let indicator = parse(kind, &body.data).map_err(|why| invalid("data", &why))?;
    let candidate = match (body.definition, id) {
        (Some(definition), instead_of) => Candidate::Words {
            definition,
            instead_of,
        },
        (None, Some(id)) => Candidate::Source(id),
        (None, None) => return Err(invalid("definition", &"it is missing")),
    };
    let trial = match body.replay {
        Some(replay) => Trial::Replay {
            status: replay.status,
            body: replay.body.into_bytes(),
        },
        None => Trial::Live,
    };
    let tried = app
        .registry
        .try_source(candidate, &indicator, trial, &app.vault, &*app.upstream)
        .await
        .map_err(intel::sources::ChangeError::from)?;
    Ok(said(&tried_view(&tried)))
}

fn tried_view(tried: &Tried) -> Value {
    let asked: Vec<Value> = tried.asked.iter().map(asked_view).collect();
    let answer = tried
        .answer
        .as_ref()
        .map(|(status, body)| json!({ "status": status, "body": String::from_utf8_lossy(body) }));
    let mut told = json!({
        "asked": asked,
        "trace": tried.trace,
        "answer": answer,
        "errors": [],
    });
    match &tried.outcome {
        Ok(Answered::Nothing) => told["outcome"] = "NOTHING".into(),
        Ok(Answered::Found(finding)) => {
            told["outcome"] = "FOUND".into();
            told["data"] = finding.data.clone();
            told["fields"] = json!(finding.fields);
            told["verdict"] = super::views::verdict(finding.verdict).into();
            told["confidence"] = finding.confidence.into();
            told["reasons"] = json!(finding.reasons);
            told["link"] = json!(finding.link);
        }
        Err(trouble) => {
            told["outcome"] = "TROUBLE".into();
            told["errors"] = json!([super::views::trouble(trouble)]);
        }
    }
    told
}

fn asked_view(asked: &AskedUpstream) -> Value {
    match asked {
        AskedUpstream::Http(ask) => json!({
            "method": ask.method,
            "url": ask.url.as_str(),
            "headers": ask.headers,
            "body": String::from_utf8_lossy(&ask.body),
        }),
        AskedUpstream::Dns(question) => json!({
            "method": "DNS",
            "name": question.name,
            "record": question.record,
        }),
        AskedUpstream::Whois { server, lines } => json!({
            "method": "WHOIS",
            "server": server,
            "lines": lines,
        }),
    }
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
        let secret = slot.secret_id.map(|id| intel::secrets::SecretId(id.0));
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
    let lists = asked
        .body
        .iter()
        .map(|id| intel::lists::ListId(id.0))
        .collect();
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
