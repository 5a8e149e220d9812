//! A description that was checked: what it asks, and what it reads out of an answer.

use indicator::{Indicator, Kind, KindSet};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use serde_json_path::JsonPath;
use url::Url;

use super::condition::{self, Compiled};
use super::description::{AnswerForm, Description, Meaning, VerdictRule};
use super::fault::Fault;
use super::request::{Ask, Filled, Reader};
use super::template::Template;
use crate::{Reason, Verdict};

/// Most rules of one sort in a description.
const RULES_MAX: usize = 100;
/// Most values that one field shows, and most that a reason quotes.
const VALUES_MAX: usize = 100;
/// Longest name or reason, in bytes.
const TEXT_BYTES_MAX: usize = 500;

/// A source that was described without a fault.
#[derive(Clone, Debug)]
pub struct Declared {
    base: Url,
    requests: Vec<Filled>,
    form: AnswerForm,
    statuses: std::collections::BTreeMap<u16, Meaning>,
    meanings: Vec<(Compiled, Meaning)>,
    fields: Vec<(String, JsonPath)>,
    verdicts: Vec<Rule>,
    link: Option<Template>,
}

#[derive(Clone, Debug)]
struct Rule {
    when: Compiled,
    say: Verdict,
    confidence: u8,
    because: Vec<Said>,
}

/// A piece of a reason.
#[derive(Clone, Debug)]
enum Said {
    Text(String),
    At(JsonPath),
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It says something.
    Found(Finding),
    /// The source knows nothing of the indicator.
    Nothing,
    /// There is no answer to speak of.
    Trouble(Trouble),
}

/// Why there is no answer to speak of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The secret is missing or refused.
    #[error("the source refused the secret")]
    Unauthorized,
    /// The quota is used up.
    #[error("the source says that its quota is used up")]
    RateLimited,
    /// It went wrong there.
    #[error("the source answered with status {0}")]
    Failed(u16),
    /// The answer is not written as the description says.
    #[error("the source's answer is not JSON: {0}")]
    NotJson(String),
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The whole answer.
    pub data: Value,
    /// What is shown of it.
    pub fields: Vec<Field>,
    /// What it says of the indicator.
    pub verdict: Verdict,
    /// How sure, of 100.
    pub confidence: u8,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Where a person reads on.
    pub link: Option<String>,
}

/// One thing that is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// What it is called.
    pub name: String,
    /// What stands there; never empty.
    pub values: Vec<Value>,
}

impl Declared {
    /// Checks a description, and makes it ready to run. `base` takes the place of its own address.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(description: &Description, base: Option<&Url>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let base = base
            .cloned()
            .or_else(|| base_of(&description.base, &mut faults));
        for (field, count) in [
            ("requests", description.requests.len()),
            ("meanings", description.meanings.len()),
            ("fields", description.fields.len()),
            ("verdicts", description.verdicts.len()),
        ] {
            if count > RULES_MAX {
                faults.push(Fault::new(
                    field,
                    format!("at most {RULES_MAX} are allowed"),
                ));
            }
        }
        if description.requests.is_empty() {
            faults.push(Fault::new("requests", "describe at least one request"));
        }
        let requests: Vec<_> = indexed(&description.requests, "requests")
            .filter_map(|(rule, field)| Filled::of(rule, &field, &mut faults))
            .collect();
        let meanings: Vec<_> = indexed(&description.meanings, "meanings")
            .filter_map(|(rule, field)| {
                let when = Compiled::of(&rule.when, &format!("{field}.when"), &mut faults)?;
                Some((when, rule.means))
            })
            .collect();
        let mut fields = Vec::new();
        for (rule, field) in indexed(&description.fields, "fields") {
            text(&rule.name, &format!("{field}.name"), &mut faults);
            let path = condition::path(&rule.path, &format!("{field}.path"), &mut faults);
            fields.extend(path.map(|path| (rule.name.clone(), path)));
        }
        let verdicts: Vec<_> = indexed(&description.verdicts, "verdicts")
            .filter_map(|(rule, field)| Rule::of(rule, &field, &mut faults))
            .collect();
        let kinds: Vec<Kind> = requests.iter().flat_map(|one| one.kinds.clone()).collect();
        let link = description.link.as_ref().and_then(|link| {
            if !link.starts_with("https://") {
                faults.push(Fault::new("link", "begin with https://"));
            }
            let mut reader = Reader {
                kinds: &kinds,
                faults: &mut faults,
            };
            reader.template(link, "link")
        });
        match base {
            Some(base) if faults.is_empty() => Ok(Self {
                base,
                requests,
                form: description.form,
                statuses: description.statuses.clone(),
                meanings,
                fields,
                verdicts,
                link,
            }),
            _ => Err(faults),
        }
    }

    /// Where it asks.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The kinds that it can be asked about.
    pub fn kinds(&self) -> KindSet {
        let kinds = self.requests.iter().flat_map(|request| &request.kinds);
        kinds.fold(KindSet::NONE, |set, kind| set.with(*kind))
    }

    /// What to ask about an indicator; `None` when its kind is not one of the source's.
    pub fn ask(&self, indicator: &Indicator) -> Option<Ask> {
        let fits = |request: &&Filled| request.kinds.contains(&indicator.kind());
        Some(self.requests.iter().find(fits)?.ask(&self.base, indicator))
    }

    /// What an answer to that says.
    pub fn read(&self, indicator: &Indicator, status: u16, body: &[u8]) -> Outcome {
        let by_status = self.statuses.get(&status).copied().unwrap_or(match status {
            200..=299 => Meaning::Answer,
            404 => Meaning::Nothing,
            401 | 403 => Meaning::Unauthorized,
            429 => Meaning::RateLimited,
            _ => Meaning::Error,
        });
        let data = match self.document(body) {
            Ok(data) => data,
            // An error page need not be JSON.
            Err(_) if by_status != Meaning::Answer => return meant(by_status, status),
            Err(error) => return Outcome::Trouble(Trouble::NotJson(error.to_string())),
        };
        // A status that says what is the matter stands; the body says more only where it does not.
        let says_it = !matches!(by_status, Meaning::Answer | Meaning::Error);
        let mut meanings = self.meanings.iter().filter(|_| !says_it);
        let said = meanings.find(|(when, _)| when.holds(&data));
        match said.map_or(by_status, |(_, means)| *means) {
            Meaning::Answer => Outcome::Found(self.find(indicator, data)),
            other => meant(other, status),
        }
    }

    fn document(&self, body: &[u8]) -> Result<Value, serde_json::Error> {
        match self.form {
            AnswerForm::Json => serde_json::from_slice(body),
            AnswerForm::Text => {
                let text = String::from_utf8_lossy(body);
                let lines: Vec<&str> = text.lines().collect();
                Ok(json!({ "text": text, "lines": lines }))
            }
        }
    }

    fn find(&self, indicator: &Indicator, data: Value) -> Finding {
        let fields = self.fields.iter().filter_map(|(name, path)| {
            let found = path.query(&data);
            let values: Vec<Value> = found
                .iter()
                .filter(|value| !value.is_null())
                .take(VALUES_MAX)
                .map(|value| (*value).clone())
                .collect();
            let name = name.clone();
            (!values.is_empty()).then_some(Field { name, values })
        });
        let fields = fields.collect();
        let rule = self.verdicts.iter().find(|rule| rule.when.holds(&data));
        let (verdict, confidence, reasons) = match rule {
            None => (Verdict::Unknown, 0, Vec::new()),
            Some(rule) => {
                let reason = Reason::of(rule.because(&data));
                (rule.say, rule.confidence, vec![reason])
            }
        };
        let segment = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        Finding {
            fields,
            verdict,
            confidence,
            reasons,
            link: self.link.as_ref().map(|link| link.fill(indicator, segment)),
            data,
        }
    }
}

