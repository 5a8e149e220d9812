//! What can hold of an answer. Nothing holds of a field that is not there.

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json_path::JsonPath;

use super::fault::Fault;

/// Deepest nesting of conditions.
const DEPTH_MAX: usize = 8;
/// Largest compiled regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 256 * 1024;

/// A condition as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Condition {
    /// All of them hold; always when there are none.
    All {
        /// These.
        all: Vec<Condition>,
    },
    /// One of them holds.
    Any {
        /// These.
        any: Vec<Condition>,
    },
    /// It does not hold.
    Not {
        /// This.
        not: Box<Condition>,
    },
    /// One of the values at a path passes a test.
    At {
        /// A JSONPath (RFC 9535).
        at: String,
        /// The test.
        #[serde(flatten)]
        test: Test,
    },
}

/// A test of one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// It is this.
    Is(Value),
    /// It is a number of at least this.
    AtLeast(f64),
    /// It is a number of at most this.
    AtMost(f64),
    /// It is a text with this in it, upper and lower case alike; or a list that has it.
    Contains(String),
    /// It is a text that fits a regular expression.
    Matches(String),
    /// Something stands there, `null` apart; or nothing does.
    Exists(bool),
    /// It is a list, object or text of at least so many items, members or characters.
    CountAtLeast(usize),
}

/// A condition that can be asked.
#[derive(Clone, Debug)]
pub(crate) enum Compiled {
    All(Vec<Compiled>),
    Any(Vec<Compiled>),
    Not(Box<Compiled>),
    At(JsonPath, CompiledTest),
}

#[derive(Clone, Debug)]
pub(crate) enum CompiledTest {
    Plain(Test),
    Matches(Regex),
}

impl Compiled {
    pub(crate) fn of(condition: &Condition, field: &str, faults: &mut Vec<Fault>) -> Option<Self> {
        Self::nested(condition, field, 0, faults)
    }

    fn nested(
        condition: &Condition,
        field: &str,
        depth: usize,
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        if depth > DEPTH_MAX {
            let what = format!("conditions are nested deeper than {DEPTH_MAX}");
            faults.push(Fault::new(field, what));
            return None;
        }
        let mut each = |list: &[Condition], name: &str| {
            let compiled: Vec<_> = (0..)
                .zip(list)
                .map(|(at, one): (usize, _)| {
                    Self::nested(one, &format!("{field}.{name}[{at}]"), depth + 1, faults)
                })
                .collect();
            compiled.into_iter().collect::<Option<Vec<_>>>()
        };
        match condition {
            Condition::All { all } => each(all, "all").map(Self::All),
            Condition::Any { any } => each(any, "any").map(Self::Any),
            Condition::Not { not } => {
                let inner = Self::nested(not, &format!("{field}.not"), depth + 1, faults)?;
                Some(Self::Not(Box::new(inner)))
            }
            Condition::At { at, test } => {
                let path = path(at, &format!("{field}.at"), faults);
                let test = CompiledTest::of(test, &format!("{field}.matches"), faults);
                Some(Self::At(path?, test?))
            }
        }
    }

    /// Whether it holds of an answer.
    pub(crate) fn holds(&self, answer: &Value) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(answer)),
            Self::Any(any) => any.iter().any(|one| one.holds(answer)),
            Self::Not(not) => !not.holds(answer),
            Self::At(path, CompiledTest::Plain(Test::Exists(wanted))) => {
                let found = path.query(answer);
                found.iter().any(|value| !value.is_null()) == *wanted
            }
            Self::At(path, test) => path.query(answer).iter().any(|value| test.passes(value)),
        }
    }
}

impl CompiledTest {
    fn of(test: &Test, field: &str, faults: &mut Vec<Fault>) -> Option<Self> {
        let Test::Matches(pattern) = test else {
            return Some(Self::Plain(test.clone()));
        };
        let built = regex::RegexBuilder::new(pattern)
            .size_limit(REGEX_BYTES_MAX)
            .build();
        match built {
            Ok(regex) => Some(Self::Matches(regex)),
            Err(error) => {
                faults.push(Fault::new(field, format!("no regular expression: {error}")));
                None
            }
        }
    }

    fn passes(&self, value: &Value) -> bool {
        let test = match self {
            Self::Matches(regex) => return value.as_str().is_some_and(|text| regex.is_match(text)),
            Self::Plain(test) => test,
        };
        match test {
            Test::Is(wanted) => is(value, wanted),
            Test::AtLeast(least) => value.as_f64().is_some_and(|number| number >= *least),
            Test::AtMost(most) => value.as_f64().is_some_and(|number| number <= *most),
            Test::Contains(wanted) => match value {
                Value::String(words) => words.to_lowercase().contains(&wanted.to_lowercase()),
                Value::Array(list) => list.iter().any(|one| one.as_str() == Some(wanted)),
                _ => false,
            },
            Test::CountAtLeast(least) => count(value).is_some_and(|count| count >= *least),
            Test::Exists(_) | Test::Matches(_) => false,
        }
    }
}

