//! Which hosts a caller may name.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// A host, or all hosts below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRule {
    /// As the URL standard writes it, without a dot at the end.
    host: Host<String>,
    /// It stands for the names below it and not for itself.
    below: bool,
}

/// Why a text is no rule.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no host; write example.org, *.example.org, 192.0.2.1 or [2001:db8::1]")]
pub struct BadHostRule(String);

impl HostRule {
    /// The host of an address, exactly.
    pub fn of(url: &Url) -> Option<Self> {
        let host = plain(url.host()?.to_owned());
        Some(Self { host, below: false })
    }

    /// Whether an address names a host of this rule.
    pub fn admits(&self, url: &Url) -> bool {
        let Some(host) = url.host().map(|host| plain(host.to_owned())) else {
            return false;
        };
        if !self.below {
            return host == self.host;
        }
        match (&self.host, &host) {
            (Host::Domain(above), Host::Domain(name)) => name
                .strip_suffix(above.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            _ => false,
        }
    }
}

/// `example.org.` is `example.org`.
fn plain(host: Host<String>) -> Host<String> {
    match host {
        Host::Domain(name) => Host::Domain(name.trim_end_matches('.').to_owned()),
        address => address,
    }
}

impl FromStr for HostRule {
    type Err = BadHostRule;

    fn from_str(text: &str) -> Result<Self, BadHostRule> {
        let bad = || BadHostRule(text.to_owned());
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let host = plain(Host::parse(name).map_err(|_| bad())?);
        match &host {
            Host::Domain(name) if name.is_empty() || name.contains('*') => Err(bad()),
            Host::Domain(_) => Ok(Self { host, below }),
            // Addresses have nothing below them.
            _ if below => Err(bad()),
            _ => Ok(Self { host, below }),
        }
    }
}

impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = if self.below { "*." } else { "" };
        write!(f, "{below}{}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_admits_what_it_says() {
        let check = |rule: &str, url: &str, admits: bool| {
            let rule: HostRule = rule.parse().unwrap();
            let url = Url::parse(url).unwrap();
            assert_eq!(rule.admits(&url), admits, "{rule} {url}");
        };
        check("api.example.org", "https://api.example.org/x", true);
        check("api.example.org", "https://API.Example.org./x", true);
        check("api.example.org.", "https://api.example.org/", true);
        check("api.example.org", "https://example.org/", false);
        check(
            "api.example.org",
            "https://api.example.org.evil.test/",
            false,
        );
        check("api.example.org", "https://evilapi.example.org/", false);
        check(
            "api.example.org",
            "https://api.example.org@evil.test/",
            false,
        );
        check("*.example.org", "https://a.example.org/", true);
        check("*.example.org", "https://a.b.example.org/", true);
        check("*.example.org", "https://example.org/", false);
        check("*.example.org", "https://badexample.org/", false);
        check("*.example.org", "https://.example.org/", false);
        check("bücher.example", "https://xn--bcher-kva.example/", true);
        check("192.0.2.1", "http://192.0.2.1:8080/", true);
        check("192.0.2.1", "http://0xc0.0.513/", true);
        check("[2001:db8::1]", "http://[2001:DB8:0::1]/", true);
        check("192.0.2.1", "http://192.0.2.2/", false);
    }

    #[test]
    fn nonsense_is_no_rule() {
        for text in [
            "",
            "*",
            "*.",
            "*.*.org",
            "a b",
            "*.192.0.2.1",
            "http://x",
            "x/y",
            "a*.org",
        ] {
            assert!(text.parse::<HostRule>().is_err(), "{text:?}");
        }
        assert_eq!(
            "*.Example.ORG".parse::<HostRule>().unwrap().to_string(),
            "*.example.org"
        );
    }
}
