//! How lookups look on the wire: the third seed's names and forms, and ours beside them. Ids are
//! texts, as there; inner types may move, these names stay.

use std::time::Duration;

use base::UnixMicros;
use intel::declared::Field;
use intel::lists::WarningList;
use intel::lookups::{
    AnswerRecord, Cause, EvidenceRef, LastVerdict, RequestRow, RequestState, Said, SkippedRef,
    SourceRef, StoredRequest,
};
use intel::upstream::Hop;
use intel::{Reason, Summary, Trouble, Verdict};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tlog::v1::TimeText;

/// RFC 3339 with microseconds.
pub(super) fn time(at: UnixMicros) -> String {
    TimeText::of_micros(at.0).to_string()
}

/// The same, or null.
pub(super) fn maybe(at: Option<UnixMicros>) -> Option<String> {
    at.map(time)
}

/// A verdict in capitals, as all words of the protocol are.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unknown => "UNKNOWN",
        Verdict::Clean => "CLEAN",
        Verdict::KnownGood => "KNOWN_GOOD",
        Verdict::Suspicious => "SUSPICIOUS",
        Verdict::Malicious => "MALICIOUS",
    }
}

/// A source as it was when it was asked.
#[derive(Serialize)]
pub(super) struct SourceView<'a> {
    id: String,
    slug: &'a str,
    name: &'a str,
    url: &'a str,
    version: u64,
}

impl<'a> From<&'a SourceRef> for SourceView<'a> {
    fn from(source: &'a SourceRef) -> Self {
        Self {
            id: source.id.0.to_string(),
            slug: &source.slug,
            name: &source.name,
            url: &source.website,
            version: source.version,
        }
    }
}

/// What the cache had to do with an answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CacheView {
    action: &'static str,
    cached_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    cache_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_s: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimingView {
    started_at: String,
    ended_at: String,
    took_ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EvidenceView {
    id: String,
    sha256: String,
    fact_id: i64,
}

impl From<EvidenceRef> for EvidenceView {
    fn from(evidence: EvidenceRef) -> Self {
        Self {
            id: evidence.id.0.to_string(),
            sha256: hex::encode(evidence.sha256),
            fact_id: evidence.fact.0,
        }
    }
}

/// An answer of one source, or why there is none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnswerView<'a> {
    id: Option<String>,
    request_id: String,
    source: SourceView<'a>,
    /// `FOUND`, `NOTHING` or `TROUBLE`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<CacheView>,
    timing: TimingView,
    errors: Vec<Value>,
    data: Option<&'a RawValue>,
    verdict: Option<&'static str>,
    confidence: Option<u8>,
    reasons: &'a [Reason],
    fields: &'a [Field],
    link: Option<&'a str>,
    evidence: Option<EvidenceView>,
    trace: &'a [Hop],
}

/// What is known of an answer besides itself.
#[derive(Clone, Copy, Default)]
pub(super) struct FromCache {
    /// How old it was when it was taken from the cache; `None`: it was asked for.
    pub age: Option<Duration>,
    /// Until when it is as good as new, where that is known.
    pub expires: Option<UnixMicros>,
}

impl<'a> AnswerView<'a> {
    pub(super) fn of(answer: &'a AnswerRecord, cache: FromCache) -> Self {
        let heard = answer.heard();
        let opinion = answer.opinion();
        Self {
            id: answer.id.map(|id| id.0.to_string()),
            request_id: answer.request.0.to_string(),
            source: (&*answer.source).into(),
            outcome: match &answer.said {
                Said::Found(_) => "FOUND",
                Said::Nothing => "NOTHING",
                Said::Trouble(_) => "TROUBLE",
            },
            cache: cache_view(answer, cache),
            timing: TimingView {
                started_at: time(answer.started),
                ended_at: time(answer.ended()),
                took_ms: u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
            },
            errors: errors(answer),
            // It is canonical JSON: what cannot be read back was never written.
            data: heard.and_then(|heard| serde_json::from_str(&heard.data).ok()),
            verdict: opinion.as_ref().map(|opinion| verdict(opinion.verdict)),
            confidence: opinion.as_ref().map(|opinion| opinion.confidence),
            reasons: heard.map_or(&[], |heard| &heard.reasons),
            fields: heard.map_or(&[], |heard| &heard.fields),
            link: heard.and_then(|heard| heard.link.as_deref()),
            evidence: answer.evidence.map(EvidenceView::from),
            trace: &answer.trace,
        }
    }

    /// Whether there is an answer to speak of.
    pub(super) fn is_answer(&self) -> bool {
        self.errors.is_empty()
    }
}

fn cache_view(answer: &AnswerRecord, cache: FromCache) -> Option<CacheView> {
    let action = match cache {
        FromCache { age: Some(_), .. } => "FROM_CACHE",
        FromCache {
            expires: Some(_), ..
        } => "SAVED_TO_CACHE",
        FromCache { .. } => return None,
    };
    let (kind, value) = (answer.indicator.kind(), answer.indicator.value());
    Some(CacheView {
        action,
        cached_at: time(answer.ended()),
        expires_at: maybe(cache.expires),
        cache_key: format!("{}:{kind}:{value}", answer.source.id.0),
        age_s: cache.age.map(|age| age.as_secs()),
    })
}

