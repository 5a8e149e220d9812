//! What the process tells about its work, on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Trace, TraceFormat};

/// Starts to tell. Later calls change nothing.
pub(crate) fn start(trace: &Trace) {
    // The level was checked with the settings.
    let filter = EnvFilter::new(&trace.level);
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
