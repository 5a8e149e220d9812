//! What happens to every request before and after its handler: address, allowance, request id,
//! CORS, panics, problem documents, security headers.
//!
//! One function instead of a tower of layers: each layer would cost a box and a clone per request.

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::Response;
use base::Entropy;
use base::trace::{TraceContext, adopt, is_propagated};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use stamp::witness::Witness;
use tower::Service as _;
use tracing::Instrument as _;

use crate::access::Guarded;
use crate::address::{client_address, is_in};
use crate::app::{App, Caller, tell};
use crate::guard::Guard;
use crate::identity::Visitor;
use crate::negotiate::{Format, negotiate};
use crate::pages;
use crate::problem::{ApiError, Kind};
use crate::router;
use crate::settings::WebSettings;

static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// For a year: whoever came by TLS once is never asked to come without (RFC 6797).
static STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The HTTP side of one role, ready to answer.
pub struct Web {
    pub(crate) guard: Arc<Guard>,
    router: Router,
}

/// Marks an answer whose handler has set the content policy itself.
#[derive(Clone, Copy)]
pub(crate) struct OwnPolicy;

/// What must be remembered of a request while its handler has it.
struct Asked {
    method: Method,
    accept: Option<HeaderValue>,
    origin: bool,
    public: bool,
    id: HeaderValue,
}

impl Web {
    /// The API and the pages over `app`.
    pub fn new(app: Arc<App>) -> Arc<Self> {
        Arc::new(Self {
            guard: Arc::clone(&app.guard),
            router: router::router(app),
        })
    }

    /// A witness of other logs, and nothing else.
    pub fn witness(
        witness: Arc<Witness>,
        entropy: &dyn Entropy,
        settings: WebSettings,
    ) -> Arc<Self> {
        let name = witness.key().name().into();
        let guard = Guard::new(name, settings, entropy);
        Arc::new(Self {
            router: crate::witness::router(witness, Arc::clone(&guard)),
            guard,
        })
    }

    /// Answers one request of the peer with that address. Never fails, never panics.
    pub async fn answer(&self, peer: IpAddr, mut request: Request) -> Response {
        let settings = &self.guard.settings;
        let headers = request.headers();
        let address = client_address(peer, headers, &settings.trusted_proxies);
        let asked = Asked {
            id: given_id(is_in(peer, &settings.trusted_proxies), headers)
                .unwrap_or_else(|| self.guard.next_id()),
            method: request.method().clone(),
            accept: headers.get(header::ACCEPT).cloned(),
            origin: headers.contains_key(header::ORIGIN),
            public: is_public(request.uri().path()),
        };
        if asked.public && is_preflight(request.method(), headers) {
            return preflight();
        }
        let caller = Caller {
            address,
            exempt: is_in(address, &settings.exempt),
            secure: is_secure(is_in(peer, &settings.trusted_proxies), headers, settings),
            id: asked.id.clone(),
        };
        let secure = caller.secure;
        let left = match caller.take_request(&self.guard) {
            Ok(left) => left,
            Err(error) => {
                self.guard.limited.add_one();
                return finish(
                    &self.guard.name,
                    &asked,
                    secure,
                    axum::response::IntoResponse::into_response(error),
                );
            }
        };
        // Named by its route, not by its path, which may hold a secret.
        let span = tracing::debug_span!(
            "request",
            otel.name = tracing::field::Empty,
            otel.kind = "server",
            id = asked.id.to_str().unwrap_or_default(),
            http.request.method = %request.method(),
            http.response.status_code = tracing::field::Empty,
        );
        if is_propagated()
            && let Some(context) = trace_context(request.headers())
        {
            adopt(&span, &context);
        }
        request.extensions_mut().insert(caller);
        let answering = AssertUnwindSafe(self.router.clone().call(request)).catch_unwind();
        let answered = answering.instrument(span.clone()).await;
        let mut response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(panic) => {
                let panic = panic_text(panic.as_ref());
                tracing::error!(panic, "a handler panicked");
                axum::response::IntoResponse::into_response(ApiError::plain(Kind::Internal))
            }
        };
        span.record("http.response.status_code", response.status().as_u16());
        tell(&self.guard.requests, left, response.headers_mut());
        finish(&self.guard.name, &asked, secure, response)
    }
}

/// A trusted proxy's id is kept, so that its log and ours tell one story.
fn given_id(from_proxy: bool, headers: &HeaderMap) -> Option<HeaderValue> {
    let given = headers.get(&REQUEST_ID).filter(|_| from_proxy)?;
    let text = given.as_bytes();
    let fits = (1..=64).contains(&text.len())
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    fits.then(|| given.clone())
}

/// Whether it came over TLS: we speak only HTTP ourselves, so a proxy before us says so, or the
/// settings say that the world reaches us by it.
fn is_secure(from_proxy: bool, headers: &HeaderMap, settings: &WebSettings) -> bool {
    let public = settings.public_origin.as_deref();
    let forwarded = headers.get(&X_FORWARDED_PROTO).filter(|_| from_proxy);
    match forwarded {
        Some(scheme) => scheme == "https",
        None => public.is_some_and(|origin| origin.starts_with("https://")),
    }
}

