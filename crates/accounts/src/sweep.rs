//! Deletes what has expired. Everything checks expiry itself: the sweep only gives room back.

use std::time::Duration;

use async_trait::async_trait;
use base::Unavailable;
use jobs::{Attempt, Job, Outcome};
use serde::{Deserialize, Serialize};

use crate::Accounts;

/// Rows of each kind that one transaction deletes: others wait no longer than that takes.
const ROWS_AT_ONCE: usize = 1_000;

impl Accounts {
    /// Deletes all records that have expired, and puts down how many refusals were only counted;
    /// tells how many records.
    pub async fn sweep(&self) -> Result<u64, Unavailable> {
        self.flush_refusals().await?;
        let mut deleted = 0;
        loop {
            let now = self.store.sweep(self.now(), ROWS_AT_ONCE).await?;
            deleted += now;
            if now == 0 {
                return Ok(deleted);
            }
        }
    }
}

/// The daily sweep. Running twice is harmless.
#[derive(Debug, Serialize, Deserialize)]
pub struct SweepExpired {}

#[async_trait]
impl Job for SweepExpired {
    const NAME: &'static str = "accounts.sweep-expired";
    const LEASE: Duration = Duration::from_mins(10);
    type Room = Accounts;

    async fn run(&self, accounts: &Accounts, _: Attempt) -> Result<Outcome, Unavailable> {
        let deleted = accounts.sweep().await?;
        tracing::info!(deleted, "expired records were deleted");
        Ok(Outcome::Done)
    }
}
