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
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use base::{InProcessBus, SystemClock, SystemEntropy};
use stamp::{
    Follower, Notary, PackedTexts, SealTimes, Sealer, Settings, Signer, Store, Submission,
};
use store_sqlite::SqliteStore;
use tlog::v1::Data;
use tlog::{Hash, Levels, Sha3, SigningKey, TreeHash as _};

/// Timestamps sealed at each size, in this many rounds at least; the median round is shown, and the
/// mean CPU time, which the kernel counts in hundredths of a second.
const TIMESTAMPS: usize = 1_000_000;
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
        "| timestamps | hashing alone | read | sort | tree | commit | read back, verify | sign \
         | all | CPU of all | CPU / hashing |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    // `cargo bench -p bench --bench seal -- 1000000` seals only that many.
    let asked: Vec<usize> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    for count in [1_000, 10_000, 100_000, 1_000_000] {
        if asked.is_empty() || asked.contains(&count) {
            runtime.block_on(seal(count))?;
        }
    }
    if !asked.is_empty() && !asked.contains(&0) {
        return Ok(());
    }
    println!("\n| clients, without HTTP | durable timestamps/s | CPU us each | slowest, ms |");
    println!("|---|---|---|---|");
    for clients in [1, 64, 512, 2000] {
        runtime.block_on(submit(clients))?;
    }
    println!("\n| waiters, without HTTP | seal, ms | then all answered, ms | bytes each |");
    println!("|---|---|---|---|");
    for waiters in [10_000, 100_000] {
        runtime.block_on(wait(waiters))?;
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
    let mut cpu = Duration::ZERO;
    let mut submitting = Duration::ZERO;
    let many = (TIMESTAMPS / count).clamp(ROUNDS, 200);
    for _ in 0..many {
        let began = Instant::now();
        fill(&notary, count).await?;
        submitting += began.elapsed();
        let (began, cpu_began) = (Instant::now(), cpu_time()?);
        let interval = sealer.seal_once().await?.context("the pool was full")?;
        anyhow::ensure!(interval.count as usize == count, "all of it is sealed");
        let times = health.state().last_times.context("it has just sealed")?;
        rounds.push((began.elapsed(), times));
        cpu += cpu_time()?.saturating_sub(cpu_began);
    }
    rounds.sort_by_key(|(all, _)| *all);
    let (all, times) = rounds[many / 2];
    let (hashing, cpu) = (hashing(count), cpu / u32::try_from(rounds.len())?);
    let ms = |duration: Duration| format!("{:.2}", duration.as_secs_f64() * 1000.0);
    println!(
        "| {count} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} |",
        ms(hashing),
        ms(times.read),
        ms(times.sort),
        ms(times.tree),
        ms(times.commit),
        ms(times.verify),
        ms(times.sign),
        ms(all),
        ms(cpu),
        cpu.as_secs_f64() / hashing.as_secs_f64()
    );
    let rate = (count * many) as f64 / submitting.as_secs_f64();
    eprintln!("{count}: submitted in bulk at {rate:.0}/s, durable");
    Ok(())
}

/// CPU time of this process so far, of threads that have ended too: what the work costs however
/// busy the machine is.
fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat
        .rsplit_once(") ")
        .context("the name ends with a bracket")?;
    let mut fields = fields.split(' ').skip(11);
    let mut ticks = 0;
    for _ in ["utime", "stime"] {
        ticks += fields
            .next()
            .context("a field is missing")?
            .parse::<u64>()?;
    }
    // Linux counts these in hundredths of a second on every machine.
    Ok(Duration::from_millis(ticks * 10))
}

/// Submissions one by one, without HTTP: what the notary and the disk allow.
async fn submit(clients: usize) -> Result<()> {
    let folder = tempfile::tempdir_in(".")?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path())?);
    let bus = InProcessBus::default();
    let settings = Settings {
        pool_timestamps_max: u64::MAX,
        ..Settings::default()
    };
    let follower = Follower::start(Arc::clone(&store), &bus, &settings).await?;
    let clock = Arc::new(SystemClock);
    let notary = Notary::start(store, follower, clock, Arc::new(SystemEntropy), &settings);
    let (began, cpu_began) = (Instant::now(), cpu_time()?);
    let until = began + Duration::from_secs(3);
    let working: Vec<_> = (0..clients)
        .map(|client| {
            let notary = Arc::clone(&notary);
            tokio::spawn(async move {
                let text = format!("sha256:{client:064x}");
                let mut done = 0u64;
                let mut slowest = Duration::ZERO;
                while Instant::now() < until {
                    let asked = Instant::now();
                    let submission = Submission {
                        data: Data::Text(&text),
                        tag: None,
                    };
                    notary.submit(submission).await?;
                    slowest = slowest.max(asked.elapsed());
                    done += 1;
                }
                Ok::<_, stamp::SubmitError>((done, slowest))
            })
        })
        .collect();
    let (mut done, mut slowest) = (0, Duration::ZERO);
    for task in working {
        let (of_one, slowest_of_one) = task.await??;
        done += of_one;
        slowest = slowest.max(slowest_of_one);
    }
    let cpu = cpu_time()?.saturating_sub(cpu_began);
    println!(
        "| {clients} | {:.0} | {:.2} | {:.1} |",
        done as f64 / began.elapsed().as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / done as f64,
        slowest.as_secs_f64() * 1000.0
    );
    Ok(())
}

/// Everybody submits one thing and waits for its proof: how long from the seal to the last answer,
/// and how much memory each takes meanwhile, a task of the runtime included.
async fn wait(waiters: usize) -> Result<()> {
    let folder = tempfile::tempdir_in(".")?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path())?);
    let bus = Arc::new(InProcessBus::default());
    let settings = Settings::default();
    let follower = Follower::start(Arc::clone(&store), &*bus, &settings).await?;
    let clock = Arc::new(SystemClock);
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
    let submitted = Arc::new(AtomicUsize::new(0));
    let before = resident_bytes()?;
    let waiting: Vec<_> = (0..waiters)
        .map(|_| {
            let (notary, submitted) = (Arc::clone(&notary), Arc::clone(&submitted));
            tokio::spawn(async move {
                let submission = Submission {
                    data: Data::Text("something"),
                    tag: None,
                };
                let stamp = notary.submit(submission).await?;
                submitted.fetch_add(1, Ordering::Relaxed);
                let proof = notary.wait(stamp.id).await?;
                anyhow::Ok(proof.is_some())
            })
        })
        .collect();
    while submitted.load(Ordering::Relaxed) < waiters {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let bytes = resident_bytes()?.saturating_sub(before);
    let began = Instant::now();
    sealer.seal_once().await?.context("the pool was full")?;
    let sealing = began.elapsed();
    let began = Instant::now();
    for task in waiting {
        anyhow::ensure!(task.await??, "everybody gets a proof");
    }
    println!(
        "| {waiters} | {:.1} | {:.1} | {} |",
        sealing.as_secs_f64() * 1000.0,
        began.elapsed().as_secs_f64() * 1000.0,
        bytes / waiters
    );
    Ok(())
}

fn resident_bytes() -> Result<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split(' ').nth(1).context("statm has seven numbers")?;
    Ok(pages.parse::<usize>()? * 4096)
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
