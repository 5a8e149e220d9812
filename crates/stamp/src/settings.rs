//! What an operator may turn.

use std::time::Duration;

/// How the log behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name under which heads are known, such as `ts.example.org`.
    pub authority: String,
    /// How often an interval is sealed while timestamps wait.
    pub interval: Duration,
    /// How often an empty interval shows that a quiet log is alive.
    pub heartbeat: Duration,
    /// How long somebody may wait for a proof.
    pub wait_max: Duration,
    /// How long proofs of timestamps are kept; `None` for ever.
    pub retention: Option<Duration>,
    /// How many timestamps may wait for their interval before new ones are refused. Each process
    /// counts the pool once per interval and its own insertions in between, so several processes
    /// may together go a little beyond.
    pub pool_timestamps_max: u64,
    /// How long a submission waits for others to share its write. Zero is best while the disk is
    /// slower than the submitters: what comes during one write shares the next anyway.
    pub gather_max: Duration,
    /// Most timestamps in one interval, but for the last batch, which is never torn.
    pub interval_timestamps_max: usize,
    /// How far the clock may stand behind what was sealed, or a batch ahead of the clock.
    pub clock_tolerance: Duration,
    /// How often witnesses are asked to cosign.
    pub witness_every: Duration,
    /// How often a process looks for new heads that no event told it of.
    pub poll: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            authority: "localhost".into(),
            interval: Duration::from_secs(1),
            heartbeat: Duration::from_mins(1),
            wait_max: Duration::from_secs(30),
            retention: None,
            pool_timestamps_max: 8_000_000,
            gather_max: Duration::ZERO,
            interval_timestamps_max: 1_000_000,
            clock_tolerance: Duration::from_secs(5),
            witness_every: Duration::from_secs(10),
            poll: Duration::from_millis(200),
        }
    }
}
