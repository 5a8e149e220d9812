//! Secrets that are put into requests here, and taken out of everything that comes back.
//!
//! Where a secret goes is fixed by whoever set it up, never by who makes the request: who could
//! choose the place could have it sent back, or guess it piece by piece.

use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::hosts::HostRule;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[secret]";
/// Shorter secrets are not looked for in answers: they would be found everywhere.
pub const SECRET_BYTES_MIN: usize = 6;

/// What JavaScript's `encodeURIComponent` changes.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What the URL standard changes in a segment of a path.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b'%');

/// Where a secret goes.
#[derive(Clone, Debug)]
pub enum Place {
    /// Into a header, after fixed words such as `Bearer `.
    Header {
        /// Its name.
        name: HeaderName,
        /// What stands before the secret.
        before: String,
    },
    /// Into the query, under this name; one that the request brings is replaced.
    Query(String),
    /// Into the path, in place of this whole segment, such as `{key}`.
    Segment(String),
    /// As user and password of HTTP's Basic scheme; the secret is the password.
    Basic {
        /// The user.
        user: String,
    },
}

/// A secret, where it goes, and which host alone may have it.
#[derive(Clone)]
pub struct Injection {
    /// Where it goes.
    pub place: Place,
    /// The host that may have it.
    pub host: HostRule,
    /// The secret.
    pub secret: String,
}

impl fmt::Debug for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injection")
            .field("place", &self.place)
            .field("host", &self.host)
            .field("secret", &REDACTED)
            .finish()
    }
}

impl Injection {
    /// Puts the secret into a request; into none of another host, and over an open line only if
    /// `open_line_is_fine`. `false` when it cannot stand in its place.
    pub(crate) fn inject(
        &self,
        url: &mut Url,
        headers: &mut HeaderMap,
        open_line_is_fine: bool,
    ) -> bool {
        if !self.host.admits(url) || (url.scheme() != "https" && !open_line_is_fine) {
            return true;
        }
        match &self.place {
            Place::Header { name, before } => {
                set(headers, name.clone(), &format!("{before}{}", self.secret))
            }
            Place::Basic { user } => {
                let pair = STANDARD.encode(format!("{user}:{}", self.secret));
                set(
                    headers,
                    reqwest::header::AUTHORIZATION,
                    &format!("Basic {pair}"),
                )
            }
            Place::Query(name) => {
                let others: Vec<(String, String)> = url
                    .query_pairs()
                    .filter(|(other, _)| other != name)
                    .map(|(name, value)| (name.into_owned(), value.into_owned()))
                    .collect();
                url.query_pairs_mut()
                    .clear()
                    .extend_pairs(others)
                    .append_pair(name, &self.secret);
                true
            }
            Place::Segment(marker) => {
                let decode = |text: &str| {
                    let text = percent_encoding::percent_decode_str(text);
                    text.decode_utf8_lossy().into_owned()
                };
                let Some(segments) = url.path_segments() else {
                    return false;
                };
                let segments: Vec<String> = segments.map(decode).collect();
                let Ok(mut path) = url.path_segments_mut() else {
                    return false;
                };
                path.clear();
                for segment in &segments {
                    path.push(if segment == marker {
                        &self.secret
                    } else {
                        segment
                    });
                }
                true
            }
        }
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) -> bool {
    let Ok(mut value) = HeaderValue::try_from(value) else {
        return false;
    };
    value.set_sensitive(true);
    headers.insert(name, value);
    true
}

/// Finds secrets in what comes back, in every form in which servers repeat what they were told.
#[derive(Clone, Debug)]
pub(crate) struct Redactor(Option<AhoCorasick>);

impl Redactor {
    pub(crate) fn new(injections: &[Injection]) -> Self {
        let mut forms: Vec<Vec<u8>> = Vec::new();
        for injection in injections {
            let secret = injection.secret.as_str();
            if secret.len() < SECRET_BYTES_MIN {
                continue;
            }
            let mut texts = vec![secret.to_owned()];
            if let Place::Basic { user } = &injection.place {
                texts.push(format!("{user}:{secret}"));
            }
            for text in texts {
                let json = serde_json::to_string(&text).unwrap_or_default();
                forms.push(json.trim_matches('"').into());
                for kept in [NON_ALPHANUMERIC, COMPONENT, SEGMENT] {
                    forms.push(utf8_percent_encode(&text, kept).to_string().into());
                }
                let encoded = url::form_urlencoded::byte_serialize(text.as_bytes());
                forms.push(encoded.collect::<String>().into());
                for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                    forms.push(engine.encode(&text).into());
                }
                forms.push(hex(text.as_bytes()).into());
                forms.push(text.into());
            }
        }
        forms.sort();
        forms.dedup();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(&forms);
        Self(finder.ok().filter(|_| !forms.is_empty()))
    }

