//! Parts of this process that `/healthz` asks beside the web's own: the disk, background work.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::Clock;
use base::health::{Part, Probe};
use jobs::Jobs;

use crate::doctor::DISK_FAIL_BYTES;

/// A job that was due for so long is stuck: nobody runs its kind, or everybody hangs.
const STUCK_AFTER: Duration = Duration::from_mins(5);
/// How long the store may take to answer.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether there is room to write.
pub(crate) struct Disk(pub(crate) PathBuf);

#[async_trait]
impl Probe for Disk {
    async fn part(&self) -> Part {
        let free =
            rustix::fs::statvfs(&self.0).map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize));
        let (is_well, says) = match free {
            Ok(free) => (free >= DISK_FAIL_BYTES, format!("{} MiB free", free >> 20)),
            Err(error) => (
                false,
                format!("the data folder cannot be looked at: {error}"),
            ),
        };
        Part {
            name: "disk",
            is_well,
            says,
        }
    }
}

/// Whether background work gets done. Asked only where a worker runs: no other process can mend it.
pub(crate) struct Work {
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Probe for Work {
    async fn part(&self) -> Part {
        let counted = tokio::time::timeout(STORE_TIMEOUT, self.jobs.counts()).await;
        let (is_well, says) = match counted {
            Ok(Ok(kinds)) => {
                let now = self.clock.now();
                let late = kinds.iter().filter_map(|kind| {
                    let age = now.since(kind.oldest_ready?);
                    (age > STUCK_AFTER).then(|| (age, kind.name.as_str()))
                });
                match late.max() {
                    Some((age, kind)) => {
                        let minutes = age.as_secs() / 60;
                        (false, format!("{kind} has been due for {minutes} min"))
                    }
                    None => (true, "nothing is late".to_owned()),
                }
            }
            Ok(Err(error)) => (false, error.to_string()),
            Err(_) => (false, "the store does not answer".to_owned()),
        };
        Part {
            name: "jobs",
            is_well,
            says,
        }
    }
}
