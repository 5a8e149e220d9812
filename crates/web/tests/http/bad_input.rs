//! Every bad input gets its own problem document: never a panic, a hang or a 500.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::Method;
use web::WebSettings;

use crate::app::{TestApp, request};

const JSON: &str = "application/json";
const CBOR: &str = "application/cbor";

type Expected<'a> = (u16, &'a str, Option<&'a str>);

fn check(answer: &crate::app::Answer, (status, name, field): Expected<'_>, what: &str) {
    let expected = (status, name.to_owned(), field.map(str::to_owned));
    assert_eq!(answer.problem(), expected, "{what}: {}", answer.text());
}

// The readers have tables of their own; here it matters that their words reach the sender.
#[tokio::test]
async fn bodies() {
    let app = TestApp::start().await;
    let cases: &[(&str, &str, &[u8], Expected<'_>)] = &[
        ("/api/v1/ts/", JSON, b"", (400, "malformed-json", None)),
        (
            "/api/v1/ts/",
            JSON,
            b"{\"data\":",
            (400, "malformed-json", None),
        ),
        (
            "/api/v1/ts/",
            JSON,
            b"{\"data\":7}",
            (422, "wrong-type", Some("data")),
        ),
        ("/api/v1/ts/", JSON, b"[1]", (422, "wrong-type", None)),
        (
            "/api/v1/ts/",
            JSON,
            b"{}",
            (422, "missing-field", Some("data")),
        ),
        (
            "/api/v1/ts/",
            JSON,
            b"{\"data\":\"x\",\"x\":1}",
            (422, "unknown-field", Some("x")),
        ),
        (
            "/api/v1/ts/",
            JSON,
            b"{\"data\":\"\xff\"}",
            (400, "not-utf8", None),
        ),
        (
            "/api/v1/ts/",
            CBOR,
            b"\xa1\x64data",
            (400, "malformed-cbor", None),
        ),
        (
            "/api/v1/ts/",
            CBOR,
            b"\xbf\x64data\x61x\xff",
            (400, "indefinite-cbor", None),
        ),
        (
            "/api/v1/ts/",
            CBOR,
            b"\xa1\x64data\x41x",
            (422, "wrong-type", Some("data")),
        ),
        (
            "/api/v1/ts/",
            CBOR,
            b"\xa1\x64data\x61\xff",
            (400, "not-utf8", Some("data")),
        ),
        (
            "/api/v1/ts/",
            CBOR,
            b"{\"data\":\"x\"}",
            (422, "wrong-type", None),
        ),
        (
            "/api/v1/ts/bulk",
            JSON,
            b"{\"data\":[\"a\",2]}",
            (422, "wrong-type", Some("data[1]")),
        ),
        (
            "/api/v1/ts/bulk",
            JSON,
            b"{\"data\":\"a\"}",
            (422, "wrong-type", Some("data")),
        ),
        (
            "/api/v1/ts/bulk",
            CBOR,
            b"\xa1\x64data\x9f\xff",
            (400, "indefinite-cbor", Some("data")),
        ),
    ];
    for (path, kind, body, expected) in cases {
        let answer = app.post(path, kind, body.to_vec()).await;
        check(&answer, *expected, &String::from_utf8_lossy(body));
    }
}

#[tokio::test]
async fn sizes() {
    let app = TestApp::start().await;
    let long = |n: usize| format!(r#"{{"data":"{}"}}"#, "é".repeat(n));
    let answer = app.post("/api/v1/ts/", JSON, long(128)).await;
    assert_eq!(answer.status, 200, "256 bytes in 128 characters");
    let answer = app.post("/api/v1/ts/", JSON, long(129)).await;
    check(&answer, (413, "data-too-long", Some("data")), "258 bytes");
    let answer = app
        .post("/api/v1/ts/?compact", "text/plain", vec![b'x'; 257])
        .await;
    check(&answer, (413, "data-too-long", Some("data")), "compact");
    let answer = app.post("/api/v1/ts/", JSON, long(20_000)).await;
    check(&answer, (413, "body-too-large", None), "40 kB");
    let many = format!(r#"{{"data":[{}"x"]}}"#, "\"x\",".repeat(100_000));
    let answer = app.post("/api/v1/ts/bulk", JSON, many).await;
    check(
        &answer,
        (413, "too-many-items", Some("data")),
        "100,001 items",
    );
    assert_eq!(
        app.app.store.pooled().await.unwrap(),
        1,
        "nothing else was stamped"
    );
}

#[tokio::test]
async fn addresses() {
    let app = TestApp::start().await;
    app.stamp("x").await;
    app.seal_many(3).await;
    let id = "00000000-0000-8000-8000-000000000000";
    let long = "a".repeat(37);
    let cases: &[(&str, Expected<'_>)] = &[
        ("/api/v1/ts/", (400, "tag-missing", Some("tag"))),
        ("/api/v1/ts/?tag=", (422, "tag-too-long", Some("tag"))),
        (
            &format!("/api/v1/ts/?tag={long}"),
            (422, "tag-too-long", Some("tag")),
        ),
        ("/api/v1/ts/?tag=%ff", (400, "not-utf8", Some("tag"))),
        (
            "/api/v1/ts/?tag=a&limit=0",
            (400, "malformed-query", Some("limit")),
        ),
        (
            "/api/v1/ts/?tag=a&before=b",
            (400, "malformed-query", Some("before")),
        ),
        (
            &format!("/api/v1/ts/{id}"),
            (404, "unknown-timestamp", Some("id")),
        ),
        (
            "/api/v1/ts/9a3f0c5e-77b1-4d2a-8c11-223344556677",
            (404, "unknown-timestamp", Some("id")),
        ),
        (
            "/api/v1/ts/ffffffff-ffff-8fff-bfff-ffffffffffff",
            (404, "unknown-timestamp", Some("id")),
        ),
        ("/api/v1/ts/x", (404, "malformed-id", Some("id"))),
        (
            "/api/v1/ts/00000000000080008000000000000000",
            (404, "malformed-id", Some("id")),
        ),
        ("/api/v1/mth/3", (404, "beyond-head", Some("i"))),
        (
            "/api/v1/mth/18446744073709551615",
            (404, "beyond-head", Some("i")),
        ),
        (
            "/api/v1/mth/18446744073709551616",
            (400, "malformed-number", Some("i")),
        ),
        ("/api/v1/mth/-1", (400, "malformed-number", Some("i"))),
        ("/api/v1/mth/007", (400, "malformed-number", Some("i"))),
        ("/api/v1/mth/x", (400, "malformed-number", Some("i"))),
        ("/api/v1/mth/2/in/2", (422, "out-of-order", Some("x"))),
        ("/api/v1/mth/0/in/0", (422, "out-of-order", Some("x"))),
        ("/api/v1/mth/2/in/4", (404, "beyond-head", Some("y"))),
        ("/api/v1/mth/2/in/x", (400, "malformed-number", Some("y"))),
        ("/api/v1/mth/2/from/3", (422, "out-of-order", Some("y"))),
        ("/api/v1/mth/2/from/0", (422, "out-of-order", Some("y"))),
        ("/api/v1/mth/4/from/1", (404, "beyond-head", Some("x"))),
        (
            "/api/v1/mth/live/sse?after=x",
            (400, "malformed-query", Some("after")),
        ),
        (
            "/api/v1/mth/live/sse?after=3",
            (404, "beyond-head", Some("after")),
        ),
        ("/log/tile/0/000.p/4", (404, "unknown-tile", None)),
        ("/log/tile/0/000", (404, "unknown-tile", None)),
        ("/log/tile/0/000.p/0", (404, "unknown-tile", None)),
        ("/log/tile/64/000.p/1", (404, "unknown-tile", None)),
        (
            "/log/tile/entries/x000/000.p/1",
            (404, "unknown-tile", None),
        ),
        (
            "/log/tile/63/x999/x999/x999/x999/x999/999",
            (404, "unknown-tile", None),
        ),
        ("/log/tile/%ff", (404, "not-found", None)),
        ("/api/v1/nothing", (404, "not-found", None)),
        ("/problems/none", (404, "not-found", None)),
    ];
    for (path, expected) in cases {
        check(&app.get(path).await, *expected, path);
    }
    let answer = app
        .post(&format!("/api/v1/ts/?tag={long}"), JSON, r#"{"data":"x"}"#)
        .await;
    check(
        &answer,
        (422, "tag-too-long", Some("tag")),
        "the original drops it silently",
    );
}

#[tokio::test]
async fn absurd_accept() {
    let app = TestApp::start().await;
    app.seal().await;
    for accept in [
        "image/png",
        "application/json;q=0",
        "nonsense",
        ";;;,,,/",
        "application/json;q=9",
    ] {
        let answer = app.get_as("/api/v1/mth/0", accept).await;
        check(&answer, (406, "not-acceptable", None), accept);
    }
    let answer = app.get_as("/api/v1/mth/live", "application/json").await;
    check(&answer, (426, "upgrade-required", None), "live");
}

// Endless bodies and endless slowness cost a bounded amount of memory and time.
#[tokio::test(start_paused = true)]
async fn endless_bodies() {
    let settings = WebSettings {
        body_timeout: Duration::from_secs(5),
        ..WebSettings::default()
    };
    let app = TestApp::with(settings, Duration::from_secs(1)).await;
    let endless =
        stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 4096])));
    let answer = app
        .post("/api/v1/ts/", JSON, Body::from_stream(endless))
        .await;
    check(&answer, (413, "body-too-large", None), "endless");
    let silent = stream::pending::<Result<Bytes, std::io::Error>>();
    let answer = app
        .post("/api/v1/ts/", JSON, Body::from_stream(silent))
        .await;
    check(&answer, (408, "body-too-slow", None), "silent");
    let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]);
    let answer = app
        .post("/api/v1/ts/", JSON, Body::from_stream(broken))
        .await;
    check(&answer, (400, "body-broken", None), "broken");
    let headers = [
        ("content-length", "99999999999999999999"),
        ("content-type", JSON),
    ];
    let lying = request(Method::POST, "/api/v1/ts/bulk", &headers, r#"{"data":[]}"#);
    assert_eq!(
        app.ask(lying).await.status,
        200,
        "unreadable length: the body decides"
    );
    let headers = [("content-length", "999999999999"), ("content-type", JSON)];
    let lying = request(Method::POST, "/api/v1/ts/bulk", &headers, r#"{"data":[]}"#);
    check(
        &app.ask(lying).await,
        (413, "body-too-large", None),
        "announced",
    );
}

#[tokio::test]
async fn memory_for_bodies_is_shared_out() {
    let settings = WebSettings {
        body_memory_bytes_max: 1 << 20,
        ..WebSettings::default()
    };
    let app = TestApp::with(settings, Duration::from_secs(1)).await;
    let headers = [("content-length", "30000000"), ("content-type", JSON)];
    let large = request(Method::POST, "/api/v1/ts/bulk", &headers, r#"{"data":[]}"#);
    let answer = app.ask(large).await;
    check(&answer, (503, "unavailable", None), "30 MB of 1 MB");
    assert_eq!(answer.header("retry-after"), "1");
}
