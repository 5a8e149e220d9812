//! Short messages and push messages by HTTP: a request with gaps that each message fills.
//!
//! Every provider wants another request, so the request is a setting. What fills a gap is escaped by
//! where the gap is: in the address, a header, a JSON or a form body. Pure: who sends the request is
//! not known here.

use std::fmt::Write as _;

use crate::Notice;

/// The gaps, as they stand in a template.
const GAPS: [(&str, Gap); 4] = [
    ("{to}", Gap::To),
    ("{text}", Gap::Text),
    ("{id}", Gap::Id),
    ("{secret}", Gap::Secret),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    /// The receiver's address.
    To,
    /// The words.
    Text,
    /// The notice's key: the same in every attempt.
    Id,
    /// What proves to the provider who we are.
    Secret,
}

/// How a provider wants to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The method, in capitals.
    pub method: String,
    /// The address, with gaps.
    pub url: String,
    /// Name and value of each header, values with gaps.
    pub headers: Vec<(String, String)>,
    /// The body, with gaps; empty for none.
    pub body: String,
    /// What fills `{secret}`.
    pub secret: Option<String>,
}

/// A request that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What is wrong with a template, for whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// A message would go to nobody, or say nothing.
    #[error("{0} stands neither in url nor in body nor in headers")]
    Missing(&'static str),
    /// `{secret}` without one.
    #[error("{{secret}} stands in it, but secret_file is not set")]
    NoSecret,
    /// A secret that nobody uses.
    #[error("secret_file is set, but {{secret}} stands nowhere")]
    UnusedSecret,
    /// The body is to be JSON, and with the gaps filled it is not.
    #[error("the body is no JSON once its gaps are filled: {0}; write gaps inside quotation marks")]
    Json(String),
    /// The method is none.
    #[error("{0:?} is no method; POST, PUT and GET are")]
    Method(String),
    /// The address is none, or the gap decides where the request goes.
    #[error("{0:?} is no address that begins with https:// or http:// and a host without gaps")]
    Url(String),
    /// No header.
    #[error("{0:?} is no header, such as \"Authorization: Bearer {{secret}}\"")]
    Header(String),
}

/// How the text before and after a gap is read, and thus what must not come out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// RFC 3986: everything but unreserved characters as %XX.
    Url,
    /// One line of visible characters.
    Header,
    /// Inside a JSON string.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// As it is.
    Plain,
}

/// A header as it stands in the settings: `Name: value`.
pub fn header(text: &str) -> Result<(String, String), BadTemplate> {
    let bad = || BadTemplate::Header(text.to_owned());
    let (name, value) = text.split_once(':').ok_or_else(bad)?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let value = value.trim();
    if name.is_empty() || !name.bytes().all(is_token) || value.chars().any(char::is_control) {
        return Err(bad());
    }
    Ok((name.to_ascii_lowercase(), value.to_owned()))
}

