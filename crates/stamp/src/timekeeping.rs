//! Whether the machine's clock is right, as time servers see it.
//!
//! A clock that runs ahead is not to be noticed from within: every interval sealed under it would be
//! dated in the future. So, where an operator names time servers, they are asked, and while a
//! majority of them says that the clock is off nothing is stamped and nothing is sealed. The network
//! is behind a door: this decides what is believed, not how it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base::{Bus, Clock, Event, Skew, Unavailable, UnixMicros};
use bytes::Bytes;
use tokio::time::Instant;

use crate::ALERT_TOPIC;

/// For how long a server is left alone that asked for it (RFC 5905 §7.4, `RATE`).
const LEFT_ALONE: Duration = Duration::from_hours(1);

/// What a time server says of our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Its time minus ours, in microseconds.
    pub offset_us: i64,
    /// How far that may be from the truth.
    pub error: Duration,
}

/// Why a time server gave no reading.
#[derive(Debug, thiserror::Error)]
pub enum NoReading {
    /// Nothing came that can be believed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It does not want to be asked so often.
    #[error("it asks to be asked less often ({0})")]
    TooOften(String),
    /// It does not want to be asked at all.
    #[error("it refuses to be asked ({0})")]
    Refused(String),
}

/// The way to a time server.
#[async_trait]
pub trait TimeSource: Send + Sync {
    /// Its name, for the log file.
    fn name(&self) -> String;

    /// Asks once, within a few seconds.
    async fn ask(&self) -> Result<Reading, NoReading>;
}

/// What the servers together say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A majority says that the clock is within the tolerance.
    Right,
    /// A majority says that it is off in this direction; by how much is their median.
    Off(Skew),
    /// Too few answered, or they contradict each other.
    Unknown,
}

/// What `readings` say together, of `servers` that were to be asked. A majority is one of all that
/// are named, not of those that answered: who silences the others must not win. A server whose own
/// error leaves open what it says has no vote.
pub fn verdict(readings: &[Reading], servers: usize, tolerance: Duration) -> Verdict {
    let tolerance_us = i64::try_from(tolerance.as_micros()).unwrap_or(i64::MAX);
    let (mut right, mut ahead, mut behind) = (0, Vec::new(), Vec::new());
    for reading in readings {
        let off_us = reading.offset_us.saturating_abs();
        let error_us = i64::try_from(reading.error.as_micros()).unwrap_or(i64::MAX);
        if off_us <= tolerance_us {
            right += 1;
        } else if off_us.saturating_sub(error_us) > tolerance_us {
            let side = if reading.offset_us < 0 {
                &mut ahead
            } else {
                &mut behind
            };
            side.push(Duration::from_micros(off_us.unsigned_abs()));
        }
    }
    let majority = servers / 2 + 1;
    let median = |mut votes: Vec<Duration>| {
        votes.sort_unstable();
        votes[votes.len() / 2]
    };
    if right >= majority {
        Verdict::Right
    } else if ahead.len() >= majority {
        Verdict::Off(Skew::Ahead(median(ahead)))
    } else if behind.len() >= majority {
        Verdict::Off(Skew::Behind(median(behind)))
    } else {
        Verdict::Unknown
    }
}

/// A clock that knows what time servers said of it last.
pub struct CheckedClock {
    clock: Arc<dyn Clock>,
    /// How far it is ahead, in microseconds, negative when it is behind; 0 while nothing is known
    /// against it.
    ahead_us: AtomicI64,
}

impl CheckedClock {
    /// Nothing is known against `clock` yet.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            ahead_us: AtomicI64::new(0),
        })
    }

    fn judge(&self, skew: Option<Skew>) {
        let us = |by: Duration| i64::try_from(by.as_micros()).unwrap_or(i64::MAX).max(1);
        let ahead_us = match skew {
            None => 0,
            Some(Skew::Ahead(by)) => us(by),
            Some(Skew::Behind(by)) => -us(by),
        };
        self.ahead_us.store(ahead_us, Ordering::Release);
    }
}

impl Clock for CheckedClock {
    fn now(&self) -> UnixMicros {
        self.clock.now()
    }

    fn skew(&self) -> Option<Skew> {
        let ahead_us = self.ahead_us.load(Ordering::Acquire);
        let by = Duration::from_micros(ahead_us.unsigned_abs());
        match ahead_us {
            0 => None,
            1.. => Some(Skew::Ahead(by)),
            _ => Some(Skew::Behind(by)),
        }
    }
}