/// 1 and 1.0 are the same number.
fn is(value: &Value, wanted: &Value) -> bool {
    match (value.as_f64(), wanted.as_f64()) {
        (Some(value), Some(wanted)) => value.total_cmp(&wanted).is_eq(),
        _ => value == wanted,
    }
}

fn count(value: &Value) -> Option<usize> {
    match value {
        Value::Array(list) => Some(list.len()),
        Value::Object(members) => Some(members.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}

/// A JSONPath, or a fault.
pub(crate) fn path(text: &str, field: &str, faults: &mut Vec<Fault>) -> Option<JsonPath> {
    match JsonPath::parse(text) {
        Ok(path) => Some(path),
        Err(error) => {
            faults.push(Fault::new(
                field,
                format!("no JSONPath (RFC 9535): {error}"),
            ));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_of_what_is_there() {
        let answer: Value = serde_json::from_str(
            r#"{"score": 75, "ok": true, "none": null, "name": "Evil Corp",
                "tags": ["phishing", "tor"], "rows": [{"n": 1}, {"n": 9}]}"#,
        )
        .unwrap();
        let check = |text: &str, holds: bool| {
            let condition: Condition =
                serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            let mut faults = Vec::new();
            let compiled = Compiled::of(&condition, "when", &mut faults);
            let compiled = compiled.unwrap_or_else(|| panic!("{text}: {faults:?}"));
            assert_eq!(compiled.holds(&answer), holds, "{text}");
            let written = serde_json::to_string(&condition).unwrap();
            assert_eq!(
                serde_json::from_str::<Condition>(&written).unwrap(),
                condition
            );
        };
        check(r#"{"at": "$.score", "is": 75.0}"#, true);
        check(r#"{"at": "$.score", "is": "75"}"#, false);
        check(r#"{"at": "$.score", "at_least": 75}"#, true);
        check(r#"{"at": "$.score", "at_most": 74.9}"#, false);
        check(r#"{"at": "$.missing", "at_most": 10}"#, false);
        check(r#"{"at": "$.name", "contains": "evil"}"#, true);
        check(r#"{"at": "$.tags", "contains": "tor"}"#, true);
        check(r#"{"at": "$.tags[*]", "matches": "^ph"}"#, true);
        check(r#"{"at": "$.score", "matches": "7"}"#, false);
        check(r#"{"at": "$.none", "exists": true}"#, false);
        check(r#"{"at": "$.none", "exists": false}"#, true);
        check(r#"{"at": "$.tags", "count_at_least": 2}"#, true);
        check(r#"{"at": "$.rows[*].n", "at_least": 9}"#, true);
        check(r#"{"all": []}"#, true);
        check(r#"{"any": []}"#, false);
        check(r#"{"not": {"any": []}}"#, true);
        check(
            r#"{"all": [{"at": "$.ok", "is": true}, {"not": {"at": "$.score", "is": 1}}]}"#,
            true,
        );
    }

    #[test]
    fn what_is_no_condition_is_told_with_its_place() {
        for text in [
            r#"{"at": "$.a"}"#,
            r#"{"at": "$.a", "is": 1, "at_least": 2}"#,
            r#"{"at": "$.a", "equals": 1}"#,
            r#"{"all": [], "any": []}"#,
            "{}",
        ] {
            assert!(serde_json::from_str::<Condition>(text).is_err(), "{text}");
        }
        let check = |text: &str, field: &str| {
            let condition: Condition = serde_json::from_str(text).unwrap();
            let mut faults = Vec::new();
            assert!(Compiled::of(&condition, "when", &mut faults).is_none());
            assert_eq!(faults[0].field, field, "{faults:?}");
        };
        check(
            r#"{"any": [{"all": []}, {"at": "$[", "exists": true}]}"#,
            "when.any[1].at",
        );
        check(
            r#"{"not": {"at": "$.a", "matches": "("}}"#,
            "when.not.matches",
        );
        let deep = (0..20).fold(r#"{"all": []}"#.to_owned(), |inner, _| {
            format!(r#"{{"not": {inner}}}"#)
        });
        let condition: Condition = serde_json::from_str(&deep).unwrap();
        let mut faults = Vec::new();
        assert!(Compiled::of(&condition, "when", &mut faults).is_none());
        assert!(faults[0].what.contains("deeper than 8"));
    }
}
