//! Lookups: whom they ask, what they answer, in which order, and that they end when nobody listens.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::client::Client;
use super::world::Does;
use crate::app::{HERE, TestApp, request};
use crate::rooms::browser::Browser;

const EXECUTE: &str = "/api/v1/requests/execute";

// The third seed's clients wrote `source_ids` where its server read `sourceIds`: every lookup went to
// every source, and showed the value to all of them.
#[tokio::test]
async fn a_choice_of_sources_is_kept_however_it_is_written() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let id = client.source("internetdb").await;
    let mut expected = 0;
    for chosen in [
        format!("sourceIds={id}"),
        format!("source_ids={id}"),
        format!("sources={id}"),
        format!("source_ids%5B%5D={id}"),
        "sourceIds=internetdb".to_owned(),
    ] {
        let path = format!("{EXECUTE}?data=198.51.100.7&kind=IPV4&fresh=true&{chosen}");
        let answers = client.read(&path).await;
        let slugs: Vec<&Value> = answers
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["source"]["slug"])
            .collect();
        assert_eq!(slugs, ["internetdb"], "{chosen}");
        expected += 1;
        let asked = app.world.asked();
        assert_eq!(asked.len(), expected, "{chosen} {asked:?}");
        assert!(asked.iter().all(|(slug, _)| slug == "internetdb"));
    }
    // In a body too; and a choice of nothing is not a choice of everything.
    for name in ["sourceIds", "source_ids"] {
        let body = json!({ "data": "198.51.100.7", "fresh": true, name: [id] });
        client.done(Method::POST, EXECUTE, &body, 200).await;
        expected += 1;
    }
    assert_eq!(app.world.asked().len(), expected);
    for wrong in ["sourceIds=", "sourceIds=no-such-source", "sourceIds=999999"] {
        let path = format!("{EXECUTE}?data=198.51.100.7&{wrong}");
        let (status, name, field) = client.get(&path).await.problem();
        assert_eq!(
            (status, name.as_str(), field.as_deref()),
            (422, "invalid", Some("sourceIds")),
            "{wrong}"
        );
    }
    assert_eq!(app.world.asked().len(), expected);
}

#[tokio::test]
async fn an_answer_has_the_third_seeds_form_and_ours() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let path = format!("{EXECUTE}?data=198.51.100[.]7&sourceIds=internetdb,abuseipdb");
    let answer = client.get(&path).await;
    let place = answer.header("content-location").to_owned();
    let answers = answer.json();
    let found = &answers[0];
    assert_eq!(found["source"]["name"], "InternetDB");
    assert!(found["source"]["id"].is_string());
    assert_eq!(found["errors"], json!([]));
    assert_eq!(found["cache"]["action"], "SAVED_TO_CACHE");
    assert_eq!(found["data"]["ports"], json!([22, 80]));
    assert_eq!(
        (&found["outcome"], &found["verdict"]),
        (&json!("FOUND"), &json!("MALICIOUS"))
    );
    assert!(
        found["timing"]["startedAt"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    // Not asked, and why, as the third seed has it.
    assert_eq!(answers[1]["source"]["slug"], "abuseipdb");
    assert_eq!(answers[1]["errors"][0]["kind"], "MISSING_SECRET");
    let again = client.read(&format!("{path}&ignoreErrors=true")).await;
    assert_eq!(again.as_array().unwrap().len(), 1);
    assert_eq!(again[0]["cache"]["action"], "FROM_CACHE");
    assert_eq!(app.world.asked().len(), 1);

    let request = client.read(&place).await;
    assert_eq!(
        (&request["kind"], &request["data"]),
        (&json!("IPV4"), &json!("198.51.100.7"))
    );
    assert_eq!(
        (&request["state"], &request["verdict"]),
        (&json!("FINISHED"), &json!("MALICIOUS"))
    );
    assert_eq!(request["answers"][0]["data"], found["data"]);
    let history = client.read(&format!("{place}/history")).await;
    assert_eq!(history[0]["sourceSlug"], "internetdb");
    assert_eq!(history[0]["data"], found["data"]);
    let rows = client
        .read("/api/v1/requests?kind=IPV4&verdict=malicious&q=51.100")
        .await;
    assert_eq!(rows.as_array().unwrap().len(), 2);
    let before = rows[0]["id"].as_str().unwrap();
    let older = client
        .read(&format!("/api/v1/requests?before={before}"))
        .await;
    assert_eq!(older[0]["id"], request["id"]);
}

// What is shown as evidence must be what is sealed, byte for byte.
#[tokio::test]
async fn evidence_is_the_bytes_whose_digest_the_answer_names() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let answers = client
        .read(&format!("{EXECUTE}?data=198.51.100.7&sourceIds=internetdb"))
        .await;
    let evidence = &answers[0]["evidence"];
    let path = format!("/api/v1/evidence/{}", evidence["id"].as_str().unwrap());
    let bytes = client.get(&path).await;
    assert_eq!(hex::encode(Sha256::digest(&bytes.body)), evidence["sha256"]);
    assert_eq!(bytes.json()["data"]["tags"], json!(["malware"]));
    let proof = client.get(&format!("{path}/proof")).await.problem();
    assert_eq!((proof.0, proof.1.as_str()), (409, "fact-waiting"));
    let history = client.read("/api/v1/indicators/IPV4/198.51.100.7").await;
    assert_eq!(history["summary"]["verdict"], "MALICIOUS");
    assert_eq!(history["sources"][0]["answers"][0]["evidence"], *evidence);
    assert_eq!(history["sources"][0]["answers"][0]["changes"], Value::Null);
}

