//! A program with a token that speaks JSON.

use accounts::{NewToken, RoleId};
use http::Method;
use serde_json::Value;

use crate::app::{Answer, TestApp, request};
use crate::rooms::browser::Browser;

pub(crate) struct Client<'a> {
    pub(crate) app: &'a TestApp,
    authorization: String,
}

impl<'a> Client<'a> {
    /// An administrator's.
    pub(crate) async fn administrator(app: &'a TestApp) -> Self {
        let browser = Browser::administrator(app).await;
        Self::of(app, &browser).await
    }

    /// One of somebody with these roles, who was invited by `by`.
    pub(crate) async fn invited(app: &'a TestApp, by: &mut Browser<'a>, email: &str) -> Self {
        let browser = Browser::invited(app, by, email, &[RoleId::ANALYST]).await;
        Self::of(app, &browser).await
    }

    /// One with a token of a browser's person.
    pub(crate) async fn of(app: &'a TestApp, browser: &Browser<'_>) -> Self {
        let device = accounts::Device::of(None, None);
        let session = app.accounts.session(browser.session().unwrap(), &device);
        let session = session.await.unwrap().unwrap();
        let caller = accounts::Caller::in_session(&session, None, None);
        let wanted = NewToken {
            note: "a test".to_owned(),
            permissions: None,
            expires_at: None,
        };
        let (_, secret) = app.accounts.make_token(&caller, wanted).await.unwrap();
        Self {
            app,
            authorization: format!("Bearer {}", secret.expose()),
        }
    }

    pub(crate) fn headers(&self) -> [(&'static str, &str); 2] {
        [
            ("authorization", self.authorization.as_str()),
            ("accept", "application/json"),
        ]
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.app
            .ask(request(Method::GET, path, &self.headers(), ""))
            .await
    }

    /// JSON that is there.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path} {answer:?}");
        answer.json()
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let mut headers = self.headers().to_vec();
        headers.push(("content-type", "application/json"));
        let body = body.to_string();
        self.app.ask(request(method, path, &headers, body)).await
    }

    /// Sends JSON, and gets what is expected.
    pub(crate) async fn done(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        status: u16,
    ) -> Answer {
        let answer = self.send(method.clone(), path, body).await;
        assert_eq!(answer.status, status, "{method} {path} {answer:?}");
        answer
    }

    /// The number of a source.
    pub(crate) async fn source(&self, slug: &str) -> String {
        let answer = self.get(&format!("/api/v1/sources/slugs/{slug}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text().to_owned()
    }
}
