//! `kill -9` in a loop while stamping: nothing that was acknowledged is lost, history is one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use parking_lot::Mutex;
use testkit::{Database, Dialect, Program, SeededEntropy};
use tlog::Hash;
use tokio::time::{sleep, timeout};

use super::{
    Acknowledged, check_fsck, check_heads, check_kept, checkpoint, entries, log_key, stamp,
};

/// Rounds of start, load, kill; more with `INDELIBLE_TEST_KILL_ROUNDS`.
const ROUNDS: u64 = 20;
/// Clients that stamp at once.
const CLIENTS: u64 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_sqlite_loses_nothing() {
    kill_loop(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_postgres_loses_nothing() {
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

async fn kill_loop(dialect: Dialect) {
    let database = Database::new(dialect).await;
    let chance = SeededEntropy::new(41);
    let fast = ["--log-interval", "20ms", "--log-heartbeat", "60ms"];
    let mut program = Program::serve(&database, &fast).await;
    let key = log_key(&program).await;
    let mut acknowledged: Vec<Acknowledged> = Vec::new();
    let mut heads = BTreeMap::new();
    for round in 0..rounds() {
        if round > 0 {
            if round % 3 == 0 {
                // Killed while it starts, too: what it repairs then must bear another kill.
                program.start();
                sleep(Duration::from_millis(chance.below(40))).await;
                program.kill();
            }
            program.start();
            program.wait_until_ready().await;
        }
        // Killed at another moment each time: after so many acknowledged requests.
        let enough = 1 + chance.below(120);
        let shared = Arc::new(program);
        let count = Arc::new(AtomicU64::new(0));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (program, count) = (Arc::clone(&shared), Arc::clone(&count));
                tokio::spawn(load(program, count, format!("{round}/{client}")))
            })
            .collect();
        let seen = Arc::new(Mutex::new(BTreeMap::new()));
        let watcher = tokio::spawn(watch(Arc::clone(&shared), key.clone(), Arc::clone(&seen)));
        let loaded = timeout(Duration::from_mins(1), async {
            while count.load(Ordering::SeqCst) < enough {
                sleep(Duration::from_millis(1)).await;
            }
        });
        assert!(
            loaded.await.is_ok(),
            "{enough} requests were not answered:\n{}",
            shared.told()
        );
        shared.kill_now();
        for client in join_all(clients).await {
            acknowledged.extend(client.unwrap());
        }
        watcher.await.unwrap();
        merge(&mut heads, &seen.lock());
        program = Arc::into_inner(shared).expect("all clients have ended");
        program.kill();
    }

    program.start();
    program.wait_until_ready().await;
    println!(
        "{dialect:?}: {} acknowledged, {} heads seen",
        acknowledged.len(),
        heads.len()
    );
    assert!(acknowledged.len() as u64 >= rounds(), "nothing was tried");
    // A proof of the youngest, so that all of them are sealed.
    let last = stamp(&program, &["the last".to_owned()]).await.unwrap();
    acknowledged.extend(last);
    wait_for_all(&program, &acknowledged).await;
    let (size, root) = checkpoint(&program, &key).await.unwrap();
    merge(&mut heads, &BTreeMap::from([(size, root)]));
    let entries = entries(&program, size).await;
    check_heads(&heads, &entries);
    futures_util::stream::iter(&acknowledged)
        .for_each_concurrent(8, |kept| check_kept(&program, kept, &entries))
        .await;
    assert!(program.stop().success());
    check_fsck(&database);
}

/// Waits until every timestamp is sealed and published, so that the heads read after it hold all.
async fn wait_for_all(program: &Program, acknowledged: &[Acknowledged]) {
    let newest = acknowledged.last().unwrap();
    for kept in [&acknowledged[0], newest] {
        let reply = program
            .get(&format!("/api/v1/ts/{}?wait", kept.id))
            .await
            .unwrap();
        assert_eq!(reply.status.as_u16(), 200, "{}", reply.text());
    }
}

/// Stamps, alone and in bulk, until the server is gone; answers what was acknowledged.
async fn load(program: Arc<Program>, count: Arc<AtomicU64>, name: String) -> Vec<Acknowledged> {
    let mut acknowledged = Vec::new();
    for request in 0u64.. {
        let size = if request % 5 == 4 { 40 } else { 1 };
        let texts: Vec<String> = (0..size).map(|n| format!("{name}/{request}/{n}")).collect();
        match stamp(&program, &texts).await {
            Ok(answers) => acknowledged.extend(answers),
            Err(_gone) => break,
        }
        count.fetch_add(1, Ordering::SeqCst);
    }
    acknowledged
}

/// Notes every head that is published until the server is gone.
async fn watch(
    program: Arc<Program>,
    key: tlog::VerifierKey,
    seen: Arc<Mutex<BTreeMap<u64, Hash>>>,
) {
    let mut began = false;
    loop {
        match checkpoint(&program, &key).await {
            Ok((size, root)) => {
                began = true;
                merge(&mut seen.lock(), &BTreeMap::from([(size, root)]));
            }
            // A log that has signed nothing yet answers so.
            Err(status) if !began && status.starts_with("404") => {}
            Err(_gone) => break,
        }
        sleep(Duration::from_millis(3)).await;
    }
}

/// Two roots of one size are a fork.
pub(super) fn merge(heads: &mut BTreeMap<u64, Hash>, seen: &BTreeMap<u64, Hash>) {
    for (size, root) in seen {
        let known = heads.insert(*size, *root);
        assert!(
            known.is_none_or(|known| known == *root),
            "two heads of size {size} were signed"
        );
    }
}
