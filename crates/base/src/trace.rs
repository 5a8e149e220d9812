//! Where work belongs that goes on in several processes: W3C Trace Context in and out.
//!
//! The rooms that speak HTTP hand the headers in and out; who exports traces says how they are read
//! and written, once, at the start. While nobody exports any, both cost one look at a cell.

use std::sync::OnceLock;

use tracing::Span;

/// The headers of W3C Trace Context, as they travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// `traceparent`: version, trace, parent, flags.
    pub traceparent: String,
    /// `tracestate`: what vendors add; may be empty.
    pub tracestate: String,
}

/// How a context becomes the parent of a span, and a span the parent of others.
pub trait Propagation: Send + Sync {
    /// Makes `span` a child of what the headers name. Headers that name nothing are ignored.
    fn adopt(&self, span: &Span, context: &TraceContext);

    /// The headers that name `span`; `None` when it is not part of a trace.
    fn context(&self, span: &Span) -> Option<TraceContext>;
}

static PROPAGATION: OnceLock<Box<dyn Propagation>> = OnceLock::new();

/// Sets how contexts are read and written; `false` when that was set before.
pub fn propagate_by(propagation: impl Propagation + 'static) -> bool {
    PROPAGATION.set(Box::new(propagation)).is_ok()
}

/// Whether anybody wants contexts.
pub fn is_propagated() -> bool {
    PROPAGATION.get().is_some()
}

/// Makes `span` a child of what the headers name, if traces are exported.
pub fn adopt(span: &Span, context: &TraceContext) {
    if let Some(propagation) = PROPAGATION.get() {
        propagation.adopt(span, context);
    }
}

/// The headers that name `span`; `None` when no traces are exported, or it is not part of one.
pub fn context_of(span: &Span) -> Option<TraceContext> {
    PROPAGATION.get()?.context(span)
}
