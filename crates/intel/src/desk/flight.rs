//! Questions that are under way: who asks the same joins, and one upstream is asked once.
//!
//! Everybody who waits moves the question forward. Who leaves changes nothing for the others; when
//! the last has left, the question is dropped, and what it asked is cancelled.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use parking_lot::Mutex;

use super::cache::CacheKey;
use crate::lookups::AnswerRecord;

/// A question under way.
pub(super) type Flight = Shared<BoxFuture<'static, Arc<AnswerRecord>>>;

type WeakFlight = WeakShared<BoxFuture<'static, Arc<AnswerRecord>>>;

/// All questions under way.
#[derive(Default)]
pub(super) struct Flights {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    by_key: HashMap<CacheKey, (u64, WeakFlight)>,
    begun: u64,
}

/// Takes a question off the list, however it ends.
struct Landing {
    flights: Arc<Flights>,
    key: CacheKey,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut state = self.flights.state.lock();
        // Another one may have begun since.
        let is_this = |(number, _): &(u64, _)| *number == self.number;
        if state.by_key.get(&self.key).is_some_and(is_this) {
            state.by_key.remove(&self.key);
        }
    }
}

impl Flights {
    /// Joins the question that is under way, or begins it. `true`: it is a new one.
    pub(super) fn join(
        self: &Arc<Self>,
        key: &CacheKey,
        begin: impl FnOnce() -> BoxFuture<'static, Arc<AnswerRecord>>,
    ) -> (Flight, bool) {
        let mut state = self.state.lock();
        if let Some(flight) = state.by_key.get(key).and_then(|(_, weak)| weak.upgrade()) {
            return (flight, false);
        }
        state.begun += 1;
        let landing = Landing {
            flights: Arc::clone(self),
            key: key.clone(),
            number: state.begun,
        };
        let asked = begin();
        let flight = async move {
            let _landing = landing;
            asked.await
        };
        let flight = flight.boxed().shared();
        let weak = flight
            .downgrade()
            .expect("it has not ended before it began");
        let number = state.begun;
        state.by_key.insert(key.clone(), (number, weak));
        (flight, true)
    }

    /// How many are under way.
    pub(super) fn count(&self) -> usize {
        self.state.lock().by_key.len()
    }
}
