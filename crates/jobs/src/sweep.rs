//! Forgetting done jobs, as a job.

use std::time::Duration;

use async_trait::async_trait;
use base::Unavailable;
use serde::{Deserialize, Serialize};

use crate::{Attempt, Job, Jobs, Misfire, NewJob, Outcome, Rule, Schedule};

/// Forgets the rows of jobs that have been done for longer than they are kept.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct SweepJobs {}

impl SweepJobs {
    /// When that is done.
    pub fn schedule() -> Schedule {
        Schedule {
            name: Self::NAME,
            rule: Rule::every(Duration::from_mins(10)),
            misfire: Misfire::RunOnce,
            job: NewJob::of(&Self {}),
        }
    }
}

#[async_trait]
impl Job for SweepJobs {
    const NAME: &'static str = "jobs.sweep";
    const TIME_MAX: Duration = Duration::from_mins(30);
    const KEEP: bool = false; // It would be most of what it leaves.
    const AT_ONCE_MAX: Option<usize> = Some(1);
    type Room = Jobs;

    async fn run(&self, jobs: &Jobs, _: Attempt) -> Result<Outcome, Unavailable> {
        let swept = jobs.sweep().await?;
        if swept > 0 {
            tracing::info!(swept, "done jobs were forgotten");
        }
        Ok(Outcome::Done)
    }
}
