//! A description as it is written down.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::condition::Condition;
use crate::Verdict;

/// A source that asks over HTTP, described.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Where the upstream is: scheme, host and perhaps a path, without a slash at the end. Whoever
    /// sets a source up may put another in its place.
    pub base: String,
    /// What to ask: the first whose kinds have the indicator's.
    pub requests: Vec<RequestRule>,
    /// How the answer is written. Default JSON.
    #[serde(default)]
    pub form: AnswerForm,
    /// What a status means, by number. Those that are not named: 2xx an answer, 404 nothing known,
    /// 401 and 403 unauthorized, 429 rate limited, all others an error.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<u16, Meaning>,
    /// What an answer means whose status alone does not say it; the first that holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meanings: Vec<MeaningRule>,
    /// What is shown of the answer, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldRule>,
    /// What the answer says of the indicator; the first that holds. None: unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<VerdictRule>,
    /// Where a person reads on; a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// One way of asking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestRule {
    /// For these kinds, as on the wire.
    pub kinds: Vec<String>,
    /// How. Default GET.
    #[serde(default)]
    pub method: Method,
    /// Where below the base: a template that begins with a slash. What it inserts stays within its
    /// segment.
    pub path: String,
    /// The query, by name; templates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// Headers, by name; templates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What is sent along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyRule>,
}

/// How to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// POST.
    Post,
}

/// What is sent along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BodyRule {
    /// JSON whose strings are templates.
    Json(Value),
    /// A form, by name; templates.
    Form(BTreeMap<String, String>),
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerForm {
    /// One JSON document.
    #[default]
    Json,
    /// Text: a document `{"text": …, "lines": […]}` for the rules.
    Text,
}

/// What an answer means as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// It says something.
    Answer,
    /// The source knows nothing of the indicator.
    Nothing,
    /// The secret is missing or refused.
    Unauthorized,
    /// The quota is used up.
    RateLimited,
    /// It went wrong there.
    Error,
}

/// What an answer means, if a condition holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeaningRule {
    /// If this holds.
    pub when: Condition,
    /// It means this.
    pub means: Meaning,
}

/// One thing that is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRule {
    /// What it is called.
    pub name: String,
    /// Where it stands: a JSONPath (RFC 9535).
    pub path: String,
}

/// What an answer says of the indicator, if a condition holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictRule {
    /// If this holds.
    pub when: Condition,
    /// It says this.
    pub say: Verdict,
    /// How sure it is, of 100.
    pub confidence: u8,
    /// Why, as a sentence; `{$.path}` is replaced by what stands there.
    pub because: String,
}
