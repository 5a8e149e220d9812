//! From protocol v1's proofs to proof files. What an interval's files have in common is fetched
//! once; the rest is in the timestamp itself.

use std::collections::HashMap;

use anyhow::Context as _;
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
#[derive(Default)]
pub(super) struct Templates(HashMap<u64, Template>);

impl Templates {
    /// The template of a sealed timestamp's interval.
    pub(super) async fn of(
        &mut self,
        client: &Client,
        timestamp: &Timestamp,
    ) -> anyhow::Result<&Template> {
        let index = timestamp.interval.context("the server gave no proof")?;
        if !self.0.contains_key(&index) {
            let text = client.proof_file(timestamp.id).await?;
            let template = Template::parse(&text).context("the server's proof file")?;
            self.0.insert(index, template);
        }
        self.0.get(&index).context("just inserted")
    }
}

impl Template {
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
