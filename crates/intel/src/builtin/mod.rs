//! Sources written in Rust, that come with the product: those whose upstream speaks no HTTP, whose
//! answer takes several requests, or whose index is here.

mod feed;
mod names;
mod origins;
mod scan;
mod shipped;

use std::sync::Arc;
use std::time::Duration;

use crate::feeds;
use crate::source::{Source, Trouble};
use crate::upstream::{Reply, UpstreamError};

pub use shipped::all;

/// Questions to the DNS.
const DNS: &str = "dns";
/// Origins of addresses, by Team Cymru.
const ORIGINS: &str = "asn-cymru";
/// Scans of urlscan.
const SCANS: &str = "urlscan-submit";

/// The source of this slug; `None` when there is none, or when it is a feed's and there are no feeds
/// here.
pub fn make(slug: &str, feeds: Option<&Arc<dyn feeds::Store>>) -> Option<Arc<dyn Source>> {
    Some(match slug {
        DNS => Arc::new(names::Names),
        ORIGINS => Arc::new(origins::Origins),
        SCANS => Arc::new(scan::Scans::default()),
        _ => {
            let is_shipped = feeds::shipped().iter().any(|feed| feed.slug == slug);
            if !is_shipped && slug != feeds::OWN {
                return None;
            }
            Arc::new(feed::Listed::new(slug, Arc::clone(feeds?)))
        }
    })
}

/// urlscan's scans with other times between requests, for tests that have none to lose.
pub fn scans(first: Duration, every: Duration) -> Arc<dyn Source> {
    Arc::new(scan::Scans { first, every })
}

/// What a call that brought nothing means for the source that made it.
fn trouble_of(error: &UpstreamError) -> Trouble {
    error.why.clone().into()
}

/// When it is worth asking again, in seconds, if they say it so (RFC 9110 §10.2.3).
fn retry_after(reply: &Reply) -> Option<u64> {
    reply.header("retry-after")?.trim().parse().ok()
}
