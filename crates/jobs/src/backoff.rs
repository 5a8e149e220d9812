//! How long after a failure comes the next attempt.

use std::time::Duration;

use base::Entropy;

/// After the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// However often it has failed.
const LONGEST: Duration = Duration::from_hours(1);

/// The wait after so many failures: it doubles each time up to an hour, and a random half of it is
/// left out, so that what failed together does not come back together.
pub(crate) fn backoff(failures: u32, entropy: &dyn Entropy) -> Duration {
    let doubled = 1u32
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u32::MAX);
    let whole = FIRST.saturating_mul(doubled).min(LONGEST);
    let half_us = u64::try_from(whole.as_micros() / 2).unwrap_or(u64::MAX);
    let left = entropy.u64() % (half_us + 1);
    whole.saturating_sub(Duration::from_micros(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u64);

    impl Entropy for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.to_le_bytes()[..bytes.len()]);
        }
    }

    #[test]
    fn waits_double_to_an_hour_and_are_spread_over_half_of_it() {
        let check = |failures, longest_s: u64| {
            let longest = Duration::from_secs(longest_s);
            assert_eq!(backoff(failures, &Always(0)), longest);
            let half_us = longest_s * 500_000;
            assert_eq!(backoff(failures, &Always(half_us)), longest / 2);
            let any = backoff(failures, &Always(0x9e37_79b9_7f4a_7c15));
            assert!((longest / 2..=longest).contains(&any), "{any:?}");
        };
        check(0, 1);
        check(1, 1);
        check(2, 2);
        check(5, 16);
        check(12, 2048);
        check(13, 3600);
        check(32, 3600);
        check(33, 3600);
        check(u32::MAX, 3600);
    }
}
