//! Timestamps: what protocol v1 says to the byte, and where we decided otherwise.

use std::time::Duration;

use http::Method;
use tlog::v1;

use crate::app::{TestApp, request};

const JSON: &str = "application/json";
const CBOR: &str = "application/cbor";

// A client of the original reads keys in this order; some of them parse by hand.
#[tokio::test]
async fn json_in_the_order_of_the_original() {
    let app = TestApp::start().await;
    let answer = app.post("/api/v1/ts/", JSON, r#"{"data":"leaf-0"}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), JSON);
    let message = v1::Timestamp::from_json(&answer.body).unwrap();
    let id = uuid::Uuid::from_bytes(message.id).to_string();
    let time = "2026-01-01T00:00:00.000000Z";
    assert_eq!(message.time.as_str(), time);
    // V2 of the protocol's test vectors: leaf 0.
    assert_eq!(
        hex::encode(message.hash),
        "153614da724a67e629f0b54a0c89933e89941c5f8b7aa7af6d73c4702acb155d"
    );
    let hash = "FTYU2nJKZ+Yp8LVKDImTPomUHF+LeqevbXPEcCrLFV0=";
    assert_eq!(
        answer.text(),
        format!(
            r#"{{"hash":"{hash}","timestamp":"{time}","typ":"ts","version":"1","proof":null,"id":"{id}","interval":null}}"#
        )
    );
    assert_eq!(answer.header("location"), format!("/api/v1/ts/{id}"));
}

#[tokio::test]
async fn cbor_in_canonical_order() {
    let app = TestApp::start().await;
    let body = hex::decode("a16464617461666c6561662d30").unwrap();
    let answer = app.post("/api/v1/ts", CBOR, body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), CBOR);
    let message = v1::Timestamp::from_cbor(&answer.body).unwrap();
    let expected = format!(
        "a7626964d82550{}6374797062747364686173685820{}6570726f6f66f66776657273696f6e613168696e74657276616cf66974696d657374616d70781b{}",
        hex::encode(message.id),
        "153614da724a67e629f0b54a0c89933e89941c5f8b7aa7af6d73c4702acb155d",
        hex::encode("2026-01-01T00:00:00.000000Z"),
    );
    assert_eq!(hex::encode(&answer.body), expected);
}

#[tokio::test]
async fn the_answer_comes_in_the_form_that_was_asked_for() {
    let app = TestApp::start().await;
    let json = r#"{"data":"x"}"#.as_bytes().to_vec();
    let cbor = hex::decode("a164646174616178").unwrap();
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    for (kind, accept, expected) in [
        (Some(JSON), None, JSON),
        (Some(CBOR), None, CBOR),
        (None, None, JSON),
        (Some("application/json; charset=utf-8"), Some("*/*"), JSON),
        (Some("application/x-www-form-urlencoded"), Some("*/*"), JSON),
        (Some(CBOR), Some("*/*"), CBOR),
        (Some(JSON), Some(CBOR), CBOR),
        (Some(CBOR), Some(JSON), JSON),
        (
            Some(CBOR),
            Some("application/json;q=0.9, application/cbor;q=0.1"),
            JSON,
        ),
        (Some(JSON), Some(browser), ""),
    ] {
        let mut headers = Vec::new();
        headers.extend(kind.map(|kind| ("content-type", kind)));
        headers.extend(accept.map(|accept| ("accept", accept)));
        let body = if kind == Some(CBOR) {
            cbor.clone()
        } else {
            json.clone()
        };
        let answer = app
            .ask(request(Method::POST, "/api/v1/ts/", &headers, body))
            .await;
        assert_eq!(
            answer.header("content-type"),
            expected,
            "{kind:?} {accept:?}"
        );
        if expected.is_empty() {
            assert_eq!(answer.status, 303);
            assert!(answer.header("location").starts_with("/ts/"));
        }
    }
    // The original stamps first and refuses then; nothing must be stamped here.
    let headers = [("accept", "image/png")];
    let answer = app
        .ask(request(Method::POST, "/api/v1/ts/", &headers, json))
        .await;
    assert_eq!(answer.problem(), (406, "not-acceptable".into(), None));
}

