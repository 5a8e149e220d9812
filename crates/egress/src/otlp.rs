//! Traces to a collector: OTLP over gRPC, in the clear or by TLS.
//!
//! Knows nothing of what is traced: it makes the exporter that the tracing library drives.

use std::time::Duration;

use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig};
use opentelemetry_otlp::{
    ExporterBuildError, SpanExporter, WithExportConfig as _, WithTonicConfig as _,
};

/// Longest time for one parcel of spans.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Where traces go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// `http://host:port` or `https://host:port`.
    pub url: String,
    /// Certificates (PEM) of those who may vouch for it, instead of the public ones.
    pub ca_pem: Option<Vec<u8>>,
}

/// Why no way to a collector could be set up.
#[derive(Debug, thiserror::Error)]
#[error("no way to the collector could be set up")]
pub struct CollectorError(#[source] ExporterBuildError);

/// A way to the collector, which is connected to when the first spans go out. Call it on a Tokio
/// runtime, which must outlive it.
pub fn exporter(collector: &Collector) -> Result<SpanExporter, CollectorError> {
    // An error means that a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(collector.url.clone())
        .with_timeout(TIME_MAX);
    let exporter = if collector.url.starts_with("https://") {
        let tls = match &collector.ca_pem {
            Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
            None => ClientTlsConfig::new().with_webpki_roots(),
        };
        exporter.with_tls_config(tls)
    } else {
        exporter
    };
    exporter.build().map_err(CollectorError)
}
