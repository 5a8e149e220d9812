//! Requests as `openssl` makes them, and as somebody hostile does.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use tsa::{
    Failure, HashAlgorithm, Imprint, ImprintError, NONCE_BYTES_MAX, Nonce, Oid, REQUEST_BYTES_MAX,
    Request, RequestError,
};

fn vector(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/tsa");
    fs::read(folder.join(name)).unwrap()
}

/// The requests of `testdata/tsa` that are answered.
const GOOD: [&str; 9] = [
    "sha256",
    "sha256-cert",
    "sha256-no-nonce",
    "sha384-cert",
    "sha512-cert",
    "sha3-256-cert",
    "sha3-384",
    "sha3-512-no-nonce-cert",
    "policy",
];

#[test]
fn reads_what_openssl_writes() {
    let check = |name: &str, algorithm, digest: &str, nonce: &str, wants_certificate| {
        let request = Request::parse(&vector(&format!("{name}.tsq"))).unwrap();
        assert_eq!(request.imprint.algorithm(), algorithm);
        assert_eq!(hex::encode(request.imprint.digest()), digest);
        let found = request.nonce.as_ref().map(Nonce::as_bytes);
        assert_eq!(found.map(hex::encode).unwrap_or_default(), nonce);
        assert_eq!(request.wants_certificate, wants_certificate);
        request
    };
    let sha256 = "347a61756b606c50e0295aa993dcef38257ee8f70a4599577b6c03bfceb69772";
    let algorithm = HashAlgorithm::Sha256;
    check("sha256", algorithm, sha256, "3a7089b3fb26357c", false);
    check("sha256-cert", algorithm, sha256, "4103023838d20fb3", true);
    check("sha256-no-nonce", algorithm, sha256, "", false);
    let policy = check("policy", algorithm, sha256, "7edddc7d5210b6d4", true).policy;
    assert_eq!(policy, Some("1.3.6.1.4.1.99999.1".parse().unwrap()));
    check(
        "sha384-cert",
        HashAlgorithm::Sha384,
        "40c4581deaea7ba7b0bd79f91f0f04c4f239febd9ad4bd867a92736c96739fd215875468d2b99ed7fdd795944d61c32c",
        "2e0d60c348a691c7",
        true,
    );
    check(
        "sha512-cert",
        HashAlgorithm::Sha512,
        "cc91f0cd0e134302232896f5edf94456e99fb98081bcc05f58f3ef33584d7def067af6fd7a68bb9e3a84ab3057be811a6fa4a60aad254b942968463d581fd98e",
        "44600a86d6f91d02",
        true,
    );
    // The highest bit of this nonce is set, so a zero byte in front keeps it positive.
    check(
        "sha3-256-cert",
        HashAlgorithm::Sha3_256,
        "8c87fe9cfbdaae40ad3caba055ae323037acee1d0f7b5000ce7dcf69b4eca4b5",
        "00c4b8027dd3ec833e",
        true,
    );
    check(
        "sha3-384",
        HashAlgorithm::Sha3_384,
        "32082d863ceb921a281314b4d1e54671ba1449365f810effb8401c96bfb78c0da600fa414400e5c52ea2d5905d4c5372",
        "00d3297d8c767b6af3",
        false,
    );
    check(
        "sha3-512-no-nonce-cert",
        HashAlgorithm::Sha3_512,
        "4c21136a89b9462830aaf278fef77e04130b4d12546c804ee46fb542ccf3ca412039baa4310fb14377c8880915f4c5fb6f395f5543eadea40c6df26900722277",
        "",
        true,
    );
    for name in GOOD {
        let der = vector(&format!("{name}.tsq"));
        assert_eq!(
            Request::parse(&der).unwrap().to_der().unwrap(),
            der,
            "{name}"
        );
    }
}

#[test]
fn refuses_weak_and_unknown_hashes() {
    for name in ["sha1", "md5", "sha224", "shake256"] {
        let refused = Request::parse(&vector(&format!("{name}.tsq"))).unwrap_err();
        assert_eq!(refused.failure(), Failure::BadAlg, "{name}");
        let unsupported = ImprintError::UnsupportedHash {
            hash: String::new(),
        };
        let RequestError::Imprint(found) = refused else {
            panic!("{name}: {refused}")
        };
        assert_eq!(
            std::mem::discriminant(&found),
            std::mem::discriminant(&unsupported)
        );
    }
}

/// Tag, length below 128, content.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&[tag, u8::try_from(content.len()).unwrap()][..], &content].concat()
}

/// SHA-256 as an algorithm identifier without parameters, with NULL, and with a number.
const SHA256: &str = "300b0609608648016503040201";
const SHA256_NULL: &str = "300d06096086480165030402010500";
const SHA256_ODD: &str = "300e0609608648016503040201020107";

const VERSION: &[u8] = &[0x02, 1, 1];
const POLICY: &[u8] = &[0x06, 3, 0x2a, 3, 4];

fn imprint(algorithm: &str, digest_bytes: usize) -> Vec<u8> {
    let digest = tlv(0x04, &[&vec![7; digest_bytes]]);
    tlv(0x30, &[&hex::decode(algorithm).unwrap(), &digest])
}

