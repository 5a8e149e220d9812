//! Warning lists against the answers of `pymispwarninglists` 1.7.0 in its exact mode, and the laws of ours.

#![expect(
    clippy::unwrap_used,
    reason = "a vector that cannot be read fails the test"
)]

use indicator::lists::{List, Lists};
use indicator::{Kind, parse};
use serde_json::Value;

fn list(json: &Value) -> List {
    List::from_json(json.to_string().as_bytes()).unwrap()
}

/// Whoever relies on MISP's lists relies on these answers: a value on one list more is not looked up, one less is.
#[test]
fn answers_are_those_of_the_reference() {
    let vectors = include_str!("../../../testdata/indicators/lists/pymispwarninglists.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let lists: Vec<List> = vectors["lists"]
        .as_array()
        .unwrap()
        .iter()
        .map(list)
        .collect();
    let compiled = Lists::compile(&lists).unwrap();
    for check in vectors["checks"].as_array().unwrap() {
        let value = check["value"].as_str().unwrap();
        let expected: Vec<usize> = serde_json::from_value(check["on"].clone()).unwrap();
        assert_eq!(compiled.check(value), expected, "{value:?}");
    }
}

#[test]
fn expressions_are_compiled_as_misp_writes_them() {
    let made = |entries: &[&str]| {
        let json = serde_json::json!({"name": "x", "type": "regex", "list": entries, "matching_attributes": ["email-src", "a|domain"]});
        Lists::compile(&[list(&json)]).unwrap()
    };
    let lists = made(&[
        "/^(security|noc|soc|abuse)\\@.*\\..*$/i",
        "/(?=look)ahead/",
        "/open",
        "/x/q",
        "/example/",
    ]);
    let check = |kind, text: &str, expected: &[usize]| {
        let indicator = parse(kind, text).unwrap();
        assert_eq!(lists.check_indicator(&indicator), expected, "{text}");
        // The reference does not match them.
        assert_eq!(lists.check(indicator.value()), [] as [usize; 0]);
    };
    check(Kind::Email, "SOC@other.com", &[0]);
    check(Kind::Email, "me@other.com", &[]);
    check(Kind::Domain, "example.com", &[0]);
    check(Kind::Url, "http://example.com/", &[]);
    let told: Vec<_> = lists
        .bad_entries()
        .iter()
        .map(|bad| bad.entry.as_str())
        .collect();
    assert_eq!(told, ["/(?=look)ahead/", "/x/q"]);
}

#[test]
fn broken_lists_are_refused_by_field() {
    let check = |json: &str, expected: &str| {
        let error = List::from_json(json.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("{}", "missing field `name`");
    check(
        r#"{"name":"x","type":"glob","list":[]}"#,
        "unknown variant `glob`",
    );
    check(
        r#"{"name":"x","type":"cidr","list":[1]}"#,
        "invalid type: integer `1`, expected a string",
    );
}

#[test]
fn a_hostile_value_costs_no_more_than_its_length() {
    let json = serde_json::json!({"name": "x", "type": "substring", "list": ["a", "aa", "aaa"]});
    let hosts = serde_json::json!({"name": "y", "type": "hostname", "list": ["example.com"]});
    let lists = Lists::compile(&[list(&json), list(&hosts)]).unwrap();
    assert_eq!(lists.check(&"a".repeat(30_000)), [0]);
    assert_eq!(lists.check(&".".repeat(30_000)), [] as [usize; 0]);
    assert_eq!(
        lists.check(&"a".repeat(40_000)),
        [] as [usize; 0],
        "too long to be on a list"
    );
}
