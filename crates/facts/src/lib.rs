//! Facts of every room, put into the log: a digest in, a proof back.
//!
//! A fact is written together with a job that stamps its SHA-256, in one transaction. Knows neither
//! what the fact says nor who asks.

#![forbid(unsafe_code)]

mod facts;
pub mod fsck;
mod job;
mod store;
mod words;

pub use facts::{Badge, BadgeState, FactProof, Facts};
pub use job::StampFact;
pub use store::{Stamped, Store};
pub use words::{Fact, FactId, FactKind, NewFact, Place};
