//! Tokens against our own verifier: the good one holds, and no bit of it can change.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use tsa::{
    Accuracy, Authority, Failure, HashAlgorithm, Imprint, NewAuthority, Nonce, Oid,
    PROOF_BYTES_MAX, Refusal, Request, TIME_US_MAX, TOKEN_BYTES_MAX, Token, TokenError, Trust,
    TrustError, VerifyError, proof_of, response, with_proof,
};

/// 2025-11-21 04:40:00 UTC.
const NOW_SECS: i64 = 1_763_700_000;
const NOW_US: i64 = NOW_SECS * 1_000_000 + 123_450;

fn generate(name: &str) -> NewAuthority {
    let mut next = 0_u8;
    let mut random = |bytes: &mut [u8]| {
        bytes.fill_with(|| {
            next = next.wrapping_mul(5).wrapping_add(113);
            next
        });
    };
    tsa::generate(name, NOW_SECS, &mut random).unwrap()
}

static NEW: LazyLock<NewAuthority> = LazyLock::new(|| generate("log.example"));
static AUTHORITY: LazyLock<Authority> =
    LazyLock::new(|| Authority::from_pem(&NEW.tsa_key_pem, &NEW.tsa_certificate_pem).unwrap());
static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::from_pem(&NEW.ca_certificate_pem).unwrap());

fn imprint() -> Imprint {
    Imprint::new(HashAlgorithm::Sha256, &[0xab; 32]).unwrap()
}

fn request() -> Request {
    Request {
        nonce: Some(Nonce::from(0xdead_beef)),
        ..Request::new(imprint())
    }
}

fn token(include_certificate: bool) -> Token {
    let info = AUTHORITY.token_info(&request(), 7, NOW_US).unwrap();
    AUTHORITY.sign(&info, include_certificate).unwrap()
}

#[test]
fn a_token_says_what_was_asked() {
    let token = token(true);
    let claims = token.claims().unwrap();
    for answer in [token.as_der().to_vec(), response::granted(&token)] {
        let verified = TRUST.verify(&answer, &imprint()).unwrap();
        assert_eq!(verified.info, claims);
        assert_eq!(verified.info.serial(), 7);
        assert_eq!(verified.info.time_us(), NOW_US);
        assert_eq!(verified.info.accuracy(), Accuracy { micros: 1_000_000 });
        assert_eq!(verified.info.nonce(), Some(&Nonce::from(0xdead_beef)));
        assert_eq!(verified.info.policy(), &Oid::default_policy());
        assert_eq!(&verified.signer, AUTHORITY.certificate_info());
        assert_eq!(verified.signer.subject, "CN=log.example time-stamp signer");
        assert_eq!(verified.signer.issuer, "CN=log.example time-stamp CA");
        assert_eq!(verified.proof, None);
        assert_eq!(Token::parse(&answer).unwrap(), token);
    }
    let log_data = claims.log_data();
    assert_eq!(
        log_data,
        format!("rfc3161-sha256:{}", hex::encode(claims.sha256()))
    );
    assert_eq!(log_data.len(), 79);
    assert!(
        token.as_der().len() < 1000,
        "{} bytes",
        token.as_der().len()
    );
}

#[test]
fn nothing_else_is_believed() {
    let token = token(true);
    let refused = |trust: &Trust, imprint: &Imprint| trust.verify(token.as_der(), imprint);
    let other = Imprint::new(HashAlgorithm::Sha256, &[0xac; 32]).unwrap();
    assert_eq!(refused(&TRUST, &other), Err(VerifyError::OtherData));
    let other_hash = Imprint::new(HashAlgorithm::Sha3_256, &[0xab; 32]).unwrap();
    assert_eq!(refused(&TRUST, &other_hash), Err(VerifyError::OtherData));
    // Another CA of the very same name.
    let stranger = Trust::from_pem(&generate("log.example").ca_certificate_pem).unwrap();
    let untrusted = refused(&stranger, &imprint());
    assert!(
        matches!(untrusted, Err(VerifyError::Untrusted { .. })),
        "{untrusted:?}"
    );

    let no = Trust::from_pem(&NEW.tsa_certificate_pem).unwrap_err();
    assert_eq!(no, TrustError::NoAuthority);
    assert!(matches!(
        Trust::from_pem("nothing"),
        Err(TrustError::Certificate(_))
    ));
}

#[test]
fn a_token_without_certificate_needs_it_from_elsewhere() {
    let token = token(false);
    let verify = |trust: &Trust| trust.verify(token.as_der(), &imprint());
    assert_eq!(verify(&TRUST), Err(VerifyError::SignerMissing));
    let both = [&NEW.ca_certificate_pem[..], &NEW.tsa_certificate_pem].concat();
    assert!(verify(&Trust::from_pem(&both).unwrap()).is_ok());
}

