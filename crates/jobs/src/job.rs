//! What a kind of work is: a small struct that may run twice.

use std::time::Duration;

use async_trait::async_trait;
use base::Unavailable;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Fence, NewJob};

/// A kind of background work. An attempt may break off at any point and be repeated, by this process
/// or another: whatever it does before its effect must be harmless twice.
#[async_trait]
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind's name, `room.what-it-does`. Rows in the table carry it: never reuse, never rename.
    const NAME: &'static str;
    /// How long a worker may be silent about one attempt before another takes over: what a crash
    /// costs.
    const LEASE: Duration = Duration::from_mins(1);
    /// How long one attempt may take. Beyond [`Self::LEASE`] the worker renews the lease while the
    /// attempt runs; at the end of this it is cut off and has failed.
    const TIME_MAX: Duration = Self::LEASE;
    /// How often it may fail before it becomes a dead letter.
    const ATTEMPTS_MAX: u32 = 12;
    /// Whether the row of a finished job is kept for the retention time, so that a person can see
    /// it. `false` where the effect says it all, or where there are thousands a second.
    const KEEP: bool = true;
    /// How many attempts of this kind one process makes at a time; `None`: as many as of all kinds
    /// together.
    const AT_ONCE_MAX: Option<usize> = None;
    /// How many jobs one attempt may take together, through [`Self::run_many`].
    const TOGETHER_MAX: usize = 1;
    /// The feature that it works on.
    type Room: Send + Sync + 'static;

    /// Makes one attempt. `Err` means come back later; only [`Outcome::GiveUp`] is final.
    async fn run(&self, room: &Self::Room, attempt: Attempt) -> Result<Outcome, Unavailable>;

    /// Makes one attempt at each of several jobs, answered in their order: for kinds whose effects
    /// share their cost. An error or a panic is that of all of them; after it each is tried alone,
    /// so that one which cannot be done spoils no others.
    async fn run_many(
        room: &Self::Room,
        batch: &[(Self, Attempt)],
    ) -> Result<Vec<Outcome>, Unavailable> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for (job, attempt) in batch {
            outcomes.push(job.run(room, *attempt).await?);
        }
        Ok(outcomes)
    }
}

/// What an attempt knows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The right to finish it: handed to the store function that commits the effect.
    pub fence: Fence,
    /// No attempt follows this one should it fail.
    pub is_last: bool,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is owed any more; the worker marks the job as done.
    Done,
    /// Done, and these jobs follow: they are written in the transaction that marks it as done, or
    /// not at all when another attempt had been first.
    Then(Vec<NewJob>),
    /// The effect was committed together with the mark, or another attempt had been first.
    Committed,
    /// It cannot be done: a dead letter, with this cause for the person who reads it.
    GiveUp(String),
    /// Not yet: try again after this time; it does not count as a failure.
    Later(Duration),
}
