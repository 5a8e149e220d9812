//! Time-stamp requests: hostile bytes in, a question out (RFC 3161, 2.4.1).

use der::asn1::Int;
use der::{Decode, Encode};

use crate::asn1;
use crate::imprint::{Imprint, ImprintError};
use crate::oid::Oid;
use crate::response::Failure;

/// The longest request that is read, in bytes. A usual one has 40 to 150.
pub const REQUEST_BYTES_MAX: usize = 4096;

/// The longest nonce that is echoed, in bytes. Clients use 8.
pub const NONCE_BYTES_MAX: usize = 64;

/// What a client asks to have stamped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The digest.
    pub imprint: Imprint,
    /// The policy that the client insists on.
    pub policy: Option<Oid>,
    /// To be echoed, so that the client knows the answer for its own.
    pub nonce: Option<Nonce>,
    /// Whether the token shall contain the signer's certificate.
    pub wants_certificate: bool,
}

/// A number of the client's choice, of any size up to [`NONCE_BYTES_MAX`], possibly negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(Int);

impl Nonce {
    /// The content octets of the DER `INTEGER`: big-endian two's complement, as short as possible.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn from_asn1(number: Int) -> Nonce {
        Nonce(number)
    }

    pub(crate) fn to_asn1(&self) -> Int {
        self.0.clone()
    }
}

impl From<u64> for Nonce {
    fn from(number: u64) -> Nonce {
        let number = Int::try_from(i128::from(number));
        Nonce(number.unwrap_or_else(|_| unreachable!("nine bytes fit into an INTEGER")))
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Longer than [`REQUEST_BYTES_MAX`].
    #[error("request has {found} bytes, more than {REQUEST_BYTES_MAX}")]
    TooLong {
        /// Bytes given.
        found: usize,
    },
    /// Not the DER of a `TimeStampReq`.
    #[error("request is not a DER TimeStampReq: {reason}")]
    Malformed {
        /// What the reader stumbled over, and where.
        reason: String,
    },
    /// A version other than 1.
    #[error("request version is not 1")]
    UnsupportedVersion,
    /// Nothing that can be stamped.
    #[error("messageImprint: {0}")]
    Imprint(ImprintError),
    /// Longer than [`NONCE_BYTES_MAX`].
    #[error("nonce has {found} bytes, more than {NONCE_BYTES_MAX}")]
    NonceTooLong {
        /// Bytes given.
        found: usize,
    },
    /// An extension, critical or not: none is known, and RFC 3161 says to refuse rather than to ignore.
    #[error("extension {id} is not known")]
    UnacceptedExtension {
        /// The first one, or `(none)` for an empty list.
        id: String,
    },
}

impl From<ImprintError> for RequestError {
    fn from(error: ImprintError) -> RequestError {
        RequestError::Imprint(error)
    }
}

impl RequestError {
    /// What the client is told.
    pub fn failure(&self) -> Failure {
        match self {
            RequestError::TooLong { .. }
            | RequestError::Malformed { .. }
            | RequestError::NonceTooLong { .. }
            | RequestError::Imprint(ImprintError::WrongDigestLength { .. }) => {
                Failure::BadDataFormat
            }
            RequestError::UnsupportedVersion => Failure::BadRequest,
            RequestError::Imprint(
                ImprintError::UnsupportedHash { .. } | ImprintError::UnexpectedParameters { .. },
            ) => Failure::BadAlg,
            RequestError::UnacceptedExtension { .. } => Failure::UnacceptedExtension,
        }
    }
}

impl Request {
    /// A request for `imprint` with neither policy nor nonce, asking for the certificate.
    pub fn new(imprint: Imprint) -> Request {
        Request {
            imprint,
            policy: None,
            nonce: None,
            wants_certificate: true,
        }
    }

    /// Reads the DER of a `TimeStampReq`, and nothing after it.
    ///
    /// One liberty is taken with DER: `certReq FALSE` may be spelled out, as some clients do.
    pub fn parse(der: &[u8]) -> Result<Request, RequestError> {
        if der.len() > REQUEST_BYTES_MAX {
            return Err(RequestError::TooLong { found: der.len() });
        }
        let raw = asn1::TimeStampReq::from_der(der).map_err(|error| RequestError::Malformed {
            reason: error.to_string(),
        })?;
        if raw.version.as_bytes() != [1] {
            return Err(RequestError::UnsupportedVersion);
        }
        if let Some(extensions) = raw.extensions {
            let first = extensions.first().map(|extension| extension.id.to_string());
            let id = first.unwrap_or_else(|| "(none)".into());
            return Err(RequestError::UnacceptedExtension { id });
        }
        let nonce_bytes = raw.nonce.as_ref().map_or(0, |nonce| nonce.as_bytes().len());
        if nonce_bytes > NONCE_BYTES_MAX {
            return Err(RequestError::NonceTooLong { found: nonce_bytes });
        }
        Ok(Request {
            imprint: Imprint::from_asn1(&raw.message_imprint)?,
            policy: raw.req_policy,
            nonce: raw.nonce.map(Nonce::from_asn1),
            wants_certificate: raw.cert_req,
        })
    }

    /// The DER that [`Request::parse`] reads.
    pub fn to_der(&self) -> der::Result<Vec<u8>> {
        asn1::TimeStampReq {
            version: Int::new(&[1])?,
            message_imprint: self.imprint.to_asn1()?,
            req_policy: self.policy.clone(),
            nonce: self.nonce.as_ref().map(Nonce::to_asn1),
            cert_req: self.wants_certificate,
            extensions: None,
        }
        .to_der()
    }
}
