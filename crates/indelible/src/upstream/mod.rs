//! The one way out of sources, held by the egress guard: [`intel::upstream::Upstream`] over it.
//!
//! Each source has a guard of its own, so that connections, secrets and what is taken out of answers
//! are its own too. What was set up in the settings file (`[desk] upstreams`) may lie anywhere; all
//! else lies in the public internet, or in a network that `[egress] networks` names.

mod guards;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use async_trait::async_trait;
use egress::Method;
use egress::dns::{Dns, DnsError};
use egress::guard::{Guard, HostRule, Policy, Refusal, Refused, Request, SystemResolver, World};
use egress::whois::{self, WhoisError};
use intel::declared::{Ask, Method as AskMethod};
use intel::upstream::{
    DnsQuestion, DnsRecord, Hop, Reply, Upstream, UpstreamError, UpstreamTrouble, Way,
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::Url;

use self::guards::Guards;
use crate::config::Config;

/// The way out that the settings describe.
///
/// # Errors
/// When the proxy or an authority's certificate is of no use.
pub(crate) fn of(config: &Config) -> anyhow::Result<Arc<ByGuard>> {
    let authorities_pem = match &config.egress.authorities_file {
        None => Vec::new(),
        Some(path) => std::fs::read(path)
            .with_context(|| format!("[egress] authorities_file: {}", path.display()))?,
    };
    let world = World {
        resolver: Arc::new(SystemResolver),
        proxy: config.egress.proxy.clone(),
        authorities_pem,
    };
    // A guard that lets nobody out is as picky about them as any other.
    Guard::new(Policy::hosts(Vec::new()), world.clone()).context("[egress]")?;
    let servers: Vec<_> = config.egress.dns_servers.iter().map(|one| one.0).collect();
    let networks = config.egress.networks.clone();
    Ok(Arc::new(ByGuard::new(world, networks, Dns::new(&servers))))
}

/// The way out, through the guard.
pub(crate) struct ByGuard {
    guards: Guards,
    /// Why nobody can be asked, where nobody can.
    dns: Result<Dns, DnsError>,
}

impl ByGuard {
    /// A way out of a machine that reaches the world as `world` says. `networks` are those that
    /// sources may reach besides the public internet.
    pub(crate) fn new(world: World, networks: Vec<IpNet>, dns: Result<Dns, DnsError>) -> Self {
        Self {
            guards: Guards::new(world, networks),
            dns,
        }
    }
}

#[async_trait]
impl Upstream for ByGuard {
    async fn http(&self, way: &Way, ask: Ask) -> Result<Reply, UpstreamError> {
        let refused = |why: String| UpstreamError {
            why: UpstreamTrouble::Refused(why),
            trace: Vec::new(),
        };
        let guard = self.guards.of(way, &ask.url).map_err(refused)?;
        let mut request = Request {
            method: match ask.method {
                AskMethod::Get => Method::GET,
                AskMethod::Post => Method::POST,
            },
            body: ask.body.into(),
            ..Request::get(ask.url)
        };
        for (name, value) in &ask.headers {
            let header = egress::guard::header(name, value);
            let (name, value) = header.ok_or_else(|| refused(format!("{name}: no header")))?;
            request.headers.insert(name, value);
        }
        match guard.ask(request).await {
            Ok(reply) => Ok(Reply {
                status: reply.status.as_u16(),
                headers: reply
                    .headers
                    .iter()
                    .map(|(name, value)| {
                        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                        (name.as_str().to_owned(), value)
                    })
                    .collect(),
                body: reply.body,
                trace: reply.trace.hops.into_iter().map(hop).collect(),
            }),
            Err(Refused { why, trace }) => Err(UpstreamError {
                why: trouble(why),
                trace: trace.hops.into_iter().map(hop).collect(),
            }),
        }
    }

    async fn dns(&self, way: &Way, question: DnsQuestion) -> Result<Vec<DnsRecord>, UpstreamError> {
        let began = Instant::now();
        let asked = match &self.dns {
            Ok(dns) => dns
                .ask(&question.name, question.record, way.time_max)
                .await
                .map_err(|error| match error {
                    DnsError::Slow => UpstreamTrouble::Slow,
                    DnsError::Unfit(_) => UpstreamTrouble::Refused(error.to_string()),
                    error => UpstreamTrouble::Broken(error.to_string()),
                }),
            Err(nobody) => Err(UpstreamTrouble::Refused(nobody.to_string())),
        };
        let found = asked.map_err(|why| UpstreamError {
            why,
            trace: vec![Hop {
                method: "DNS".into(),
                url: format!("{} {}", question.record, question.name),
                peer: None,
                status: None,
                body_bytes: 0,
                took_us: micros(began),
                secrets_found: 0,
            }],
        })?;
        Ok(found
            .into_iter()
            .map(|record| DnsRecord {
                name: record.name,
                record: record.kind,
                ttl_s: record.ttl_s,
                data: record.data,
            })
            .collect())
    }

    async fn whois(&self, way: &Way, server: &str, lines: &str) -> Result<String, UpstreamError> {
        let began = Instant::now();
        let asked = self.ask_whois(way, server, lines).await;
        asked.map_err(|why| UpstreamError {
            why,
            trace: vec![Hop {
                method: "WHOIS".into(),
                url: server.to_owned(),
                peer: None,
                status: None,
                body_bytes: 0,
                took_us: micros(began),
                secrets_found: 0,
            }],
        })
    }
}

impl ByGuard {
    async fn ask_whois(
        &self,
        way: &Way,
        server: &str,
        lines: &str,
    ) -> Result<String, UpstreamTrouble> {
        let refused = |why: String| UpstreamTrouble::Refused(why);
        let server: whois::Server = server
            .parse()
            .map_err(|why: whois::NoServer| refused(why.to_string()))?;
        let configured = way.configured.as_ref().and_then(server_of);
        let is_configured = configured.as_ref() == Some(&server);
        if !is_configured && (server.port != whois::PORT || !is_named(way, &server)) {
            return Err(refused(format!(
                "{server} is not among the hosts that are allowed here"
            )));
        }
        let bounds = whois::Bounds {
            networks: if is_configured {
                vec![Ipv4Net::default().into(), Ipv6Net::default().into()]
            } else {
                self.guards.networks().to_vec()
            },
            time_max: way.time_max,
            bytes_max: way.body_bytes_max,
        };
        let resolver = &*self.guards.world().resolver;
        match whois::ask(resolver, &server, lines, &bounds).await {
            Ok(answer) => Ok(answer.text),
            Err(WhoisError::Slow(_)) => Err(UpstreamTrouble::Slow),
            Err(error @ (WhoisError::Unfit | WhoisError::OutOfReach { .. })) => {
                Err(refused(error.to_string()))
            }
            Err(error) => Err(UpstreamTrouble::Broken(error.to_string())),
        }
    }
}

/// Whether one of the way's hosts is this server's.
fn is_named(way: &Way, server: &whois::Server) -> bool {
    let Ok(url) = Url::parse(&format!("http://{}/", server.host)) else {
        return false;
    };
    let rules = way.hosts.iter().filter_map(|rule| rule.parse().ok());
    rules.into_iter().any(|rule: HostRule| rule.admits(&url))
}

/// `whois://host:port`.
fn server_of(url: &Url) -> Option<whois::Server> {
    let port = url.port().unwrap_or(whois::PORT);
    format!("{}:{port}", url.host_str()?).parse().ok()
}

fn micros(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn hop(hop: egress::guard::Hop) -> Hop {
    Hop {
        method: hop.method.to_string(),
        url: hop.url,
        peer: hop.peer,
        status: hop.status.map(|status| status.as_u16()),
        body_bytes: hop.body_bytes as u64,
        took_us: u64::try_from(hop.took.as_micros()).unwrap_or(u64::MAX),
        secrets_found: hop.secrets_found as u64,
    }
}

/// Whether the guard said no, or the network did.
fn trouble(why: Refusal) -> UpstreamTrouble {
    match why {
        Refusal::Slow => UpstreamTrouble::Slow,
        Refusal::Unreachable(_)
        | Refusal::Broken(_)
        | Refusal::TooLong(_)
        | Refusal::TooManyRedirects(_)
        | Refusal::BadRedirect => UpstreamTrouble::Broken(why.to_string()),
        refused => UpstreamTrouble::Refused(refused.to_string()),
    }
}
