//! Extraction, bulks, watches and shares.

use http::Method;
use serde_json::{Value, json};

use super::client::Client;
use crate::app::{TestApp, request};
use crate::rooms::browser::Browser;

async fn extract(client: &Client<'_>, query: &str, kind: &str, body: &str) -> Value {
    let mut headers = client.headers().to_vec();
    headers.push(("content-type", kind));
    let path = format!("/api/v1/extract{query}");
    let asked = request(Method::POST, &path, &headers, body.to_owned());
    let answer = client.app.ask(asked).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn whatever_is_pasted_is_taken_apart() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let text = "C2 hxxps://evil[.]example[.]com/a and 192.0.2.7, again 192[.]0[.]2[.]7.";
    let found = extract(&client, "", "text/plain", text).await;
    let values: Vec<&Value> = found["indicators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["value"])
        .collect();
    assert_eq!(values, ["https://evil.example.com/a", "192.0.2.7"]);
    let address = &found["indicators"][1];
    assert_eq!(
        (&address["count"], &address["defanged"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(address["shown"], "192[.]0[.]2[.]7");
    // A documentation network is on a list that comes with the product.
    assert_eq!(address["warnings"][0]["slug"], "documentation-networks");
    let at = &address["places"][0];
    let offset = |name: &str| usize::try_from(at[name].as_u64().unwrap()).unwrap();
    let range = offset("start")..offset("end");
    assert_eq!(&text[range], "192.0.2.7");

    let mail = "From: a@example.org\r\nSubject: hi\r\n\r\nsee evil.example.com\r\n";
    let found = extract(&client, "?kinds=DOMAIN", "message/rfc822", mail).await;
    assert_eq!(
        (&found["form"], &found["indicators"][0]["value"]),
        (&json!("MAIL"), &json!("evil.example.com"))
    );
    let table = "ip,note\n192.0.2.7,x\n";
    let found = extract(&client, "?form=csv", "text/plain", table).await;
    assert_eq!(found["indicators"][0]["places"][0]["row"], 2);
    let stix = r#"{"type":"bundle","objects":[{"type":"ipv4-addr","spec_version":"2.1","id":"ipv4-addr--1","value":"192.0.2.7"}]}"#;
    let found = extract(&client, "", "application/json", stix).await;
    assert_eq!(
        (&found["form"], &found["distinct"]),
        (&json!("STIX"), &json!(1))
    );

    let mut headers = client.headers().to_vec();
    headers.push(("content-type", "application/stix+json"));
    let wrong = app
        .ask(request(Method::POST, "/api/v1/extract", &headers, "{"))
        .await;
    assert_eq!(wrong.problem().2.as_deref(), Some("body"));
    let wrong = app
        .ask(request(
            Method::POST,
            "/api/v1/extract?form=pdf",
            &headers,
            "",
        ))
        .await;
    assert_eq!(wrong.problem().2.as_deref(), Some("form"));
}

#[tokio::test]
async fn a_bulk_is_made_stopped_and_resumed() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let body = json!({ "name": "mail", "indicators": ["192.0.2.7", { "kind": "DOMAIN", "data": "evil[.]example.com" }, "192[.]0[.]2[.]7"] });
    let bulk = client
        .done(Method::POST, "/api/v1/bulks", &body, 201)
        .await
        .json();
    assert_eq!(
        (&bulk["items"], &bulk["state"]),
        (&json!(2), &json!("RUNNING"))
    );
    let path = format!("/api/v1/bulks/{}", bulk["id"].as_str().unwrap());
    let items = client.read(&format!("{path}/items?state=WAITING")).await;
    assert_eq!(items[1]["data"], "evil.example.com");
    let rest = client.read(&format!("{path}/items?after=0")).await;
    assert_eq!(rest.as_array().unwrap().len(), 1);
    let step = async |state: &str, status| {
        client
            .done(Method::PATCH, &path, &json!({ "state": state }), status)
            .await
            .json()
    };
    assert_eq!(step("PAUSED", 200).await["state"], "PAUSED");
    assert_eq!(step("PAUSED", 409).await["field"], "state");
    assert_eq!(step("RUNNING", 200).await["state"], "RUNNING");
    assert_eq!(step("CANCELLED", 200).await["state"], "CANCELLED");
    step("RUNNING", 409).await;

    for (indicators, at) in [
        (json!([]), "indicators"),
        (json!(["192.0.2.7", "hello"]), "indicators[1]"),
    ] {
        let body = json!({ "indicators": indicators });
        let wrong = client
            .send(Method::POST, "/api/v1/bulks", &body)
            .await
            .problem();
        assert_eq!((wrong.0, wrong.2.as_deref()), (422, Some(at)));
    }
}

#[tokio::test]
async fn a_watch_is_its_owners() {
    let app = TestApp::start().await;
    let mut admin = Browser::administrator(&app).await;
    let client = Client::of(&app, &admin).await;
    let other = Client::invited(&app, &mut admin, "grace@example.org").await;
    let body = json!({ "data": "evil.example.com", "everyS": 3600 });
    let watch = client
        .done(Method::POST, "/api/v1/watches", &body, 201)
        .await
        .json();
    assert_eq!(
        (&watch["kind"], &watch["everyS"]),
        (&json!("DOMAIN"), &json!(3600))
    );
    let path = format!("/api/v1/watches/{}", watch["id"].as_str().unwrap());
    assert_eq!(other.read("/api/v1/watches").await, json!([]));
    assert_eq!(
        other.read("/api/v1/watches?all=true").await[0]["id"],
        watch["id"]
    );
    other.done(Method::DELETE, &path, &Value::Null, 404).await;
    client.done(Method::DELETE, &path, &Value::Null, 204).await;
    client.done(Method::DELETE, &path, &Value::Null, 404).await;
    let often = json!({ "data": "evil.example.com", "everyS": 1 });
    let wrong = client
        .send(Method::POST, "/api/v1/watches", &often)
        .await
        .problem();
    assert_eq!(wrong.2.as_deref(), Some("everyS"));
}

// A link says what was found, and to nobody who asked.
#[tokio::test]
async fn a_link_shows_a_request_to_who_has_it_and_no_more() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    client
        .read("/api/v1/requests/execute?data=198.51.100.7&sourceIds=internetdb")
        .await;
    let id = client.read("/api/v1/requests").await[0]["id"].clone();
    let made = client
        .done(
            Method::POST,
            "/api/v1/shares",
            &json!({ "requestId": id }),
            201,
        )
        .await
        .json();
    let secret = made["secret"].as_str().unwrap();
    assert!(
        made["link"]
            .as_str()
            .unwrap()
            .ends_with(&format!("/s/{secret}"))
    );
    let path = format!("/api/v1/shared/{secret}");
    let seen = app.get_as(&path, "application/json").await;
    assert_eq!(seen.status, 200, "{seen:?}");
    let shown = seen.json();
    assert_eq!(
        (&shown["verdict"], &shown["answers"][0]["data"]["ports"]),
        (&json!("MALICIOUS"), &json!([22, 80]))
    );
    assert!(!seen.text().contains("Ada") && shown.get("userId").is_none());
    let shares = client
        .read(&format!(
            "/api/v1/shares?requestId={}",
            id.as_str().unwrap()
        ))
        .await;
    assert!(!shares.to_string().contains(secret));
    let share = format!("/api/v1/shares/{}", shares[0]["id"].as_str().unwrap());
    client.done(Method::DELETE, &share, &Value::Null, 204).await;
    assert_eq!(app.get_as(&path, "application/json").await.status, 404);
    let past = json!({ "requestId": id, "expiresAt": "2020-01-01T00:00:00Z" });
    let wrong = client
        .send(Method::POST, "/api/v1/shares", &past)
        .await
        .problem();
    assert_eq!(wrong.2.as_deref(), Some("expiresAt"));
}
