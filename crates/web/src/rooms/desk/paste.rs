//! The desk itself: the box that takes anything, what was found in it, who would see it, and the form
//! that asks.

use std::collections::BTreeSet;
use std::sync::Arc;

use accounts::Permission;
use askama::Template as _;
use axum::extract::{FromRequest as _, FromRequestParts as _, Request, State};
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use indicator::Indicator;
use intel::desk::Question;
use intel::sources::Configured;
use intel::{Exposure, SourceId, Tlp};

use super::extract::{self, PASTE_BYTES_MAX, Pick};
use super::request::page_of;
use super::view::paste::{Found, FoundPart, Paste, Watcher};
use super::view::{Part, Value};
use crate::api::forms::see;
use crate::app::App;
use crate::assets::url::DESK_JS;
use crate::body::Whole;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::{ApiError, Kind};
use crate::rooms::account::UNFIT;
use crate::rooms::frame::{Frame, asked};
use crate::rooms::view::Block;

const PLACE: &str = "/desk";
const LEDE: &str = "What is known of an address, a domain, a hash, and who says so. Every answer is kept as evidence and sealed in the log.";
static TOKEN_HEADER: HeaderName = HeaderName::from_static("x-form");

/// What the keys do here.
const KEYS: &[(&str, &str)] = &[
    ("Ctrl Enter", "read and look up"),
    ("j k", "from indicator to indicator"),
    ("x", "choose or leave out"),
    ("y", "copy, defanged"),
];

/// The empty desk; or what an address such as `/desk?q=192.0.2.7` names.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let text = asked(&uri, "q")?;
    let found = if text.is_empty() {
        Found::default()
    } else {
        let read = extract::read(&app, text.clone().into_bytes()).await;
        extract::found(&app, read).await?
    };
    Ok(shown(&app, &seen, text, found, Tlp::default(), None))
}

/// What a browser without script sent: the same page, with what was found.
pub(crate) async fn extract(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let text = form.raw("text").to_owned();
    if text.trim().is_empty() {
        let wrong = Some("Paste something first.".to_owned());
        return Ok(shown(
            &app,
            &form,
            text,
            Found::default(),
            Tlp::default(),
            wrong,
        ));
    }
    let read = extract::read(&app, text.clone().into_bytes()).await;
    let found = extract::found(&app, read).await?;
    Ok(shown(&app, &form, text, found, Tlp::default(), None))
}

/// The list alone, for a page that is open: the body is the text or the file itself.
pub(crate) async fn found(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let seen = Seen::from_request_parts(&mut parts, &app).await?;
    let token = parts.headers.get(&TOKEN_HEADER);
    let token = token.and_then(|token| token.to_str().ok());
    seen.check_form(token.unwrap_or_default())?;
    let body = Whole::from_request(Request::from_parts(parts, body), &app).await?;
    let found = if body.bytes.trim_ascii().is_empty() {
        Found::default()
    } else {
        let read = extract::read(&app, body.bytes.to_vec()).await;
        extract::found(&app, read).await?
    };
    let drawn = FoundPart { found: &found }.render();
    let drawn = drawn.map_err(|error| ApiError::plain(Kind::Internal).because(error))?;
    let mut response = Response::new(axum::body::Body::from(drawn));
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    Ok(response)
}

fn shown(
    app: &App,
    visitor: &Visitor,
    text: String,
    found: Found,
    tlp: Tlp,
    wrong: Option<String>,
) -> Response {
    let status = wrong.as_ref().map_or(StatusCode::OK, |_| UNFIT);
    let (sources, absent) = watchers(app);
    let paste = Paste {
        text,
        wrong,
        found,
        tlp,
        sources,
        absent,
        may_ask: visitor.may(Permission::LookupsWrite),
    };
    let blocks = vec![
        Block::Desk(Part::Paste(Box::new(paste))),
        Block::Desk(Part::Keys(KEYS)),
    ];
    Frame::at(app, visitor, PLACE)
        .desk()
        .script(DESK_JS)
        .status(status)
        .show("Look up", LEDE, blocks)
}

/// Who may be asked; and who is not, with the reason.
fn watchers(app: &App) -> (Vec<Watcher>, Vec<(String, String)>) {
    let now = app.clock.now();
    let sources = app.registry.current();
    let (mut asked, mut absent) = (Vec::new(), Vec::new());
    for source in sources.all() {
        if let Some(why) = absence(source, now) {
            absent.push((source.name.clone(), why));
            continue;
        }
        asked.push(Watcher {
            id: source.id.0,
            name: source.name.clone(),
            provider: source
                .provider
                .as_ref()
                .map_or(String::new(), |provider| provider.name.clone()),
            exposure: source.exposure,
            // What is answered here travels nowhere.
            tlp_max: if source.exposure == Exposure::Local {
                Tlp::Red
            } else {
                source.tlp_max
            },
            kinds: source
                .kinds
                .iter()
                .filter(|kind| source.takes(*kind))
                .collect(),
            // What others can see is asked for by name only.
            chosen: source.exposure < Exposure::Contact,
        });
    }
    (asked, absent)
}

