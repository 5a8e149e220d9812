//! The desk: what sources say about indicators, how it is judged, and the evidence of it.
//!
//! Some parts need nobody else: verdicts and how they are put together, the canonical bytes of an
//! answer, what changed between two answers, and sources that are described instead of programmed.
//! [`sources`] is the catalogue of this installation, with its [`secrets`] and [`lists`]; [`desk`] asks
//! them, and [`lookups`] is what that leaves behind. Knows no SQL and no HTTP: a description says what
//! to ask, somebody else asks.

#![forbid(unsafe_code)]

pub mod builtin;
mod catalogue;
pub mod declared;
pub mod desk;
mod difference;
mod evidence;
pub mod feeds;
pub mod lists;
pub mod lookups;
pub mod secrets;
mod source;
pub mod sources;
mod tlp;
pub mod upstream;
mod verdict;

pub use catalogue::{Exposure, SecretPlace, SecretSlot, SourceFile, Window, catalogue};
pub use desk::Desk;
pub use difference::{Change, difference};
pub use evidence::{Answer, Evidence};
pub use secrets::Vault;
pub use source::{Answered, Call, ProviderId, Source, SourceId, SourceKind, Trouble};
pub use sources::{Configured, MissingSecret, Registry, Sources};
pub use tlp::{Tlp, UnknownTlp};
pub use verdict::{Opinion, Reason, Summary, Verdict};