/// Asks the time servers and tells the clock what they say. One per process.
pub struct Timekeeper {
    clock: Arc<CheckedClock>,
    bus: Arc<dyn Bus>,
    sources: Vec<Source>,
    tolerance: Duration,
}

struct Source {
    way: Arc<dyn TimeSource>,
    /// Not to be asked before this moment; for ever where it refused.
    left_alone: LeftAlone,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LeftAlone {
    No,
    Until(Instant),
    ForEver,
}

impl Timekeeper {
    /// Will ask `sources` about `clock`; more than `tolerance` is too much.
    pub fn new(
        clock: Arc<CheckedClock>,
        bus: Arc<dyn Bus>,
        sources: Vec<Arc<dyn TimeSource>>,
        tolerance: Duration,
    ) -> Self {
        let source = |way| Source {
            way,
            left_alone: LeftAlone::No,
        };
        Self {
            clock,
            bus,
            sources: sources.into_iter().map(source).collect(),
            tolerance,
        }
    }

    /// Checks every `every`, until `stop`.
    pub async fn run(mut self, every: Duration, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        loop {
            let checking = async {
                tokio::time::sleep(every).await;
                self.check().await;
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = checking => {}
            }
        }
    }

    /// Asks all servers at once, and tells the clock what a majority says. Where there is none, what
    /// was known before stands: a clock that was off is not right because nobody answers.
    pub async fn check(&mut self) -> Verdict {
        let asking = self.sources.iter_mut().map(Source::ask);
        let answers = futures_util::future::join_all(asking).await;
        let readings: Vec<Reading> = answers.into_iter().flatten().collect();
        let verdict = verdict(&readings, self.sources.len(), self.tolerance);
        let known = self.clock.skew();
        match verdict {
            Verdict::Right => {
                self.clock.judge(None);
                if known.is_some() {
                    tracing::info!("the clock is right again: stamping goes on");
                }
            }
            Verdict::Off(skew) => {
                self.clock.judge(Some(skew));
                if known.is_none() {
                    self.alert(skew).await;
                }
            }
            Verdict::Unknown => tracing::warn!(
                answered = readings.len(),
                named = self.sources.len(),
                "no majority of the time servers says how the clock is"
            ),
        }
        verdict
    }

