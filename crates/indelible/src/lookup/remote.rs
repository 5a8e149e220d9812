//! Asking through a running server: its API, and the events of a lookup as they come.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use egress::{Answer, Egress, Limits, Method, StatusCode};
use intel::{Reason, Summary, Verdict};
use serde_json::{Value, json};
use url::Url;

use super::{Event, Outcome, Plan, Told, Wanted};

/// Longest event that is taken, in bytes: sources' answers have a few megabytes at most.
const EVENT_BYTES_MAX: usize = 32 << 20;

/// A server, and who we are to it.
pub(super) struct Remote {
    egress: Egress,
    api: Url,
    authorization: String,
}

impl Remote {
    pub(super) fn new(url: &Url, token: &str) -> anyhow::Result<Self> {
        let mut base = url.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let limits = Limits {
            // A lookup waits for quotas; the server shows that it is alive meanwhile.
            whole: Duration::from_mins(10),
            silence: Duration::from_mins(1),
            body_bytes_max: 256 << 20,
            ..Limits::default()
        };
        Ok(Self {
            egress: Egress::new(limits)?,
            api: base.join("api/v1/").context("--server")?,
            authorization: format!("Bearer {token}"),
        })
    }

    async fn post(&self, path: &str, wanted: &Wanted, accept: &str) -> anyhow::Result<Answer> {
        let url = self.api.join(path)?;
        let mut body = json!({
            "data": wanted.indicator.value(),
            "kind": wanted.indicator.kind().wire(),
            "tlp": wanted.tlp.name(),
            "fresh": wanted.fresh,
        });
        if let Some(sources) = &wanted.sources {
            body["sourceIds"] = json!(sources);
        }
        let headers = [
            ("authorization", self.authorization.as_str()),
            ("content-type", "application/json"),
            ("accept", accept),
        ];
        let body = Bytes::from(body.to_string());
        let answer = self.egress.send(Method::POST, &url, &headers, body).await?;
        if answer.status == StatusCode::OK {
            return Ok(answer);
        }
        let status = answer.status;
        let text = answer.body.bytes().await?;
        let problem: Value = serde_json::from_slice(&text).unwrap_or_default();
        let says = problem["detail"].as_str().or(problem["title"].as_str());
        bail!(
            "{url} answered {status}: {}",
            says.unwrap_or("no reason given")
        )
    }

    pub(super) async fn look_up(
        &self,
        wanted: &Wanted,
        tell: &mut dyn FnMut(Event),
    ) -> anyhow::Result<()> {
        let answer = self
            .post("requests/execute/sse", wanted, "text/event-stream")
            .await?;
        let mut body = answer.body;
        let mut lines = Lines::default();
        let mut sources = BTreeMap::new();
        while let Some(chunk) = body.chunk().await? {
            lines.take(&chunk)?;
            while let Some(event) = lines.next() {
                let data: Value = serde_json::from_str(&event.data)
                    .with_context(|| format!("the server's event {} is no JSON", event.name))?;
                match event.name.as_str() {
                    "fetching_start" => {
                        tell(Event::Began(event.id));
                        sources = names(&data);
                    }
                    "fetching_data" => tell(Event::Source(Box::new(told(&data)))),
                    "fetching_error" => {
                        let (slug, name) = sources.get(&event.id).cloned().unwrap_or_default();
                        tell(Event::Source(Box::new(troubled(slug, name, &data))));
                    }
                    "fetching_done" => {
                        tell(Event::Done(summary(&data["summary"])));
                        return Ok(());
                    }
                    // A newer server may say more.
                    _ => {}
                }
            }
        }
        bail!("the server broke off")
    }

