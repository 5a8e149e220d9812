//! A clock that is off, as the real program finds it out: nothing is stamped until it is right.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base::{Clock as _, SystemClock};
use serde_json::Value;
use testkit::{Database, Dialect, Program, indelible, store_args};
use tokio::net::UdpSocket;
use tokio::time::{sleep, timeout};

use super::stamp;

/// Seconds from 1900 to 1970.
const EPOCH_S: i64 = 2_208_988_800;

/// A time server whose time differs from this machine's by a number of seconds that can be turned.
struct TimeServer {
    address: String,
    offset_s: Arc<AtomicI64>,
}

impl TimeServer {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let offset_s = Arc::new(AtomicI64::new(0));
        let turned = Arc::clone(&offset_s);
        tokio::spawn(async move {
            let mut request = [0; 48];
            while let Ok((48, peer)) = socket.recv_from(&mut request).await {
                let now_us = SystemClock.now().0 + turned.load(Ordering::SeqCst) * 1_000_000;
                let seconds = u64::try_from(now_us / 1_000_000 + EPOCH_S).unwrap();
                let micros = u64::try_from(now_us % 1_000_000).unwrap();
                let moment = ((seconds << 32) | ((micros << 32) / 1_000_000)).to_be_bytes();
                let mut answer = [0; 48];
                (answer[0], answer[1]) = (0x24, 1);
                answer[24..32].copy_from_slice(&request[40..]);
                answer[32..40].copy_from_slice(&moment);
                answer[40..].copy_from_slice(&moment);
                socket.send_to(&answer, peer).await.unwrap();
            }
        });
        Self { address, offset_s }
    }

    fn turn(&self, offset_s: i64) {
        self.offset_s.store(offset_s, Ordering::SeqCst);
    }
}

/// Waits until a submission is answered as `expected`: accepted, or with the words of a refusal.
async fn until(program: &Program, expected: Result<(), &str>) {
    let told = timeout(Duration::from_secs(30), async {
        loop {
            let answer = stamp(program, &["x".to_owned()]).await;
            match (&answer, expected) {
                (Ok(_), Ok(())) => return,
                (Err(said), Err(words)) if said.contains(words) => return,
                (Err(said), _) if !said.contains("clock-off") => panic!("{said}"),
                _ => sleep(Duration::from_millis(20)).await,
            }
        }
    });
    assert!(told.await.is_ok(), "never answered {expected:?}");
}

async fn part(program: &Program, path: &str) -> (u16, String) {
    let reply = program.get(path).await.unwrap();
    let report: Value = serde_json::from_slice(&reply.body).unwrap();
    let says = report["parts"]["clock"]["detail"].as_str().unwrap();
    (reply.status.as_u16(), says.to_owned())
}

fn doctor(database: &Database, servers: &str, code: i32, words: &str) {
    let mut args: Vec<String> = ["doctor", "--web-listen", "127.0.0.1:0"]
        .map(str::to_owned)
        .to_vec();
    args.extend(store_args(database));
    args.extend(["--log-time-servers".to_owned(), servers.to_owned()]);
    let output = indelible(&args);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert!(told.contains(words), "no {words:?} in\n{told}");
}

// A clock an hour ahead would date every interval in the future, and no later clock could mend it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_stamped_while_most_time_servers_say_that_the_clock_is_off() {
    let database = Database::new(Dialect::Sqlite).await;
    let servers = [
        TimeServer::start().await,
        TimeServer::start().await,
        TimeServer::start().await,
    ];
    let named: Vec<&str> = servers.iter().map(|it| it.address.as_str()).collect();
    let named = named.join(",");
    // One lies from the start: two outvote it.
    servers[0].turn(-3600);
    let asked = [
        "--log-interval",
        "50ms",
        "--log-time-every",
        "1s",
        "--log-time-servers",
        &named,
    ];
    let mut program = Program::serve(&database, &asked).await;
    until(&program, Ok(())).await;
    assert_eq!(part(&program, "/readyz").await.0, 200);
    doctor(&database, &named, 0, "most say that the clock is right");

    servers[1].turn(-3600);
    until(&program, Err("/problems/clock-off")).await;
    for path in ["/readyz", "/healthz"] {
        let (status, says) = part(&program, path).await;
        assert_eq!(status, 503, "{path}");
        assert!(says.contains("s ahead, time servers say"), "{path}: {says}");
    }
    doctor(&database, &named, 1, "most say that the clock is 3600.");
    // The last honest one follows: still off, and two that disagree do not make it right.
    servers[2].turn(3600);
    servers[0].turn(0);
    let (status, _) = part(&program, "/readyz").await;
    assert_eq!(status, 503);

    servers[1].turn(0);
    until(&program, Ok(())).await;
    let told = program.told();
    assert!(
        told.contains("the clock is off: nothing is stamped"),
        "{told}"
    );
    assert!(told.contains("stamping goes on"), "{told}");
    assert!(program.stop().success());

    // Who is asked first thing does not stamp a single thing before the answer.
    for server in &servers {
        server.turn(7200);
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap().to_string();
    drop(port);
    let program = Program::serve_unready(&address, &database, &asked).await;
    let refused = stamp(&program, &["y".to_owned()]).await.unwrap_err();
    assert!(refused.contains("behind"), "{refused}");
}
