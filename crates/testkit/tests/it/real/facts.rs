//! Facts are handed to the real program, which is killed while it seals them: each of them is
//! stamped in the end, and fsck finds nothing.

use std::time::Duration;

use ::facts::{Fact, FactId, FactKind, NewFact, Place};
use base::{Clock as _, Entropy as _, SystemClock};
use testkit::{Database, Dialect, Program, SeededEntropy, Stores};
use tokio::time::{sleep, timeout};

use super::check_fsck;

/// Rounds of facts and kills.
const ROUNDS: u64 = 6;
/// Facts a round.
const FACTS: u64 = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_survive_kills_on_sqlite() {
    kill_while_sealing(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_survive_kills_on_postgres() {
    kill_while_sealing(Dialect::Postgres).await;
}

async fn kill_while_sealing(dialect: Dialect) {
    let database = Database::new(dialect).await;
    let chance = SeededEntropy::new(47);
    let fast = ["--log-interval", "20ms", "--log-heartbeat", "60ms"];
    let mut program = Program::serve(&database, &fast).await;
    program.kill();
    let stores = database.open_all().await;
    let mut ids = Vec::new();
    for _ in 0..ROUNDS {
        let news = (0..FACTS).map(|_| {
            let mut sha256 = [0; 32];
            chance.fill(&mut sha256);
            let kind = FactKind("test");
            NewFact { kind, sha256 }
        });
        let now = SystemClock.now();
        ids.extend(stores.facts.insert(news.collect(), now).await.unwrap());
        // Killed at another moment each time, before or after its worker has begun.
        program.start();
        sleep(Duration::from_millis(chance.below(120))).await;
        program.kill();
    }
    program.start();
    program.wait_until_ready().await;
    let sealed = timeout(Duration::from_mins(3), async {
        while !all(&stores, &ids, |it| matches!(it.place, Place::Sealed { .. })).await {
            sleep(Duration::from_millis(50)).await;
        }
    });
    assert!(
        sealed.await.is_ok(),
        "not every fact was sealed:\n{}",
        program.told()
    );
    assert!(program.stop().success());
    check_fsck(&database);
}

async fn all(stores: &Stores, ids: &[FactId], is: impl Fn(&Fact) -> bool) -> bool {
    let facts = stores.facts.facts(ids).await.unwrap();
    assert_eq!(facts.len(), ids.len());
    facts.iter().all(is)
}
