//! What changed between two answers, field by field.

use serde::Serialize;
use serde_json::Value;

/// One field that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Where, as a JSON Pointer (RFC 6901).
    pub path: String,
    /// What stood there; `None` when nothing did.
    pub before: Option<Value>,
    /// What stands there now; `None` when nothing does.
    pub after: Option<Value>,
}

/// The fields in which two answers differ, in the order of their paths. Lists whose items have no
/// order of their own (scalars) are compared as sets: a source that shuffles says nothing new.
pub fn difference(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", Some(before), Some(after), &mut changes);
    changes
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                compare(&path, old.get(key), new.get(key), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if are_scalars(old, new) => {
            let only = |here: &[Value], there: &[Value]| -> Vec<Value> {
                let there: Vec<String> = there.iter().map(Value::to_string).collect();
                let is_new = |one: &&Value| !there.contains(&one.to_string());
                here.iter().filter(is_new).cloned().collect()
            };
            for gone in only(old, new) {
                changes.push(change(path, Some(gone), None));
            }
            for come in only(new, old) {
                changes.push(change(path, None, Some(come)));
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for at in 0..old.len().max(new.len()) {
                compare(&format!("{path}/{at}"), old.get(at), new.get(at), changes);
            }
        }
        (before, after) if before == after => {}
        (before, after) => changes.push(change(path, before.cloned(), after.cloned())),
    }
}

fn are_scalars(old: &[Value], new: &[Value]) -> bool {
    !old.iter()
        .chain(new)
        .any(|one| one.is_object() || one.is_array())
}

fn change(path: &str, before: Option<Value>, after: Option<Value>) -> Change {
    Change {
        path: path.to_owned(),
        before,
        after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_that_changed_is_named_once() {
        let check = |before: &str, after: &str, expected: &[(&str, Option<&str>, Option<&str>)]| {
            let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            let found = difference(&read(before), &read(after));
            let expected: Vec<_> = expected
                .iter()
                .map(|(path, before, after)| change(path, before.map(read), after.map(read)))
                .collect();
            assert_eq!(found, expected, "{before} {after}");
        };
        check("{}", "{}", &[]);
        check("1", "2", &[("", Some("1"), Some("2"))]);
        check(
            r#"{"a":1,"b":2}"#,
            r#"{"b":3,"c":4}"#,
            &[
                ("/a", Some("1"), None),
                ("/b", Some("2"), Some("3")),
                ("/c", None, Some("4")),
            ],
        );
        check(
            r#"{"a/b":{"~":1}}"#,
            r#"{"a/b":{"~":null}}"#,
            &[("/a~1b/~0", Some("1"), Some("null"))],
        );
        check("[1,2,3]", "[3,2,1]", &[]);
        check(
            r#"{"p":[80,443]}"#,
            r#"{"p":[443,22]}"#,
            &[("/p", Some("80"), None), ("/p", None, Some("22"))],
        );
        check(
            r#"[{"a":1},{"a":2}]"#,
            r#"[{"a":1},{"a":3},{"a":4}]"#,
            &[
                ("/1/a", Some("2"), Some("3")),
                ("/2", None, Some(r#"{"a":4}"#)),
            ],
        );
        check("[]", "{}", &[("", Some("[]"), Some("{}"))]);
    }
}
