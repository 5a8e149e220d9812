//! A queue between async callers and the threads that talk to SQLite.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

/// First in, first out; taken one by one or all at once. Not bounded here: each caller waits for
/// its answer, so there are never more items than requests under way, and the web edge bounds those.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    open: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                open: true,
            }),
            filled: Condvar::new(),
        }
    }
}

impl<T> Queue<T> {
    /// Adds an item; dropped when the queue is closed already.
    pub(crate) fn push(&self, item: T) {
        let mut state = self.state.lock();
        if state.open {
            state.items.push_back(item);
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Waits for the next item; `None` once the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut state = self.state.lock();
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if !state.open {
                return None;
            }
            self.filled.wait(&mut state);
        }
    }

    /// Waits until there is something, then moves up to `max` items into `taken`; `false` once the
    /// queue is closed and empty.
    pub(crate) fn take(&self, taken: &mut Vec<T>, max: usize) -> bool {
        let mut state = self.state.lock();
        while state.items.is_empty() {
            if !state.open {
                return false;
            }
            self.filled.wait(&mut state);
        }
        let count = state.items.len().min(max);
        taken.extend(state.items.drain(..count));
        true
    }

    /// For a thread that works the queue off: should it panic, the queue is closed and emptied, so
    /// that nobody waits for an answer that never comes.
    pub(crate) fn closing_on_panic(&self) -> impl Drop + '_ {
        ClosingOnPanic(self)
    }

    /// Takes nothing more in; what waits is still worked off.
    pub(crate) fn close(&self) {
        self.state.lock().open = false;
        self.filled.notify_all();
    }
}

struct ClosingOnPanic<'a, T>(&'a Queue<T>);

impl<T> Drop for ClosingOnPanic<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
            // Dropped outside the lock: an item may hold anything.
            let waiting = std::mem::take(&mut self.0.state.lock().items);
            drop(waiting);
        }
    }
}
