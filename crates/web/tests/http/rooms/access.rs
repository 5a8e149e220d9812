//! Who may use which route: the table as a whole, and every route as everybody.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use accounts::{AuditFilter, NewToken, Permission, PermissionSet, RoleId};
use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use web::{Access, Route, routes};

use super::browser::Browser;
use crate::app::{HERE, TestApp};

// A route that is open by mistake looks like any other. In this list it does not.
#[test]
fn every_route_says_who_may_use_it() {
    let mut lines: Vec<String> = routes()
        .iter()
        .map(|route| {
            let who = match route.access {
                Access::Public => "everybody".to_owned(),
                Access::SignedIn => "whoever is signed in".to_owned(),
                Access::Needs(permission) => permission.name().to_owned(),
            };
            format!("{:6} {:44} {who}", route.method.as_str(), route.path)
        })
        .collect();
    lines.sort_by(|a, b| a[7..].cmp(&b[7..]));
    insta::assert_snapshot!("access", lines.join("\n"));
}

/// One who tries every door: a name, what opens doors, and what they may.
struct Tester {
    name: &'static str,
    headers: Vec<(&'static str, String)>,
    may: Option<PermissionSet>,
}

impl Tester {
    async fn asks(&self, app: &TestApp, route: &Route) -> String {
        let path = ["{id}", "{i}", "{x}", "{y}", "{n}", "{serial}"]
            .iter()
            .fold(route.path.to_owned(), |path, hole| {
                path.replace(hole, "999999999")
            })
            .replace("{*name}", "0/000")
            .replace("{ticket}", "x")
            .replace("{provider}", "x")
            .replace("{kind}", "IPV4")
            .replace("{value}", "192.0.2.7")
            .replace("{name}", "not-found");
        let mut request = Request::builder().method(route.method.clone()).uri(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request
            .header("accept", "application/json")
            .header("sec-fetch-site", "same-origin");
        let answer = app
            .web
            .answer(HERE, request.body(Body::empty()).unwrap())
            .await;
        let (head, body) = answer.into_parts();
        if !is_problem(&head.headers) {
            return head.status.as_u16().to_string(); // A stream would never end.
        }
        let bytes = body.collect().await.unwrap().to_bytes();
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        document["type"].as_str().unwrap().replace("/problems/", "")
    }

    fn expected(&self, route: &Route) -> Option<&'static str> {
        match (route.access, self.may) {
            (Access::Public, _) | (Access::SignedIn, Some(_)) => None,
            (_, None) => Some("sign-in-needed"),
            (Access::Needs(permission), Some(may)) => {
                (!may.has(permission)).then_some("not-permitted")
            }
        }
    }
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers
        .get("content-type")
        .is_some_and(|kind| kind == "application/problem+json")
}

fn by_cookie(name: &'static str, browser: &Browser<'_>, may: PermissionSet) -> Tester {
    let cookie = format!("indelible={}", browser.session().unwrap());
    Tester {
        name,
        headers: vec![("cookie", cookie)],
        may: Some(may),
    }
}

async fn by_token(
    name: &'static str,
    app: &TestApp,
    owner: &Browser<'_>,
    scopes: PermissionSet,
) -> Tester {
    let session = owner.session().unwrap();
    let device = accounts::Device::of(None, None);
    let session = app
        .accounts
        .session(session, &device)
        .await
        .unwrap()
        .unwrap();
    let caller = accounts::Caller::in_session(&session, None, None);
    let wanted = NewToken {
        note: name.to_owned(),
        permissions: Some(scopes),
        expires_at: None,
    };
    let (_, secret) = app.accounts.make_token(&caller, wanted).await.unwrap();
    Tester {
        name,
        headers: vec![("authorization", format!("Bearer {}", secret.expose()))],
        may: Some(scopes.and(session.user.permissions)),
    }
}

// The third seed asked for a role at two routes of a hundred. Here every route is tried as
// everybody, and every refusal leaves its trace.
#[tokio::test]
async fn every_route_answers_everybody_as_the_table_says() {
    let app = TestApp::start().await;
    app.seal().await;
    let mut admin = Browser::administrator(&app).await;
    let role = [
        ("name", "auditor"),
        ("permissions", "audit.read"),
        ("permissions", "overview.read"),
    ];
    let made = admin.submit("/admin/roles", "/admin/roles", &role).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let roles = app.accounts.roles().await.unwrap();
    let auditor = roles.iter().find(|role| role.name == "auditor").unwrap();
    let custom: PermissionSet = [Permission::AuditRead, Permission::OverviewRead]
        .into_iter()
        .collect();
    let mut testers = vec![Tester {
        name: "stranger",
        headers: Vec::new(),
        may: None,
    }];
    let people = [
        ("reader", RoleId::READER, RoleId::READER.built_in().unwrap()),
        (
            "analyst",
            RoleId::ANALYST,
            RoleId::ANALYST.built_in().unwrap(),
        ),
        ("editor", RoleId::EDITOR, RoleId::EDITOR.built_in().unwrap()),
        ("auditor", auditor.id, custom),
    ];
    for (name, id, may) in people {
        let email = format!("{name}@example.org");
        let browser = Browser::invited(&app, &mut admin, &email, &[id]).await;
        testers.push(by_cookie(name, &browser, may));
    }
    let one = |permission| [permission].into_iter().collect::<PermissionSet>();
    testers.push(
        by_token(
            "token of an administrator, users.read",
            &app,
            &admin,
            one(Permission::UsersRead),
        )
        .await,
    );
    testers.push(
        by_token(
            "token of an administrator, nothing",
            &app,
            &admin,
            PermissionSet::NONE,
        )
        .await,
    );
    testers.push(by_cookie("administrator", &admin, PermissionSet::all()));

    let mut wrong = String::new();
    let mut refused = BTreeSet::new();
    for tester in &testers {
        for (number, route) in routes().iter().enumerate() {
            // Only so many refusals are written a minute: the rest is counted.
            if number % 50 == 0 {
                app.pass(std::time::Duration::from_mins(2));
            }
            let (found, expected) = (tester.asks(&app, route).await, tester.expected(route));
            let is_right = match expected {
                Some(kind) => found == kind,
                None => !["sign-in-needed", "not-permitted", "internal"].contains(&found.as_str()),
            };
            if !is_right {
                let _ = writeln!(
                    wrong,
                    "{}: {} {} answers {found}, not {expected:?}",
                    tester.name, route.method, route.path
                );
            }
            if expected == Some("not-permitted") {
                refused.insert((tester.name, route.method.to_string(), route.path));
            }
        }
    }
    assert_eq!(wrong, "");
    let filter = AuditFilter {
        act: Some("access.refused".to_owned()),
        ..AuditFilter::default()
    };
    let mut recorded = 0;
    let mut before = None;
    loop {
        let page = app.accounts.audit(&filter, before, 500).await.unwrap();
        recorded += page.rows.len();
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(recorded, refused.len(), "every refusal once");
}

#[tokio::test]
async fn a_person_is_led_to_the_door_and_back() {
    let app = TestApp::start().await;
    let mut admin = Browser::administrator(&app).await;
    let mut stranger = Browser::new(&app);
    let sent = stranger.get("/admin/audit?q=a%20b").await;
    assert_eq!(sent.status, 303);
    let door = sent.header("location").to_owned();
    assert_eq!(door, "/sign-in?next=/admin/audit%3Fq%3Da%2520b");
    let fields = [
        ("email", "ada@example.org"),
        ("password", super::browser::PASSWORD),
    ];
    let entered = stranger.submit(&door, "/sign-in", &fields).await;
    assert_eq!(entered.header("location"), "/admin/audit?q=a%20b");
    // A program is told instead, and in which words.
    let told = app.get_as("/api/v1/users", "application/json").await;
    assert_eq!(told.problem().1, "sign-in-needed");
    assert_eq!(admin.get("/admin").await.status, 200);
}

// What the browser does not send by itself protects from pages that make it ask.
#[tokio::test]
async fn what_other_sites_make_a_browser_send_changes_nothing() {
    let app = TestApp::start().await;
    let mut admin = Browser::administrator(&app).await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let mut check = async |path: &str, more: &[(&str, &str)], body: &str, expected: &str| {
        let mut headers = form.to_vec();
        headers.push(("accept", "application/json"));
        headers.extend(more);
        let body = body.to_owned();
        let headers: Vec<_> = headers.into_iter().rev().collect();
        let answer = admin.send(Method::POST, path, &headers, body).await;
        let text = answer.text();
        assert!(text.contains(expected), "{path} {more:?}: {text}");
    };
    check(
        "/account/name",
        &[("sec-fetch-site", "cross-site")],
        "name=Eve",
        "another site",
    )
    .await;
    check(
        "/account/name",
        &[("origin", "https://evil.example")],
        "name=Eve",
        "another site",
    )
    .await;
    check(
        "/account/name",
        &[("origin", "null")],
        "name=Eve",
        "another site",
    )
    .await;
    check(
        "/account/name",
        &[("sec-fetch-site", "same-origin")],
        "name=Eve",
        "form is too old",
    )
    .await;
    check(
        "/account/name",
        &[("sec-fetch-site", "same-origin")],
        "name=Eve&form=AAAAAAAAAAAAAAAAAAAAAAAA",
        "form is too old",
    )
    .await;
    let json = r#"{"note":"eve","permissions":[],"expires_in_s":60}"#;
    check(
        "/api/v1/account/tokens",
        &[("sec-fetch-site", "cross-site")],
        json,
        "another site",
    )
    .await;
    check("/api/v1/account/tokens", &[], json, "another site").await;
    let profile = admin.get("/account").await;
    assert!(profile.text().contains("Ada") && !profile.text().contains("Eve"));
}

// A page kept by a cache between us and everybody would show one person's name to all.
#[tokio::test]
async fn what_is_personal_is_kept_by_nobody_else() {
    let app = TestApp::start().await;
    app.seal().await;
    let mut admin = Browser::administrator(&app).await;
    for path in ["/", "/log", "/how", "/api/v1/docs"] {
        let mine = admin.get(path).await;
        assert!(mine.text().contains(">Ada</a>"), "{path}");
        assert_eq!(mine.header("cache-control"), "private, no-cache", "{path}");
        let anybodys = app.get_as(path, super::browser::PAGE).await;
        assert!(anybodys.text().contains(">Sign in</a>"), "{path}");
        assert!(
            !anybodys.header("cache-control").contains("private"),
            "{path}"
        );
        assert!(
            anybodys
                .headers
                .get_all("vary")
                .iter()
                .any(|vary| vary == "cookie"),
            "{path}"
        );
    }
    for path in ["/admin", "/account", "/account/tokens", "/sign-in"] {
        let answer = if path == "/sign-in" {
            app.get(path).await
        } else {
            admin.get(path).await
        };
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    // The log's own API is the same for everybody, and reads no cookie.
    let head = admin.get("/log/checkpoint").await;
    assert!(head.header("cache-control").starts_with("public"));
    assert!(
        head.headers
            .get_all("vary")
            .iter()
            .all(|vary| vary != "cookie")
    );
}

#[tokio::test]
async fn behind_tls_the_cookie_and_the_browser_are_told() {
    let app = TestApp::start().await;
    let tls = [("x-forwarded-proto", "https"), ("accept", "text/html")];
    let page = app
        .ask(crate::app::request(Method::GET, "/sign-in", &tls, ""))
        .await;
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("__Host-indelible-browser="), "{cookie}");
    assert!(
        cookie.ends_with("; Secure") && cookie.contains("; Path=/;"),
        "{cookie}"
    );
    let plain = app.get_as("/sign-in", "text/html").await;
    assert_eq!(plain.header("strict-transport-security"), "");
    assert!(plain.header("set-cookie").starts_with("indelible-browser="));
    // Who is no proxy of ours cannot say that it came by TLS.
    let peer = "203.0.113.9".parse().unwrap();
    let far = app
        .ask_from(peer, crate::app::request(Method::GET, "/sign-in", &tls, ""))
        .await;
    assert!(far.header("set-cookie").starts_with("indelible-browser="));
}
