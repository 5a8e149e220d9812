//! What the process tells about its work, on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Trace, TraceFormat};

/// Libraries that tell more than an operator wants to know, and their least level.
const QUIET: &str = "sqlx=warn,hyper=warn,h2=warn,rustls=warn";

/// Starts to tell. Later calls change nothing.
pub(crate) fn start(trace: &Trace) {
    // The level was checked with the settings. It may name these libraries too, and then wins.
    let filter = EnvFilter::new(format!("{QUIET},{}", trace.level));
    let told = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let _ = match trace.format {
        TraceFormat::Pretty => told
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .compact()
            .try_init(),
        TraceFormat::Json => told.json().flatten_event(true).try_init(),
    };
}
