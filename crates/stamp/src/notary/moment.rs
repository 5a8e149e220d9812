//! Which time a timestamp gets, and when it gets none.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base::{Clock, UnixMicros};

use super::ClockOff;

/// Gives moments that never run back within this process.
pub(super) struct Moments {
    clock: Arc<dyn Clock>,
    tolerance: Duration,
    last_us: AtomicI64,
}

impl Moments {
    pub(super) fn new(clock: Arc<dyn Clock>, tolerance: Duration) -> Self {
        Self {
            clock,
            tolerance,
            last_us: AtomicI64::new(i64::MIN),
        }
    }

    /// The present moment, but not before `sealed` nor before any moment given already. `Err` when
    /// the clock is known to be off, or stands behind them by more than the tolerance: then it is
    /// wrong now, or it was when they were given, and no timestamp may be issued.
    pub(super) fn next(&self, sealed: UnixMicros) -> Result<UnixMicros, ClockOff> {
        if let Some(skew) = self.clock.skew() {
            return Err(ClockOff::Measured(skew));
        }
        let now = self.clock.now();
        let last = self.last_us.load(Ordering::Relaxed);
        let floor = sealed.max(UnixMicros(last));
        let behind = floor.since(now);
        if behind > self.tolerance {
            return Err(ClockOff::BehindTheLog(behind));
        }
        let moment = floor.max(now);
        let before = self.last_us.fetch_max(moment.0, Ordering::Relaxed);
        Ok(UnixMicros(moment.0.max(before)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use super::*;

    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> UnixMicros {
            UnixMicros(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn time_never_runs_back_and_a_wrong_clock_gives_none() {
        let hands = Arc::new(Hands(AtomicI64::new(0)));
        let clock: Arc<dyn Clock> = Arc::clone(&hands) as _;
        let moments = Moments::new(clock, Duration::from_micros(100));
        let check = |now: i64, sealed: i64, expected: Result<i64, u64>| {
            hands.0.store(now, Ordering::Relaxed);
            let got = moments.next(UnixMicros(sealed));
            let expected = expected.map(UnixMicros);
            let expected =
                expected.map_err(|behind| ClockOff::BehindTheLog(Duration::from_micros(behind)));
            assert_eq!(got, expected, "now {now}, sealed {sealed}");
        };
        check(1_000, 0, Ok(1_000));
        check(990, 0, Ok(1_000));
        check(900, 0, Ok(1_000));
        check(899, 0, Err(101));
        check(1_001, 1_050, Ok(1_050));
        check(1_001, 1_200, Err(199));
        check(1_060, 1_050, Ok(1_060));
    }
}
