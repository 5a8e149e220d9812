//! The signer: a key, its certificates, a policy.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use der::Encode;

use crate::asn1::{tag, value};
use crate::certificate::{self, Certificate, CertificateError, CertificateInfo, sha256};
use crate::oid::{self, Oid};
use crate::request::Request;
use crate::response::Failure;
use crate::time::{GenTime, TimeOutOfRange};
use crate::token::{Accuracy, Token, TstInfo};

/// Why an authority cannot be made or loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// No PEM private key, or a broken one.
    #[error("signing key: {reason}")]
    KeyUnreadable {
        /// What the reader stumbled over.
        reason: String,
    },
    /// A key in another wrapping.
    #[error(
        "signing key is not in PKCS #8 form: convert it with `openssl pkcs8 -topk8 -nocrypt -in KEY`"
    )]
    KeyNotPkcs8,
    /// A key of another kind, or an inconsistent one.
    #[error("signing key is not a usable ECDSA P-256 key: {reason}")]
    KeyRejected {
        /// In the words of `ring`.
        reason: String,
    },
    /// The first certificate is of another key.
    #[error("signing key does not belong to the first certificate of the chain")]
    KeyMismatch,
    /// A certificate of the chain cannot be read.
    #[error("certificate chain: {0}")]
    Chain(CertificateError),
    /// The first certificate of the chain may not sign tokens.
    #[error("first certificate of the chain: {0}")]
    Signer(CertificateError),
    /// The certificates do not lead from one to the next.
    #[error(
        "certificate chain does not hold together (signer first, its issuers after it): {reason}"
    )]
    BrokenChain {
        /// In the words of `webpki`.
        reason: String,
    },
    /// A validity of thirty years from here cannot be written.
    #[error("time {now_unix_secs} s cannot start a certificate")]
    TimeOutOfRange {
        /// As given.
        now_unix_secs: i64,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// The certificate could not be written.
    #[error("certificate cannot be encoded")]
    Encoding(#[from] der::Error),
}

/// Why a readable request gets no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The client insists on another policy.
    #[error("policy {asked} is not offered, only {offered}")]
    UnacceptedPolicy {
        /// The one in the request.
        asked: Oid,
        /// Ours.
        offered: Oid,
    },
    /// The signer's certificate does not hold at that time, so nobody would accept the token.
    #[error("the signing certificate is not valid at the present time")]
    CertificateNotValid,
    /// The time cannot be written.
    #[error(transparent)]
    TimeOutOfRange(#[from] TimeOutOfRange),
    /// Signing failed.
    #[error("token cannot be signed: {reason}")]
    Signing {
        /// Why.
        reason: String,
    },
}

impl Refusal {
    /// What the client is told.
    pub fn failure(&self) -> Failure {
        match self {
            Refusal::UnacceptedPolicy { .. } => Failure::UnacceptedPolicy,
            Refusal::TimeOutOfRange(_) => Failure::TimeNotAvailable,
            Refusal::CertificateNotValid | Refusal::Signing { .. } => Failure::SystemFailure,
        }
    }
}

impl From<der::Error> for Refusal {
    fn from(error: der::Error) -> Refusal {
        Refusal::Signing {
            reason: error.to_string(),
        }
    }
}

/// Makes tokens. Shared freely between threads.
#[derive(Debug)]
pub struct Authority {
    key: EcdsaKeyPair,
    random: SystemRandom,
    policy: Oid,
    accuracy: Accuracy,
    info: CertificateInfo,
    parts: Parts,
}

/// The parts of a token that are the same in each, as DER.
#[derive(Debug)]
struct Parts {
    /// `SignedData`: version and digest algorithms.
    signed_data_start: Vec<u8>,
    /// `SignedData.certificates`, with its tag.
    certificates: Vec<u8>,
    /// `SignerInfo`: version, signer and digest algorithm.
    signer_info_start: Vec<u8>,
    signature_algorithm: Vec<u8>,
    content_type: Vec<u8>,
    tst_info_type: Vec<u8>,
    signed_data_type: Vec<u8>,
    message_digest_type: Vec<u8>,
    signing_certificate: Vec<u8>,
}

/// One second: what a server with a disciplined clock can promise without knowing more.
const DEFAULT_ACCURACY: Accuracy = Accuracy { micros: 1_000_000 };

impl Authority {
    /// Loads a PKCS #8 key and the certificates of its owner: the signer's own first, its issuers after it, the root last or left out.
    ///
    /// Checks that they belong together and may stamp. The policy is [`Oid::default_policy`], the accuracy one second.
    pub fn from_pem(tsa_key_pem: &str, chain_pem: &str) -> Result<Authority, AuthorityError> {
        let key = match PrivateKeyDer::from_pem_slice(tsa_key_pem.as_bytes()) {
            Ok(PrivateKeyDer::Pkcs8(key)) => key,
            Ok(_) => return Err(AuthorityError::KeyNotPkcs8),
            Err(error) => {
                return Err(AuthorityError::KeyUnreadable {
                    reason: error.to_string(),
                });
            }
        };
        let random = SystemRandom::new();
        let pkcs8 = key.secret_pkcs8_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &random)
            .map_err(|error| AuthorityError::KeyRejected {
                reason: error.to_string(),
            })?;

        let chain = certificate::read_pem(chain_pem).map_err(AuthorityError::Chain)?;
        let (leaf, issuers) = chain
            .split_first()
            .ok_or(AuthorityError::Chain(CertificateError::Missing))?;
        leaf.check_may_stamp().map_err(AuthorityError::Signer)?;
        if leaf.p256_point().map_err(AuthorityError::Signer)? != key.public_key().as_ref() {
            return Err(AuthorityError::KeyMismatch);
        }
        let info = leaf.info();
        if let Some((anchor, between)) = issuers.split_last() {
            let between: Vec<_> = between.iter().map(|issuer| issuer.der.clone()).collect();
            certificate::check_path(leaf, &between, &[anchor], info.not_before_secs).map_err(
                |error| AuthorityError::BrokenChain {
                    reason: error.to_string(),
                },
            )?;
        }
        Ok(Authority {
            parts: Parts::of(leaf, issuers)?,
            key,
            random,
            policy: Oid::default_policy(),
            accuracy: DEFAULT_ACCURACY,
            info,
        })
    }

    /// The same authority under another policy.
    #[must_use]
    pub fn with_policy(self, policy: Oid) -> Authority {
        Authority { policy, ..self }
    }

    /// The same authority promising another accuracy; zero promises none.
    #[must_use]
    pub fn with_accuracy(self, accuracy: Accuracy) -> Authority {
        Authority { accuracy, ..self }
    }

    /// What the signer's certificate says.
    pub fn certificate_info(&self) -> &CertificateInfo {
        &self.info
    }

    /// The policy of its tokens.
    pub fn policy(&self) -> &Oid {
        &self.policy
    }

    /// The facts that the token for `request` will attest. Nothing is signed yet.
    ///
    /// `serial` must never be used twice by one authority; `time_us` is microseconds since 1970.
    pub fn token_info(
        &self,
        request: &Request,
        serial: u128,
        time_us: i64,
    ) -> Result<TstInfo, Refusal> {
        if let Some(asked) = request
            .policy
            .as_ref()
            .filter(|asked| **asked != self.policy)
        {
            let (asked, offered) = (asked.clone(), self.policy.clone());
            return Err(Refusal::UnacceptedPolicy { asked, offered });
        }
        let time = GenTime::new(time_us)?;
        let validity = self.info.not_before_secs..=self.info.not_after_secs;
        if !validity.contains(&time_us.div_euclid(1_000_000)) {
            return Err(Refusal::CertificateNotValid);
        }
        let nonce = request.nonce.as_ref();
        let (policy, imprint) = (&self.policy, &request.imprint);
        Ok(TstInfo::new(
            policy,
            imprint,
            serial,
            time,
            self.accuracy,
            nonce,
        )?)
    }

    /// Signs `info`. With `include_certificate` the token carries the signer's certificate and intermediate ones, but no root: clients must have that from elsewhere to trust it.
    pub fn sign(&self, info: &TstInfo, include_certificate: bool) -> Result<Token, Refusal> {
        let parts = &self.parts;
        // A SET OF is sorted by its DER; these three differ in length, which comes first.
        let digest = value(tag::OCTET_STRING, &[&sha256(info.as_der())]);
        let digest = value(tag::SET, &[&digest]);
        let digest = value(tag::SEQUENCE, &[&parts.message_digest_type, &digest]);
        let attributes = [&parts.content_type[..], &digest, &parts.signing_certificate];
        // RFC 5652, 5.4: signed as a SET OF, sent under the tag [0].
        let signed = value(tag::SET, &attributes);
        let signature = self
            .key
            .sign(&self.random, &signed)
            .map_err(|_| Refusal::Signing {
                reason: "the operating system gave no random bytes".into(),
            })?;

        let signer_info = value(
            tag::SEQUENCE,
            &[
                &parts.signer_info_start,
                &value(tag::CONTEXT_0, &attributes),
                &parts.signature_algorithm,
                &value(tag::OCTET_STRING, &[signature.as_ref()]),
            ],
        );
        let content = value(
            tag::CONTEXT_0,
            &[&value(tag::OCTET_STRING, &[info.as_der()])],
        );
        let signed_data = value(
            tag::SEQUENCE,
            &[
                &parts.signed_data_start,
                &value(tag::SEQUENCE, &[&parts.tst_info_type, &content]),
                if include_certificate {
                    &parts.certificates
                } else {
                    &[]
                },
                &value(tag::SET, &[&signer_info]),
            ],
        );
        let signed_data = value(tag::CONTEXT_0, &[&signed_data]);
        Ok(Token::from_signed(value(
            tag::SEQUENCE,
            &[&parts.signed_data_type, &signed_data],
        )))
    }
}

