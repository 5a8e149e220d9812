//! All integration tests, as one program: one link, one run.

#![allow(
    clippy::float_cmp,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this is test code: what cannot be had is a failed test, and what is done is said"
)]

mod accounts;
mod catalogue;
mod cli;
mod contract;
mod desk;
mod extract;
mod jobs;
mod notices;
mod postgres;
mod pulls;
mod real;
mod scan;
mod stamp;
mod watching;
