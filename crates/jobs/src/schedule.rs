//! Work that comes again and again: when, and what becomes of a time that was missed.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base::UnixMicros;
use chrono::{DateTime, Utc};
use croner::Cron;

use crate::NewJob;

/// A job that is written again and again.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Its name. Rows carry it: never reuse.
    pub name: &'static str,
    /// When.
    pub rule: Rule,
    /// What becomes of a time at which nothing ran.
    pub misfire: Misfire,
    /// What. Unless it has a unique key, it gets one, so that it is never unfinished twice.
    pub job: NewJob,
}

/// When a schedule is due.
#[derive(Clone, Debug)]
pub struct Rule(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Every(Duration),
    Cron(Box<Cron>),
}

/// What becomes of a time at which no scheduler ran, or none in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfire {
    /// However many were missed, it runs once, as soon as it can.
    RunOnce,
    /// It waits for its next time.
    Skip,
}

/// Why a rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// It is no cron pattern.
    #[error("{pattern:?} is no cron pattern")]
    Pattern {
        /// What was given.
        pattern: String,
        /// Why not.
        source: croner::errors::CronError,
    },
    /// It never comes.
    #[error("{0:?} never comes")]
    Never(String),
}

impl Rule {
    /// Again and again after `period`, counted from 1970, so that every process agrees.
    ///
    /// # Panics
    /// When the period is below a second.
    pub fn every(period: Duration) -> Self {
        assert!(
            period >= Duration::from_secs(1),
            "nothing is due so often: {period:?}"
        );
        Self(Kind::Every(period))
    }

    /// By a cron pattern of five fields (or six, with seconds first), in UTC.
    pub fn cron(pattern: &str) -> Result<Self, RuleError> {
        let cron = Cron::from_str(pattern).map_err(|source| RuleError::Pattern {
            pattern: pattern.to_owned(),
            source,
        })?;
        let rule = Self(Kind::Cron(Box::new(cron)));
        match rule.after(UnixMicros(0)) {
            Some(_) => Ok(rule),
            None => Err(RuleError::Never(pattern.to_owned())),
        }
    }

    /// The first time after `now`; `None` when there is none for thousands of years.
    pub fn after(&self, now: UnixMicros) -> Option<UnixMicros> {
        match &self.0 {
            Kind::Every(period) => {
                let period = i64::try_from(period.as_micros()).unwrap_or(i64::MAX);
                let passed = now.0.div_euclid(period);
                Some(UnixMicros(passed.saturating_add(1).saturating_mul(period)))
            }
            Kind::Cron(cron) => {
                let now = DateTime::<Utc>::from_timestamp_micros(now.0)?;
                let next = cron.find_next_occurrence(&now, false).ok()?;
                Some(UnixMicros(next.timestamp_micros()))
            }
        }
    }
}

/// As it is remembered: another text is another rule, which begins anew.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Every(period) => write!(f, "every {} s", period.as_secs_f64()),
            Kind::Cron(cron) => write!(f, "cron {}", cron.pattern),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-02-27T23:59:59Z, a Friday.
    const FRIDAY: i64 = 1_772_236_799;

    #[test]
    fn rules_say_when_they_are_due_next() {
        let check = |rule: Rule, after_us: i64, expected_s: i64| {
            let next = rule.after(UnixMicros(after_us)).unwrap();
            assert_eq!(next, UnixMicros(expected_s * 1_000_000), "{rule}");
        };
        let every = |s| Rule::every(Duration::from_secs(s));
        check(every(10), 0, 10);
        check(every(10), 9_999_999, 10);
        check(every(10), 10_000_000, 20);
        check(every(10), -1, 0);
        let cron = |pattern| Rule::cron(pattern).unwrap();
        let midnight = FRIDAY + 1;
        check(cron("0 0 * * *"), FRIDAY * 1_000_000, midnight);
        check(cron("0 0 * * *"), midnight * 1_000_000, midnight + 86_400);
        check(cron("30 3 * * *"), FRIDAY * 1_000_000, midnight + 12_600);
        // Monday the 2nd of March.
        check(cron("0 0 * * 1"), FRIDAY * 1_000_000, midnight + 2 * 86_400);
        // The next leap day.
        check(cron("0 0 29 2 *"), FRIDAY * 1_000_000, 1_835_395_200);
    }

    #[test]
    fn rules_that_cannot_be_meant_are_refused() {
        for pattern in ["", "every day", "61 * * * *", "0 0 31 2 *"] {
            assert!(Rule::cron(pattern).is_err(), "{pattern:?}");
        }
    }
}
