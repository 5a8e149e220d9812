//! A kind of work that a worker can do: its limits, and how a row becomes a running job.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::Unavailable;

use crate::{Attempt, Job, Leased, Outcome};

/// A registered kind.
#[derive(Clone)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Attempts at once; `None`: only the bound of all kinds.
    pub(super) at_once_max: Option<usize>,
    pub(super) together_max: usize,
    pub(super) lease: Duration,
    pub(super) time_max: Duration,
    pub(super) runner: Arc<dyn Run>,
}

/// Makes attempts at jobs of one type.
#[async_trait]
pub(super) trait Run: Send + Sync {
    /// One attempt at all of `batch`, answered in its order.
    async fn run(&self, batch: &[Leased]) -> Result<Vec<Outcome>, Unavailable>;
}

struct Registered<J: Job> {
    room: Arc<J::Room>,
}

impl Kind {
    pub(super) fn of<J: Job>(room: Arc<J::Room>) -> Self {
        Self {
            name: J::NAME,
            at_once_max: J::AT_ONCE_MAX,
            together_max: J::TOGETHER_MAX.max(1),
            lease: J::LEASE,
            time_max: J::TIME_MAX,
            runner: Arc::new(Registered::<J> { room }),
        }
    }
}

#[async_trait]
impl<J: Job> Run for Registered<J> {
    async fn run(&self, batch: &[Leased]) -> Result<Vec<Outcome>, Unavailable> {
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut readable = Vec::with_capacity(batch.len());
        for leased in batch {
            match serde_json::from_str::<J>(&leased.payload) {
                Ok(job) => {
                    outcomes.push(None);
                    let attempt = Attempt {
                        fence: leased.fence,
                        is_last: leased.is_last(),
                    };
                    readable.push((job, attempt));
                }
                Err(error) => {
                    let cause = format!("its payload cannot be read: {error}");
                    outcomes.push(Some(Outcome::GiveUp(cause)));
                }
            }
        }
        let ran = match &readable[..] {
            [] => Vec::new(),
            [(job, attempt)] => vec![job.run(&self.room, *attempt).await?],
            several => J::run_many(&self.room, several).await?,
        };
        assert_eq!(
            ran.len(),
            readable.len(),
            "{} answered for another number of jobs than it was given",
            J::NAME
        );
        let mut ran = ran.into_iter();
        Ok(outcomes
            .into_iter()
            .filter_map(|outcome| outcome.or_else(|| ran.next()))
            .collect())
    }
}
