//! What a token attests, and the token itself.

use der::asn1::OctetString;
use der::{Decode, Encode};

use crate::asn1;
use crate::certificate::sha256;
use crate::imprint::{Imprint, ImprintError};
use crate::oid::{self, Oid};
use crate::request::Nonce;
use crate::time::GenTime;

/// The longest token or response that is read, in bytes. Ours have about 900 and grow by the proof they are given.
pub const TOKEN_BYTES_MAX: usize = 256 * 1024;

/// What [`TstInfo::log_data`] begins with.
pub const LOG_PREFIX: &str = "rfc3161-sha256:";

/// How far the time of a token may be off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accuracy {
    /// Microseconds, on either side. Zero says nothing and is left out of tokens.
    pub micros: u32,
}

impl Accuracy {
    fn from_asn1(raw: &asn1::Accuracy) -> Option<Accuracy> {
        let part = |value: Option<u16>| match value {
            None => Some(0),
            Some(value @ 1..=999) => Some(u32::from(value)),
            Some(_) => None,
        };
        let (millis, micros) = (part(raw.millis)?, part(raw.micros)?);
        let seconds = raw.seconds.unwrap_or(0).checked_mul(1_000_000)?;
        Some(Accuracy {
            micros: seconds.checked_add(millis * 1000 + micros)?,
        })
    }

    fn to_asn1(self) -> Option<asn1::Accuracy> {
        let part = |value: u32| u16::try_from(value % 1000).ok().filter(|value| *value > 0);
        let seconds = self.micros / 1_000_000;
        (self.micros > 0).then(|| asn1::Accuracy {
            seconds: (seconds > 0).then_some(seconds),
            millis: part(self.micros / 1000),
            micros: part(self.micros),
        })
    }
}

/// The attested facts: this digest existed at this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TstInfo {
    policy: Oid,
    imprint: Imprint,
    serial: u128,
    time: GenTime,
    accuracy: Accuracy,
    nonce: Option<Nonce>,
    der: Vec<u8>,
}

impl TstInfo {
    /// Writes the facts as DER.
    pub(crate) fn new(
        policy: &Oid,
        imprint: &Imprint,
        serial: u128,
        time: GenTime,
        accuracy: Accuracy,
        nonce: Option<&Nonce>,
    ) -> der::Result<TstInfo> {
        let der = asn1::TstInfo {
            version: 1,
            policy: policy.clone(),
            message_imprint: imprint.to_asn1()?,
            serial_number: serial,
            gen_time: time,
            accuracy: accuracy.to_asn1(),
            ordering: false,
            nonce: nonce.map(Nonce::to_asn1),
            tsa: None,
            extensions: None,
        }
        .to_der()?;
        let (policy, imprint, nonce) = (policy.clone(), imprint.clone(), nonce.cloned());
        Ok(TstInfo {
            policy,
            imprint,
            serial,
            time,
            accuracy,
            nonce,
            der,
        })
    }

    /// Reads the facts; extensions and the authority's name are passed over, as verifiers may.
    pub(crate) fn from_der(der: &[u8]) -> Result<TstInfo, TokenError> {
        let raw = asn1::TstInfo::from_der(der)?;
        if raw.version != 1 {
            return Err(TokenError::Profile("TSTInfo version is not 1"));
        }
        let accuracy = match &raw.accuracy {
            None => Accuracy { micros: 0 },
            Some(raw) => Accuracy::from_asn1(raw)
                .ok_or(TokenError::Profile("TSTInfo accuracy is out of range"))?,
        };
        Ok(TstInfo {
            imprint: Imprint::from_asn1(&raw.message_imprint)?,
            policy: raw.policy,
            serial: raw.serial_number,
            time: raw.gen_time,
            accuracy,
            nonce: raw.nonce.map(Nonce::from_asn1),
            der: der.to_vec(),
        })
    }

    /// The policy under which the token is made.
    pub fn policy(&self) -> &Oid {
        &self.policy
    }

    /// The digest that existed.
    pub fn imprint(&self) -> &Imprint {
        &self.imprint
    }

    /// The number of the token, unique for its authority.
    pub fn serial(&self) -> u128 {
        self.serial
    }

    /// Microseconds since 1970-01-01 UTC.
    pub fn time_us(&self) -> i64 {
        self.time.as_us()
    }

    /// How far the time may be off; zero if the token does not say.
    pub fn accuracy(&self) -> Accuracy {
        self.accuracy
    }

    /// The nonce of the request.
    pub fn nonce(&self) -> Option<&Nonce> {
        self.nonce.as_ref()
    }

    /// The DER of the `TSTInfo`: the bytes that are signed.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of [`TstInfo::as_der`].
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    /// The text to stamp into the log: [`LOG_PREFIX`] and the lower-case hex of [`TstInfo::sha256`], 79 bytes.
    pub fn log_data(&self) -> String {
        let mut text = String::with_capacity(LOG_PREFIX.len() + 64);
        text.push_str(LOG_PREFIX);
        for byte in self.sha256() {
            for nibble in [byte >> 4, byte & 0xf] {
                text.extend(char::from_digit(u32::from(nibble), 16));
            }
        }
        text
    }
}

/// A signed token: the DER of a CMS `ContentInfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(Vec<u8>);

