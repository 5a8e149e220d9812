//! The desk's pages without script: pasted, chosen, asked, read, shared; and what must not be asked.

use accounts::RoleId;
use http::Method;

use super::browser::Browser;
use crate::app::{Answer, TestApp};
use crate::desk::world::Does;

const REPORT: &str =
    "Seen: 198[.]51[.]100[.]7 and hxxp://evil[.]example[.]com/a, again 198.51.100.7.";

/// Follows a lookup's page until all have answered.
async fn settled(browser: &mut Browser<'_>, page: &str) -> Answer {
    loop {
        let shown = browser.get(page).await;
        assert_eq!(shown.status, 200, "{}", shown.text());
        if !shown.text().contains("Show what came since") {
            return shown;
        }
        tokio::task::yield_now().await;
    }
}

fn has(page: &Answer, text: &str) {
    assert!(page.text().contains(text), "no {text:?} in {}", page.text());
}

fn has_not(page: &Answer, text: &str) {
    assert!(!page.text().contains(text), "{text:?} in {}", page.text());
}

#[tokio::test]
async fn a_report_is_read_and_one_of_its_indicators_looked_up() {
    let app = TestApp::start().await;
    let mut browser = Browser::administrator(&app).await;
    has(&browser.get("/desk").await, "What you paste is read here");
    let found = browser
        .submit("/desk", "/desk/extract", &[("text", REPORT)])
        .await;
    has(&found, "198[.]51[.]100[.]7</code>");
    has(&found, "2 times");
    has(&found, "value=\"URL http://evil.example.com/a\"");
    assert!(app.world.asked().is_empty(), "nobody is asked by reading");
    let source = crate::rooms::browser::hidden_value(found.text(), "/desk/look-up", "choosing");
    assert_eq!(source, "yes");
    let all: Vec<String> = found
        .text()
        .split("name=\"source\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    let mut fields = vec![("pick", "IPV4 198.51.100.7"), ("tlp", "AMBER")];
    fields.extend(all.iter().map(|id| ("source", id.as_str())));
    let sent = browser.fill(&found, "/desk/look-up", &fields).await;
    let page = sent.header("location").to_owned();
    assert!(page.starts_with("/desk/requests/"), "{}", sent.text());
    let shown = settled(&mut browser, &page).await;
    has(&shown, "InternetDB");
    has(&shown, "/api/v1/evidence/");
    // What a source answered is shown defanged too.
    has(&shown, "a[.]example[.]com");
    has_not(&shown, ">a.example.com<");
    let history = browser
        .get("/desk/history?q=198%5B.%5D51%5B.%5D100%5B.%5D7")
        .await;
    has(&history, &page);
    let indicator = browser.get("/desk/indicators/IPV4/198.51.100.7").await;
    has(&indicator, "Who held what, and when");
    has(&indicator, "first answer");
}

// A form in which nobody is ticked is not one in which everybody is: the value would go where it must
// not.
#[tokio::test]
async fn whoever_ticks_no_source_asks_nobody() {
    let app = TestApp::start().await;
    let mut browser = Browser::administrator(&app).await;
    let fields = [("pick", "IPV4 198.51.100.7"), ("tlp", "AMBER")];
    let answer = browser.submit("/desk", "/desk/look-up", &fields).await;
    assert_eq!(answer.status, 422);
    has(&answer, "nobody was asked");
    let wrong = [("pick", "IPV4 198.51.100.7"), ("source", "999999")];
    let answer = browser.submit("/desk", "/desk/look-up", &wrong).await;
    assert_eq!(answer.status, 422);
    let wrong = [("pick", "IPV4 one.two")];
    let answer = browser.submit("/desk", "/desk/look-up", &wrong).await;
    assert_eq!(answer.status, 422);
    assert!(app.world.asked().is_empty());
}

#[tokio::test]
async fn a_lookup_that_is_stopped_gives_its_questions_up() {
    let app = TestApp::start().await;
    app.world.set("internetdb", Does::Hangs);
    let mut browser = Browser::administrator(&app).await;
    let desk = browser.get("/desk?q=198.51.100.7").await;
    let form = [
        ("pick", "IPV4 198.51.100.7"),
        ("choosing", ""),
        ("tlp", "AMBER"),
    ];
    let sent = browser.fill(&desk, "/desk/look-up", &form).await;
    let page = sent.header("location").to_owned();
    app.world.was_asked(1).await;
    let shown = browser.get(&page).await;
    has(&shown, "Show what came since");
    let stop = format!("{page}/cancel");
    browser.fill(&shown, &stop, &[]).await;
    app.world.given_up(1).await;
    let shown = settled(&mut browser, &page).await;
    has(&shown, "stopped before all had answered");
}

#[tokio::test]
async fn a_link_shows_one_lookup_without_names_and_can_be_taken_back() {
    let app = TestApp::start().await;
    let mut browser = Browser::administrator(&app).await;
    let desk = browser.get("/desk").await;
    let form = [("pick", "IPV4 198.51.100.7"), ("choosing", "")];
    let sent = browser.fill(&desk, "/desk/look-up", &form).await;
    let page = sent.header("location").to_owned();
    settled(&mut browser, &page).await;
    let share = format!("{page}/share");
    let made = browser.submit(&page, &share, &[]).await;
    let (_, rest) = made.text().split_once("/s/").unwrap();
    let secret: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let link = format!("/s/{secret}");
    let mut stranger = Browser::new(&app);
    let shown = stranger.get(&link).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert_eq!(shown.header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(shown.header("cache-control"), "no-store");
    has(&shown, "198[.]51[.]100[.]7");
    has_not(&shown, "Ada");
    has_not(&shown, "/api/v1/evidence/");
    assert_eq!(stranger.get(&page).await.status, 303);
    let end = format!("{page}/unshare");
    browser.submit(&page, &end, &[]).await;
    assert_eq!(stranger.get(&link).await.status, 410);
    assert_eq!(stranger.get("/s/never-given").await.status, 410);
}

#[tokio::test]
async fn what_a_role_does_not_allow_no_page_does() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let mut reader = Browser::invited(&app, &mut ada, "grace@example.org", &[RoleId::READER]).await;
    for page in [
        "/desk/secrets",
        "/desk/sources/new",
        "/desk/sources/internetdb/edit",
    ] {
        assert_eq!(reader.get(page).await.status, 403, "{page}");
    }
    for action in [
        "/desk/look-up",
        "/desk/secrets",
        "/desk/sources/internetdb/disable",
    ] {
        assert_eq!(reader.post(action, &[]).await.status, 403, "{action}");
    }
    // And whoever may, may only from a page of ours.
    let answer = ada.post("/desk/sources/internetdb/disable", &[]).await;
    assert_eq!(answer.status, 403);
}

// A secret is written once and read by nobody.
#[tokio::test]
async fn no_page_shows_a_secret() {
    const SECRET: &str = "never-to-be-shown-again";
    let app = TestApp::start().await;
    let mut browser = Browser::administrator(&app).await;
    let page = "/desk/sources/abuseipdb";
    let fields = [("slot", "key"), ("value", SECRET)];
    let put = browser
        .submit(page, "/desk/sources/abuseipdb/secrets", &fields)
        .await;
    assert_eq!(put.header("location"), page, "{}", put.text());
    for page in [
        page,
        "/desk/secrets",
        "/desk/secrets/1",
        "/admin/audit",
        "/desk",
    ] {
        let shown = browser.get(page).await;
        assert_eq!(shown.status, 200, "{page}");
        has_not(&shown, SECRET);
    }
    has(&browser.get(page).await, "AbuseIPDB key");
}

#[tokio::test]
async fn a_source_is_described_tried_and_rolled_back() {
    let app = TestApp::start().await;
    let mut browser = Browser::administrator(&app).await;
    let form = browser.get("/desk/sources/new").await;
    let (_, rest) = form.text().split_once("name=\"text\"").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let text = rest.split("</textarea>").next().unwrap();
    let text = text.replace("&#34;", "\"").replace("&#38;", "&");
    let tried = [
        ("text", text.as_str()),
        ("indicator", "198.51.100.7"),
        ("body", r#"{"count":12}"#),
    ];
    let page = browser.post("/desk/sources/new/try", &[]).await;
    assert_eq!(page.status, 403);
    let token = super::browser::hidden_value(form.text(), "/desk/sources", "form");
    let mut fields = tried.to_vec();
    fields.push(("form", &token));
    let shown = browser.post("/desk/sources/new/try", &fields).await;
    has(&shown, "blocked 12 times");
    assert!(app.world.asked().is_empty(), "a replay asks nobody");
    let broken = text.replace("\"at_least\"", "\"at_leest\"");
    let shown = browser
        .fill(&form, "/desk/sources", &[("text", &broken)])
        .await;
    assert_eq!(shown.status, 422);
    has(&shown, "class=\"faults\"");
    let made = browser
        .fill(&form, "/desk/sources", &[("text", &text)])
        .await;
    let page = made.header("location").to_owned();
    assert_eq!(page, "/desk/sources/our-own-blocklist", "{}", made.text());
    let surer = text.replace("\"confidence\": 70", "\"confidence\": 80");
    let edit = format!("{page}/edit");
    let saved = browser.submit(&edit, &edit, &[("text", &surer)]).await;
    assert_eq!(saved.header("location"), page, "{}", saved.text());
    has(
        &browser.get(&format!("{page}/versions/2")).await,
        "<ins>80</ins>",
    );
    let back = format!("{page}/roll-back");
    browser.submit(&page, &back, &[]).await;
    has(&browser.get(&page).await, "back to version 1");
}

// What is read while somebody types is asked for by our own page only.
#[tokio::test]
async fn the_list_alone_needs_the_forms_token() {
    let app = TestApp::start().await;
    let mut browser = Browser::administrator(&app).await;
    let desk = browser.get("/desk").await;
    let token = super::browser::hidden_value(desk.text(), "/desk/extract", "form");
    let same = ("sec-fetch-site", "same-origin");
    let kind = ("content-type", "application/octet-stream");
    let body = || REPORT.to_owned();
    let refused = browser
        .send(Method::POST, "/desk/extract/found", &[same, kind], body())
        .await;
    assert_eq!(refused.status, 403);
    let own = ("x-form", token.as_str());
    let shown = browser
        .send(
            Method::POST,
            "/desk/extract/found",
            &[same, kind, own],
            body(),
        )
        .await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    has(&shown, "198[.]51[.]100[.]7</code>");
    has_not(&shown, "<html");
}

#[tokio::test]
async fn every_page_of_the_desk_answers() {
    let app = TestApp::start().await;
    let mut browser = Browser::administrator(&app).await;
    for page in [
        "/desk",
        "/desk/history",
        "/desk/bulks",
        "/desk/watches",
        "/desk/statistics?span=week",
        "/desk/notifications",
        "/desk/sources?q=abuse&state=missing",
        "/desk/sources/abuseipdb",
        "/desk/sources/abuseipdb/edit",
        "/desk/sources/abuseipdb/versions/1",
        "/desk/providers",
        "/desk/providers/abuseipdb",
        "/desk/feeds",
        "/desk/secrets",
        "/desk/lists",
        "/desk/indicators/DOMAIN/nobody-asked.example.com",
    ] {
        let shown = browser.get(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.text());
    }
    for page in [
        "/desk/requests/1",
        "/desk/bulks/1",
        "/desk/sources/none",
        "/desk/providers/none",
        "/desk/feeds/none",
        "/desk/lists/99",
        "/desk/secrets/99",
        "/desk/indicators/DOMAIN/no%20domain",
        "/desk/indicators/NOTHING/x",
    ] {
        assert_eq!(browser.get(page).await.status, 404, "{page}");
    }
}
