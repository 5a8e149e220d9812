//! From a described request and an indicator to what is asked.

use indicator::{Indicator, Kind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::Url;

use super::description::{BodyRule, Method, RequestRule};
use super::fault::Fault;
use super::template::Template;

/// What may stand in a segment of a path as it is: the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Headers that say how a message travels, or that secrets are for.
const NOT_DESCRIBED: [&str; 6] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "host",
    "transfer-encoding",
];

/// What is asked of the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// How.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What is sent along; empty for nothing.
    pub body: Vec<u8>,
}

/// A request rule that can be filled.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    pub(crate) kinds: Vec<Kind>,
    method: Method,
    path: Template,
    query: Vec<(String, Template)>,
    headers: Vec<(String, Template)>,
    body: Option<Body>,
}

#[derive(Clone, Debug)]
enum Body {
    Json(JsonTemplate),
    Form(Vec<(String, Template)>),
}

/// JSON whose strings are templates.
#[derive(Clone, Debug)]
enum JsonTemplate {
    Text(Template),
    List(Vec<JsonTemplate>),
    Members(Vec<(String, JsonTemplate)>),
    Other(Value),
}

impl Filled {
    pub(crate) fn of(rule: &RequestRule, field: &str, faults: &mut Vec<Fault>) -> Option<Self> {
        let mut kinds = Vec::new();
        for (at, name) in (0..).zip(&rule.kinds) {
            let at: usize = at;
            match name.parse() {
                Ok(kind) => kinds.push(kind),
                Err(error) => faults.push(Fault::new(
                    format!("{field}.kinds[{at}]"),
                    indicator::UnknownKind::to_string(&error),
                )),
            }
        }
        if rule.kinds.is_empty() {
            faults.push(Fault::new(
                format!("{field}.kinds"),
                "name at least one kind",
            ));
        }
        let mut reader = Reader {
            kinds: &kinds,
            faults,
        };
        if !rule.path.starts_with('/') {
            reader.fault(&format!("{field}.path"), "begin with a slash");
        }
        let path = reader.template(&rule.path, &format!("{field}.path"));
        let query = reader.each(&rule.query, &format!("{field}.query"));
        for name in rule.headers.keys() {
            let lower = name.to_ascii_lowercase();
            let at = format!("{field}.headers.{name}");
            if NOT_DESCRIBED.contains(&lower.as_str()) {
                reader.fault(
                    &at,
                    "this header is not set here; secrets have places of their own",
                );
            } else if name.is_empty() || !name.bytes().all(is_token) {
                reader.fault(&at, "this is no name of a header");
            }
        }
        let headers = reader.each(&rule.headers, &format!("{field}.headers"));
        let body = match &rule.body {
            None => Some(None),
            Some(BodyRule::Form(form)) => reader
                .each(form, &format!("{field}.body.form"))
                .map(|form| Some(Body::Form(form))),
            Some(BodyRule::Json(json)) => reader
                .json(json, &format!("{field}.body.json"))
                .map(|json| Some(Body::Json(json))),
        };
        if rule.body.is_some() && rule.method == Method::Get {
            reader.fault(&format!("{field}.body"), "only POST sends something along");
        }
        Some(Self {
            method: rule.method,
            path: path?,
            query: query?,
            headers: headers?,
            body: body?,
            kinds,
        })
    }

    /// What is asked about an indicator of one of the rule's kinds.
    pub(crate) fn ask(&self, base: &Url, indicator: &Indicator) -> Ask {
        let segment = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
        let path = self.path.fill(indicator, segment);
        let (path, fixed_query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path.as_str(), None),
        };
        let mut url = base.clone();
        url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
        url.set_query(fixed_query);
        let mut headers: Vec<(String, String)> = self
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.to_ascii_lowercase(),
                    value.fill(indicator, in_a_header),
                )
            })
            .collect();
        if !self.query.is_empty() {
            let mut query = url.query_pairs_mut();
            for (name, value) in &self.query {
                query.append_pair(name, &value.fill(indicator, str::to_owned));
            }
        }
        let (content_type, body) = match &self.body {
            None => (None, Vec::new()),
            Some(Body::Json(json)) => {
                let json = json.fill(indicator).to_string();
                (Some("application/json"), json.into_bytes())
            }
            Some(Body::Form(form)) => {
                let mut encoder = url::form_urlencoded::Serializer::new(String::new());
                for (name, value) in form {
                    encoder.append_pair(name, &value.fill(indicator, str::to_owned));
                }
                let form = encoder.finish().into_bytes();
                (Some("application/x-www-form-urlencoded"), form)
            }
        };
        if let Some(content_type) = content_type {
            headers.push(("content-type".into(), content_type.into()));
        }
        Ask {
            method: self.method,
            url,
            headers,
            body,
        }
    }
}

/// A header's value has no line of its own.
fn in_a_header(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Reads templates and gathers what is wrong with them.
pub(crate) struct Reader<'a> {
    pub(crate) kinds: &'a [Kind],
    pub(crate) faults: &'a mut Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, field: &str, what: impl Into<String>) {
        self.faults.push(Fault::new(field, what));
    }

    pub(crate) fn template(&mut self, text: &str, field: &str) -> Option<Template> {
        let template = match Template::read(text) {
            Ok(template) => template,
            Err(what) => {
                self.fault(field, what);
                return None;
            }
        };
        if let Some(kind) = template.misfit(self.kinds) {
            self.fault(
                field,
                format!("{kind} has not everything that is inserted here"),
            );
            return None;
        }
        Some(template)
    }

    fn each(
        &mut self,
        texts: &std::collections::BTreeMap<String, String>,
        field: &str,
    ) -> Option<Vec<(String, Template)>> {
        let read: Vec<_> = texts
            .iter()
            .map(|(name, text)| {
                let template = self.template(text, &format!("{field}.{name}"))?;
                Some((name.clone(), template))
            })
            .collect();
        read.into_iter().collect()
    }

    fn json(&mut self, value: &Value, field: &str) -> Option<JsonTemplate> {
        Some(match value {
            Value::String(text) => JsonTemplate::Text(self.template(text, field)?),
            Value::Array(list) => {
                let mut items = Vec::with_capacity(list.len());
                for (at, item) in (0..).zip(list) {
                    let at: usize = at;
                    items.push(self.json(item, &format!("{field}[{at}]"))?);
                }
                JsonTemplate::List(items)
            }
            Value::Object(object) => {
                let mut members = Vec::with_capacity(object.len());
                for (name, member) in object {
                    members.push((name.clone(), self.json(member, &format!("{field}.{name}"))?));
                }
                JsonTemplate::Members(members)
            }
            other => JsonTemplate::Other(other.clone()),
        })
    }
}

impl JsonTemplate {
    fn fill(&self, indicator: &Indicator) -> Value {
        match self {
            Self::Text(text) => Value::String(text.fill(indicator, str::to_owned)),
            Self::List(list) => list.iter().map(|one| one.fill(indicator)).collect(),
            Self::Members(members) => members
                .iter()
                .map(|(name, one)| (name.clone(), one.fill(indicator)))
                .collect(),
            Self::Other(value) => value.clone(),
        }
    }
}
