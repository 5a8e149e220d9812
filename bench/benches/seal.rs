//! Sealing 1,000 to 1,000,000 timestamps over SQLite on this disk, each part timed, and proofs made
//! from a tree in memory. The baseline of every line is the hashing alone.
//!
//! `cargo bench -p bench --bench seal`; results go to `docs/benchmarks.md`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "the report is what this program is for; figures are given to three digits"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use base::{InProcessBus, SystemClock, SystemEntropy};
use stamp::{Follower, Notary, PackedTexts, SealTimes, Sealer, Settings, Signer, Store};
use store_sqlite::SqliteStore;
use tlog::{Hash, Levels, Sha3, SigningKey, TreeHash as _};

/// Each size is sealed this often; the median is shown.
const ROUNDS: usize = 5;
/// As large as a bulk request may be.
const BATCH: usize = 100_000;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    println!("hashing by {:?}; milliseconds\n", keccak_lanes::backend());
    println!(
        "| timestamps | hashing alone | read | sort | tree | commit | read back, verify | sign | all | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for count in [1_000, 10_000, 100_000, 1_000_000] {
        runtime.block_on(seal(count))?;
    }
    proofs();
    Ok(())
}

async fn seal(count: usize) -> Result<()> {
    let folder = tempfile::tempdir_in(".")?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path())?);
    let bus = Arc::new(InProcessBus::default());
    let settings = Settings {
        pool_timestamps_max: u64::MAX,
        ..Settings::default()
    };
    let clock = Arc::new(SystemClock);
    let follower = Follower::start(Arc::clone(&store), &*bus, &settings).await?;
    let notary = Notary::start(
        Arc::clone(&store),
        follower,
        Arc::clone(&clock) as _,
        Arc::new(SystemEntropy),
        &settings,
    );
    let key = SigningKey::from_seed("bench/log", &[1; 32])?;
    let signer = Signer::new(key, Vec::new())?;
    let mut sealer = Sealer::new(store, bus, clock, signer, &settings);
    sealer.seal_once().await?;
    let health = sealer.health();
    let mut rounds: Vec<(Duration, SealTimes)> = Vec::new();
    let mut submitting = Duration::ZERO;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        fill(&notary, count).await?;
        submitting += began.elapsed();
        let began = Instant::now();
        let interval = sealer.seal_once().await?.context("the pool was full")?;
        anyhow::ensure!(interval.count as usize == count, "all of it is sealed");
        let times = health.state().last_times.context("it has just sealed")?;
        rounds.push((began.elapsed(), times));
    }
    rounds.sort_by_key(|(all, _)| *all);
    let (all, times) = rounds[ROUNDS / 2];
    let hashing = hashing(count);
    let ms = |duration: Duration| format!("{:.2}", duration.as_secs_f64() * 1000.0);
    println!(
        "| {count} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} |",
        ms(hashing),
        ms(times.read),
        ms(times.sort),
        ms(times.tree),
        ms(times.commit),
        ms(times.verify),
        ms(times.sign),
        ms(all),
        all.as_secs_f64() / hashing.as_secs_f64()
    );
    let rate = (count * ROUNDS) as f64 / submitting.as_secs_f64();
    eprintln!("{count}: submitted in bulk at {rate:.0}/s, durable");
    Ok(())
}

async fn fill(notary: &Notary, count: usize) -> Result<()> {
    let mut left = count;
    while left > 0 {
        let mut texts = PackedTexts::default();
        for n in 0..left.min(BATCH) {
            texts.push(&format!("sha256:{:064x}", left - n))?;
        }
        left -= texts.len();
        notary.submit_many(texts).await?;
    }
    Ok(())
}

/// The hashing that a tree of `count` leaves cannot do without.
fn hashing(count: usize) -> Duration {
    let entries: Vec<Hash> = (0..count as u64)
        .map(|n| Sha3::digest(&n.to_be_bytes()))
        .collect();
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let mut out = vec![[0; 32]; count];
        Sha3::leaves(&entries, &mut out);
        let mut nodes = vec![[0; 32]; count / 2];
        Sha3::nodes(&out[..count / 2 * 2], &mut nodes);
        Sha3::nodes(&out[..count / 2 * 2], &mut nodes);
        black_box(nodes);
        best = best.min(began.elapsed());
    }
    best
}

fn proofs() {
    let entries: Vec<Hash> = (0..1_000_000u64)
        .map(|n| Sha3::digest(&n.to_be_bytes()))
        .collect();
    let tree = Levels::<Sha3>::of_entries(&entries);
    let mut path = Vec::with_capacity(20);
    let began = Instant::now();
    for index in 0..tree.size() {
        path.clear();
        black_box(tree.path(index, &mut path));
    }
    let rate = 1_000_000.0 / began.elapsed().as_secs_f64();
    println!("{rate:.0} proofs/s from a tree of a million in memory");
}
