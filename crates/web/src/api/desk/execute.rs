//! Lookups: what one would do, and one that is done, as a whole or as a stream of events. Whoever
//! goes away cancels what they asked.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use futures_util::{Stream, StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Uri, header};
use indicator::{Indicator, Kind as IndicatorKind, detect, parse};
use intel::desk::{
    Delivery, LookUpError, Lookup, LookupEvent, Plan, Planned, Question, SkipReason, Skipped,
};
use intel::sources::{Configured, Sources};
use intel::{SourceId, Tlp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{Asked, invalid};
use super::views::{AnswerView, FromCache, summary};
use super::{json_text, said, source_views};
use crate::app::{App, Caller};
use crate::form::Json;
use crate::identity::{Identity, Seen};
use crate::negotiate::Format;
use crate::origin::{Said, said as browser_said};
use crate::problem::{ApiError, Kind};
use crate::sse::{self, Event};

/// How the third seed's server, its own clients and its older versions name the same parameter.
const SOURCES: [&str; 3] = ["sourceIds", "source_ids", "sources"];

/// A lookup that is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExecuteBody {
    data: String,
    kind: Option<String>,
    #[serde(alias = "source_ids", alias = "sources")]
    source_ids: Option<Vec<Named>>,
    tlp: Option<String>,
    #[serde(default, alias = "ignore_errors")]
    ignore_errors: bool,
    #[serde(default)]
    fresh: bool,
}

/// A source by its number or by its slug.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Named {
    /// Its number.
    Number(i64),
    /// Its number as text, or its slug.
    Text(String),
}

impl Named {
    fn find(&self, sources: &Sources) -> Result<SourceId, ApiError> {
        let found = match self {
            Self::Number(id) => sources.by_id(SourceId(*id)),
            Self::Text(text) => match text.trim().parse() {
                Ok(id) => sources.by_id(SourceId(id)),
                Err(_) => sources.by_slug(text.trim()),
            },
        };
        found.map(|source| source.id).ok_or_else(|| {
            let name = match self {
                Self::Number(id) => id.to_string(),
                Self::Text(text) => text.chars().take(64).collect(),
            };
            invalid("sourceIds", &format!("there is no source {name:?}"))
        })
    }
}

/// The sources that were chosen; none chosen means all, but an empty choice is a mistake: asking all
/// others would show the value to those who must not see it.
pub(super) fn chosen(
    sources: &Sources,
    named: Option<&[Named]>,
) -> Result<Option<Vec<SourceId>>, ApiError> {
    match named {
        None => Ok(None),
        Some([]) => Err(invalid(
            "sourceIds",
            &"no source is named; leave it out to ask all",
        )),
        Some(named) => {
            let found: Result<Vec<_>, _> = named.iter().map(|one| one.find(sources)).collect();
            found.map(Some)
        }
    }
}

/// A label; AMBER, unless said otherwise.
pub(super) fn label(text: Option<&str>) -> Result<Tlp, ApiError> {
    let read = text.map(|text| text.parse().map_err(|why| invalid("tlp", &why)));
    Ok(read.transpose()?.unwrap_or_default())
}

/// An indicator of a named kind, or of the kind that it most likely is.
pub(super) fn read_indicator(kind: Option<&str>, data: &str) -> Result<Indicator, ApiError> {
    let Some(kind) = kind.filter(|kind| !kind.is_empty()) else {
        let found = detect(data);
        return found
            .ok_or_else(|| invalid("data", &"this looks like no indicator; name its kind"));
    };
    let kind: IndicatorKind = kind.parse().map_err(|why| invalid("kind", &why))?;
    parse(kind, data).map_err(|why| invalid("data", &why))
}

/// A question, and whether troubles are told.
struct Wanted {
    question: Question,
    tells_errors: bool,
}

