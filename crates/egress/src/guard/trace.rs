//! What a call did, for the person who has to understand it. Holds no secret.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, StatusCode};

/// One request of a call: the first, or one that a redirect led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// How it asked.
    pub method: Method,
    /// Where, without what was injected.
    pub url: String,
    /// Who answered; `None` when nobody did, or a proxy stood between.
    pub peer: Option<SocketAddr>,
    /// With which status.
    pub status: Option<StatusCode>,
    /// Bytes of the body, of the last hop only.
    pub body_bytes: usize,
    /// Until the head of the answer, and for the last hop until its end.
    pub took: Duration,
    /// Secrets that were found in what came back, and taken out.
    pub secrets_found: usize,
}

/// All requests of one call, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The requests.
    pub hops: Vec<Hop>,
}
