//! The monitor against a scripted log that keeps its word, and one that does not. If these broke,
//! an operator could change what was sealed and nobody would hear of it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use egress::{Egress, Limits};
use tlog::v1::{Interval, TimeText, interval_nucleus};
use tlog::{Checkpoint, SigningKey, TILE_WIDTH, TilePath, TileResource, VerifierKey};

use super::check::{LookError, Outcome, look};
use super::copy::{Copy, Trees};
use super::remote::Remote;

/// A log that shows whatever the test wants it to show.
struct Script {
    key: SigningKey,
    entries: Vec<Vec<u8>>,
    /// Told by protocol v1 instead of the truth.
    false_mth: bool,
}

type Shared = Arc<Mutex<Script>>;

fn entry(index: u64, ith: u8) -> Vec<u8> {
    let time = TimeText::of_micros(1_767_225_600_000_000 + i64::try_from(index).unwrap());
    interval_nucleus(index, &time, &[ith; 32])
}

fn entries(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|index| entry(index, 7)).collect()
}

fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_seed("log.example", &[seed; 32]).unwrap()
}

impl Script {
    fn trees(&self) -> Trees {
        let mut trees = Trees::default();
        self.entries.iter().for_each(|entry| trees.push(entry));
        trees
    }

    fn answer(&self, path: &str) -> Option<Vec<u8>> {
        let trees = self.trees();
        if path == "/log/checkpoint" {
            let checkpoint = Checkpoint::new("log.example", trees.size(), trees.sha256.root());
            return Some(checkpoint.sign(&self.key).to_string().into_bytes());
        }
        if path == "/log/key" {
            return Some(format!("{}\n", self.key.public()).into_bytes());
        }
        if let Some(path) = path.strip_prefix("/log/") {
            let path: TilePath = path.parse().ok()?;
            let TileResource::Entries(index) = path.resource else {
                return None;
            };
            let first = usize::try_from(index * TILE_WIDTH).unwrap();
            let entries = self.entries.get(first..first + usize::from(path.width))?;
            let mut bundle = Vec::new();
            for entry in entries {
                tlog::push_entry(entry, &mut bundle);
            }
            return Some(bundle);
        }
        path.strip_prefix("/api/v1/mth/")?;
        let head = tlog::v1::Head {
            authority: "log.example".into(),
            interval: Interval {
                index: trees.size() - 1,
                time: TimeText::of_micros(0),
                ith: [7; 32],
            },
            mth: if self.false_mth {
                [1; 32]
            } else {
                trees.sha3.root()
            },
            inclusion: None,
            consistency: None,
        };
        let mut json = Vec::new();
        head.to_json(&mut json);
        Some(json)
    }
}

/// A served log, a copy of it, and what the monitor knows.
struct Scene {
    script: Shared,
    remote: Remote,
    copy: Copy,
    keys: Vec<VerifierKey>,
    dir: tempfile::TempDir,
}

impl Scene {
    async fn of(entries: Vec<Vec<u8>>) -> Self {
        let script = Arc::new(Mutex::new(Script {
            key: signing_key(1),
            entries,
            false_mth: false,
        }));
        let app = Router::new()
            .fallback(async |State(script): State<Shared>, uri: Uri| {
                match script.lock().unwrap().answer(uri.path()) {
                    Some(bytes) => bytes.into_response(),
                    None => StatusCode::NOT_FOUND.into_response(),
                }
            })
            .with_state(Arc::clone(&script));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let egress = Egress::new(Limits::default()).unwrap();
        let remote = Remote::find(egress, &url.parse().unwrap()).await.unwrap();
        assert!(remote.v1.is_some());
        let keys = remote.published_keys().await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        Self {
            script,
            remote,
            copy: Copy::open(dir.path()).unwrap(),
            keys,
            dir,
        }
    }

    async fn look(&mut self) -> Result<Outcome, LookError> {
        look(&self.remote, &mut self.copy, &self.keys, |_, _| {}).await
    }

    async fn expect_grown(&mut self, from: u64, to: u64) {
        match self.look().await.unwrap() {
            Outcome::Grown {
                from: f,
                to: t,
                witnesses: 0,
            } => assert_eq!((f, t), (from, to)),
            other => panic!("{other:?}"),
        }
    }

