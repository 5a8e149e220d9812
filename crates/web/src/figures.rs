//! What is counted of requests, and `/metrics`, where scrapers read it with all that others count.
//!
//! Every route holds its own counters from the moment the table is made; an answer costs a few
//! atomic additions, and neither a lookup nor a lock.

use std::sync::Arc;
use std::time::Instant;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use base::metrics::{Counter, Form, Histogram, Labels, Page, number};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::address::is_in;
use crate::app::{App, Caller};
use crate::identity;
use crate::problem::{ApiError, Kind};

/// Kinds of ends of a request: status classes, and those that had no answer because the client went
/// away or the handler panicked.
const ENDS: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"];
/// Where requests without an answer are counted.
const NO_ANSWER: usize = 5;

/// What is counted of one route.
pub(crate) struct RouteFigures {
    method: Method,
    path: &'static str,
    /// `GET /readyz`, as traces name it.
    pub(crate) name: String,
    ends: [Counter; ENDS.len()],
    times: Histogram,
}

impl RouteFigures {
    pub(crate) fn new(method: &Method, path: &'static str) -> Arc<Self> {
        Arc::new(Self {
            method: method.clone(),
            path,
            name: format!("{method} {path}"),
            ends: Default::default(),
            times: Histogram::default(),
        })
    }

    /// One request to it begins.
    pub(crate) fn begin(self: &Arc<Self>) -> Measured {
        Measured {
            figures: Arc::clone(self),
            began: Instant::now(),
            end: NO_ANSWER,
        }
    }
}

/// One request, until its answer's head is there. Counted when dropped, whatever became of it.
pub(crate) struct Measured {
    figures: Arc<RouteFigures>,
    began: Instant,
    end: usize,
}

impl Measured {
    pub(crate) fn answered(mut self, status: StatusCode) {
        self.end = (usize::from(status.as_u16() / 100))
            .saturating_sub(1)
            .min(NO_ANSWER - 1);
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.figures.ends[self.end].add_one();
        self.figures.times.record(self.began.elapsed());
    }
}

/// `/metrics`, for those networks that `[metrics] allow` names, and for programs with a token that
/// may see how the installation is doing; for others there is no such page.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !is_in(caller.address, &app.settings().watchers) {
        may_watch(&app, &caller, &headers).await?;
    }
    let accept = headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    let form = if accept.is_some_and(wants_open_metrics) {
        Form::OpenMetrics
    } else {
        Form::Prometheus
    };
    let mut page = Page::new(form);
    requests(&app, &mut page);
    log(&app, &mut page).await;
    for source in &app.figures {
        source.tell(&mut page).await;
    }
    let mut response = Response::new(page.finish().into());
    let content_type = HeaderValue::from_static(match form {
        Form::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        Form::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
    });
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    Ok(response)
}

/// Whether a token says so. Without one nobody learns that there is something to see; a browser's
/// cookie is not asked, as scrapers have none.
async fn may_watch(app: &App, caller: &Caller, headers: &HeaderMap) -> Result<(), ApiError> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Err(ApiError::plain(Kind::NotFound));
    }
    let needed = Permission::OverviewRead;
    match identity::find(app, caller, headers, true).await? {
        Some(identity) if identity.may(needed) => Ok(()),
        _ => Err(ApiError::new(
            Kind::NotPermitted,
            format!("This needs the permission {}", needed.name()),
        )),
    }
}

/// Prometheus names OpenMetrics when it can read it, and then prefers it.
fn wants_open_metrics(accept: &[u8]) -> bool {
    let name = b"application/openmetrics-text";
    accept.windows(name.len()).any(|part| part == name)
}

