//! Whatever is damaged in the file, fsck says what. In the world: a disk that lies, a hand that
//! slips, somebody who rewrites history.

#![allow(
    clippy::unwrap_used,
    reason = "this is test code: what cannot be had is a failed test"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base::{Clock, InProcessBus, UnixMicros};
use stamp::{Entries, Entry, NewBatch, Sealer, Settings, Signer, Store, fsck};
use store_sqlite::SqliteStore;
use tlog::SigningKey;

/// Each look is a second later.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> UnixMicros {
        UnixMicros(self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed("ts.example.org/log", &[1; 32]).unwrap()
}

/// Four intervals of 300 timestamps each, and a batch in the pool.
async fn make(folder: &Path) {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder).unwrap());
    let clock = Arc::new(Ticking(AtomicI64::new(1_767_225_600_000_000)));
    let mut sealer = Sealer::new(
        Arc::clone(&store),
        Arc::new(InProcessBus::default()),
        Arc::clone(&clock) as _,
        Signer::new(key(), Vec::new()).unwrap(),
        &Settings::default(),
    );
    for round in 0..5u8 {
        let time = clock.now();
        let entries: Vec<Entry> = (0..300u32)
            .map(|n| {
                let mut hash = [round; 32];
                hash[..4].copy_from_slice(&n.to_be_bytes());
                Entry { time, hash }
            })
            .collect();
        let batch = NewBatch {
            nonce: 5,
            entries: Entries::pack(&entries),
            tags: vec![(7, "tag".into())],
            tokens: vec![(8, [round; 16], vec![0x30])],
        };
        store.insert_batch(batch).await.unwrap();
        if round < 4 {
            sealer.seal_once().await.unwrap().unwrap();
        }
    }
}

async fn findings(folder: &Path) -> Vec<String> {
    let store = SqliteStore::open(folder).unwrap();
    let keys = [key().public().clone()];
    let report = fsck::check(&store, &keys, |_| {}).await.unwrap();
    report.findings.iter().map(ToString::to_string).collect()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
async fn every_damage_is_named() {
    let sound = tempfile::tempdir().unwrap();
    make(sound.path()).await;
    assert_eq!(findings(sound.path()).await, [""; 0]);

    let check = async |damage: &str, expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("indelible.db");
        std::fs::copy(sound.path().join("indelible.db"), &file).unwrap();
        let database = rusqlite::Connection::open(&file).unwrap();
        database.pragma_update(None, "foreign_keys", false).unwrap();
        database.execute_batch(damage).unwrap();
        assert_ne!(database.changes(), 0, "{damage}");
        drop(database);
        let findings = findings(folder.path()).await;
        assert!(
            findings.iter().any(|words| words.contains(expected)),
            "{damage}: expected {expected:?} among {findings:#?}"
        );
    };
    let flip = |table: &str, column: &str, row: &str| {
        // The last byte of the blob becomes another.
        format!(
            "update {table} set {column} = cast(substr({column}, 1, length({column}) - 1) || \
             iif(substr({column}, -1) = x'00', x'01', x'00') as blob) where {row}"
        )
    };

    check(
        &flip("sealed_interval", "ith", "interval_index = 2"),
        "interval 2: its root",
    )
    .await;
    check(
        &flip("sealed_interval", "ith", "interval_index = 2"),
        "SHA-256 tile 0/0",
    )
    .await;
    check(
        "update sealed_interval set at_us = 1 where interval_index = 2",
        "interval 2: its time",
    )
    .await;
    check(
        "update sealed_interval set count = 299 where interval_index = 2",
        "interval 2: it counts 299",
    )
    .await;
    check(
        "delete from sealed_interval where interval_index = 2",
        "some are missing",
    )
    .await;

    let tile = |level: u8| format!("interval_index = 1 and level = {level} and tile_index = 0");
    check(
        &flip("interval_tile", "hashes", &tile(0)),
        "interval 1: its root",
    )
    .await;
    check(
        &flip("interval_tile", "hashes", &tile(1)),
        "interval 1: its tile 1/0",
    )
    .await;
    let gone = "delete from interval_tile where interval_index = 1";
    check(gone, "its tree has 0").await;
    check(&format!("{gone} and level = 1"), "interval 1: its tile 1/0").await;

    let placed = "update sealed_batch set placements = zeroblob(2400) where interval_index = 1";
    check(placed, "interval 1: leaf 0 has two owners").await;
    let few = "update sealed_batch set placements = substr(placements, 1, 2392)";
    check(few, "interval 0: leaf 299 belongs to no batch").await;
    let late = "update sealed_batch set base_us = base_us + 60000000 where interval_index = 1";
    check(late, "interval 1: leaf 0 is younger than the interval").await;
    let batch = "delete from sealed_batch where interval_index = 1";
    check(
        &format!("{batch}; {gone}"),
        "interval 1: its timestamps are gone",
    )
    .await;
    check(&format!("{batch}; {gone}"), "tags and tokens").await;

    check(
        &flip("main_tile", "hashes", "tree = 0"),
        "SHA3-256 tile 0/0",
    )
    .await;
    check("delete from main_tile where tree = 1", "SHA-256 tile 0/0").await;

    check(&flip("log_head", "sha3", "true"), "head: its SHA3-256 root").await;
    check(
        &flip("log_head", "sha256", "true"),
        "head: its SHA-256 root",
    )
    .await;
    check(
        "update log_head set timestamps = 1199",
        "head: it counts 1199",
    )
    .await;
    check("update log_head set at_us = 1", "head: its time").await;

    let other = "update checkpoint set note = (select note from checkpoint where size = 1)";
    check(
        &format!("{other} where size = 2"),
        "checkpoint of size 2: it signs size 1",
    )
    .await;
    let forged = "update checkpoint set note = replace(note, '— ts', '— tt') where size = 2";
    check(forged, "checkpoint of size 2: no known key").await;
    check(
        "delete from checkpoint where size = 2",
        "checkpoint of size 2: it is missing",
    )
    .await;
    let ahead = "insert into checkpoint (size, note) select 99, note from checkpoint limit 1";
    check(ahead, "checkpoint of size 99: it is signed, but").await;
    let late = "update log_key set since_size = 3";
    check(late, "checkpoint of size 2: ").await;
    check("update log_key set vkey = 'x'", "keys: x: ").await;
    let garbled = "insert into cosignature (size, witness, line) values (2, 'w', 'garbled')";
    check(garbled, "checkpoint of size 2: the cosignature of w").await;
    let other = "update checkpoint set note = replace(note, 'mth', 'x'); \
                 update checkpoint set note = replace(note, 'ts.example.org', 'ts.example.com')";
    check(other, "not signed with this installation's key").await;

    let record = |byte: &str| byte.repeat(36);
    let order = format!(
        "update pooled_batch set entries = x'{}{}'",
        record("ff"),
        record("00")
    );
    check(&order, "the entries of batch 5 are out of order").await;
    check("update pooled_batch set entries = x''", "batch 5 is empty").await;
    check(
        "insert into tag values ('t', 77, 0, 5)",
        "points to nothing",
    )
    .await;
    check(
        "update token set nonce = 6 where number = 5",
        "points to nothing",
    )
    .await;
    check(
        "update tag set entry_index = 300 where number = 2",
        "points to nothing",
    )
    .await;
}
