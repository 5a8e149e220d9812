//! The desk: what sources say about indicators, how it is judged, and the evidence of it.
//!
//! Here are the parts that need nobody else: verdicts and how they are put together, the canonical
//! bytes of an answer, what changed between two answers, and sources that are described instead of
//! programmed. Knows no SQL and no HTTP: a description says what to ask, somebody else asks.

#![forbid(unsafe_code)]

pub mod builtin;
mod catalogue;
pub mod declared;
mod difference;
mod evidence;
pub mod feeds;
mod source;
mod tlp;
pub mod upstream;
mod verdict;

pub use catalogue::{Exposure, SecretPlace, SecretSlot, SourceFile, Window, catalogue};
pub use difference::{Change, difference};
pub use evidence::{Answer, Evidence};
pub use source::{Answered, Call, ProviderId, Source, SourceId, SourceKind, Trouble};
pub use tlp::{Tlp, UnknownTlp};
pub use verdict::{Opinion, Reason, Summary, Verdict};
