//! Every way in.

use std::time::Duration;

use accounts::{Letter, RoleId};

use super::browser::{Browser, PASSWORD, hidden_value, path_of};
use crate::app::{PUBLIC, TestApp};

#[tokio::test]
async fn the_printed_link_makes_one_administrator() {
    let app = TestApp::start().await;
    let page = app.get_as("/sign-in", "text/html").await;
    assert!(page.text().contains("Nobody has an account here yet"));
    let ticket = app.accounts.make_setup_ticket().await.unwrap().unwrap();
    let path = path_of(ticket.expose(), "setup");
    let mut ada = Browser::new(&app);
    let weak = [
        ("name", "Ada"),
        ("email", "ada@example.org"),
        ("password", "short"),
    ];
    let refused = ada.submit(&path, &path, &weak).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("at least 12 characters"),
        "{}",
        refused.text()
    );
    assert!(
        refused.text().contains("value=\"ada@example.org\""),
        "what was typed is kept"
    );
    assert!(!refused.text().contains("short\""), "but no password");
    let good = [
        ("name", "Ada"),
        ("email", "ada@example.org"),
        ("password", PASSWORD),
    ];
    let made = ada.submit(&path, &path, &good).await;
    assert_eq!(
        (made.status.as_u16(), made.header("location")),
        (303, "/admin")
    );
    let room = ada.get("/admin").await;
    assert!(
        room.text().contains("The installation is yours"),
        "{}",
        room.text()
    );
    assert!(
        !ada.get("/admin")
            .await
            .text()
            .contains("The installation is yours"),
        "said once"
    );
    // Used up: for her, and for whoever finds the terminal's scroll-back.
    assert_eq!(Browser::new(&app).get(&path).await.status, 410);
    assert!(app.accounts.make_setup_ticket().await.unwrap().is_none());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    let app = TestApp::start().await;
    Browser::administrator(&app).await;
    let mut answers = Vec::new();
    for email in ["ada@example.org", "nobody@example.org"] {
        let mut browser = Browser::new(&app);
        let fields = [("email", email), ("password", "not the password at all")];
        let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
        assert_eq!(answer.status, 403);
        // The form's token differs by browser.
        let token = hidden_value(answer.text(), "/sign-in", "form");
        answers.push(
            answer
                .text()
                .replace(email, "EMAIL")
                .replace(&token, "TOKEN"),
        );
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].contains("That did not match"));
}

// The third seed let anybody try passwords as fast as the machine could hash.
#[tokio::test]
async fn who_guesses_has_to_wait_and_is_told_how_long() {
    let app = TestApp::start().await;
    Browser::administrator(&app).await;
    let mut browser = Browser::new(&app);
    let page = browser.get("/sign-in").await;
    let fields = [
        ("email", "ada@example.org"),
        ("password", "a guess, one of many"),
    ];
    let mut waited = None;
    for _ in 0..50 {
        let answer = browser.fill(&page, "/sign-in", &fields).await;
        if answer.status == 429 {
            waited = Some(answer.header("retry-after").parse::<u64>().unwrap());
            break;
        }
    }
    let wait = waited.expect("guessing is slowed down");
    assert!(wait >= 1);
    // Nobody is locked out for ever: after that time the right password opens.
    app.pass(Duration::from_secs(wait + 1));
    let right = [("email", "ada@example.org"), ("password", PASSWORD)];
    let answer = browser.fill(&page, "/sign-in", &right).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
}