/// Why a source is not asked, whatever is looked up.
fn absence(source: &Configured, now: base::UnixMicros) -> Option<String> {
    if source.unmade.is_some() {
        return Some("cannot be run here".to_owned());
    }
    if !source.is_enabled {
        return Some("is switched off".to_owned());
    }
    if !source.is_on() {
        return Some("its provider is switched off".to_owned());
    }
    let missing = source.missing(now);
    let first = missing.first()?;
    Some(format!("its secret “{}” is missing", first.slot.name))
}

/// What a form asks for.
struct Order {
    indicators: Vec<Indicator>,
    tlp: Tlp,
    sources: Option<Vec<SourceId>>,
    /// Answers that are at hand will do.
    may_use_cache: bool,
}

impl Order {
    fn of(app: &App, form: &Form) -> Result<Self, ApiError> {
        let mut indicators: Vec<Indicator> = Vec::new();
        let mut known = BTreeSet::new();
        for field in form.all("pick") {
            let Some(Value(indicator)) = Value::of_field(field) else {
                let detail = "An indicator is its kind and its value, such as IPV4 192.0.2.7";
                return Err(ApiError::new(Kind::Invalid, detail).field("pick"));
            };
            if known.insert(indicator.clone()) {
                indicators.push(indicator);
            }
        }
        Ok(Self {
            indicators,
            tlp: tlp(form)?,
            sources: sources(app, form)?,
            may_use_cache: form.text("fresh").is_empty(),
        })
    }
}

fn tlp(form: &Form) -> Result<Tlp, ApiError> {
    match form.text("tlp") {
        "" => Ok(Tlp::default()),
        text => text
            .parse()
            .map_err(|_| ApiError::new(Kind::Invalid, "Choose how far it may travel").field("tlp")),
    }
}

/// The sources that are ticked. A form without ticks, such as “look again”, asks all.
fn sources(app: &App, form: &Form) -> Result<Option<Vec<SourceId>>, ApiError> {
    // Nobody ticked is not everybody: the value would go where it must not.
    if form.text("choosing").is_empty() {
        return Ok(None);
    }
    let known = app.registry.current();
    let mut chosen = Vec::new();
    for id in form.all("source") {
        let id = id.parse().ok().map(SourceId);
        let id = id.filter(|id| known.by_id(*id).is_some());
        let unknown = || ApiError::new(Kind::Invalid, "There is no such source").field("source");
        chosen.push(id.ok_or_else(unknown)?);
    }
    Ok(Some(chosen))
}

/// Asks: one indicator at once, several as a bulk.
pub(crate) async fn look_up(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let order = Order::of(&app, &form)?;
    let has_nobody = order.sources.as_ref().is_some_and(Vec::is_empty);
    match order.indicators.as_slice() {
        [_, ..] if has_nobody => {
            let wrong = Some("Choose at least one source: nobody was asked.".to_owned());
            let text: Vec<String> = order
                .indicators
                .into_iter()
                .map(|indicator| Value(indicator).shown())
                .collect();
            let read = extract::read(&app, text.join("\n").into_bytes()).await;
            let found = extract::found(&app, read).await?;
            Ok(shown(&app, &form, text.join("\n"), found, order.tlp, wrong))
        }
        [] => {
            let wrong = Some("Choose at least one indicator.".to_owned());
            Ok(shown(
                &app,
                &form,
                String::new(),
                Found::default(),
                order.tlp,
                wrong,
            ))
        }
        [one] => {
            let question = Question {
                indicator: one.clone(),
                sources: order.sources,
                tlp: order.tlp,
                may_use_cache: order.may_use_cache,
            };
            let lookup = app.desk.look_up(&question, &form.actor).await?;
            let id = app.running.take(lookup);
            Ok(see(&page_of(id)))
        }
        _ => start(&app, &form, order).await,
    }
}

/// Looks everything up that is found in a text, as a bulk.
pub(crate) async fn bulk(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let text = form.raw("text").as_bytes().to_vec();
    let read = extract::read(&app, text).await;
    let likely = read.picks.into_iter().filter(Pick::is_likely);
    let order = Order {
        indicators: likely.map(|pick| pick.indicator).collect(),
        ..Order::of(&app, &form)?
    };
    if order.indicators.is_empty() {
        let wrong = Some("There is nothing in it that a source could be asked about.".to_owned());
        let text = form.raw("text").to_owned();
        return Ok(shown(&app, &form, text, Found::default(), order.tlp, wrong));
    }
    start(&app, &form, order).await
}

async fn start(app: &App, form: &Form, order: Order) -> Result<Response, ApiError> {
    let first = Value(order.indicators[0].clone()).shown();
    let first: String = first.chars().take(FIRST_LETTERS_MAX).collect();
    let name = format!("{first} and {} more", order.indicators.len() - 1);
    let started = app.desk.bulk_start(
        &name,
        order.indicators,
        order.sources,
        order.tlp,
        order.may_use_cache,
        &form.actor,
    );
    let id = started.await?;
    Ok(see(&format!("/desk/bulks/{}", id.0)))
}

/// Longest beginning of a bulk's name, in letters.
const FIRST_LETTERS_MAX: usize = 60;
/// Most bytes of a form that carries a text: percent-encoding makes up to three of one.
pub(crate) const TEXT_FORM_BYTES: usize = 3 * PASTE_BYTES_MAX;
