//! The guard: what every part that acts for somebody must ask, before a request leaves.
//!
//! A call names its URL, and the policy of its caller says what becomes of it: which hosts, which
//! ports, no address outside of the public internet however it is written or resolved, each redirect
//! looked at again, so much time and so many bytes and no more. Secrets are put in here and taken
//! out of what comes back, so that neither the caller nor its logs ever hold one.

mod address;
mod hosts;
mod policy;
mod refusal;
mod resolve;
mod secrets;
mod trace;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{
    AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::redirect::Policy as Redirects;
use reqwest::{Method, Response, StatusCode};
use url::{Host, Url};

pub use hosts::{BadHostRule, HostRule};
pub use policy::{Hosts, Policy};
pub use refusal::{Refusal, Refused};
pub use resolve::{Resolver, SystemResolver};
pub use secrets::{Injection, Place, REDACTED, SECRET_BYTES_MIN};
pub use trace::{Hop, Trace};

use crate::{Body, EgressError};
pub(crate) use resolve::refuses;
use resolve::{Checked, OutOfReach};
use secrets::Redactor;

/// Headers that say how a message travels, not what it says: the client's own.
const NOT_THE_CALLERS: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// How the machine reaches the world.
#[derive(Clone)]
pub struct World {
    /// Where names become addresses.
    pub resolver: Arc<dyn Resolver>,
    /// A proxy for everything. It resolves names by itself; ours are checked as far as this machine
    /// can resolve them.
    pub proxy: Option<Url>,
    /// Certificates of authorities to trust besides the usual ones, PEM.
    pub authorities_pem: Vec<u8>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver),
            proxy: None,
            authorities_pem: Vec::new(),
        }
    }
}

/// One caller's way out. Cheap to clone; clones share their connections, and nobody else does.
#[derive(Clone)]
pub struct Guard {
    client: reqwest::Client,
    policy: Arc<Policy>,
    redactor: Redactor,
    world: World,
}

/// A request on its way out.
#[derive(Clone, Debug)]
pub struct Request {
    /// How it asks.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// What it says of itself; secrets come by the policy.
    pub headers: HeaderMap,
    /// What it brings.
    pub body: Bytes,
}

impl Request {
    /// A GET without headers.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }
}

/// What came back, without secrets. An answer of any status is an answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// Where it came from, after redirects, without what was injected.
    pub url: Url,
    /// How it came about.
    pub trace: Trace,
}

impl Reply {
    /// How long whoever answered wants to be left alone (RFC 9110 §10.2.3), said in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?;
        Some(Duration::from_secs(seconds.trim().parse().ok()?))
    }
}

