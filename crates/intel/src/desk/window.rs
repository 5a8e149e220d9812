//! A window of a quota: so many requests in so long, sliding.
//!
//! Its time is cut into parts, and requests are counted by part, so that a window of a month costs
//! as much as one of a second. A request counts until its whole part is older than the window: the
//! upstream's own count is never larger.

use std::collections::VecDeque;
use std::time::Duration;

use base::UnixMicros;

use crate::Window;
use crate::lookups::Slot;

/// Parts of a window.
const PARTS: i64 = 60;
/// Windows of at least so many seconds are written down: a restart must not forget a day's quota.
const KEPT_SECONDS_MIN: u32 = 3600;

/// What was used of one window.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    window: Window,
    /// Oldest first, each part once.
    parts: VecDeque<Part>,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    slot: i64,
    /// Written down, by us or another process.
    known: u32,
    /// Not written down yet.
    new: u32,
}

impl Part {
    fn used(self) -> u64 {
        u64::from(self.known) + u64::from(self.new)
    }
}

impl Meter {
    pub(super) fn new(window: Window) -> Self {
        Self {
            window,
            parts: VecDeque::new(),
        }
    }

    pub(super) fn window(&self) -> Window {
        self.window
    }

    /// Lets it allow so many.
    pub(super) fn set_requests(&mut self, requests: u32) {
        self.window.requests = requests;
    }

    /// Whether it outlives a restart.
    pub(super) fn is_kept(&self) -> bool {
        self.window.seconds >= KEPT_SECONDS_MIN
    }

    /// Microseconds of a part.
    fn part_us(&self) -> i64 {
        (i64::from(self.window.seconds.max(1)) * 1_000_000 / PARTS).max(1)
    }

    fn slot(&self, now: UnixMicros) -> i64 {
        now.0.div_euclid(self.part_us())
    }

    /// The first moment at which a part does not count any more.
    fn leaves(&self, slot: i64) -> UnixMicros {
        UnixMicros((slot + PARTS + 1).saturating_mul(self.part_us()))
    }

    fn prune(&mut self, now: UnixMicros) {
        let oldest = self.slot(now) - PARTS;
        while self.parts.front().is_some_and(|part| part.slot < oldest) {
            self.parts.pop_front();
        }
    }

    /// Requests that count at `now`.
    pub(super) fn used(&mut self, now: UnixMicros) -> u32 {
        self.prune(now);
        let used = self.parts.iter().map(|part| part.used()).sum::<u64>();
        u32::try_from(used).unwrap_or(u32::MAX)
    }