    /// Looks, and expects a broken promise of this kind from this entry on; the copy must be what
    /// it was before.
    async fn expect_broken(&mut self, kind: &str, since: Option<u64>) {
        let before = self.copy.kept_size();
        let Outcome::Broken(finding) = self.look().await.unwrap() else {
            panic!("the forgery went unnoticed");
        };
        assert_eq!(
            (finding.kind, finding.since_entry),
            (kind, since),
            "{}",
            finding.words
        );
        assert!(
            finding
                .evidence
                .iter()
                .any(|(name, _)| name == "checkpoint-now")
        );
        assert!(
            finding
                .evidence
                .iter()
                .any(|(name, _)| name == "checkpoint-before")
        );
        assert_eq!(self.copy.kept_size(), before);
        assert_eq!(self.copy.trees().size(), before);
    }

    fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }
}

#[tokio::test]
async fn an_honest_log_is_followed_through_bundles_and_restarts() {
    let mut scene = Scene::of(entries(3)).await;
    scene.expect_grown(0, 3).await;
    assert!(matches!(scene.look().await.unwrap(), Outcome::Unchanged));
    for (from, to) in [(3, 255), (255, 256), (256, 257), (257, 1000)] {
        scene.change(|log| log.entries = entries(to));
        scene.expect_grown(from, to).await;
    }
    let Scene { copy, dir, .. } = scene;
    drop(copy);
    let again = Copy::open(dir.path()).unwrap();
    assert_eq!(again.kept_size(), 1000);
    assert_eq!(again.bundle(3).unwrap().len(), 232);
}

#[tokio::test]
async fn a_rewritten_entry_is_found_wherever_it_stands() {
    // In the bundle that is read again anyway, and in one long past.
    for changed in [298, 5] {
        let mut scene = Scene::of(entries(300)).await;
        scene.expect_grown(0, 300).await;
        scene.change(|log| {
            log.entries = entries(310);
            log.entries[changed] = entry(changed as u64, 8);
        });
        scene.expect_broken("rewritten", Some(changed as u64)).await;
    }
}

#[tokio::test]
async fn another_history_of_the_same_or_a_smaller_size_is_found() {
    let mut scene = Scene::of(entries(20)).await;
    scene.expect_grown(0, 20).await;
    scene.change(|log| log.entries[19] = entry(19, 8));
    scene.expect_broken("forked", None).await;
    scene.change(|log| log.entries.truncate(10));
    let Outcome::Smaller(finding) = scene.look().await.unwrap() else {
        panic!("a smaller head went unnoticed");
    };
    assert_eq!(finding.kind, "shrunk");
    scene.change(|log| log.entries[3] = entry(3, 8));
    scene.expect_broken("rewritten", None).await;
}

#[tokio::test]
async fn the_two_trees_may_not_contradict_each_other() {
    let mut scene = Scene::of(entries(5)).await;
    scene.expect_grown(0, 5).await;
    scene.change(|log| {
        log.entries = entries(6);
        log.false_mth = true;
    });
    scene.expect_broken("contradiction", None).await;
    scene.change(|log| {
        log.false_mth = false;
        log.entries[5] = entry(6, 7);
    });
    scene.expect_broken("contradiction", Some(5)).await;
}

#[tokio::test]
async fn a_stranger_s_signature_is_refused() {
    let mut scene = Scene::of(entries(5)).await;
    scene.expect_grown(0, 5).await;
    scene.change(|log| log.key = signing_key(2));
    assert!(matches!(scene.look().await, Err(LookError::Unsigned(_))));
}

#[tokio::test]
async fn what_a_crash_left_is_cut_off_and_a_damaged_copy_is_not_believed() {
    let mut scene = Scene::of(entries(300)).await;
    scene.expect_grown(0, 300).await;
    let Scene { copy, dir, .. } = scene;
    assert!(
        Copy::open(dir.path()).is_err(),
        "a second monitor must not share the copy"
    );
    drop(copy);
    let path = dir.path().join("entries");
    let whole = std::fs::read(&path).unwrap();
    let mut longer = whole.clone();
    longer.extend_from_slice(&[0, 110, 1, 2, 3]);
    std::fs::write(&path, longer).unwrap();
    drop(Copy::open(dir.path()).unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), whole);

    let mut flipped = whole.clone();
    flipped[1000] ^= 1;
    std::fs::write(&path, flipped).unwrap();
    let error = Copy::open(dir.path()).err().unwrap().to_string();
    assert!(error.contains("damaged"), "{error}");
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let error = Copy::open(dir.path()).err().unwrap().to_string();
    assert!(error.contains("damaged"), "{error}");
}
