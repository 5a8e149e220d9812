//! What the lanes bring: `cargo bench -p keccak-lanes`.
//!
//! Criterion's own figures are hashes per second of one core. The table at the end compares each
//! backend with the `sha3` crate in the same run; only that ratio means anything elsewhere.

#![allow(
    clippy::print_stdout,
    reason = "the ratios are what this program is for"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use keccak_lanes::{Backend, Digest, Lanes};

/// Messages per batch: their bytes and digests stay in the second-level cache.
const BATCH: usize = 1024;

/// The best seconds per hash seen, by shape and backend.
type Best = BTreeMap<(&'static str, usize), f64>;

/// The bytes of message number so and so.
type LengthOf = fn(usize) -> usize;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .configure_from_args();
    let mut best = Best::new();

    let digests: Vec<Digest> = (0..2 * BATCH).map(|i| [i.to_le_bytes()[0]; 32]).collect();
    compare(
        &mut criterion,
        &mut best,
        "1 leaf (33 bytes)",
        |lanes, out| {
            lanes.leaves(&digests[..BATCH], out);
        },
    );
    compare(
        &mut criterion,
        &mut best,
        "2 node (65 bytes)",
        |lanes, out| {
            lanes.nodes(&digests, out);
        },
    );
    // An interval's record, a short timestamp, one with a SHA-512 in hex, and a bit of everything.
    let lengths: [(_, LengthOf); 4] = [
        ("3 messages of 102 bytes", |_| 102),
        ("4 messages of 135 bytes", |_| 135),
        ("5 messages of 206 bytes", |_| 206),
        ("6 messages of 0 to 400 bytes", |i| i * 7919 % 401),
    ];
    for (shape, length) in lengths {
        let mut buffer = Vec::new();
        let mut ends = Vec::new();
        for i in 0..BATCH {
            buffer.resize(buffer.len() + length(i), i.to_le_bytes()[0]);
            ends.push(u32::try_from(buffer.len()).expect("a small buffer"));
        }
        compare(&mut criterion, &mut best, shape, |lanes, out| {
            lanes.sha3_256_packed(&buffer, &ends, out);
        });
    }

    criterion.final_summary();
    println!(
        "\n{:<30}{:<20}{:>12}{:>16}",
        "shape", "backend", "M hashes/s", "times scalar"
    );
    // A filter on the command line leaves shapes out.
    for (&(shape, place), &seconds) in best.iter().filter(|(_, seconds)| seconds.is_finite()) {
        let scalar = best[&(shape, place_of(Backend::Scalar))];
        println!(
            "{:<30}{:<20}{:>12.2}{:>15.2}x",
            &shape[2..],
            Backend::ALL[place].to_string(),
            1e-6 / seconds,
            scalar / seconds
        );
    }
}

/// Where a backend stands in [`Backend::ALL`].
fn place_of(backend: Backend) -> usize {
    Backend::ALL
        .iter()
        .position(|&b| b == backend)
        .expect("ALL holds all")
}

/// Runs one shape on every backend of this CPU and notes the best time of each.
fn compare(
    criterion: &mut Criterion,
    best: &mut Best,
    shape: &'static str,
    hash: impl Fn(Lanes, &mut [Digest]),
) {
    let mut group = criterion.benchmark_group(&shape[2..]);
    group.throughput(Throughput::Elements(BATCH as u64));
    for lanes in Backend::ALL.into_iter().filter_map(Lanes::with) {
        let seconds = best
            .entry((shape, place_of(lanes.backend())))
            .or_insert(f64::INFINITY);
        group.bench_function(lanes.backend().to_string(), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut out = vec![[0; 32]; BATCH];
                let start = Instant::now();
                for _ in 0..rounds {
                    hash(lanes, black_box(&mut out));
                }
                let elapsed = start.elapsed();
                #[allow(clippy::cast_precision_loss, reason = "far below 2^52 hashes")]
                let hashes = (rounds * BATCH as u64) as f64;
                *seconds = seconds.min(elapsed.as_secs_f64() / hashes);
                elapsed
            });
        });
    }
    group.finish();
}
