//! What a service expects of a request, and what it says: data, not code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use crate::KEY;

macro_rules! contracts {
    ($($slug:literal),* $(,)?) => {
        /// Every service that is described by data.
        pub const SLUGS: &[&str] = &[$($slug),*];
        const TEXTS: &[&str] = &[$(include_str!(concat!("../data/", $slug, ".json"))),*];
    };
}

contracts![
    "abuseipdb",
    "crtsh",
    "haveibeenpwned",
    "internet-archive",
    "internetdb",
    "malwarebazaar",
    "otx",
    "phishtank",
    "safe-browsing",
    "shodan",
    "threatfox",
    "urlhaus",
    "urlscan",
    "virustotal",
];

static CONTRACTS: LazyLock<BTreeMap<&'static str, Contract>> = LazyLock::new(|| {
    let read = |text| serde_json::from_str(text).expect("our own files are right");
    let texts = TEXTS.iter().map(|text| read(text));
    SLUGS.iter().copied().zip(texts).collect()
});

/// A service's contract.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contract {
    routes: Vec<Route>,
    key: Option<Key>,
    /// What it says of values that it knows.
    answers: BTreeMap<String, Value>,
    /// What it says of all others.
    absent: Said,
    unauthorized: Option<Said>,
    limited: Said,
}

/// One way of asking.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    method: String,
    /// With `{value}` as one of its segments where the value stands in the path.
    path: String,
    value: Place,
    #[serde(default)]
    packed: Packed,
    #[serde(default)]
    must: Must,
    absent: Option<Said>,
}

/// Where the value stands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Path,
    Query(String),
    Form(String),
    /// A JSON pointer (RFC 6901).
    Json(String),
}

/// How it is written there.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Packed {
    #[default]
    Plain,
    Base64url,
}

/// What must stand beside it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Must {
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
    /// `null`: any value.
    headers: BTreeMap<String, Option<String>>,
    /// Pointers at which something stands.
    json: Vec<String>,
    json_is: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    header: Option<String>,
    query: Option<String>,
    #[serde(default)]
    is_optional: bool,
}

/// An answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub(crate) status: u16,
    /// A text is sent as it is, everything else as JSON.
    body: Value,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// A request, below the slug.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a Bytes,
}

/// A request that fits the contract.
pub(crate) struct Fits<'a> {
    contract: &'a Contract,
    route: &'a Route,
    /// What is asked about.
    pub(crate) value: String,
}

/// The contract of a service.
pub(crate) fn contract(slug: &str) -> Option<&'static Contract> {
    CONTRACTS.get(slug)
}

impl Contract {
    /// Reads a request, or says what the service would say of a wrong one.
    pub(crate) fn read<'a>(&'a self, asked: &Asked<'_>) -> Result<Fits<'a>, Answer> {
        self.check_key(asked)?;
        let mut wrong = format!("no such route: {} {}", asked.method, asked.path);
        for route in &self.routes {
            match route.read(asked) {
                Ok(Some(value)) => {
                    return Ok(Fits {
                        contract: self,
                        route,
                        value,
                    });
                }
                Ok(None) => {}
                Err(what) => wrong = what,
            }
        }
        Err(Answer::text(400, &wrong))
    }

    fn check_key(&self, asked: &Asked<'_>) -> Result<(), Answer> {
        let Some(key) = &self.key else {
            return Ok(());
        };
        let given = match (&key.header, &key.query) {
            (Some(name), _) => header(asked, name).map(str::to_owned),
            (None, Some(name)) => parameter(asked.query.as_bytes(), name),
            (None, None) => None,
        };
        match given {
            Some(given) if given == KEY => Ok(()),
            None if key.is_optional => Ok(()),
            _ => Err(self.refuse()),
        }
    }

    /// What it says to a wrong key.
    pub(crate) fn refuse(&self) -> Answer {
        match &self.unauthorized {
            Some(said) => said.answer("", 1),
            None => Answer::text(403, "Forbidden"),
        }
    }

    /// What it says when the quota is used up.
    pub(crate) fn limit(&self) -> Answer {
        self.limited.answer("", 1)
    }
}

impl Fits<'_> {
    /// What the service says of the value, when it is asked about it for the `times`th time.
    pub(crate) fn answer(&self, times: u64) -> Answer {
        if let Some(known) = self.contract.answers.get(&self.value) {
            let said = Said {
                status: 200,
                body: known.clone(),
                headers: BTreeMap::new(),
            };
            return said.answer(&self.value, times);
        }
        let absent = self.route.absent.as_ref();
        absent
            .unwrap_or(&self.contract.absent)
            .answer(&self.value, times)
    }
}

impl Route {
    /// The value; `None` when the request is not this route's; else what is wrong with it.
    fn read(&self, asked: &Asked<'_>) -> Result<Option<String>, String> {
        let Some(in_path) = matched(&self.path, asked.path) else {
            return Ok(None);
        };
        if asked.method != self.method {
            return Ok(None);
        }
        let json: Value = serde_json::from_slice(asked.body).unwrap_or_default();
        let value = match &self.value {
            Place::Path => in_path,
            Place::Query(name) => parameter(asked.query.as_bytes(), name),
            Place::Form(name) => parameter(asked.body, name),
            Place::Json(pointer) => json
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(Into::into),
        };
        // Two routes may share a path and differ in what they ask about.
        let Some(value) = value else {
            return Ok(None);
        };
        self.must.check(asked, &json)?;
        match self.packed {
            Packed::Plain => Ok(Some(value)),
            Packed::Base64url => {
                let bytes = URL_SAFE_NO_PAD.decode(&value).map_err(|e| e.to_string())?;
                let text = String::from_utf8(bytes).map_err(|e| e.to_string())?;
                Ok(Some(text))
            }
        }
    }
}

