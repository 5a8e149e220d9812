//! What an operator is told of the sealer.

use std::time::Duration;

use base::UnixMicros;
use base::metrics::Histogram;
use parking_lot::Mutex;

/// What the sealer is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Another sealer holds the lease; this one takes over when that one goes.
    StandingBy,
    /// It holds the lease and seals.
    Sealing,
    /// What it read back is not what it wrote. Nothing was signed, and nothing will be sealed until
    /// an operator has acted.
    Refused(String),
}

/// How long the parts of one seal took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SealTimes {
    /// Reading the pool.
    pub read: Duration,
    /// Bringing the entries into order.
    pub sort: Duration,
    /// Hashing the interval's tree, and appending to the main trees.
    pub tree: Duration,
    /// The transaction.
    pub commit: Duration,
    /// Reading back what was written, and computing it again.
    pub verify: Duration,
    /// Signing, storing the signature, telling everyone.
    pub sign: Duration,
}

/// The sealer's state at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealerState {
    /// What it is doing.
    pub role: Role,
    /// The time of the newest interval that it signed itself.
    pub last_sealed: Option<UnixMicros>,
    /// How long the parts of its newest interval took.
    pub last_times: Option<SealTimes>,
    /// What went wrong at its last try, if it did; it tries again by itself.
    pub trouble: Option<String>,
    /// Batches that it holds back because they come from the future: a process's clock is ahead.
    pub batches_held_back: usize,
}

/// Shared between the sealer, which writes it, and whoever asks.
#[derive(Debug)]
pub struct Health {
    state: Mutex<SealerState>,
    seals: Histogram,
}

impl Default for Health {
    fn default() -> Self {
        let state = SealerState {
            role: Role::StandingBy,
            last_sealed: None,
            last_times: None,
            trouble: None,
            batches_held_back: 0,
        };
        Self {
            state: Mutex::new(state),
            seals: Histogram::default(),
        }
    }
}

impl Health {
    /// The state now.
    pub fn state(&self) -> SealerState {
        self.state.lock().clone()
    }

    /// How long its seals took, from reading the pool to telling everyone.
    pub fn seals(&self) -> &Histogram {
        &self.seals
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut SealerState)) {
        change(&mut self.state.lock());
    }
}
