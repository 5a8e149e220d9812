//! What an operator may turn.

use std::time::Duration;

/// How background work behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The worker's name in the table, for people.
    pub worker: String,
    /// How many attempts one process makes at once, over all kinds that run alone. Kinds that run
    /// together have limits of their own.
    pub at_once_max: usize,
    /// How often a process looks for work that no event told it of: written by another process
    /// while the bus was down, or by one that has no bus.
    pub poll: Duration,
    /// How long attempts may go on when the process stops; then they are given back.
    pub drain: Duration,
    /// How long the rows of done jobs are kept.
    pub keep_done: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            worker: "worker".into(),
            at_once_max: 64,
            poll: Duration::from_secs(5),
            drain: Duration::from_secs(10),
            keep_done: Duration::from_hours(24),
        }
    }
}
