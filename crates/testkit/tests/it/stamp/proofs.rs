//! What people take home: proof files and RFC 3161 tokens, verified without the log.

use stamp::{Found, ProofAnswer, Submission, Under};
use testkit::{Database, Dialect};
use tlog::v1::Data;
use tlog::{ProofFile, Trust};
use tsa::{Authority, HashAlgorithm, Imprint, Request};

use super::log::{Log, verifier_keys};

#[tokio::test]
async fn a_proof_file_verifies_offline() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let stamp = log.submit("what was stamped").await;
    let pending = log
        .ledger
        .proof_file(stamp.id, Under::Best, None)
        .await
        .unwrap();
    assert_eq!(pending, ProofAnswer::Pending(stamp));
    let mut sealer = log.sealer();
    log.seal(&mut sealer).await;
    // Later intervals: the file is under the newest head, not that of its interval.
    for _ in 0..3 {
        log.submit_many(5).await;
        log.seal(&mut sealer).await;
    }
    let keys = verifier_keys();
    let trust = Trust {
        logs: Some(&keys),
        witnesses: &[],
    };
    let given = Some(Data::Text("what was stamped"));
    for (inside, outside) in [(None, given), (Some("what was stamped"), None)] {
        let answer = log
            .ledger
            .proof_file(stamp.id, Under::Best, inside)
            .await
            .unwrap();
        let ProofAnswer::File(file) = answer else {
            panic!("{answer:?}");
        };
        let file = ProofFile::parse(file.to_string().as_bytes()).unwrap();
        let verified = file.verify(outside, trust).unwrap();
        assert_eq!((verified.hash, verified.checkpoint.size), (stamp.hash, 4));
        assert_eq!(verified.interval.index, 0);
        let other = Some(Data::Text("something else"));
        assert!(file.verify(other, trust).is_err());
    }
    let other = log
        .ledger
        .proof_file(stamp.id, Under::Best, Some("something else"))
        .await;
    assert_eq!(other.unwrap(), ProofAnswer::OtherData);
    let mut unknown = stamp.id;
    unknown.nonce ^= 1;
    let unknown = log
        .ledger
        .proof_file(unknown, Under::Best, None)
        .await
        .unwrap();
    assert_eq!(unknown, ProofAnswer::Unknown);
}

#[tokio::test]
async fn data_that_was_hashed_as_bytes_is_found_too() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let submission = Submission {
        data: Data::Bytes(b"raw"),
        tag: None,
    };
    let stamp = log.notary.submit(submission).await.unwrap();
    log.seal(&mut log.sealer()).await;
    let answer = log
        .ledger
        .proof_file(stamp.id, Under::Best, Some("raw"))
        .await
        .unwrap();
    let ProofAnswer::File(file) = answer else {
        panic!("{answer:?}");
    };
    file.verify(None, Trust::default()).unwrap();
}

#[tokio::test]
async fn a_token_is_logged_and_later_carries_its_proof() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let now = base::Clock::now(&*log.clock).0 / 1_000_000;
    let made = tsa::generate("ts.example.org", now, &mut |bytes| bytes.fill(7)).unwrap();
    let authority = Authority::from_pem(&made.tsa_key_pem, &made.tsa_certificate_pem).unwrap();
    let trust = tsa::Trust::from_pem(&made.ca_certificate_pem).unwrap();
    let imprint = Imprint::new(HashAlgorithm::Sha256, &[0xab; 32]).unwrap();
    let mut request = Request::new(imprint.clone());
    request.wants_certificate = true;

    let token = log.notary.submit_token(&authority, &request).await.unwrap();
    let verified = trust.verify(&token.der, &imprint).unwrap();
    assert_eq!(verified.info.serial(), u128::from_be_bytes(token.serial));
    assert_eq!(
        log.ledger.token(token.serial).await.unwrap(),
        Some(token.clone())
    );
    let early = log
        .ledger
        .token_with_proof(token.serial)
        .await
        .unwrap()
        .unwrap();
    assert!(!early.proven && early.der == token.der);

    log.seal(&mut log.sealer()).await;
    let found = log.ledger.timestamp(token.id).await.unwrap();
    let Found::Sealed(stamp, _) = found else {
        panic!("{found:?}");
    };
    assert_eq!(stamp.time.0, verified.info.time_us());
    let proven = log
        .ledger
        .token_with_proof(token.serial)
        .await
        .unwrap()
        .unwrap();
    assert!(proven.proven);
    trust.verify(&proven.der, &imprint).unwrap();
    let proof = tsa::proof_of(&proven.der).unwrap().unwrap();
    let data = verified.info.log_data();
    let keys = verifier_keys();
    let trust = Trust {
        logs: Some(&keys),
        witnesses: &[],
    };
    let file = ProofFile::parse(&proof).unwrap();
    file.verify(Some(Data::Text(&data)), trust).unwrap();
    assert_eq!(log.ledger.token([0; 16]).await.unwrap(), None);
}