    /// When the next request but `ahead` may be sent, if nobody else sends any.
    pub(super) fn free_at(&mut self, ahead: u32, now: UnixMicros) -> UnixMicros {
        let limit = u64::from(self.window.requests);
        if limit == 0 {
            return UnixMicros(i64::MAX);
        }
        let used = u64::from(self.used(now));
        // Those ahead fill whole windows first.
        let rounds = u64::from(ahead) / limit;
        let needed = used + u64::from(ahead) % limit + 1;
        let length = Duration::from_secs(u64::from(self.window.seconds));
        let turns = length.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX));
        let mut over = needed.saturating_sub(limit);
        let mut free = now;
        for part in &self.parts {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(part.used());
            free = self.leaves(part.slot);
        }
        free.plus(turns)
    }

    /// Counts one request; answers the part that it is in.
    pub(super) fn take(&mut self, now: UnixMicros) -> i64 {
        let newest = self.parts.back().map(|part| part.slot);
        // A clock that was put back does not make room.
        let slot = self.slot(now).max(newest.unwrap_or(i64::MIN));
        match self.parts.back_mut() {
            Some(part) if part.slot == slot => part.new += 1,
            _ => self.parts.push_back(Part {
                slot,
                known: 0,
                new: 1,
            }),
        }
        slot
    }

    /// Takes one back that was not sent, unless it is written down already.
    pub(super) fn give_back(&mut self, slot: i64) {
        if let Some(part) = self.parts.iter_mut().find(|part| part.slot == slot) {
            part.new = part.new.saturating_sub(1);
        }
    }

    /// What is not written down yet.
    pub(super) fn unwritten(&self) -> impl Iterator<Item = Slot> {
        let new = self.parts.iter().filter(|part| part.new > 0);
        new.map(|part| Slot {
            slot: part.slot,
            used: part.new,
        })
    }

    /// The first part that still counts.
    pub(super) fn oldest(&self, now: UnixMicros) -> i64 {
        self.slot(now) - PARTS
    }

    /// `written` was written down, and `all` is what all processes have used.
    pub(super) fn learn(&mut self, written: &[Slot], all: &[Slot]) {
        for done in written {
            if let Some(part) = self.parts.iter_mut().find(|part| part.slot == done.slot) {
                part.new = part.new.saturating_sub(done.used);
                part.known = part.known.saturating_add(done.used);
            }
        }
        for slot in all {
            match self
                .parts
                .binary_search_by_key(&slot.slot, |part| part.slot)
            {
                Ok(at) => self.parts[at].known = slot.used,
                Err(at) => self.parts.insert(
                    at,
                    Part {
                        slot: slot.slot,
                        known: slot.used,
                        new: 0,
                    },
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMicros = UnixMicros(1_767_225_600_000_000);

    fn meter(requests: u32, seconds: u32) -> Meter {
        Meter::new(Window { requests, seconds })
    }

    fn at(ms: u64) -> UnixMicros {
        START.plus(Duration::from_millis(ms))
    }

    // Upstreams that count more strictly than we do ban whoever is one request too early.
    #[test]
    fn no_span_of_its_length_has_more_requests_than_the_window() {
        for (requests, seconds) in [(1, 1), (4, 60), (25, 3600), (500, 86_400)] {
            let mut meter = meter(requests, seconds);
            let mut now = START;
            let mut sent: Vec<UnixMicros> = Vec::new();
            for step in 0..4 * requests {
                now = meter.free_at(0, now);
                meter.take(now);
                sent.push(now);
                // Not always as early as it may be.
                now = now.plus(Duration::from_millis(u64::from(step % 7) * 11));
            }
            let length = Duration::from_secs(u64::from(seconds));
            for (first, beyond) in sent.iter().zip(&sent[requests as usize..]) {
                assert!(beyond.since(*first) >= length, "{requests} in {seconds} s");
            }
            // And it is no slower than one part of sixty.
            let ideal = length.as_secs_f64() * 3.0;
            let took = sent[sent.len() - 1].since(START).as_secs_f64();
            assert!(
                took <= ideal * 61.0 / 60.0 + length.as_secs_f64(),
                "{took} {ideal}"
            );
        }
    }

    #[test]
    fn who_comes_later_is_told_when_its_turn_is() {
        let mut meter = meter(2, 60);
        meter.take(at(0));
        assert_eq!(meter.free_at(0, at(0)), at(0));
        assert_eq!(meter.free_at(1, at(0)), at(61_000));
        meter.take(at(30_000));
        assert_eq!(meter.free_at(0, at(30_000)), at(61_000));
        assert_eq!(meter.free_at(1, at(30_000)), at(91_000));
        assert_eq!(meter.free_at(2, at(30_000)), at(121_000));
        assert_eq!(meter.used(at(60_999)), 2);
        assert_eq!(meter.used(at(61_000)), 1);
        assert_eq!(meter.free_at(0, at(61_000)), at(61_000));
    }

    #[test]
    fn what_was_not_sent_is_given_back() {
        let mut meter = meter(1, 60);
        let slot = meter.take(at(0));
        assert_eq!(meter.free_at(0, at(0)), at(61_000));
        meter.give_back(slot);
        assert_eq!(meter.free_at(0, at(0)), at(0));
    }

    #[test]
    fn a_clock_that_is_put_back_makes_no_room() {
        let mut meter = meter(2, 60);
        meter.take(at(10_000));
        meter.take(at(0));
        assert_eq!(meter.used(at(0)), 2);
        assert_eq!(meter.free_at(0, at(0)), at(71_000));
    }

    // Two processes share a key: each learns what the other has used.
    #[test]
    fn what_others_used_counts_too() {
        let mut meter = meter(10, 3600);
        let slot = meter.take(at(0));
        meter.take(at(0));
        let written: Vec<_> = meter.unwritten().collect();
        assert_eq!(written, [Slot { slot, used: 2 }]);
        meter.take(at(0));
        let earlier = Slot {
            slot: slot - 3,
            used: 4,
        };
        meter.learn(&written, &[earlier, Slot { slot, used: 3 }]);
        assert_eq!(meter.used(at(0)), 4 + 3 + 1);
        assert_eq!(
            meter.unwritten().collect::<Vec<_>>(),
            [Slot { slot, used: 1 }]
        );
    }

    #[test]
    fn a_window_of_nothing_is_never_free() {
        assert_eq!(meter(0, 60).free_at(0, START), UnixMicros(i64::MAX));
    }
}