fn meant(meaning: Meaning, status: u16) -> Outcome {
    match meaning {
        Meaning::Nothing => Outcome::Nothing,
        Meaning::Unauthorized => Outcome::Trouble(Trouble::Unauthorized),
        Meaning::RateLimited => Outcome::Trouble(Trouble::RateLimited),
        Meaning::Error | Meaning::Answer => Outcome::Trouble(Trouble::Failed(status)),
    }
}

impl Rule {
    fn of(rule: &VerdictRule, field: &str, faults: &mut Vec<Fault>) -> Option<Self> {
        let when = Compiled::of(&rule.when, &format!("{field}.when"), faults);
        if rule.confidence > 100 {
            faults.push(Fault::new(format!("{field}.confidence"), "at most 100"));
        }
        if rule.say == Verdict::Unknown && rule.confidence > 0 {
            let what = "who knows nothing is sure of nothing: 0";
            faults.push(Fault::new(format!("{field}.confidence"), what));
        }
        let at = format!("{field}.because");
        text(&rule.because, &at, faults);
        let because = said(&rule.because, &at, faults);
        Some(Self {
            when: when?,
            say: rule.say,
            confidence: rule.confidence,
            because: because?,
        })
    }

    fn because(&self, data: &Value) -> String {
        self.because.iter().fold(String::new(), |mut out, piece| {
            match piece {
                Said::Text(text) => out.push_str(text),
                Said::At(path) => {
                    let values: Vec<String> = path
                        .query(data)
                        .iter()
                        .take(VALUES_MAX)
                        .map(|value| match value {
                            Value::String(text) => text.clone(),
                            other => other.to_string(),
                        })
                        .collect();
                    out.push_str(&values.join(", "));
                }
            }
            out
        })
    }
}

/// `{$.path}` in a sentence.
fn said(sentence: &str, field: &str, faults: &mut Vec<Fault>) -> Option<Vec<Said>> {
    let mut pieces = Vec::new();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((path, after)) = after.split_once('}') else {
            faults.push(Fault::new(field, "a { is not closed"));
            return None;
        };
        pieces.push(Said::Text(before.to_owned()));
        pieces.push(Said::At(condition::path(path, field, faults)?));
        rest = after;
    }
    pieces.push(Said::Text(rest.to_owned()));
    Some(pieces)
}

fn text(text: &str, field: &str, faults: &mut Vec<Fault>) {
    if text.trim().is_empty() {
        faults.push(Fault::new(field, "say something"));
    } else if text.len() > TEXT_BYTES_MAX {
        faults.push(Fault::new(field, format!("at most {TEXT_BYTES_MAX} bytes")));
    }
}

fn indexed<'a, T>(list: &'a [T], name: &'a str) -> impl Iterator<Item = (&'a T, String)> {
    list.iter()
        .take(RULES_MAX)
        .enumerate()
        .map(move |(at, one)| (one, format!("{name}[{at}]")))
}

/// An address to build on.
fn base_of(text: &str, faults: &mut Vec<Fault>) -> Option<Url> {
    let fault = |what: &str| Fault::new("base", what);
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            faults.push(fault(&format!("no address: {error}")));
            return None;
        }
    };
    let plain = matches!(url.scheme(), "https" | "http")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain {
        faults.push(fault(
            "only scheme, host, port and path, such as https://api.example.org",
        ));
        return None;
    }
    Some(url)
}
