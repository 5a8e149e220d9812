//! `kill -9` of those who hand work in and of those who do it, at random moments: every job that
//! was acknowledged takes effect, and none takes effect twice.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use ::jobs::{JobList, Store};
use parking_lot::Mutex;
use testkit::{Database, Dialect, SeededEntropy, SimClock};

use super::within;

/// Rounds of work and kills; more with `INDELIBLE_TEST_KILL_ROUNDS`.
const ROUNDS: u64 = 20;
/// What decides when who is killed: the rounds are shared among so many seeds, each with a database of
/// its own.
const SEEDS: std::ops::Range<u64> = 43..48;
/// Numbers that one giver may use.
const NUMBERS: u64 = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_and_givers_lose_and_double_nothing_on_sqlite() {
    kill_loop(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_and_givers_lose_and_double_nothing_on_postgres() {
    kill_loop(Dialect::Postgres).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "for whoever wants to try longer than the test command does"
)]
fn rounds() -> u64 {
    let asked = std::env::var("INDELIBLE_TEST_KILL_ROUNDS").ok();
    asked.map_or(ROUNDS, |asked| asked.parse().unwrap())
}

/// A process of its own, killed with the thread that made it.
struct Toil(Child);

impl Toil {
    fn start(database: &Database, task: &[&str]) -> Self {
        let folder = database.folder().to_str().unwrap();
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_toil"), task[0]])
            .arg(database.url().unwrap_or(folder))
            .args(&task[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// As a power cut would, but for the disk's own cache.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Collects what a giver was told is durable.
struct Giver {
    toil: Toil,
    acknowledged: Arc<Mutex<Vec<u64>>>,
    reading: JoinHandle<()>,
}

impl Giver {
    fn start(database: &Database, first: u64) -> Self {
        let mut toil = Toil::start(database, &["give", &first.to_string()]);
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let out = BufReader::new(toil.0.stdout.take().unwrap());
        let noted = Arc::clone(&acknowledged);
        let reading = std::thread::spawn(move || {
            // The last line may be torn: what has no end was not said.
            let mut out = out;
            let mut line = String::new();
            while out.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
                noted.lock().push(line.trim().parse().unwrap());
                line.clear();
            }
        });
        Self {
            toil,
            acknowledged,
            reading,
        }
    }

    async fn wait_for(&self, count: usize) {
        within(async {
            while self.acknowledged.lock().len() < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }

    fn kill(self) -> Vec<u64> {
        self.toil.kill();
        self.reading.join().unwrap();
        std::mem::take(&mut self.acknowledged.lock())
    }
}

async fn kill_loop(dialect: Dialect) {
    let rounds = rounds().div_ceil(SEEDS.end - SEEDS.start);
    for seed in SEEDS {
        kill_with(dialect, seed, rounds).await;
    }
}

async fn kill_with(dialect: Dialect, seed: u64, rounds: u64) {
    let chance = SeededEntropy::new(seed);
    let database = Database::new(dialect).await;
    let store = database.open_all().await.jobs;
    let mut workers = vec![
        Toil::start(&database, &["work"]),
        Toil::start(&database, &["work"]),
    ];
    let mut acknowledged = BTreeSet::new();
    for round in 0..rounds {
        let giver = Giver::start(&database, round * NUMBERS);
        // Killed at another moment each time: after so many acknowledged jobs.
        let enough = 1 + usize::try_from(chance.below(300)).unwrap();
        giver.wait_for(enough).await;
        let victim = usize::try_from(chance.below(2)).unwrap();
        workers.remove(victim).kill();
        giver
            .wait_for(enough + usize::try_from(chance.below(100)).unwrap())
            .await;
        acknowledged.extend(giver.kill());
        workers.push(Toil::start(&database, &["work"]));
    }
    within(async {
        while !is_worked_off(&*store).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    for worker in workers {
        worker.kill();
    }
    let effects = effects(&*store).await;
    println!(
        "{dialect:?}, seed {seed}: {} acknowledged, {} effects",
        acknowledged.len(),
        effects.len()
    );
    let once: BTreeSet<u64> = effects.iter().copied().collect();
    assert_eq!(
        once.len(),
        effects.len(),
        "seed {seed}: a job took effect twice"
    );
    let lost: Vec<_> = acknowledged.difference(&once).collect();
    assert!(lost.is_empty(), "seed {seed}: {lost:?} took no effect");
    assert!(acknowledged.len() as u64 > rounds, "nothing was tried");
    assert_eq!(store.inspect().await.unwrap(), Vec::<String>::new());
}

async fn is_worked_off(store: &dyn Store) -> bool {
    let counts = store.counts(SimClock::START).await.unwrap();
    let mut kinds = counts.iter().filter(|kind| kind.name != "toil.effect");
    kinds.all(|kind| kind.ready + kind.delayed + kind.running + kind.dead == 0)
}

/// The job of every effect that was ever committed.
async fn effects(store: &dyn Store) -> Vec<u64> {
    let mut effects = Vec::new();
    let mut after = None;
    loop {
        let name = "toil.effect".into();
        let list = JobList::Unfinished { name };
        let page = store.page(list, after, 5000).await.unwrap();
        for row in page.jobs {
            let effect: serde_json::Value = serde_json::from_str(&row.payload).unwrap();
            effects.push(effect["of"].as_u64().unwrap());
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return effects,
        }
    }
}