    /// `bytes` without secrets; how many were found.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        let finder = self.0.as_ref()?;
        finder.find(bytes)?;
        let (mut clean, mut found) = (Vec::with_capacity(bytes.len()), 0);
        finder.replace_all_with_bytes(bytes, &mut clean, |_, _, clean| {
            clean.extend_from_slice(REDACTED.as_bytes());
            found += 1;
            true
        });
        Some((clean, found))
    }

    /// A text without secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        match self.bytes(text.as_bytes()) {
            Some((clean, _)) => String::from_utf8_lossy(&clean).into_owned(),
            None => text.to_owned(),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        use fmt::Write as _;
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr3t/+ kéy\"";

    fn injection(place: Place) -> Injection {
        Injection {
            place,
            host: "api.example.org".parse().unwrap(),
            secret: SECRET.into(),
        }
    }

    fn injected(place: Place, url: &str) -> (String, HeaderMap) {
        let (mut url, mut headers) = (Url::parse(url).unwrap(), HeaderMap::new());
        assert!(injection(place).inject(&mut url, &mut headers, false));
        (url.into(), headers)
    }

    #[test]
    fn a_secret_stands_where_it_was_set_to_stand() {
        let (url, headers) = injected(
            Place::Query("key".into()),
            "https://api.example.org/?a=1&key=mine&b=2",
        );
        assert_eq!(
            url,
            "https://api.example.org/?a=1&b=2&key=s3cr3t%2F%2B+k%C3%A9y%22"
        );
        assert!(headers.is_empty());
        let (url, _) = injected(
            Place::Segment("{key}".into()),
            "https://api.example.org/a%2Fb/{key}/f.gz",
        );
        assert_eq!(
            url,
            "https://api.example.org/a%2Fb/s3cr3t%2F+%20k%C3%A9y%22/f.gz"
        );
        let (_, headers) = injected(
            Place::Basic { user: "me".into() },
            "https://api.example.org/",
        );
        let value = headers["authorization"].clone();
        assert!(value.is_sensitive() && value.as_bytes().starts_with(b"Basic "));
        let bearer = Place::Header {
            name: reqwest::header::AUTHORIZATION,
            before: "Bearer ".into(),
        };
        let (_, headers) = injected(bearer, "https://api.example.org/");
        assert_eq!(
            headers["authorization"].as_bytes(),
            format!("Bearer {SECRET}").as_bytes()
        );
    }

    // Whoever can make the secret go elsewhere has it.
    #[test]
    fn a_secret_goes_to_its_host_only_and_over_closed_lines_only() {
        for url in [
            "https://evil.example/",
            "https://api.example.org.evil.test/",
            "http://api.example.org/",
        ] {
            let (after, headers) = injected(Place::Query("key".into()), url);
            assert_eq!((after.as_str(), headers.len()), (url, 0));
        }
        let (mut url, mut headers) = (
            Url::parse("http://api.example.org/").unwrap(),
            HeaderMap::new(),
        );
        assert!(injection(Place::Query("k".into())).inject(&mut url, &mut headers, true));
        assert!(url.query().is_some());
    }

    #[test]
    fn a_secret_that_no_header_can_hold_is_told() {
        let mut injection = injection(Place::Header {
            name: reqwest::header::AUTHORIZATION,
            before: String::new(),
        });
        injection.secret = "two\nlines".into();
        let (mut url, mut headers) = (
            Url::parse("https://api.example.org/").unwrap(),
            HeaderMap::new(),
        );
        assert!(!injection.inject(&mut url, &mut headers, false));
    }

    #[test]
    fn every_form_of_a_secret_is_found() {
        let redactor = Redactor::new(&[injection(Place::Basic { user: "me".into() })]);
        let forms = [
            SECRET.to_owned(),
            "S3CR3T/+ kéy\"".to_owned(),
            serde_json::to_string(SECRET)
                .unwrap()
                .trim_matches('"')
                .to_owned(),
            utf8_percent_encode(SECRET, NON_ALPHANUMERIC).to_string(),
            "s3cr3t%2F%2B+k%C3%A9y%22".to_owned(),
            "s3cr3t%2F%2B%20k%C3%A9y%22".to_owned(),
            "s3cr3t%2F+%20k%C3%A9y%22".to_owned(),
            STANDARD.encode(SECRET),
            URL_SAFE_NO_PAD.encode(SECRET),
            STANDARD.encode(format!("me:{SECRET}")),
            hex(SECRET.as_bytes()),
        ];
        for form in forms {
            let clean = redactor.text(&format!("before {form} after"));
            assert_eq!(clean, format!("before {REDACTED} after"), "{form}");
        }
        assert_eq!(redactor.text("nothing here"), "nothing here");
        assert_eq!(redactor.bytes(&[0xff, 0xfe]), None);
        assert!(!format!("{:?}", injection(Place::Query("k".into()))).contains("s3cr3t"));
    }

    #[test]
    fn a_secret_too_short_to_be_one_is_not_looked_for() {
        let mut short = injection(Place::Query("k".into()));
        short.secret = "a".into();
        assert_eq!(Redactor::new(&[short]).text("banana"), "banana");
    }
}
