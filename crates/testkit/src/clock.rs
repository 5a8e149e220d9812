//! A clock whose hands the test turns.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base::{Clock, UnixMicros};

/// Stands still until told otherwise.
#[derive(Debug)]
pub struct SimClock {
    now_us: AtomicI64,
}

impl SimClock {
    /// 2026-01-01T00:00:00Z.
    pub const START: UnixMicros = UnixMicros(1_767_225_600_000_000);

    /// A clock that shows `now`.
    pub fn at(now: UnixMicros) -> Self {
        Self {
            now_us: AtomicI64::new(now.0),
        }
    }

    /// Moves the hands forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }

    /// Moves the hands anywhere, back too.
    pub fn set(&self, now: UnixMicros) {
        self.now_us.store(now.0, Ordering::SeqCst);
    }
}

impl Default for SimClock {
    fn default() -> Self {
        Self::at(Self::START)
    }
}

impl Clock for SimClock {
    fn now(&self) -> UnixMicros {
        UnixMicros(self.now_us.load(Ordering::SeqCst))
    }
}