impl Template {
    /// What is wrong with it; a good one fills with any message.
    pub fn check(&self) -> Result<(), BadTemplate> {
        if !["POST", "PUT", "GET"].contains(&self.method.as_str()) {
            return Err(BadTemplate::Method(self.method.clone()));
        }
        let rest = self.url.strip_prefix("https://");
        let rest = rest.or_else(|| self.url.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
        if host.is_none_or(|host| host.is_empty() || host.contains(['{', ' '])) {
            return Err(BadTemplate::Url(self.url.clone()));
        }
        let has = |gap: &str| {
            let headers = self.headers.iter().any(|(_, value)| value.contains(gap));
            headers || self.url.contains(gap) || self.body.contains(gap)
        };
        for gap in ["{to}", "{text}"] {
            if !has(gap) {
                return Err(BadTemplate::Missing(gap));
            }
        }
        match (has("{secret}"), &self.secret) {
            (true, None) => return Err(BadTemplate::NoSecret),
            (false, Some(_)) => return Err(BadTemplate::UnusedSecret),
            _ => {}
        }
        if self.body_place() == Place::Json {
            // A gap outside a string would let a message write keys of its own.
            let hostile = "\",\"x\":[{\\\n\u{1}";
            let filled = fill(&self.body, Place::Json, |_| hostile);
            serde_json::from_str::<serde_json::Value>(&filled)
                .map_err(|why| BadTemplate::Json(why.to_string()))?;
            let plain = fill(&self.body, Place::Plain, |_| "1 2");
            serde_json::from_str::<serde_json::Value>(&plain)
                .map_err(|_| BadTemplate::Json("a gap stands outside of a text".into()))?;
        }
        Ok(())
    }

    /// The request that carries a notice.
    pub fn request(&self, notice: &Notice) -> Request {
        let id: String = notice.key.iter().fold(String::new(), |mut id, byte| {
            let _ = write!(id, "{byte:02x}");
            id
        });
        let value = |gap| match gap {
            Gap::To => notice.envelope.to.as_str(),
            Gap::Text => notice.text.trim_end(),
            Gap::Id => id.as_str(),
            Gap::Secret => self.secret.as_deref().unwrap_or_default(),
        };
        let filled = |text: &str| fill(text, Place::Header, value);
        let headers = self.headers.iter();
        let mut headers: Vec<(String, String)> = headers
            .map(|(name, text)| (name.clone(), filled(text)))
            .collect();
        let is_typed = headers.iter().any(|(name, _)| name == "content-type");
        if !is_typed && self.body_place() == Place::Json {
            headers.push(("content-type".into(), "application/json".into()));
        }
        Request {
            method: self.method.clone(),
            url: fill(&self.url, Place::Url, value),
            headers,
            body: fill(&self.body, self.body_place(), value),
        }
    }

    /// Decided by the content type; where none is given, by how the body begins.
    fn body_place(&self) -> Place {
        let kind = self.headers.iter().find(|(name, _)| name == "content-type");
        let kind = kind
            .map_or("", |(_, value)| value.as_str())
            .to_ascii_lowercase();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind == "application/json" || kind.ends_with("+json") {
            Place::Json
        } else if kind == "application/x-www-form-urlencoded" {
            Place::Form
        } else if kind.is_empty() && looks_like_json(&self.body) {
            Place::Json
        } else {
            Place::Plain
        }
    }
}

fn looks_like_json(body: &str) -> bool {
    let body = body.trim_start();
    body.starts_with(['{', '[']) && !GAPS.iter().any(|(name, _)| body.starts_with(name))
}

/// A template with its gaps filled; all other braces stay.
fn fill<'a>(template: &str, place: Place, value: impl Fn(Gap) -> &'a str) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let gap = GAPS.iter().find(|(name, _)| rest.starts_with(name));
        if let Some((name, gap)) = gap {
            escape(value(*gap), place, &mut out);
            rest = &rest[name.len()..];
        } else {
            out.push('{');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

fn escape(text: &str, place: Place, out: &mut String) {
    match place {
        Place::Plain => out.push_str(text),
        Place::Header => out.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c })),
        Place::Json => {
            let quoted = serde_json::to_string(text).expect("a text is JSON");
            out.push_str(&quoted[1..quoted.len() - 1]);
        }
        Place::Url | Place::Form => {
            for byte in text.bytes() {
                match byte {
                    _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                        out.push(char::from(byte));
                    }
                    b' ' if place == Place::Form => out.push('+'),
                    _ => {
                        let _ = write!(out, "%{byte:02X}");
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base::UnixMicros;

    use super::*;
    use crate::{Address, Envelope, NoticeId, State};

    const HOSTILE: &str = "a\"b\\c\nd&to=+1 {secret} \u{1f58b}";

    fn notice() -> Notice {
        Notice {
            envelope: Envelope {
                id: NoticeId(1),
                to: Address::phone("+49301234567").unwrap(),
                subject: String::new(),
                about: "test".into(),
                state: State::Waiting,
                attempts: 0,
                answer: None,
                created: UnixMicros(0),
                changed: UnixMicros(0),
                expires: UnixMicros(0),
            },
            key: [0xab; 16],
            text: HOSTILE.into(),
            html: None,
        }
    }

    fn template(url: &str, headers: &[&str], body: &str) -> Template {
        Template {
            method: "POST".into(),
            url: url.into(),
            headers: headers.iter().map(|text| header(text).unwrap()).collect(),
            body: body.into(),
            secret: None,
        }
    }

    // A message must never be able to write to somebody else, or to read our secret back.
    #[test]
    fn every_gap_is_escaped_by_its_place() {
        let mut json = template(
            "https://sms.example/v1?id={id}",
            &["Authorization: Bearer {secret}", "X-Id: {id}"],
            "{\"messages\": [{\"to\": \"{to}\", \"text\": \"{text}\"}], \"other\": \"{other}\"}",
        );
        json.secret = Some("s3cret".into());
        json.check().unwrap();
        let request = json.request(&notice());
        let id = "ab".repeat(16);
        assert_eq!(request.url, format!("https://sms.example/v1?id={id}"));
        assert_eq!(request.headers[0].1, "Bearer s3cret");
        assert_eq!(request.headers[1], ("x-id".into(), id));
        assert_eq!(request.headers[2].1, "application/json");
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["messages"][0]["to"], "+49301234567");
        assert_eq!(body["messages"][0]["text"], HOSTILE);
        assert_eq!(body["other"], "{other}");

        let form = template(
            "https://sms.example/send",
            &["Content-Type: application/x-www-form-urlencoded"],
            "to={to}&text={text}",
        );
        form.check().unwrap();
        assert_eq!(
            form.request(&notice()).body,
            "to=%2B49301234567&text=a%22b%5Cc%0Ad%26to%3D%2B1+%7Bsecret%7D+%F0%9F%96%8B"
        );

        let query = template("http://sms.example/?to={to}&text={text}", &[], "");
        query.check().unwrap();
        assert_eq!(
            query.request(&notice()).url,
            "http://sms.example/?to=%2B49301234567&text=a%22b%5Cc%0Ad%26to%3D%2B1%20%7Bsecret%7D%20%F0%9F%96%8B"
        );

        let plain = template(
            "https://push.example/t",
            &["X-To: {to}", "Title: {text}"],
            "{text}",
        );
        plain.check().unwrap();
        let request = plain.request(&notice());
        assert_eq!(request.body, HOSTILE);
        assert!(!request.headers[1].1.contains('\n'));
    }

    #[test]
    fn what_cannot_work_is_told() {
        let check = |template: Template, expected: &str| {
            let error = template.check().unwrap_err().to_string();
            assert!(error.contains(expected), "{error:?} lacks {expected:?}");
        };
        let good = "{\"to\":\"{to}\",\"text\":\"{text}\"}";
        let at = "https://x.example/";
        check(
            template(at, &[], "{\"to\":\"{to}\"}"),
            "{text} stands neither",
        );
        check(
            template(at, &[], "{\"to\":{to},\"text\":\"{text}\"}"),
            "no JSON",
        );
        check(
            template(at, &[], "{\"to\":\"{to}\",\"text\":\"{text}\""),
            "no JSON",
        );
        check(template("https://{to}.example/", &[], good), "without gaps");
        check(template("ftp://x.example/", &[], good), "no address");
        let mut other = template(at, &[], good);
        other.method = "DELETE".into();
        check(other, "no method");
        let mut other = template(at, &["A: {secret}"], good);
        check(other.clone(), "secret_file is not set");
        other.headers.clear();
        other.secret = Some("x".into());
        check(other, "stands nowhere");
        for bad in ["no colon", ": x", "a b: c", "a: b\nc: d"] {
            assert!(header(bad).is_err(), "{bad:?}");
        }
    }
}
