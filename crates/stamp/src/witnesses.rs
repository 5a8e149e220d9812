//! Asks witnesses to cosign our heads: C2SP `tlog-witness`, the side of the log.
//!
//! Each witness has seen some size of ours; a request proves that the new head continues it. Where
//! we do not know the size, we ask from 0 and are told. The network is behind a door: this decides
//! what is said, not how it travels.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::{Subscription, Unavailable};
use futures_util::StreamExt as _;
use tlog::{AddCheckpoint, CosignerKey, SignatureLine, SignedNote, parse_conflict};

use crate::{Checkpoint, Cosignature, LIVE_TOPIC, Ledger, Store, Tree};

/// Longest answer of a witness that is read, in bytes.
pub const WITNESS_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How many requests one asking takes at most: a size that we did not know, and one more for the
/// witness that was asked by somebody else in between.
const REQUESTS_MAX: usize = 3;

/// What a witness answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, at most [`WITNESS_ANSWER_BYTES_MAX`].
    pub body: Vec<u8>,
}

/// The way to a witness.
#[async_trait]
pub trait WitnessClient: Send + Sync {
    /// Sends `body` to `{url}/add-checkpoint`.
    async fn add_checkpoint(&self, url: &str, body: String) -> Result<Answer, Unavailable>;
}

/// A witness that is asked.
#[derive(Clone, Debug)]
pub struct WitnessConfig {
    /// Its submission prefix; requests go to `{url}/add-checkpoint`.
    pub url: String,
    /// The key that its cosignatures must verify with.
    pub key: CosignerKey,
}

/// Why a witness gave no cosignature.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// It or our store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It said no.
    #[error("the witness answered with status {status}: {words}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The beginning of its answer.
        words: String,
    },
    /// It says that it has seen more of our log than there is.
    #[error("the witness has seen {theirs} intervals of this log, which has only {ours}")]
    Ahead {
        /// What it has seen.
        theirs: u64,
        /// What there is.
        ours: u64,
    },
    /// Its answer is no cosignature of its key over our head.
    #[error("the witness's answer is not its cosignature: {0}")]
    NoCosignature(String),
}

/// Asks the configured witnesses.
pub struct Witnesses {
    store: Arc<dyn Store>,
    ledger: Ledger,
    client: Arc<dyn WitnessClient>,
    asked: Vec<Asked>,
}

struct Asked {
    config: WitnessConfig,
    /// The size that it cosigned last, as far as we know.
    seen: u64,
}

impl Witnesses {
    /// Asks `witnesses`, over `client`.
    pub fn new(
        store: Arc<dyn Store>,
        client: Arc<dyn WitnessClient>,
        witnesses: Vec<WitnessConfig>,
    ) -> Self {
        let asked = |config| Asked { config, seen: 0 };
        Self {
            ledger: Ledger::new(Arc::clone(&store)),
            store,
            client,
            asked: witnesses.into_iter().map(asked).collect(),
        }
    }