impl Must {
    fn check(&self, asked: &Asked<'_>, json: &Value) -> Result<(), String> {
        let pairs = |expected: &BTreeMap<String, String>, bytes: &[u8], what: &str| {
            expected.iter().try_for_each(|(name, value)| {
                let given = parameter(bytes, name);
                let good = given.as_ref() == Some(value);
                good.then_some(())
                    .ok_or_else(|| format!("{what} {name} must be {value}, not {given:?}"))
            })
        };
        pairs(&self.query, asked.query.as_bytes(), "query")?;
        pairs(&self.form, asked.body, "form")?;
        for (name, expected) in &self.headers {
            let given = header(asked, name);
            let good = match expected {
                Some(expected) => given == Some(expected),
                None => given.is_some(),
            };
            if !good {
                return Err(format!("header {name} must be {expected:?}, not {given:?}"));
            }
        }
        for pointer in &self.json {
            if json.pointer(pointer).is_none_or(Value::is_null) {
                return Err(format!("nothing stands at {pointer}"));
            }
        }
        for (pointer, expected) in &self.json_is {
            if json.pointer(pointer).and_then(Value::as_str) != Some(expected) {
                return Err(format!("{expected} must stand at {pointer}"));
            }
        }
        Ok(())
    }
}

/// Whether a path fits a pattern; inside, what stands in the place of `{value}`.
#[expect(clippy::option_option, reason = "a pattern may fit and have no place")]
fn matched(pattern: &str, path: &str) -> Option<Option<String>> {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    let mut found = None;
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(found),
            (Some("{value}"), Some(segment)) if !segment.is_empty() => {
                let text = percent_encoding::percent_decode_str(segment);
                found = Some(text.decode_utf8_lossy().into_owned());
            }
            (Some(expected), Some(segment)) if expected == segment => {}
            _ => return None,
        }
    }
}

/// A parameter of a query or of a form.
pub(crate) fn parameter(encoded: &[u8], name: &str) -> Option<String> {
    let found = form_urlencoded::parse(encoded).find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

fn header<'a>(asked: &'a Asked<'_>, name: &str) -> Option<&'a str> {
    let found = asked.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// What is sent back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Words.
    pub(crate) fn text(status: u16, words: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "text/plain; charset=utf-8".into())],
            body: Bytes::copy_from_slice(words.as_bytes()),
        }
    }

    /// A document.
    pub(crate) fn json(status: u16, document: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: document.to_string().into(),
        }
    }
}

impl Said {
    /// With `{value}` replaced by what was asked about, and `{times}` by how often.
    fn answer(&self, value: &str, times: u64) -> Answer {
        let mut answer = match &self.body {
            Value::String(words) => Answer::text(self.status, words),
            document => Answer::json(self.status, &filled(document, value, times)),
        };
        for (name, value) in &self.headers {
            answer.headers.retain(|(known, _)| known != name);
            answer.headers.push((name.clone(), value.clone()));
        }
        answer
    }
}

fn filled(document: &Value, value: &str, times: u64) -> Value {
    match document {
        Value::String(text) if text == "{times}" => times.into(),
        Value::String(text) => text.replace("{value}", value).into(),
        Value::Array(list) => list.iter().map(|one| filled(one, value, times)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, one)| (name.clone(), filled(one, value, times)))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_can_be_read() {
        assert_eq!(CONTRACTS.len(), SLUGS.len());
        assert!(CONTRACTS.values().all(|one| !one.routes.is_empty()));
    }

    #[test]
    fn paths_fit_segment_by_segment() {
        let check = |pattern, path, expected: Option<Option<&str>>| {
            let found = matched(pattern, path);
            assert_eq!(found, expected.map(|it| it.map(str::to_owned)), "{path}");
        };
        check("/a/{value}/b", "/a/x%2Fy/b", Some(Some("x/y")));
        check("/a/{value}", "/a/", None);
        check("/a", "/a", Some(None));
        check("/a", "/a/b", None);
    }

    // A fake that takes everything proves nothing.
    #[test]
    fn a_request_that_breaks_the_contract_is_refused() {
        let headers = |key: &str| {
            let accept = ("accept".to_owned(), "application/json".to_owned());
            vec![("key".to_owned(), key.to_owned()), accept]
        };
        let ask = |query: &str, headers: &[(String, String)]| {
            let asked = Asked {
                method: "GET",
                path: "/api/v2/check",
                query,
                headers,
                body: &Bytes::new(),
            };
            let read = contract("abuseipdb").unwrap().read(&asked);
            read.map_or_else(|answer| answer.status, |fits| fits.answer(1).status)
        };
        let good = "ipAddress=192.0.2.7&maxAgeInDays=90";
        assert_eq!(ask(good, &headers(KEY)), 200);
        assert_eq!(ask(good, &headers("another")), 401);
        assert_eq!(ask(good, &[]), 401);
        assert_eq!(ask("ipAddress=192.0.2.7", &headers(KEY)), 400);
        assert_eq!(ask("maxAgeInDays=90", &headers(KEY)), 400);
    }
}
