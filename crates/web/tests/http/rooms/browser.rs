//! A browser without script: keeps cookies, fills forms in as they stand in the page, follows where
//! it is sent.

use std::collections::BTreeMap;

use accounts::{Letter, RoleId};
use http::{Method, Request};

use crate::app::{Answer, PUBLIC, TestApp, request};

pub(crate) const PAGE: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            cookies: BTreeMap::new(),
        }
    }

    /// A browser whose person has just made the first account.
    pub(crate) async fn administrator(app: &'a TestApp) -> Self {
        let ticket = app.accounts.make_setup_ticket().await.unwrap().unwrap();
        let path = path_of(ticket.expose(), "setup");
        let mut browser = Self::new(app);
        let fields = [
            ("name", "Ada"),
            ("email", "ada@example.org"),
            ("password", PASSWORD),
        ];
        let answer = browser.submit(&path, &path, &fields).await;
        assert_eq!(answer.header("location"), "/admin", "{}", answer.text());
        browser
    }

    /// A browser whose person was invited with these roles, by `by`.
    pub(crate) async fn invited(
        app: &'a TestApp,
        by: &mut Self,
        email: &str,
        roles: &[RoleId],
    ) -> Self {
        let roles: Vec<String> = roles.iter().map(|role| role.0.to_string()).collect();
        let mut fields = vec![("email", email)];
        fields.extend(roles.iter().map(|role| ("roles", role.as_str())));
        let answer = by
            .submit("/admin/invitations", "/admin/invitations", &fields)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        app.accounts.letters_posted().await;
        let Letter::Invitation { link, .. } = app.letters.newest(email) else {
            panic!("not an invitation");
        };
        let path = link.expose().strip_prefix(PUBLIC).unwrap().to_owned();
        let mut browser = Self::new(app);
        let answer = browser
            .submit(&path, &path, &[("name", "Grace"), ("password", PASSWORD)])
            .await;
        assert_eq!(answer.header("location"), "/account", "{}", answer.text());
        browser
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.cookies.get("indelible").map(String::as_str)
    }

    /// The same cookies in another hand.
    pub(crate) fn stolen(&self) -> Self {
        Self {
            app: self.app,
            cookies: self.cookies.clone(),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: String,
    ) -> Request<axum::body::Body> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![("accept", PAGE), ("user-agent", "Firefox/140.0 on Linux")];
        if !cookies.is_empty() {
            headers.push(("cookie", cookies.as_str()));
        }
        headers.extend(more);
        request(method, path, &headers, body)
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let answer = self.app.ask(self.request(method, path, more, body)).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if cookie.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Sends a form, whatever is in it.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let same = [("content-type", FORM), ("sec-fetch-site", "same-origin")];
        self.send(Method::POST, path, &same, body.join("&")).await
    }

    /// Opens `page` and sends its form for `action`, with its hidden fields and these.
    pub(crate) async fn submit(
        &mut self,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let shown = self.get(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.text());
        self.fill(&shown, action, fields).await
    }

    /// Sends the form for `action` of a page that is open.
    pub(crate) async fn fill(
        &mut self,
        shown: &Answer,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let hidden = hidden(shown.text(), action);
        let mut all: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        all.retain(|(name, _)| fields.iter().all(|(given, _)| given != name));
        all.extend(fields);
        self.post(action, &all).await
    }
}

/// The path of a link that may be a whole address or only its secret.
pub(crate) fn path_of(link: &str, kind: &str) -> String {
    match link.strip_prefix(PUBLIC) {
        Some(path) => path.to_owned(),
        None => format!("/{kind}/{link}"),
    }
}

/// The hidden fields of the first form for `action`.
fn hidden(page: &str, action: &str) -> Vec<(String, String)> {
    let start = page.find(&format!("action=\"{action}\""));
    let start = start.unwrap_or_else(|| panic!("no form for {action} in {page}"));
    let form = &page[start..];
    let form = &form[..form.find("</form>").unwrap()];
    form.split("<input type=\"hidden\" ")
        .skip(1)
        .map(|input| {
            let value = |name: &str| {
                let (_, rest) = input.split_once(&format!("{name}=\"")).unwrap();
                unescaped(rest.split('"').next().unwrap())
            };
            (value("name"), value("value"))
        })
        .collect()
}

fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&")
        .replace("&#61;", "=")
        .replace("&#34;", "\"")
}

pub(crate) fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

impl Browser<'_> {
    /// Sends somebody else's code page from this browser: with its own form token.
    pub(crate) async fn stolen_form(&mut self, page: &Answer, action: &str, code: &str) -> Answer {
        let mine = self.get("/sign-in").await;
        let own = hidden(mine.text(), "/sign-in");
        let token = own
            .iter()
            .find(|(name, _)| name == "form")
            .unwrap()
            .1
            .clone();
        let fields = [("form", token.as_str()), ("code", code)];
        self.fill(page, action, &fields).await
    }
}

/// One hidden field of a form.
pub(crate) fn hidden_value(page: &str, action: &str, field: &str) -> String {
    let all = hidden(page, action);
    let found = all.into_iter().find(|(name, _)| name == field);
    found.map(|(_, value)| value).expect("the field")
}

/// The code of an authenticator app with this key, in base 32, at this time (RFC 6238).
pub(crate) fn totp(key: &str, now_s: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(key).unwrap();
    let app = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    app.generate(now_s).to_string()
}
