//! Wall-clock time in microseconds, and the door through which it comes in.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

/// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMicros(pub i64);

impl UnixMicros {
    /// This time moved forward; saturates at the ends of the range.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        let us = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(us))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// In which direction a clock is off, and by how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skew {
    /// It shows a moment that is still to come.
    Ahead(Duration),
    /// It shows a moment that has passed.
    Behind(Duration),
}

/// For people: `12.345 s ahead`.
impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ahead(by) => write!(f, "{:.3} s ahead", by.as_secs_f64()),
            Self::Behind(by) => write!(f, "{:.3} s behind", by.as_secs_f64()),
        }
    }
}

/// Where the present moment comes from. Tests turn the hands themselves.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> UnixMicros;

    /// How this clock is known to be off, further than can be borne; `None` while nothing is known
    /// against it. Cheap: asked for every timestamp.
    fn skew(&self) -> Option<Skew> {
        None
    }
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system clock"
    )]
    fn now(&self) -> UnixMicros {
        let since = std::time::SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        UnixMicros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
