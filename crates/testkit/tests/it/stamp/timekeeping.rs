//! What a clock that is known to be off stops, and that all of it goes on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base::Skew;
use stamp::timekeeping::{CheckedClock, NoReading, Reading, TimeSource, Timekeeper, Verdict};
use stamp::{ClockOff, Notary, SealError, Sealer, Submission, SubmitError};
use testkit::{Database, Dialect, SeededEntropy};
use tlog::v1::Data;

use super::log::{Log, signer};

/// A time server that says this many seconds.
struct Says(AtomicI64);

#[async_trait]
impl TimeSource for Says {
    fn name(&self) -> String {
        "time.example".into()
    }

    async fn ask(&self) -> Result<Reading, NoReading> {
        Ok(Reading {
            offset_us: self.0.load(Ordering::SeqCst) * 1_000_000,
            error: Duration::from_millis(1),
        })
    }
}

// An interval sealed by a clock that is ahead would hold every later one in the future.
#[tokio::test]
async fn neither_notary_nor_sealer_works_by_a_wrong_clock() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let clock = CheckedClock::new(Arc::clone(&log.clock) as _);
    let server = Arc::new(Says(AtomicI64::new(0)));
    let sources = vec![Arc::clone(&server) as Arc<dyn TimeSource>];
    let tolerance = log.settings.clock_tolerance;
    let bus = Arc::clone(&log.bus);
    let mut keeper = Timekeeper::new(Arc::clone(&clock), bus, sources, tolerance);
    let bus = Arc::clone(&log.bus);
    let store = Arc::clone(&log.store);
    let mut sealer = Sealer::new(store, bus, Arc::clone(&clock) as _, signer(), &log.settings);
    let notary = Notary::start(
        Arc::clone(&log.store),
        Arc::clone(&log.follower),
        clock,
        Arc::new(SeededEntropy::new(5)),
        &log.settings,
    );
    let submission = Submission {
        data: Data::Text("x"),
        tag: None,
    };
    for (offset_s, skew) in [
        (-600, Skew::Ahead(Duration::from_mins(10))),
        (600, Skew::Behind(Duration::from_mins(10))),
    ] {
        server.0.store(0, Ordering::SeqCst);
        assert_eq!(keeper.check().await, Verdict::Right);
        notary.submit(submission).await.unwrap();
        server.0.store(offset_s, Ordering::SeqCst);
        assert_eq!(keeper.check().await, Verdict::Off(skew));
        let refused = notary.submit(submission).await.unwrap_err();
        let measured =
            matches!(refused, SubmitError::ClockOff(ClockOff::Measured(it)) if it == skew);
        assert!(measured, "{refused}");
        log.clock.advance(Duration::from_secs(1));
        let refused = sealer.seal_once().await.unwrap_err();
        assert!(matches!(refused, SealError::ClockOff(it) if it == skew));
        server.0.store(0, Ordering::SeqCst);
        keeper.check().await;
        let interval = sealer.seal_once().await.unwrap().unwrap();
        assert_eq!(
            interval.count, 1,
            "what was accepted before is sealed after"
        );
    }
}
