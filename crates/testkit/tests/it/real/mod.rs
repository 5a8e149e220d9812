//! The real program, from outside.

mod crash;
mod desk;
mod facts;
mod sealers;
mod strangers;
mod time_servers;
mod witnesses;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use testkit::{Database, Program, indelible, store_args};
use tlog::v1::{self, TimeText};
use tlog::{CompactRange, Hash, Sha256, TreeHash as _};
use tokio::time::{sleep, timeout};

/// A timestamp that the server has answered: so it may never be lost.
#[derive(Clone, Debug)]
struct Acknowledged {
    id: String,
    data: String,
    time: String,
}

/// Stamps `texts` in one request; `Err` when the server did not answer.
async fn stamp(program: &Program, texts: &[String]) -> Result<Vec<Acknowledged>, String> {
    let (path, body) = match texts {
        [text] => ("/api/v1/ts/", json!({ "data": text })),
        texts => ("/api/v1/ts/bulk", json!({ "data": texts })),
    };
    let reply = program
        .post(path, "application/json", Bytes::from(body.to_string()))
        .await
        .map_err(|error| error.to_string())?;
    if !reply.status.is_success() {
        return Err(format!("{} {}", reply.status, reply.text()));
    }
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    let answers = match answer {
        Value::Array(answers) => answers,
        one => vec![one],
    };
    assert_eq!(answers.len(), texts.len());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let acknowledged = answers
        .iter()
        .zip(texts)
        .map(|(answer, data)| Acknowledged {
            id: text(&answer["id"]),
            data: data.clone(),
            time: text(&answer["timestamp"]),
        });
    Ok(acknowledged.collect())
}

/// The newest checkpoint: size and root, of which the signature was checked.
async fn checkpoint(program: &Program, key: &tlog::VerifierKey) -> Result<(u64, Hash), String> {
    let reply = program.get("/log/checkpoint").await;
    let reply = reply.map_err(|error| error.to_string())?;
    if !reply.status.is_success() {
        return Err(reply.status.to_string());
    }
    let note = tlog::SignedNote::parse(&reply.body).unwrap();
    let checkpoint = tlog::Checkpoint::open(&note, std::slice::from_ref(key)).unwrap();
    Ok((checkpoint.size, checkpoint.root))
}

/// The log's own key, once it has signed something with it.
async fn log_key(program: &Program) -> tlog::VerifierKey {
    let signed = timeout(Duration::from_secs(20), async {
        loop {
            let reply = program.get("/log/key").await.unwrap();
            if let Some(key) = reply.text().lines().next() {
                return key.parse().unwrap();
            }
            sleep(Duration::from_millis(5)).await;
        }
    });
    signed.await.expect("the log signs its first head")
}

/// All entries of the log up to `size`, from its bundles.
async fn entries(program: &Program, size: u64) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while (entries.len() as u64) < size {
        let index = entries.len() as u64 / 256;
        let width = (size - index * 256).min(256);
        let path = tlog::TilePath {
            resource: tlog::TileResource::Entries(index),
            width: u16::try_from(width).unwrap(),
        };
        let reply = program.get(&format!("/log/{path}")).await.unwrap();
        assert!(reply.status.is_success(), "{path}: {}", reply.status);
        let bundle = tlog::parse_bundle(&reply.body).unwrap();
        entries.extend(bundle.into_iter().map(<[u8]>::to_vec));
    }
    entries
}

/// Every head that was ever seen is a beginning of the log of `entries`.
fn check_heads(seen: &BTreeMap<u64, Hash>, entries: &[Vec<u8>]) {
    let mut range = CompactRange::<Sha256>::default();
    let mut checked = usize::from(seen.contains_key(&0));
    for (size, entry) in (1u64..).zip(entries) {
        range.push(Sha256::leaf(entry));
        if let Some(root) = seen.get(&size) {
            assert_eq!(
                *root,
                range.root(),
                "history was rewritten at or before {size}"
            );
            checked += 1;
        }
    }
    assert_eq!(checked, seen.len(), "a head beyond the last was seen");
}

fn base64(value: &Value) -> Vec<u8> {
    use base64::Engine as _;
    let text = value.as_str().unwrap();
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}

fn hash(value: &Value) -> Hash {
    base64(value).try_into().unwrap()
}

/// An acknowledged timestamp has a proof that leads from its data into the log of `entries`.
async fn check_kept(program: &Program, kept: &Acknowledged, entries: &[Vec<u8>]) {
    let reply = program
        .get(&format!("/api/v1/ts/{}?wait", kept.id))
        .await
        .unwrap();
    assert_eq!(reply.status.as_u16(), 200, "{kept:?}: {}", reply.text());
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(answer["timestamp"], kept.time);
    let time = TimeText::parse(&kept.time).unwrap();
    let stamped = v1::timestamp_hash(v1::Data::Text(&kept.data), &time);
    assert_eq!(hash(&answer["hash"]), stamped, "{kept:?}");
    let proof = &answer["proof"];
    let path: Vec<Hash> = proof["path"].as_array().unwrap().iter().map(hash).collect();
    let a = proof["a"].as_u64().unwrap();
    let ith = v1::root_of_path(&v1::leaf_of_path(&stamped), a, &path).unwrap();
    assert_eq!(ith, hash(&proof["ith"]), "{kept:?}");
    let index = answer["interval"].as_u64().unwrap();
    let entry = &entries[usize::try_from(index).unwrap()];
    let interval = v1::parse_interval_nucleus(entry).unwrap();
    assert_eq!((interval.index, interval.ith), (index, ith), "{kept:?}");
}

/// `indelible fsck` finds nothing.
fn check_fsck(database: &Database) {
    let mut args = vec!["fsck".to_owned()];
    args.extend(store_args(database));
    let output = indelible(&args);
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "fsck is not green:\n{told}\n{errors}"
    );
}
