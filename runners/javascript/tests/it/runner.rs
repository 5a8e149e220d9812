//! The runner's own life: many calls, calls that nobody wants any more, a zygote that dies.

use std::sync::Arc;
use std::time::Duration;

use runners::{Address, Client, Engine as _, Listener, Unanswered, serve};
use tokio::sync::oneshot;

use super::{LIMITS, World, call, runner, said};

const QUICK: &str = "export const fetchData = (data) => data";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_once_have_a_process_each() {
    let runner = Arc::new(runner());
    let code = "let n = 0; export const fetchData = async () => { n++; await new Promise((done) => setTimeout(done, 5)); return n }";
    let calls: Vec<_> = (0..40)
        .map(|_| {
            let runner = Arc::clone(&runner);
            tokio::spawn(async move {
                let world = Arc::new(World::default());
                said(runner.execute(call(code, LIMITS), world as _).await)
            })
        })
        .collect();
    for it in calls {
        assert_eq!(it.await.unwrap(), "1");
    }
}

/// Processes that were split off a zygote.
fn children(zygote: u32) -> usize {
    let tasks = std::fs::read_dir("/proc").unwrap();
    let is_one = |entry: &std::fs::DirEntry| {
        let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let mut lines = status.lines();
        lines.any(|line| line == format!("PPid:\t{zygote}"))
    };
    tasks.flatten().filter(is_one).count()
}

// Whoever closes a page must not leave a process behind that computes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_dropped_ends_with_its_process() {
    let runner = runner();
    let spin = "export const fetchData = async () => { await fetch('https://x.example/slow') }";
    for _ in 0..3 {
        let world = Arc::new(World::default());
        let asked = Arc::clone(&world);
        let running = runner.execute(call(spin, LIMITS), world as _);
        let begun = async {
            while asked.asked.lock().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            _ = running => panic!("it cannot end"),
            () = begun => {}
        }
    }
    let zygote = runner.process().await.unwrap();
    let gone = async {
        // Two stand ready for the next calls.
        while children(zygote) > 2 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone)
        .await
        .expect("processes stay");
    let world = Arc::new(World::default());
    assert_eq!(
        said(runner.execute(call(QUICK, LIMITS), world as _).await),
        r#""evil.example.com""#
    );
}

// The machine may kill the zygote when memory runs out; calls must not fail for ever after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zygote_that_died_is_started_again() {
    let runner = runner();
    let quick = async || {
        let world = Arc::new(World::default());
        said(runner.execute(call(QUICK, LIMITS), world as _).await)
    };
    assert_eq!(quick().await, r#""evil.example.com""#);
    for _ in 0..3 {
        let first = runner.process().await.unwrap();
        let killed = std::process::Command::new("kill")
            .args(["-KILL", &first.to_string()])
            .status();
        assert!(killed.unwrap().success());
        assert_eq!(quick().await, r#""evil.example.com""#);
        assert_ne!(runner.process().await, Some(first));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_wire_it_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("javascript.sock");
    let listener = Listener::Unix(tokio::net::UnixListener::bind(&path).unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async move {
        let _ = stopped.await;
    };
    let serving = tokio::spawn(serve(Arc::new(runner()), listener, until));
    let client = Client::new(&Address::Unix(path)).unwrap();
    assert!(client.serves().await.unwrap());
    assert_eq!(client.describe().await.unwrap().language, "javascript");
    let world = Arc::new(World::default());
    let asked = call(
        "export const fetchData = async () => (await (await fetch('https://x.example/')).json()).method",
        LIMITS,
    );
    let finished: Result<_, Unanswered> = client.execute(&asked, world as _).await;
    assert_eq!(said(finished.unwrap()), r#""GET""#);
    drop(client);
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}
