//! A bit that flips between the sealer and the disk is never signed.
//!
//! In the world: a CT log died of one flipped bit in a leaf hash that was signed.

use std::sync::Arc;
use std::time::Duration;

use base::{Bus as _, UnixMicros};
use futures_util::StreamExt as _;
use stamp::{ALERT_TOPIC, Placements, Role, SealError, SealedInterval, Tree, fsck};
use testkit::{Database, Dialect, FailingStore};

use super::log::{Log, settings, verifier_keys};

async fn check(name: &str, fault: fn(&mut SealedInterval)) {
    let log = refused(name, fault).await;
    assert!(
        log.sealer().seal_once().await.is_err(),
        "{name}: nor does another sealer sign"
    );
    let newest = log.ledger.checkpoint().await.unwrap().unwrap();
    assert_eq!(newest.size, 1, "{name}: only the first interval is signed");
    assert_eq!(log.ledger.sealed(1).await.unwrap(), None, "{name}");
}

/// The sealer that wrote it refuses, stays so, says so, and fsck sees it.
async fn refused(name: &str, fault: fn(&mut SealedInterval)) -> Log {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    // Enough for a tile of the second level.
    log.submit_many(300).await;
    log.seal(&mut log.sealer()).await;
    log.submit_many(300).await;

    let flipping = FailingStore::flipping(Arc::clone(&log.store), Box::new(fault));
    let flipping = Log::over(Arc::new(flipping), &log.clock, settings()).await;
    let mut events = flipping.bus.subscribe();
    let mut sealer = flipping.sealer();
    let health = sealer.health();
    log.clock.advance(Duration::from_secs(1));
    let refused = sealer.seal_once().await.unwrap_err();
    assert!(
        matches!(refused, SealError::Refused(_)),
        "{name}: {refused}"
    );
    assert!(matches!(health.state().role, Role::Refused(_)), "{name}");
    assert_eq!(events.next().await.unwrap().topic, ALERT_TOPIC, "{name}");
    assert!(sealer.seal_once().await.is_err(), "{name}: it stays so");
    let report = fsck::check(&*log.store, &verifier_keys(), |_| {}).await;
    assert!(!report.unwrap().is_sound(), "{name}: fsck sees it too");
    log
}

#[tokio::test]
async fn no_flipped_bit_is_signed() {
    check("a leaf", |it| it.interval_tiles[0].1[7][3] ^= 4).await;
    check("the last leaf", |it| {
        let leaves = it.interval_tiles.iter_mut().filter(|(id, _)| id.level == 0);
        let (_, hashes) = leaves.last().unwrap();
        hashes.last_mut().unwrap()[31] ^= 1;
    })
    .await;
    check("a tile of the second level", |it| {
        let upper = it.interval_tiles.iter_mut().find(|(id, _)| id.level == 1);
        upper.unwrap().1[0][0] ^= 1;
    })
    .await;
    check("the interval's root", |it| it.interval.ith[0] ^= 1).await;
    check("the interval's time", |it| {
        it.interval.time = UnixMicros(it.interval.time.0 ^ 1);
    })
    .await;
    check("the SHA-256 root", |it| it.head.sha256[31] ^= 0x80).await;
    check("the SHA3-256 root", |it| it.head.sha3[0] ^= 1).await;
    // Neither hashed nor signed: only the one who wrote it, and fsck, can know.
    refused("the count", |it| it.head.timestamps ^= 1).await;
    for tree in [Tree::Sha3, Tree::Sha256] {
        let flip: fn(&mut SealedInterval) = match tree {
            Tree::Sha3 => |it| flip_main(it, Tree::Sha3),
            Tree::Sha256 => |it| flip_main(it, Tree::Sha256),
        };
        check("a tile of a main tree", flip).await;
    }
    check("a placement", |it| {
        let (_, placements) = &mut it.batches[0];
        let mut bytes = placements.as_bytes().to_vec();
        bytes[7] ^= 1;
        *placements = Placements::from_stored(placements.base, bytes).unwrap();
    })
    .await;
    check("a placed time", |it| {
        let (_, placements) = &mut it.batches[0];
        let mut bytes = placements.as_bytes().to_vec();
        bytes[3] ^= 1;
        *placements = Placements::from_stored(placements.base, bytes).unwrap();
    })
    .await;
}

fn flip_main(it: &mut SealedInterval, tree: Tree) {
    let tile = it.main_tiles.iter_mut().find(|(of, _, _)| *of == tree);
    tile.unwrap().2[0][0] ^= 1;
}
