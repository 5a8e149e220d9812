//! Facts as their rooms see them: how far each has come, and its proof.

use std::sync::Arc;

use base::{Clock, Unavailable};
use stamp::{Ledger, Notary, ProofAnswer, TimestampId, Under};

use crate::{Fact, FactId, Place, Stamped, Store};

/// What a page says about a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// The fact.
    pub fact: FactId,
    /// What sort of fact.
    pub kind: String,
    /// SHA-256 of its canonical bytes.
    pub sha256: [u8; 32],
    /// How far it has come.
    pub state: BadgeState,
}

/// How far a fact has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadgeState {
    /// It is durable, and will be stamped.
    Waiting,
    /// It is stamped, and waits for its interval to be sealed and signed.
    Stamped(TimestampId),
    /// It is in the log.
    Sealed {
        /// Its timestamp.
        timestamp: TimestampId,
        /// The interval's number.
        interval: u64,
    },
    /// It was sealed; the log has forgotten its proof since, as its retention time says.
    Forgotten(TimestampId),
}

/// What was asked for, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactProof {
    /// There is no such fact.
    Unknown,
    /// It is not in the log yet.
    Waiting,
    /// The log's answer.
    Log(ProofAnswer),
}

/// The facts of all rooms. One per process.
pub struct Facts {
    store: Arc<dyn Store>,
    notary: Arc<Notary>,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
}

impl Facts {
    /// Facts over a store and the log.
    pub fn new(
        store: Arc<dyn Store>,
        notary: Arc<Notary>,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            notary,
            ledger,
            clock,
        }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) fn notary(&self) -> &Notary {
        &self.notary
    }

    pub(crate) async fn write(&self, stamped: &[Stamped]) -> Result<Vec<bool>, Unavailable> {
        self.store.stamped(stamped, self.clock.now()).await
    }

    /// What a page says about one fact; `None` when there is none of this number.
    pub async fn badge(&self, id: FactId) -> Result<Option<Badge>, Unavailable> {
        Ok(self.badges(&[id]).await?.pop())
    }

    /// The same for all facts of a page, by number, in one read; those that do not exist are left
    /// out.
    pub async fn badges(&self, ids: &[FactId]) -> Result<Vec<Badge>, Unavailable> {
        let mut badges = Vec::with_capacity(ids.len());
        for fact in self.store.facts(ids).await? {
            let state = self.state(&fact).await?;
            badges.push(Badge {
                fact: fact.id,
                kind: fact.kind,
                sha256: fact.sha256,
                state,
            });
        }
        Ok(badges)
    }

    async fn state(&self, fact: &Fact) -> Result<BadgeState, Unavailable> {
        Ok(match fact.place {
            Place::Waiting => BadgeState::Waiting,
            Place::Sealed {
                timestamp,
                interval,
            } if self.ledger.is_signed(interval).await? => BadgeState::Sealed {
                timestamp,
                interval,
            },
            Place::Sealed { timestamp, .. } | Place::Pooled(timestamp) => {
                BadgeState::Stamped(timestamp)
            }
            Place::Forgotten(timestamp) => BadgeState::Forgotten(timestamp),
        })
    }

    /// The proof file of a fact under the best checkpoint, without the fact's bytes, which its
    /// room has: `indelible verify BYTES PROOF` accepts the two.
    pub async fn proof_file(&self, id: FactId) -> Result<FactProof, Unavailable> {
        let Some(fact) = self.store.facts(&[id]).await?.pop() else {
            return Ok(FactProof::Unknown);
        };
        let Some(timestamp) = fact.place.timestamp() else {
            return Ok(FactProof::Waiting);
        };
        let text = fact.text();
        let proof = self.ledger.proof_file(timestamp, Under::Best, Some(&text));
        let answer = proof.await?;
        Ok(FactProof::Log(answer))
    }
}