impl Parts {
    fn of(leaf: &Certificate, issuers: &[Certificate]) -> der::Result<Parts> {
        const VERSION_1: &[u8] = &[tag::INTEGER, 1, 1];
        const VERSION_3: &[u8] = &[tag::INTEGER, 1, 3];
        let sha_256 = value(tag::SEQUENCE, &[&oid::SHA_256.to_der()?]);
        let sid = value(
            tag::SEQUENCE,
            &[
                &leaf.issuer_der()?,
                &value(tag::INTEGER, &[leaf.serial_number()]),
            ],
        );

        let mut carried: Vec<&[u8]> = vec![&leaf.der];
        carried.extend(
            issuers
                .iter()
                .filter(|it| !it.is_self_issued())
                .map(|it| &it.der[..]),
        );
        // rfc3161-client refuses a SET OF in any order but DER's.
        carried.sort_unstable();

        // ESSCertIDv2: the hash algorithm is left out because SHA-256 is its default.
        let cert_hash = value(tag::OCTET_STRING, &[&leaf.sha256()]);
        let ess_cert_id = value(tag::SEQUENCE, &[&cert_hash]);
        let ess_cert_ids = value(tag::SEQUENCE, &[&ess_cert_id]);
        let signing_certificate = value(tag::SEQUENCE, &[&ess_cert_ids]);
        let attribute = |id: der::asn1::ObjectIdentifier, content: &[u8]| {
            let values = value(tag::SET, &[content]);
            Ok::<_, der::Error>(value(tag::SEQUENCE, &[&id.to_der()?, &values]))
        };

        Ok(Parts {
            signed_data_start: [VERSION_3, &value(tag::SET, &[&sha_256])].concat(),
            certificates: value(tag::CONTEXT_0, &carried),
            signer_info_start: [VERSION_1, &sid, &sha_256].concat(),
            signature_algorithm: value(tag::SEQUENCE, &[&oid::ECDSA_WITH_SHA256.to_der()?]),
            content_type: attribute(oid::CONTENT_TYPE, &oid::TST_INFO.to_der()?)?,
            tst_info_type: oid::TST_INFO.to_der()?,
            signed_data_type: oid::SIGNED_DATA.to_der()?,
            message_digest_type: oid::MESSAGE_DIGEST.to_der()?,
            signing_certificate: attribute(oid::SIGNING_CERTIFICATE_V2, &signing_certificate)?,
        })
    }
}
