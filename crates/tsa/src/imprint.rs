//! What is stamped: a digest and the name of the hash that made it.

use std::fmt;
use std::str::FromStr;

use der::asn1::{Any, ObjectIdentifier, OctetString};

use crate::asn1;
use crate::oid::{self, Oid};

/// The hashes whose digests are stamped. SHA-1 and MD5 are left out because a collision would make one token attest two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
}

impl HashAlgorithm {
    /// All of them.
    pub const ALL: [HashAlgorithm; 6] = [
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha512,
        HashAlgorithm::Sha3_256,
        HashAlgorithm::Sha3_384,
        HashAlgorithm::Sha3_512,
    ];

    /// The name as `openssl` spells it, such as `sha3-256`.
    pub fn name(self) -> &'static str {
        match self {
            HashAlgorithm::Sha256 => "sha256",
            HashAlgorithm::Sha384 => "sha384",
            HashAlgorithm::Sha512 => "sha512",
            HashAlgorithm::Sha3_256 => "sha3-256",
            HashAlgorithm::Sha3_384 => "sha3-384",
            HashAlgorithm::Sha3_512 => "sha3-512",
        }
    }

    /// Length of a digest in bytes.
    pub fn digest_bytes(self) -> usize {
        match self {
            HashAlgorithm::Sha256 | HashAlgorithm::Sha3_256 => 32,
            HashAlgorithm::Sha384 | HashAlgorithm::Sha3_384 => 48,
            HashAlgorithm::Sha512 | HashAlgorithm::Sha3_512 => 64,
        }
    }

    fn oid(self) -> ObjectIdentifier {
        match self {
            HashAlgorithm::Sha256 => oid::SHA_256,
            HashAlgorithm::Sha384 => oid::SHA_384,
            HashAlgorithm::Sha512 => oid::SHA_512,
            HashAlgorithm::Sha3_256 => oid::SHA3_256,
            HashAlgorithm::Sha3_384 => oid::SHA3_384,
            HashAlgorithm::Sha3_512 => oid::SHA3_512,
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HashAlgorithm {
    type Err = ImprintError;

    fn from_str(name: &str) -> Result<HashAlgorithm, ImprintError> {
        let mut all = HashAlgorithm::ALL.into_iter();
        all.find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| ImprintError::UnsupportedHash { hash: name.into() })
    }
}

/// A digest of the right length for its hash.
#[derive(Debug, Clone, Eq)]
pub struct Imprint {
    algorithm: HashAlgorithm,
    digest: Vec<u8>,
    /// Whether the algorithm identifier had explicit NULL parameters. RFC 3161 has the token repeat the imprint of the request, and some clients compare bytes.
    null_parameters: bool,
}

/// Why an imprint cannot be stamped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImprintError {
    /// A hash that is unknown or no longer safe.
    #[error("hash {hash} is not accepted: use SHA-2 or SHA-3 with 256 bits or more")]
    UnsupportedHash {
        /// Its object identifier or name.
        hash: String,
    },
    /// Parameters beside the hash, other than NULL.
    #[error("hash {algorithm} takes no parameters")]
    UnexpectedParameters {
        /// The hash.
        algorithm: HashAlgorithm,
    },
    /// The digest cannot have come from that hash.
    #[error("a {algorithm} digest has {} bytes, not {found}", algorithm.digest_bytes())]
    WrongDigestLength {
        /// The hash.
        algorithm: HashAlgorithm,
        /// Bytes given.
        found: usize,
    },
}

/// Two imprints are equal when they mean the same: how the parameters of the hash were spelled is left out.
impl PartialEq for Imprint {
    fn eq(&self, other: &Imprint) -> bool {
        self.algorithm == other.algorithm && self.digest == other.digest
    }
}

impl Imprint {
    /// An imprint of `digest`, which must be as long as `algorithm` makes it.
    pub fn new(algorithm: HashAlgorithm, digest: &[u8]) -> Result<Imprint, ImprintError> {
        let found = digest.len();
        if found != algorithm.digest_bytes() {
            return Err(ImprintError::WrongDigestLength { algorithm, found });
        }
        Ok(Imprint {
            algorithm,
            digest: digest.to_vec(),
            null_parameters: true,
        })
    }

    /// The hash.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The digest, as long as [`HashAlgorithm::digest_bytes`].
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }

    pub(crate) fn from_asn1(raw: &asn1::MessageImprint) -> Result<Imprint, ImprintError> {
        let known = |algorithm: &HashAlgorithm| raw.hash_algorithm.oid == algorithm.oid();
        let algorithm = HashAlgorithm::ALL.into_iter().find(known).ok_or_else(|| {
            ImprintError::UnsupportedHash {
                hash: raw.hash_algorithm.oid.to_string(),
            }
        })?;
        let parameters = raw.hash_algorithm.parameters.as_ref();
        if parameters.is_some_and(|any| *any != Any::null()) {
            return Err(ImprintError::UnexpectedParameters { algorithm });
        }
        let imprint = Imprint::new(algorithm, raw.hashed_message.as_bytes())?;
        Ok(Imprint {
            null_parameters: parameters.is_some(),
            ..imprint
        })
    }

    pub(crate) fn to_asn1(&self) -> der::Result<asn1::MessageImprint> {
        Ok(asn1::MessageImprint {
            hash_algorithm: asn1::AlgorithmIdentifier {
                oid: Oid::from(self.algorithm.oid()),
                parameters: self.null_parameters.then(Any::null),
            },
            hashed_message: OctetString::new(self.digest.clone())?,
        })
    }
}
