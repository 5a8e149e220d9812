//! Serving as a witness of other logs: C2SP `tlog-witness`.
//!
//! Remembers the newest head of each log that it knows, and cosigns only what continues it. The
//! memory is durable before the cosignature leaves.

use std::sync::Arc;

use base::{Clock, Unavailable};
use tlog::{AddCheckpoint, CosigningKey, Verdict, VerifierKey, judge};

use crate::{Store, Witnessed};

/// How often a lost race against another request for the same log is judged again.
const RACES_MAX: usize = 8;

/// A witness.
pub struct Witness {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    key: CosigningKey,
    logs: Vec<VerifierKey>,
}

/// What a witness says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The decision; [`Verdict::status`] is the answer's status.
    pub verdict: Verdict,
    /// The cosignature's line with its newline, if there is one: the answer's body.
    pub cosignature: Option<String>,
}

impl Witness {
    /// A witness of the logs that sign with `logs`; several keys may be of one log.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        key: CosigningKey,
        logs: Vec<VerifierKey>,
    ) -> Self {
        Self {
            store,
            clock,
            key,
            logs,
        }
    }

    /// The key with which its cosignatures are verified.
    pub fn key(&self) -> &tlog::CosignerKey {
        self.key.public()
    }

    /// The keys of the logs that it knows.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The newest head of a log that it cosigned.
    pub async fn remembered(&self, origin: &str) -> Result<Option<Witnessed>, Unavailable> {
        self.store.witnessed(origin).await
    }

    /// Judges a request, and cosigns if everything holds.
    pub async fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<Judgement, Unavailable> {
        let origin = request.origin();
        for _ in 0..RACES_MAX {
            let old = self.store.witnessed(origin).await?;
            let remembered = old.map(|old| (old.size, old.root));
            let verdict = judge(request, &self.logs, remembered);
            let Verdict::Cosign(checkpoint) = &verdict else {
                return Ok(Judgement {
                    verdict,
                    cosignature: None,
                });
            };
            let new = Witnessed {
                size: checkpoint.size,
                root: checkpoint.root,
            };
            if old == Some(new) || self.store.advance_witnessed(origin, old, new).await? {
                let line = self.cosign(request);
                return Ok(Judgement {
                    verdict,
                    cosignature: Some(line),
                });
            }
        }
        Err(Unavailable::new(
            "the witness's memory",
            "too many requests for one log at once",
        ))
    }

    fn cosign(&self, request: &AddCheckpoint) -> String {
        let seconds = self.clock.now().0.div_euclid(1_000_000);
        let unix_s = u64::try_from(seconds).unwrap_or(0);
        self.key.cosign(&request.note.text, unix_s).to_string()
    }
}