    pub(super) async fn plan(&self, wanted: &Wanted) -> anyhow::Result<Plan> {
        let answer = self.post("plan", wanted, "application/json").await?;
        let plan: Value = serde_json::from_slice(&answer.body.bytes().await?)
            .context("the server's plan is no JSON")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let sees = items(&plan["whoSees"]).map(|one| {
            let sources: Vec<String> = items(&one["sources"]).map(|it| text(&it["name"])).collect();
            let name = match &one["provider"]["name"] {
                Value::String(name) => name.clone(),
                _ => sources.first().cloned().unwrap_or_default(),
            };
            (name, text(&one["exposure"]), sources)
        });
        let skipped = items(&plan["skipped"])
            .map(|one| (text(&one["source"]["name"]), kinds(&one["errors"])));
        Ok(Plan {
            sees: sees.collect(),
            skipped: skipped.collect(),
        })
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The names of errors.
fn kinds(errors: &Value) -> String {
    let names: Vec<&str> = items(errors)
        .filter_map(|one| one["kind"].as_str())
        .collect();
    names.join(" ")
}

/// Slug and name of each source, by number.
fn names(start: &Value) -> BTreeMap<String, (String, String)> {
    let name = |one: &Value| {
        let source = &one["source"];
        let text = |name: &str| Some(source[name].as_str()?.to_owned());
        Some((text("id")?, (text("slug")?, text("name")?)))
    };
    items(start).filter_map(name).collect()
}

fn verdict(value: &Value) -> Verdict {
    match value.as_str() {
        Some("CLEAN") => Verdict::Clean,
        Some("KNOWN_GOOD") => Verdict::KnownGood,
        Some("SUSPICIOUS") => Verdict::Suspicious,
        Some("MALICIOUS") => Verdict::Malicious,
        _ => Verdict::Unknown,
    }
}

fn confidence(value: &Value) -> u8 {
    let sure = value.as_u64().and_then(|sure| u8::try_from(sure).ok());
    sure.unwrap_or(0)
}

fn reasons(value: &Value) -> Vec<Reason> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

fn summary(value: &Value) -> Summary {
    Summary {
        verdict: verdict(&value["verdict"]),
        confidence: confidence(&value["confidence"]),
        reasons: reasons(&value["reasons"]),
        is_disputed: value["isDisputed"].as_bool().unwrap_or(false),
    }
}

fn told(data: &Value) -> Told {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let outcome = match data["outcome"].as_str() {
        Some("FOUND") => Outcome::Found,
        _ => Outcome::Nothing,
    };
    Told {
        slug: text(&data["source"]["slug"]).unwrap_or_default(),
        name: text(&data["source"]["name"]).unwrap_or_default(),
        outcome,
        verdict: verdict(&data["verdict"]),
        confidence: confidence(&data["confidence"]),
        reasons: reasons(&data["reasons"]),
        took_ms: data["timing"]["tookMs"].as_u64().unwrap_or(0),
        cache_age_s: data["cache"]["ageS"].as_u64(),
        link: text(&data["link"]),
        evidence: text(&data["evidence"]["sha256"]),
        data: data["data"].clone(),
    }
}

/// Errors before a source was asked have no words of their own.
fn troubled(slug: String, name: String, errors: &Value) -> Told {
    let says = items(errors).find_map(|one| one["message"].as_str());
    Told {
        slug,
        name,
        outcome: match says {
            Some(says) => Outcome::Trouble(says.to_owned()),
            None => Outcome::Skipped(kinds(errors)),
        },
        verdict: Verdict::Unknown,
        confidence: 0,
        reasons: Vec::new(),
        took_ms: 0,
        cache_age_s: None,
        link: None,
        evidence: None,
        data: Value::Null,
    }
}

/// One event of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    name: String,
    id: String,
    data: String,
}

/// Server-sent events out of pieces of any size (WHATWG HTML §9.2.6).
#[derive(Default)]
struct Lines {
    waiting: Vec<u8>,
    event: Heard,
}

impl Lines {
    fn take(&mut self, chunk: &[u8]) -> anyhow::Result<()> {
        self.waiting.extend_from_slice(chunk);
        if self.waiting.len() + self.event.data.len() > EVENT_BYTES_MAX {
            bail!("the server sent an event of more than {EVENT_BYTES_MAX} bytes");
        }
        Ok(())
    }

    /// The next event that is there as a whole.
    fn next(&mut self) -> Option<Heard> {
        while let Some(end) = memchr::memchr(b'\n', &self.waiting) {
            let line: Vec<u8> = self.waiting.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if !event.data.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.event.name),
                "id" => value.clone_into(&mut self.event.id),
                "data" => {
                    if !self.event.data.is_empty() {
                        self.event.data.push('\n');
                    }
                    self.event.data.push_str(value);
                }
                // A comment, or what nobody needs.
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The network cuts where it likes.
    #[test]
    fn events_come_whole_out_of_any_pieces() {
        let stream = b": alive\n\nid: 7\nevent: fetching_data\ndata: {\"a\":\ndata: 1}\n\nevent: x\r\ndata: []\r\n\r\n";
        for size in 1..stream.len() {
            let mut lines = Lines::default();
            let mut heard = Vec::new();
            for chunk in stream.chunks(size) {
                lines.take(chunk).unwrap();
                heard.extend(std::iter::from_fn(|| lines.next()));
            }
            let expected =
                [("fetching_data", "7", "{\"a\":\n1}"), ("x", "", "[]")].map(|(name, id, data)| {
                    Heard {
                        name: name.into(),
                        id: id.into(),
                        data: data.into(),
                    }
                });
            assert_eq!(heard, expected, "pieces of {size}");
        }
    }

    #[test]
    fn errors_before_and_after_asking_are_told_apart() {
        let one = |errors: Value| troubled("a".into(), "A".into(), &errors).outcome;
        let skipped = one(json!([{ "kind": "TLP", "content": "GREEN" }]));
        assert_eq!(skipped, Outcome::Skipped("TLP".into()));
        let trouble = one(json!([{ "kind": "TIMEOUT", "message": "no answer in time" }]));
        assert_eq!(trouble, Outcome::Trouble("no answer in time".into()));
    }
}
