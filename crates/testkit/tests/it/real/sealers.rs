//! Two servers that both seal, on one store: one works, the other stands by, the log never forks.

use std::collections::BTreeMap;
use std::time::Duration;

use testkit::{Database, Dialect, Program};
use tokio::time::{sleep, timeout};

use super::crash::merge;
use super::{check_fsck, check_heads, check_kept, checkpoint, entries, log_key, stamp};

/// How often the one that seals is killed.
const TAKEOVERS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sealers_never_fork_on_sqlite() {
    take_over(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sealers_never_fork_on_postgres() {
    take_over(Dialect::Postgres).await;
}

async fn take_over(dialect: Dialect) {
    let database = Database::new(dialect).await;
    let fast = ["--log-interval", "20ms", "--log-heartbeat", "60ms"];
    let mut programs = vec![
        Program::serve(&database, &fast).await,
        Program::serve(&database, &fast).await,
    ];
    let key = log_key(&programs[0]).await;
    let mut acknowledged = Vec::new();
    let mut heads = BTreeMap::new();
    for round in 0..TAKEOVERS {
        // What one takes the other seals, and both show it.
        for (at, program) in programs.iter().enumerate() {
            let texts: Vec<String> = (0..3).map(|n| format!("{round}/{at}/{n}")).collect();
            acknowledged.extend(stamp(program, &texts).await.unwrap());
        }
        let newest = acknowledged.last().unwrap();
        for program in &programs {
            let reply = program
                .get(&format!("/api/v1/ts/{}?wait", newest.id))
                .await
                .unwrap();
            assert_eq!(
                reply.status.as_u16(),
                200,
                "round {round}: {}",
                reply.text()
            );
            let (size, root) = checkpoint(program, &key).await.unwrap();
            merge(&mut heads, &BTreeMap::from([(size, root)]));
        }
        // Either of them may be the one that seals: the log grows on without the other.
        let mut gone = programs.remove(round % 2);
        gone.kill();
        let left = &programs[0];
        let (before, _) = checkpoint(left, &key).await.unwrap();
        let grown = timeout(Duration::from_secs(20), async {
            loop {
                let (size, root) = checkpoint(left, &key).await.unwrap();
                merge(&mut heads, &BTreeMap::from([(size, root)]));
                if size > before + 1 {
                    return;
                }
                sleep(Duration::from_millis(3)).await;
            }
        });
        assert!(
            grown.await.is_ok(),
            "round {round}: nobody took over:\n{}",
            left.told()
        );
        gone.start();
        gone.wait_until_ready().await;
        programs.push(gone);
    }
    let reader = &programs[0];
    let (size, root) = checkpoint(reader, &key).await.unwrap();
    merge(&mut heads, &BTreeMap::from([(size, root)]));
    let entries = entries(reader, size).await;
    check_heads(&heads, &entries);
    for kept in &acknowledged {
        check_kept(reader, kept, &entries).await;
    }
    for program in &mut programs {
        assert!(program.stop().success());
    }
    check_fsck(&database);
}
