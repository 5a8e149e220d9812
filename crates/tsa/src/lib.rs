//! RFC 3161: time-stamp requests in, signed tokens out.
//!
//! A [`Request`] is read from foreign bytes, an [`Authority`] turns it into a [`TstInfo`] (what is attested) and signs that into a [`Token`] (what clients keep), and [`response`] wraps the token or a refusal for the wire. [`Trust::verify`] is the other side: it accepts the tokens that such an authority makes and nothing else. Serial numbers and times come from the caller; this crate has no clock, opens no file and knows neither HTTP nor the log. What it offers to the log is [`TstInfo::log_data`], the text to stamp so that the token becomes public, and [`with_proof`], which puts the proof of that into the token without breaking its signature.
//!
//! **Profile.** One kind of token is made: CMS `SignedData` version 3 (RFC 5652), one ECDSA P-256 signature with SHA-256, the signed attributes content type, message digest and `signingCertificateV2` (RFC 5035, RFC 5816), certificates when the client asks for them. `genTime` carries microseconds. No `signingTime`: a second clock reading inside the token could only contradict the first. Imprints are SHA-2 or SHA-3 of 256 bits and more; SHA-1 and MD5 are refused.
//!
//! **Libraries.** ASN.1 is read and written by `der` (strict DER, depth bounded by the types) in its 0.8 generation, with `x509-cert` 0.3 for certificates, so that one ASN.1 stack serves requests, tokens and certificates. The CMS shapes are declared here: `cms` 0.3 is a release candidate, and `cms` 0.2 with `x509-tsp` 0.1 sits on der 0.7. Paths are checked by `rustls-webpki`, which the TLS client brings along anyway, and `ring` signs and hashes. `rcgen` was left: it would add a second ASN.1 writer for two certificates that are made once in thirty years.
//!
//! **Chance.** Keys and signature nonces come from the operating system through `ring`, not from a seam that tests can seed: two signatures with one nonce reveal the key.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tsa::{Authority, HashAlgorithm, Imprint, Request, Trust, response};
//!
//! let made = tsa::generate("log.example", 1_763_700_000, &mut |bytes| bytes.fill(7))?;
//! let authority = Authority::from_pem(&made.tsa_key_pem, &made.tsa_certificate_pem)?;
//!
//! let imprint = Imprint::new(HashAlgorithm::Sha256, &[0xab; 32])?;
//! let request = Request::parse(&Request::new(imprint.clone()).to_der()?)?;
//! let info = authority.token_info(&request, 1, 1_763_712_345_678_900)?;
//! let token = authority.sign(&info, true)?;
//! let answer = response::granted(&token);
//!
//! let verified = Trust::from_pem(&made.ca_certificate_pem)?.verify(&answer, &imprint)?;
//! assert_eq!(verified.info.time_us(), 1_763_712_345_678_900);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod asn1;
mod authority;
mod certificate;
mod imprint;
mod issue;
mod oid;
mod proof;
mod request;
pub mod response;
mod time;
mod token;
mod verify;

pub use authority::{Authority, AuthorityError, Refusal};
pub use certificate::{CertificateError, CertificateInfo};
pub use imprint::{HashAlgorithm, Imprint, ImprintError};
pub use issue::{NewAuthority, generate};
pub use oid::{Oid, OidError};
pub use proof::{PROOF_BYTES_MAX, proof_of, with_proof};
pub use request::{NONCE_BYTES_MAX, Nonce, REQUEST_BYTES_MAX, Request, RequestError};
pub use response::Failure;
pub use time::{TIME_US_MAX, TimeOutOfRange};
pub use token::{Accuracy, LOG_PREFIX, TOKEN_BYTES_MAX, Token, TokenError, TstInfo};
pub use verify::{Trust, TrustError, Verified, VerifyError};
