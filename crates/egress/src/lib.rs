//! The only crate that opens outgoing connections: HTTP, mail by SMTP, SNTP to time servers, questions
//! to the DNS and to whois servers.
//!
//! Every HTTP call has a limit of time and of bytes, sends no cookie and asks no proxy of the
//! environment. [`Egress`] goes where the person at the keyboard said, and follows no redirect; what
//! acts for others asks the [`guard`]. Neither knows what the bytes mean.

#![forbid(unsafe_code)]

mod answer;
pub mod dns;
mod error;
pub mod guard;
pub mod mail;
pub mod otlp;
pub mod sntp;
pub mod whois;

use std::time::Duration;

use bytes::Bytes;
use reqwest::redirect::Policy;
use tracing::Instrument as _;
use url::Url;

pub use answer::{Answer, Body};
pub use error::EgressError;
pub use reqwest::{Method, StatusCode, header};

/// What one call may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest time to a connection. Default 5 s.
    pub connect: Duration,
    /// Longest silence while an answer comes. Default 30 s.
    pub silence: Duration,
    /// Longest time from the first byte sent to the last byte received. Default 60 s.
    pub whole: Duration,
    /// Most bytes of an answer's body. Default 16 MiB.
    pub body_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            silence: Duration::from_secs(30),
            whole: Duration::from_mins(1),
            body_bytes_max: 16 << 20,
        }
    }
}

/// The way out. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Egress {
    client: reqwest::Client,
    limits: Limits,
}

impl Egress {
    /// A way out under `limits`. Installs ring as the process's TLS provider unless it has one.
    pub fn new(limits: Limits) -> Result<Self, EgressError> {
        // An error means that a provider is there already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(
            clippy::disallowed_methods,
            reason = "this is egress: the one place that makes HTTP clients"
        )]
        let client = reqwest::Client::builder()
            .user_agent(concat!("indelible/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(limits.connect)
            .read_timeout(limits.silence)
            .timeout(limits.whole)
            .build()
            .map_err(EgressError::Setup)?;
        Ok(Self { client, limits })
    }

    /// GET, with what kind of answer is welcome.
    pub async fn get(&self, url: &Url, accept: &str) -> Result<Answer, EgressError> {
        self.send(Method::GET, url, &[("accept", accept)], Bytes::new())
            .await
    }

    /// POST of a body of a given type, with what kind of answer is welcome.
    pub async fn post(
        &self,
        url: &Url,
        content_type: &str,
        accept: &str,
        body: Bytes,
    ) -> Result<Answer, EgressError> {
        let headers = [("content-type", content_type), ("accept", accept)];
        self.send(Method::POST, url, &headers, body).await
    }

    /// Any request. Header names are lower case. An answer of any status is an answer.
    pub async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, EgressError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressError::Scheme(url.clone()));
        }
        // Paths and queries may hold secrets and messages.
        let to = url.origin().ascii_serialization();
        tracing::debug!(%method, to, bytes = body.len(), "outgoing request");
        let span = tracing::debug_span!(
            "outgoing request",
            otel.name = method.as_str(),
            otel.kind = "client",
            http.request.method = method.as_str(),
            server.address = url.host_str(),
            server.port = url.port_or_known_default(),
            http.response.status_code = tracing::field::Empty,
        );
        let mut request = self.client.request(method, url.clone());
        if let Some(context) = base::trace::context_of(&span) {
            request = request.header("traceparent", context.traceparent);
            if !context.tracestate.is_empty() {
                request = request.header("tracestate", context.tracestate);
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        let response = request
            .send()
            .instrument(span.clone())
            .await
            .map_err(|error| EgressError::of(url, error))?;
        span.record("http.response.status_code", response.status().as_u16());
        Ok(Answer::new(response, self.limits.body_bytes_max))
    }
}
