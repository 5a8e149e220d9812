//! Rate limits: token buckets per address, sharded, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static LIMIT: HeaderName = HeaderName::from_static("ratelimit");

const SHARDS: usize = 64;
/// Most addresses remembered per shard: 64 × 4,096 addresses in about 16 MB.
const ADDRESSES_PER_SHARD_MAX: usize = 4096;
/// A full shard looks for buckets that have filled up again at most this often.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub per_s: u32,
    pub burst: u32,
}

/// What is left after a request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Whole tokens left.
    pub remaining: u32,
    /// Until the bucket is full again.
    pub reset: Duration,
}

const MICRO: i64 = 1_000_000;

fn micros(tokens: u32) -> i64 {
    i64::from(tokens) * MICRO
}

/// One limit over all addresses.
pub(crate) struct Limiter {
    name: &'static str,
    rate: Rate,
    hasher: RandomState,
    shards: Vec<Mutex<Shard>>,
}

struct Shard {
    buckets: HashMap<IpAddr, Bucket>,
    /// Shared by all newcomers while the shard is full of busy addresses: a flood from very many
    /// addresses limits itself, and those known before it go on.
    newcomers: Option<Bucket>,
    swept: Option<Instant>,
}

/// Tokens as they were at a moment.
#[derive(Clone, Copy)]
struct Bucket {
    /// In millionths; below zero is a debt.
    micros: i64,
    at: Instant,
}

impl Limiter {
    pub(crate) fn new(name: &'static str, rate: Rate) -> Self {
        let shard = || {
            Mutex::new(Shard {
                buckets: HashMap::new(),
                newcomers: None,
                swept: None,
            })
        };
        Self {
            name,
            rate,
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| shard()).collect(),
        }
    }

    /// Takes `cost` tokens from the bucket of `unit`; `Err` says how long until there are enough.
    /// A cost above the burst is allowed while the bucket is full, and leaves a debt: a large bulk
    /// request must be possible at all.
    pub(crate) fn take(&self, unit: IpAddr, cost: u32, now: Instant) -> Result<Left, Duration> {
        let slot = self.hasher.hash_one(unit).to_le_bytes()[0];
        let mut shard = self.shards[usize::from(slot) % SHARDS].lock();
        let bucket = shard.bucket(unit, self.rate, now);
        bucket.fill(self.rate, now);
        let needed = micros(cost.min(self.rate.burst));
        if bucket.micros < needed {
            return Err(self.rate.time_for(needed - bucket.micros));
        }
        bucket.micros -= micros(cost);
        Ok(Left {
            remaining: u32::try_from(bucket.micros / MICRO).unwrap_or(0),
            reset: self.rate.time_for(self.rate.full() - bucket.micros),
        })
    }

    /// The headers of draft-ietf-httpapi-ratelimit-headers.
    pub(crate) fn tell(&self, left: Left, headers: &mut HeaderMap) {
        let Rate { per_s, burst } = self.rate;
        let name = self.name;
        let window = burst.div_ceil(per_s.max(1)).max(1);
        let reset = left.reset.as_millis().div_ceil(1000);
        for (header, text) in [
            (&POLICY, format!("\"{name}\";q={burst};w={window}")),
            (&LIMIT, format!("\"{name}\";r={};t={reset}", left.remaining)),
        ] {
            let value = HeaderValue::try_from(text).expect("digits and a fixed name");
            headers.append(header, value);
        }
    }
}

impl Rate {
    /// What a full bucket holds, in millionths of a token.
    fn full(self) -> i64 {
        micros(self.burst)
    }

    /// How long so many millionths of a token take: a token per second is a millionth per µs.
    fn time_for(self, micros: i64) -> Duration {
        let micros = u64::try_from(micros).unwrap_or(0);
        Duration::from_micros(micros.div_ceil(u64::from(self.per_s.max(1))))
    }
}

impl Shard {
    fn bucket(&mut self, unit: IpAddr, rate: Rate, now: Instant) -> &mut Bucket {
        let full = Bucket {
            micros: rate.full(),
            at: now,
        };
        if self.buckets.len() >= ADDRESSES_PER_SHARD_MAX && !self.buckets.contains_key(&unit) {
            let due = self
                .swept
                .is_none_or(|at| now.saturating_duration_since(at) >= SWEEP_EVERY);
            if due {
                self.swept = Some(now);
                // A bucket that is full again says no more than one that is not there.
                self.buckets.retain(|_, bucket| {
                    bucket.fill(rate, now);
                    bucket.micros < rate.full()
                });
            }
            if self.buckets.len() >= ADDRESSES_PER_SHARD_MAX {
                return self.newcomers.get_or_insert(full);
            }
        }
        self.buckets.entry(unit).or_insert(full)
    }
}

impl Bucket {
    fn fill(&mut self, rate: Rate, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_micros();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let gained = passed.saturating_mul(i64::from(rate.per_s));
        self.micros = self.micros.saturating_add(gained).min(rate.full());
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> Limiter {
        Limiter::new(
            "requests",
            Rate {
                per_s: 10,
                burst: 20,
            },
        )
    }

    fn unit(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(n).into()
    }

    #[test]
    fn a_burst_then_the_rate() {
        let (limiter, start) = (limiter(), Instant::now());
        for left in (0..20).rev() {
            assert_eq!(limiter.take(unit(1), 1, start).unwrap().remaining, left);
        }
        let wait = limiter.take(unit(1), 1, start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(100));
        assert!(
            limiter.take(unit(2), 1, start).is_ok(),
            "others are not hit"
        );
        assert!(limiter.take(unit(1), 1, start + wait).is_ok());
    }

    #[test]
    fn a_cost_above_the_burst_leaves_a_debt() {
        let (limiter, start) = (limiter(), Instant::now());
        assert_eq!(limiter.take(unit(1), 100, start).unwrap().remaining, 0);
        let wait = limiter.take(unit(1), 1, start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(8100));
    }

    // Without the bound, a flood of addresses would be a flood of memory.
    #[test]
    fn memory_is_bounded_and_old_acquaintances_go_on() {
        let (limiter, start) = (limiter(), Instant::now());
        limiter.take(unit(0), 1, start).unwrap();
        let refused = (1..600_000)
            .filter(|n| limiter.take(unit(*n), 1, start).is_err())
            .count();
        let kept: usize = limiter.shards.iter().map(|s| s.lock().buckets.len()).sum();
        assert!(kept <= SHARDS * ADDRESSES_PER_SHARD_MAX);
        assert!(refused > 300_000, "newcomers share one bucket per shard");
        assert!(limiter.take(unit(0), 1, start).is_ok());
        let later = start + Duration::from_secs(5);
        assert!(limiter.take(unit(600_001), 1, later).is_ok());
    }

    #[test]
    fn headers_follow_the_draft() {
        let mut headers = HeaderMap::new();
        let left = limiter().take(unit(1), 5, Instant::now()).unwrap();
        limiter().tell(left, &mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"requests\";q=20;w=2");
        assert_eq!(headers["ratelimit"], "\"requests\";r=15;t=1");
    }
}