#[test]
fn takes_what_rfc_3161_allows() {
    let good = |parts: &[&[u8]]| Request::parse(&tlv(0x30, parts)).unwrap();
    let sha256 = imprint(SHA256, 32);
    good(&[VERSION, &sha256]);
    good(&[VERSION, &imprint(SHA256_NULL, 32)]);
    let negative = good(&[VERSION, &sha256, &[0x02, 1, 0x80]]);
    assert_eq!(negative.nonce.unwrap().as_bytes(), [0x80]);
    good(&[
        VERSION,
        &sha256,
        POLICY,
        &tlv(0x02, &[&[1; NONCE_BYTES_MAX]]),
    ]);
    // The one liberty: certReq FALSE spelled out.
    let spelled = good(&[VERSION, &sha256, &[0x01, 1, 0]]);
    assert!(!spelled.wants_certificate);
}

#[test]
fn each_fault_has_its_own_answer() {
    let check = |der: &[u8], failure: Failure, words: &str| {
        let refused = Request::parse(der).unwrap_err();
        assert_eq!(refused.failure(), failure, "{refused}");
        assert!(refused.to_string().contains(words), "{refused}");
    };
    let bad = |parts: &[&[u8]], failure, words| check(&tlv(0x30, parts), failure, words);
    let broken = |parts: &[&[u8]]| bad(parts, Failure::BadDataFormat, "not a DER TimeStampReq");
    let sha256 = imprint(SHA256, 32);

    let format = Failure::BadDataFormat;
    let noise: [&[u8]; 5] = [
        b"",
        b"hello",
        &[0x30, 0x80, 0, 0],
        &[0x30; 3000],
        &[0x30, 0x84],
    ];
    for der in noise {
        check(der, format, "not a DER TimeStampReq");
    }
    check(
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        format,
        "not a DER TimeStampReq",
    );
    check(
        &vec![0; REQUEST_BYTES_MAX + 1],
        format,
        "4097 bytes, more than 4096",
    );
    let whole = tlv(0x30, &[VERSION, &sha256]);
    check(&[&whole[..], &[0]].concat(), format, "trailing data");

    bad(
        &[&[0x02, 1, 2], &sha256],
        Failure::BadRequest,
        "version is not 1",
    );
    bad(
        &[&[0x02, 2, 1, 1], &sha256],
        Failure::BadRequest,
        "version is not 1",
    );
    bad(&[&[0x02, 2, 0, 1], &sha256], format, "canonical");
    bad(&[VERSION, &imprint(SHA256, 31)], format, "32 bytes, not 31");
    bad(&[VERSION, &imprint(SHA256, 0)], format, "32 bytes, not 0");
    bad(
        &[VERSION, &imprint(SHA256_ODD, 32)],
        Failure::BadAlg,
        "no parameters",
    );
    bad(
        &[VERSION, &sha256, &tlv(0x02, &[&[1; 65]])],
        format,
        "nonce has 65 bytes",
    );

    broken(&[VERSION]);
    broken(&[&sha256]);
    broken(&[VERSION, &sha256, &[0x02, 0]]);
    broken(&[VERSION, &sha256, &[0x01, 1, 1]]);
    broken(&[VERSION, &sha256, &[0x01, 1, 0xff], POLICY]);
    broken(&[VERSION, &sha256, &tlv(0x06, &[&[1; 65]])]);

    let unaccepted = Failure::UnacceptedExtension;
    for critical in [&[][..], &[0x01, 1, 0xff]] {
        let extension = tlv(0x30, &[&[0x06, 3, 0x2a, 3, 5], critical, &[0x04, 0]]);
        let extensions = tlv(0xa0, &[&extension]);
        bad(&[VERSION, &sha256, &extensions], unaccepted, "1.2.3.5");
    }
    bad(&[VERSION, &sha256, &tlv(0xa0, &[])], unaccepted, "(none)");
}

/// Whatever arrives is read or refused; a panic here would be a remote crash.
#[test]
fn survives_every_prefix_and_every_single_byte_change() {
    for name in GOOD {
        let der = vector(&format!("{name}.tsq"));
        for end in 0..der.len() {
            let refused = Request::parse(&der[..end]).unwrap_err();
            assert_eq!(refused.failure(), Failure::BadDataFormat);
        }
        for position in 0..der.len() {
            let mut changed = der.clone();
            for byte in 0..=u8::MAX {
                changed[position] = byte;
                if let Ok(request) = Request::parse(&changed) {
                    // Only certReq FALSE has a second spelling.
                    let printed = request.to_der().unwrap();
                    let spelled_out = changed.ends_with(&[0x01, 1, 0]);
                    assert!(
                        printed == changed || spelled_out,
                        "{name} {position} {byte}"
                    );
                }
            }
        }
    }
}

fn requests() -> impl Strategy<Value = Request> {
    let imprint = (0..HashAlgorithm::ALL.len(), vec(any::<u8>(), 64)).prop_map(|(index, bytes)| {
        let algorithm = HashAlgorithm::ALL[index];
        Imprint::new(algorithm, &bytes[..algorithm.digest_bytes()]).unwrap()
    });
    let policy = vec(any::<u128>(), 0..3).prop_map(|arcs| {
        let arcs = arcs.iter().map(u128::to_string);
        let dotted: Vec<String> = ["1.3".into()].into_iter().chain(arcs).collect();
        dotted.join(".").parse::<Oid>().ok()
    });
    let nonce = proptest::option::of(any::<u64>().prop_map(Nonce::from));
    (imprint, policy, nonce, any::<bool>()).prop_map(
        |(imprint, policy, nonce, wants_certificate)| Request {
            imprint,
            policy,
            nonce,
            wants_certificate,
        },
    )
}

proptest! {
    #[test]
    fn parse_undoes_print(request in requests()) {
        let der = request.to_der().unwrap();
        prop_assert_eq!(Request::parse(&der).unwrap(), request);
    }

    #[test]
    fn noise_is_refused(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(Request::parse(&bytes).is_err());
    }
}
