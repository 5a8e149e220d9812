//! An answer of one source, as it is shown, kept and read back.

use std::sync::Arc;
use std::time::Duration;

use base::UnixMicros;
use facts::{FactId, FactKind, NewFact};
use indicator::Indicator;

use super::{AnswerId, EvidenceId, RequestId};
use crate::declared::Field;
use crate::upstream::Hop;
use crate::{Evidence, Opinion, Reason, SourceId, Trouble, Verdict};

/// The kind of fact that an answer is.
pub const ANSWER: FactKind = FactKind("answer");

/// A source as it was when it was asked: readable when it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRef {
    /// Its number.
    pub id: SourceId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Where a person learns about it; empty when nowhere.
    pub website: String,
    /// The version of its description or code that asked.
    pub version: u64,
}

/// What became of asking one source.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It says something.
    Found(Heard),
    /// It knows nothing of the indicator.
    Nothing,
    /// There is no answer to speak of.
    Trouble(Trouble),
}

/// What a source says.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The whole answer as JSON text, in canonical form (RFC 8785).
    pub data: Arc<str>,
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

/// The sealed bytes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvidenceRef {
    /// Their number.
    pub id: EvidenceId,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// The fact that is sealed in the log; its badge is [`facts::Facts::badge`]'s.
    pub fact: FactId,
}

/// An answer, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerRecord {
    /// Its number; `None` when the store did not answer: it is shown, but nothing is kept of it.
    pub id: Option<AnswerId>,
    /// The request that asked. Others may have borrowed it.
    pub request: RequestId,
    /// What was asked about.
    pub indicator: Arc<Indicator>,
    /// Who was asked.
    pub source: Arc<SourceRef>,
    /// What became of it.
    pub said: Said,
    /// When it was asked, waiting for its quota not counted.
    pub started: UnixMicros,
    /// How long it took from then.
    pub took: Duration,
    /// What it did on the network, without secrets.
    pub trace: Vec<Hop>,
    /// What is sealed; `None` for trouble, and when the store did not answer.
    pub evidence: Option<EvidenceRef>,
}

impl AnswerRecord {
    /// When the answer was there.
    pub fn ended(&self) -> UnixMicros {
        self.started.plus(self.took)
    }

    /// What the source says, if anything.
    pub fn heard(&self) -> Option<&Heard> {
        match &self.said {
            Said::Found(heard) => Some(heard),
            Said::Nothing | Said::Trouble(_) => None,
        }
    }

    /// Why there is no answer, if there is none.
    pub fn trouble(&self) -> Option<&Trouble> {
        match &self.said {
            Said::Trouble(trouble) => Some(trouble),
            Said::Found(_) | Said::Nothing => None,
        }
    }

    /// What the source holds of the indicator: nothing when it is in trouble, unknown when it knows
    /// nothing.
    pub fn opinion(&self) -> Option<Opinion> {
        let source = self.source.slug.clone();
        match &self.said {
            Said::Found(heard) => Some(Opinion {
                source,
                verdict: heard.verdict,
                confidence: heard.confidence,
                reasons: heard.reasons.clone(),
            }),
            Said::Nothing => Some(Opinion {
                source,
                verdict: Verdict::Unknown,
                confidence: 0,
                reasons: Vec::new(),
            }),
            Said::Trouble(_) => None,
        }
    }
}

/// An answer on its way into the tables.
#[derive(Clone, Debug)]
pub struct NewAnswer {
    /// The request that asked.
    pub request: RequestId,
    /// What was asked about.
    pub indicator: Arc<Indicator>,
    /// Who was asked.
    pub source: Arc<SourceRef>,
    /// What became of it.
    pub said: Said,
    /// When it was asked.
    pub started: UnixMicros,
    /// How long it took.
    pub took: Duration,
    /// What it did on the network.
    pub trace: Vec<Hop>,
    /// Its canonical bytes; `None` for trouble. They become a fact in the same transaction.
    pub evidence: Option<Evidence>,
}

impl NewAnswer {
    /// What is sealed of it.
    pub fn fact(&self) -> Option<NewFact> {
        self.evidence.as_ref().map(|evidence| NewFact {
            kind: ANSWER,
            sha256: evidence.sha256,
        })
    }
}

/// An answer's canonical bytes, as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvidence {
    /// Their number.
    pub id: EvidenceId,
    /// The answer that they are of.
    pub answer: AnswerId,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The fact that is sealed.
    pub fact: FactId,
}