    /// Asks all of them about the newest head until `stop`: never more often than every `every`,
    /// and as soon as there is a head that they have not cosigned. So on a quiet log a new head is
    /// cosigned at once. `heads` wakes it for a new head; whoever wakes it in vain costs a read.
    pub async fn run(
        mut self,
        every: Duration,
        mut heads: Subscription,
        stop: impl Future<Output = ()> + Send,
    ) {
        if self.asked.is_empty() {
            return;
        }
        tokio::pin!(stop);
        loop {
            let asking = async {
                let outcomes = self.ask_all().await;
                let nothing_new = outcomes.iter().all(|(_, it)| matches!(it, Ok(None)));
                for (name, outcome) in outcomes {
                    if let Err(error) = outcome {
                        tracing::warn!(witness = name, %error, "no cosignature");
                    }
                }
                let pause = tokio::time::sleep(every);
                if !nothing_new {
                    return pause.await;
                }
                tokio::select! {
                    () = pause => {}
                    () = next_head(&mut heads) => {}
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = asking => {}
            }
        }
    }

    /// Asks all of them, at the same time, about the same head, the newest. `Ok(None)` where there
    /// is nothing new to cosign.
    pub async fn ask_all(&mut self) -> Vec<(String, Result<Option<u64>, WitnessError>)> {
        let newest = self.ledger.checkpoint().await.map_err(Arc::new);
        let (store, ledger, client) = (&*self.store, &self.ledger, &*self.client);
        let asking = self.asked.iter_mut().map(|witness| {
            let newest = newest.clone();
            async move {
                let name = witness.config.key.name().to_owned();
                let outcome = match newest {
                    Ok(Some(checkpoint)) => ask(store, ledger, client, &checkpoint, witness).await,
                    Ok(None) => Ok(None),
                    Err(error) => Err(Unavailable::new("the log", error).into()),
                };
                (name, outcome)
            }
        });
        futures_util::future::join_all(asking).await
    }
}

/// Returns when a new head is announced.
async fn next_head(heads: &mut Subscription) {
    while let Some(event) = heads.next().await {
        if event.topic == LIVE_TOPIC {
            return;
        }
    }
    // The bus is gone: then only time wakes us.
    std::future::pending::<()>().await;
}

/// Asks one witness about a head; answers the size that it has cosigned now, or `None` when it had before.
async fn ask(
    store: &dyn Store,
    ledger: &Ledger,
    client: &dyn WitnessClient,
    checkpoint: &Checkpoint,
    witness: &mut Asked,
) -> Result<Option<u64>, WitnessError> {
    let name = witness.config.key.name();
    if checkpoint.cosignatures.iter().any(|it| it.witness == name) {
        return Ok(None);
    }
    let note = SignedNote::parse(checkpoint.note.as_bytes());
    let note = note.map_err(|error| Unavailable::new("the newest checkpoint", error))?;
    for _ in 0..REQUESTS_MAX {
        let request = request(ledger, witness.seen, checkpoint, &note).await?;
        let url = &witness.config.url;
        let answer = client.add_checkpoint(url, request.to_string()).await?;
        match (answer.status, parse_conflict(&answer.body)) {
            (200, _) => {
                let line = cosignature(&answer.body, &witness.config.key, &note.text)?;
                let cosignature = Cosignature {
                    witness: name.to_owned(),
                    line,
                };
                store.add_cosignature(checkpoint.size, cosignature).await?;
                witness.seen = checkpoint.size;
                return Ok(Some(checkpoint.size));
            }
            (409, Some(theirs)) if theirs > checkpoint.size => {
                let ours = checkpoint.size;
                return Err(WitnessError::Ahead { theirs, ours });
            }
            (409, Some(theirs)) if theirs != witness.seen => witness.seen = theirs,
            (status, _) => {
                let words = String::from_utf8_lossy(&answer.body);
                return Err(WitnessError::Refused {
                    status,
                    words: words.chars().take(200).collect(),
                });
            }
        }
    }
    Err(WitnessError::Refused {
        status: 409,
        words: "it names another size each time".into(),
    })
}

async fn request(
    ledger: &Ledger,
    seen: u64,
    checkpoint: &Checkpoint,
    note: &SignedNote,
) -> Result<AddCheckpoint, Unavailable> {
    let proof = match seen {
        0 => Vec::new(),
        seen => {
            let proof = ledger.consistency(Tree::Sha256, seen, checkpoint.size);
            let beyond = || Unavailable::new("the log", "a signed size is not there any more");
            proof.await?.ok_or_else(beyond)?
        }
    };
    Ok(AddCheckpoint {
        old_size: seen,
        proof,
        note: note.clone(),
    })
}

/// The line of `key` in a witness's answer, verified over the head's text; without its newline.
fn cosignature(body: &[u8], key: &CosignerKey, text: &str) -> Result<String, WitnessError> {
    let no = |words: String| WitnessError::NoCosignature(words);
    let body = std::str::from_utf8(body).map_err(|error| no(error.to_string()))?;
    let lines = SignatureLine::parse_all(body).map_err(|error| no(error.to_string()))?;
    let line = lines.iter().find(|line| key.is_named_by(line));
    let line = line.ok_or_else(|| no(format!("no line is by {}", key.name())))?;
    key.verify(line, text)
        .map_err(|error| no(error.to_string()))?;
    Ok(line.to_string().trim_end().to_owned())
}
