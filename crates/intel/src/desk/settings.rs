//! Limits of the desk.

use std::time::Duration;

/// How much goes on at once, and how long anything may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Lookups that run at once and wait for somebody; more are refused.
    pub lookups_max: usize,
    /// Questions to sources that are under way at once.
    pub at_once_max: usize,
    /// The same for one source: what one that hangs can cost the others.
    pub per_source_max: usize,
    /// How long a lookup waits for a quota before it does without that source.
    pub patience: Duration,
    /// How long a lookup may take as a whole.
    pub lookup_time_max: Duration,
    /// How long an item of a bulk waits for a quota.
    pub bulk_patience: Duration,
    /// Items of one bulk that are looked up at once.
    pub bulk_at_once: usize,
    /// How long counters are gathered before they are written.
    pub flush: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lookups_max: 4096,
            at_once_max: 1024,
            per_source_max: 32,
            patience: Duration::from_secs(30),
            lookup_time_max: Duration::from_secs(150),
            bulk_patience: Duration::from_mins(20),
            bulk_at_once: 16,
            flush: Duration::from_secs(2),
        }
    }
}
