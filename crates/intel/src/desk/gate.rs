//! The gate before one source: its quotas, who waits for them, and how many may be under way.
//!
//! Who waits stands in a queue, first come first served; only the first looks at the clock. Of those
//! for whom nobody waits, such as a bulk's items, only one at a time stands there with the others.
//! Whoever gives up leaves the queue, and nobody waits who would wait longer than it may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base::{Clock, UnixMicros};
use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::window::Meter;
use crate::lookups::{Slot, Used, UsedSoFar};
use crate::{SourceId, Window};

/// Least time between two looks at the clock.
const LOOK_MIN: Duration = Duration::from_millis(1);
/// Outcomes that are remembered.
pub(super) const OUTCOMES_MAX: usize = 64;

/// The gate before one source.
pub(super) struct Gate {
    source: SourceId,
    at_once: Arc<Semaphore>,
    queue: tokio::sync::Mutex<()>,
    waiting: AtomicU32,
    /// Where those stand for whom nobody waits, until one of them may join the queue.
    behind: tokio::sync::Mutex<()>,
    waiting_behind: AtomicU32,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    meters: Vec<Meter>,
    /// Its upstream said that it wants to hear nothing until then.
    closed_until: UnixMicros,
    /// One bit per outcome, newest lowest: 1 is trouble.
    outcomes: u64,
    outcomes_count: usize,
}

/// A window of a source and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The window.
    pub window: Window,
    /// Requests that count now.
    pub used: u32,
    /// Requests that may be sent now.
    pub remaining: u32,
    /// When the next may be sent, if none may now.
    pub free_at: Option<UnixMicros>,
}

/// What a source's gate is like now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Its windows.
    pub windows: Vec<Quota>,
    /// Until when its upstream wants to hear nothing, if it said so.
    pub closed_until: Option<UnixMicros>,
    /// How many wait for it.
    pub waiting: u32,
}

/// How a source did lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// How many of its last answers were trouble.
    pub troubled: u32,
    /// Of how many.
    pub of: u32,
}

/// Why a request may not be sent in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The quota allows it after so long; `None`: nobody knows.
    TooLong(Option<Duration>),
    /// As many questions as may be are under way, and none ends.
    Busy,
}

/// The right to send one request. Unless it is spent it is given back.
pub(super) struct Pass {
    gate: Arc<Gate>,
    /// The part of each window that it was taken from.
    slots: Option<Vec<(u32, i64)>>,
}

/// Whether somebody waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// Somebody does.
    Person,
    /// Nobody does: an item of a bulk, a watch.
    Background,
}

