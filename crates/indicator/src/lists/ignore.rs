//! Ignore lists: indicators that nobody shall be asked about. They are compiled as warning lists are, by what their entries are.

use super::{List, ListError, Lists, Matching};
use crate::indicator::Indicator;
use crate::kind::Kind;

/// Any number of ignore lists, compiled.
///
/// A domain stands for itself and what is below it, also as the host of a URL or of an address of mail; an address or a network for what it contains; everything else for itself.
#[derive(Debug)]
pub struct IgnoreLists {
    lists: Lists,
    /// To which ignore list each compiled one belongs.
    owners: Vec<usize>,
}

impl IgnoreLists {
    /// Compiles ignore lists, each being the indicators that it names; a list is known by its place afterwards.
    ///
    /// # Errors
    ///
    /// When a limit of [`Lists::compile`] is passed.
    pub fn compile(ignored: &[Vec<Indicator>]) -> Result<Self, ListError> {
        let (mut lists, mut owners) = (Vec::new(), Vec::new());
        for (owner, indicators) in ignored.iter().enumerate() {
            for matching in [Matching::Hostname, Matching::Cidr, Matching::String] {
                let entries: Vec<String> = indicators
                    .iter()
                    .filter(|one| matching_of(one.kind()) == matching)
                    .map(|one| match matching {
                        // A value says nothing without its kind: MD5 and JA3 look alike.
                        Matching::String => keyed(one),
                        _ => one.value().to_owned(),
                    })
                    .collect();
                if !entries.is_empty() {
                    owners.push(owner);
                    lists.push(List {
                        name: String::new(),
                        description: String::new(),
                        version: 0,
                        matching,
                        entries,
                        matching_attributes: Vec::new(),
                    });
                }
            }
        }
        let lists = Lists::compile(&lists)?;
        Ok(Self { lists, owners })
    }

    /// The numbers of the ignore lists that an indicator is on, ascending.
    pub fn check(&self, indicator: &Indicator) -> Vec<usize> {
        let value = indicator.value();
        let mut on = self.lists.check(&keyed(indicator));
        match indicator.kind() {
            Kind::Domain | Kind::Onion | Kind::Ipv4 | Kind::Ipv6 | Kind::Cidr => {
                on.extend(self.lists.check(value));
            }
            Kind::Url => {
                on.extend(self.lists.check(value));
                if let Some(host) = host(value) {
                    on.extend(self.lists.check(host));
                }
            }
            Kind::Email => {
                let host = value.rsplit_once('@').map_or("", |(_, host)| host);
                on.extend(self.lists.check(host));
            }
            _ => {}
        }
        let mut owners: Vec<usize> = on.into_iter().map(|list| self.owners[list]).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }
}

fn matching_of(kind: Kind) -> Matching {
    match kind {
        Kind::Domain | Kind::Onion => Matching::Hostname,
        Kind::Ipv4 | Kind::Ipv6 | Kind::Cidr => Matching::Cidr,
        _ => Matching::String,
    }
}

fn keyed(indicator: &Indicator) -> String {
    format!("{}:{}", indicator.kind().wire(), indicator.value())
}

/// The host of a normal URL, without brackets.
fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next(),
        None => host.split(':').next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::parse;

    #[test]
    fn an_entry_covers_what_lies_below() {
        let one = |kind, text: &str| parse(kind, text).unwrap();
        let lists = IgnoreLists::compile(&[
            vec![
                one(Kind::Domain, "google.com"),
                one(Kind::Cidr, "10.0.0.0/8"),
            ],
            vec![one(Kind::Md5, "d41d8cd98f00b204e9800998ecf8427e")],
            vec![one(Kind::Ipv4, "192.0.2.1"), one(Kind::Email, "a@b.com")],
        ])
        .unwrap();
        let check = |kind, text: &str, expected: &[usize]| {
            assert_eq!(lists.check(&one(kind, text)), expected, "{kind} {text}");
        };
        check(Kind::Domain, "google.com", &[0]);
        check(Kind::Domain, "mail.google.com", &[0]);
        // The third seed had it the wrong way round: the parent was ignored with the child.
        check(Kind::Domain, "notgoogle.com", &[]);
        check(Kind::Url, "https://www.google.com/search?q=x", &[0]);
        check(Kind::Url, "http://evil.com/?u=google.com", &[]);
        check(Kind::Url, "http://10.1.2.3:8080/x", &[0]);
        check(Kind::Email, "me@google.com", &[0]);
        check(Kind::Email, "a@b.com", &[2]);
        check(Kind::Ipv4, "10.255.0.1", &[0]);
        check(Kind::Ipv4, "192.0.2.1", &[2]);
        check(Kind::Md5, "d41d8cd98f00b204e9800998ecf8427e", &[1]);
        check(Kind::Ja3, "d41d8cd98f00b204e9800998ecf8427e", &[]);
    }
}
