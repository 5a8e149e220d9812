//! The DNS as a source: what a name or an address leads to now. It tells facts and holds no opinion.

use std::net::IpAddr;

use async_trait::async_trait;
use futures_util::future::join_all;
use indicator::{Indicator, Kind, KindSet};
use serde_json::{Value, json};
use url::{Host, Url};

use super::trouble_of;
use crate::Verdict;
use crate::declared::{Field, Finding};
use crate::source::{Answered, Call, Source, Trouble};
use crate::upstream::{DnsQuestion, DnsRecord};

/// What is asked of a name, and what it is called in front of people.
const OF_A_NAME: [(&str, &str); 8] = [
    ("A", "IPv4 addresses"),
    ("AAAA", "IPv6 addresses"),
    ("CNAME", "Alias of"),
    ("MX", "Mail servers"),
    ("NS", "Name servers"),
    ("TXT", "Texts"),
    ("SOA", "Start of authority"),
    ("CAA", "May issue certificates"),
];
/// What is asked of an address.
const OF_AN_ADDRESS: [(&str, &str); 1] = [("PTR", "Host names")];

/// Asks the resolvers of the settings.
pub(super) struct Names;

#[async_trait]
impl Source for Names {
    fn kinds(&self) -> KindSet {
        [Kind::Domain, Kind::Ipv4, Kind::Ipv6, Kind::Url]
            .into_iter()
            .collect()
    }

    async fn ask(&self, indicator: &Indicator, call: &Call<'_>) -> Result<Answered, Trouble> {
        let asked = match indicator.kind() {
            Kind::Domain => About::Name(indicator.value().to_owned()),
            Kind::Url => About::host_of(indicator.value())
                .ok_or_else(|| Trouble::RequestError("the URL's host is no name".into()))?,
            _ => match indicator.value().parse() {
                Ok(address) => About::Address(address),
                Err(_) => return Err(Trouble::InternalServerError),
            },
        };
        let (name, questions) = match &asked {
            About::Name(name) => (name.clone(), &OF_A_NAME[..]),
            About::Address(address) => (reversed(*address), &OF_AN_ADDRESS[..]),
        };
        let asking = questions.iter().map(|(record, _)| {
            let question = DnsQuestion {
                name: name.clone(),
                record,
            };
            call.upstream.dns(call.way, question)
        });
        let (mut records, mut unanswered, mut first) = (Vec::new(), Vec::new(), None);
        for ((record, _), answer) in questions.iter().zip(join_all(asking).await) {
            match answer {
                Ok(found) => records.extend(found),
                Err(error) => {
                    unanswered.push(json!({ "record": record, "why": error.why.to_string() }));
                    first.get_or_insert(error);
                }
            }
        }
        match first {
            // One type that fails is told beside those that did not.
            Some(error) if records.is_empty() => Err(trouble_of(&error)),
            None if records.is_empty() => Ok(Answered::Nothing),
            _ => Ok(Answered::Found(finding(
                &name, questions, records, unanswered,
            ))),
        }
    }
}

enum About {
    Name(String),
    Address(IpAddr),
}

impl About {
    fn host_of(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        // The URL standard reads addresses only where it knows the scheme.
        match Host::parse(url.host_str()?).ok()? {
            Host::Domain(name) => Some(Self::Name(name)),
            Host::Ipv4(address) => Some(Self::Address(address.into())),
            Host::Ipv6(address) => Some(Self::Address(address.into())),
        }
    }
}

fn finding(
    name: &str,
    questions: &[(&str, &str)],
    mut records: Vec<DnsRecord>,
    unanswered: Vec<Value>,
) -> Finding {
    // Servers turn their records round, and the time that is left of them runs: neither is a change.
    let key = |one: &DnsRecord| (one.record.clone(), one.name.clone(), one.data.clone());
    records.sort_by_key(key);
    records.dedup_by_key(|one| key(one));
    let fields = questions.iter().filter_map(|(record, title)| {
        let of_type = records.iter().filter(|one| one.record == *record);
        let values: Vec<Value> = of_type.map(|one| one.data.clone().into()).collect();
        let name = (*title).to_owned();
        (!values.is_empty()).then_some(Field { name, values })
    });
    let listed: Vec<Value> = records
        .iter()
        .map(|one| json!({ "name": one.name, "type": one.record, "data": one.data }))
        .collect();
    let mut data = json!({ "name": name, "records": listed });
    if !unanswered.is_empty() {
        data["unanswered"] = unanswered.into();
    }
    Finding {
        fields: fields.collect(),
        data,
        verdict: Verdict::Unknown,
        confidence: 0,
        reasons: Vec::new(),
        link: None,
    }
}

/// The name under which an address's names are (RFC 1035 §3.5, RFC 3596 §2.5).
fn reversed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let mut name = String::with_capacity(72);
            for byte in address.octets().into_iter().rev() {
                for nibble in [byte & 15, byte >> 4] {
                    name.extend(char::from_digit(nibble.into(), 16));
                    name.push('.');
                }
            }
            name.push_str("ip6.arpa");
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_turned_round() {
        let check = |address: &str, name: &str| {
            assert_eq!(reversed(address.parse().unwrap()), name);
        };
        check("192.0.2.7", "7.2.0.192.in-addr.arpa");
        check(
            "2001:db8::7",
            "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
        );
    }

    #[test]
    fn the_host_of_a_url_is_a_name_or_an_address() {
        let name = |url| match About::host_of(url) {
            Some(About::Name(name)) => name,
            Some(About::Address(address)) => address.to_string(),
            None => String::new(),
        };
        assert_eq!(name("https://Evil.example.com:8443/a"), "evil.example.com");
        assert_eq!(name("http://192.0.2.7/"), "192.0.2.7");
        assert_eq!(name("tcp://192.0.2.7:9000"), "192.0.2.7");
        assert_eq!(name("https://[2001:db8::7]/"), "2001:db8::7");
    }
}
