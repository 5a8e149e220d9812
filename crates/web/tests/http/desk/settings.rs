//! Sources, providers, secrets, lists and figures.

use http::Method;
use serde_json::{Value, json};

use super::client::Client;
use crate::app::TestApp;

#[tokio::test]
async fn a_source_is_set_up_with_the_third_seeds_fields() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let path = format!("/api/v1/sources/{}", client.source("internetdb").await);
    let before = client.read(&path).await;
    assert_eq!(before["supportedIndicators"], json!(["IPV4", "IPV6"]));
    assert_eq!(
        (&before["limitCount"], &before["cacheInterval"]),
        (&json!(60), &json!(86400))
    );
    assert_eq!(before["quotas"]["windows"][0]["remaining"], 60);
    let change = json!({
        "enabled": true, "disabledIndicators": ["IPV6"], "limitEnabled": true, "limitCount": 5,
        "limitInterval": 10, "cacheEnabled": false, "tlpMax": "GREEN", "favicon": null,
    });
    client.done(Method::PATCH, &path, &change, 204).await;
    let after = client.read(&path).await;
    assert_eq!(after["disabledIndicators"], json!(["IPV6"]));
    assert_eq!(after["windows"], json!([{ "requests": 5, "seconds": 10 }]));
    assert_eq!(
        (&after["cacheEnabled"], &after["tlpMax"]),
        (&json!(false), &json!("GREEN"))
    );
    assert_eq!(
        after["version"], before["version"],
        "settings are no version"
    );
    let plan = client.read("/api/v1/plan?data=2001:db8::1&tlp=CLEAR").await;
    let skipped = plan["skipped"].as_array().unwrap();
    let it = skipped
        .iter()
        .find(|one| one["source"]["slug"] == "internetdb")
        .unwrap();
    assert_eq!(it["errors"][0]["kind"], "DISABLED_INDICATOR");

    client
        .done(
            Method::PATCH,
            &path,
            &json!({ "description": "Ours", "note": "shorter" }),
            204,
        )
        .await;
    let versions = client.read(&format!("{path}/versions")).await;
    assert_eq!(
        (&versions[0]["version"], &versions[0]["note"]),
        (&json!(2), &json!("shorter"))
    );
    let second = client.read(&format!("{path}/versions/2?against=1")).await;
    assert_eq!(second["difference"][0]["path"], "/about");
    let stale = json!({ "description": "Mine", "basedOn": 1 });
    let refused = client.send(Method::PATCH, &path, &stale).await.problem();
    assert_eq!((refused.0, refused.2.as_deref()), (409, Some("basedOn")));
    client
        .done(
            Method::POST,
            &format!("{path}/versions/1/rollBack"),
            &json!({}),
            204,
        )
        .await;
    assert_eq!(
        client.read(&path).await["description"],
        before["description"]
    );

    let refused = async |body: Value, at: &str| {
        let problem = client.send(Method::PATCH, &path, &body).await.problem();
        assert_eq!((problem.0, problem.2.as_deref()), (422, Some(at)), "{body}");
    };
    refused(json!({ "sourceCode": "def fetch_data(): pass" }), "kind").await;
    refused(
        json!({ "supportedIndicators": ["IPV4"] }),
        "supportedIndicators",
    )
    .await;
    refused(
        json!({ "disabledIndicators": ["IP"] }),
        "disabledIndicators",
    )
    .await;
    refused(json!({ "limitCount": 5 }), "limitInterval").await;
    let deleted = client
        .send(Method::DELETE, &path, &Value::Null)
        .await
        .problem();
    assert_eq!((deleted.0, deleted.1.as_str()), (409, "conflict"));
}

fn definition(base: &str) -> Value {
    json!({
        "name": "Ours", "about": "Our own list", "exposure": "passive", "cache_s": 60,
        "body": { "http": {
            "base": base,
            "requests": [{ "kinds": ["DOMAIN"], "path": "/v1/{value}" }],
            "fields": [{ "name": "Score", "path": "$.score" }],
            "verdicts": [{ "when": { "at": "$.score", "at_least": 50 }, "say": "malicious", "confidence": 90, "because": "its score is {$.score}" }],
        } },
    })
}

