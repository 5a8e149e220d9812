//! What a kind of work is: a small struct that may run twice.

use std::time::Duration;

use async_trait::async_trait;
use base::Unavailable;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Fence;

/// A kind of background work. An attempt may break off at any point and be repeated, by this process
/// or another: whatever it does before its effect must be harmless twice.
#[async_trait]
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind's name, `room.what-it-does`. Rows in the table carry it: never reuse, never rename.
    const NAME: &'static str;
    /// How long one attempt may take before another worker takes over.
    const LEASE: Duration = Duration::from_mins(1);
    /// How often it may be tried before it becomes a dead letter.
    const ATTEMPTS_MAX: u32 = 12;
    /// The feature that it works on.
    type Room: Send + Sync + 'static;

    /// Makes one attempt. `Err` means come back later; only [`Outcome::GiveUp`] is final.
    async fn run(&self, room: &Self::Room, attempt: Attempt) -> Result<Outcome, Unavailable>;
}

/// What an attempt knows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The right to finish it: handed to the store function that commits the effect.
    pub fence: Fence,
    /// No attempt follows this one.
    pub is_last: bool,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is owed any more; the worker marks the job as done.
    Done,
    /// The effect was committed together with the mark, or another attempt had been first.
    Committed,
    /// It cannot be done: a dead letter, with this cause for the person who reads it.
    GiveUp(String),
    /// Not yet: try again after this time; it does not count as a failure.
    Later(Duration),
}
