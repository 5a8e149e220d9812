//! What is taken out of a report before it leaves: whoever keeps reports is not whoever may know
//! who was here, and a message may quote what it should not.

use sentry::protocol::{Context, Event, Map, Value};

/// Stands for what was taken out.
const REMOVED: &str = "[removed]";
/// Names whose values are secret, or say who somebody is.
const SECRET_NAMES: [&str; 12] = [
    "address",
    "authorization",
    "cookie",
    "email",
    "header",
    "key",
    "password",
    "query",
    "secret",
    "session",
    "token",
    "user",
];
/// A run of so many letters and digits is a secret or a hash; neither is needed to find a mistake.
const SECRET_CHARS_MIN: usize = 20;

/// The report without what nobody needs to know.
pub(super) fn scrubbed(mut event: Event<'static>) -> Event<'static> {
    event.user = None;
    event.request = None;
    event.breadcrumbs.values.clear();
    let clean = |text: &mut Option<String>| {
        if let Some(text) = text {
            *text = words(text);
        }
    };
    clean(&mut event.message);
    clean(&mut event.transaction);
    clean(&mut event.culprit);
    if let Some(entry) = &mut event.logentry {
        entry.message = words(&entry.message);
        entry.params.iter_mut().for_each(value);
    }
    for exception in &mut event.exception.values {
        clean(&mut exception.value);
    }
    for (name, text) in &mut event.tags {
        *text = if is_secret(name) {
            REMOVED.to_owned()
        } else {
            words(text)
        };
    }
    values(&mut event.extra);
    for context in event.contexts.values_mut() {
        // The others describe machine and toolchain.
        if let Context::Other(fields) = context {
            values(fields);
        }
    }
    event
}

fn values(fields: &mut Map<String, Value>) {
    for (name, field) in fields {
        if is_secret(name) {
            *field = REMOVED.into();
        } else {
            value(field);
        }
    }
}

fn value(field: &mut Value) {
    match field {
        Value::String(text) => *text = words(text),
        Value::Array(items) => items.iter_mut().for_each(value),
        Value::Object(fields) => {
            for (name, field) in fields {
                if is_secret(name) {
                    *field = REMOVED.into();
                } else {
                    value(field);
                }
            }
        }
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// The text with every word replaced that could be an address, a secret, or the query of a link.
fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_scheme = false;
    for piece in text.split_inclusive(is_gap) {
        let word = piece.trim_end_matches(is_gap);
        if word.is_empty() {
            out.push_str(piece);
            continue;
        }
        if after_scheme {
            out.push_str(REMOVED);
        } else {
            out.push_str(&cleaned(word));
        }
        out.push_str(&piece[word.len()..]);
        after_scheme = ["Bearer", "Basic", "Token"]
            .iter()
            .any(|scheme| word.eq_ignore_ascii_case(scheme));
    }
    out
}

fn cleaned(word: &str) -> String {
    if let Some((link, query)) = word.split_once('?')
        && !query.is_empty()
    {
        return format!("{}?{REMOVED}", cleaned(link));
    }
    match word.split_once('=') {
        Some((name, value)) if is_secret(name) || is_telling(value) => format!("{name}={REMOVED}"),
        None if is_telling(word) => REMOVED.to_owned(),
        _ => word.to_owned(),
    }
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || "\"'`(),;<>{}".contains(c)
}

/// A mail address, a network address, or a long run of letters and digits.
fn is_telling(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ':', '!']);
    if word.contains('@') {
        return true;
    }
    let host = word.trim_matches(['[', ']']);
    if host.parse::<std::net::IpAddr>().is_ok() || word.parse::<std::net::SocketAddr>().is_ok() {
        return true;
    }
    word.split(['/', ':', '.', '|', '&'])
        .any(|run| run.len() >= SECRET_CHARS_MIN && run.bytes().any(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each of these has stood in somebody's error tracker for everybody to read.
    #[test]
    fn nothing_is_told_of_people_and_secrets() {
        let check = |text: &str, expected: &str| assert_eq!(words(text), expected, "{text}");
        check(
            "a part broke off: index 3 of 2",
            "a part broke off: index 3 of 2",
        );
        check(
            "cannot write to ada@example.org.",
            "cannot write to [removed]",
        );
        check("peer 203.0.113.9 left", "peer [removed] left");
        check("peer 203.0.113.9:4711: reset", "peer [removed] reset");
        check("peer [2001:db8::1]:80 left", "peer [removed] left");
        check(
            "Authorization: Bearer abc",
            "Authorization: Bearer [removed]",
        );
        check("basic dXNlcjpwYXNz", "basic [removed]");
        check("token=indl_7_0a1b2c3d4e5f6a7b8c9d", "token=[removed]");
        check(
            "GET /setup/0a1B2c3D4e5F6g7H8i9J0k failed",
            "GET [removed] failed",
        );
        check(
            "https://x.example/a?q=secret&b=1 refused",
            "https://x.example/a?[removed] refused",
        );
    }

    #[test]
    fn every_part_of_a_report_is_scrubbed() {
        let mut event = Event {
            message: Some("mail to ada@example.org".into()),
            ..Event::default()
        };
        event.extra.insert("cookie".into(), "x".into());
        event.extra.insert(
            "fields".into(),
            serde_json::json!({"Set-Cookie": ["a"], "peer": "192.0.2.1", "count": 3}),
        );
        event.tags.insert("email".into(), "ada".into());
        let fields = [("request_query".to_owned(), Value::from("a=b"))];
        let other = Context::Other(fields.into_iter().collect());
        event.contexts.insert("Rust Tracing Fields".into(), other);
        let told = serde_json::to_string(&scrubbed(event)).unwrap();
        for secret in ["ada", "\"x\"", "192.0.2.1", "a=b", "[\"a\"]"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        assert!(told.contains("\"count\":3"), "{told}");
    }
}
