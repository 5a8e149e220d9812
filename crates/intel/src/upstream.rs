//! The only way out for sources: the door behind which the egress guard stands.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::SecretPlace;
use crate::declared::Ask;

/// What one call may reach, and what it may cost. Made by the desk from how a source is set up, never
/// by the source's code.
#[derive(Clone, Debug)]
pub struct Way {
    /// The source's slug: connections and their traces belong to it.
    pub source: String,
    /// Hosts that it may name, as the guard writes rules (`api.example.com`, `*.example.com`,
    /// `10.0.0.7:8080`). None: nobody.
    pub hosts: Vec<String>,
    /// The one address outside the public internet that the settings file allows, if any.
    pub configured: Option<Url>,
    /// Secrets, each with the host that alone may have it.
    pub secrets: Vec<PlacedSecret>,
    /// Longest time for all of it.
    pub time_max: Duration,
    /// Most bytes of an answer.
    pub body_bytes_max: usize,
}

/// A secret on its way to its place. Prints as its slot only.
#[derive(Clone)]
pub struct PlacedSecret {
    /// The slot's name.
    pub slot: String,
    /// Where it goes.
    pub place: SecretPlace,
    /// The host that alone may have it; `None`: all hosts of the way.
    pub host: Option<String>,
    /// The secret.
    pub secret: String,
}

impl fmt::Debug for PlacedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlacedSecret")
            .field("slot", &self.slot)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// What came back, without secrets. An answer of any status is an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Bytes,
    /// How it came about.
    pub trace: Vec<Hop>,
}

impl Reply {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// One request of a call, for the person who has to understand it. Holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// How it asked: `GET`, `POST`, `DNS`, `WHOIS`.
    pub method: String,
    /// Where, without what was injected.
    pub url: String,
    /// Who answered; `None` when nobody did, or a proxy stood between.
    pub peer: Option<SocketAddr>,
    /// With which status of HTTP.
    pub status: Option<u16>,
    /// Bytes of the body.
    pub body_bytes: u64,
    /// Microseconds it took.
    pub took_us: u64,
    /// Secrets that were found in what came back, and taken out.
    pub secrets_found: u64,
}

/// A call that brought nothing, and what it did until then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{why}")]
pub struct UpstreamError {
    /// Why.
    pub why: UpstreamTrouble,
    /// What was done until then.
    pub trace: Vec<Hop>,
}

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamTrouble {
    /// The guard does not let it out.
    #[error("{0}")]
    Refused(String),
    /// Nobody answered in time.
    #[error("no answer in time")]
    Slow,
    /// Nothing listens there, the line broke, or what came was too long or no HTTP.
    #[error("{0}")]
    Broken(String),
}

/// A question of the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuestion {
    /// The name, in the ASCII form of IDNA, without a dot at its end.
    pub name: String,
    /// The record type, in capitals: `A`, `TXT`, `PTR`.
    pub record: &'static str,
}

/// What the DNS answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsRecord {
    /// Whose record it is.
    pub name: String,
    /// Its type, in capitals.
    pub record: String,
    /// Seconds it may be kept.
    pub ttl_s: u32,
    /// Its data as zone files write it.
    pub data: String,
}

/// The only way out. One side is the egress guard; the other is a script, in tests.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// One request over HTTP, and whatever redirects it leads to.
    async fn http(&self, way: &Way, ask: Ask) -> Result<Reply, UpstreamError>;

    /// One question to the resolvers of the settings. No such name and no such record are an empty
    /// list.
    async fn dns(&self, way: &Way, question: DnsQuestion) -> Result<Vec<DnsRecord>, UpstreamError>;

    /// Lines to a server that answers in text and closes (RFC 3912), at one of the way's hosts.
    async fn whois(&self, way: &Way, server: &str, lines: &str) -> Result<String, UpstreamError>;
}
