//! A certificate authority for one purpose: made at first start, it vouches for the key that signs tokens.

use std::time::Duration;

use der::asn1::{Any, BitString, OctetString, SetOfVec, Utf8StringRef};
use der::oid::AssociatedOid;
use der::pem::{self, LineEnding};
use der::{DateTime, Encode, Sequence};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, Extensions};
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use crate::authority::AuthorityError;
use crate::certificate::sha256;
use crate::oid;

/// How long both certificates hold. A token is checked against them for as long as somebody cares, so they outlive the key's use by far.
const LIFETIME: Duration = Duration::from_hours((30 * 365 + 8) * 24);

/// How far back they reach, so that a clock set back after the first start does not stop the stamping.
const BACKDATED_SECS: i64 = 24 * 3600;

/// X.520: the upper bound of a common name, in characters.
const COMMON_NAME_CHARS_MAX: usize = 64;

/// A freshly made authority, as PEM texts to be kept.
#[derive(Clone)]
pub struct NewAuthority {
    /// Self-signed; clients trust this one. Public.
    pub ca_certificate_pem: String,
    /// PKCS #8. Needed only to certify another signing key; may be kept offline. Secret.
    pub ca_key_pem: String,
    /// Signed by the CA. Public.
    pub tsa_certificate_pem: String,
    /// PKCS #8. Signs tokens. Secret.
    pub tsa_key_pem: String,
}

/// Makes two P-256 keys, a CA certificate (`<name> time-stamp CA`) and a certificate for signing tokens.
///
/// `name` is shown to people and shortened where X.509 has no room for it; `random` fills the serial numbers. The keys come from the operating system: see the crate's docs.
pub fn generate(
    name: &str,
    now_unix_secs: i64,
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<NewAuthority, AuthorityError> {
    let ca_key = NewKey::generate()?;
    let tsa_key = NewKey::generate()?;
    let ca_name = common_name(name, "time-stamp CA")?;
    let validity = validity(now_unix_secs)?;

    let ca_certificate = Draft {
        subject: &ca_name,
        key: &ca_key,
        extensions: vec![
            extension(
                true,
                &BasicConstraints {
                    ca: true,
                    path_len_constraint: Some(0),
                },
            )?,
            extension(true, &KeyUsage(KeyUsages::KeyCertSign.into()))?,
            extension(false, &ca_key.subject_identifier()?)?,
        ],
    };
    let tsa_certificate = Draft {
        subject: &common_name(name, "time-stamp signer")?,
        key: &tsa_key,
        extensions: vec![
            extension(true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
            extension(true, &ExtendedKeyUsage(vec![oid::TIME_STAMPING]))?,
            extension(false, &tsa_key.subject_identifier()?)?,
            extension(false, &ca_key.authority_identifier()?)?,
        ],
    };
    Ok(NewAuthority {
        ca_certificate_pem: ca_certificate.sign(&ca_name, &ca_key, validity, random)?,
        ca_key_pem: ca_key.to_pem()?,
        tsa_certificate_pem: tsa_certificate.sign(&ca_name, &ca_key, validity, random)?,
        tsa_key_pem: tsa_key.to_pem()?,
    })
}

/// RFC 5280, 4.1. The type of `x509-cert` can only be filled through its builder, which wants a signer of another crate's traits.
#[derive(Sequence)]
struct TbsCertificate {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: u8,
    serial_number: SerialNumber,
    signature: AlgorithmIdentifierOwned,
    issuer: RdnSequence,
    validity: Validity,
    subject: RdnSequence,
    subject_public_key_info: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Extensions,
}

#[derive(Sequence)]
struct SignedCertificate {
    tbs_certificate: TbsCertificate,
    signature_algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// What differs between the two certificates.
struct Draft<'a> {
    subject: &'a RdnSequence,
    key: &'a NewKey,
    extensions: Extensions,
}

impl Draft<'_> {
    fn sign(
        self,
        issuer: &RdnSequence,
        issuer_key: &NewKey,
        validity: Validity,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<String, AuthorityError> {
        let ecdsa = AlgorithmIdentifierOwned {
            oid: oid::ECDSA_WITH_SHA256,
            parameters: None,
        };
        let tbs_certificate = TbsCertificate {
            version: 2,
            serial_number: serial_number(random)?,
            signature: ecdsa.clone(),
            issuer: issuer.clone(),
            validity,
            subject: self.subject.clone(),
            subject_public_key_info: self.key.public_key_info()?,
            extensions: self.extensions,
        };
        let signature = issuer_key.sign(&tbs_certificate.to_der()?)?;
        let certificate = SignedCertificate {
            tbs_certificate,
            signature_algorithm: ecdsa,
            signature,
        };
        to_pem("CERTIFICATE", &certificate.to_der()?)
    }
}

/// A key pair with the PKCS #8 document to keep.
struct NewKey {
    pair: EcdsaKeyPair,
    pkcs8: Vec<u8>,
}

impl NewKey {
    fn generate() -> Result<NewKey, AuthorityError> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| AuthorityError::Random)?;
        let pair =
            EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).map_err(|error| {
                AuthorityError::KeyRejected {
                    reason: error.to_string(),
                }
            })?;
        Ok(NewKey {
            pair,
            pkcs8: pkcs8.as_ref().to_vec(),
        })
    }

    fn to_pem(&self) -> Result<String, AuthorityError> {
        to_pem("PRIVATE KEY", &self.pkcs8)
    }

    fn sign(&self, message: &[u8]) -> Result<BitString, AuthorityError> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|_| AuthorityError::Random)?;
        Ok(BitString::from_bytes(signature.as_ref())?)
    }

    fn public_key_info(&self) -> der::Result<SubjectPublicKeyInfoOwned> {
        Ok(SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned {
                oid: oid::EC_PUBLIC_KEY,
                parameters: Some(Any::from(oid::PRIME_256)),
            },
            subject_public_key: BitString::from_bytes(self.pair.public_key().as_ref())?,
        })
    }

    /// RFC 7093, method 1: the first 160 bits of the SHA-256 of the key.
    fn identifier(&self) -> der::Result<OctetString> {
        OctetString::new(&sha256(self.pair.public_key().as_ref())[..20])
    }

    fn subject_identifier(&self) -> der::Result<SubjectKeyIdentifier> {
        self.identifier().map(SubjectKeyIdentifier)
    }

    fn authority_identifier(&self) -> der::Result<AuthorityKeyIdentifier> {
        let key_identifier = Some(self.identifier()?);
        Ok(AuthorityKeyIdentifier {
            key_identifier,
            ..AuthorityKeyIdentifier::default()
        })
    }
}