/// Counts one who waits, however the waiting ends.
struct Waiting<'a> {
    count: &'a AtomicU32,
    ahead: u32,
}

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicU32) -> Self {
        let ahead = count.fetch_add(1, Ordering::SeqCst);
        Self { count, ahead }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Gate {
    /// A gate whose windows have been used so far.
    pub(super) fn new(source: SourceId, at_once_max: usize, used: &[UsedSoFar]) -> Self {
        let meters = used.iter().map(|window| {
            // How many it allows is learnt with the first pass.
            let mut meter = Meter::new(Window {
                requests: 0,
                seconds: window.seconds,
            });
            meter.learn(&[], &window.slots);
            meter
        });
        Self {
            source,
            at_once: Arc::new(Semaphore::new(at_once_max)),
            queue: tokio::sync::Mutex::default(),
            waiting: AtomicU32::new(0),
            behind: tokio::sync::Mutex::default(),
            waiting_behind: AtomicU32::new(0),
            state: Mutex::new(State {
                meters: meters.collect(),
                closed_until: UnixMicros(i64::MIN),
                outcomes: 0,
                outcomes_count: 0,
            }),
            changed: Notify::new(),
        }
    }

    /// Lets its windows be these from now on; what was used of those that stay is known.
    pub(super) fn set_windows(&self, windows: &[Window]) {
        let mut state = self.state.lock();
        if state
            .meters
            .iter()
            .map(Meter::window)
            .eq(windows.iter().copied())
        {
            return;
        }
        let mut old = std::mem::take(&mut state.meters);
        for window in windows {
            let known = old
                .iter()
                .position(|one| one.window().seconds == window.seconds);
            let mut meter = known.map_or_else(|| Meter::new(*window), |at| old.swap_remove(at));
            meter.set_requests(window.requests);
            state.meters.push(meter);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until one more question may be under way and its first request may be sent, and takes
    /// both.
    ///
    /// # Errors
    /// When that would be after `deadline`; told at once where it can be known.
    pub(super) async fn admit(
        self: &Arc<Self>,
        rank: Rank,
        clock: &dyn Clock,
        deadline: UnixMicros,
    ) -> Result<(OwnedSemaphorePermit, Pass), Refused> {
        // Held until it is through: the next of them joins the queue then.
        let _first = match rank {
            Rank::Person => None,
            Rank::Background => Some(self.come_forward(clock, deadline).await?),
        };
        let waiting = Waiting::enter(&self.waiting);
        self.in_time(waiting.ahead, clock.now(), deadline)?;
        let place = Arc::clone(&self.at_once).acquire_owned();
        let place = tokio::time::timeout(deadline.since(clock.now()), place).await;
        let place = place.map_err(|_| Refused::Busy)?;
        let pass = self.turn(clock, deadline).await?;
        Ok((place.expect("the semaphore is never closed"), pass))
    }

    /// Waits until one more request of a question under way may be sent, and takes it.
    ///
    /// # Errors
    /// When that would be after `deadline`; told at once where it can be known.
    pub(super) async fn pass(
        self: &Arc<Self>,
        clock: &dyn Clock,
        deadline: UnixMicros,
    ) -> Result<Pass, Refused> {
        let waiting = Waiting::enter(&self.waiting);
        self.in_time(waiting.ahead, clock.now(), deadline)?;
        self.turn(clock, deadline).await
    }

    /// Waits until it may join the queue, as the only one of those for whom nobody waits.
    async fn come_forward(
        &self,
        clock: &dyn Clock,
        deadline: UnixMicros,
    ) -> Result<tokio::sync::MutexGuard<'_, ()>, Refused> {
        let behind = Waiting::enter(&self.waiting_behind);
        let ahead = self.waiting.load(Ordering::SeqCst) + behind.ahead;
        let now = clock.now();
        self.in_time(ahead, now, deadline)?;
        let first = tokio::time::timeout(deadline.since(now), self.behind.lock()).await;
        first.map_err(|_| self.out_of_time(clock.now()))
    }

    /// It has waited for as long as it may.
    fn out_of_time(&self, now: UnixMicros) -> Refused {
        Refused::until(self.state.lock().free_at(0, now), now)
    }

    fn in_time(&self, ahead: u32, now: UnixMicros, deadline: UnixMicros) -> Result<(), Refused> {
        let expected = self.state.lock().free_at(ahead, now);
        if expected > deadline {
            return Err(Refused::until(expected, now));
        }
        Ok(())
    }

    /// Stands in the queue; its first waits for the windows.
    async fn turn(
        self: &Arc<Self>,
        clock: &dyn Clock,
        deadline: UnixMicros,
    ) -> Result<Pass, Refused> {
        let turn = tokio::time::timeout(deadline.since(clock.now()), self.queue.lock());
        let Ok(_turn) = turn.await else {
            return Err(self.out_of_time(clock.now()));
        };
        loop {
            let changed = self.changed.notified();
            let now = clock.now();
            let free = {
                let mut state = self.state.lock();
                let free = state.free_at(0, now);
                if free <= now {
                    return Ok(Pass {
                        gate: Arc::clone(self),
                        slots: Some(state.take(now)),
                    });
                }
                free
            };
            if free > deadline {
                return Err(Refused::until(free, now));
            }
            tokio::select! {
                () = tokio::time::sleep(free.since(now).max(LOOK_MIN)) => {}
                () = changed => {}
            }
        }
    }

    /// How long a request would wait that came now; `None`: not at all.
    pub(super) fn expected_wait(&self, now: UnixMicros) -> Option<Duration> {
        let ahead = self.waiting.load(Ordering::SeqCst);
        let free = self.state.lock().free_at(ahead, now);
        (free > now).then(|| free.since(now))
    }

    /// Its upstream wants to hear nothing for so long.
    pub(super) fn close(&self, until: UnixMicros) {
        let mut state = self.state.lock();
        state.closed_until = state.closed_until.max(until);
    }

    /// Remembers whether an answer was trouble.
    pub(super) fn ended(&self, is_trouble: bool) {
        let mut state = self.state.lock();
        state.outcomes = (state.outcomes << 1) | u64::from(is_trouble);
        state.outcomes_count = (state.outcomes_count + 1).min(OUTCOMES_MAX);
    }

    /// How it did lately.
    pub(super) fn outcomes(&self) -> Outcomes {
        let state = self.state.lock();
        Outcomes {
            troubled: state.outcomes.count_ones(),
            of: u32::try_from(state.outcomes_count).unwrap_or(u32::MAX),
        }
    }

    /// What is left.
    pub(super) fn quotas(&self, now: UnixMicros) -> Quotas {
        let mut state = self.state.lock();
        let closed_until = state.closed_until;
        let quota = |meter: &mut Meter| {
            let window = meter.window();
            let (used, free) = (meter.used(now), meter.free_at(0, now));
            Quota {
                window,
                used,
                remaining: window.requests.saturating_sub(used),
                free_at: (free > now).then_some(free),
            }
        };
        Quotas {
            windows: state.meters.iter_mut().map(quota).collect(),
            closed_until: (closed_until > now).then_some(closed_until),
            waiting: self.waiting.load(Ordering::SeqCst)
                + self.waiting_behind.load(Ordering::SeqCst),
        }
    }

    /// What of the long windows is not written down yet.
    pub(super) fn unwritten(&self, now: UnixMicros) -> Vec<Used> {
        let state = self.state.lock();
        let kept = state.meters.iter().filter(|meter| meter.is_kept());
        kept.flat_map(|meter| {
            meter.unwritten().map(|slot| Used {
                source: self.source,
                seconds: meter.window().seconds,
                slot: slot.slot,
                requests: slot.used,
                forget_before: meter.oldest(now),
            })
        })
        .collect()
    }

    /// `written` was written down, and `all` is what all processes have used of one window.
    pub(super) fn learn(&self, written: &[Used], all: &UsedSoFar) {
        let mut state = self.state.lock();
        let same = |meter: &&mut Meter| meter.window().seconds == all.seconds;
        let Some(meter) = state.meters.iter_mut().find(same) else {
            return;
        };
        let ours = written.iter().filter(|one| one.seconds == all.seconds);
        let ours: Vec<Slot> = ours
            .map(|one| Slot {
                slot: one.slot,
                used: one.requests,
            })
            .collect();
        meter.learn(&ours, &all.slots);
    }
}

impl State {
    /// When the next request but `ahead` may be sent.
    fn free_at(&mut self, ahead: u32, now: UnixMicros) -> UnixMicros {
        let meters = self.meters.iter_mut();
        let free = meters.map(|meter| meter.free_at(ahead, now)).max();
        free.unwrap_or(now).max(self.closed_until).max(now)
    }

    fn take(&mut self, now: UnixMicros) -> Vec<(u32, i64)> {
        let meters = self.meters.iter_mut();
        meters
            .map(|meter| (meter.window().seconds, meter.take(now)))
            .collect()
    }
}

impl Refused {
    fn until(free: UnixMicros, now: UnixMicros) -> Self {
        let is_known = free < UnixMicros(i64::MAX);
        Self::TooLong(is_known.then(|| free.since(now)))
    }
}

impl Pass {
    /// The request is sent.
    pub(super) fn spend(mut self) {
        self.slots = None;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some(slots) = self.slots.take() else {
            return;
        };
        if slots.is_empty() {
            return;
        }
        let mut state = self.gate.state.lock();
        for (seconds, slot) in slots {
            let same = |meter: &&mut Meter| meter.window().seconds == seconds;
            if let Some(meter) = state.meters.iter_mut().find(same) {
                meter.give_back(slot);
            }
        }
        drop(state);
        self.gate.changed.notify_waiters();
    }
}
