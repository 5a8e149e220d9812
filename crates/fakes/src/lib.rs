//! Local stand-ins that speak the contracts of upstream services, for tests and for trying the desk
//! without keys or internet. They know nothing of the desk.
//!
//! One HTTP server has every service below its slug (`/virustotal/api/v3/…`), and beside it are a DNS
//! server and a whois server. What they know is in `data`: a few indicators of the documentation
//! ranges (RFC 2606, RFC 3849, RFC 5737). A few more names make every service misbehave ([`Mode::of`]),
//! and a whole service can be told to ([`Fakes::set`]). Requests that break a contract (a missing
//! parameter, a wrong key) are answered as the real service would.

#![forbid(unsafe_code)]

mod contract;
mod dns;
mod feeds;
mod http;
mod mode;
mod samples;
mod scan;
mod whois;

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use contract::SLUGS;
pub use mode::Mode;
pub use samples::{Sample, samples};

/// The one key that every service takes.
pub const KEY: &str = "fake-key-of-nobody";
/// How many requests of each service are remembered.
const HEARD_MAX: usize = 1000;

/// How many values are remembered with how often they were asked about.
const VALUES_MAX: usize = 100_000;

/// A request that a service heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// How it asked.
    pub method: String,
    /// Where, below the service's slug, with its query.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Heard {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What the servers share.
#[derive(Default)]
pub(crate) struct State {
    modes: Mutex<BTreeMap<String, Mode>>,
    heard: Mutex<BTreeMap<String, (u64, VecDeque<Heard>)>>,
    times: Mutex<BTreeMap<(String, String), u64>>,
    scans: scan::Scans,
    feeds: feeds::Feeds,
}

impl State {
    /// How a service behaves now.
    fn mode(&self, slug: &str) -> Mode {
        self.modes.lock().get(slug).copied().unwrap_or_default()
    }

    fn set(&self, slug: &str, mode: Mode) {
        self.modes.lock().insert(slug.to_owned(), mode);
    }

    fn remember(&self, slug: &str, heard: Heard) {
        let mut all = self.heard.lock();
        let (count, list) = all.entry(slug.to_owned()).or_default();
        *count += 1;
        if list.len() == HEARD_MAX {
            list.pop_front();
        }
        list.push_back(heard);
    }

    /// How often a service was asked about a value, with this time.
    fn times(&self, slug: &str, value: &str) -> u64 {
        let mut times = self.times.lock();
        if times.len() > VALUES_MAX {
            times.clear();
        }
        let times = times.entry((slug.to_owned(), value.to_owned()));
        let times = times.or_default();
        *times += 1;
        *times
    }

    fn count(&self, slug: &str) -> u64 {
        self.heard.lock().get(slug).map_or(0, |(count, _)| *count)
    }
}

/// All servers, on ports of this machine that were free. They end when this is dropped.
pub struct Fakes {
    http: SocketAddr,
    dns: SocketAddr,
    whois: SocketAddr,
    state: Arc<State>,
    tasks: Vec<JoinHandle<()>>,
}

impl Fakes {
    /// Starts every server.
    ///
    /// # Errors
    /// When this machine has no port for one.
    pub async fn start() -> std::io::Result<Self> {
        let state = Arc::new(State::default());
        let here = (Ipv4Addr::LOCALHOST, 0);
        let listener = TcpListener::bind(here).await?;
        let http = listener.local_addr()?;
        let mut tasks = vec![tokio::spawn(http::serve(listener, Arc::clone(&state)))];
        let dns = dns::Server::bind(Arc::clone(&state)).await?;
        let dns_address = dns.address();
        tasks.extend(dns.start());
        let listener = TcpListener::bind(here).await?;
        let whois = listener.local_addr()?;
        tasks.push(tokio::spawn(whois::serve(listener, Arc::clone(&state))));
        Ok(Self {
            http,
            dns: dns_address,
            whois,
            state,
            tasks,
        })
    }

    /// Where a service is: a base that takes the place of the real one's.
    pub fn base(&self, slug: &str) -> String {
        format!("http://{}/{slug}", self.http)
    }

    /// Where the DNS server listens, over UDP and over TCP.
    pub fn dns(&self) -> SocketAddr {
        self.dns
    }

    /// Where the whois server listens.
    pub fn whois(&self) -> SocketAddr {
        self.whois
    }

    /// Lets a service behave otherwise from now on: a slug, `dns` or `whois`.
    pub fn set(&self, slug: &str, mode: Mode) {
        self.state.set(slug, mode);
    }

    /// How many requests a service has heard.
    pub fn count(&self, slug: &str) -> u64 {
        self.state.count(slug)
    }

    /// The last request that a service heard.
    pub fn last(&self, slug: &str) -> Option<Heard> {
        let heard = self.state.heard.lock();
        heard.get(slug)?.1.back().cloned()
    }

    /// Gives a feed another document from now on, packed as it was.
    pub fn publish(&self, slug: &str, text: &str) {
        self.state.feeds.publish(slug, text);
    }
}

impl Drop for Fakes {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