    async fn alert(&self, skew: Skew) {
        tracing::error!(%skew, "the clock is off: nothing is stamped");
        let alert = Event {
            topic: ALERT_TOPIC,
            payload: Bytes::from(format!(
                "nothing is stamped: time servers say that the clock is {skew}"
            )),
        };
        if let Err(error) = self.bus.publish(alert).await {
            tracing::warn!(%error, "the alert may not have been heard");
        }
    }
}

impl Source {
    async fn ask(&mut self) -> Option<Reading> {
        match self.left_alone {
            LeftAlone::ForEver => return None,
            LeftAlone::Until(moment) if Instant::now() < moment => return None,
            _ => {}
        }
        let error = match self.way.ask().await {
            Ok(reading) => return Some(reading),
            Err(error) => error,
        };
        tracing::warn!(server = self.way.name(), %error, "no time");
        self.left_alone = match error {
            NoReading::Unavailable(_) => LeftAlone::No,
            NoReading::TooOften(_) => LeftAlone::Until(Instant::now() + LEFT_ALONE),
            NoReading::Refused(_) => LeftAlone::ForEver,
        };
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use base::InProcessBus;
    use futures_util::{FutureExt as _, StreamExt as _};
    use parking_lot::Mutex;

    use super::*;

    const TOLERANCE: Duration = Duration::from_secs(5);

    fn reading(offset_ms: i64, error_ms: u64) -> Reading {
        Reading {
            offset_us: offset_ms * 1000,
            error: Duration::from_millis(error_ms),
        }
    }

    fn ahead(ms: u64) -> Verdict {
        Verdict::Off(Skew::Ahead(Duration::from_millis(ms)))
    }

    fn behind(ms: u64) -> Verdict {
        Verdict::Off(Skew::Behind(Duration::from_millis(ms)))
    }

    // One server that lies, or that an attacker speaks for, must neither stop a log whose clock is
    // right nor let one go on whose clock is wrong.
    #[test]
    fn a_majority_of_all_that_are_named_decides() {
        let check = |readings: &[(i64, u64)], servers: usize, expected: Verdict| {
            let read: Vec<Reading> = readings.iter().map(|(at, by)| reading(*at, *by)).collect();
            let got = verdict(&read, servers, TOLERANCE);
            assert_eq!(got, expected, "{readings:?} of {servers}");
        };
        check(&[], 1, Verdict::Unknown);
        check(&[(0, 0)], 1, Verdict::Right);
        check(&[(5000, 0)], 1, Verdict::Right);
        check(&[(-5001, 0)], 1, ahead(5001));
        check(&[(5001, 0)], 1, behind(5001));
        // One lies against two.
        check(&[(3_600_000, 1), (2, 1), (-3, 1)], 3, Verdict::Right);
        check(&[(0, 1), (-9000, 1), (-9004, 1)], 3, ahead(9004));
        // One speaks while the others are silent.
        check(&[(3_600_000, 1)], 3, Verdict::Unknown);
        check(&[(0, 1)], 3, Verdict::Unknown);
        check(&[(0, 1)], 2, Verdict::Unknown);
        check(&[(9000, 1), (9001, 1)], 3, behind(9001));
        // Two that contradict each other.
        check(&[(9000, 1), (-9000, 1), (0, 1)], 3, Verdict::Unknown);
        // A reading that may be wrong by more than it says.
        check(&[(-9000, 4000)], 1, Verdict::Unknown);
        check(&[(-9000, 3999)], 1, ahead(9000));
        check(
            &[(i64::MIN / 1000, 0)],
            1,
            ahead(i64::MAX.unsigned_abs() / 1000),
        );
    }

    struct Scripted(Mutex<VecDeque<Result<Reading, NoReading>>>);

    #[async_trait]
    impl TimeSource for Scripted {
        fn name(&self) -> String {
            "scripted".into()
        }

        async fn ask(&self) -> Result<Reading, NoReading> {
            self.0.lock().pop_front().expect("asked too often")
        }
    }

    fn keeper(answers: Vec<Result<Reading, NoReading>>) -> (Timekeeper, Arc<InProcessBus>) {
        let bus = Arc::new(InProcessBus::default());
        let source = Arc::new(Scripted(Mutex::new(answers.into())));
        let clock = CheckedClock::new(Arc::new(base::SystemClock));
        let keeper = Timekeeper::new(clock, Arc::clone(&bus) as _, vec![source], TOLERANCE);
        (keeper, bus)
    }

    #[tokio::test]
    async fn what_is_known_stands_until_a_majority_says_otherwise() {
        let silent = || Err(Unavailable::new("the time server", "silence").into());
        let (mut keeper, bus) = keeper(vec![
            silent(),
            Ok(reading(-60_000, 1)),
            silent(),
            Ok(reading(-61_000, 1)),
            Ok(reading(-1, 1)),
            silent(),
        ]);
        let mut alerts = bus.subscribe();
        let mut check = async |expected: Verdict, known: Option<Skew>| {
            assert_eq!(keeper.check().await, expected);
            assert_eq!(keeper.clock.skew(), known);
        };
        let skew = |ms| Some(Skew::Ahead(Duration::from_millis(ms)));
        check(Verdict::Unknown, None).await;
        check(ahead(60_000), skew(60_000)).await;
        check(Verdict::Unknown, skew(60_000)).await;
        check(ahead(61_000), skew(61_000)).await;
        check(Verdict::Right, None).await;
        check(Verdict::Unknown, None).await;
        let alert = alerts.next().now_or_never().flatten().unwrap();
        assert_eq!(alert.topic, ALERT_TOPIC);
        assert_eq!(
            alert.payload,
            "nothing is stamped: time servers say that the clock is 60.000 s ahead"
        );
        assert_eq!(alerts.next().now_or_never(), None, "told once");
    }

    #[tokio::test]
    async fn a_server_that_wants_to_be_left_alone_is() {
        for no in [
            NoReading::TooOften("RATE".into()),
            NoReading::Refused("DENY".into()),
        ] {
            let (mut keeper, _bus) = keeper(vec![Ok(reading(0, 1)), Err(no)]);
            assert_eq!(keeper.check().await, Verdict::Right);
            for _ in 0..3 {
                assert_eq!(keeper.check().await, Verdict::Unknown);
            }
        }
    }
}