#[tokio::test]
async fn a_plan_asks_nobody_and_says_who_would_see_it() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let plan = client
        .read("/api/v1/plan?data=198.51.100.7&kind=IPV4&tlp=AMBER")
        .await;
    let sees: Vec<&Value> = plan["whoSees"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["provider"]["name"])
        .collect();
    assert_eq!(sees, ["Shodan"]);
    let red = client.read("/api/v1/plan?data=198.51.100.7&tlp=red").await;
    assert_eq!(red["whoSees"], json!([]));
    let skipped = red["skipped"].as_array().unwrap();
    let internetdb = skipped
        .iter()
        .find(|one| one["source"]["slug"] == "internetdb")
        .unwrap();
    assert_eq!(
        internetdb["errors"][0],
        json!({ "kind": "TLP", "content": "AMBER" })
    );
    assert_eq!(app.world.asked(), []);
    assert_eq!(client.read("/api/v1/requests").await, json!([]));
}

/// The events of a stream, as `(name, id, data)`.
fn events(text: &str) -> Vec<(String, String, Value)> {
    let field = |event: &str, name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    text.split("\n\n")
        .filter(|event| event.contains("event:"))
        .map(|event| {
            let data = serde_json::from_str(&field(event, "data:")).unwrap();
            (field(event, "event:"), field(event, "id:"), data)
        })
        .collect()
}

#[tokio::test]
async fn events_begin_with_who_is_asked_and_end_with_what_all_hold() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    app.world.set("crtsh", Does::Says(500, ""));
    let id = client.source("crtsh").await;
    let path = format!("{EXECUTE}/sse?data=evil.example.com&kind=DOMAIN&sourceIds=crtsh");
    let answer = client.get(&path).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("cache-control"), "no-store");
    let told = events(answer.text());
    let names: Vec<&str> = told.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["fetching_start", "fetching_error", "fetching_done"]);
    let request = &told[0].1;
    assert_eq!(told[0].2[0]["source"]["slug"], "crtsh");
    assert_eq!(told[0].2[0]["hasSourceCode"], true);
    assert_eq!(told[1].1, id);
    assert_eq!(told[1].2[0]["kind"], "RESPONSE_ERROR");
    assert_eq!(
        (&told[2].1, &told[2].2["summary"]["verdict"]),
        (request, &json!("UNKNOWN"))
    );

    let quiet = client.get(&format!("{path}&ignore_errors=true")).await;
    let names: Vec<String> = events(quiet.text())
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    assert_eq!(names, ["fetching_start", "fetching_done"]);

    let path = format!("{EXECUTE}/sse?data=198.51.100.7&sourceIds=internetdb");
    let told = events(client.get(&path).await.text());
    assert_eq!(told[1].0, "fetching_data");
    assert_eq!(told[1].2["data"]["ports"], json!([22, 80]));
    assert_eq!(told[2].2["answered"], 1);
}