impl Guard {
    /// A way out under `policy`.
    ///
    /// # Errors
    /// When an authority's certificate or the proxy's address is of no use.
    pub fn new(policy: Policy, world: World) -> Result<Self, EgressError> {
        // An error means that a provider is there already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(
            clippy::disallowed_methods,
            reason = "this is egress: the one place that makes HTTP clients"
        )]
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("indelible/", env!("CARGO_PKG_VERSION")))
            .redirect(Redirects::none())
            .referer(false)
            .connect_timeout(policy.limits.connect)
            .read_timeout(policy.limits.silence)
            .no_proxy();
        // With a proxy, the only name that the client itself resolves is the proxy's.
        let networks = match &world.proxy {
            None => policy.networks.clone(),
            Some(proxy) => {
                let proxy = reqwest::Proxy::all(proxy.clone()).map_err(EgressError::Setup)?;
                builder = builder.proxy(proxy);
                policy::everywhere()
            }
        };
        let resolver = Arc::clone(&world.resolver);
        builder = builder.dns_resolver(Arc::new(Checked {
            resolver,
            networks: networks.into(),
        }));
        if !world.authorities_pem.is_empty() {
            let certificates = reqwest::Certificate::from_pem_bundle(&world.authorities_pem);
            for certificate in certificates.map_err(EgressError::Setup)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self {
            client: builder.build().map_err(EgressError::Setup)?,
            redactor: Redactor::new(&policy.secrets),
            policy: Arc::new(policy),
            world,
        })
    }

    /// Sends a request and whatever redirects it leads to, and reads the whole answer.
    pub async fn ask(&self, request: Request) -> Result<Reply, Refused> {
        let mut trace = Trace::default();
        let limits = self.policy.limits;
        let asked = tokio::time::timeout(limits.whole, self.follow(request, &mut trace)).await;
        let answered = asked.unwrap_or(Err(Refusal::Slow));
        match answered {
            Ok((reply, url)) => Ok(Reply {
                status: reply.status,
                headers: reply.headers,
                body: reply.body,
                // A redirect may have repeated a secret in its address.
                url: self.redactor.text(url.as_str()).parse().unwrap_or(url),
                trace,
            }),
            Err(why) => Err(Refused { why, trace }),
        }
    }

    async fn follow(
        &self,
        mut request: Request,
        trace: &mut Trace,
    ) -> Result<(Whole, Url), Refusal> {
        check_headers(&request.headers)?;
        if request.body.len() > self.policy.request_bytes_max {
            return Err(Refusal::RequestTooLong(self.policy.request_bytes_max));
        }
        request.url.set_fragment(None);
        for _ in 0..=self.policy.redirects_max {
            let response = self.hop(&request, trace).await?;
            let next = if self.policy.redirects_max == 0 {
                None
            } else {
                redirect(&request, &response)?
            };
            let Some(next) = next else {
                let whole = self.read(response, trace).await?;
                return Ok((whole, request.url));
            };
            request = next;
        }
        Err(Refusal::TooManyRedirects(self.policy.redirects_max))
    }

    /// One request, up to the head of its answer.
    async fn hop(&self, request: &Request, trace: &mut Trace) -> Result<Response, Refusal> {
        let began = Instant::now();
        trace.hops.push(Hop {
            method: request.method.clone(),
            url: self.redactor.text(request.url.as_str()),
            peer: None,
            status: None,
            body_bytes: 0,
            took: Duration::ZERO,
            secrets_found: 0,
        });
        self.check_place(&request.url).await?;
        let (mut url, mut headers) = (request.url.clone(), request.headers.clone());
        for injection in &self.policy.secrets {
            if !injection.inject(&mut url, &mut headers, self.policy.open_line) {
                return Err(Refusal::SecretUnfit);
            }
        }
        let sending = self
            .client
            .request(request.method.clone(), url)
            .headers(headers);
        let sending = if request.body.is_empty() {
            sending
        } else {
            sending.body(request.body.clone())
        };
        let sent = sending.send().await;
        let hop = trace.hops.last_mut().expect("pushed above");
        hop.took = began.elapsed();
        let response = sent.map_err(refusal)?;
        hop.status = Some(response.status());
        hop.peer = response
            .remote_addr()
            .filter(|_| self.world.proxy.is_none());
        Ok(response)
    }

    /// Whether the caller may go where a URL leads, as far as the URL says it.
    async fn check_place(&self, url: &Url) -> Result<(), Refusal> {
        match url.scheme() {
            "https" => {}
            "http" if self.policy.open_line => {}
            "http" => return Err(Refusal::OpenLine),
            other => return Err(Refusal::Scheme(other.to_owned())),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if !self.policy.ports.contains(&port) {
            return Err(Refusal::Port(port));
        }
        let host = url.host().ok_or(Refusal::NoHost)?;
        if let Hosts::Only(rules) = &self.policy.hosts
            && !rules.iter().any(|rule| rule.admits(url))
        {
            return Err(Refusal::Host(host.to_string()));
        }
        match host {
            // The client connects to addresses without asking anybody.
            Host::Ipv4(address) => self.check_address(address.into()),
            Host::Ipv6(address) => self.check_address(address.into()),
            Host::Domain(name) if self.world.proxy.is_some() => {
                // A machine behind a proxy may have no names of the world at all.
                let known = self
                    .world
                    .resolver
                    .addresses(name)
                    .await
                    .unwrap_or_default();
                known
                    .into_iter()
                    .try_for_each(|address| self.check_address(address))
            }
            Host::Domain(_) => Ok(()),
        }
    }

    fn check_address(&self, address: IpAddr) -> Result<(), Refusal> {
        match refuses(address, &self.policy.networks) {
            None => Ok(()),
            Some(what) => Err(Refusal::Address {
                name: None,
                address,
                what,
            }),
        }
    }

    /// The rest of an answer, without secrets.
    async fn read(&self, response: Response, trace: &mut Trace) -> Result<Whole, Refusal> {
        let began = Instant::now();
        let (status, mut headers) = (response.status(), response.headers().clone());
        let mut found = self.clean(&mut headers);
        let body = Body::new(response, self.policy.limits.body_bytes_max);
        let mut body = body.bytes().await.map_err(Refusal::of)?;
        let hop = trace.hops.last_mut().expect("this answer's");
        hop.took += began.elapsed();
        hop.body_bytes = body.len();
        if let Some((clean, count)) = self.redactor.bytes(&body) {
            body = clean.into();
            found += count;
        }
        hop.secrets_found = found;
        Ok(Whole {
            status,
            headers,
            body,
        })
    }

    /// Takes secrets out of headers; how many there were.
    fn clean(&self, headers: &mut HeaderMap) -> usize {
        let mut found = 0;
        for value in headers.values_mut() {
            if let Some((clean, count)) = self.redactor.bytes(value.as_bytes()) {
                found += count;
                *value = HeaderValue::from_bytes(&clean)
                    .unwrap_or_else(|_| HeaderValue::from_static(REDACTED));
            }
        }
        found
    }
}

