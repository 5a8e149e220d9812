//! One's own account.

use std::time::Duration;

use accounts::RoleId;
use http::Method;

use super::browser::{Browser, PASSWORD};
use crate::app::{TestApp, request};

#[tokio::test]
async fn every_page_of_the_account_is_there() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    for (path, says) in [
        ("/account", "ada@example.org"),
        ("/account/security", "No passkey yet"),
        ("/account/sessions", "this browser"),
        ("/account/tokens", "No tokens yet"),
        ("/account/data", "Delete my account"),
        ("/account/confirm", "Confirm that it is you"),
    ] {
        let page = ada.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        assert!(page.text().contains(says), "{path}: {}", page.text());
        assert!(
            !page.text().contains("style=\"") && !page.text().contains("<script>"),
            "{path}"
        );
    }
    let export = ada.get("/account/export").await;
    assert!(
        export
            .header("content-disposition")
            .starts_with("attachment")
    );
    assert!(export.text().contains("ada@example.org"));
    assert!(!export.text().contains("argon2"), "no hash leaves");
}

#[tokio::test]
async fn a_token_is_shown_once_and_does_what_it_may() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let fields = [
        ("note", "nightly export"),
        ("life", "30"),
        ("may", "audit.read"),
    ];
    let made = ada
        .submit("/account/tokens", "/account/tokens", &fields)
        .await;
    let text = made.text();
    let start = text.find("indl_").unwrap_or_else(|| panic!("{text}"));
    let token: String = text[start..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    assert!(
        !ada.get("/account/tokens").await.text().contains(&token),
        "never again"
    );
    let ask = async |method: Method, path: &str, header: &str| {
        let headers = [("authorization", header), ("accept", "application/json")];
        app.ask(request(method, path, &headers, "")).await
    };
    let bearer = format!("Bearer {token}");
    let me = ask(Method::GET, "/api/v1/account", &bearer).await;
    assert_eq!(me.json()["email"], "ada@example.org");
    assert_eq!(me.json()["permissions"], serde_json::json!(["audit.read"]));
    assert_eq!(
        me.header("access-control-allow-origin"),
        "",
        "not for other sites' pages"
    );
    let trail = ask(Method::GET, "/api/v1/audit?act=token.", &bearer).await;
    assert_eq!(
        trail.json()["rows"][0]["act"],
        "token.make",
        "{}",
        trail.text()
    );
    assert_eq!(
        ask(Method::GET, "/api/v1/users", &bearer).await.problem().1,
        "not-permitted"
    );
    assert_eq!(
        ask(Method::GET, "/api/v1/account", "Bearer indl_1_nonsense")
            .await
            .status,
        401
    );
    // It ends when it said it would.
    app.pass(Duration::from_hours(31 * 24));
    assert_eq!(
        ask(Method::GET, "/api/v1/account", &bearer).await.status,
        401
    );
}

#[tokio::test]
async fn a_revoked_token_opens_nothing() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let same = [
        ("content-type", "application/json"),
        ("sec-fetch-site", "same-origin"),
    ];
    let body = r#"{"note":"ci","permissions":["users.read"],"expires_in_s":3600}"#;
    let made = ada
        .send(
            Method::POST,
            "/api/v1/account/tokens",
            &same,
            body.to_owned(),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (id, token) = (
        made.json()["id"].clone(),
        made.json()["token"].as_str().unwrap().to_owned(),
    );
    let bearer = [("authorization", format!("Bearer {token}"))];
    let bearer: Vec<(&str, &str)> = bearer
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let ask = async || {
        app.ask(request(Method::GET, "/api/v1/users", &bearer, ""))
            .await
            .status
    };
    assert_eq!(ask().await, 200);
    let path = format!("/api/v1/account/tokens/{id}");
    assert_eq!(
        ada.send(Method::DELETE, &path, &same, String::new())
            .await
            .status,
        204
    );
    assert_eq!(ask().await, 401);
}

#[tokio::test]
async fn what_cannot_be_undone_asks_again_who_it_is() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    app.pass(Duration::from_mins(20));
    let fields = [("password", "another long and good phrase")];
    let sent = ada
        .submit("/account/security", "/account/password", &fields)
        .await;
    let confirm = sent.header("location").to_owned();
    assert_eq!(confirm, "/account/confirm?next=/account/security");
    let wrong = ada
        .submit(&confirm, "/account/confirm", &[("password", "no")])
        .await;
    assert_eq!(wrong.status, 403);
    let right = ada
        .submit(&confirm, "/account/confirm", &[("password", PASSWORD)])
        .await;
    assert_eq!(right.header("location"), "/account/security");
    let changed = ada
        .submit("/account/security", "/account/password", &fields)
        .await;
    assert_eq!(changed.header("location"), "/account/security");
    assert!(
        ada.get("/account/security")
            .await
            .text()
            .contains("The password is changed")
    );
}