#[tokio::test]
async fn waiting_answers_with_the_proof() {
    let app = TestApp::with(web::WebSettings::default(), Duration::from_secs(20)).await;
    let body = r#"{"data":"x"}"#;
    let waiting = app.post("/api/v1/ts/?wait", JSON, body);
    let (answer, interval) = tokio::join!(waiting, async {
        // Sealed only once it is in the pool: a heartbeat would not answer it.
        while app.app.store.pooled().await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        app.seal().await
    });
    assert_eq!(answer.status, 200, "{answer:?}");
    let message = v1::Timestamp::from_json(&answer.body).unwrap();
    let proof = message.proof.as_ref().unwrap();
    assert_eq!(message.interval, Some(interval.index));
    assert_eq!(proof.ith, interval.ith);
    let leaf = v1::leaf_of_path(&message.hash);
    assert_eq!(
        v1::root_of_path(&leaf, proof.a, &proof.path),
        Some(proof.ith)
    );
    assert_eq!(proof.mth.authority, crate::app::AUTHORITY);

    // Read again, it is the same, for ever.
    let id = uuid::Uuid::from_bytes(message.id);
    let again = app.get(&format!("/api/v1/ts/{id}/")).await;
    assert_eq!(again.body, answer.body);
    assert_eq!(
        again.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let line = app.get(&format!("/api/v1/ts/{id}?compact")).await;
    assert_eq!(line.header("content-type"), "text/plain; charset=utf-8");
    let compact: v1::CompactTimestamp = line.text().parse().unwrap();
    assert_eq!(compact.root(&message.hash), Some(proof.ith));
    let cbor = app.get_as(&format!("/api/v1/ts/{id}"), CBOR).await;
    assert_eq!(v1::Timestamp::from_cbor(&cbor.body).unwrap(), message);
    let page = app.get_as(&format!("/api/v1/ts/{id}"), "text/html").await;
    assert_eq!(
        (page.status.as_u16(), page.header("location")),
        (303, &*format!("/ts/{id}"))
    );
}

#[tokio::test]
async fn waiting_in_vain_is_no_error() {
    let app = TestApp::start().await;
    let id = app.stamp("x").await;
    let in_vain = [
        app.post("/api/v1/ts/?wait", JSON, r#"{"data":"x"}"#).await,
        app.post("/api/v1/ts/?compact", "text/plain", "x").await,
        app.get(&format!("/api/v1/ts/{id}?wait")).await,
        app.get(&format!("/api/v1/ts/{id}?compact")).await,
        app.post("/api/v1/ts/bulk?wait", JSON, r#"{"data":["a","b"]}"#)
            .await,
    ];
    for answer in &in_vain {
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(answer.header("retry-after"), "1");
        let json = answer.json();
        let first = json.get(0).unwrap_or(&json);
        assert!(first["proof"].is_null() && first["id"].is_string());
    }
    assert!(in_vain[1].header("location").starts_with("/api/v1/ts/"));
    let pending = app.get(&format!("/api/v1/ts/{id}")).await;
    assert_eq!(pending.status, 200);
    assert_eq!(pending.header("cache-control"), "no-store");
}

// The original hashes the raw body as a CBOR byte string, so it may be any bytes.
#[tokio::test]
async fn compact_stamps_raw_bytes() {
    let app = TestApp::with(web::WebSettings::default(), Duration::from_secs(20)).await;
    let data = [0xff, 0x00, b'x'];
    let waiting = app.post(
        "/api/v1/ts/?compact",
        "application/octet-stream",
        data.to_vec(),
    );
    let (answer, interval) = tokio::join!(waiting, async {
        while app.app.store.pooled().await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        app.seal().await
    });
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.headers.get("location").is_none());
    let compact: v1::CompactTimestamp = answer.text().parse().unwrap();
    let hash = v1::timestamp_hash(v1::Data::Bytes(&data), &compact.time);
    assert_eq!(compact.root(&hash), Some(interval.ith));
}

#[tokio::test]
async fn tags_find_what_they_were_tied_to() {
    let app = TestApp::start().await;
    let tagged = |data: &str| format!(r#"{{"data":"{data}"}}"#);
    let mut ids = Vec::new();
    for data in ["a", "b", "c"] {
        app.pass(Duration::from_millis(1));
        let answer = app
            .post("/api/v1/ts/?tag=my%20tag", JSON, tagged(data))
            .await;
        ids.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    let listed = |answer: &crate::app::Answer| -> Vec<String> {
        let all = answer.json();
        let all = all.as_array().unwrap().iter();
        all.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    ids.reverse();
    let all = app.get("/api/v1/ts/?tag=my+tag").await;
    assert_eq!(listed(&all), ids, "newest first");
    assert_eq!(all.header("cache-control"), "no-store");
    let first = app.get("/api/v1/ts?tag=my+tag&limit=2").await;
    assert_eq!(listed(&first), ids[..2]);
    let link = first.header("link");
    let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    assert!(link.ends_with("; rel=\"next\""));
    let second = app.get(next).await;
    assert_eq!(listed(&second), ids[2..]);
    assert!(second.headers.get("link").is_none());
    let none = app.get("/api/v1/ts/?tag=nobody").await;
    assert_eq!((none.status.as_u16(), none.text()), (200, "[]"));
    let none = app.get_as("/api/v1/ts/?tag=nobody", CBOR).await;
    assert_eq!(&none.body[..], [0x80]);
    app.seal().await;
    let sealed = app.get("/api/v1/ts/?tag=my+tag").await;
    assert!(sealed.json()[0]["proof"].is_object());
}

#[tokio::test]
async fn bulk_answers_in_order() {
    let app = TestApp::with(web::WebSettings::default(), Duration::from_secs(20)).await;
    let items: Vec<String> = (0..3000)
        .map(|i| format!("item {}", i * 7919 % 3000))
        .collect();
    let body = serde_json::json!({ "data": items }).to_string();
    let answer = app.post("/api/v1/ts/bulk", JSON, body).await;
    assert_eq!(answer.status, 200);
    let stamps = answer.json();
    let stamps = stamps.as_array().unwrap();
    assert_eq!(stamps.len(), items.len());
    for (stamp, item) in stamps.iter().zip(&items) {
        let message = v1::Timestamp::from_json(stamp.to_string().as_bytes()).unwrap();
        let hash = v1::timestamp_hash(v1::Data::Text(item), &message.time);
        assert_eq!(message.hash, hash, "{item}");
    }
    let one = app
        .get(&format!(
            "/api/v1/ts/{}",
            stamps[17]["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(one.json(), stamps[17]);

    let cbor = hex::decode("a16464617461836161606162").unwrap();
    let waiting = app.post("/api/v1/ts/bulk/?wait", CBOR, cbor);
    let (answer, interval) = tokio::join!(waiting, async {
        while app.app.store.pooled().await.unwrap() < 3003 {
            tokio::task::yield_now().await;
        }
        app.seal().await
    });
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body[0], 0x83, "an array of three");
    let json = app.post("/api/v1/ts/bulk", JSON, r#"{"data":[]}"#).await;
    assert_eq!(json.text(), "[]");
    let id = stamps[17]["id"].as_str().unwrap();
    let sealed = app.get(&format!("/api/v1/ts/{id}")).await.json();
    assert_eq!(sealed["interval"], interval.index);
}
