//! urlscan's scans: the page is visited now, by them, and what they see is the answer
//! (docs.urlscan.io). The owner of the page sees a visit; the scan itself is shown to nobody else.

use std::time::Duration;

use async_trait::async_trait;
use indicator::{Indicator, Kind, KindSet};
use serde_json::{Value, json};
use url::Url;

use super::{retry_after, trouble_of};
use crate::declared::{Ask, Field, Finding, Method};
use crate::source::{Answered, Call, Source, Trouble};
use crate::upstream::Reply;
use crate::{Reason, Verdict};

/// Where they are.
pub(super) const BASE: &str = "https://urlscan.io";
/// How often a result is asked for at most; the call's own time ends earlier.
const POLLS_MAX: u32 = 100;
/// How sure their verdict makes, of 100.
const CONFIDENCE: u8 = 70;
/// Longest words of theirs that are repeated, in characters.
const WORDS_MAX: usize = 200;

/// Hands pages in, and waits for what becomes of them.
pub(super) struct Scans {
    /// From handing in to asking the first time.
    pub(super) first: Duration,
    /// From then on.
    pub(super) every: Duration,
}

impl Default for Scans {
    /// As they ask for: not at once, and then every two seconds.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            every: Duration::from_secs(2),
        }
    }
}

#[async_trait]
impl Source for Scans {
    fn kinds(&self) -> KindSet {
        KindSet::NONE.with(Kind::Url)
    }

    async fn ask(&self, indicator: &Indicator, call: &Call<'_>) -> Result<Answered, Trouble> {
        let base = match call.base {
            Some(base) => base.clone(),
            None => Url::parse(BASE).map_err(|_| Trouble::InternalServerError)?,
        };
        let body = json!({ "url": indicator.value(), "visibility": "private" });
        let submit = Ask {
            method: Method::Post,
            url: below(&base, &["api", "v1", "scan", ""])?,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_string().into_bytes(),
        };
        let reply = send(call, submit).await?;
        let submitted = document(&reply)?;
        if reply.status != 200 {
            return Err(refused(&reply, &submitted));
        }
        // Their answer names an address to ask at; where we go is not theirs to say.
        let id = submitted["uuid"].as_str().filter(|id| is_id(id));
        let id = id.ok_or_else(|| Trouble::ResponseError("the scan has no id".into()))?;
        let result = below(&base, &["api", "v1", "result", id, ""])?;
        tokio::time::sleep(self.first).await;
        for _ in 0..POLLS_MAX {
            let ask = Ask {
                method: Method::Get,
                url: result.clone(),
                headers: vec![("accept".into(), "application/json".into())],
                body: Vec::new(),
            };
            let reply = send(call, ask).await?;
            match reply.status {
                200 => return Ok(Answered::Found(finding(document(&reply)?, id))),
                // Not yet.
                404 => tokio::time::sleep(self.every).await,
                410 => return Ok(Answered::Nothing),
                _ => return Err(refused(&reply, &document(&reply).unwrap_or_default())),
            }
        }
        Err(Trouble::Timeout)
    }
}

async fn send(call: &Call<'_>, ask: Ask) -> Result<Reply, Trouble> {
    let asked = call.upstream.http(call.way, ask).await;
    asked.map_err(|error| trouble_of(&error))
}

/// An address below the base, segment by segment.
fn below(base: &Url, segments: &[&str]) -> Result<Url, Trouble> {
    let mut url = base.clone();
    match url.path_segments_mut() {
        Ok(mut path) => path.pop_if_empty().extend(segments),
        Err(()) => return Err(Trouble::InternalServerError),
    };
    Ok(url)
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn document(reply: &Reply) -> Result<Value, Trouble> {
    serde_json::from_slice(&reply.body).map_err(|error| match reply.status {
        401 | 403 => Trouble::Unauthorized,
        429 => Trouble::RateLimited(retry_after(reply)),
        200..=299 => Trouble::ResponseError(format!("the answer is not JSON: {error}")),
        status => Trouble::ResponseError(format!("the source answered with status {status}")),
    })
}

fn refused(reply: &Reply, said: &Value) -> Trouble {
    match reply.status {
        401 | 403 => Trouble::Unauthorized,
        429 => Trouble::RateLimited(retry_after(reply)),
        status => {
            let words = said["message"].as_str().unwrap_or_default();
            let words: String = words
                .chars()
                .filter(|c| !c.is_control())
                .take(WORDS_MAX)
                .collect();
            let colon = if words.is_empty() { "" } else { ": " };
            Trouble::ResponseError(format!(
                "the source answered with status {status}{colon}{words}"
            ))
        }
    }
}

/// What they saw. Of the whole result, which may have megabytes, what a person reads is kept.
fn finding(mut result: Value, id: &str) -> Finding {
    let mut data = json!({ "uuid": id });
    for part in ["task", "page", "stats", "verdicts"] {
        data[part] = result[part].take();
    }
    for list in ["ips", "domains", "hashes"] {
        let found = result["lists"][list].take();
        data["lists"][list] = match found {
            Value::Array(mut list) => {
                list.truncate(100);
                list.into()
            }
            other => other,
        };
    }
    let overall = &data["verdicts"]["overall"];
    let is_bad = overall["malicious"] == true;
    let (verdict, confidence, reasons) = if is_bad {
        let score = &overall["score"];
        let reason = Reason::of(format!(
            "urlscan holds the page for malicious, with a score of {score}"
        ));
        (Verdict::Malicious, CONFIDENCE, vec![reason])
    } else {
        (Verdict::Unknown, 0, Vec::new())
    };
    let fields = [
        ("Page", "/page/url"),
        ("Title", "/page/title"),
        ("Status", "/page/status"),
        ("Address", "/page/ip"),
        ("Network", "/page/asn"),
        ("Country", "/page/country"),
        ("Score", "/verdicts/overall/score"),
        ("Categories", "/verdicts/overall/categories"),
        ("Brands", "/verdicts/overall/brands"),
        ("Domains", "/lists/domains"),
        ("Addresses", "/lists/ips"),
    ];
    let fields = fields.into_iter().filter_map(|(name, pointer)| {
        let values = match data.pointer(pointer)? {
            Value::Null => return None,
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        let name = name.to_owned();
        (!values.is_empty()).then_some(Field { name, values })
    });
    Finding {
        fields: fields.collect(),
        verdict,
        confidence,
        reasons,
        link: Some(format!("{BASE}/result/{id}/")),
        data,
    }
}
