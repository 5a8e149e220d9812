//! RFC 3161: every token is an ordinary timestamp of the log as well.
//!
//! The token's `TSTInfo` is stamped at the very moment that it attests, and token and timestamp
//! become durable together. Later the token can be fetched again with its proof inside, as an
//! unsigned attribute that stock verifiers pass over.

use base::Unavailable;
use tlog::v1::{Data, TimeText, timestamp_hash};
use tsa::{Authority, Refusal, Request};

use crate::notary::Item;
use crate::{Entry, Ledger, Notary, ProofAnswer, SubmitError, TimestampId, Token, Under};

/// Why a request got no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The authority does not answer such a request.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The log did not take it.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// A token as it was stored, and with what has become known since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundToken {
    /// The timestamp over its `TSTInfo`.
    pub id: TimestampId,
    /// The token, DER; with its proof inside once it is sealed.
    pub der: Vec<u8>,
    /// Whether the proof is inside.
    pub proven: bool,
}

impl Notary {
    /// Makes a token. It and its timestamp are durable when this returns.
    pub async fn submit_token(
        &self,
        authority: &Authority,
        request: &Request,
    ) -> Result<Token, TokenError> {
        let time = self.admit_one()?;
        let serial = self.serial();
        let info = authority.token_info(request, u128::from_be_bytes(serial), time.0)?;
        let token = authority.sign(&info, request.wants_certificate)?;
        let data = info.log_data();
        let hash = timestamp_hash(Data::Text(&data), &TimeText::of_micros(time.0));
        let der = token.into_der();
        let item = Item {
            entry: Entry { time, hash },
            tag: None,
            token: Some((serial, der.clone())),
        };
        let id = self.stamp(item).await?;
        Ok(Token { serial, id, der })
    }
}

impl Ledger {
    /// A token as it was handed out.
    pub async fn token(&self, serial: [u8; 16]) -> Result<Option<Token>, Unavailable> {
        self.store().token(serial).await
    }

    /// A token with its proof file inside, if it is sealed by now.
    pub async fn token_with_proof(
        &self,
        serial: [u8; 16],
    ) -> Result<Option<FoundToken>, Unavailable> {
        let Some(token) = self.token(serial).await? else {
            return Ok(None);
        };
        let damaged = |error| Unavailable::new("the stored token", error);
        let claims = tsa::Token::parse(&token.der).and_then(|token| token.claims());
        let data = claims.map_err(damaged)?.log_data();
        let answer = self.proof_file(token.id, Under::Best, Some(&data)).await?;
        let ProofAnswer::File(file) = answer else {
            return Ok(Some(FoundToken {
                id: token.id,
                der: token.der,
                proven: false,
            }));
        };
        let proof = file.to_string();
        let proven = tsa::with_proof(&token.der, proof.as_bytes()).map_err(damaged)?;
        Ok(Some(FoundToken {
            id: token.id,
            der: proven.into_der(),
            proven: true,
        }))
    }
}
