//! What holds for every route: the table, methods, CORS, caching, headers, limits, problems.

use std::collections::HashSet;
use std::net::IpAddr;

use axum::body::Body;
use http::Method;
use web::{Kind, WebSettings, routes};

use crate::app::{Answer, TestApp, request};

async fn send(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    app.ask(request(method, path, headers, Body::empty())).await
}

/// A path of the table with its parameters filled in.
fn filled(path: &str) -> String {
    let id = "00000000-0000-8000-8000-000000000000";
    let parts = path.split('/').map(|part| match part {
        "{id}" => id,
        "{*name}" => "0/000.p/1",
        "{name}" => "not-found",
        part if part.starts_with('{') => "1",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

// A route that nobody declared, or that is declared and not there, would be a door without a lock.
#[tokio::test]
async fn the_router_is_the_table() {
    let app = TestApp::start().await;
    app.seal_many(3).await;
    let mut seen = HashSet::new();
    for route in routes() {
        assert!(
            seen.insert((route.method.clone(), route.path)),
            "{} twice",
            route.path
        );
        // What changes something and takes no body says what by its address.
        assert!(
            route.body_bytes_max == 0 || !route.method.is_safe(),
            "{}",
            route.path
        );
        if route.path.contains("live") {
            continue; // Its answers never end; it has tests of its own.
        }
        let path = filled(route.path);
        let answer = send(&app, route.method.clone(), &path, &[]).await;
        assert_ne!(answer.status, 405, "{path}");
        assert!(!answer.status.is_server_error(), "{path} {answer:?}");
        let is_absent = answer.status == 404 && answer.problem().1 == "not-found";
        assert!(!is_absent, "{path} {answer:?}");
        if path.starts_with("/api/") {
            let slashed = send(&app, route.method.clone(), &format!("{path}/"), &[]).await;
            assert_eq!(slashed.status, answer.status, "{path}/");
        }
        if answer.status == 200 && route.method == Method::GET {
            let declared = route.cache.control();
            if let Some(control) = declared {
                assert_eq!(answer.headers["cache-control"], control, "{path}");
            }
        }
        let wrong = send(&app, Method::TRACE, &path, &[]).await;
        assert_eq!(wrong.problem().1, "method-not-allowed", "{path}");
        assert!(
            wrong.header("allow").contains(route.method.as_str()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn head_and_options() {
    let app = TestApp::start().await;
    app.seal().await;
    let get = app.get("/api/v1/mth/0").await;
    let head = send(&app, Method::HEAD, "/api/v1/mth/0", &[]).await;
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    let missing = send(&app, Method::HEAD, "/api/v1/mth/9", &[]).await;
    assert_eq!((missing.status.as_u16(), missing.body.len()), (404, 0));
    let options = send(&app, Method::OPTIONS, "/api/v1/ts/", &[]).await;
    assert_eq!(options.status, 204);
    assert_eq!(options.header("allow"), "POST,GET,HEAD");
}

#[tokio::test]
async fn other_sites_may_use_the_api() {
    let app = TestApp::start().await;
    app.seal().await;
    let asks = [
        ("origin", "https://a.example"),
        ("access-control-request-method", "POST"),
    ];
    let preflight = send(&app, Method::OPTIONS, "/api/v1/ts/", &asks).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert!(
        preflight
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert!(
        preflight
            .header("access-control-allow-headers")
            .contains("Content-Type")
    );
    for path in [
        "/api/v1/mth/0",
        "/log/checkpoint",
        "/problems/not-found",
        "/api/v1/none",
    ] {
        let answer = send(&app, Method::GET, path, &asks[..1]).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        for exposed in ["Location", "ETag", "Retry-After", "RateLimit"] {
            assert!(
                answer
                    .header("access-control-expose-headers")
                    .contains(exposed)
            );
        }
    }
    let health = send(&app, Method::GET, "/healthz", &asks[..1]).await;
    assert_eq!(health.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn what_cannot_change_is_not_sent_twice() {
    let app = TestApp::start().await;
    app.stamp("x").await;
    app.seal().await;
    for path in [
        "/api/v1/mth/0",
        "/log/tile/0/000.p/1",
        "/log/checkpoint",
        "/log/key",
    ] {
        let first = app.get(path).await;
        let tag = first.header("etag");
        assert!(!tag.is_empty(), "{path}");
        for known in [tag, "*", &format!("\"other\", {tag}")] {
            let again = send(&app, Method::GET, path, &[("if-none-match", known)]).await;
            assert_eq!(
                (again.status.as_u16(), again.body.len()),
                (304, 0),
                "{path} {known}"
            );
            assert_eq!(again.header("etag"), tag);
            assert_eq!(again.header("cache-control"), first.header("cache-control"));
        }
        let changed = send(&app, Method::GET, path, &[("if-none-match", "\"other\"")]).await;
        assert_eq!(changed.status, 200);
    }
    let json = app.get("/api/v1/mth/0").await;
    let cbor = app.get_as("/api/v1/mth/0", "application/cbor").await;
    assert_ne!(json.header("etag"), cbor.header("etag"));
    assert_eq!(json.header("vary"), "accept");
}

#[tokio::test]
async fn only_text_that_is_long_enough_is_compressed() {
    let app = TestApp::start().await;
    app.seal_many(3).await;
    let accepts = [("accept-encoding", "br, gzip")];
    let encoding = async |path| {
        let answer = send(&app, Method::GET, path, &accepts).await;
        answer.header("content-encoding").to_owned()
    };
    assert_eq!(encoding("/problems").await, "br");
    assert_eq!(encoding("/readyz").await, "", "tiny");
    assert_eq!(
        encoding("/log/tile/0/000.p/3").await,
        "",
        "hashes do not shrink"
    );
    let request = request(Method::POST, "/api/v1/ts/", &accepts, r#"{"data":"x"}"#);
    assert_eq!(app.ask(request).await.header("content-encoding"), "");
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let app = TestApp::start().await;
    for path in ["/api/v1/ts/", "/healthz", "/nowhere", "/log/key"] {
        for accept in ["*/*", "text/html"] {
            let answer = app.get_as(path, accept).await;
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("referrer-policy"), "same-origin");
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'; "), "{path}");
            assert!(policy.contains("frame-ancestors 'none'"));
            assert!(!answer.header("cross-origin-resource-policy").is_empty());
            assert!(!answer.header("x-request-id").is_empty());
        }
    }
    let page = app.get_as("/nowhere", "text/html").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert!(page.text().contains("There is nothing here"));
    let ours = [("x-request-id", "from-the-proxy.1")];
    let answer = send(&app, Method::GET, "/nowhere", &ours).await;
    assert_eq!(answer.header("x-request-id"), "from-the-proxy.1");
    for odd in ["", "a b", &"x".repeat(65)] {
        let answer = send(&app, Method::GET, "/nowhere", &[("x-request-id", odd)]).await;
        assert_ne!(answer.header("x-request-id"), odd);
    }
}

#[tokio::test]
async fn strangers_are_limited_and_told() {
    let settings = WebSettings {
        requests_per_s: 1,
        requests_burst: 3,
        timestamps_per_s: 1,
        timestamps_burst: 4,
        ..WebSettings::default()
    };
    let app = TestApp::with(settings, std::time::Duration::from_secs(1)).await;
    let peer: IpAddr = "203.0.113.7".parse().unwrap();
    let bulk = |n: usize| {
        let body = serde_json::json!({ "data": vec!["x"; n] }).to_string();
        request(Method::POST, "/api/v1/ts/bulk", &[], body)
    };
    let first = app.ask_from(peer, bulk(3)).await;
    assert_eq!(first.status, 200);
    let all = |name| first.headers.get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(
        all("ratelimit"),
        ["\"timestamps\";r=1;t=3", "\"requests\";r=2;t=1"]
    );
    assert_eq!(
        all("ratelimit-policy"),
        ["\"timestamps\";q=4;w=4", "\"requests\";q=3;w=3"]
    );
    let second = app.ask_from(peer, bulk(2)).await;
    assert_eq!(second.problem(), (429, "rate-limited".into(), None));
    assert_eq!(second.header("retry-after"), "1");
    let get = || request(Method::GET, "/readyz", &[], "");
    assert_eq!(app.ask_from(peer, get()).await.status, 200);
    assert_eq!(app.ask_from(peer, get()).await.status, 429);
    // The proxy in front is not limited, but those behind it are, each for itself.
    for _ in 0..10 {
        assert_eq!(app.get("/readyz").await.status, 200);
    }
    let behind =
        |who: &'static str| request(Method::GET, "/readyz", &[("x-forwarded-for", who)], "");
    assert_eq!(app.ask(behind("203.0.113.7")).await.status, 429);
    assert_eq!(app.ask(behind("203.0.113.8")).await.status, 200);
    assert_eq!(app.ask(behind("6.6.6.6, 203.0.113.7")).await.status, 429);
}

#[tokio::test]
async fn health_says_what_is_ill() {
    let app = TestApp::start().await;
    app.seal().await;
    let healthy = app.get("/healthz").await;
    assert_eq!(
        (healthy.status.as_u16(), &healthy.json()["status"]),
        (200, &"ok".into())
    );
    app.pass(std::time::Duration::from_hours(1));
    // The test's sealer never took the lease: a process that stands by is not to blame.
    assert_eq!(app.get("/healthz").await.status, 200);
    assert_eq!(app.get("/readyz").await.status, 200);
    app.app.close();
    let stopping = app.get("/readyz").await;
    assert_eq!(stopping.status, 503);
    assert_eq!(stopping.json()["parts"]["stopping"]["status"], "broken");
}

// Programs match on these names, so a change here is a change for others.
#[tokio::test]
async fn problems_are_documented() {
    let app = TestApp::start().await;
    let all = app.get("/problems").await.json();
    insta::assert_json_snapshot!("problems", all);
    for kind in Kind::ALL {
        let one = app.get(&format!("/problems/{}", kind.name())).await;
        assert_eq!(one.json()["status"], kind.status().as_u16());
    }
    // Whoever follows the link of a problem page gets a page.
    let page = app.get_as("/problems/pool-full", "text/html").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("pool-full"));
    let document = app.get("/api/v1/mth/5").await;
    let mut document = document.json();
    document["instance"] = "[id]".into();
    insta::assert_json_snapshot!("problem_document", document);
}

// A route that the document forgets, or promises and does not keep, misleads every client made
// from it.
#[tokio::test]
async fn the_document_is_the_table() {
    let app = TestApp::start().await;
    let document = app.get("/api/v1/docs/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let operations: HashSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let is_api = |path: &str| {
        [
            "/api/v1/",
            "/log/",
            "/tsa",
            "/problems",
            "/healthz",
            "/readyz",
        ]
        .iter()
        .any(|part| path.starts_with(part))
    };
    let declared: HashSet<(String, String)> = routes()
        .iter()
        .filter(|route| is_api(route.path) && route.path != "/api/v1/docs")
        .map(|route| {
            let path = route.path.replace("{*name}", "{name}");
            let path = path.replace("/problems/{name}", "/problems/{problem}");
            (route.method.to_string(), path)
        })
        .collect();
    assert_eq!(operations, declared);
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let schema = &document["components"]["schemas"][name];
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
    insta::assert_json_snapshot!("openapi", document);
}
