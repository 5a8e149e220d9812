//! The one table of routes, and how it becomes a router.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{HeaderValue, Method, StatusCode, header};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};

use crate::api::{bulk, docs, live, mth, ts};
use crate::app::App;
use crate::body::BodyMax;
use crate::figures::{self, RouteFigures};
use crate::problem::{ApiError, Kind};
use crate::{assets, health, log, pages, problems, tsa};

/// How long an answer may be kept. A handler that knows better sets `Cache-Control` itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Belongs to this request only.
    Never,
    /// May be kept, but is asked after before every use.
    Revalidate,
    /// For a second: new heads come that often.
    Short,
    /// For an hour.
    Hour,
    /// For ever: the answer at this address cannot change.
    Immutable,
    /// The handler decides from what it found.
    Own,
}

impl Cache {
    /// The value of `Cache-Control`.
    pub fn control(self) -> Option<HeaderValue> {
        let text = match self {
            Self::Never => "no-store",
            Self::Revalidate => "no-cache",
            Self::Short => "public, max-age=1",
            Self::Hour => "public, max-age=3600",
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Own => return None,
        };
        Some(HeaderValue::from_static(text))
    }
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Anybody.
    Public,
}

/// One route: everything about it that can be said without running it.
pub struct Route {
    /// `GET` answers `HEAD` too.
    pub method: Method,
    /// As axum writes it. Under `/api/` a trailing slash may follow.
    pub path: &'static str,
    /// How long its answers may be kept.
    pub cache: Cache,
    /// Longest body it takes, in bytes; 0 for none.
    pub body_bytes_max: usize,
    /// Who may use it.
    pub permission: Permission,
    figures: Arc<RouteFigures>,
    handler: MethodRouter<Arc<App>>,
}

/// `{"data": …}` with every one of 256 bytes escaped has 1,548 bytes; the rest is for white space.
const DATA_BODY_BYTES: usize = 16 * 1024;
/// 100,000 items of 256 bytes, with quotes and commas, and some escapes.
const BULK_BODY_BYTES: usize = 32 * 1024 * 1024;
/// Room to say of a query that is too long that it is: the parser knows the real limit.
const TSA_BODY_BYTES: usize = 4 * ::tsa::REQUEST_BYTES_MAX;

/// Shorter answers fit a packet anyway.
const COMPRESSED_BYTES_MIN: u64 = 1024;

/// Every route of the API, the log's files, the time-stamp authority, the health checks and
/// the pages.
pub fn routes() -> Vec<Route> {
    use Cache::{Hour, Immutable, Never, Own, Revalidate, Short};
    let mut routes = vec![
        post("/api/v1/ts", DATA_BODY_BYTES, ts::submit),
        get("/api/v1/ts", Never, ts::tagged),
        post("/api/v1/ts/bulk", BULK_BODY_BYTES, bulk::submit),
        get("/api/v1/ts/{id}", Own, ts::read),
        get("/api/v1/ts/{id}/proof", Revalidate, ts::proof_file),
        get("/api/v1/mth/current", Short, mth::current),
        get("/api/v1/mth/live", Never, live::negotiated),
        get("/api/v1/mth/live/sse", Never, live::events),
        get("/api/v1/mth/{i}", Immutable, mth::head),
        get("/api/v1/mth/{x}/in/{y}", Immutable, mth::inclusion),
        get("/api/v1/mth/{x}/from/{y}", Immutable, mth::consistency),
        get("/api/v1/docs", Revalidate, docs::page),
        get("/api/v1/docs/openapi.json", Hour, docs::openapi_json),
        get("/log/checkpoint", Short, log::checkpoint),
        get(
            "/log/witnessed/checkpoint",
            Short,
            log::witnessed_checkpoint,
        ),
        get("/log/witnessed/tile/{*name}", Immutable, log::tile),
        get("/log/key", Revalidate, log::keys),
        get("/log/tile/{*name}", Immutable, log::tile),
        post("/tsa", TSA_BODY_BYTES, tsa::answer),
        get("/tsa/ca.pem", Hour, tsa::ca),
        get("/tsa/chain.pem", Hour, tsa::chain),
        get("/tsa/tokens/{serial}", Own, tsa::token),
        get("/problems", Hour, problems::list),
        get("/problems/{name}", Hour, problems::one),
        get("/healthz", Never, health::healthy),
        get("/readyz", Never, health::ready),
        get("/metrics", Never, figures::page),
    ];
    routes.extend(pages::routes::routes());
    routes
}

