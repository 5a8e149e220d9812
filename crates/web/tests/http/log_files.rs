//! The log as C2SP's files.

use crate::app::TestApp;

#[tokio::test]
async fn checkpoint_tiles_and_key_fit_together() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/log/checkpoint").await.problem().1, "log-empty");
    app.stamp("x").await;
    app.seal_many(5).await;
    let key = app.get("/log/key").await;
    assert_eq!(key.header("content-type"), "text/plain; charset=utf-8");
    let key: tlog::VerifierKey = key.text().trim_end().parse().unwrap();
    let checkpoint = app.get("/log/checkpoint").await;
    assert_eq!(checkpoint.header("cache-control"), "public, max-age=1");
    let note = tlog::SignedNote::parse(&checkpoint.body).unwrap();
    let head = tlog::Checkpoint::open(&note, &[key]).unwrap();
    assert_eq!((head.origin.as_str(), head.size), ("log.test/log", 5));

    let tile = app.get("/log/tile/0/000.p/5").await;
    assert_eq!(tile.header("content-type"), "application/octet-stream");
    assert_eq!(
        tile.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let leaves = tlog::parse_tile(&tile.body).unwrap();
    let bundle = app.get("/log/tile/entries/000.p/5").await;
    let entries = tlog::parse_bundle(&bundle.body).unwrap();
    assert_eq!((leaves.len(), entries.len()), (5, 5));
    let mut range = tlog::CompactRange::<tlog::Sha256>::default();
    for (leaf, entry) in leaves.iter().zip(entries) {
        assert_eq!(*leaf, <tlog::Sha256 as tlog::TreeHash>::leaf(entry));
        range.push(*leaf);
    }
    assert_eq!(range.root(), head.root);
    let part = app.get("/log/tile/0/000.p/3").await;
    assert_eq!(
        part.body,
        tile.body.slice(..96),
        "any width up to the head's"
    );
}

// A client whose policy asks for a witness would never be content with the newest head of a busy
// log: under the second prefix it finds a whole log that ends with a cosigned one.
#[tokio::test]
async fn a_second_prefix_ends_with_the_newest_cosigned_checkpoint() {
    let app = TestApp::start().await;
    let missing = app.get("/log/witnessed/checkpoint").await;
    assert_eq!(missing.problem().1, "not-yet-witnessed");
    let id = app.stamp("x").await;
    app.seal().await;
    let proof = format!("/api/v1/ts/{id}/proof");
    let early = app.get(&format!("{proof}?witnessed")).await;
    assert_eq!(early.problem().1, "not-yet-witnessed");
    assert_eq!(early.header("retry-after"), "1");
    assert_eq!(app.get(&proof).await.status, 200);
    app.cosign(1).await;
    app.seal_many(2).await;
    let of = async |path: &str| {
        let answer = app.get(path).await;
        let note = tlog::SignedNote::parse(&answer.body).unwrap();
        let size = tlog::Checkpoint::parse(&note.text).unwrap().size;
        (size, note.signatures.len())
    };
    assert_eq!(of("/log/checkpoint").await, (3, 1));
    assert_eq!(of("/log/witnessed/checkpoint").await, (1, 2));
    for tile in ["0/000.p/1", "entries/000.p/1"] {
        let ours = app.get(&format!("/log/tile/{tile}")).await;
        let beside = app.get(&format!("/log/witnessed/tile/{tile}")).await;
        assert_eq!(beside.status, 200, "{tile}");
        assert_eq!(beside.body, ours.body, "{tile}");
    }
    for query in ["", "?witnessed"] {
        let answer = app.get(&format!("{proof}{query}")).await;
        let file = tlog::ProofFile::parse(&answer.body).unwrap();
        assert_eq!(file.checkpoint.signatures.len(), 2, "{query}");
    }
}
