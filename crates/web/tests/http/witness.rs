//! A witness over HTTP, asked by a log.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use axum::body::Body;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use stamp::Store;
use stamp::witness::Witness;
use store_sqlite::SqliteStore;
use tlog::{AddCheckpoint, CosigningKey, SignedNote, VerifierKey};
use web::{Web, WebSettings};

use crate::app::{Counted, HERE, StillClock, TestApp, request};

struct WitnessApp {
    web: Arc<Web>,
    key: tlog::CosignerKey,
    _folder: tempfile::TempDir,
}

fn witness_of(log: VerifierKey) -> WitnessApp {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).unwrap());
    let key = CosigningKey::from_seed("witness.test", &[9; 32]).unwrap();
    let public = key.public().clone();
    let clock = Arc::new(StillClock(AtomicI64::new(1_767_225_600_000_000)));
    let witness = Arc::new(Witness::new(store, clock, key, vec![log]));
    let entropy = Counted(AtomicU64::new(1));
    WitnessApp {
        web: Web::witness(witness, &entropy, WebSettings::default()),
        key: public,
        _folder: folder,
    }
}

impl WitnessApp {
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> (StatusCode, String, String) {
        let answer = self
            .web
            .answer(HERE, request(method, path, &[], body))
            .await;
        let kind = answer
            .headers()
            .get("content-type")
            .map(|kind| kind.to_str().unwrap().to_owned());
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            kind.unwrap_or_default(),
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    async fn add(&self, body: String) -> (u16, String, String) {
        let (status, kind, text) = self.ask(Method::POST, "/add-checkpoint", body).await;
        (status.as_u16(), kind, text)
    }
}

#[tokio::test]
async fn a_log_is_cosigned_as_long_as_it_only_grows() {
    let log = TestApp::start().await;
    log.seal_many(2).await;
    let key: VerifierKey = log.get("/log/key").await.text().trim_end().parse().unwrap();
    let witness = witness_of(key.clone());
    let checkpoint = async || SignedNote::parse(&log.get("/log/checkpoint").await.body).unwrap();
    let first = AddCheckpoint {
        old_size: 0,
        proof: Vec::new(),
        note: checkpoint().await,
    };
    let (status, kind, line) = witness.add(first.to_string()).await;
    assert_eq!(
        (status, &*kind),
        (200, "text/plain; charset=utf-8"),
        "{line}"
    );
    let mut note = first.note.clone();
    note.signatures
        .extend(tlog::SignatureLine::parse_all(&line).unwrap());
    assert!(
        line.starts_with("— witness.test ") && line.ends_with('\n'),
        "{line}"
    );

    log.seal().await;
    let proof = log
        .app
        .ledger
        .consistency(stamp::Tree::Sha256, 2, 3)
        .await
        .unwrap()
        .unwrap();
    let second = |old_size, proof| AddCheckpoint {
        old_size,
        proof,
        note: note.clone(),
    };
    let stale = second(1, Vec::new());
    let (status, kind, text) = witness.add(stale.to_string()).await;
    assert_eq!((status, &*kind, &*text), (409, "text/x.tlog.size", "2\n"));
    let grown = AddCheckpoint {
        old_size: 2,
        proof: proof.clone(),
        note: checkpoint().await,
    };
    let mut torn = grown.clone();
    torn.proof[0][0] ^= 1;
    assert_eq!(witness.add(torn.to_string()).await.0, 422);
    assert_eq!(witness.add(grown.to_string()).await.0, 200);

    let (status, _, text) = witness.ask(Method::GET, "/", "").await;
    assert_eq!(status, 200);
    assert!(
        text.contains(&witness.key.to_string()) && text.contains(&key.to_string()),
        "{text}"
    );
    assert!(text.contains("size 3"), "{text}");
    assert_eq!(witness.ask(Method::GET, "/healthz", "").await.0, 200);
}

#[tokio::test]
async fn strangers_and_nonsense_are_refused() {
    let log = TestApp::start().await;
    log.seal().await;
    let stranger = tlog::SigningKey::from_seed("other.test/log", &[3; 32]).unwrap();
    let witness = witness_of(stranger.public().clone());
    let note = SignedNote::parse(&log.get("/log/checkpoint").await.body).unwrap();
    let request = AddCheckpoint {
        old_size: 0,
        proof: Vec::new(),
        note,
    };
    assert_eq!(witness.add(request.to_string()).await.0, 404);
    for nonsense in ["", "old 1", "old x\n\n", "\n\n\n"] {
        let (status, kind, _) = witness.add(nonsense.to_owned()).await;
        assert_eq!(
            (status, &*kind),
            (400, "text/plain; charset=utf-8"),
            "{nonsense:?}"
        );
    }
    assert_eq!(witness.add("x".repeat(1 << 20)).await.0, 413);
    let (status, _, text) = witness.ask(Method::GET, "/add-checkpoint", "").await;
    assert_eq!(status, 405);
    assert!(text.contains("method-not-allowed"));
    assert_eq!(witness.ask(Method::GET, "/api/v1/ts/", "").await.0, 404);
}