impl Wanted {
    fn of_query(app: &App, uri: &Uri) -> Result<Self, ApiError> {
        let asked = Asked::of(uri)?;
        let data = asked.text("data").ok_or_else(|| {
            ApiError::new(
                Kind::MissingField,
                "data is missing: what is to be looked up",
            )
            .field("data")
        })?;
        let named = asked.list(&SOURCES).into_iter().map(Named::Text);
        let named: Option<Vec<Named>> = asked.has(&SOURCES).then(|| named.collect());
        let ignores = asked.flag("ignoreErrors")? || asked.flag("ignore_errors")?;
        Ok(Self {
            question: Question {
                indicator: read_indicator(asked.text("kind"), data)?,
                sources: chosen(&app.registry.current(), named.as_deref())?,
                tlp: label(asked.text("tlp"))?,
                may_use_cache: !asked.flag("fresh")?,
            },
            tells_errors: !ignores,
        })
    }

    fn of_body(app: &App, body: &ExecuteBody) -> Result<Self, ApiError> {
        Ok(Self {
            question: Question {
                indicator: read_indicator(body.kind.as_deref(), &body.data)?,
                sources: chosen(&app.registry.current(), body.source_ids.as_deref())?,
                tlp: label(body.tlp.as_deref())?,
                may_use_cache: !body.fresh,
            },
            tells_errors: !body.ignore_errors,
        })
    }
}

/// The protocol asks with GET. A page of another site could make a browser do that too, and show
/// values to strangers under somebody's name: a browser must say that our own page asks.
fn not_forged(
    app: &App,
    seen: &Seen,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    let by_cookie = seen.identity.as_ref().is_some_and(Identity::is_by_cookie);
    let public = app.settings().public_origin.as_deref();
    if by_cookie && browser_said(headers, public, caller.secure) != Said::Ours {
        return Err(ApiError::plain(Kind::CrossSite));
    }
    Ok(())
}

/// What a lookup would do: asks nobody, writes nothing.
pub(super) async fn plan(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let wanted = Wanted::of_query(&app, &uri)?;
    planned(&app, &wanted).await
}

/// The same, asked in a body.
pub(super) async fn plan_body(
    State(app): State<Arc<App>>,
    asked: Json<ExecuteBody>,
) -> Result<Response, ApiError> {
    let wanted = Wanted::of_body(&app, &asked.body)?;
    planned(&app, &wanted).await
}

async fn planned(app: &App, wanted: &Wanted) -> Result<Response, ApiError> {
    let plan = app.desk.plan(&wanted.question).await;
    let plan = plan.map_err(LookUpError::from)?;
    let sources = app.registry.current();
    let warnings = sources.warnings(&plan.indicator).into_iter();
    let last = app
        .desk
        .verdicts_of(std::slice::from_ref(&plan.indicator))
        .await?;
    let mut told = plan_view(&plan);
    told["warnings"] = warnings.map(super::views::warning_mark).collect();
    told["last"] = last
        .first()
        .and_then(Option::as_ref)
        .map(super::views::last)
        .into();
    Ok(said(&told))
}

fn plan_view(plan: &Plan) -> Value {
    let asked = plan.asked.iter().map(|one| {
        json!({
            "source": source_views::brief(&one.source),
            "exposure": source_views::exposure(one.exposure),
            "fromCacheS": one.from_cache.map(|age| age.as_secs()),
            "waitsMs": one.waits.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        })
    });
    let sees = plan.who_sees.iter().map(|one| {
        let provider = one.provider.as_ref();
        json!({
            "provider": provider.map(|provider| json!({
                "id": provider.id.0.to_string(),
                "slug": provider.slug,
                "name": provider.name,
            })),
            "exposure": source_views::exposure(one.exposure),
            "sources": one.sources.iter().map(|source| source_views::brief(source)).collect::<Vec<_>>(),
        })
    });
    json!({
        "data": plan.indicator.value(),
        "kind": plan.indicator.kind().wire(),
        "shown": plan.indicator.defanged(),
        "tlp": plan.tlp.name(),
        "asked": asked.collect::<Vec<_>>(),
        "skipped": plan.skipped.iter().map(skipped).collect::<Vec<_>>(),
        "whoSees": sees.collect::<Vec<_>>(),
    })
}

