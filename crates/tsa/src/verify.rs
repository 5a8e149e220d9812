//! Whether a token is genuine: our own offline check, strict to the bit.
//!
//! It accepts the profile that [`crate::Authority`] makes (see the crate's docs) and refuses the rest, so that no bit of a token lacks meaning. Certificates are judged at the time the token claims: a token stays good after its signer's certificate has run out.

use der::asn1::{ObjectIdentifier, SetOfVec};
use der::{Decode, Encode};
use rustls_pki_types::CertificateDer;

use crate::asn1::{AlgorithmIdentifier, Attribute, SignerInfo, SigningCertificateV2};
use crate::certificate::{self, Certificate, CertificateError, CertificateInfo, sha256};
use crate::imprint::Imprint;
use crate::oid::{self, Oid};
use crate::proof::proof_in;
use crate::token::{TokenError, TstInfo, octets, read, token_bytes};

/// The certificates that a verifier believes in.
#[derive(Debug, Clone)]
pub struct Trust {
    certificates: Vec<Certificate>,
}

/// Why a PEM text cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// A block that is not a certificate, or no certificate at all.
    #[error("trusted certificates: {0}")]
    Certificate(CertificateError),
    /// No certificate that may vouch for others.
    #[error("trusted certificates: none of them is a certificate authority")]
    NoAuthority,
}

/// A token that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it attests.
    pub info: TstInfo,
    /// Who signed it.
    pub signer: CertificateInfo,
    /// The inclusion proof that it carries, not checked here.
    pub proof: Option<Vec<u8>>,
}

/// Why a token does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not a token of the kind that is verified here.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// It attests something else.
    #[error("the token is for other data")]
    OtherData,
    /// The signed digest is not that of the content.
    #[error("the token's content was changed after signing")]
    ContentChanged,
    /// Neither the token nor the trusted certificates have it.
    #[error("the signer's certificate is missing: the token names it by hash only")]
    SignerMissing,
    /// Issuer or serial number in the token are of another certificate.
    #[error("the token names another signer than the certificate it was signed with")]
    SignerDiffers,
    /// The signer's certificate may not stamp.
    #[error("signer's {0}")]
    Signer(CertificateError),
    /// No trusted certificate vouches for the signer at that time.
    #[error("the signer is not trusted: {reason}")]
    Untrusted {
        /// In the words of `webpki`.
        reason: String,
    },
    /// The signature is not the signer's.
    #[error("the token's signature is wrong")]
    BadSignature,
}

impl From<CertificateError> for TrustError {
    fn from(error: CertificateError) -> TrustError {
        TrustError::Certificate(error)
    }
}

impl From<der::Error> for VerifyError {
    fn from(error: der::Error) -> VerifyError {
        TokenError::from(error).into()
    }
}

impl Trust {
    /// Trusts every certificate authority in `pem`. Other certificates in it help to find the signer of a token that does not carry its certificate.
    pub fn from_pem(pem: &str) -> Result<Trust, TrustError> {
        let certificates = certificate::read_pem(pem)?;
        for certificate in &certificates {
            if certificate.is_authority()? {
                return Ok(Trust { certificates });
            }
        }
        Err(TrustError::NoAuthority)
    }

    /// Checks a token, or a response that carries one, for `imprint`: its form, its digests, its signer's certificate and signature.
    pub fn verify(
        &self,
        token_or_response: &[u8],
        imprint: &Imprint,
    ) -> Result<Verified, VerifyError> {
        let content_info = read(&token_bytes(token_or_response)?)?;
        let data = &content_info.content;
        let [signer] = data.signer_infos.as_slice() else {
            return Err(TokenError::Profile("not exactly one signer").into());
        };
        check_algorithms(data.digest_algorithms.as_slice(), signer)?;
        let Some(attributes) = &signer.signed_attributes else {
            return Err(TokenError::Profile("no signed attributes").into());
        };

        let content = data.encap_content_info.content.as_bytes();
        let info = TstInfo::from_der(content)?;
        if info.imprint() != imprint {
            return Err(VerifyError::OtherData);
        }
        let content_type = only(attributes, oid::CONTENT_TYPE)?;
        if content_type.values.as_slice() != [der::Any::from(oid::TST_INFO)] {
            return Err(TokenError::Profile("signed content type is not TSTInfo").into());
        }
        if octets(only(attributes, oid::MESSAGE_DIGEST)?)?.as_bytes() != sha256(content) {
            return Err(VerifyError::ContentChanged);
        }

        let carried: Vec<Certificate> = match &data.certificates {
            None => Vec::new(),
            Some(set) => {
                let all = set.iter().map(|any| Certificate::parse(&any.to_der()?));
                all.collect::<Result<_, _>>().map_err(VerifyError::Signer)?
            }
        };
        let certificate = self.signer_of(signer, attributes, &carried)?;
        self.check_signer(certificate, &carried, info.time_us())?;
        check_signature(
            certificate,
            &attributes.to_der()?,
            signer.signature.as_bytes(),
        )?;
        Ok(Verified {
            info,
            signer: certificate.info(),
            proof: proof_in(&content_info)?,
        })
    }