#[tokio::test]
async fn a_second_factor_is_set_up_asked_for_and_recovered_from() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let page = ada.submit("/account/security", "/account/totp", &[]).await;
    assert!(page.text().contains("<svg viewBox") && page.text().contains("aria-label=\"QR code"));
    let wrong = ada
        .fill(&page, "/account/totp/confirm", &[("code", "000000")])
        .await;
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    let key = super::browser::hidden_value(wrong.text(), "/account/totp/confirm", "key");
    let code = super::browser::totp(&key, app.now_s());
    let on = ada
        .fill(&wrong, "/account/totp/confirm", &[("code", &code)])
        .await;
    assert!(on.text().contains("Recovery codes"), "{}", on.text());
    let spare: Vec<String> = on
        .text()
        .split("<li><code>")
        .skip(1)
        .map(|code| code.split('<').next().unwrap().to_owned())
        .collect();
    assert_eq!(spare.len(), 10);
    let fields = [("email", "ada@example.org"), ("password", PASSWORD)];
    let mut other = Browser::new(&app);
    let second = other.submit("/sign-in", "/sign-in", &fields).await;
    assert!(second.text().contains("One more code") && other.session().is_none());
    let used = other
        .fill(&second, "/sign-in/second", &[("code", &code)])
        .await;
    assert_ne!(
        used.status, 303,
        "a code counts once, also when it turned the factor on"
    );
    app.pass(Duration::from_secs(30));
    let code = super::browser::totp(&key, app.now_s());
    let entered = other
        .fill(&second, "/sign-in/second", &[("code", &code)])
        .await;
    assert_eq!(entered.status, 303, "{}", entered.text());
    for (times, expected) in [(1, 303), (2, 403)] {
        let mut third = Browser::new(&app);
        let second = third.submit("/sign-in", "/sign-in", &fields).await;
        let entered = third
            .fill(&second, "/sign-in/second", &[("recovery", &spare[0])])
            .await;
        assert_eq!(entered.status, expected, "use {times} of a recovery code");
    }
}

#[tokio::test]
async fn other_sessions_are_listed_and_ended() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let mut phone = Browser::new(&app);
    let fields = [("email", "ada@example.org"), ("password", PASSWORD)];
    phone.submit("/sign-in", "/sign-in", &fields).await;
    let page = ada.get("/account/sessions").await;
    assert!(page.text().contains("Firefox on Linux"), "{}", page.text());
    let ended = ada.fill(&page, "/account/sessions/end-others", &[]).await;
    assert_eq!(ended.header("location"), "/account/sessions");
    assert_eq!(phone.get("/account").await.status, 303);
    assert_eq!(ada.get("/account").await.status, 200);
}

#[tokio::test]
async fn an_account_ends_but_not_the_last_administrator() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let mut grace = Browser::invited(&app, &mut ada, "grace@example.org", &[RoleId::READER]).await;
    let unsure = grace
        .submit("/account/data", "/account/delete", &[("sure", "grace")])
        .await;
    assert_eq!(unsure.status, 422);
    let sure = grace
        .submit(
            "/account/data",
            "/account/delete",
            &[("sure", "grace@example.org")],
        )
        .await;
    assert_eq!(sure.header("location"), "/sign-in");
    assert!(grace.session().is_none());
    let kept = ada
        .submit(
            "/account/data",
            "/account/delete",
            &[("sure", "ada@example.org")],
        )
        .await;
    assert_eq!(kept.status, 422);
    assert!(
        kept.text().contains("only administrator"),
        "{}",
        kept.text()
    );
}

// Scrapers come from anywhere; what they read tells a stranger how busy the house is.
#[tokio::test]
async fn a_token_that_may_look_opens_the_figures_from_afar() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let same = [
        ("content-type", "application/json"),
        ("sec-fetch-site", "same-origin"),
    ];
    let afar = "203.0.113.7".parse().unwrap();
    let ask = async |headers: &[(&str, &str)]| {
        let request = request(Method::GET, "/metrics", headers, "");
        app.ask_from(afar, request).await
    };
    assert_eq!(ask(&[]).await.status, 404);
    for (permission, status) in [("overview.read", 200), ("users.read", 403)] {
        let body = format!(r#"{{"note":"scraper","permissions":["{permission}"]}}"#);
        let path = "/api/v1/account/tokens";
        let made = ada.send(Method::POST, path, &same, body).await;
        let token = format!("Bearer {}", made.json()["token"].as_str().unwrap());
        let answer = ask(&[("authorization", &token)]).await;
        assert_eq!(answer.status, status, "{permission}");
    }
    assert_eq!(
        ask(&[("authorization", "Bearer indl_1_x")]).await.status,
        401
    );
}

// The pages ask again before such acts; the API behind the same cookie must not be the way around.
#[tokio::test]
async fn a_browser_left_open_gives_no_rights_away_through_the_api() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let same = [
        ("content-type", "application/json"),
        ("sec-fetch-site", "same-origin"),
    ];
    let body = r#"{"name":"auditor","about":"","permissions":["audit.read"]}"#;
    let make = async |ada: &mut Browser<'_>| {
        ada.send(Method::POST, "/api/v1/roles", &same, body.to_owned())
            .await
    };
    app.pass(Duration::from_mins(20));
    let refused = make(&mut ada).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("/problems/confirm-needed"));
    let confirm = "/account/confirm?next=/account/security";
    ada.submit(confirm, "/account/confirm", &[("password", PASSWORD)])
        .await;
    assert_eq!(make(&mut ada).await.status, 201);
}
