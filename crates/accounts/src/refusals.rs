//! Which refusals are put down: the first of a kind, then a count once a minute, and never more in a
//! minute than a person could read.

use std::collections::HashMap;
use std::time::Duration;

use base::UnixMicros;
use parking_lot::Mutex;

use crate::SecretHash;

const WINDOW: Duration = Duration::from_mins(1);
/// Most entries of one window.
const WRITTEN_MAX: u32 = 120;
/// Most kinds that are told apart.
const KINDS_MAX: usize = 4_096;

#[derive(Default)]
pub(crate) struct Refusals {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kinds: HashMap<SecretHash, Kind>,
    window_began: UnixMicros,
    written: u32,
    /// Refusals that no entry of their kind counts.
    unwritten: u64,
}

struct Kind {
    began: UnixMicros,
    repeated: u64,
}

/// What an entry says about those that were not put down before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// Of the same kind.
    pub(crate) repeated: u64,
    /// Of any other.
    pub(crate) unwritten: u64,
}

impl Refusals {
    /// Whether to put down a refusal of this kind now; otherwise it is counted.
    pub(crate) fn admit(&self, kind: SecretHash, now: UnixMicros) -> Option<Before> {
        let state = &mut *self.state.lock();
        let over = |began: UnixMicros| now < began || now.since(began) >= WINDOW;
        if over(state.window_began) {
            state.window_began = now;
            state.written = 0;
        }
        if let Some(known) = state.kinds.get_mut(&kind)
            && (!over(known.began) || state.written >= WRITTEN_MAX)
        {
            known.repeated += 1;
            return None;
        }
        if state.kinds.len() >= KINDS_MAX {
            let mut unwritten = 0;
            state.kinds.retain(|_, it| {
                let keep = !over(it.began);
                unwritten += if keep { 0 } else { it.repeated };
                keep
            });
            state.unwritten += unwritten;
        }
        if state.written >= WRITTEN_MAX || state.kinds.len() >= KINDS_MAX {
            state.unwritten += 1;
            return None;
        }
        state.written += 1;
        let before = state.kinds.insert(
            kind,
            Kind {
                began: now,
                repeated: 0,
            },
        );
        Some(Before {
            repeated: before.map_or(0, |kind| kind.repeated),
            unwritten: std::mem::take(&mut state.unwritten),
        })
    }

    /// Takes everything that was counted and put down by no entry.
    pub(crate) fn take_uncounted(&self) -> u64 {
        let state = &mut *self.state.lock();
        let repeated: u64 = state.kinds.drain().map(|(_, kind)| kind.repeated).sum();
        repeated + std::mem::take(&mut state.unwritten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixMicros {
        UnixMicros(1_767_225_600_000_000 + seconds * 1_000_000)
    }

    #[test]
    fn the_first_is_put_down_and_the_rest_is_counted() {
        let refusals = Refusals::default();
        let kind = SecretHash::of("eve at /admin");
        let before = |repeated, unwritten| {
            Some(Before {
                repeated,
                unwritten,
            })
        };
        assert_eq!(refusals.admit(kind, at(0)), before(0, 0));
        assert_eq!(refusals.admit(kind, at(1)), None);
        assert_eq!(refusals.admit(kind, at(59)), None);
        assert_eq!(refusals.admit(kind, at(60)), before(2, 0));
        assert_eq!(refusals.admit(kind, at(61)), None);
        assert_eq!(refusals.take_uncounted(), 1);
        assert_eq!(refusals.take_uncounted(), 0);
    }

    /// A flood from a million addresses writes no more than a trickle, and none of it is lost from
    /// the count.
    #[test]
    fn a_flood_writes_a_trickle() {
        let refusals = Refusals::default();
        let mut written = 0;
        let mut counted = 0;
        for number in 0..10_000u32 {
            let kind = SecretHash::of(&number.to_string());
            if let Some(before) = refusals.admit(kind, at(i64::from(number) / 100)) {
                written += 1;
                counted += before.repeated + before.unwritten;
            }
        }
        assert_eq!(written, 2 * WRITTEN_MAX);
        assert_eq!(
            counted + refusals.take_uncounted(),
            10_000 - u64::from(written)
        );
    }
}
