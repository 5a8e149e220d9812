//! Writes down how attempts ended: what ended while the last transaction was written shares the
//! next.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::{End, Ended, Jobs};

/// Ended attempts that wait to be written; beyond, attempts wait before they give their place to
/// others.
const WAITING_MAX: usize = 4096;
/// Waits between tries when the store does not answer, doubling from the first to the last.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Where attempts hand in how they ended.
pub(super) type Desk = mpsc::Sender<Ended>;

/// A desk, and who sits at it until every copy of the desk is dropped.
pub(super) fn open(jobs: &Arc<Jobs>) -> (Desk, impl Future<Output = ()> + use<>) {
    let (desk, mut inbox) = mpsc::channel(WAITING_MAX);
    let jobs = Arc::clone(jobs);
    let sitting = async move {
        let mut ended = Vec::new();
        while inbox.recv_many(&mut ended, WAITING_MAX).await > 0 {
            write(&jobs, std::mem::take(&mut ended)).await;
        }
    };
    (desk, sitting)
}

/// Tries until the store answers: an attempt that is not written down is made again after its
/// lease.
async fn write(jobs: &Jobs, ended: Vec<Ended>) {
    let follow = |it: &Ended| matches!(&it.how, End::Done(then) if !then.is_empty());
    let come_back = |it: &Ended| matches!(it.how, End::Failed { .. } | End::Later(_));
    let (follow, come_back) = (ended.iter().any(follow), ended.iter().any(come_back));
    let mut wait = RETRY_MIN;
    let stale = loop {
        match jobs.store().settle(ended.clone(), jobs.clock().now()).await {
            Ok(stale) => break stale,
            Err(error) => {
                tracing::warn!(%error, count = ended.len(), "ended jobs are not written down yet");
                sleep(wait).await;
                wait = (wait * 2).min(RETRY_MAX);
            }
        }
    };
    for fence in stale {
        // Written by an answer that was lost, or taken over by another worker.
        tracing::debug!(
            job = fence.job.0,
            attempt = fence.attempt,
            "a fence was stale"
        );
    }
    if follow {
        jobs.ring();
    } else if come_back {
        jobs.ring_here();
    }
}