/// 126 random bits under a leading one: positive, and always 16 bytes long.
fn serial_number(random: &mut dyn FnMut(&mut [u8])) -> der::Result<SerialNumber> {
    let mut bytes = [0; 16];
    random(&mut bytes);
    bytes[0] = (bytes[0] & 0x3f) | 0x40;
    SerialNumber::new(&bytes)
}

fn validity(now_unix_secs: i64) -> Result<Validity, AuthorityError> {
    let outside = || AuthorityError::TimeOutOfRange { now_unix_secs };
    let start = now_unix_secs
        .checked_sub(BACKDATED_SECS)
        .ok_or_else(outside)?;
    let start = Duration::from_secs(u64::try_from(start).map_err(|_| outside())?);
    let end = start.checked_add(LIFETIME).ok_or_else(outside)?;
    let time = |since| {
        DateTime::from_unix_duration(since)
            .map(Time::from)
            .map_err(|_| outside())
    };
    Ok(Validity::new(time(start)?, time(end)?))
}

/// `CN=<name> <role>`, with the name shortened to fit.
fn common_name(name: &str, role: &str) -> der::Result<RdnSequence> {
    let room = COMMON_NAME_CHARS_MAX - role.chars().count() - 1;
    let shown = if name.chars().count() <= room {
        name.to_owned()
    } else {
        name.chars().take(room - 1).chain(['…']).collect()
    };
    let value = Any::from(Utf8StringRef::new(&format!("{shown} {role}"))?);
    let attribute = AttributeTypeAndValue {
        oid: oid::COMMON_NAME,
        value,
    };
    let relative = RelativeDistinguishedName::from(SetOfVec::try_from([attribute])?);
    Ok(RdnSequence::from(vec![relative]))
}

fn extension<T: AssociatedOid + Encode>(critical: bool, value: &T) -> der::Result<Extension> {
    Ok(Extension {
        extn_id: T::OID,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

fn to_pem(label: &'static str, der: &[u8]) -> Result<String, AuthorityError> {
    pem::encode_string(label, LineEnding::LF, der)
        .map_err(|error| AuthorityError::Encoding(error.into()))
}
