//! The proof that a token was logged, riding inside the token.
//!
//! It is an unsigned attribute (RFC 5652, 5.3) of the one signer: an `OCTET STRING` under [`Oid::inclusion_proof`]. The signature does not cover it, so it can be added after the log has sealed the token, and verifiers that do not know it pass over it. A proof needs no signature of ours: it stands or falls with the log's checkpoint.

use der::asn1::{Any, OctetString, SetOfVec};

use crate::asn1::Attribute;
use crate::oid::Oid;
use crate::token::{Token, TokenError, octets, read, token_bytes, write};

/// The longest proof that a token is given, in bytes.
pub const PROOF_BYTES_MAX: usize = 64 * 1024;

/// The same token with `proof` inside, in place of an earlier one. Takes a token or a response.
pub fn with_proof(token_or_response: &[u8], proof: &[u8]) -> Result<Token, TokenError> {
    if proof.len() > PROOF_BYTES_MAX {
        return Err(TokenError::ProofTooLong { found: proof.len() });
    }
    let mut info = read(&token_bytes(token_or_response)?)?;
    let id = Oid::inclusion_proof();
    let value = Any::encode_from(&OctetString::new(proof.to_vec())?)?;
    let added = Attribute {
        id: id.clone(),
        values: SetOfVec::try_from([value])?,
    };

    let signers = std::mem::take(&mut info.content.signer_infos).into_vec();
    let signers = signers.into_iter().map(|mut signer| {
        let kept = signer.unsigned_attributes.take().map(SetOfVec::into_vec);
        let kept = kept
            .into_iter()
            .flatten()
            .filter(|attribute| attribute.id != id);
        signer.unsigned_attributes = Some(SetOfVec::from_iter(kept.chain([added.clone()]))?);
        Ok(signer)
    });
    let signers = signers.collect::<der::Result<Vec<_>>>()?;
    info.content.signer_infos = SetOfVec::try_from(signers)?;
    Ok(Token::from_signed(write(&info)?))
}

/// The proof in a token or response, if it has one.
pub fn proof_of(token_or_response: &[u8]) -> Result<Option<Vec<u8>>, TokenError> {
    let info = read(&token_bytes(token_or_response)?)?;
    proof_in(&info)
}

pub(crate) fn proof_in(info: &crate::asn1::ContentInfo) -> Result<Option<Vec<u8>>, TokenError> {
    let id = Oid::inclusion_proof();
    let signers = info.content.signer_infos.iter();
    let attributes = signers.filter_map(|signer| signer.unsigned_attributes.as_ref());
    let mut proofs = attributes
        .flat_map(SetOfVec::iter)
        .filter(|attribute| attribute.id == id);
    let Some(first) = proofs.next() else {
        return Ok(None);
    };
    if proofs.next().is_some() {
        return Err(TokenError::Profile("more than one inclusion proof"));
    }
    Ok(Some(octets(first)?.as_bytes().to_vec()))
}
