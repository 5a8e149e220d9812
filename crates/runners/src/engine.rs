//! The two doors of a call: what runs code, and what is outside of it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Call, Code, Description, Finished, LogLine, Preparation, Problem};

/// Runs code in jail.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Runs a call to its end, within its limits. Dropping the future ends everything that it
    /// started: that is how a call is cancelled.
    async fn execute(&self, call: Call, outside: Arc<dyn Outside>) -> Finished;

    /// Makes an environment ready; one that is ready already is none of its work.
    async fn prepare(&self, preparation: Preparation, outside: Arc<dyn Outside>) -> Finished;

    /// Says what is wrong with code, without running it.
    async fn check(&self, code: Code) -> Vec<Problem>;

    /// Says what it is.
    fn describe(&self) -> Description;
}

/// What is outside of a call: who listens, and the only way to the network.
#[async_trait]
pub trait Outside: Send + Sync + 'static {
    /// Takes a line of the log. Waits while nobody takes more.
    async fn log(&self, line: LogLine);

    /// Takes part of the result, as JSON.
    async fn partial(&self, json: String);

    /// Asks the egress guard.
    ///
    /// # Errors
    /// [`Refused`] when the guard does not ask, or gets no answer.
    async fn fetch(&self, request: HttpRequest) -> Result<HttpAnswer, Refused>;
}

/// What code asks of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// In order; a name may come twice.
    pub headers: Vec<(String, Vec<u8>)>,
    /// May be empty.
    pub body: Vec<u8>,
}

/// What the network answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Of three digits.
    pub status: u16,
    /// Where it came from, after redirects.
    pub url: String,
    /// In order; a name may come twice.
    pub headers: Vec<(String, Vec<u8>)>,
    /// May be empty.
    pub body: Vec<u8>,
}

/// Why there is no answer; fit to be told to the code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);
