//! Certificates of time-stamp authorities: what they say, and whether they may stamp.

use std::time::Duration;

use der::asn1::ObjectIdentifier;
use der::{Decode, Encode};
use ring::digest;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use crate::oid;

/// What a certificate says about itself, for people to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateInfo {
    /// Whose it is, as RFC 4514 writes names.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Seconds since 1970 from which it holds.
    pub not_before_secs: i64,
    /// Seconds since 1970 until which it holds.
    pub not_after_secs: i64,
    /// SHA-256 of its DER.
    pub sha256: [u8; 32],
}

/// Why a certificate may not sign time-stamp tokens (RFC 3161, 2.3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not an X.509 certificate, or one with parts that cannot be read.
    #[error("certificate is malformed: {reason}")]
    Malformed {
        /// What the reader stumbled over.
        reason: String,
    },
    /// No PEM block named CERTIFICATE.
    #[error("no certificate in the PEM text")]
    Missing,
    /// The key is of another kind.
    #[error("certificate key is not ECDSA P-256")]
    NotP256,
    /// No extended key usage, or another one, or several.
    #[error("extendedKeyUsage must be timeStamping and nothing else")]
    NotForTimeStamping,
    /// The extended key usage is not critical.
    #[error("extendedKeyUsage must be critical")]
    UsageNotCritical,
    /// There is a key usage, and it does not allow signatures.
    #[error("keyUsage must allow digitalSignature or nonRepudiation")]
    MayNotSign,
}

impl From<der::Error> for CertificateError {
    fn from(error: der::Error) -> CertificateError {
        CertificateError::Malformed {
            reason: error.to_string(),
        }
    }
}

/// A certificate with the bytes it came in, since hashes and signatures are over those.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) der: CertificateDer<'static>,
    parsed: x509_cert::Certificate,
}

/// All certificates of a PEM text in order, other blocks skipped; at least one.
pub(crate) fn read_pem(pem: &str) -> Result<Vec<Certificate>, CertificateError> {
    let blocks = CertificateDer::pem_slice_iter(pem.as_bytes());
    let all: Result<Vec<Certificate>, CertificateError> = blocks
        .map(|block| {
            let malformed = |reason: String| CertificateError::Malformed { reason };
            let der = block.map_err(|error| malformed(error.to_string()))?;
            Certificate::parse(&der)
        })
        .collect();
    all.and_then(|found| {
        if found.is_empty() {
            Err(CertificateError::Missing)
        } else {
            Ok(found)
        }
    })
}

impl Certificate {
    pub(crate) fn parse(der: &[u8]) -> Result<Certificate, CertificateError> {
        let parsed = x509_cert::Certificate::from_der(der)?;
        Ok(Certificate {
            der: CertificateDer::from(der.to_vec()),
            parsed,
        })
    }

    pub(crate) fn info(&self) -> CertificateInfo {
        let fields = self.parsed.tbs_certificate();
        let seconds = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        CertificateInfo {
            subject: fields.subject().to_string(),
            issuer: fields.issuer().to_string(),
            not_before_secs: seconds(fields.validity().not_before),
            not_after_secs: seconds(fields.validity().not_after),
            sha256: self.sha256(),
        }
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    /// The DER of the issuer's name.
    pub(crate) fn issuer_der(&self) -> der::Result<Vec<u8>> {
        self.parsed.tbs_certificate().issuer().to_der()
    }

    /// The content octets of the serial number.
    pub(crate) fn serial_number(&self) -> &[u8] {
        self.parsed.tbs_certificate().serial_number().as_bytes()
    }

    pub(crate) fn is_self_issued(&self) -> bool {
        let fields = self.parsed.tbs_certificate();
        fields.subject() == fields.issuer()
    }

    /// Whether basic constraints make it a certificate authority.
    pub(crate) fn is_authority(&self) -> Result<bool, CertificateError> {
        let constraints = self
            .parsed
            .tbs_certificate()
            .get_extension::<BasicConstraints>()?;
        Ok(constraints.is_some_and(|(_, constraints)| constraints.ca))
    }

    /// The uncompressed point of the P-256 key.
    pub(crate) fn p256_point(&self) -> Result<&[u8], CertificateError> {
        let key = self.parsed.tbs_certificate().subject_public_key_info();
        let parameters = key.algorithm.parameters.as_ref();
        let curve = parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        if key.algorithm.oid != oid::EC_PUBLIC_KEY || curve != Some(oid::PRIME_256) {
            return Err(CertificateError::NotP256);
        }
        key.subject_public_key
            .as_bytes()
            .ok_or(CertificateError::NotP256)
    }

    /// The demands of RFC 3161, 2.3, on the certificate of a signer, and ours on its key.
    pub(crate) fn check_may_stamp(&self) -> Result<(), CertificateError> {
        self.p256_point()?;
        let fields = self.parsed.tbs_certificate();
        let usage = fields.get_extension::<ExtendedKeyUsage>()?;
        match usage {
            Some((_, usage)) if usage.0 != [oid::TIME_STAMPING] => {
                return Err(CertificateError::NotForTimeStamping);
            }
            None => return Err(CertificateError::NotForTimeStamping),
            Some((false, _)) => return Err(CertificateError::UsageNotCritical),
            Some((true, _)) => {}
        }
        match fields.get_extension::<KeyUsage>()? {
            Some((_, usage)) if !usage.digital_signature() && !usage.non_repudiation() => {
                Err(CertificateError::MayNotSign)
            }
            _ => Ok(()),
        }
    }
}

/// Checks that `anchors` vouch for `leaf` as a time-stamping certificate at `at_secs`, through `intermediates` if need be.
///
/// Certificates in between may leave their extended key usage open, as they usually do; `leaf` itself is held to it by [`Certificate::check_may_stamp`].
pub(crate) fn check_path(
    leaf: &Certificate,
    intermediates: &[CertificateDer<'_>],
    anchors: &[&Certificate],
    at_secs: i64,
) -> Result<(), webpki::Error> {
    /// The content octets of [`oid::TIME_STAMPING`].
    const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
    let anchors: Vec<_> = anchors
        .iter()
        .map(|anchor| webpki::anchor_from_trusted_cert(&anchor.der))
        .collect::<Result<_, _>>()?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(at_secs.unsigned_abs()));
    webpki::EndEntityCert::try_from(&leaf.der)?.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        intermediates,
        at,
        webpki::KeyUsage::required_if_present(TIME_STAMPING),
        None,
        None,
    )?;
    Ok(())
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}