#[tokio::test]
async fn a_code_from_the_mail_opens_the_door_once() {
    let app = TestApp::start().await;
    Browser::administrator(&app).await;
    let mut browser = Browser::new(&app);
    let asked = [("code-email", "ada@example.org")];
    let page = browser
        .submit("/sign-in", "/sign-in/send-code", &asked)
        .await;
    assert!(
        page.text().contains("Look into your mail"),
        "{}",
        page.text()
    );
    app.accounts.letters_posted().await;
    let Letter::SignInCode { code, .. } = app.letters.newest("ada@example.org") else {
        panic!("not a code");
    };
    let other = if code.expose() == "000000" {
        "000001"
    } else {
        "000000"
    };
    let wrong = browser
        .fill(&page, "/sign-in/code", &[("code", other)])
        .await;
    assert_eq!(wrong.status, 403, "{}", wrong.text());
    let right = browser
        .fill(&wrong, "/sign-in/code", &[("code", code.expose())])
        .await;
    assert_eq!(right.header("location"), "/account", "{}", right.text());
    let again = Browser::new(&app)
        .stolen_form(&page, "/sign-in/code", code.expose())
        .await;
    assert_ne!(again.status, 303, "a code is good once");
    // Somebody who has no account is told the same, and gets no letter.
    let letters = app.letters.count();
    let mut stranger = Browser::new(&app);
    let page = stranger
        .submit(
            "/sign-in",
            "/sign-in/send-code",
            &[("code-email", "eve@example.org")],
        )
        .await;
    assert!(page.text().contains("Look into your mail"));
    app.accounts.letters_posted().await;
    assert_eq!(app.letters.count(), letters);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_ends_every_session() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let mut browser = Browser::new(&app);
    let sent = browser
        .submit("/reset", "/reset", &[("email", "ada@example.org")])
        .await;
    assert!(sent.text().contains("is on its way"));
    app.accounts.letters_posted().await;
    let Letter::ResetPassword { link, .. } = app.letters.newest("ada@example.org") else {
        panic!("not a reset");
    };
    let path = link.expose().strip_prefix(PUBLIC).unwrap();
    let fresh = "another long and good phrase";
    let answer = browser.submit(path, path, &[("password", fresh)]).await;
    assert_eq!(answer.header("location"), "/sign-in", "{}", answer.text());
    assert_eq!(
        ada.get("/account").await.status,
        303,
        "signed out everywhere"
    );
    assert_eq!(browser.get(path).await.status, 410, "used up");
    let old = [("email", "ada@example.org"), ("password", PASSWORD)];
    assert_eq!(
        browser.submit("/sign-in", "/sign-in", &old).await.status,
        403
    );
    let new = [("email", "ada@example.org"), ("password", fresh)];
    assert_eq!(
        browser.submit("/sign-in", "/sign-in", &new).await.status,
        303
    );
}

#[tokio::test]
async fn an_open_house_asks_for_the_address_first() {
    let app = TestApp::start().await;
    Browser::administrator(&app).await;
    let mut browser = Browser::new(&app);
    let fields = [("name", "Grace"), ("email", "grace@example.org")];
    browser.submit("/sign-up", "/sign-up", &fields).await;
    app.accounts.letters_posted().await;
    let Letter::SignUp { link, .. } = app.letters.newest("grace@example.org") else {
        panic!("not a sign-up");
    };
    let path = link.expose().strip_prefix(PUBLIC).unwrap();
    // Opening the link spends nothing: mail scanners do that.
    assert_eq!(Browser::new(&app).get(path).await.status, 200);
    let made = browser.submit(path, path, &[("password", PASSWORD)]).await;
    assert_eq!(made.header("location"), "/account", "{}", made.text());
    assert_eq!(browser.get("/admin").await.status, 403, "a reader reads");
}

#[tokio::test]
async fn an_invitation_brings_its_roles_and_works_once() {
    let app = TestApp::start().await;
    let mut admin = Browser::administrator(&app).await;
    let mut grace =
        Browser::invited(&app, &mut admin, "grace@example.org", &[RoleId::ANALYST]).await;
    assert_eq!(grace.get("/admin").await.status, 200);
    assert_eq!(grace.get("/admin/users").await.status, 403);
    let shown = grace.get("/admin/users").await;
    assert!(
        shown.text().contains("users.read") && shown.text().contains(">Grace</a>"),
        "{}",
        shown.text()
    );
    let waiting = admin.get("/admin/invitations").await;
    assert!(
        waiting.text().contains("No invitation waits"),
        "{}",
        waiting.text()
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let mut thief = ada.stolen();
    assert_eq!(thief.get("/account").await.status, 200);
    let out = ada.submit("/account", "/sign-out", &[]).await;
    assert_eq!(out.header("location"), "/sign-in");
    assert!(ada.session().is_none());
    assert_eq!(
        thief.get("/account").await.status,
        303,
        "the cookie opens nothing any more"
    );
}

// The second seed never looked at when a session ends.
#[tokio::test]
async fn a_session_that_nobody_uses_ends() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    app.pass(Duration::from_hours(31 * 24));
    assert_eq!(ada.get("/account").await.status, 303);
}
