//! What an interval costs: its timestamps' hashes, its tree, and all of its proofs.
//! `cargo bench -p tlog`.
//!
//! The table at the end sets the tree as it is built beside one that hashes node after node, in
//! the same run. Goals, of one core: a million leaves in at most 100 ms, a million proofs a
//! second.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use tlog::v1::{Data, TimeText, timestamp_hashes};
use tlog::{Hash, Levels, Sha3, TreeHash};

/// SHA3-256 as [`Sha3`], but one hash after the other.
#[derive(Clone, Copy)]
struct OneByOne;

impl TreeHash for OneByOne {
    const NAME: &'static str = "SHA3-256, one by one";

    fn digest(bytes: &[u8]) -> Hash {
        Sha3::digest(bytes)
    }

    fn leaf(entry: &[u8]) -> Hash {
        Sha3::leaf(entry)
    }

    fn node(left: &Hash, right: &Hash) -> Hash {
        Sha3::node(left, right)
    }
}

/// What is measured for each size of tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Stamp,
    Build,
    BuildOneByOne,
    Proofs,
}

/// The best time seen, by number of leaves.
type Best = BTreeMap<(usize, Work), Duration>;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .sample_size(10)
        .configure_from_args();
    let mut best = Best::new();

    for size in [1_000, 10_000, 100_000, 1_000_000] {
        // What a client sends that stamps files: a SHA-256 in hex.
        let texts: Vec<String> = (0..size).map(|i| format!("sha256:{i:064x}")).collect();
        let time = TimeText::of_micros(1_767_225_600_000_000);
        let stamp = || timestamp_hashes(texts.iter().map(|text| Data::Text(text)), &time);
        let entries = stamp();
        let mut group = criterion.benchmark_group(format!("{size} leaves"));
        group.throughput(Throughput::Elements(size as u64));
        let mut run = |name, work, once: &dyn Fn()| {
            measure(
                &mut group,
                name,
                best.entry((size, work)).or_insert(Duration::MAX),
                once,
            );
        };

        run("timestamp hashes", Work::Stamp, &|| {
            black_box(stamp());
        });
        run("tree", Work::Build, &|| {
            black_box(Levels::<Sha3>::of_entries(&entries).root());
        });
        run("tree, one by one", Work::BuildOneByOne, &|| {
            black_box(Levels::<OneByOne>::of_entries(&entries).root());
        });
        let tree = Levels::<Sha3>::of_entries(&entries);
        run("all proofs", Work::Proofs, &|| {
            let mut path = Vec::with_capacity(64);
            for index in 0..size as u64 {
                path.clear();
                black_box(tree.path(index, &mut path));
                black_box(&path);
            }
        });
        group.finish();
    }

    criterion.final_summary();
    println!(
        "\n{:>9}{:>14}{:>12}{:>15}{:>14}",
        "leaves", "M hashed/s", "tree, ms", "times faster", "M proofs/s"
    );
    for &(size, _) in best.keys().filter(|(_, work)| *work == Work::Build) {
        let times = [Work::Stamp, Work::Build, Work::BuildOneByOne, Work::Proofs]
            .map(|work| best[&(size, work)]);
        if times.contains(&Duration::MAX) {
            continue; // A filter on the command line left something out.
        }
        let [stamp, tree, one_by_one, proofs] = times.map(|time| time.as_secs_f64());
        let size_f = f64::from(u32::try_from(size).expect("at most a million"));
        println!(
            "{size:>9}{:>14.2}{:>12.3}{:>14.2}x{:>14.2}",
            size_f / stamp / 1e6,
            tree * 1e3,
            one_by_one / tree,
            size_f / proofs / 1e6
        );
    }
}

/// Lets criterion time `once`, and notes the best average of a round.
fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    best: &mut Duration,
    once: &dyn Fn(),
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| {
            let start = Instant::now();
            (0..rounds).for_each(|_| once());
            let elapsed = start.elapsed();
            *best = (*best).min(elapsed / u32::try_from(rounds).expect("few rounds"));
            elapsed
        });
    });
}
