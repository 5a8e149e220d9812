//! The definition of [`stamp::Store`], and beside it of the other doors to the database: every
//! sentence of their documentation as a check, run over each dialect.

mod accounts;
mod facts;
mod feeds;
mod forgetting;
mod jobs;
mod keeping;
mod lookups;
mod notices;
mod pooling;
mod sealing;
mod sources;
mod tagging;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use base::{Entropy as _, UnixMicros};
use stamp::{
    Entries, Entry, Head, Interval, NewBatch, Placements, PooledBatch, SealedInterval, Store,
    TimestampId, Tree,
};
use tlog::{Hash, TILE_WIDTH, TileId};

pub use self::accounts::check_accounts;
pub use self::facts::check_facts;
pub use self::feeds::check_feeds;
pub use self::jobs::check_jobs;
pub use self::lookups::check_lookups;
pub use self::sources::check_sources;
use crate::{Database, Dialect, SeededEntropy, SimClock};

pub use notices::check_notices;

/// Runs the whole suite, each check on a database of its own. The checks of one area run in one
/// test, so that a failure names the area; the panic names the rest.
pub async fn check_store(dialect: Dialect) {
    pooling::check(dialect).await;
    tagging::check(dialect).await;
    sealing::check(dialect).await;
    keeping::check(dialect).await;
    forgetting::check(dialect).await;
}

/// A database, and chance to fill it with.
struct Bench {
    database: Database,
    chance: SeededEntropy,
}

/// Runs one check on an empty database and says which one it was.
async fn on_empty<F: Future<Output = ()>>(
    dialect: Dialect,
    name: &str,
    check: impl FnOnce(Bench) -> F,
) {
    let started = Instant::now();
    let bench = Bench {
        database: Database::new(dialect).await,
        chance: SeededEntropy::new(7),
    };
    println!("{dialect:?}: {name} …");
    check(bench).await;
    println!("      kept after {:.1?}", started.elapsed());
}

impl Bench {
    async fn store(&self) -> Arc<dyn Store> {
        self.database.open().await
    }

    fn hash(&self) -> Hash {
        let mut hash = [0; 32];
        self.chance.fill(&mut hash);
        hash
    }

    /// Entries of one batch, the first at `start`, up to 60 µs apart.
    fn entries(&self, count: usize, start: UnixMicros) -> Entries {
        let mut time = start;
        let mut entries: Vec<Entry> = (0..count)
            .map(|_| {
                let hash = self.hash();
                let entry = Entry { time, hash };
                time = UnixMicros(time.0 + i64::try_from(self.chance.below(60)).unwrap());
                entry
            })
            .collect();
        entries.sort_by_key(Entry::order);
        Entries::pack(&entries)
    }

    fn batch(&self, count: usize) -> NewBatch {
        NewBatch {
            nonce: TimestampId::nonce_of(self.chance.u64()),
            entries: self.entries(count, SimClock::START),
            tags: Vec::new(),
            tokens: Vec::new(),
        }
    }

    /// Puts a batch of `count` entries into the pool.
    async fn insert(&self, store: &dyn Store, count: usize) -> PooledBatch {
        insert(store, self.batch(count)).await
    }

    /// An interval over `batches`, one second after the one before. A store does not look into
    /// what it keeps, so hashes are drawn, not computed; shapes are as the sealer makes them.
    fn interval(&self, index: u64, batches: &[PooledBatch]) -> SealedInterval {
        let time = interval_time(index);
        let mut leaf = 0;
        let placed = batches.iter().map(|batch| {
            let leaves: Vec<u32> = batch
                .entries
                .iter()
                .map(|_| {
                    leaf += 1;
                    leaf - 1
                })
                .collect();
            (batch.number, Placements::pack(&batch.entries, &leaves))
        });
        let batches: Vec<_> = placed.collect();
        let tiles = [Tree::Sha3, Tree::Sha256].map(|tree| {
            let newest = tile(0, index / TILE_WIDTH);
            (tree, newest, self.hashes(index % TILE_WIDTH + 1))
        });
        SealedInterval {
            interval: Interval {
                index,
                time,
                count: leaf,
                ith: self.hash(),
            },
            interval_tiles: self.interval_tiles(u64::from(leaf)),
            batches,
            main_tiles: tiles.to_vec(),
            head: Head {
                size: index + 1,
                sha3: self.hash(),
                sha256: self.hash(),
                time,
                timestamps: index * 10 + u64::from(leaf),
            },
        }
    }

    fn interval_tiles(&self, leaves: u64) -> Vec<(TileId, Vec<Hash>)> {
        let mut tiles = Vec::new();
        let mut row = leaves;
        for level in 0.. {
            for index in 0..row.div_ceil(TILE_WIDTH) {
                let width = TILE_WIDTH.min(row - index * TILE_WIDTH);
                tiles.push((tile(level, index), self.hashes(width)));
            }
            row /= TILE_WIDTH;
            if row == 0 {
                break;
            }
        }
        tiles
    }

    fn hashes(&self, count: u64) -> Vec<Hash> {
        (0..count).map(|_| self.hash()).collect()
    }

    /// Seals all of `batches` as interval `index`.
    async fn seal(&self, store: &dyn Store, index: u64, batches: &[PooledBatch]) -> SealedInterval {
        let sealed = self.interval(index, batches);
        let commit = store.commit_interval(sealed.clone()).await.unwrap();
        assert_eq!(commit, stamp::Commit::Done);
        sealed
    }
}

async fn insert(store: &dyn Store, batch: NewBatch) -> PooledBatch {
    let number = store.insert_batch(batch.clone()).await.unwrap();
    PooledBatch {
        number,
        nonce: batch.nonce,
        entries: batch.entries,
    }
}

fn interval_time(index: u64) -> UnixMicros {
    UnixMicros(SimClock::START.0 + (i64::try_from(index).unwrap() + 1) * 1_000_000)
}

fn tile(level: u8, index: u64) -> TileId {
    TileId { level, index }
}

fn id(batch: &PooledBatch, index: u32) -> TimestampId {
    TimestampId {
        batch: batch.number,
        nonce: batch.nonce,
        index,
    }
}
