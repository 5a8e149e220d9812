//! What is looked for in the index when an indicator is asked about: the indicator itself, what it is
//! part of, and what is part of it.

use indicator::{Indicator, Kind};
use sha2::{Digest as _, Sha256};
use url::{Host, Url};

/// What a lookup asks of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Keys of the indicator itself, first, and of what is above it: the host of a URL, the domains
    /// above a domain.
    pub keys: Vec<[u8; 16]>,
    /// A host, turned round: entries at it.
    pub host: Option<String>,
    /// Entries at hosts below it as well.
    pub is_deep: bool,
}

/// How an entry stands to what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// It is the same.
    Same,
    /// It is above: the host of the URL, or a domain above the domain.
    Above,
    /// It is at the host that was asked about, or below the domain.
    Below,
}

impl Question {
    /// What to look for.
    pub fn of(indicator: &Indicator) -> Self {
        let mut keys = vec![key(indicator.kind(), indicator.value())];
        let (mut host, mut is_deep) = (None, false);
        match indicator.kind() {
            Kind::Domain => {
                keys.extend(above(indicator.value()).map(|name| key(Kind::Domain, name)));
                host = reversed_host(indicator);
                is_deep = true;
            }
            Kind::Ipv4 | Kind::Ipv6 => host = Some(indicator.value().to_owned()),
            Kind::Url => match host_of(indicator.value()) {
                Some(Host::Domain(name)) => {
                    keys.push(key(Kind::Domain, &name));
                    keys.extend(above(&name).map(|name| key(Kind::Domain, name)));
                }
                Some(Host::Ipv4(address)) => keys.push(key(Kind::Ipv4, &address.to_string())),
                Some(Host::Ipv6(address)) => keys.push(key(Kind::Ipv6, &address.to_string())),
                None => {}
            },
            _ => {}
        }
        Self {
            keys,
            host,
            is_deep,
        }
    }
}

impl Relation {
    /// How an entry of this kind and value stands to an indicator.
    pub fn of(asked: &Indicator, kind: &str, value: &str) -> Self {
        if asked.kind().wire() == kind && asked.value() == value {
            return Self::Same;
        }
        match asked.kind() {
            Kind::Url => Self::Above,
            Kind::Domain if kind == Kind::Domain.wire() => {
                let is_above = asked
                    .value()
                    .strip_suffix(value)
                    .is_some_and(|rest| rest.ends_with('.'));
                if is_above { Self::Above } else { Self::Below }
            }
            _ => Self::Below,
        }
    }
}

/// What finds an entry: the first 16 bytes of a SHA-256 over kind and value.
pub(super) fn key(kind: Kind, value: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(kind.wire());
    hash.update([0]);
    hash.update(value);
    let digest = hash.finalize();
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    key
}

/// The host of a URL or a domain with its labels turned round and a dot at its end (`com.example.www.`),
/// so that all names below one stand together; an address as it is.
pub fn reversed_host(indicator: &Indicator) -> Option<String> {
    let name = match indicator.kind() {
        Kind::Domain => indicator.value().to_owned(),
        Kind::Url => match host_of(indicator.value())? {
            Host::Domain(name) => name,
            Host::Ipv4(address) => return Some(address.to_string()),
            Host::Ipv6(address) => return Some(address.to_string()),
        },
        _ => return None,
    };
    let name = name.trim_end_matches('.');
    let labels = name.rsplit('.').map(|label| format!("{label}."));
    Some(labels.collect())
}

fn host_of(url: &str) -> Option<Host<String>> {
    let url = Url::parse(url).ok()?;
    // The URL standard reads addresses only where it knows the scheme.
    Host::parse(url.host_str()?).ok()
}

/// The names above a name that are more than one label.
fn above(name: &str) -> impl Iterator<Item = &str> {
    let dots = name.match_indices('.').map(|(at, _)| &name[at + 1..]);
    dots.filter(|name| name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indicator(text: &str) -> Indicator {
        indicator::detect(text).unwrap()
    }

    #[test]
    fn hosts_are_turned_round() {
        let host = |text| reversed_host(&indicator(text));
        assert_eq!(host("www.example.com").unwrap(), "com.example.www.");
        assert_eq!(
            host("http://a.example.com:8080/b").unwrap(),
            "com.example.a."
        );
        assert_eq!(host("http://192.0.2.7/b").unwrap(), "192.0.2.7");
        assert_eq!(host("192.0.2.7"), None);
    }

    #[test]
    fn a_question_asks_for_what_is_above_too() {
        let keys = |text| Question::of(&indicator(text)).keys.len();
        assert_eq!(keys("example.com"), 1);
        assert_eq!(keys("a.b.example.com"), 3);
        assert_eq!(keys("http://b.example.com/x"), 3);
        assert_eq!(keys("http://192.0.2.7/x"), 2);
        assert_eq!(keys(&"ab".repeat(16)), 1);
        let key_of = |kind, value| key(kind, value);
        let asked = Question::of(&indicator("a.example.com"));
        assert_eq!(asked.keys[1], key_of(Kind::Domain, "example.com"));
    }

    #[test]
    fn relations_tell_above_from_below() {
        let check = |asked, kind: &str, value, expected| {
            assert_eq!(
                Relation::of(&indicator(asked), kind, value),
                expected,
                "{value}"
            );
        };
        check("a.example.com", "DOMAIN", "a.example.com", Relation::Same);
        check("a.example.com", "DOMAIN", "example.com", Relation::Above);
        check("example.com", "DOMAIN", "a.example.com", Relation::Below);
        check("example.com", "URL", "http://example.com/", Relation::Below);
        check("192.0.2.7", "URL", "http://192.0.2.7/", Relation::Below);
        check("http://192.0.2.7/", "IPV4", "192.0.2.7", Relation::Above);
    }
}
