//! What the process tells about its work: lines on standard error, traces to a collector, errors to
//! a tracker.

mod errors;
mod scrub;
mod spans;

use std::io::IsTerminal as _;

use opentelemetry_sdk::trace::SdkTracerProvider;
use sentry::ClientInitGuard;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{Config, TraceFormat};

/// Libraries that tell more than an operator wants to know, and their least level.
const QUIET: &str = "sqlx=warn,hyper=warn,h2=warn,rustls=warn,opentelemetry_sdk=warn";

/// What has to be told before the process ends.
pub(crate) struct Telling {
    traces: Option<SdkTracerProvider>,
    errors: Option<ClientInitGuard>,
}

/// Starts to tell, on the runtime that calls this. Later calls tell nothing more.
pub(crate) fn start(config: &Config) -> anyhow::Result<Telling> {
    let traces = spans::provider(&config.trace)?;
    let errors = errors::client(&config.sentry)?;
    if traces.is_none() && errors.is_none() {
        // Every further layer would ask each span whether it wants it.
        start_lines(config.trace.format, &config.trace.level);
    } else {
        let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> =
            vec![lines(config.trace.format, &config.trace.level)];
        layers.extend(traces.as_ref().map(spans::layer));
        layers.extend(errors.as_ref().map(|_| errors::layer()));
        let _ = tracing_subscriber::registry().with(layers).try_init();
    }
    Ok(Telling { traces, errors })
}

impl Telling {
    /// Hands over what has not been told yet; takes a few seconds at most. Blocks, so not on a
    /// thread of the runtime, which must still run.
    pub(crate) fn finish(self) {
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown()
        {
            tracing::warn!(%error, "the last traces may be lost");
        }
        // Dropping it waits until what was handed in is gone.
        drop(self.errors);
    }
}

/// Starts to tell by lines only.
pub(crate) fn start_lines(format: TraceFormat, level: &str) {
    let _ = tracing_subscriber::registry()
        .with(lines(format, level))
        .try_init();
}

/// Lines on standard error.
fn lines(format: TraceFormat, level: &str) -> Box<dyn Layer<Registry> + Send + Sync> {
    // The level was checked with the settings. It may name these libraries too, and then wins.
    let filter = EnvFilter::new(format!("{QUIET},{level}"));
    let told = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        TraceFormat::Pretty => told
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .compact()
            .with_filter(filter)
            .boxed(),
        TraceFormat::Json => told.json().flatten_event(true).with_filter(filter).boxed(),
    }
}
