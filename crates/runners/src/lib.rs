//! The contract with runners (`proto/`), and both ends of it: [`Client`] for the server that wants
//! code run, [`serve`] for the runner that runs it. The only room that speaks gRPC.
//!
//! A runner is an [`Engine`]: something that runs code in jail. What the code says while it runs,
//! and the HTTP that it asks for, goes to an [`Outside`], on the other end of the wire. Both ends
//! have the same two words, so that an engine which is linked into the server needs no wire.
//!
//! Knows no language, no jail, no store, and opens no connection but those to runners.

#![forbid(unsafe_code)]

mod address;
mod call;
mod client;
mod engine;
mod line;
mod serve;
mod v1;
mod v2;
mod wire;

pub use address::{Address, BadAddress};
pub use call::{
    Call, Code, Description, Failure, FailureKind, Finished, Level, Limits, LogLine, Preparation,
    Problem, Usage, Work,
};
pub use client::{Client, Unanswered};
pub use engine::{Engine, HttpAnswer, HttpRequest, Outside, Refused};
pub use serve::{Listener, ServeError, serve};
pub use wire::BadMessage;

/// What the contract's files say, as Rust.
pub mod proto {
    #![allow(
        missing_docs,
        clippy::pedantic,
        clippy::allow_attributes_without_reason,
        reason = "generated; the words are in `proto/`"
    )]

    /// Version 1, that of the third seed.
    pub mod v1 {
        tonic::include_proto!("runner");
    }

    /// Version 2.
    pub mod v2 {
        tonic::include_proto!("runner.v2");
    }
}

/// Largest message, in bytes, that either end takes.
pub const MESSAGE_BYTES_MAX: usize = 32 << 20;
