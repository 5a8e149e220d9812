//! URLs: a known scheme, a host, and the rest as the URL standard of the WHATWG writes it.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::name::{self, Named, name};
use super::{Fault, URL_BYTES_MAX, percent};

/// A URL in its normal form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) text: String,
    pub(crate) host: UrlHost,
}

/// Where a URL leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UrlHost {
    Domain(String),
    Onion(String),
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
    /// A name that no public suffix ends: `router.lan`.
    Other,
}

/// A scheme that indicators have, by whatever name it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scheme {
    /// How it is called.
    pub(crate) name: &'static str,
    /// Whether it was written so that it leads nowhere: `hxxp`.
    pub(crate) defanged: bool,
}

/// Schemes, as they are written and as they are meant.
const SCHEMES: [(&str, &str); 40] = [
    ("http", "http"),
    ("https", "https"),
    ("hxxp", "http"),
    ("hxxps", "https"),
    ("hxtp", "http"),
    ("hxtps", "https"),
    ("htxp", "http"),
    ("htxps", "https"),
    ("httx", "http"),
    ("httxs", "https"),
    ("h**p", "http"),
    ("h**ps", "https"),
    ("h--p", "http"),
    ("h--ps", "https"),
    ("xxxp", "http"),
    ("xxxps", "https"),
    ("meow", "http"),
    ("meows", "https"),
    ("hzzp", "http"),
    ("hzzps", "https"),
    ("nxxp", "http"),
    ("nxxps", "https"),
    ("ftp", "ftp"),
    ("fxp", "ftp"),
    ("ftps", "ftps"),
    ("fxps", "ftps"),
    ("sftp", "sftp"),
    ("sfxp", "sftp"),
    ("ws", "ws"),
    ("wss", "wss"),
    ("tcp", "tcp"),
    ("udp", "udp"),
    ("ssh", "ssh"),
    ("telnet", "telnet"),
    ("rdp", "rdp"),
    ("smb", "smb"),
    ("ldap", "ldap"),
    ("ldaps", "ldaps"),
    ("rmi", "rmi"),
    ("tftp", "tftp"),
];

impl Scheme {
    /// Longest word that is one.
    pub(crate) const BYTES_MAX: usize = 6;

    /// Reads a scheme without its colon.
    pub(crate) fn of(word: &[u8]) -> Option<Self> {
        if word.len() > Self::BYTES_MAX || word.len() < 2 {
            return None;
        }
        let (written, meant) = SCHEMES
            .iter()
            .find(|(written, _)| word.eq_ignore_ascii_case(written.as_bytes()))?;
        Some(Self {
            name: meant,
            defanged: written != meant,
        })
    }
}

/// A URL with one of the schemes above and a host that could be one.
pub(crate) fn link(text: &str) -> Result<Link, Fault> {
    if text.len() > URL_BYTES_MAX {
        return Err(Fault::TooLong(URL_BYTES_MAX));
    }
    let (scheme, rest) = text
        .split_once("://")
        .ok_or(Fault::Form("a URL has a scheme, a colon and two slashes"))?;
    let scheme = Scheme::of(scheme.as_bytes()).ok_or(Fault::Form("its scheme is not known"))?;
    let mut whole = String::with_capacity(text.len() + 2);
    whole.push_str(scheme.name);
    whole.push_str("://");
    whole.push_str(rest);
    let url = Url::parse(&whole).map_err(|_| Fault::Form("it is no URL"))?;
    let (host, url) = host(url)?;
    let text: String = url.into();
    if text.len() > URL_BYTES_MAX {
        return Err(Fault::TooLong(URL_BYTES_MAX));
    }
    Ok(Link { text, host })
}

/// The host, and the URL with the host's normal form.
fn host(mut url: Url) -> Result<(UrlHost, Url), Fault> {
    let host = match url.host() {
        None => return Err(Fault::Form("it has no host")),
        Some(Host::Ipv4(address)) => UrlHost::Ipv4(address),
        Some(Host::Ipv6(address)) => UrlHost::Ipv6(address),
        Some(Host::Domain(domain)) => {
            let domain = domain.to_owned();
            // Schemes that the standard does not know keep their host as it was written.
            let unknown = !matches!(url.scheme(), "http" | "https" | "ftp" | "ws" | "wss");
            let plain = if unknown && domain.contains('%') {
                percent_decoded(&domain)?
            } else {
                domain.clone()
            };
            if let Ok(address) = plain.parse() {
                UrlHost::Ipv4(address)
            } else {
                let normal = name::ascii(&plain)?;
                if normal != domain {
                    url.set_host(Some(&normal))
                        .map_err(|_| Fault::Form("its host is no name"))?;
                }
                match name(&normal) {
                    Ok(Named::Domain(domain)) => UrlHost::Domain(domain),
                    Ok(Named::Onion(onion)) => UrlHost::Onion(onion),
                    Err(_) => UrlHost::Other,
                }
            }
        }
    };
    Ok((host, url))
}

fn percent_decoded(host: &str) -> Result<String, Fault> {
    String::from_utf8(percent::decoded(host.as_bytes()))
        .map_err(|_| Fault::Form("its host is no name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_one_form() {
        let check = |text: &str, expected: &str| {
            let found = link(text).map(|link| link.text);
            assert_eq!(found.as_deref(), Ok(expected), "{text}");
            assert_eq!(
                link(expected).map(|link| link.text).as_deref(),
                Ok(expected)
            );
        };
        check("HXXP://Evil.Example.com", "http://evil.example.com/");
        check("https://evil.com:443/a/../b?c#d", "https://evil.com/b?c#d");
        check("http://3221225985/x", "http://192.0.2.1/x");
        check("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/");
        check("tcp://EVIL.com:8989/bad", "tcp://evil.com:8989/bad");
        check("http://bücher.de/ü", "http://xn--bcher-kva.de/%C3%BC");
        check("fxp://evil.com./a", "ftp://evil.com/a");
        check("http://evil.com/a b", "http://evil.com/a%20b");
        for wrong in [
            "evil.com",
            "javascript://x",
            "http://",
            "http:///",
            "http://a b/",
        ] {
            assert!(link(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts_are_told_apart() {
        let check = |text: &str, expected: UrlHost| {
            assert_eq!(link(text).map(|link| link.host), Ok(expected), "{text}");
        };
        check("http://evil.com/", UrlHost::Domain("evil.com".into()));
        check("ssh://192.0.2.1:22", UrlHost::Ipv4([192, 0, 2, 1].into()));
        check("http://router.lan/", UrlHost::Other);
        check(
            "http://x.expyuzz4wqqyqhjn.onion/",
            UrlHost::Onion("x.expyuzz4wqqyqhjn.onion".into()),
        );
    }
}
