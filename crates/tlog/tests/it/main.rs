//! The log against the world: vectors that others made, and implementations that others wrote.

#![expect(
    clippy::unwrap_used,
    reason = "what unwraps to nothing is a failed test"
)]

mod golden;
mod oracle;
mod small_log;
