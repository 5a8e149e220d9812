//! From columns to words and back.

use base::{Unavailable, UnixMicros, UserId};
use indicator::Kind;
use intel::Verdict;
use intel::lookups::stored::{self, AnswerRow};
use intel::lookups::{AnswerRecord, Cause, Damaged, RequestId, RequestRow, RequestState};

use crate::error::broken;
use crate::rows::hash;

/// A word of a row that cannot have been written by us.
pub(super) fn read<T>(word: Result<T, Damaged>) -> Result<T, Unavailable> {
    word.map_err(|error| broken(error.0))
}

pub(super) fn kind(name: &str) -> Result<Kind, Unavailable> {
    read(stored::kind(name))
}

pub(super) fn verdict(number: i16) -> Result<Verdict, Unavailable> {
    read(Verdict::of_column(number))
}

/// A count of a row.
pub(super) fn count(number: i32) -> Result<u32, Unavailable> {
    u32::try_from(number).map_err(|_| broken("a count"))
}

pub(super) fn confidence(number: i16) -> Result<u8, Unavailable> {
    u8::try_from(number).map_err(|_| broken("a confidence"))
}

/// A count that we are about to write.
pub(super) fn counted(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// At most so many rows.
pub(super) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A row of `request`, with its indicator and its account.
pub(super) struct Request {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) account: Option<i64>,
    pub(super) account_name: Option<String>,
    pub(super) who: String,
    pub(super) trace: Option<String>,
    pub(super) bulk: Option<i64>,
    pub(super) watch: Option<i64>,
    pub(super) tlp: String,
    pub(super) state: i16,
    pub(super) verdict: i16,
    pub(super) confidence: i16,
    pub(super) is_disputed: bool,
    pub(super) answered: i32,
    pub(super) troubled: i32,
    pub(super) opened_at_us: i64,
    pub(super) closed_at_us: Option<i64>,
}

impl Request {
    pub(super) fn row(self) -> Result<RequestRow, Unavailable> {
        Ok(RequestRow {
            id: RequestId(self.id),
            indicator: read(stored::indicator(&self.kind, self.value))?,
            user: self.account.map(UserId),
            user_name: self.account_name,
            who: self.who,
            trace: self.trace,
            cause: Cause::of_columns(self.bulk, self.watch),
            tlp: read(stored::tlp(&self.tlp))?,
            state: read(RequestState::of_column(self.state))?,
            verdict: verdict(self.verdict)?,
            confidence: confidence(self.confidence)?,
            is_disputed: self.is_disputed,
            answered: count(self.answered)?,
            troubled: count(self.troubled)?,
            opened: UnixMicros(self.opened_at_us),
            closed: self.closed_at_us.map(UnixMicros),
        })
    }
}

/// A row of `answer`, with its indicator, its evidence and its fact.
pub(super) struct Answer {
    pub(super) id: i64,
    pub(super) request: i64,
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) source: i64,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) website: String,
    pub(super) version: i64,
    pub(super) outcome: i16,
    pub(super) verdict: i16,
    pub(super) confidence: i16,
    pub(super) shown: String,
    pub(super) trace: String,
    pub(super) started_at_us: i64,
    pub(super) took_us: i64,
    pub(super) evidence: Option<i64>,
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) fact: Option<i64>,
    pub(super) sha256: Option<Vec<u8>>,
}

impl Answer {
    pub(super) fn record(self) -> Result<AnswerRecord, Unavailable> {
        let evidence = match (self.evidence, self.bytes, self.fact, self.sha256) {
            (Some(id), Some(bytes), Some(fact), Some(sha256)) => {
                Some((id, bytes, fact, hash(&sha256, "a fact's digest")?))
            }
            _ => None,
        };
        read(
            AnswerRow {
                id: self.id,
                request: self.request,
                kind: self.kind,
                value: self.value,
                source: self.source,
                slug: self.slug,
                name: self.name,
                website: self.website,
                version: self.version,
                outcome: self.outcome,
                verdict: self.verdict,
                confidence: self.confidence,
                shown: self.shown,
                trace: self.trace,
                started_at_us: self.started_at_us,
                took_us: self.took_us,
                evidence,
            }
            .read(),
        )
    }
}