// A page that was closed must cost its sources nothing more, and the row must say so.
#[tokio::test]
async fn who_leaves_cancels_what_they_asked() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    app.world.set("internetdb", Does::Hangs);
    let path = format!("{EXECUTE}/sse?data=198.51.100.7&sourceIds=internetdb");
    let asked = request(Method::GET, &path, &client.headers(), "");
    let answer = app.web.answer(HERE, asked).await;
    let mut body = answer.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let start = events(std::str::from_utf8(&first).unwrap());
    assert_eq!(start[0].0, "fetching_start");
    app.world.was_asked(1).await;
    drop(body);
    app.world.given_up(1).await;
    let request = format!("/api/v1/requests/{}", start[0].1);
    // The row is written by a task of its own, soon.
    loop {
        let state = client.read(&request).await["state"].clone();
        if state == "CANCELLED" {
            break;
        }
        assert_eq!(state, "RUNNING");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

// The protocol looks up with GET, which any page can make a browser do.
#[tokio::test]
async fn another_sites_page_looks_nothing_up() {
    let app = TestApp::start().await;
    let mut browser = Browser::administrator(&app).await;
    let path = format!("{EXECUTE}?data=198.51.100.7&sourceIds=internetdb");
    for from in ["cross-site", "same-site"] {
        let headers = [("sec-fetch-site", from), ("accept", "application/json")];
        let refused = browser
            .send(Method::GET, &path, &headers, String::new())
            .await;
        assert_eq!(refused.status, 403, "{from}");
        assert!(refused.text().contains("/problems/cross-site"));
        let events = path.replace("execute?", "execute/sse?");
        let refused = browser
            .send(Method::GET, &events, &headers, String::new())
            .await;
        assert_eq!(refused.status, 403, "{from}");
        assert!(refused.text().contains("/problems/cross-site"));
    }
    assert_eq!(app.world.asked(), []);
    let ours = [
        ("sec-fetch-site", "same-origin"),
        ("accept", "application/json"),
    ];
    let found = browser.send(Method::GET, &path, &ours, String::new()).await;
    assert_eq!(found.status, 200, "{found:?}");
}

#[tokio::test]
async fn a_request_is_taken_elsewhere_as_a_table_and_a_report() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    client
        .read(&format!("{EXECUTE}?data=198.51.100.7&sourceIds=internetdb"))
        .await;
    let rows = client.read("/api/v1/requests").await;
    let path = format!("/api/v1/requests/{}", rows[0]["id"].as_str().unwrap());
    let table = client.get(&format!("{path}?format=csv")).await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert!(table.header("content-disposition").contains(".csv"));
    let lines: Vec<&str> = table.text().split("\r\n").collect();
    assert!(lines[0].starts_with("request,kind,value,source,outcome,verdict"));
    assert!(
        lines[1].contains("198[.]51[.]100[.]7,internetdb,FOUND,MALICIOUS,60"),
        "{}",
        lines[1]
    );
    let report = client.get(&format!("{path}?format=md")).await;
    let text = report.text();
    assert!(
        text.starts_with("# 198\\[.\\]51\\[.\\]100\\[.\\]7"),
        "{text}"
    );
    for part in [
        "malicious, 60 of 100",
        "Shodan tags it as malware",
        "- Ports: 22, 80",
        "| InternetDB |",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("http://a.example.com"));
    let wrong = client.get(&format!("{path}?format=pdf")).await.problem();
    assert_eq!((wrong.0, wrong.2.as_deref()), (400, Some("format")));
}

#[tokio::test]
async fn bad_input_names_its_field() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let check = async |path: &str, status: u16, at: &str| {
        let (found, _, field) = client.get(path).await.problem();
        assert_eq!((found, field.as_deref()), (status, Some(at)), "{path}");
    };
    check("/api/v1/requests/execute", 422, "data").await;
    check("/api/v1/requests/execute?data=hello", 422, "data").await;
    check("/api/v1/requests/execute?data=1.2.3.4&kind=IP", 422, "kind").await;
    check("/api/v1/requests/execute?data=1.2.3&kind=IPV4", 422, "data").await;
    check("/api/v1/requests/execute?data=1.2.3.4&tlp=PINK", 422, "tlp").await;
    check(
        "/api/v1/requests/execute?data=1.2.3.4&fresh=yes",
        400,
        "fresh",
    )
    .await;
    check("/api/v1/requests?limit=0", 400, "limit").await;
    check("/api/v1/requests?verdict=EVIL", 422, "verdict").await;
    check("/api/v1/indicators/IPV4/999", 422, "value").await;
    check("/api/v1/stats/count/requests?from=soon", 400, "from").await;
    assert_eq!(app.world.asked(), []);
}
