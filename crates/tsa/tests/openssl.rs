//! The verdict of a stranger: OpenSSL asks, we answer, OpenSSL verifies. What it refuses, no client in the world accepts.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use tsa::{
    Authority, AuthorityError, CertificateError, NewAuthority, Request, Trust, VerifyError,
    response, with_proof,
};

/// 2025-11-21 04:40:00 UTC; the certificates made then hold today, whatever day that is until 2055.
const NOW_SECS: i64 = 1_763_700_000;
const TIME_US: i64 = 1_763_712_345_678_900;

/// A folder with a document, another document, and an authority's certificates and key.
struct Office {
    folder: TempDir,
    authority: Authority,
}

/// Runs `openssl` and returns whether it was content, and all it said.
fn openssl(folder: &Path, arguments: &str) -> (bool, String) {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(arguments.split(' '))
        .output()
        .expect("these tests need the openssl command");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

impl Office {
    fn open() -> Office {
        let mut serial = 0x11;
        let mut random = |bytes: &mut [u8]| {
            serial += 1;
            bytes.fill(serial);
        };
        let new = tsa::generate("log.example", NOW_SECS, &mut random).unwrap();
        Office::of(&new)
    }

    fn of(new: &NewAuthority) -> Office {
        let authority = Authority::from_pem(&new.tsa_key_pem, &new.tsa_certificate_pem).unwrap();
        let office = Office {
            folder: TempDir::new().unwrap(),
            authority,
        };
        office.write("ca.pem", new.ca_certificate_pem.as_bytes());
        office.write("ca-key.pem", new.ca_key_pem.as_bytes());
        office.write("tsa.pem", new.tsa_certificate_pem.as_bytes());
        office.write("tsa-key.pem", new.tsa_key_pem.as_bytes());
        office.write("document", b"Stamped once, true for ever.\n");
        office.write("other", b"Stamped once, true for never.\n");
        office
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }

    /// Runs `openssl`, which must be content, and returns what it said.
    fn openssl(&self, arguments: &str) -> String {
        let (content, said) = openssl(self.folder.path(), arguments);
        assert!(content, "openssl {arguments}\n{said}");
        said
    }

    /// Runs `openssl ts -verify`, which must say no for the reason given.
    fn refused(&self, arguments: &str, reason: &str) {
        let (content, said) = openssl(self.folder.path(), &format!("ts -verify {arguments}"));
        assert!(
            !content && said.contains(reason),
            "openssl ts -verify {arguments}\n{said}"
        );
    }

    fn verified(&self, arguments: &str) {
        let said = self.openssl(&format!("ts -verify {arguments}"));
        assert!(said.contains("Verification: OK"), "{said}");
    }

    /// Lets `openssl` ask with these options, answers into `response.tsr` and `token.der`.
    fn answer(&self, options: &str) {
        self.openssl(&format!(
            "ts -query -data document {options} -out request.tsq"
        ));
        let request = Request::parse(&self.read("request.tsq")).unwrap();
        // Certificates that openssl issues begin today.
        let valid_from_us = self.authority.certificate_info().not_before_secs * 1_000_000;
        let time_us = TIME_US.max(valid_from_us);
        let info = self
            .authority
            .token_info(&request, 0x1234_5678_9abc, time_us)
            .unwrap();
        let token = self
            .authority
            .sign(&info, request.wants_certificate)
            .unwrap();
        self.write("token.der", token.as_der());
        self.write("response.tsr", &response::granted(&token));
        let carrying = with_proof(token.as_der(), &[0x5a; 700]).unwrap();
        self.write("carrying.der", carrying.as_der());
        self.write("carrying.tsr", &response::granted(&carrying));
    }
}

#[test]
fn accepts_our_answers_and_refuses_other_data() {
    let office = Office::open();
    for hash in [
        "sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512",
    ] {
        for (certificate, known) in [(" -cert", ""), ("", " -untrusted tsa.pem")] {
            for nonce in ["", " -no_nonce"] {
                office.answer(&format!("-{hash}{certificate}{nonce}"));
                let trust = format!("-CAfile ca.pem{known}");
                for input in ["response.tsr", "token.der -token_in", "carrying.tsr"] {
                    office.verified(&format!("-data document -in {input} {trust}"));
                    let other = format!("-data other -in {input} {trust}");
                    office.refused(&other, "message imprint mismatch");
                }
                for input in ["response.tsr", "carrying.tsr", "carrying.der -token_in"] {
                    office.verified(&format!("-queryfile request.tsq -in {input} {trust}"));
                }
            }
        }
    }
}

#[test]
fn refuses_another_request_another_authority_and_a_missing_certificate() {
    let office = Office::open();
    office.answer("-sha256 -cert");
    let stale = office.read("response.tsr");
    office.answer("-sha256 -cert");
    office.write("stale.tsr", &stale);
    office.refused(
        "-queryfile request.tsq -in stale.tsr -CAfile ca.pem",
        "nonce mismatch",
    );

    office.write("stranger.pem", &Office::open().read("ca.pem"));
    office.refused(
        "-data document -in response.tsr -CAfile stranger.pem",
        "verify error",
    );

    office.answer("-sha256");
    office.refused(
        "-data document -in response.tsr -CAfile ca.pem",
        "signer certificate",
    );
}

#[test]
fn our_refusals_are_readable() {
    let office = Office::open();
    let rejected = response::rejected(tsa::Failure::BadAlg, "SHA-1 is not accepted");
    office.write("response.tsr", &rejected);
    let said = office.openssl("ts -reply -in response.tsr -text");
    for words in [
        "Status: Rejected.",
        "Status description: SHA-1 is not accepted",
        "Failure info: unrecognized or unsupported algorithm identifier",
        "TST info:\nNot included.",
    ] {
        assert!(said.contains(words), "{words:?} in\n{said}");
    }
}

#[test]
fn our_answers_are_readable() {
    let office = Office::open();
    office.answer("-sha256 -cert");
    let said = office.openssl("ts -reply -in response.tsr -text");
    for words in [
        "Status: Granted.",
        "Version: 1",
        "Policy OID: 2.25.70927660243521644255709052272197960176.1",
        "Hash Algorithm: sha256",
        "Serial number: 0x123456789ABC",
        "Time stamp: Nov 21 08:05:45.6789 2025 GMT",
        "Accuracy: 0x01 seconds, unspecified millis, unspecified micros",
        "Ordering: no",
        "Nonce: 0x",
    ] {
        assert!(said.contains(words), "{words:?} in\n{said}");
    }
    let parsed = office.openssl("cms -cmsout -print -inform DER -in carrying.der");
    for words in [
        "version: 3",
        "object: id-smime-aa-signingCertificateV2",
        "object: undefined (2.25.70927660243521644255709052272197960176.2)",
    ] {
        assert!(parsed.contains(words), "{words:?} in\n{parsed}");
    }
}

#[test]
fn our_certificates_say_what_they_are_for() {
    let office = Office::open();
    let check = |file: &str, expected: &[&str]| {
        let said = office.openssl(&format!("x509 -in {file} -noout -text"));
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in expected {
            assert!(flat.contains(words), "{words:?} in\n{said}");
        }
        assert!(!flat.contains("unknown"), "{said}");
    };
    let both = [
        "Version: 3 (0x2)",
        "Signature Algorithm: ecdsa-with-SHA256",
        "Issuer: CN = log.example time-stamp CA",
        "Not Before: Nov 20 04:40:00 2025 GMT",
        "Not After : Nov 21 04:40:00 2055 GMT",
        "ASN1 OID: prime256v1",
        "X509v3 Subject Key Identifier",
    ];
    let ca = [
        "Subject: CN = log.example time-stamp CA",
        "X509v3 Basic Constraints: critical CA:TRUE, pathlen:0",
        "X509v3 Key Usage: critical Certificate Sign X509v3",
    ];
    let leaf = [
        "Subject: CN = log.example time-stamp signer",
        "X509v3 Key Usage: critical Digital Signature X509v3",
        "X509v3 Extended Key Usage: critical Time Stamping X509v3",
        "X509v3 Authority Key Identifier",
    ];
    check("ca.pem", &[&both[..], &ca].concat());
    check("tsa.pem", &[&both[..], &leaf].concat());
    let verified = "verify -x509_strict -CAfile ca.pem -purpose timestampsign tsa.pem";
    assert!(office.openssl(verified).contains("tsa.pem: OK"));
    for key in ["ca-key.pem", "tsa-key.pem"] {
        office.openssl(&format!("pkey -in {key} -check -noout"));
    }
}

/// An operator may bring certificates of another maker, and is told what is wrong with them.
#[test]
fn works_with_a_given_authority() {
    let office = Office::open();
    let issue = |extensions: &str, key: &str| {
        office.write("extensions.cnf", extensions.as_bytes());
        office.openssl(&format!(
            "req -new -key {key} -subj /CN=Given/O=Office -out leaf.csr"
        ));
        office.openssl("x509 -req -in leaf.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 3650 -extfile extensions.cnf -out leaf.pem");
        let chain = [office.read("leaf.pem"), office.read("ca.pem")].concat();
        Authority::from_pem(
            &String::from_utf8(office.read(key)).unwrap(),
            &String::from_utf8(chain).unwrap(),
        )
    };
    office.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out given.pem");
    let authority = issue("extendedKeyUsage=critical,timeStamping", "given.pem").unwrap();
    assert_eq!(authority.certificate_info().subject, "O=Office,CN=Given");
    let given = Office {
        authority,
        ..office_with_ca(&office)
    };
    given.answer("-sha512 -cert");
    given.verified("-data document -in response.tsr -CAfile ca.pem");

    let check = |extensions: &str, expected: CertificateError| {
        let refused = issue(extensions, "given.pem").unwrap_err();
        assert_eq!(refused, AuthorityError::Signer(expected));
    };
    check(
        "extendedKeyUsage=timeStamping",
        CertificateError::UsageNotCritical,
    );
    check(
        "basicConstraints=CA:FALSE",
        CertificateError::NotForTimeStamping,
    );
    let both = "extendedKeyUsage=critical,timeStamping,codeSigning";
    check(both, CertificateError::NotForTimeStamping);
    let agree = "extendedKeyUsage=critical,timeStamping\nkeyUsage=keyAgreement";
    check(agree, CertificateError::MayNotSign);

    let usage = "extendedKeyUsage=critical,timeStamping";
    office.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.pem");
    let refused = issue(usage, "p384.pem").unwrap_err();
    assert!(
        matches!(refused, AuthorityError::KeyRejected { .. }),
        "{refused}"
    );
    office.openssl("ecparam -name prime256v1 -genkey -noout -out sec1.pem");
    assert_eq!(
        issue(usage, "sec1.pem").unwrap_err(),
        AuthorityError::KeyNotPkcs8
    );
}

/// Root, intermediate, signer: the token must carry the one in the middle, in DER's order.
#[test]
fn carries_an_intermediate_certificate() {
    let office = Office::open();
    let issue = |name: &str, extensions: &str, signed_by: &str| {
        office.write("extensions.cnf", extensions.as_bytes());
        let key = format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key");
        office.openssl(&key);
        office.openssl(&format!(
            "req -new -key {name}.key -subj /CN={name} -out {name}.csr"
        ));
        office.openssl(&format!(
            "x509 -req -in {name}.csr {signed_by} -days 3650 -extfile extensions.cnf -out {name}.pem"
        ));
        String::from_utf8(office.read(&format!("{name}.pem"))).unwrap()
    };
    let ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";
    let root = issue("root", ca, "-key root.key");
    let middle = issue("middle", ca, "-CA root.pem -CAkey root.key -CAcreateserial");
    let usage = "extendedKeyUsage=critical,timeStamping";
    let leaf = issue(
        "leaf",
        usage,
        "-CA middle.pem -CAkey middle.key -CAcreateserial",
    );
    let key = String::from_utf8(office.read("leaf.key")).unwrap();

    for chain in [
        [&leaf[..], &middle, &root].concat(),
        [&leaf[..], &middle].concat(),
    ] {
        let authority = Authority::from_pem(&key, &chain).unwrap();
        let given = Office {
            authority,
            ..office_with_ca(&office)
        };
        given.write("root.pem", root.as_bytes());
        given.answer("-sha256 -cert");
        given.verified("-data document -in response.tsr -CAfile root.pem");
        given.refused(
            "-data document -in response.tsr -CAfile ca.pem",
            "verify error",
        );

        let imprint = Request::parse(&given.read("request.tsq")).unwrap().imprint;
        let verdict = |trust: &str| {
            let trust = Trust::from_pem(trust).unwrap();
            trust.verify(&given.read("response.tsr"), &imprint)
        };
        assert_eq!(verdict(&root).unwrap().signer.subject, "CN=leaf");
        let stranger = String::from_utf8(given.read("ca.pem")).unwrap();
        assert!(matches!(
            verdict(&stranger),
            Err(VerifyError::Untrusted { .. })
        ));
    }
    let refused = Authority::from_pem(&key, &[&leaf[..], &root].concat()).unwrap_err();
    assert!(
        matches!(refused, AuthorityError::BrokenChain { .. }),
        "{refused}"
    );
}

/// A folder of its own with the same CA.
fn office_with_ca(office: &Office) -> Office {
    let text = |name: &str| String::from_utf8(office.read(name)).unwrap();
    Office::of(&NewAuthority {
        ca_certificate_pem: text("ca.pem"),
        ca_key_pem: text("ca-key.pem"),
        tsa_certificate_pem: text("tsa.pem"),
        tsa_key_pem: text("tsa-key.pem"),
    })
}
