//! Figures: how much was asked, of whom, about what; what is left of quotas; what somebody should
//! know.

use std::collections::BTreeMap;
use std::sync::Arc;

use accounts::UserFilter;
use axum::extract::State;
use axum::response::Response;
use base::UnixMicros;
use http::Uri;
use intel::desk::{Outcomes, Quotas, Statistics};
use intel::lookups::RequestFilter;
use intel::sources::SourceFigures;
use serde_json::{Value, json};

use super::asked::{Asked, invalid};
use super::views::{maybe, time, verdict};
use super::{said, source_views as views};
use crate::app::App;
use crate::problem::ApiError;

/// Hours of the third seed's charts: a day, and the hour that has begun.
const HOURS: i64 = 25;
/// Most hours of one answer: a year and a day.
const HOURS_MAX: i64 = 367 * 24;
const HOUR_US: i64 = 3_600_000_000;
/// Accounts read at a time.
const USERS_AT_ONCE: usize = 500;

/// What is left of a source's quotas.
pub(super) fn quotas(quotas: &Quotas) -> Value {
    let windows: Vec<Value> = quotas
        .windows
        .iter()
        .map(|one| {
            json!({
                "requests": one.window.requests,
                "seconds": one.window.seconds,
                "used": one.used,
                "remaining": one.remaining,
                "freeAt": maybe(one.free_at),
            })
        })
        .collect();
    json!({
        "windows": windows,
        "closedUntil": maybe(quotas.closed_until),
        "waiting": quotas.waiting,
    })
}

/// How a source did lately.
pub(super) fn outcomes(outcomes: Outcomes) -> Value {
    json!({ "asked": outcomes.of, "troubled": outcomes.troubled })
}

/// How every source that is on has been doing.
async fn source_figures(app: &App) -> Result<Vec<SourceFigures>, ApiError> {
    let sources = app.registry.current();
    let mut figures = Vec::new();
    for source in sources.all().iter().filter(|source| source.is_on()) {
        let outcomes = app.desk.outcomes(source.id).await?.unwrap_or_default();
        let quotas = app.desk.quotas(source.id).await?.unwrap_or_default();
        let used = quotas.windows.iter().map(|one| (one.window, one.used));
        figures.push(SourceFigures {
            source: source.id,
            asked: outcomes.of,
            troubled: outcomes.troubled,
            used: used.collect(),
        });
    }
    Ok(figures)
}

/// What somebody should know of the sources, the gravest first.
pub(super) async fn notifications(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let figures = source_figures(&app).await?;
    let told = app.registry.notifications(&figures);
    Ok(said(&told.iter().map(views::notification).collect()))
}

/// Totals.
pub(super) async fn count(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let day = app
        .desk
        .statistics(UnixMicros(now.0 - 24 * HOUR_US), now)
        .await?;
    let day: u64 = day.requests.iter().map(|one| one.requests).sum();
    // Numbers grow by one, and none is given twice.
    let newest = app
        .desk
        .requests(&RequestFilter::default(), None, 1)
        .await?;
    let sources = app.registry.current();
    let lists = sources.ignore_lists();
    let (users, enabled_users) = users(&app).await?;
    Ok(said(&json!({
        "history": newest.first().map_or(0, |row| row.id.0),
        "historyLast24hrs": day,
        "providers": sources.providers().len(),
        "enabledProviders": sources.providers().iter().filter(|one| one.is_enabled).count(),
        "sources": sources.all().len(),
        "enabledSources": sources.all().iter().filter(|one| one.is_enabled).count(),
        "ignoreLists": lists.len(),
        "enabledIgnoreLists": lists.iter().filter(|one| one.list.is_enabled).count(),
        "users": users,
        "enabledUsers": enabled_users,
    })))
}

/// How many accounts there are, and how many of them may sign in.
async fn users(app: &App) -> Result<(usize, usize), ApiError> {
    let (mut all, mut enabled, mut before) = (0, 0, None);
    loop {
        let page = app
            .accounts
            .users(&UserFilter::default(), before, USERS_AT_ONCE)
            .await?;
        all += page.rows.len();
        enabled += page.rows.iter().filter(|user| user.enabled).count();
        before = page.next;
        if before.is_none() {
            return Ok((all, enabled));
        }
    }
}

/// The hours that are asked for: `?from=` and `?to=`, else the last 25.
struct Hours {
    first: i64,
    last: i64,
    figures: Statistics,
}

