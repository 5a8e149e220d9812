//! The job that puts facts into the log.

use std::time::Duration;

use async_trait::async_trait;
use base::Unavailable;
use jobs::{Attempt, Job, NewJob, Outcome};
use serde::{Deserialize, Serialize};
use stamp::{PackedTexts, SubmitError};

use crate::{FactId, Facts, Place, Stamped};

/// How long after the clock was found to be wrong it is looked at again.
const CLOCK_AGAIN: Duration = Duration::from_secs(10);

/// Stamps one fact. Running twice is harmless: the log may hold the digest twice, but the fact names
/// one timestamp, written together with the mark that the job is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StampFact {
    /// The fact's number.
    pub fact: i64,
}

impl StampFact {
    /// The job for a fact.
    pub fn of(fact: FactId) -> NewJob {
        NewJob::of(&Self { fact: fact.0 })
    }
}

#[async_trait]
impl Job for StampFact {
    const NAME: &'static str = "facts.stamp";
    const ATTEMPTS_MAX: u32 = u32::MAX; // A fact is owed its proof for as long as it takes.
    const KEEP: bool = false; // The fact says that it was done, and there may be thousands a second.
    const AT_ONCE_MAX: Option<usize> = Some(4);
    const TOGETHER_MAX: usize = 1024;
    type Room = Facts;

    async fn run(&self, facts: &Facts, attempt: Attempt) -> Result<Outcome, Unavailable> {
        let outcomes = Self::run_many(facts, &[(*self, attempt)]).await?;
        Ok(outcomes.into_iter().next().unwrap_or(Outcome::Done))
    }

    /// One read, one batch of the log, one write, for all of them.
    async fn run_many(
        facts: &Facts,
        batch: &[(Self, Attempt)],
    ) -> Result<Vec<Outcome>, Unavailable> {
        let mut outcomes = vec![Outcome::Done; batch.len()];
        let ids: Vec<FactId> = batch.iter().map(|(job, _)| FactId(job.fact)).collect();
        let found = facts.store().facts(&ids).await?;
        let mut texts = PackedTexts::default();
        let mut owed = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            // Gone or stamped already: nothing is owed.
            let place = found.binary_search_by_key(id, |fact| fact.id);
            let fact = place.ok().map(|place| &found[place]);
            if let Some(fact) = fact.filter(|fact| fact.place == Place::Waiting) {
                texts.push(&fact.text()).expect("71 bytes");
                owed.push(at);
            }
        }
        let timestamps = match facts.notary().submit_many(texts).await {
            Ok(timestamps) => timestamps,
            Err(SubmitError::PoolFull { retry_after }) => {
                return Ok(later(outcomes, &owed, retry_after));
            }
            Err(SubmitError::ClockOff(why)) => {
                tracing::warn!(%why, "no fact is stamped");
                return Ok(later(outcomes, &owed, CLOCK_AGAIN));
            }
            Err(SubmitError::Unavailable(error)) => return Err(error),
        };
        let stamped: Vec<Stamped> = owed
            .iter()
            .zip(timestamps)
            .map(|(at, timestamp)| Stamped {
                fact: ids[*at],
                timestamp: timestamp.id,
                fence: batch[*at].1.fence,
            })
            .collect();
        if !stamped.is_empty() {
            facts.write(&stamped).await?;
        }
        for at in owed {
            // With a stale fence another attempt was first, and it is not ours to say anything.
            outcomes[at] = Outcome::Committed;
        }
        Ok(outcomes)
    }
}

fn later(mut outcomes: Vec<Outcome>, owed: &[usize], after: Duration) -> Vec<Outcome> {
    for at in owed {
        outcomes[*at] = Outcome::Later(after);
    }
    outcomes
}
