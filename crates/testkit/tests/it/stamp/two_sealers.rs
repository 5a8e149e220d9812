//! Two sealers on one log: one works, the other stands by; and if both work, the log does not fork.

use std::sync::Arc;
use std::time::Duration;

use stamp::{Role, SealError, Sealer};
use testkit::{Database, Dialect, SimClock};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::log::{Log, settings};
use super::seal_crash::sound;

/// Without the lease, as if it had been lost: only the compare-and-set stands between them.
async fn never_fork(dialect: Dialect) {
    let database = Database::new(dialect).await;
    let clock = Arc::new(SimClock::default());
    let here = Log::over(database.open().await, &clock, settings()).await;
    let there = Log::over(database.open().await, &clock, settings()).await;
    let seal = async |log: &Log, sealer: &mut Sealer| {
        for n in 0..30 {
            log.submit(&format!("{n}")).await;
            clock.advance(Duration::from_millis(100));
            match sealer.seal_once().await {
                // The other moved the head while this one read it: next time.
                Ok(_) | Err(SealError::Unavailable(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    let (mut first, mut second) = (here.sealer(), there.sealer());
    tokio::join!(seal(&here, &mut first), seal(&there, &mut second));
    clock.advance(Duration::from_secs(1));
    first.seal_once().await.unwrap();
    first.seal_once().await.unwrap();
    let report = sound(&*here.store).await;
    assert_eq!((report.timestamps, report.pooled), (60, 0));
    assert_eq!(report.checkpoints, report.intervals);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_working_sealers_never_fork_sqlite() {
    never_fork(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_working_sealers_never_fork_postgres() {
    never_fork(Dialect::Postgres).await;
}

async fn take_over(dialect: Dialect) {
    let database = Database::new(dialect).await;
    let mut settings = settings();
    settings.interval = Duration::from_millis(5);
    let clock = Arc::new(SimClock::default());
    let here = Log::over(database.open().await, &clock, settings.clone()).await;
    let there = Log::over(database.open().await, &clock, settings).await;
    let first = here.sealer();
    let working = tokio::spawn(first.run(std::future::pending()));
    until(async || here.store.head().await.unwrap().size == 1).await;

    let second = there.sealer();
    let health = second.health();
    let (stop, stopped) = oneshot::channel();
    let standing_by = tokio::spawn(second.run(async move { stopped.await.unwrap() }));
    sleep(Duration::from_millis(50)).await;
    assert_eq!(health.state().role, Role::StandingBy);

    // The first dies in the middle of its work; its store and its lease go with it.
    working.abort();
    let _ = working.await;
    drop(here);
    until(async || health.state().role == Role::Sealing).await;
    let stamp = there.submit("sealed by the second").await;
    assert!(there.notary.wait(stamp.id).await.unwrap().is_some());
    stop.send(()).unwrap();
    timeout(Duration::from_secs(10), standing_by)
        .await
        .expect("it stops when it is told")
        .unwrap();
    sound(&*there.store).await;
}

async fn until(condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting)
        .await
        .expect("it happens in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_sealer_takes_over_sqlite() {
    take_over(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_sealer_takes_over_postgres() {
    take_over(Dialect::Postgres).await;
}