/// Why bytes are not a token that can be worked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`TOKEN_BYTES_MAX`].
    #[error("token has {found} bytes, more than {TOKEN_BYTES_MAX}")]
    TooLong {
        /// Bytes given.
        found: usize,
    },
    /// Neither the DER of a token nor that of a response.
    #[error("not a DER time-stamp token: {reason}")]
    Malformed {
        /// What the reader stumbled over, and where.
        reason: String,
    },
    /// The same facts could be written with other bytes, which DER rules out.
    #[error("token is not written in DER's one canonical form")]
    NotCanonical,
    /// A response that carries no token.
    #[error("the time-stamp request was refused (status {status}): {text}")]
    Refused {
        /// `PKIStatus`.
        status: u8,
        /// The authority's words.
        text: String,
    },
    /// A token of a kind that this crate neither makes nor verifies.
    #[error("unsupported token: {0}")]
    Profile(&'static str),
    /// The imprint inside is of no use.
    #[error("messageImprint: {0}")]
    Imprint(ImprintError),
    /// A proof longer than [`crate::PROOF_BYTES_MAX`].
    #[error("proof has {found} bytes, more than {}", crate::PROOF_BYTES_MAX)]
    ProofTooLong {
        /// Bytes given.
        found: usize,
    },
}

impl From<ImprintError> for TokenError {
    fn from(error: ImprintError) -> TokenError {
        TokenError::Imprint(error)
    }
}

impl From<der::Error> for TokenError {
    fn from(error: der::Error) -> TokenError {
        TokenError::Malformed {
            reason: error.to_string(),
        }
    }
}

impl Token {
    pub(crate) fn from_signed(der: Vec<u8>) -> Token {
        Token(der)
    }

    /// Takes a token, or the response that carries one, and checks its shape, not its signature.
    pub fn parse(token_or_response: &[u8]) -> Result<Token, TokenError> {
        let token = token_bytes(token_or_response)?;
        read(&token)?;
        Ok(Token(token))
    }

    /// What the token claims. Believe it only after [`crate::Trust::verify`]; before that it tells which hash to compute.
    pub fn claims(&self) -> Result<TstInfo, TokenError> {
        let content = read(&self.0)?.content.encap_content_info.content;
        TstInfo::from_der(content.as_bytes())
    }

    /// The DER.
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }

    /// The DER.
    pub fn into_der(self) -> Vec<u8> {
        self.0
    }
}

/// The DER of the token in a token or response.
pub(crate) fn token_bytes(token_or_response: &[u8]) -> Result<Vec<u8>, TokenError> {
    if token_or_response.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::TooLong {
            found: token_or_response.len(),
        });
    }
    let Ok(response) = asn1::TimeStampResp::from_der(token_or_response) else {
        return Ok(token_or_response.to_vec());
    };
    let refused = || TokenError::Refused {
        status: response.status.status,
        text: response
            .status
            .status_string
            .clone()
            .unwrap_or_default()
            .join("; "),
    };
    match (response.status.status, &response.token) {
        (0, Some(token)) => {
            if response.to_der()? != token_or_response {
                return Err(TokenError::NotCanonical);
            }
            Ok(token.to_der()?)
        }
        _ => Err(refused()),
    }
}

/// Reads a token of our profile from exactly these bytes.
///
/// The reader of `der` forgives a little, such as a set in the wrong order. Writing back what was read and comparing leaves no bit without meaning.
pub(crate) fn read(token: &[u8]) -> Result<asn1::ContentInfo, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::TooLong { found: token.len() });
    }
    let info = asn1::ContentInfo::from_der(token)?;
    if info.to_der()? != token {
        return Err(TokenError::NotCanonical);
    }
    let data = &info.content;
    let unless = |holds: bool, why: &'static str| {
        if holds {
            Ok(())
        } else {
            Err(TokenError::Profile(why))
        }
    };
    let content_type = &data.encap_content_info.content_type;
    unless(
        info.content_type == oid::SIGNED_DATA,
        "content is not SignedData",
    )?;
    unless(
        *content_type == oid::TST_INFO,
        "signed content is not TSTInfo",
    )?;
    unless(data.version == 3, "SignedData version is not 3")?;
    unless(data.signer_infos.len() == 1, "not exactly one signer")?;
    Ok(info)
}

/// Puts `content` back into DER.
pub(crate) fn write(info: &asn1::ContentInfo) -> Result<Vec<u8>, TokenError> {
    Ok(info.to_der()?)
}

/// One octet string as the sole value of an attribute.
pub(crate) fn octets(attribute: &asn1::Attribute) -> Result<OctetString, TokenError> {
    match attribute.values.as_slice() {
        [value] => Ok(value.decode_as::<OctetString>()?),
        _ => Err(TokenError::Profile(
            "attribute does not have exactly one value",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_is_split_into_its_parts() {
        let check = |micros: u32, parts: (Option<u32>, Option<u16>, Option<u16>)| {
            let raw = Accuracy { micros }.to_asn1().unwrap();
            assert_eq!((raw.seconds, raw.millis, raw.micros), parts);
            assert_eq!(Accuracy::from_asn1(&raw), Some(Accuracy { micros }));
        };
        check(1, (None, None, Some(1)));
        check(1_000, (None, Some(1), None));
        check(1_000_000, (Some(1), None, None));
        check(2_003_004, (Some(2), Some(3), Some(4)));
        check(u32::MAX, (Some(4294), Some(967), Some(295)));
        assert!(Accuracy { micros: 0 }.to_asn1().is_none());
        let raw = |seconds, millis| asn1::Accuracy {
            seconds,
            millis,
            micros: None,
        };
        for bad in [
            raw(Some(4295), None),
            raw(None, Some(0)),
            raw(None, Some(1000)),
        ] {
            assert_eq!(Accuracy::from_asn1(&bad), None);
        }
    }
}
