//! `[egress]`, `[desk]`: how this machine reaches the world, and where upstreams are.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, Args};
use url::Url;

use super::human;

/// `[egress]`: how this machine reaches the world when it acts for somebody.
#[derive(Args, Clone, Debug)]
pub(crate) struct Egress {
    /// Proxy for everything that sources ask over HTTP, such as `http://proxy.example.org:3128`
    ///
    /// The proxy resolves names by itself: what this machine cannot resolve it cannot check either.
    /// Questions to the DNS and to whois servers do not go through it.
    #[arg(id = "egress.proxy", long, value_name = "URL", value_parser = human::base_url)]
    pub(crate) proxy: Option<Url>,

    /// File with certificates (PEM) that may vouch for upstreams, besides the public ones
    #[arg(id = "egress.authorities_file", long, value_name = "FILE")]
    pub(crate) authorities_file: Option<PathBuf>,

    /// Resolvers that the DNS source asks, each an address or address:port; default: this machine's
    #[arg(id = "egress.dns_servers", long, value_name = "ADDR,…", value_delimiter = ',', action = ArgAction::Set)]
    pub(crate) dns_servers: Vec<Resolver>,

    /// Networks that sources may reach besides the public internet
    ///
    /// Whoever may set up a source can then ask what listens there. For one upstream of your own use
    /// `[desk] upstreams`.
    #[arg(id = "egress.networks", long, value_name = "NET,…", value_delimiter = ',', action = ArgAction::Set, value_parser = human::network)]
    pub(crate) networks: Vec<ipnet::IpNet>,
}

/// `[desk]`: looking things up.
#[derive(Args, Clone, Debug)]
pub(crate) struct Desk {
    /// Upstreams that are elsewhere, each slug=URL, such as `virustotal=http://10.0.0.7:8080/vt`
    ///
    /// Only here may an upstream lie in a private network or be spoken to in the clear. The source's
    /// secrets are sent there.
    #[arg(id = "desk.upstreams", long, value_name = "SLUG=URL,…", value_delimiter = ',', action = ArgAction::Set)]
    pub(crate) upstreams: Vec<Moved>,
}

/// A resolver: an address, with a port that is 53 unless it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resolver(pub(crate) SocketAddr);

impl FromStr for Resolver {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let with_port = text.parse::<SocketAddr>();
        let alone = || {
            let address = text.trim_start_matches('[').trim_end_matches(']');
            address.parse::<IpAddr>()
        };
        with_port
            .or_else(|_| alone().map(|address| SocketAddr::new(address, egress::dns::PORT)))
            .map(Self)
            .map_err(|_| "write an address, such as 192.0.2.53 or [2001:db8::53]:5353".into())
    }
}

/// A source whose upstream is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// The source's slug.
    pub(crate) slug: String,
    /// Where it is: HTTP, or a whois server.
    pub(crate) base: Url,
}

impl FromStr for Moved {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (slug, base) = text.split_once('=').ok_or("write slug=URL")?;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if slug.is_empty() || !slug.bytes().all(fits) {
            return Err(format!("{slug:?} is no slug of a source"));
        }
        let base = Url::parse(base).map_err(|why| format!("{slug}: {why}; write https://host"))?;
        let plain = matches!(base.scheme(), "http" | "https" | "whois")
            && base.has_host()
            && base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        if !plain {
            return Err(format!(
                "{slug}: only http://, https:// or whois://, host, port and path, without user, \
                 password and query"
            ));
        }
        Ok(Self {
            slug: slug.to_owned(),
            base,
        })
    }
}

impl Desk {
    /// What is wrong with the settings together.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut slugs: Vec<&str> = self.upstreams.iter().map(|one| one.slug.as_str()).collect();
        slugs.sort_unstable();
        let twice = slugs.windows(2).filter(|two| two[0] == two[1]);
        twice
            .map(|two| format!("[desk] upstreams names {} twice", two[0]))
            .collect()
    }
}

impl Egress {
    /// What is wrong with the settings together.
    pub(super) fn faults(&self) -> Vec<String> {
        let most = egress::dns::SERVERS_MAX;
        if self.dns_servers.len() > most {
            return vec![format!("[egress] dns_servers: at most {most}")];
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_addresses_with_or_without_a_port() {
        let check = |text: &str, expected: &str| {
            let resolver: Resolver = text.parse().unwrap();
            assert_eq!(resolver.0.to_string(), expected, "{text}");
        };
        check("192.0.2.53", "192.0.2.53:53");
        check("192.0.2.53:5353", "192.0.2.53:5353");
        check("2001:db8::53", "[2001:db8::53]:53");
        check("[2001:db8::53]:5353", "[2001:db8::53]:5353");
        for bad in ["", "resolver.example.org", "192.0.2.53:", "192.0.2.530"] {
            assert!(bad.parse::<Resolver>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_upstream_is_moved_by_its_slug() {
        let moved: Moved = "virustotal=http://10.0.0.7:8080/vt".parse().unwrap();
        assert_eq!(moved.slug, "virustotal");
        assert_eq!(moved.base.as_str(), "http://10.0.0.7:8080/vt");
        assert!("asn-cymru=whois://127.0.0.1:4343".parse::<Moved>().is_ok());
        for bad in [
            "virustotal",
            "=http://a",
            "Virus=http://a",
            "a=ftp://b",
            "a=http://me:pw@b/",
            "a=http://b/?c",
            "a=nowhere",
        ] {
            assert!(bad.parse::<Moved>().is_err(), "{bad:?}");
        }
        let desk = Desk {
            upstreams: vec![moved.clone(), moved],
        };
        assert_eq!(desk.faults(), ["[desk] upstreams names virustotal twice"]);
    }
}