#[tokio::test]
async fn a_described_source_is_tried_made_and_deleted() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let words = definition("https://ti.example.org");
    let body = json!({
        "kind": "DOMAIN", "data": "evil.example.com", "definition": words,
        "replay": { "status": 200, "body": "{\"score\":99}" },
    });
    let tried = client
        .done(Method::POST, "/api/v1/sources/try", &body, 200)
        .await
        .json();
    assert_eq!(
        (&tried["outcome"], &tried["verdict"]),
        (&json!("FOUND"), &json!("MALICIOUS"))
    );
    assert_eq!(
        tried["asked"][0]["url"],
        "https://ti.example.org/v1/evil.example.com"
    );
    assert_eq!(tried["reasons"][0]["text"], "its score is 99");
    assert_eq!(app.world.asked(), [], "a replay asks nobody");

    let made = client
        .done(
            Method::POST,
            "/api/v1/sources",
            &json!({ "slug": "ours", "definition": words }),
            201,
        )
        .await;
    let path = format!("/api/v1/sources/{}", made.json()["id"].as_str().unwrap());
    let taken = client
        .send(
            Method::POST,
            "/api/v1/sources",
            &json!({ "slug": "ours", "definition": words }),
        )
        .await;
    assert_eq!(taken.problem().0, 409);
    let wrong = json!({ "slug": "other", "definition": definition("ftp://ti.example.org") });
    let (status, _, field) = client
        .send(Method::POST, "/api/v1/sources", &wrong)
        .await
        .problem();
    assert_eq!(status, 422);
    assert!(field.unwrap().contains("base"));
    let code = json!({ "name": "Mine", "kind": "PYTHON", "sourceCode": "x", "description": "", "url": "", "tags": [], "enabled": true });
    assert_eq!(
        client
            .send(Method::POST, "/api/v1/sources", &code)
            .await
            .problem()
            .2
            .as_deref(),
        Some("kind")
    );
    client.done(Method::DELETE, &path, &Value::Null, 204).await;
    client.done(Method::GET, &path, &Value::Null, 404).await;
}

// The third seed gave every secret to every user who asked.
#[tokio::test]
async fn a_secret_goes_in_and_never_comes_out() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let value = "0123456789abcdefSECRET";
    let body = json!({ "name": "AbuseIPDB", "value": value, "expiresAt": null });
    let id = client
        .done(Method::POST, "/api/v1/secrets", &body, 201)
        .await
        .text()
        .to_owned();
    let source = client.source("abuseipdb").await;
    let slots = format!("/api/v1/sources/{source}/secrets");
    let slot = client.read(&slots).await[0].clone();
    assert_eq!(
        (&slot["filled"], &slot["required"]),
        (&json!(false), &json!(true))
    );
    let put = json!([{ "name": slot["name"], "secretId": id, "required": true }]);
    client.done(Method::PUT, &slots, &put, 201).await;
    assert_eq!(client.read(&slots).await[0]["filled"], true);
    let secrets = client.read("/api/v1/secrets").await;
    assert_eq!(
        (&secrets[0]["name"], &secrets[0]["numSources"]),
        (&json!("AbuseIPDB"), &json!(1))
    );
    for path in [
        "/api/v1/secrets",
        &slots,
        "/api/v1/sources",
        &format!("/api/v1/sources/{source}"),
        "/api/v1/audit",
        "/api/v1/config",
    ] {
        let shown = client.get(path).await;
        assert!(!shown.text().contains(value), "{path}");
    }
    assert_eq!(
        client
            .get(&format!("/api/v1/secrets/{id}/value"))
            .await
            .problem()
            .1,
        "not-found"
    );
    let other = json!({ "name": "AbuseIPDB", "value": value });
    assert_eq!(
        client
            .send(Method::POST, "/api/v1/secrets", &other)
            .await
            .problem()
            .0,
        409
    );
    let short = json!({ "name": "Short", "value": "12345" });
    assert_eq!(
        client
            .send(Method::POST, "/api/v1/secrets", &short)
            .await
            .problem()
            .2
            .as_deref(),
        Some("value")
    );
    let nowhere = json!([{ "name": "nowhere", "secretId": id }]);
    assert_eq!(
        client
            .send(Method::PUT, &slots, &nowhere)
            .await
            .problem()
            .2
            .as_deref(),
        Some("name")
    );
    client
        .done(
            Method::DELETE,
            &format!("/api/v1/secrets/{id}"),
            &Value::Null,
            204,
        )
        .await;
    assert_eq!(client.read(&slots).await[0]["filled"], false);
}

