//! From what the desk keeps of an answer to the card that shows it.

use std::collections::HashMap;

use facts::{Badge, FactId};
use intel::declared::Field;
use intel::lookups::{AnswerRecord, RequestId, Said};
use intel::sources::Sources;
use intel::upstream::Hop as Trace;
use serde_json::Value as Json;

use super::view::card::{Card, Hop, Shown};
use super::view::shown_text;
use crate::app::App;
use crate::problem::ApiError;
use crate::rooms::frame::{size, span, time};
use crate::rooms::view::SealBadge;

/// Longest answer that is written out on a page, in bytes; the evidence has all of it.
const RAW_BYTES_MAX: usize = 200_000;

/// The seals of these answers.
pub(crate) async fn badges<'a>(
    app: &App,
    answers: impl Iterator<Item = &'a AnswerRecord>,
) -> Result<HashMap<FactId, Badge>, ApiError> {
    let ids: Vec<FactId> = answers
        .filter_map(|answer| Some(answer.evidence?.fact))
        .collect();
    let badges = app.facts.badges(&ids).await?;
    Ok(badges
        .into_iter()
        .map(|badge| (badge.fact, badge))
        .collect())
}

/// What a card is made with.
pub(crate) struct Dress<'a> {
    pub sources: &'a Sources,
    pub badges: &'a HashMap<FactId, Badge>,
    /// The request whose page it is: an answer of another one was borrowed.
    pub request: Option<RequestId>,
    /// When that request was made.
    pub asked_at: base::UnixMicros,
    /// Whether the reader may open the source's page.
    pub sees_sources: bool,
}

impl Dress<'_> {
    /// One answer's card.
    pub(crate) fn card(&self, answer: &AnswerRecord) -> Card {
        let known = self.sources.by_slug(&answer.source.slug);
        let provider = known.and_then(|source| source.provider.as_ref());
        let is_borrowed = self.request.is_some_and(|own| own != answer.request);
        let age = self.asked_at.since(answer.ended()).as_secs();
        Card {
            slug: answer.source.slug.clone(),
            name: answer.source.name.clone(),
            provider: provider.map_or(String::new(), |provider| provider.name.clone()),
            page: known
                .filter(|_| self.sees_sources)
                .map(|source| format!("/desk/sources/{}", source.slug)),
            shown: shown(answer),
            at: time(answer.ended()),
            took: if is_borrowed {
                String::new()
            } else {
                took(answer.took.as_micros())
            },
            age: is_borrowed.then(|| span(age)),
            raw: answer
                .heard()
                .map_or(String::new(), |heard| raw(&heard.data)),
            hops: answer.trace.iter().map(hop).collect(),
            seal: answer
                .evidence
                .map(|one| SealBadge::of(one.fact, self.badges.get(&one.fact))),
            evidence: answer.evidence.map(|one| {
                (
                    format!("/api/v1/evidence/{}", one.id.0),
                    format!("{}-{}.json", answer.source.slug, one.id.0),
                )
            }),
            proof: answer.evidence.and_then(|one| {
                let badge = self.badges.get(&one.fact)?;
                let is_sealed = matches!(badge.state, facts::BadgeState::Sealed { .. });
                is_sealed.then(|| {
                    (
                        format!("/api/v1/evidence/{}/proof", one.id.0),
                        format!("{}-{}.tlog-proof", answer.source.slug, one.id.0),
                    )
                })
            }),
        }
    }
}

fn shown(answer: &AnswerRecord) -> Shown {
    match &answer.said {
        Said::Found(heard) => Shown::Found {
            verdict: heard.verdict,
            confidence: heard.confidence,
            reasons: heard.reasons.clone(),
            fields: values(&heard.fields),
            link: heard.link.clone(),
        },
        Said::Nothing => Shown::Nothing,
        Said::Trouble(trouble) => Shown::Trouble(trouble.clone()),
    }
}

/// What is shown of an answer, for people.
pub(super) fn values(fields: &[Field]) -> Vec<(String, Vec<String>)> {
    let shown = fields.iter();
    shown
        .map(|field| (field.name.clone(), field.values.iter().map(text).collect()))
        .collect()
}

/// A value of an answer for people.
fn text(value: &Json) -> String {
    match value {
        Json::String(text) => shown_text(text),
        Json::Bool(true) => "yes".to_owned(),
        Json::Bool(false) => "no".to_owned(),
        Json::Null => "–".to_owned(),
        other => shown_text(&other.to_string()),
    }
}

/// An answer indented, with every live value in it defanged.
pub(super) fn raw(data: &str) -> String {
    if data.len() > RAW_BYTES_MAX {
        return format!(
            "The answer has {}: the evidence below holds all of it.",
            size(data.len() as u64)
        );
    }
    let indented = serde_json::from_str::<Json>(data)
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok());
    shown_text(indented.as_deref().unwrap_or(data))
}

pub(super) fn hop(trace: &Trace) -> Hop {
    Hop {
        what: format!("{} {}", trace.method, shown_text(&trace.url)),
        status: match (trace.status, trace.peer) {
            (Some(status), _) => status.to_string(),
            (None, Some(_)) => "answered".to_owned(),
            (None, None) => "nobody".to_owned(),
        },
        took: took(u128::from(trace.took_us)),
        bytes: size(trace.body_bytes),
    }
}

/// `312 ms`, `1.4 s`.
pub(crate) fn took(micros: u128) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{}.{} s", micros / 1_000_000, micros / 100_000 % 10),
    }
}
