//! Facts of every room, put into the log: a digest in, a proof back.
//!
//! A fact is written together with a job that stamps its SHA-256, in one transaction. Knows neither
//! what the fact says nor who asks.

#![forbid(unsafe_code)]

mod words;

pub use words::{FactId, FactKind, NewFact};