fn requests(app: &App, page: &mut Page) {
    let routes = app.routes.get().map_or(&[][..], Vec::as_slice);
    let busy = |route: &&Arc<RouteFigures>| route.ends.iter().any(|end| end.get() > 0);
    let labels: Vec<[(&str, &str); 3]> = routes
        .iter()
        .filter(busy)
        .flat_map(|route| {
            let label = |end| {
                [
                    ("route", route.path),
                    ("method", route.method.as_str()),
                    ("status", end),
                ]
            };
            ENDS.map(label)
        })
        .collect();
    let ends = routes.iter().filter(busy).flat_map(|route| &route.ends);
    let samples = labels.iter().zip(ends);
    page.counter(
        "indelible_http_requests",
        "Requests by route, method and class of their status; none: no answer was given.",
        samples
            .filter(|(_, end)| end.get() > 0)
            .map(|(labels, end)| (labels.as_slice() as Labels<'_>, number(end.get()))),
    );
    let labels: Vec<[(&str, &str); 2]> = routes
        .iter()
        .filter(busy)
        .map(|route| [("route", route.path), ("method", route.method.as_str())])
        .collect();
    page.histogram(
        "indelible_http_request_seconds",
        "Time from a request's head to its answer's, waiting for a proof included.",
        labels
            .iter()
            .map(<[_; 2]>::as_slice)
            .zip(routes.iter().filter(busy).map(|route| &route.times)),
    );
    let guard = &app.guard;
    page.counter(
        "indelible_http_rate_limited",
        "Requests that were refused because their address had made too many.",
        alone(number(guard.limited.get())),
    );
    if let Some(places) = guard.places.get() {
        let max = app.settings().connections_max;
        let open = max.saturating_sub(places.available_permits());
        page.gauge(
            "indelible_http_connections",
            "Open connections.",
            alone(number(open as u64)),
        );
    }
    page.gauge(
        "indelible_live_readers",
        "Readers of live feeds.",
        alone(number(app.live.readers(guard.hub()) as u64)),
    );
}

async fn log(app: &App, page: &mut Page) {
    let figures = app.notary.figures();
    page.counter(
        "indelible_timestamps_accepted",
        "Timestamps that this process accepted and made durable.",
        alone(number(figures.timestamps.get())),
    );
    page.counter(
        "indelible_batches_written",
        "Batches in which it wrote them.",
        alone(number(figures.batches.get())),
    );
    page.histogram(
        "indelible_batch_write_seconds",
        "Time until a batch was durable.",
        [(&[] as Labels<'_>, &figures.writes)],
    );
    if let Ok(pooled) = app.store.pooled().await {
        page.gauge(
            "indelible_pool_timestamps",
            "Timestamps that wait to be sealed.",
            alone(number(pooled)),
        );
    }
    let head = app.follower.head();
    page.gauge(
        "indelible_log_intervals",
        "Intervals of the log.",
        alone(number(head.head.size)),
    );
    page.gauge(
        "indelible_log_timestamps",
        "Timestamps that are sealed.",
        alone(number(head.head.timestamps)),
    );
    if let Ok(witnessed) = app.ledger.cosigned_size().await {
        page.gauge(
            "indelible_log_witnessed_intervals",
            "Intervals that at least one witness vouches for.",
            alone(number(witnessed)),
        );
        // The interval that the newest cosigned head ends with, if there is one.
        if let Some(newest) = witnessed.checked_sub(1)
            && let Ok(Some(interval)) = app.ledger.interval(newest).await
        {
            let age = app.clock.now().since(interval.time);
            page.gauge(
                "indelible_log_witness_age_seconds",
                "Time since the newest interval was sealed that a witness vouches for.",
                alone(age.as_secs_f64()),
            );
        }
    }
    if head.head.size > 0 {
        let age = app.clock.now().since(head.head.time);
        page.gauge(
            "indelible_log_head_age_seconds",
            "Time since the newest interval was sealed.",
            alone(age.as_secs_f64()),
        );
    }
}

/// The one sample of a family without labels.
pub(crate) fn alone(value: f64) -> [(Labels<'static>, f64); 1] {
    [(&[], value)]
}
