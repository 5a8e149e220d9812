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

use crate::access::{Access, Door, knows_nobody};
use crate::api::{bulk, docs, live, mth, ts};
use crate::app::App;
use crate::body::BodyMax;
use crate::figures::{self, RouteFigures};
use crate::problem::{ApiError, Kind};
use crate::{api, assets, health, log, pages, problems, rooms, tsa};

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
    pub access: Access,
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
    use Access::Public;
    use Cache::{Hour, Immutable, Never, Own, Revalidate, Short};
    let mut routes = vec![
        post("/api/v1/ts", Public, DATA_BODY_BYTES, ts::submit),
        get("/api/v1/ts", Public, Never, ts::tagged),
        post("/api/v1/ts/bulk", Public, BULK_BODY_BYTES, bulk::submit),
        get("/api/v1/ts/{id}", Public, Own, ts::read),
        get("/api/v1/ts/{id}/proof", Public, Revalidate, ts::proof_file),
        get("/api/v1/mth/current", Public, Short, mth::current),
        get("/api/v1/mth/live", Public, Never, live::negotiated),
        get("/api/v1/mth/live/sse", Public, Never, live::events),
        get("/api/v1/mth/{i}", Public, Immutable, mth::head),
        get("/api/v1/mth/{x}/in/{y}", Public, Immutable, mth::inclusion),
        get(
            "/api/v1/mth/{x}/from/{y}",
            Public,
            Immutable,
            mth::consistency,
        ),
        get("/api/v1/docs", Public, Revalidate, docs::page),
        get(
            "/api/v1/docs/openapi.json",
            Public,
            Hour,
            docs::openapi_json,
        ),
        get("/log/checkpoint", Public, Short, log::checkpoint),
        get(
            "/log/witnessed/checkpoint",
            Public,
            Short,
            log::witnessed_checkpoint,
        ),
        get("/log/witnessed/tile/{*name}", Public, Immutable, log::tile),
        get("/log/key", Public, Revalidate, log::keys),
        get("/log/tile/{*name}", Public, Immutable, log::tile),
        post("/tsa", Public, TSA_BODY_BYTES, tsa::answer),
        get("/tsa/ca.pem", Public, Hour, tsa::ca),
        get("/tsa/chain.pem", Public, Hour, tsa::chain),
        get("/tsa/tokens/{serial}", Public, Own, tsa::token),
        get("/problems", Public, Hour, problems::list),
        get("/problems/{name}", Public, Hour, problems::one),
        get("/healthz", Public, Never, health::healthy),
        get("/readyz", Public, Never, health::ready),
        get("/metrics", Public, Never, figures::page),
    ];
    routes.extend(rooms::routes());
    routes.extend(api::rooms::routes());
    routes.extend(api::desk::routes());
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

/// A route that only reads.
pub(crate) fn get<H, T>(path: &'static str, access: Access, cache: Cache, handler: H) -> Route
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let not_for = NotForContentType::const_new;
    let worth_it = SizeAbove::new(COMPRESSED_BYTES_MIN)
        .and(not_for("text/event-stream"))
        .and(not_for("application/octet-stream"))
        .and(not_for("application/cbor"));
    let declared = declare(&Method::GET, path, access, cache, 0, handler);
    Route {
        method: Method::GET,
        path,
        figures: Arc::clone(&declared.figures),
        cache,
        body_bytes_max: 0,
        access,
        handler: on(MethodFilter::GET, declared)
            .layer(CompressionLayer::new().compress_when(worth_it)),
    }
}

/// A route that takes a body of at most `body_bytes_max`.
pub(crate) fn post<H, T>(
    path: &'static str,
    access: Access,
    body_bytes_max: usize,
    handler: H,
) -> Route
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    changing(Method::POST, path, access, body_bytes_max, handler)
}

/// A route that changes something by another method than POST.
pub(crate) fn changing<H, T>(
    method: Method,
    path: &'static str,
    access: Access,
    body_bytes_max: usize,
    handler: H,
) -> Route
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let filter = MethodFilter::try_from(method.clone()).expect("the table names known methods");
    let declared = declare(&method, path, access, Cache::Own, body_bytes_max, handler);
    Route {
        method,
        path,
        figures: Arc::clone(&declared.figures),
        cache: Cache::Never,
        body_bytes_max,
        access,
        handler: on(filter, declared),
    }
}

fn declare<H>(
    method: &Method,
    path: &'static str,
    access: Access,
    cache: Cache,
    body_bytes_max: usize,
    handler: H,
) -> Declared<H> {
    Declared {
        handler,
        route: path,
        access,
        cache,
        body_bytes_max,
        figures: RouteFigures::new(method, path),
    }
}

/// A handler with what its route declares: who may come is looked at first, the body's limit goes
/// in, caching comes out.
#[derive(Clone)]
struct Declared<H> {
    handler: H,
    route: &'static str,
    access: Access,
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
            base::trace::rename_current(&self.figures.name);
            if self.body_bytes_max > 0 {
                request
                    .extensions_mut()
                    .insert(BodyMax(self.body_bytes_max));
            }
            let response = self.guarded(request, app).await;
            measured.answered(response.status());
            response
        })
    }
}

impl<H> Declared<H> {
    /// Asks who comes, where that matters, and then the handler.
    async fn guarded<T>(self, request: Request, app: Arc<App>) -> Response
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        if knows_nobody(self.access, self.route) {
            return self.answer(request, app).await;
        }
        let door = Door {
            route: self.route,
            access: self.access,
            hands_out_forms: self.cache == Cache::Never,
        };
        // Apart, because a body cannot be looked at by two threads while we wait for a store.
        let (mut head, body) = request.into_parts();
        let admitted = match door.admit(&app, &mut head).await {
            Ok(admitted) => admitted,
            Err(refusal) => return refusal,
        };
        let mut response = self.answer(Request::from_parts(head, body), app).await;
        admitted.dress(&mut response);
        response
    }

    async fn answer<T>(self, request: Request, app: Arc<App>) -> Response
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        if !request.method().is_safe() {
            return self.handler.call(request, app).await;
        }
        let known = request.headers().get(header::IF_NONE_MATCH).cloned();
        let response = self.handler.call(request, app).await;
        finish(response, self.cache, known.as_ref())
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