    /// The certificate that the signed attributes name by hash, which must be the one that the signer info names.
    fn signer_of<'a>(
        &'a self,
        signer: &SignerInfo,
        attributes: &SetOfVec<Attribute>,
        carried: &'a [Certificate],
    ) -> Result<&'a Certificate, VerifyError> {
        let attribute = only(attributes, oid::SIGNING_CERTIFICATE_V2)?;
        let [value] = attribute.values.as_slice() else {
            return Err(TokenError::Profile("not exactly one signingCertificateV2").into());
        };
        let named = SigningCertificateV2::from_der(&value.to_der()?)?;
        // RFC 5035, 3: the first one is the signer's.
        let Some(first) = named
            .certs
            .first()
            .filter(|first| first.hash_algorithm.is_none())
        else {
            return Err(TokenError::Profile("signingCertificateV2 has no SHA-256").into());
        };
        let hash = first.cert_hash.as_bytes();
        let certificate = carried
            .iter()
            .chain(&self.certificates)
            .find(|certificate| certificate.sha256() == hash)
            .ok_or(VerifyError::SignerMissing)?;
        if signer.sid.issuer.to_der()? != certificate.issuer_der()?
            || signer.sid.serial_number.as_bytes() != certificate.serial_number()
        {
            return Err(VerifyError::SignerDiffers);
        }
        Ok(certificate)
    }

    fn check_signer(
        &self,
        signer: &Certificate,
        carried: &[Certificate],
        time_us: i64,
    ) -> Result<(), VerifyError> {
        signer.check_may_stamp().map_err(VerifyError::Signer)?;
        let mut anchors = Vec::new();
        for certificate in &self.certificates {
            if certificate.is_authority().map_err(VerifyError::Signer)? {
                anchors.push(certificate);
            }
        }
        let between: Vec<CertificateDer<'_>> = carried
            .iter()
            .map(|certificate| certificate.der.clone())
            .collect();
        certificate::check_path(signer, &between, &anchors, time_us.div_euclid(1_000_000)).map_err(
            |error| VerifyError::Untrusted {
                reason: error.to_string(),
            },
        )
    }
}

/// SHA-256 and ECDSA throughout, parameters left out (RFC 5754, 2; RFC 5758, 3.2).
fn check_algorithms(
    digests: &[AlgorithmIdentifier],
    signer: &SignerInfo,
) -> Result<(), TokenError> {
    let plain = |found: &AlgorithmIdentifier, expected: ObjectIdentifier| {
        found.oid == expected && found.parameters.is_none()
    };
    let [digest] = digests else {
        return Err(TokenError::Profile("not exactly one digest algorithm"));
    };
    if signer.version != 1 {
        return Err(TokenError::Profile("SignerInfo version is not 1"));
    }
    if !plain(digest, oid::SHA_256) || !plain(&signer.digest_algorithm, oid::SHA_256) {
        return Err(TokenError::Profile("digest algorithm is not SHA-256"));
    }
    if !plain(&signer.signature_algorithm, oid::ECDSA_WITH_SHA256) {
        return Err(TokenError::Profile(
            "signature algorithm is not ECDSA with SHA-256",
        ));
    }
    Ok(())
}

fn check_signature(
    signer: &Certificate,
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    let untrusted = |error: webpki::Error| VerifyError::Untrusted {
        reason: error.to_string(),
    };
    let key = webpki::EndEntityCert::try_from(&signer.der).map_err(untrusted)?;
    key.verify_signature(webpki::ring::ECDSA_P256_SHA256, message, signature)
        .map_err(|_| VerifyError::BadSignature)
}

/// The one attribute of that name; RFC 5652, 11 forbids a second.
fn only(
    attributes: &SetOfVec<Attribute>,
    name: ObjectIdentifier,
) -> Result<&Attribute, TokenError> {
    let name = Oid::from(name);
    let mut found = attributes.iter().filter(|attribute| attribute.id == name);
    match (found.next(), found.next()) {
        (Some(attribute), None) => Ok(attribute),
        _ => Err(TokenError::Profile(
            "a required signed attribute is missing or doubled",
        )),
    }
}
