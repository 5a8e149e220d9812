//! Texts with places for the indicator: `{value}`, `{value:host}`, `{kind}`. `{{` is a brace.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use indicator::{Indicator, Kind};
use sha2::{Digest as _, Sha256};
use url::{Host, Url};

/// A text with places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Insert(Insert),
}

/// What is put into a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Insert {
    /// The value as it is.
    Value,
    /// Base64 of the value, for URLs, without padding.
    Base64Url,
    /// SHA-256 of the value in hex.
    Sha256,
    /// The host of a URL, the domain of an e-mail address.
    Host,
    /// An address as reverse lookups write it, without `in-addr.arpa`.
    Reversed,
    /// The kind, as on the wire.
    Kind,
    /// The kind in lower case.
    KindLower,
}

const INSERTS: [(&str, Insert); 7] = [
    ("value", Insert::Value),
    ("value:base64url", Insert::Base64Url),
    ("value:sha256", Insert::Sha256),
    ("value:host", Insert::Host),
    ("value:reversed", Insert::Reversed),
    ("kind", Insert::Kind),
    ("kind:lower", Insert::KindLower),
];

impl Insert {
    /// Whether an indicator of this kind has it.
    fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Host => matches!(kind, Kind::Url | Kind::Email),
            Self::Reversed => matches!(kind, Kind::Ipv4 | Kind::Ipv6),
            _ => true,
        }
    }

    fn of(self, indicator: &Indicator) -> String {
        let value = indicator.value();
        match self {
            Self::Value => value.to_owned(),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(value),
            Self::Sha256 => hex::encode(Sha256::digest(value)),
            Self::Host => host(value).unwrap_or_default(),
            Self::Reversed => reversed(value).unwrap_or_default(),
            Self::Kind => indicator.kind().wire().to_owned(),
            Self::KindLower => indicator.kind().wire().to_lowercase(),
        }
    }
}

fn host(value: &str) -> Option<String> {
    if let Some((_, domain)) = value.rsplit_once('@')
        && !value.contains("://")
    {
        return Some(domain.to_owned());
    }
    Some(match Url::parse(value).ok()?.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    })
}

fn reversed(value: &str) -> Option<String> {
    Some(match value.parse().ok()? {
        std::net::IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}")
        }
        std::net::IpAddr::V6(address) => {
            let digits = hex::encode(address.octets());
            let digits: Vec<String> = digits.chars().rev().map(String::from).collect();
            digits.join(".")
        }
    })
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence without a full stop.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            if let Some(after) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err("a } stands alone; write }} for a brace".into());
            }
            let (name, after) = after
                .split_once('}')
                .ok_or("a { is not closed; write {{ for a brace")?;
            let insert = INSERTS.iter().find(|(known, _)| *known == name);
            let Some((_, insert)) = insert else {
                let known = INSERTS.map(|(known, _)| format!("{{{known}}}")).join(", ");
                return Err(format!("there is no {{{name}}}; there are {known}"));
            };
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Insert(*insert));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self(pieces))
    }

    /// The first of these kinds whose indicators have not everything that is inserted.
    pub(crate) fn misfit(&self, kinds: &[Kind]) -> Option<Kind> {
        let inserts = || {
            self.0.iter().filter_map(|piece| match piece {
                Piece::Insert(insert) => Some(*insert),
                Piece::Text(_) => None,
            })
        };
        let fits = |kind: Kind| inserts().all(|insert| insert.fits(kind));
        kinds.iter().copied().find(|kind| !fits(*kind))
    }

    /// The text for an indicator; `escape` is applied to what is inserted.
    pub(crate) fn fill(&self, indicator: &Indicator, escape: fn(&str) -> String) -> String {
        self.0.iter().fold(String::new(), |mut out, piece| {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Insert(insert) => out.push_str(&escape(&insert.of(indicator))),
            }
            out
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled() {
        let check = |template: &str, kind: Kind, value: &str, expected: &str| {
            let indicator = indicator::parse(kind, value).unwrap();
            let filled = Template::read(template)
                .unwrap()
                .fill(&indicator, str::to_owned);
            assert_eq!(filled, expected, "{template}");
        };
        check("/x/{value}?", Kind::Ipv4, "192.0.2.7", "/x/192.0.2.7?");
        check("{{{value}}}", Kind::Asn, "AS64500", "{AS64500}");
        check(
            "{kind} {kind:lower}",
            Kind::Sha256,
            &"a".repeat(64),
            "SHA256 sha256",
        );
        check("{value:reversed}", Kind::Ipv4, "192.0.2.7", "7.2.0.192");
        check(
            "{value:host}",
            Kind::Url,
            "https://evil.example.com:8443/a",
            "evil.example.com",
        );
        check("{value:host}", Kind::Email, "a@example.com", "example.com");
        // https://docs.virustotal.com/reference/url: unpadded base64 of the URL.
        check(
            "{value:base64url}",
            Kind::Url,
            "http://www.somedomain.com/this/is/my/url",
            "aHR0cDovL3d3dy5zb21lZG9tYWluLmNvbS90aGlzL2lzL215L3VybA",
        );
        let reversed = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
        check("{value:reversed}", Kind::Ipv6, "2001:db8::1", reversed);
    }

    #[test]
    fn what_is_no_template_is_told() {
        for (text, told) in [
            ("{", "not closed"),
            ("{value", "not closed"),
            ("}", "stands alone"),
            ("{secret}", "there is no {secret}; there are {value}, "),
            ("{}", "there is no {}"),
        ] {
            let error = Template::read(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        let host = Template::read("{value:host}").unwrap();
        assert_eq!(host.misfit(&[Kind::Url, Kind::Md5]), Some(Kind::Md5));
        assert_eq!(host.misfit(&[Kind::Url, Kind::Email]), None);
    }
}
