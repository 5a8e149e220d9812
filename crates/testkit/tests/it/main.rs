//! All integration tests, as one program: one link, one run.

#![allow(
    clippy::unwrap_used,
    reason = "this is test code: what cannot be had is a failed test"
)]

mod contract;
mod postgres;
mod stamp;
