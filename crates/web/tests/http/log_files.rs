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