#[tokio::test]
async fn what_is_on_an_ignore_list_is_shown_to_nobody() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let body = json!({ "name": "Our own", "description": "", "enabled": true, "global": true });
    let list = client
        .done(Method::POST, "/api/v1/ignoreLists", &body, 201)
        .await
        .json();
    assert_eq!(list["slug"], "our-own");
    let path = format!("/api/v1/ignoreLists/{}", list["id"].as_str().unwrap());
    let entries = format!("{path}/entries");
    let put = json!([{ "data": "198.51.100.0/24", "indicatorKind": "CIDR" }]);
    client.done(Method::PUT, &entries, &put, 201).await;
    let answers = client
        .read("/api/v1/requests/execute?data=198.51.100.7&sourceIds=internetdb")
        .await;
    assert_eq!(
        answers[0]["errors"],
        json!([{ "kind": "WITHIN_IGNORE_LIST", "content": [list["id"]] }])
    );
    assert_eq!(app.world.asked(), []);
    let change =
        json!({ "add": [{ "data": "example[.]org", "indicatorKind": "DOMAIN" }], "remove": put });
    client.done(Method::PATCH, &entries, &change, 204).await;
    assert_eq!(client.read(&entries).await[0]["data"], "example.org");
    // For one source only, then for its provider's.
    client
        .done(Method::PATCH, &path, &json!({ "global": false }), 204)
        .await;
    let source = client.source("crtsh").await;
    client
        .done(
            Method::PUT,
            &format!("/api/v1/sources/{source}/ignoreLists"),
            &json!([list["id"]]),
            201,
        )
        .await;
    assert_eq!(
        client.read(&format!("{path}/sources")).await[0]["slug"],
        "crtsh"
    );
    assert_eq!(client.read("/api/v1/ignoreLists/global").await, json!([]));
    let wrong = json!([{ "data": "x", "indicatorKind": "CIDR" }]);
    let (status, _, field) = client.send(Method::PUT, &entries, &wrong).await.problem();
    assert_eq!((status, field.as_deref()), (422, Some("[0].data")));
    client.done(Method::DELETE, &path, &Value::Null, 204).await;
}

#[tokio::test]
async fn providers_lists_feeds_and_figures_answer() {
    let app = TestApp::start().await;
    let client = Client::administrator(&app).await;
    let body = json!({ "name": "Example", "description": "", "url": "https://example.org" });
    let provider = client
        .done(Method::POST, "/api/v1/providers", &body, 201)
        .await
        .json();
    let path = format!("/api/v1/providers/{}", provider["id"].as_str().unwrap());
    let source = client.source("crtsh").await;
    client
        .done(
            Method::PUT,
            &format!("{path}/sources"),
            &json!([source]),
            201,
        )
        .await;
    assert_eq!(client.read(&path).await["numSources"], 1);
    client
        .done(Method::PATCH, &path, &json!({ "enabled": false }), 204)
        .await;
    let plan = client.read("/api/v1/plan?data=evil.example.com").await;
    let skipped = plan["skipped"].as_array().unwrap();
    let crtsh = skipped
        .iter()
        .find(|one| one["source"]["slug"] == "crtsh")
        .unwrap();
    assert_eq!(
        crtsh["errors"][0],
        json!({ "kind": "PROVIDER_DISABLED", "content": provider["id"] })
    );
    let used = client
        .send(Method::DELETE, &path, &Value::Null)
        .await
        .problem();
    assert_eq!(used.0, 409);

    let words = json!({ "name": "Ours", "description": "", "version": 1, "type": "cidr", "list": ["198.51.100.7/32"] });
    let list = client
        .done(Method::POST, "/api/v1/warningLists", &words, 201)
        .await
        .json();
    let plan = client.read("/api/v1/plan?data=198.51.100.7").await;
    let marks = plan["warnings"].as_array().unwrap();
    assert!(marks.iter().any(|mark| mark["name"] == "Ours"));
    let path = format!("/api/v1/warningLists/{}", list["id"].as_str().unwrap());
    client
        .done(Method::PATCH, &path, &json!({ "enabled": false }), 204)
        .await;
    assert_eq!(client.read(&path).await["enabled"], false);

    client
        .read("/api/v1/requests/execute?data=198.51.100.7&sourceIds=internetdb")
        .await;
    app.desk.flush().await.unwrap();
    let hours = client.read("/api/v1/stats/count/requests").await;
    assert_eq!(hours.as_array().unwrap().len(), 25);
    assert_eq!(hours[24]["uncachedCount"], 1);
    assert_eq!(
        client.read("/api/v1/stats/count/sources").await[24]["data"][0]["name"],
        "InternetDB"
    );
    assert_eq!(
        client.read("/api/v1/stats/count/verdicts").await[24]["data"][0]["name"],
        "MALICIOUS"
    );
    let count = client.read("/api/v1/stats/count").await;
    assert_eq!(
        (
            &count["history"],
            &count["historyLast24hrs"],
            &count["users"]
        ),
        (&json!(1), &json!(1), &json!(1))
    );
    let news = client.read("/api/v1/notifications").await;
    assert_eq!(news[0]["kind"], "MISSING_REQUIRED_SOURCE_SECRET");
    assert!(client.read("/api/v1/feeds").await.is_array());
    let kinds = client.read("/api/v1/indicatorKinds").await;
    assert_eq!(
        (kinds.as_array().unwrap().len(), &kinds[0]),
        (28, &json!("DOMAIN"))
    );
    assert_eq!(client.get("/api/v1/favicon?url=x").await.status, 204);
    assert_eq!(
        client.read("/api/v1/config").await["store.password_file"]["value"],
        "***"
    );
}