/// A source that is not asked, with the third seed's errors.
fn skipped(skipped: &Skipped) -> Value {
    json!({
        "source": source_views::brief(&skipped.source),
        "errors": skipped.why.iter().map(reason).collect::<Vec<_>>(),
    })
}

fn reason(why: &SkipReason) -> Value {
    let content = match why {
        SkipReason::RunnerDisabled(kind) => source_views::kind(*kind),
        SkipReason::ProviderDisabled(id) => id.0.to_string().into(),
        SkipReason::WithinIgnoreList(lists) => lists
            .iter()
            .map(|id| id.0.to_string())
            .collect::<Vec<_>>()
            .into(),
        SkipReason::MissingSecret(slots) => slots.clone().into(),
        SkipReason::Tlp(tlp) => tlp.name().into(),
        SkipReason::UnsupportedIndicator
        | SkipReason::DisabledIndicator
        | SkipReason::SourceDisabled => return json!({ "kind": why.name() }),
    };
    json!({ "kind": why.name(), "content": content })
}

/// Looks up, and answers when everybody has.
pub(super) async fn execute(
    State(app): State<Arc<App>>,
    seen: Seen,
    caller: Caller,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    not_forged(&app, &seen, &caller, &headers)?;
    let wanted = Wanted::of_query(&app, &uri)?;
    whole(&app, &seen, wanted).await
}

/// The same, asked in a body: the value stands in no log of addresses.
pub(super) async fn execute_body(
    State(app): State<Arc<App>>,
    asked: Json<ExecuteBody>,
) -> Result<Response, ApiError> {
    let wanted = Wanted::of_body(&app, &asked.body)?;
    whole(&app, &asked.seen, wanted).await
}

async fn whole(app: &App, seen: &Seen, wanted: Wanted) -> Result<Response, ApiError> {
    let lookup = app.desk.look_up(&wanted.question, &seen.actor).await?;
    let keeping = Keeping::of(&lookup.plan);
    let deliveries: Vec<Delivery> = lookup
        .events
        .filter_map(|event| {
            std::future::ready(match event {
                LookupEvent::Answer(delivery) | LookupEvent::Trouble(delivery) => Some(delivery),
                LookupEvent::Finished(_) => None,
            })
        })
        .collect()
        .await;
    let mut texts: Vec<String> = deliveries
        .iter()
        .map(|delivery| AnswerView::of(&delivery.answer, keeping.of_delivery(delivery)))
        .filter(|view| wanted.tells_errors || view.is_answer())
        .map(|view| json_text(&view))
        .collect();
    if wanted.tells_errors {
        texts.extend(
            lookup
                .plan
                .skipped
                .iter()
                .map(|one| skipped(one).to_string()),
        );
    }
    let answer = format!("[{}]", texts.join(","));
    let mut response = super::super::forms::answer(Format::Json, answer);
    let place = HeaderValue::try_from(format!("/api/v1/requests/{}", lookup.id.0));
    if let Ok(place) = place {
        response
            .headers_mut()
            .insert(header::CONTENT_LOCATION, place);
    }
    Ok(response)
}

/// Looks up, and tells each answer as it comes.
pub(super) async fn events(
    State(app): State<Arc<App>>,
    seen: Seen,
    caller: Caller,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    not_forged(&app, &seen, &caller, &headers)?;
    let wanted = Wanted::of_query(&app, &uri)?;
    streamed(&app, &seen, wanted).await
}

/// The same, asked in a body.
pub(super) async fn events_body(
    State(app): State<Arc<App>>,
    asked: Json<ExecuteBody>,
) -> Result<Response, ApiError> {
    let wanted = Wanted::of_body(&app, &asked.body)?;
    streamed(&app, &asked.seen, wanted).await
}

