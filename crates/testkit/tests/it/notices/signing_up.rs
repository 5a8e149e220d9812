//! Somebody makes an account at the real program, and the link comes by a mail server of others.

use bytes::Bytes;
use egress::{Egress, Limits, Method, StatusCode};
use serde_json::Value;
use testkit::{Database, Dialect, Program};

use super::server::MailServer;

/// A browser, as far as forms go: one cookie jar, and the form's own token.
struct Browser<'p> {
    program: &'p Program,
    http: Egress,
    cookie: String,
}

impl<'p> Browser<'p> {
    fn at(program: &'p Program) -> Self {
        Self {
            program,
            http: Egress::new(Limits::default()).unwrap(),
            cookie: String::new(),
        }
    }

    async fn send(&mut self, method: Method, path: &str, body: String) -> (StatusCode, String) {
        let origin = self.program.url("");
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", &origin),
            ("cookie", &self.cookie.clone()),
        ];
        let url = self.program.url(path).parse().unwrap();
        let answer = self.http.send(method, &url, &headers, Bytes::from(body));
        let answer = answer.await.unwrap();
        for set in answer.headers.get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = format!("{}; {pair}", self.cookie);
        }
        let status = answer.status;
        (status, answer.body.text().await.unwrap_or_default())
    }

    /// Opens a page and sends its form, filled.
    async fn fill(&mut self, page: &str, action: &str, fields: &str) -> (StatusCode, String) {
        let (status, html) = self.send(Method::GET, page, String::new()).await;
        assert_eq!(status, StatusCode::OK, "{page}: {html}");
        let token = html.split("name=\"form\" value=\"").nth(1).unwrap();
        let token = token.split('"').next().unwrap();
        self.send(Method::POST, action, format!("form={token}&{fields}"))
            .await
    }
}

fn link(letter: &Value) -> String {
    let text = letter["parts"]["text/plain"].as_str().unwrap();
    let link = text.split_whitespace().find(|word| word.contains("://"));
    link.unwrap().to_owned()
}

// Page, account, outbox, job, worker, SMTP: if one of them does not hand on, nobody new gets in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_signs_up_by_mail() {
    let mut mail = MailServer::start(&[]);
    let port = mail.port.to_string();
    let settings = [
        "--accounts-sign-up",
        "open",
        "--mail-host",
        "localhost",
        "--mail-port",
        &port,
        "--mail-security",
        "none",
        "--mail-from",
        "Desk <desk@example.org>",
    ];
    let database = Database::new(Dialect::Sqlite).await;
    let program = Program::serve(&database, &settings).await;
    let mut browser = Browser::at(&program);
    let fields = "name=Mary+Somerville&email=mary%40example.org";
    let (status, page) = browser.fill("/sign-up", "/sign-up", fields).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let letter = mail.letter();
    assert_eq!(letter["to"][0], "mary@example.org");
    assert_eq!(letter["from"], "desk@example.org");
    let link: url::Url = link(&letter).parse().unwrap();
    assert!(link.path().starts_with("/verify-email/"), "{link}");
    let password = "password=a+long+enough+phrase+of+hers";
    let (status, page) = browser.fill(link.path(), link.path(), password).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let (status, page) = browser.send(Method::GET, "/account", String::new()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Mary Somerville"), "{page}");
    // The link is spent.
    let (status, _) = browser.send(Method::GET, link.path(), String::new()).await;
    assert!(status.is_client_error(), "{status}");
}