/// The table, the assets, and an answer for everything else.
pub(crate) fn router(app: Arc<App>) -> Router {
    let table = routes();
    let figures = table.iter().map(|route| Arc::clone(&route.figures));
    // An app has one router.
    let _ = app.routes.set(figures.collect());
    assemble(table)
        .with_state(app)
        .merge(assets::router())
        .fallback(|| async { ApiError::plain(Kind::NotFound) })
        .method_not_allowed_fallback(|| async { ApiError::plain(Kind::MethodNotAllowed) })
}

fn assemble(table: Vec<Route>) -> Router<Arc<App>> {
    let mut router = Router::new();
    for Route { path, handler, .. } in table {
        if path.starts_with("/api/") {
            router = router.route(&format!("{path}/"), handler.clone());
        }
        router = router.route(path, handler);
    }
    router
}

pub(crate) fn get<H, T>(path: &'static str, cache: Cache, handler: H) -> Route
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let not_for = NotForContentType::const_new;
    let worth_it = SizeAbove::new(COMPRESSED_BYTES_MIN)
        .and(not_for("text/event-stream"))
        .and(not_for("application/octet-stream"))
        .and(not_for("application/cbor"));
    let declared = Declared {
        handler,
        cache,
        body_bytes_max: 0,
        figures: RouteFigures::new(&Method::GET, path),
    };
    Route {
        method: Method::GET,
        path,
        figures: Arc::clone(&declared.figures),
        cache,
        body_bytes_max: 0,
        permission: Permission::Public,
        handler: on(MethodFilter::GET, declared)
            .layer(CompressionLayer::new().compress_when(worth_it)),
    }
}

pub(crate) fn post<H, T>(path: &'static str, body_bytes_max: usize, handler: H) -> Route
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let declared = Declared {
        handler,
        cache: Cache::Own,
        body_bytes_max,
        figures: RouteFigures::new(&Method::POST, path),
    };
    Route {
        method: Method::POST,
        path,
        figures: Arc::clone(&declared.figures),
        cache: Cache::Never,
        body_bytes_max,
        permission: Permission::Public,
        handler: on(MethodFilter::POST, declared),
    }
}

/// A handler with what its route declares: the body's limit goes in, caching comes out.
#[derive(Clone)]
struct Declared<H> {
    handler: H,
    cache: Cache,
    body_bytes_max: usize,
    figures: Arc<RouteFigures>,
}

impl<H, T> Handler<T, Arc<App>> for Declared<H>
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    type Future = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, mut request: Request, app: Arc<App>) -> Self::Future {
        Box::pin(async move {
            let measured = self.figures.begin();
            // The path itself may hold a secret, such as an invitation's.
            tracing::Span::current().record("otel.name", self.figures.name.as_str());
            let response = if self.body_bytes_max > 0 {
                request
                    .extensions_mut()
                    .insert(BodyMax(self.body_bytes_max));
                self.handler.call(request, app).await
            } else {
                let known = request.headers().get(header::IF_NONE_MATCH).cloned();
                let response = self.handler.call(request, app).await;
                finish(response, self.cache, known.as_ref())
            };
            measured.answered(response.status());
            response
        })
    }
}

/// Says how long a good answer may be kept; leaves it out when the client has it already.
fn finish(mut response: Response, cache: Cache, known: Option<&HeaderValue>) -> Response {
    if response.status() != StatusCode::OK {
        return response;
    }
    let headers = response.headers_mut();
    if let Some(control) = cache.control()
        && !headers.contains_key(header::CACHE_CONTROL)
    {
        headers.insert(header::CACHE_CONTROL, control);
    }
    let has_it = known
        .zip(headers.get(header::ETAG))
        .is_some_and(|(known, tag)| matches_tag(known, tag));
    if has_it {
        headers.remove(header::CONTENT_TYPE);
        headers.remove(header::CONTENT_LENGTH);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
    }
    response
}

/// Weak comparison: RFC 9110 §13.1.2.
fn matches_tag(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else {
        return false;
    };
    known.trim() == "*" || known.split(',').any(|one| opaque(one) == opaque(tag))
}