/// A single bit, anywhere: were one accepted, two different files would be "the" token.
#[test]
fn every_flipped_bit_is_refused() {
    let token = token(true);
    for original in [token.as_der().to_vec(), response::granted(&token)] {
        let mut changed = original.clone();
        for bit in 0..original.len() * 8 {
            changed[bit / 8] ^= 1 << (bit % 8);
            let verdict = TRUST.verify(&changed, &imprint());
            assert!(verdict.is_err(), "bit {bit} of {} bytes", original.len());
            changed[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(TRUST.verify(&changed, &imprint()).is_ok());
        for end in 0..original.len() {
            assert!(TRUST.verify(&original[..end], &imprint()).is_err());
        }
        let longer = [&original[..], &[0]].concat();
        assert!(TRUST.verify(&longer, &imprint()).is_err());
    }
    let huge = vec![0x30; TOKEN_BYTES_MAX + 1];
    let verdict = TRUST.verify(&huge, &imprint());
    assert_eq!(
        verdict,
        Err(TokenError::TooLong {
            found: TOKEN_BYTES_MAX + 1
        }
        .into())
    );
}

#[test]
fn a_proof_rides_along() {
    let token = token(true);
    assert_eq!(proof_of(token.as_der()), Ok(None));
    for length in [0, 1, 300, PROOF_BYTES_MAX] {
        let proof = vec![0x5a; length];
        let carrying = with_proof(token.as_der(), &proof).unwrap();
        assert_eq!(proof_of(carrying.as_der()), Ok(Some(proof.clone())));
        let verified = TRUST
            .verify(&response::granted(&carrying), &imprint())
            .unwrap();
        assert_eq!(verified.proof, Some(proof));
        assert_eq!(verified.info, token.claims().unwrap());
        // A later proof takes the place of an earlier one.
        let again = with_proof(carrying.as_der(), b"later").unwrap();
        assert_eq!(proof_of(again.as_der()), Ok(Some(b"later".to_vec())));
        assert_eq!(again, with_proof(token.as_der(), b"later").unwrap());
    }
    let found = PROOF_BYTES_MAX + 1;
    let refused = with_proof(token.as_der(), &vec![0; found]);
    assert_eq!(refused, Err(TokenError::ProofTooLong { found }));
    assert!(with_proof(b"no token", b"").is_err());
}

/// The proof is not signed, so a changed bit may spoil it, but never what the token says.
#[test]
fn a_flipped_bit_may_spoil_the_proof_and_no_more() {
    let token = token(true);
    let carrying = with_proof(token.as_der(), b"proof").unwrap();
    let expected = TRUST.verify(carrying.as_der(), &imprint()).unwrap();
    let mut changed = carrying.as_der().to_vec();
    let mut spoiled = 0;
    for bit in 0..changed.len() * 8 {
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(verified) = TRUST.verify(&changed, &imprint()) {
            assert_ne!(verified.proof, expected.proof, "bit {bit}");
            assert_eq!(
                (&verified.info, &verified.signer),
                (&expected.info, &expected.signer)
            );
            spoiled += 1;
        }
        changed[bit / 8] ^= 1 << (bit % 8);
    }
    let added = carrying.as_der().len() - token.as_der().len();
    assert!(
        (1..added * 8).contains(&spoiled),
        "{spoiled} of {added} bytes"
    );
}

/// Tokens are kept for decades: what an old version signed must stay good.
#[test]
fn tokens_of_version_0_1_stay_good() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/tsa");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let trust = String::from_utf8(read("ca-0.1.pem")).unwrap();
    let trust = Trust::from_pem(&trust).unwrap();
    let request = Request::parse(&read("sha256-cert.tsq")).unwrap();
    let log_data =
        "rfc3161-sha256:3724be7d3cab5259faa28148513dc0433d7b2e65337c5424a246508033f0cfb4";
    let check = |name: &str, proof: Option<&[u8]>| {
        let verified = trust.verify(&read(name), &request.imprint).unwrap();
        assert_eq!(verified.info.time_us(), 1_763_712_345_678_900);
        assert_eq!(verified.info.serial(), 42);
        assert_eq!(verified.info.nonce(), request.nonce.as_ref());
        assert_eq!(verified.proof.as_deref(), proof);
        assert_eq!(verified.info.log_data(), log_data);
    };
    check("response-0.1.tsr", None);
    check(
        "response-0.1-with-proof.tsr",
        Some(b"a proof would stand here"),
    );
}

#[test]
fn a_refusal_is_no_token() {
    let answer = response::rejected(Failure::BadAlg, "use SHA-256");
    let refused = TRUST.verify(&answer, &imprint()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the time-stamp request was refused (status 2): use SHA-256"
    );
}

#[test]
fn refuses_what_it_cannot_attest() {
    let check = |request: &Request, time_us: i64, failure: Failure| {
        let refused = AUTHORITY.token_info(request, 1, time_us).unwrap_err();
        assert_eq!(refused.failure(), failure, "{refused}");
    };
    let asking = |policy: &str| Request {
        policy: policy.parse().ok(),
        ..request()
    };
    check(&asking("1.2.3.4"), NOW_US, Failure::UnacceptedPolicy);
    let ours = asking(&Oid::default_policy().to_string());
    assert!(AUTHORITY.token_info(&ours, 1, NOW_US).is_ok());
    check(&request(), -1, Failure::TimeNotAvailable);
    check(&request(), TIME_US_MAX + 1, Failure::TimeNotAvailable);
    // Nobody would accept a token from outside the certificate's validity.
    let info = AUTHORITY.certificate_info();
    check(
        &request(),
        info.not_before_secs * 1_000_000 - 1,
        Failure::SystemFailure,
    );
    check(
        &request(),
        (info.not_after_secs + 1) * 1_000_000,
        Failure::SystemFailure,
    );
    for time_us in [
        info.not_before_secs * 1_000_000,
        info.not_after_secs * 1_000_000,
    ] {
        let token = AUTHORITY.token_info(&request(), 1, time_us).unwrap();
        let token = AUTHORITY.sign(&token, true).unwrap();
        assert!(TRUST.verify(token.as_der(), &imprint()).is_ok());
    }
    let refused = AUTHORITY
        .token_info(&asking("1.2.3.4"), 1, NOW_US)
        .unwrap_err();
    assert!(matches!(refused, Refusal::UnacceptedPolicy { .. }));
}

#[test]
fn a_configured_authority_says_so_in_its_tokens() {
    let policy: Oid = "1.3.6.1.4.1.99999.1".parse().unwrap();
    let chain = [&NEW.tsa_certificate_pem[..], &NEW.ca_certificate_pem].concat();
    let authority = Authority::from_pem(&NEW.tsa_key_pem, &chain)
        .unwrap()
        .with_policy(policy.clone())
        .with_accuracy(Accuracy { micros: 0 });
    let info = authority.token_info(&request(), u128::MAX, NOW_US).unwrap();
    let token = authority.sign(&info, true).unwrap();
    let verified = TRUST.verify(token.as_der(), &imprint()).unwrap();
    assert_eq!(verified.info.policy(), &policy);
    assert_eq!(verified.info.accuracy(), Accuracy { micros: 0 });
    assert_eq!(verified.info.serial(), u128::MAX);
    // The root is not carried: whoever needs to be told it cannot trust it.
    assert!(token.as_der().len() < 1000);
}

#[test]
fn loads_only_what_belongs_together() {
    let other = generate("other.example");
    let (key, leaf, ca) = (
        &NEW.tsa_key_pem,
        &NEW.tsa_certificate_pem,
        &NEW.ca_certificate_pem,
    );
    let check = |key: &str, chain: &str, words: &str| {
        let refused = Authority::from_pem(key, chain).unwrap_err();
        let said = refused.to_string();
        assert!(said.contains(words), "{said:?} lacks {words:?}");
    };
    check("", leaf, "signing key");
    check(
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        leaf,
        "P-256",
    );
    check(
        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        leaf,
        "pkcs8",
    );
    check(&other.tsa_key_pem, leaf, "does not belong");
    check(key, "", "no certificate");
    check(
        key,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "malformed",
    );
    check(&NEW.ca_key_pem, ca, "timeStamping and nothing else");
    check(
        key,
        &[leaf.as_str(), &other.ca_certificate_pem].concat(),
        "does not hold together",
    );
}

#[test]
fn names_of_any_length_and_script_fit() {
    let check = |name: &str, subject: &str| {
        let new = generate(name);
        let authority = Authority::from_pem(&new.tsa_key_pem, &new.tsa_certificate_pem).unwrap();
        assert_eq!(authority.certificate_info().subject, subject);
        let trust = Trust::from_pem(&new.ca_certificate_pem).unwrap();
        let info = authority.token_info(&request(), 1, NOW_US).unwrap();
        let token = authority.sign(&info, true).unwrap();
        assert!(trust.verify(token.as_der(), &imprint()).is_ok());
    };
    check("", "CN=\\ time-stamp signer");
    check("a,b=c", "CN=a\\,b=c time-stamp signer");
    check(
        "zeit.größe.example",
        "CN=zeit.größe.example time-stamp signer",
    );
    let long = "x".repeat(300);
    check(&long, &format!("CN={}… time-stamp signer", "x".repeat(45)));
    assert!(tsa::generate("late", i64::MAX, &mut |_| ()).is_err());
    assert!(tsa::generate("early", 0, &mut |_| ()).is_err());
}

proptest! {
    #[test]
    fn facts_survive_the_token(
        serial in any::<u128>(),
        after_us in 0..900_000_000_000_000_i64,
        micros in any::<u32>(),
        nonce in any::<Option<u64>>(),
        certificate in any::<bool>(),
    ) {
        let authority = Authority::from_pem(&NEW.tsa_key_pem, &NEW.tsa_certificate_pem).unwrap();
        let authority = authority.with_accuracy(Accuracy { micros });
        let request = Request { nonce: nonce.map(Nonce::from), ..request() };
        let info = authority.token_info(&request, serial, NOW_US + after_us).unwrap();
        let token = authority.sign(&info, certificate).unwrap();
        prop_assert_eq!(Token::parse(token.as_der()).unwrap().claims().unwrap(), info);
    }
}