/// An answer that was read to its end.
struct Whole {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Whether all headers are the caller's to set.
fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    let foreign = headers
        .keys()
        .find(|name| NOT_THE_CALLERS.contains(&name.as_str()));
    foreign.map_or(Ok(()), |name| Err(Refusal::Header(name.clone())))
}

/// The request that a redirect asks for, if the answer is one.
fn redirect(asked: &Request, response: &Response) -> Result<Option<Request>, Refusal> {
    let keeps_method = match response.status().as_u16() {
        301..=303 => false,
        307 | 308 => true,
        _ => return Ok(None),
    };
    let Some(location) = response.headers().get(LOCATION) else {
        return Ok(None);
    };
    let location = location
        .to_str()
        .ok()
        .and_then(|to| asked.url.join(to).ok());
    let mut url = location.ok_or(Refusal::BadRedirect)?;
    url.set_fragment(None);
    if asked.url.scheme() == "https" && url.scheme() != "https" {
        return Err(Refusal::OpenLine);
    }
    let mut next = Request {
        url,
        ..asked.clone()
    };
    if next.url.origin() != asked.url.origin() {
        for name in [AUTHORIZATION, COOKIE] {
            next.headers.remove(name);
        }
    }
    if !keeps_method && !matches!(asked.method, Method::GET | Method::HEAD) {
        next.method = Method::GET;
        next.body = Bytes::new();
        next.headers.remove(reqwest::header::CONTENT_TYPE);
    }
    Ok(Some(next))
}

/// Why the client did not bring an answer.
fn refusal(error: reqwest::Error) -> Refusal {
    // The URL in it has the secrets in it.
    let error = error.without_url();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(source) = cause {
        if let Some(OutOfReach {
            name,
            address,
            what,
        }) = source.downcast_ref()
        {
            return Refusal::Address {
                name: Some(name.clone()),
                address: *address,
                what,
            };
        }
        cause = source.source();
    }
    Refusal::of_client(error)
}

/// A header of a request, in the form of this module.
pub fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((name.parse().ok()?, value.parse().ok()?))
}
