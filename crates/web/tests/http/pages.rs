//! The pages over a real log: what is shown is what is there, with and without script.

use http::Method;

use crate::app::{TestApp, request};

const FORM: &str = "application/x-www-form-urlencoded";
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn every_page_is_there_before_and_after_the_first_seal() {
    let app = TestApp::start().await;
    let check = async |path: &str, status: u16, says: &str| {
        let answer = app.get_as(path, BROWSER).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{path}"
        );
        assert!(
            answer
                .header("content-security-policy")
                .contains("script-src 'self'"),
            "{path}"
        );
        assert!(answer.text().contains(says), "{path} does not say {says:?}");
        // The policy would block them, so nobody would see them.
        assert!(
            !answer.text().contains("style=\"") && !answer.text().contains("<style"),
            "{path}"
        );
    };
    check("/", 200, "the first line is on its way").await;
    check("/interval/0", 404, "The log has no interval yet").await;
    let id = app.stamp("x").await;
    check(&format!("/ts/{id}"), 200, "waiting for the seal").await;
    app.seal_many(3).await;
    check("/", 200, "href=\"/interval/2\"").await;
    check(&format!("/ts/{id}"), 200, "Sealed in interval 0").await;
    check("/interval/1", 200, "heartbeat").await;
    check("/1", 200, "Interval 1").await;
    check("/log", 200, "3 intervals, 1 timestamp").await;
    check("/log?before=1", 200, "href=\"/interval/0\"").await;
    check("/verify", 200, "log.test/log+").await;
    check("/how", 200, "3 intervals in 2 finished parts").await;
    check("/stamp", 200, "Text to stamp").await;
    check("/interval/3", 404, "not written yet; the newest is 2").await;
    check("/interval/18446744073709551615", 404, "not written yet").await;
    check("/interval/x", 404, "There is nothing here").await;
    check("/no-such-page", 404, "There is nothing here").await;
    check("/ts/x", 404, "not an id").await;
    check("/log?before=x", 400, "before must be").await;
}

// A cosignature under an older head vouches for everything before it: a busy log, whose newest head
// is never cosigned, must not look as if nobody watched it.
#[tokio::test]
async fn pages_say_what_witnesses_have_cosigned() {
    let app = TestApp::start().await;
    let first = app.stamp("first").await;
    app.seal_many(2).await;
    let later = app.stamp("later").await;
    app.seal_many(2).await;
    assert!(!app.get("/log").await.text().contains("cosigned"));
    app.cosign(2).await;
    let check = async |path: &str, is_witnessed: bool| {
        let page = app.get(path).await;
        let page = page.text();
        assert_eq!(page.contains("seal witnessed"), is_witnessed, "{path}");
        assert_eq!(page.contains("witness.test"), is_witnessed, "{path}");
        assert_eq!(page.contains("None yet"), !is_witnessed, "{path}");
    };
    check(&format!("/ts/{first}"), true).await;
    check(&format!("/ts/{later}"), false).await;
    check("/interval/1", true).await;
    check("/interval/2", false).await;
    let log = app.get("/log").await;
    assert!(log.text().contains("cosigned it up to interval 1."));
    assert_eq!(log.text().matches("seal witnessed plain").count(), 2);
    assert_eq!(
        log.text().matches("seal sealed plain").count(),
        3,
        "two lines, the word mark"
    );
}

#[tokio::test]
async fn a_form_leads_to_its_timestamp() {
    let app = TestApp::start().await;
    let answer = app
        .post("/stamp", FORM, "text=two%0D%0Alines&digest=")
        .await;
    assert_eq!(answer.status, 303);
    let page = answer.header("location").to_owned();
    assert!(page.starts_with("/ts/"), "{page}");
    assert!(
        app.get(&page)
            .await
            .text()
            .contains("http-equiv=\"refresh\"")
    );
    app.seal().await;
    assert!(app.get(&page).await.text().contains("Sealed in interval 0"));
    let check = async |body: &str, status: u16, says: &str| {
        let answer = app.post("/stamp", FORM, body.to_owned()).await;
        assert_eq!(answer.status, status, "{body:.60}");
        assert!(
            answer.text().contains(says),
            "{body:.60}: {}",
            answer.text()
        );
    };
    check("text=&digest=", 422, "nothing to stamp yet").await;
    check(
        &format!("digest={}", "x".repeat(257)),
        413,
        "longer than 256 bytes",
    )
    .await;
    check("text=%ff", 400, "not percent-encoded UTF-8").await;
    check("digest=%3Cscript%3E&text=", 303, "").await;
    check(
        &format!("digest={}", "%3Cb%3E".repeat(90)),
        413,
        "&#60;b&#62;",
    )
    .await;
}

// A 304 replaces the headers that the browser kept with the page: a stricter policy in it would
// leave the page without its own style and scripts.
#[tokio::test]
async fn a_page_that_is_unchanged_keeps_its_policy() {
    let app = TestApp::start().await;
    let first = app.get("/how").await;
    let headers = [("if-none-match", first.header("etag"))];
    let again = app.ask(request(Method::GET, "/how", &headers, "")).await;
    assert_eq!(again.status, 304);
    assert!(
        ["", first.header("content-security-policy")]
            .contains(&again.header("content-security-policy"))
    );
}

#[tokio::test]
async fn a_line_for_an_open_page_is_kept_for_ever() {
    let app = TestApp::start().await;
    app.stamp("x").await;
    let sealed = app.seal().await;
    let line = app.get("/interval/0/line").await;
    assert!(line.header("cache-control").contains("immutable"));
    let head = app.get_as("/api/v1/mth/0", "application/json").await;
    assert!(
        line.text().starts_with("<tr data-index=\"0\""),
        "{}",
        line.text()
    );
    assert!(line.text().contains("<span>1</span>") && sealed.count == 1);
    assert_eq!(head.status, 200);
    assert!(line.text().contains("<template class=\"newest\"><svg"));
    assert_eq!(
        app.get_as("/interval/1/line", "application/json")
            .await
            .problem()
            .1,
        "beyond-head"
    );
}
