//! Between words and columns: what both dialects write and read alike.

use std::sync::Arc;
use std::time::Duration;

use base::UnixMicros;
use facts::FactId;
use indicator::{Indicator, Kind};
use serde::{Deserialize, Serialize};

use super::{
    AnswerId, AnswerRecord, BulkId, BulkState, Cause, EvidenceId, EvidenceRef, Heard, ItemState,
    NewAnswer, RequestId, RequestState, Said, SkippedRef, SourceRef, WatchId,
};
use crate::declared::Field;
use crate::{Answer, Reason, SourceId, Tlp, Verdict};

/// A row that we cannot have written; says of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged {0}")]
pub struct Damaged(pub &'static str);

/// An answer as the table has it: joined with its indicator, its evidence and its fact.
#[derive(Clone, Debug)]
pub struct AnswerRow {
    /// Its number.
    pub id: i64,
    /// The request that asked.
    pub request: i64,
    /// The indicator's kind.
    pub kind: String,
    /// The indicator's value.
    pub value: String,
    /// Who was asked: number.
    pub source: i64,
    /// Who was asked: name in addresses.
    pub slug: String,
    /// Who was asked: name for people.
    pub name: String,
    /// Where a person learns about who was asked.
    pub website: String,
    /// The version that asked.
    pub version: i64,
    /// 0 found, 1 nothing, 2 trouble.
    pub outcome: i16,
    /// [`Verdict::number`].
    pub verdict: i16,
    /// Of 100.
    pub confidence: i16,
    /// What is shown of it, or the trouble, as JSON.
    pub shown: String,
    /// The hops, as JSON.
    pub trace: String,
    /// When it was asked.
    pub started_at_us: i64,
    /// How long it took.
    pub took_us: i64,
    /// The evidence: its number, its bytes, its fact and the fact's digest.
    pub evidence: Option<(i64, Vec<u8>, i64, [u8; 32])>,
}

/// What is shown of an answer.
#[derive(Serialize, Deserialize)]
struct Shown<F, R> {
    fields: F,
    reasons: R,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// An answer's columns that are not plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerColumns {
    /// 0 found, 1 nothing, 2 trouble.
    pub outcome: i16,
    /// [`Verdict::number`].
    pub verdict: i16,
    /// Of 100.
    pub confidence: i16,
    /// What is shown of it, or the trouble, as JSON.
    pub shown: String,
    /// The hops, as JSON.
    pub trace: String,
}

impl NewAnswer {
    /// Its columns that are not plain.
    pub fn columns(&self) -> AnswerColumns {
        let (outcome, verdict, confidence, shown) = match &self.said {
            Said::Found(heard) => {
                let shown = Shown {
                    fields: &heard.fields,
                    reasons: &heard.reasons,
                    link: heard.link.clone(),
                };
                (0, heard.verdict, heard.confidence, text(&shown))
            }
            Said::Nothing => (1, Verdict::Unknown, 0, String::new()),
            Said::Trouble(trouble) => (2, Verdict::Unknown, 0, text(trouble)),
        };
        AnswerColumns {
            outcome,
            verdict: verdict.number(),
            confidence: confidence.into(),
            shown,
            trace: text(&self.trace),
        }
    }
}

impl AnswerRow {
    /// The answer that it is of.
    pub fn read(self) -> Result<AnswerRecord, Damaged> {
        let said = match self.outcome {
            0 => {
                let shown: Shown<Vec<Field>, Vec<Reason>> =
                    read(&self.shown, "what is shown of an answer")?;
                let bytes = self.evidence.as_ref().map(|(_, bytes, ..)| &bytes[..]);
                Said::Found(Heard {
                    data: data_of(bytes.ok_or(Damaged("an answer without evidence"))?)?,
                    fields: shown.fields,
                    verdict: Verdict::of_column(self.verdict)?,
                    confidence: u8::try_from(self.confidence)
                        .map_err(|_| Damaged("the confidence of an answer"))?,
                    reasons: shown.reasons,
                    link: shown.link,
                })
            }
            1 => Said::Nothing,
            2 => Said::Trouble(read(&self.shown, "a trouble")?),
            _ => return Err(Damaged("the outcome of an answer")),
        };
        let evidence = self.evidence.map(|(id, _, fact, sha256)| EvidenceRef {
            id: EvidenceId(id),
            sha256,
            fact: FactId(fact),
        });
        Ok(AnswerRecord {
            id: Some(AnswerId(self.id)),
            request: RequestId(self.request),
            indicator: Arc::new(indicator(&self.kind, self.value)?),
            source: Arc::new(SourceRef {
                id: SourceId(self.source),
                slug: self.slug,
                name: self.name,
                website: self.website,
                version: u64::try_from(self.version)
                    .map_err(|_| Damaged("the version of a source"))?,
            }),
            said,
            started: UnixMicros(self.started_at_us),
            took: Duration::from_micros(u64::try_from(self.took_us).unwrap_or(0)),
            trace: read(&self.trace, "a trace")?,
            evidence,
        })
    }
}

/// The answer itself out of its evidence, in the same canonical form.
fn data_of(bytes: &[u8]) -> Result<Arc<str>, Damaged> {
    let damaged = Damaged("the bytes of an answer");
    let answer: Answer = serde_json::from_slice(bytes).map_err(|_| damaged)?;
    let data = serde_json_canonicalizer::to_string(&answer.data).map_err(|_| damaged)?;
    Ok(data.into())
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data is JSON")
}

fn read<T: for<'a> Deserialize<'a>>(text: &str, what: &'static str) -> Result<T, Damaged> {
    serde_json::from_str(text).map_err(|_| Damaged(what))
}

/// An indicator of two columns.
pub fn indicator(kind: &str, value: String) -> Result<Indicator, Damaged> {
    Ok(Indicator::from_stored(self::kind(kind)?, value))
}

/// A kind of a column.
pub fn kind(name: &str) -> Result<Kind, Damaged> {
    name.parse().map_err(|_| Damaged("a kind of indicator"))
}

/// A label of a column.
pub fn tlp(name: &str) -> Result<Tlp, Damaged> {
    name.parse().map_err(|_| Damaged("a label of TLP"))
}

/// Sources as a column of a request has them: `[[number, slug, name, website, version], …]`.
pub fn asked_text<'a>(asked: impl IntoIterator<Item = &'a SourceRef>) -> String {
    let rows: Vec<_> = asked
        .into_iter()
        .map(|one| (one.id.0, &one.slug, &one.name, &one.website, one.version))
        .collect();
    text(&rows)
}

