//! Watching a server run: figures, traces, health.

mod metrics;
mod traces;
