//! Traces: our spans to a collector, and their context in the headers of requests.

use std::collections::HashMap;

use anyhow::Context as _;
use base::trace::{Propagation, TraceContext, propagate_by};
use egress::otlp::{Collector, exporter};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry::{KeyValue, global};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer, Registry};

use crate::config::Trace;

/// Whose spans are exported. The exporter's own libraries are not among them: their spans would
/// be exported by further spans, for ever.
const OURS: [&str; 12] = [
    "accounts",
    "base",
    "egress",
    "facts",
    "indelible",
    "jobs",
    "notify",
    "stamp",
    "store_postgres",
    "store_sqlite",
    "tsa",
    "web",
];

/// Takes spans to the collector that the settings name; `None` where none is named.
pub(super) fn provider(trace: &Trace) -> anyhow::Result<Option<SdkTracerProvider>> {
    let Some(url) = &trace.otlp_url else {
        return Ok(None);
    };
    let ca_pem = match &trace.otlp_ca_file {
        Some(path) => Some(
            std::fs::read(path)
                .with_context(|| format!("[tracing] otlp_ca_file: {}", path.display()))?,
        ),
        None => None,
    };
    let exporter = exporter(&Collector {
        url: url.as_str().trim_end_matches('/').to_owned(),
        ca_pem,
    });
    let exporter = exporter.context("[tracing] otlp_url")?;
    let machine = rustix::system::uname();
    let machine = machine.nodename().to_string_lossy();
    let instance = format!("{machine}/{}", std::process::id());
    let about = [
        KeyValue::new("service.name", trace.service.clone()),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", instance),
    ];
    // Whoever began a trace has decided whether it is kept.
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(trace.sample_ratio)));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(Resource::builder_empty().with_attributes(about).build())
        .build();
    global::set_tracer_provider(provider.clone());
    propagate_by(Headers(TraceContextPropagator::new()));
    Ok(Some(provider))
}

/// Makes our spans the collector's.
pub(super) fn layer(provider: &SdkTracerProvider) -> Box<dyn Layer<Registry> + Send + Sync> {
    let ours = OURS.map(|target| (target, LevelFilter::DEBUG));
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("indelible"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(Targets::new().with_targets(ours))
        .boxed()
}

/// W3C Trace Context.
struct Headers(TraceContextPropagator);

impl Propagation for Headers {
    fn adopt(&self, span: &tracing::Span, context: &TraceContext) {
        let carrier: HashMap<String, String> = [
            ("traceparent".to_owned(), context.traceparent.clone()),
            ("tracestate".to_owned(), context.tracestate.clone()),
        ]
        .into();
        let parent = self.0.extract(&carrier);
        if parent.span().span_context().is_valid() {
            // An error means that the span is not exported, so nobody misses its parent.
            let _ = span.set_parent(parent);
        }
    }

    fn context(&self, span: &tracing::Span) -> Option<TraceContext> {
        let mut carrier = HashMap::new();
        self.0.inject_context(&span.context(), &mut carrier);
        Some(TraceContext {
            traceparent: carrier.remove("traceparent")?,
            tracestate: carrier.remove("tracestate").unwrap_or_default(),
        })
    }
}