/// The sources of such a column.
pub fn asked_of(column: &str) -> Result<Vec<SourceRef>, Damaged> {
    let rows: Vec<(i64, String, String, String, u64)> = read(column, "who was asked")?;
    let row = |(id, slug, name, website, version)| SourceRef {
        id: SourceId(id),
        slug,
        name,
        website,
        version,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Skipped sources as a column of a request has them: `[[number, slug, [reason, …]], …]`.
pub fn skipped_text(skipped: &[SkippedRef]) -> String {
    let rows: Vec<_> = skipped
        .iter()
        .map(|one| (one.id.0, &one.slug, &one.why))
        .collect();
    text(&rows)
}

/// The skipped sources of such a column.
pub fn skipped_of(column: &str) -> Result<Vec<SkippedRef>, Damaged> {
    let rows: Vec<(i64, String, Vec<String>)> = read(column, "who was skipped")?;
    let row = |(id, slug, why)| SkippedRef {
        id: SourceId(id),
        slug,
        why,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// A choice of sources as a column has it: a list of numbers, or nothing for all.
pub fn sources_text(sources: Option<&[SourceId]>) -> Option<String> {
    let numbers = |sources: &[SourceId]| sources.iter().map(|one| one.0).collect::<Vec<_>>();
    sources.map(|sources| text(&numbers(sources)))
}

/// The choice of such a column.
pub fn sources_of(column: Option<&str>) -> Result<Option<Vec<SourceId>>, Damaged> {
    let Some(column) = column else {
        return Ok(None);
    };
    let numbers: Vec<i64> = read(column, "a choice of sources")?;
    Ok(Some(numbers.into_iter().map(SourceId).collect()))
}

/// The numbers of borrowed answers as a column has them.
pub fn borrowed_text(borrowed: &[AnswerId]) -> String {
    let numbers: Vec<i64> = borrowed.iter().map(|one| one.0).collect();
    text(&numbers)
}

/// The borrowed answers of such a column.
pub fn borrowed_of(column: &str) -> Result<Vec<AnswerId>, Damaged> {
    let numbers: Vec<i64> = read(column, "borrowed answers")?;
    Ok(numbers.into_iter().map(AnswerId).collect())
}

impl Cause {
    /// Its two columns: the bulk and the watch.
    pub fn columns(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::Asked => (None, None),
            Self::Bulk(id) => (Some(id.0), None),
            Self::Watch(id) => (None, Some(id.0)),
        }
    }

    /// The cause of two columns.
    pub fn of_columns(bulk: Option<i64>, watch: Option<i64>) -> Self {
        match (bulk, watch) {
            (Some(id), _) => Self::Bulk(BulkId(id)),
            (None, Some(id)) => Self::Watch(WatchId(id)),
            (None, None) => Self::Asked,
        }
    }
}

macro_rules! numbered {
    ($($type:ident: $what:literal { $($number:literal $variant:ident),* $(,)? })*) => {$(
        impl $type {
            /// Its number. Rows carry it: never changed.
            pub fn number(self) -> i16 {
                match self {
                    $(Self::$variant => $number,)*
                }
            }

            /// What has this number, if anything.
            pub fn of_number(number: i16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// What a column's number means.
            pub fn of_column(number: i16) -> Result<Self, Damaged> {
                Self::of_number(number).ok_or(Damaged($what))
            }
        }
    )*};
}

numbered! {
    Verdict: "a verdict" { 0 Unknown, 1 Clean, 2 KnownGood, 3 Suspicious, 4 Malicious }
    RequestState: "the state of a request" { 0 Running, 1 Finished, 2 Cancelled, 3 BrokenOff }
    BulkState: "the state of a bulk" { 0 Running, 1 Paused, 2 Cancelled, 3 Finished }
    ItemState: "the state of an item" { 0 Waiting, 1 Done }
}