/// What a caller's trace says of this request. A caller may be a stranger: it decides under which
/// trace its own requests are found, and nothing else.
fn trace_context(headers: &HeaderMap) -> Option<TraceContext> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::to_owned);
    Some(TraceContext {
        traceparent: text("traceparent")?,
        tracestate: text("tracestate").unwrap_or_default(),
    })
}

/// Dresses an answer: problems get their document, and everything its headers.
fn finish(authority: &str, asked: &Asked, secure: bool, mut response: Response) -> Response {
    if asked.method == Method::OPTIONS && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        // Not a preflight, but a question: the Allow header is the answer.
        response.extensions_mut().remove::<ApiError>();
        *response.status_mut() = StatusCode::NO_CONTENT;
    } else if response.status().is_client_error() || response.status().is_server_error() {
        let error = response.extensions_mut().remove::<ApiError>();
        if let Some(error) = error.or_else(|| bare(&response)) {
            response = dress(authority, asked, &error, response);
        }
    }
    let unchanged = response.status() == StatusCode::NOT_MODIFIED;
    let public = asked.public && response.extensions().get::<Guarded>().is_none();
    let has_own_policy = response.extensions().get::<OwnPolicy>().is_some();
    let headers = response.headers_mut();
    guard(headers, public, unchanged, has_own_policy);
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT.clone());
    }
    if public && (asked.origin || asked.method != Method::POST) {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        );
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
    headers.insert(REQUEST_ID.clone(), asked.id.clone());
    response
}

const EXPOSED: &str =
    "Location, ETag, Link, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id";

/// What programs on other sites may read: the API, the log's files, and the time-stamp authority.
fn is_public(path: &str) -> bool {
    ["/api/", "/log/", "/tsa", "/problems"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
}

fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "GET, HEAD, POST, OPTIONS",
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Content-Type, Accept, If-None-Match, Last-Event-ID, X-Request-Id",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The problem behind an error that came without a body, such as the pages' plain 404.
fn bare(response: &Response) -> Option<ApiError> {
    if response.body().size_hint().exact() != Some(0)
        || response.headers().contains_key(header::CONTENT_TYPE)
    {
        return None;
    }
    let kind = match response.status() {
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Kind::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Kind::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::UnsupportedMediaType,
        status if status.is_server_error() => Kind::Internal,
        _ => return None,
    };
    Some(ApiError::plain(kind))
}

/// Writes the problem out, for a program or for a person. Headers that the error brought stay.
fn dress(authority: &str, asked: &Asked, error: &ApiError, mut response: Response) -> Response {
    let status = error.kind().status();
    let id = asked.id.to_str().unwrap_or_default();
    if status.is_server_error() {
        let cause = error.chain().unwrap_or_default();
        tracing::error!(id, problem = error.kind().name(), cause, "a request failed");
    }
    let mut accept = HeaderMap::new();
    if let Some(value) = &asked.accept {
        accept.insert(header::ACCEPT, value.clone());
    }
    let for_people = negotiate(&accept, &[Format::Json, Format::Html]) == Some(Format::Html);
    let (content_type, text) = if for_people {
        let visitor = response.extensions().get::<Arc<Visitor>>();
        let page = pages::problem(authority, visitor.map(|visitor| &**visitor), error, id);
        (Format::Html.content_type(), page)
    } else {
        ("application/problem+json", error.document(id))
    };
    let length = text.len();
    let head_only = asked.method == Method::HEAD;
    *response.status_mut() = status;
    *response.body_mut() = if head_only {
        Body::empty()
    } else {
        Body::from(text)
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.append(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// Pages may load our own files only; anything else may load nothing at all.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

fn guard(headers: &mut HeaderMap, public: bool, unchanged: bool, has_own_policy: bool) {
    let is_page = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not `no-referrer`: with it, browsers hide the origin of our own forms from us (Fetch §3.1).
    set(header::REFERRER_POLICY, "same-origin");
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        if public {
            "cross-origin"
        } else {
            "same-origin"
        },
    );
    if unchanged {
        // A 304 replaces the headers of what the browser kept (RFC 9111 §3.2), and does not say
        // whether that is a page: its policy must stay as it came.
        return;
    }
    if has_own_policy {
        // The handler said itself what its page may do: less than ours.
    } else if is_page {
        set(header::CONTENT_SECURITY_POLICY, pages::POLICY);
        set(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        );
        set(
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        );
    } else {
        set(header::CONTENT_SECURITY_POLICY, DATA_POLICY);
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::routing::get;
    use http_body_util::BodyExt as _;

    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    // Our own mistake in one handler must cost one answer, not the connection nor the process.
    #[tokio::test]
    async fn a_panic_is_one_bad_answer() {
        let web = Web {
            guard: Guard::new("log.test".into(), WebSettings::default(), &Zeros),
            router: Router::new().route(
                "/boom",
                get(async || -> &'static str { panic!("the secret of {}", "the handler") }),
            ),
        };
        for id in ["0000000000000000", "0000000000000001"] {
            let request = Request::builder().uri("/boom").body(Body::empty());
            let answer = web
                .answer(Ipv4Addr::LOCALHOST.into(), request.unwrap())
                .await;
            assert_eq!(answer.status(), 500);
            assert_eq!(answer.headers()["x-request-id"], id);
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let text = std::str::from_utf8(&body).unwrap();
            assert!(
                text.contains("/problems/internal") && text.contains(id),
                "{text}"
            );
            assert!(!text.contains("secret"), "{text}");
        }
    }
}
