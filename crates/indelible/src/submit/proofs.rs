//! From protocol v1's proofs to proof files. What an interval's files have in common is fetched
//! once; the rest is in the timestamp itself.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use anyhow::{Context as _, bail};
use tlog::v1::{Data, Timestamp};
use tlog::{ProofFile, StampedData, TimestampProof, Trust, VerifierKey};

use super::client::Client;

/// What all proof files of one interval have in common.
pub(super) struct Template {
    pub(super) key: VerifierKey,
    pub(super) index: u64,
    nucleus: Vec<u8>,
    file: ProofFile,
}

/// The templates fetched so far, by interval.
pub(super) struct Templates {
    fetched: HashMap<u64, Template>,
    witnessed: bool,
}

impl Templates {
    /// None yet. With `witnessed` only heads that a witness cosigned are taken.
    pub(super) fn new(witnessed: bool) -> Self {
        Self {
            fetched: HashMap::new(),
            witnessed,
        }
    }

    /// The template that was fetched for a timestamp's interval.
    pub(super) fn of(&self, timestamp: &Timestamp) -> anyhow::Result<&Template> {
        let index = timestamp.interval.context("the server gave no proof")?;
        self.fetched
            .get(&index)
            .context("no proof was fetched for it")
    }

    /// The template of a sealed timestamp's interval, asked for unless it is there.
    pub(super) async fn fetch(
        &mut self,
        client: &Client,
        timestamp: &Timestamp,
    ) -> anyhow::Result<&Template> {
        let index = timestamp.interval.context("the server gave no proof")?;
        match self.fetched.entry(index) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let text = client.proof_file(timestamp.id, self.witnessed).await?;
                let template = Template::parse(&text).context("the server's proof file")?;
                if self.witnessed && !template.is_witnessed() {
                    bail!(
                        "the server's proof file carries no cosignature, though one was asked for"
                    );
                }
                Ok(place.insert(template))
            }
        }
    }
}

impl Template {
    /// Whether somebody else than the log signed the head too. Whose word counts, the verifier says.
    fn is_witnessed(&self) -> bool {
        let names = self
            .file
            .checkpoint
            .signatures
            .iter()
            .map(|line| &line.name);
        names.into_iter().any(|name| name != self.key.name())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let file = ProofFile::parse(text.as_bytes())?;
        let extra = file.extra.as_ref().context("it holds no timestamp")?;
        let proof = TimestampProof::from_cbor(extra)?;
        Ok(Self {
            key: proof.key,
            index: file.index,
            nucleus: proof.nucleus,
            file,
        })
    }
}

/// The proof file of one timestamp, verified from the data up.
pub(super) fn proof_of(
    template: &Template,
    timestamp: &Timestamp,
    data: &str,
) -> anyhow::Result<ProofFile> {
    let given = timestamp
        .proof
        .as_ref()
        .context("the server gave no proof")?;
    let extra = TimestampProof {
        a: given.a,
        key: template.key.clone(),
        data: Some(StampedData::Text(data.to_owned())),
        path: given.path.clone(),
        nucleus: template.nucleus.clone(),
        time: timestamp.time,
    };
    let proof = ProofFile {
        extra: Some(extra.to_cbor()),
        ..template.file.clone()
    };
    let keys = [template.key.clone()];
    let trust = Trust {
        logs: Some(&keys),
        witnesses: &[],
    };
    match proof.verify(Some(Data::Text(data)), trust) {
        Ok(_) => Ok(proof),
        Err(error) => {
            let reason = error.reason.to_string();
            Err(anyhow::Error::new(error).context(reason))
        }
    }
}