impl Hours {
    async fn of(app: &App, uri: &Uri) -> Result<Self, ApiError> {
        let asked = Asked::of(uri)?;
        let to = asked.time("to")?.unwrap_or_else(|| app.clock.now());
        let last = to.0.div_euclid(HOUR_US);
        let first = match asked.time("from")? {
            Some(from) => from.0.div_euclid(HOUR_US),
            None => last - HOURS + 1,
        };
        if first > last || last - first > HOURS_MAX {
            return Err(invalid("from", &"it lies before to, by a year at most"));
        }
        let from = UnixMicros(first * HOUR_US);
        let figures = app.desk.statistics(from, to).await?;
        Ok(Self {
            first,
            last,
            figures,
        })
    }

    /// A row for each hour, also for those in which nothing happened.
    fn rows(&self, mut row: impl FnMut(i64, Value) -> Value) -> Response {
        let hours = self.first..=self.last;
        let told = hours.map(|hour| row(hour, time(UnixMicros(hour * HOUR_US)).into()));
        said(&told.collect())
    }

    /// A row for each hour with what was counted of each key.
    fn by_key(
        &self,
        counted: impl Iterator<Item = (i64, String, u64)>,
        name: impl Fn(&str) -> Value,
    ) -> Response {
        let mut by_hour: BTreeMap<i64, BTreeMap<String, u64>> = BTreeMap::new();
        for (hour, key, count) in counted.filter(|(.., count)| *count > 0) {
            *by_hour.entry(hour).or_default().entry(key).or_default() += count;
        }
        self.rows(|hour, window| {
            let counts = by_hour.get(&hour).into_iter().flatten();
            let data: Vec<Value> = counts
                .map(|(key, count)| {
                    let mut told = name(key);
                    told["count"] = (*count).into();
                    told
                })
                .collect();
            json!({ "timeWindow": window, "data": data })
        })
    }
}

/// By the hour: how many answers were asked for, and how many were at hand.
pub(super) async fn requests(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let hours = Hours::of(&app, &uri).await?;
    Ok(hours.rows(|hour, window| {
        let own = hours.figures.requests.iter().filter(|one| one.hour == hour);
        let (all, cached) = own.fold((0, 0), |(all, cached), one| {
            (all + one.requests, cached + one.cached)
        });
        json!({
            "timeWindow": window,
            "uncachedCount": all - cached.min(all),
            "cachedCount": cached,
        })
    }))
}

/// By the hour: how many answers of each source.
pub(super) async fn sources(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let hours = Hours::of(&app, &uri).await?;
    let sources = app.registry.current();
    let counted = hours.figures.sources.iter().map(|one| {
        let count = one.found + one.nothing + one.troubled + one.cached;
        (one.hour, one.source.0.to_string(), count)
    });
    Ok(hours.by_key(counted, |id| {
        let source = id
            .parse()
            .ok()
            .and_then(|id| sources.by_id(intel::SourceId(id)));
        json!({ "id": id, "name": source.map(|source| &source.name) })
    }))
}

/// By the hour: how many answers of each provider's sources.
pub(super) async fn providers(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let hours = Hours::of(&app, &uri).await?;
    let sources = app.registry.current();
    let counted = hours.figures.sources.iter().filter_map(|one| {
        let provider = sources.by_id(one.source)?.provider.as_ref()?;
        let count = one.found + one.nothing + one.troubled + one.cached;
        Some((one.hour, provider.id.0.to_string(), count))
    });
    Ok(hours.by_key(counted, |id| {
        let id_number = id.parse().ok().map(intel::ProviderId);
        let provider = id_number.and_then(|id| sources.provider(id));
        json!({ "id": id, "name": provider.map(|provider| &provider.name) })
    }))
}

/// By the hour: how many requests of each kind.
pub(super) async fn kinds(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let hours = Hours::of(&app, &uri).await?;
    let counted = hours.figures.requests.iter();
    let counted = counted.map(|one| (one.hour, one.kind.wire().to_owned(), one.requests));
    Ok(hours.by_key(counted, |name| json!({ "id": null, "name": name })))
}

/// By the hour: how many requests ended with each verdict.
pub(super) async fn verdicts(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let hours = Hours::of(&app, &uri).await?;
    let counted = hours.figures.requests.iter();
    let counted = counted.map(|one| (one.hour, verdict(one.verdict).to_owned(), one.requests));
    Ok(hours.by_key(counted, |name| json!({ "id": null, "name": name })))
}