/// The trouble of an answer as the third seed writes errors: `[{kind, content?}]`.
pub(super) fn errors(answer: &AnswerRecord) -> Vec<Value> {
    answer.trouble().into_iter().map(trouble).collect()
}

/// A trouble as the third seed writes errors, with words for people.
pub(super) fn trouble(trouble: &Trouble) -> Value {
    let mut told = serde_json::to_value(trouble).unwrap_or_default();
    told["message"] = trouble.to_string().into();
    told
}

/// What all sources together hold.
pub(super) fn summary(summary: &Summary) -> Value {
    json!({
        "verdict": verdict(summary.verdict),
        "confidence": summary.confidence,
        "isDisputed": summary.is_disputed,
        "reasons": summary.reasons,
    })
}

/// A request as lists have it.
pub(super) fn request(row: &RequestRow) -> Value {
    let (cause, of) = match row.cause {
        Cause::Asked => ("ASKED", None),
        Cause::Bulk(id) => ("BULK", Some(id.0.to_string())),
        Cause::Watch(id) => ("WATCH", Some(id.0.to_string())),
    };
    json!({
        "id": row.id.0.to_string(),
        "createdAt": time(row.opened),
        "updatedAt": time(row.closed.unwrap_or(row.opened)),
        "closedAt": maybe(row.closed),
        "data": row.indicator.value(),
        "kind": row.indicator.kind().wire(),
        "shown": row.indicator.defanged(),
        "traceId": row.trace,
        "userId": row.user.map(|user| user.0.to_string()),
        "userName": row.user_name,
        "who": row.who,
        "cause": cause,
        "causeId": of,
        "tlp": row.tlp.name(),
        "state": state(row.state),
        "verdict": verdict(row.verdict),
        "confidence": row.confidence,
        "isDisputed": row.is_disputed,
        "answered": row.answered,
        "troubled": row.troubled,
    })
}

fn state(state: RequestState) -> &'static str {
    match state {
        RequestState::Running => "RUNNING",
        RequestState::Finished => "FINISHED",
        RequestState::Cancelled => "CANCELLED",
        RequestState::BrokenOff => "BROKEN_OFF",
    }
}

/// A source that was not asked, and why.
pub(super) fn skipped(skipped: &SkippedRef) -> Value {
    let errors: Vec<Value> = skipped
        .why
        .iter()
        .map(|kind| json!({ "kind": kind }))
        .collect();
    json!({
        "source": { "id": skipped.id.0.to_string(), "slug": skipped.slug },
        "errors": errors,
    })
}

/// A request with everything that came of it.
#[derive(Serialize)]
pub(super) struct RequestView<'a> {
    #[serde(flatten)]
    row: Value,
    summary: Value,
    asked: Vec<SourceView<'a>>,
    skipped: Vec<Value>,
    answers: Vec<AnswerView<'a>>,
}

impl<'a> RequestView<'a> {
    pub(super) fn of(request: &'a StoredRequest) -> Self {
        Self {
            row: self::request(&request.row),
            summary: summary(&summarised(request)),
            asked: request.asked.iter().map(SourceView::from).collect(),
            skipped: request.skipped.iter().map(skipped).collect(),
            answers: answers(request),
        }
    }
}

impl<'a> RequestView<'a> {
    /// The same for whoever has a link: what was found, not who asked and through whom.
    pub(super) fn for_strangers(request: &'a StoredRequest) -> Self {
        let mut view = Self::of(request);
        if let Value::Object(row) = &mut view.row {
            for name in ["userId", "userName", "who", "traceId", "cause", "causeId"] {
                row.remove(name);
            }
        }
        view.skipped.clear();
        for answer in &mut view.answers {
            answer.trace = &[];
        }
        view
    }
}

/// What a stored request's answers together hold.
pub(super) fn summarised(request: &StoredRequest) -> Summary {
    let opinions: Vec<_> = request
        .answers
        .iter()
        .filter_map(AnswerRecord::opinion)
        .collect();
    Summary::of(&opinions)
}

/// The answers of a stored request; a borrowed one was at hand when it was opened.
pub(super) fn answers(request: &StoredRequest) -> Vec<AnswerView<'_>> {
    let view = |answer| AnswerView::of(answer, borrowed(&request.row, answer));
    request.answers.iter().map(view).collect()
}

/// What the cache had to do with an answer of a stored request.
pub(super) fn borrowed(row: &RequestRow, answer: &AnswerRecord) -> FromCache {
    FromCache {
        age: (answer.request != row.id).then(|| row.opened.since(answer.ended())),
        expires: None,
    }
}

/// What was last held of an indicator.
pub(super) fn last(last: &LastVerdict) -> Value {
    json!({
        "requestId": last.request.0.to_string(),
        "verdict": verdict(last.verdict),
        "confidence": last.confidence,
        "isDisputed": last.is_disputed,
        "at": time(last.closed),
    })
}

/// A warning list that something is on.
pub(super) fn warning_mark(list: &WarningList) -> Value {
    json!({ "id": list.id.0.to_string(), "slug": list.slug, "name": list.name })
}
