//! What one caller may do on its way out.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::Url;

use super::hosts::HostRule;
use super::secrets::Injection;
use crate::Limits;

/// What one caller may do on its way out.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Which hosts it may name. None: no host at all.
    pub hosts: Hosts,
    /// Ports it may name. Default 80 and 443.
    pub ports: Vec<u16>,
    /// Whether `http://` will do. Default no.
    pub open_line: bool,
    /// Networks that it may reach besides the public internet. Default none.
    pub networks: Vec<IpNet>,
    /// Secrets that are put into its requests.
    pub secrets: Vec<Injection>,
    /// Redirects it may follow in one call; with 0 a redirect is the answer. Default 5.
    pub redirects_max: usize,
    /// Most bytes of a request's body. Default 1 MiB.
    pub request_bytes_max: usize,
    /// What each request may cost; `whole` is for the call with all its redirects.
    pub limits: Limits,
}

/// Which hosts a caller may name.
#[derive(Clone, Debug)]
pub enum Hosts {
    /// These.
    Only(Vec<HostRule>),
    /// Any of the public internet.
    Public,
}

impl Policy {
    /// These hosts of the public internet, over `https://`.
    pub fn hosts(rules: Vec<HostRule>) -> Self {
        Self {
            hosts: Hosts::Only(rules),
            ports: vec![80, 443],
            open_line: false,
            networks: Vec::new(),
            secrets: Vec::new(),
            redirects_max: 5,
            request_bytes_max: 1 << 20,
            limits: Limits::default(),
        }
    }

    /// The one place that the administrator wrote down: its host, its port, its scheme, wherever it
    /// lies. For addresses of the settings file only: who may change them in a browser could reach
    /// into the administrator's network.
    pub fn configured(url: &Url) -> Self {
        Self {
            ports: url.port_or_known_default().into_iter().collect(),
            open_line: url.scheme() == "http",
            networks: everywhere(),
            ..Self::hosts(HostRule::of(url).into_iter().collect())
        }
    }
}

/// Every address there is.
pub(crate) fn everywhere() -> Vec<IpNet> {
    vec![Ipv4Net::default().into(), Ipv6Net::default().into()]
}
