//! Forgets what proofs need once it is older than the operator keeps it. Nuclei, main trees and
//! checkpoints stay for ever, so every proof that was handed out stays good.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Unavailable};

use crate::follower::NEWEST;
use crate::{Settings, Store};

/// How often old intervals are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// Most intervals forgotten in one transaction, so that submitters never wait long behind it: each
/// may hold a million timestamps.
const INTERVALS_AT_ONCE: u32 = 2;

/// Sweeps until `stop`; returns at once when everything is kept for ever.
pub async fn run(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    stop: impl Future<Output = ()> + Send,
) {
    let Some(retention) = settings.retention else {
        return;
    };
    tokio::pin!(stop);
    loop {
        match sweep(&*store, &*clock, retention).await {
            Ok(0) => {}
            Ok(intervals) => tracing::info!(intervals, "old timestamps were forgotten"),
            Err(error) => tracing::warn!(%error, "old timestamps could not be forgotten"),
        }
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
}

/// Forgets everything older than `retention`; answers how many intervals it cleared.
///
/// A head that is committed but not signed is left alone: whoever signs it must read its interval
/// first.
pub async fn sweep(
    store: &dyn Store,
    clock: &dyn Clock,
    retention: Duration,
) -> Result<u64, Unavailable> {
    let newest = store.checkpoint_up_to(NEWEST).await?;
    if newest.map_or(0, |checkpoint| checkpoint.size) != store.head().await?.size {
        return Ok(0);
    }
    let age = i64::try_from(retention.as_micros()).unwrap_or(i64::MAX);
    let before = base::UnixMicros(clock.now().0.saturating_sub(age));
    let mut cleared = 0;
    loop {
        let intervals = store.forget(before, INTERVALS_AT_ONCE).await?;
        cleared += u64::from(intervals);
        if intervals < INTERVALS_AT_ONCE {
            return Ok(cleared);
        }
    }
}
