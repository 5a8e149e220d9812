//! From pooled batches to an interval that can be committed. No store, no wall clock.

use std::time::{Duration, Instant};

use base::UnixMicros;

use super::chain::Chains;
use super::tree::tree;
use crate::notary::hash_prefix;
use crate::{Head, Interval, Placements, PooledBatch, SealedInterval};

/// What is kept of a built interval, to compare it with what the store says after the commit.
pub(super) struct Built {
    pub(super) interval: Interval,
    /// The head after it.
    pub(super) head: Head,
    /// The main trees with it.
    pub(super) chains: Chains,
    /// The batches as they lay in the pool.
    pub(super) batches: Vec<PooledBatch>,
    /// How long it took to bring them into order.
    pub(super) sorting: Duration,
}

/// One entry on its way to its leaf: time, first bytes of the hash, batch, index.
type Key = (i64, u64, u32, u32);

/// Builds the interval after `head` from `batches`; `now` is its time unless an entry or the
/// previous interval is younger.
pub(super) fn build(
    head: &Head,
    mut chains: Chains,
    batches: Vec<PooledBatch>,
    now: UnixMicros,
) -> (SealedInterval, Built) {
    let began = Instant::now();
    let keys = ordered(&batches);
    let placements = placements(&batches, &keys);
    let youngest = keys.last().map_or(UnixMicros(0), |key| UnixMicros(key.0));

    let sorting = began.elapsed();

    let (ith, interval_tiles) = tree(&keys, |key| entry(&batches, key).hash);
    let interval = Interval {
        index: head.size,
        time: now.max(head.time).max(youngest),
        count: u32::try_from(keys.len()).expect("settings keep intervals far below 2^32"),
        ith,
    };
    let main_tiles = chains.push(&interval);
    let (sha3, sha256) = chains.roots();
    let sealed = SealedInterval {
        interval,
        batches: placements,
        interval_tiles,
        main_tiles,
        head: Head {
            size: head.size + 1,
            sha3,
            sha256,
            time: interval.time,
            timestamps: head.timestamps + u64::from(interval.count),
        },
    };
    let built = Built {
        interval,
        head: sealed.head,
        chains,
        batches,
        sorting,
    };
    (sealed, built)
}

fn entry(batches: &[PooledBatch], key: &Key) -> crate::Entry {
    let batch = &batches[key.2 as usize];
    batch.entries.get(key.3).expect("a key of this batch")
}

/// All entries by time, then hash; equal ones by batch, then index. Each batch is sorted already
/// and most follow one another in time, so the sort finds long runs and merges them.
fn ordered(batches: &[PooledBatch]) -> Vec<Key> {
    let count = batches.iter().map(|batch| batch.entries.len()).sum();
    let mut keys: Vec<Key> = Vec::with_capacity(count);
    for (number, batch) in (0..).zip(batches) {
        let entries = (0..).zip(batch.entries.iter());
        keys.extend(
            entries.map(|(index, entry)| (entry.time.0, hash_prefix(&entry), number, index)),
        );
    }
    keys.sort_by(|a, b| {
        let rest = || entry(batches, a).hash.cmp(&entry(batches, b).hash);
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(rest)
    });
    keys
}

fn placements(batches: &[PooledBatch], keys: &[Key]) -> Vec<(u64, Placements)> {
    let empty = |batch: &PooledBatch| vec![0; batch.entries.len()];
    let mut leaves: Vec<Vec<u32>> = batches.iter().map(empty).collect();
    for (leaf, (_, _, batch, index)) in (0..).zip(keys) {
        leaves[*batch as usize][*index as usize] = leaf;
    }
    let placed = batches.iter().zip(&leaves);
    placed
        .map(|(batch, leaves)| (batch.number, Placements::pack(&batch.entries, leaves)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tlog::{Hash, Sha3, TreeHash as _};

    use super::*;
    use crate::{Entries, Entry};

    fn batch(number: u64, mut entries: Vec<Entry>) -> PooledBatch {
        entries.sort_by_key(Entry::order);
        PooledBatch {
            number,
            nonce: 0,
            entries: Entries::pack(&entries),
        }
    }

    fn entry(us: i64, seed: u64) -> Entry {
        Entry {
            time: UnixMicros(us),
            hash: Sha3::digest(&seed.to_be_bytes()),
        }
    }

    fn built(batches: Vec<PooledBatch>) -> (SealedInterval, Built) {
        build(&Head::empty(), Chains::default(), batches, UnixMicros(0))
    }

    proptest! {
        #[test]
        fn every_entry_stands_where_its_placement_says(
            sizes in proptest::collection::vec(1usize..300, 0..6), spread in 1i64..50, seed: u64,
        ) {
            let batches: Vec<PooledBatch> = (1u64..).zip(&sizes).map(|(number, size)| {
                let entries = (0..*size as u64).map(|n| {
                    let random = seed.wrapping_mul(number * 1000 + n).rotate_left(17);
                    // Few hashes, so that equal ones meet.
                    entry(i64::try_from(random % 97).unwrap() % spread, random % 11)
                });
                batch(number, entries.collect())
            }).collect();
            let (sealed, built) = built(batches.clone());
            let total: usize = sizes.iter().sum();
            let tiles = sealed.interval_tiles.iter().filter(|(id, _)| id.level == 0);
            let leaves: Vec<Hash> = tiles.flat_map(|(_, hashes)| hashes.clone()).collect();
            prop_assert_eq!(leaves.len(), total);
            prop_assert_eq!(built.interval.count as usize, total);
            let mut times = vec![None; total];
            for (batch, (number, placements)) in batches.iter().zip(&sealed.batches) {
                prop_assert_eq!(batch.number, *number);
                for (index, entry) in (0..).zip(batch.entries.iter()) {
                    let placement = placements.get(index).unwrap();
                    prop_assert_eq!(placement.time, entry.time);
                    prop_assert_eq!(leaves[placement.leaf as usize], entry.hash);
                    let seen = times[placement.leaf as usize].replace(entry.time);
                    prop_assert_eq!(seen, None);
                }
            }
            let order: Vec<_> = times.iter().zip(&leaves).collect();
            prop_assert!(order.is_sorted());
        }
    }

    #[test]
    fn time_never_runs_back() {
        let check = |now: i64, before: i64, youngest: i64, expected: i64| {
            let head = Head {
                time: UnixMicros(before),
                ..Head::empty()
            };
            let batches = vec![batch(1, vec![entry(youngest, 0)])];
            let (sealed, _) = build(&head, Chains::default(), batches, UnixMicros(now));
            assert_eq!(sealed.interval.time, UnixMicros(expected));
        };
        check(10, 0, 5, 10);
        check(10, 20, 5, 20);
        check(10, 20, 30, 30);
    }
}
