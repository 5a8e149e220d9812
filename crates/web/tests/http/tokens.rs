//! RFC 3161 over HTTP, and proof files.

use tlog::v1;
use tsa::{HashAlgorithm, Imprint, Request, Trust};

use crate::app::TestApp;

const QUERY: &str = "application/timestamp-query";

fn imprint() -> Imprint {
    Imprint::new(HashAlgorithm::Sha256, &[0xab; 32]).unwrap()
}

fn query() -> Vec<u8> {
    Request::new(imprint()).to_der().unwrap()
}

#[tokio::test]
async fn a_token_is_trusted_and_later_carries_its_proof() {
    let app = TestApp::start().await;
    let answer = app.post("/tsa", QUERY, query()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/timestamp-reply");
    let ca = app.get("/tsa/ca.pem").await;
    let trust = Trust::from_pem(ca.text()).unwrap();
    trust.verify(&answer.body, &imprint()).unwrap();
    assert!(
        app.get("/tsa/chain.pem")
            .await
            .text()
            .contains("BEGIN CERTIFICATE")
    );

    let place = answer.header("location").to_owned();
    let early = app.get(&place).await;
    assert_eq!(
        (early.header("cache-control"), early.header("retry-after")),
        ("no-store", "1")
    );
    assert_eq!(early.body, answer.body);
    app.seal().await;
    let proven = app.get(&place).await;
    assert_eq!(proven.header("cache-control"), "no-cache");
    trust.verify(&proven.body, &imprint()).unwrap();
    let file = tsa::proof_of(&proven.body).unwrap().unwrap();
    let file = tlog::ProofFile::parse(&file).unwrap();
    assert_eq!(file.index, 0);
}

#[tokio::test]
async fn bad_queries_are_refused_in_the_reply() {
    let app = TestApp::start().await;
    for body in [
        vec![],
        b"nonsense".to_vec(),
        query()[..20].to_vec(),
        vec![0x30; 2000],
    ] {
        let answer = app.post("/tsa", QUERY, body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/timestamp-reply");
        // PKIStatus rejection (2), as the first thing inside the two outer sequences.
        let at = answer.body.windows(3).position(|bytes| bytes == [2, 1, 2]);
        assert!(at.is_some_and(|at| at <= 6), "{answer:?}");
    }
    for untold in [
        "application/x-www-form-urlencoded",
        "application/octet-stream",
    ] {
        let answer = app.post("/tsa", untold, query()).await;
        assert_eq!(answer.header("content-type"), "application/timestamp-reply");
        assert!(answer.header("location").starts_with("/tsa/tokens/"));
    }
    let wrong = app.post("/tsa", "application/json", query()).await;
    assert_eq!(
        wrong.problem(),
        (415, "unsupported-media-type".into(), None)
    );
    let large = app.post("/tsa", QUERY, vec![0; 1 << 20]).await;
    assert_eq!(large.problem().1, "body-too-large");
    for serial in ["1", "x", "", &"f".repeat(33), &"f".repeat(32)] {
        let answer = app.get(&format!("/tsa/tokens/{serial}")).await;
        let name = answer.problem().1;
        assert!(
            name == "unknown-token" || (serial.is_empty() && name == "not-found"),
            "{serial}"
        );
    }
}

#[tokio::test]
async fn a_proof_file_verifies_without_us() {
    let app = TestApp::start().await;
    let id = app.stamp("x").await;
    let path = format!("/api/v1/ts/{id}/proof");
    let early = app.get(&path).await;
    assert_eq!(early.problem(), (409, "not-yet-sealed".into(), None));
    assert_eq!(early.header("retry-after"), "1");
    app.seal_many(3).await;
    let answer = app.get(&path).await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let attachment = format!("attachment; filename=\"{id}.tlog-proof\"");
    assert_eq!(answer.header("content-disposition"), attachment);
    let file = tlog::ProofFile::parse(&answer.body).unwrap();
    let key: tlog::VerifierKey = app.get("/log/key").await.text().trim_end().parse().unwrap();
    let trust = tlog::Trust {
        logs: Some(&[key]),
        ..tlog::Trust::default()
    };
    file.verify(Some(v1::Data::Text("x")), trust).unwrap();
    let unknown = app
        .get("/api/v1/ts/00000000-0000-8000-8000-000000000000/proof")
        .await;
    assert_eq!(unknown.problem().1, "unknown-timestamp");
}