async fn streamed(app: &App, seen: &Seen, wanted: Wanted) -> Result<Response, ApiError> {
    let lookup = app.desk.look_up(&wanted.question, &seen.actor).await?;
    let events = told(lookup, wanted.tells_errors);
    let beat = app.settings().live_beat;
    Ok(sse::answer(events, beat, app.guard.closing.subscribe()))
}

/// The events of a lookup: who is asked, who is not, what comes, how it ended.
fn told(lookup: Lookup, tells_errors: bool) -> impl Stream<Item = Event> + Send + 'static {
    let Lookup { id, plan, events } = lookup;
    let keeping = Keeping::of(&plan);
    let request = id.0.to_string();
    let mut first = vec![start(&request, &plan)];
    if tells_errors {
        first.extend(plan.skipped.iter().map(|one| {
            let errors: Vec<Value> = one.why.iter().map(reason).collect();
            error(&one.source, &errors)
        }));
    }
    let mut counts = (0, 0);
    let coming = events.filter_map(move |event| {
        let event = match &event {
            LookupEvent::Answer(delivery) => {
                counts.0 += 1;
                let view = AnswerView::of(&delivery.answer, keeping.of_delivery(delivery));
                Some(Event {
                    name: "fetching_data",
                    id: delivery.answer.source.id.0.to_string(),
                    data: json_text(&view),
                })
            }
            LookupEvent::Trouble(delivery) => {
                counts.1 += 1;
                let errors = super::views::errors(&delivery.answer);
                tells_errors.then(|| Event {
                    name: "fetching_error",
                    id: delivery.answer.source.id.0.to_string(),
                    data: Value::from(errors).to_string(),
                })
            }
            LookupEvent::Finished(held) => Some(Event {
                name: "fetching_done",
                id: request.clone(),
                data: json!({
                    "requestId": request,
                    "summary": summary(held),
                    "answered": counts.0,
                    "troubled": counts.1,
                })
                .to_string(),
            }),
        };
        std::future::ready(event)
    });
    stream::iter(first).chain(coming)
}

fn start(request: &str, plan: &Plan) -> Event {
    let view = |source: &Configured| {
        json!({
            "source": source_views::brief(source),
            "hasSourceCode": source.unmade.is_none(),
        })
    };
    let asked = plan.asked.iter().map(|one| view(&one.source));
    let skipped = plan.skipped.iter().map(|one| view(&one.source));
    Event {
        name: "fetching_start",
        id: request.to_owned(),
        data: asked.chain(skipped).collect::<Value>().to_string(),
    }
}

fn error(source: &Configured, errors: &[Value]) -> Event {
    Event {
        name: "fetching_error",
        id: source.id.0.to_string(),
        data: json!(errors).to_string(),
    }
}

/// How long each source's answers are kept, so that one that was just asked for says until when it
/// will do.
struct Keeping {
    seconds: HashMap<SourceId, (u32, u32)>,
    at_hand: HashSet<SourceId>,
}

impl Keeping {
    fn of(plan: &Plan) -> Self {
        let keeps = |one: &Planned| {
            let source = &one.source;
            (source.id, (source.cache_s, source.nothing_cache_s))
        };
        let at_hand = plan.asked.iter().filter(|one| one.cached.is_some());
        Self {
            seconds: plan.asked.iter().map(keeps).collect(),
            at_hand: at_hand.map(|one| one.source.id).collect(),
        }
    }

    fn of_delivery(&self, delivery: &Delivery) -> FromCache {
        let answer = &delivery.answer;
        let mut cache = FromCache {
            age: delivery.age,
            expires: delivery.expires,
        };
        let is_new = cache.age.is_none() && !self.at_hand.contains(&answer.source.id);
        if is_new && answer.trouble().is_none() {
            let kept = self.seconds.get(&answer.source.id).copied();
            let (found, nothing) = kept.unwrap_or_default();
            let seconds = if answer.heard().is_some() {
                found
            } else {
                nothing
            };
            let end = answer.ended().plus(Duration::from_secs(seconds.into()));
            cache.expires = (seconds > 0).then_some(end);
        }
        cache
    }
}
