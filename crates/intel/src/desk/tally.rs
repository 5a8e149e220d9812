//! Counters of who was asked how often, gathered in memory and written together: one write for
//! thousands of lookups. A kill loses what was not written yet.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, UnixMicros};
use indicator::{Indicator, Kind};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::lookups::{RequestHour, Said, SourceHour, hour_of};
use crate::sources::Configured;
use crate::{SourceId, Verdict};

/// What is not written yet.
pub(super) struct Tally {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// There is something to write.
    dirty: Notify,
}

#[derive(Default)]
struct State {
    sources: HashMap<(i64, SourceId, Kind), SourceHour>,
    requests: HashMap<(i64, Kind, Verdict), RequestHour>,
}

impl State {
    fn source(&mut self, now: UnixMicros, source: SourceId, kind: Kind) -> &mut SourceHour {
        let hour = hour_of(now);
        let none = SourceHour {
            hour,
            source,
            kind,
            found: 0,
            nothing: 0,
            troubled: 0,
            cached: 0,
            took_us: 0,
        };
        self.sources.entry((hour, source, kind)).or_insert(none)
    }
}

impl Tally {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
            dirty: Notify::new(),
        }
    }

    /// A source was asked.
    pub(super) fn answered(
        &self,
        source: &Configured,
        indicator: &Indicator,
        said: &Said,
        took: Duration,
    ) {
        let mut state = self.state.lock();
        let hour = state.source(self.clock.now(), source.id, indicator.kind());
        match said {
            Said::Found(_) => hour.found += 1,
            Said::Nothing => hour.nothing += 1,
            Said::Trouble(_) => hour.troubled += 1,
        }
        hour.took_us += u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        drop(state);
        self.dirty.notify_one();
    }

    /// Answers of these sources were at hand.
    pub(super) fn borrowed(&self, sources: impl Iterator<Item = SourceId>, kind: Kind) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        for source in sources {
            state.source(now, source, kind).cached += 1;
        }
        drop(state);
        self.dirty.notify_one();
    }

    /// A request ended.
    pub(super) fn closed(&self, kind: Kind, verdict: Verdict, is_cached: bool) {
        let hour = hour_of(self.clock.now());
        let mut state = self.state.lock();
        let none = RequestHour {
            hour,
            kind,
            verdict,
            requests: 0,
            cached: 0,
        };
        let counted = state.requests.entry((hour, kind, verdict)).or_insert(none);
        counted.requests += 1;
        counted.cached += u64::from(is_cached);
        drop(state);
        self.dirty.notify_one();
    }

    /// Waits until there is something to write.
    pub(super) async fn dirty(&self) {
        self.dirty.notified().await;
    }

    /// Takes what is there.
    pub(super) fn take(&self) -> (Vec<SourceHour>, Vec<RequestHour>) {
        let state = std::mem::take(&mut *self.state.lock());
        let mut sources: Vec<_> = state.sources.into_values().collect();
        let mut requests: Vec<_> = state.requests.into_values().collect();
        // In the order of their keys, so that two processes never wait for each other.
        sources.sort_unstable_by_key(|one| (one.hour, one.source, one.kind.wire()));
        requests.sort_unstable_by_key(|one| (one.hour, one.kind.wire(), one.verdict));
        (sources, requests)
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&self, sources: &[SourceHour], requests: &[RequestHour]) {
        let mut state = self.state.lock();
        for one in sources {
            let key = (one.hour, one.source, one.kind);
            state
                .sources
                .entry(key)
                .and_modify(|held| {
                    held.found += one.found;
                    held.nothing += one.nothing;
                    held.troubled += one.troubled;
                    held.cached += one.cached;
                    held.took_us += one.took_us;
                })
                .or_insert(*one);
        }
        for one in requests {
            let key = (one.hour, one.kind, one.verdict);
            state
                .requests
                .entry(key)
                .and_modify(|held| {
                    held.requests += one.requests;
                    held.cached += one.cached;
                })
                .or_insert(*one);
        }
    }
}
