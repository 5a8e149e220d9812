//! Everything that somebody needs to verify a timestamp offline, for ever, in one file.

use base::Unavailable;
use tlog::v1::{Data, TimeText, timestamp_hash};
use tlog::{ProofFile, SignedNote, TimestampProof, VerifierKey};

use crate::{Checkpoint, Found, Ledger, Timestamp, TimestampId, Tree};

/// What was asked for, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofAnswer {
    /// No such timestamp was ever given.
    Unknown,
    /// Its proof is past the retention time.
    Forgotten,
    /// Its interval is not sealed yet.
    Pending(Timestamp),
    /// No witness has cosigned a checkpoint over its interval yet, and one was asked for.
    NotWitnessed(Timestamp),
    /// The data to put into the file is not what was stamped.
    OtherData,
    /// The file.
    File(Box<ProofFile>),
}

/// Under which checkpoint a proof file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// The best that there is: a cosigned one that covers the interval, else the newest.
    Best,
    /// A cosigned one, or none.
    Cosigned,
}

impl Checkpoint {
    /// The note with all that witnesses added, as it is served.
    pub fn cosigned_note(&self) -> String {
        let mut note = self.note.clone();
        for cosignature in &self.cosignatures {
            note.push_str(&cosignature.line);
            note.push('\n');
        }
        note
    }
}

impl Ledger {
    /// The proof file of a timestamp, with `data` in it if it is given; it is what was stamped, as
    /// text or as bytes.
    pub async fn proof_file(
        &self,
        id: TimestampId,
        under: Under,
        data: Option<&str>,
    ) -> Result<ProofAnswer, Unavailable> {
        let (timestamp, proof) = match self.timestamp(id).await? {
            Found::Unknown => return Ok(ProofAnswer::Unknown),
            Found::Forgotten => return Ok(ProofAnswer::Forgotten),
            Found::Pending(timestamp) => return Ok(ProofAnswer::Pending(timestamp)),
            Found::Sealed(timestamp, proof) => (timestamp, proof),
        };
        let time = TimeText::of_micros(timestamp.time.0);
        let data = match data {
            None => None,
            Some(text) => {
                let stamped = |data: &Data<'_>| timestamp_hash(*data, &time) == timestamp.hash;
                let forms = [Data::Text(text), Data::Bytes(text.as_bytes())];
                let Some(data) = forms.into_iter().find(stamped) else {
                    return Ok(ProofAnswer::OtherData);
                };
                Some(data.into())
            }
        };
        let index = proof.interval.index;
        let damaged = |what: &str| Unavailable::new("the log's checkpoints", what.to_owned());
        let checkpoint = match (self.cosigned_checkpoint(index + 1).await?, under) {
            (Some(cosigned), _) => cosigned,
            (None, Under::Cosigned) => return Ok(ProofAnswer::NotWitnessed(timestamp)),
            (None, Under::Best) => {
                let newest = self.checkpoint().await?;
                newest.ok_or_else(|| damaged("there is none"))?
            }
        };
        let note = SignedNote::parse(checkpoint.cosigned_note().as_bytes());
        let note = note.map_err(|error| damaged(&error.to_string()))?;
        let size = checkpoint.size;
        let path = self.inclusion(Tree::Sha256, index, size).await?;
        let extra = TimestampProof {
            a: proof.a,
            key: self.signer_of(&note).await?,
            data,
            path: proof.path,
            nucleus: proof.interval.nucleus(),
            time,
        };
        Ok(ProofAnswer::File(Box::new(ProofFile {
            extra: Some(extra.to_cbor()),
            index,
            path: path.ok_or_else(|| damaged("it is older than the interval"))?,
            checkpoint: note,
        })))
    }

    /// The newest of the log's keys that signed a note.
    async fn signer_of(&self, note: &SignedNote) -> Result<VerifierKey, Unavailable> {
        let keys = self.store().log_keys().await?;
        let mut keys = keys.iter().rev().filter_map(|key| key.vkey.parse().ok());
        let signed = |key: &VerifierKey| {
            let mut lines = note.signatures.iter();
            lines.any(|line| line.name == key.name() && line.key_id == key.id())
        };
        keys.find(signed)
            .ok_or_else(|| Unavailable::new("the log's keys", "none signed the checkpoint"))
    }
}
