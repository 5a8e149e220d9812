//! Witnesses in processes of their own: one by others and ours, asked by a real log, and what people
//! take home from it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use testkit::{Dialect, Program, program_path, python, run};
use tokio::time::{sleep, timeout};

use super::stamp;
use super::strangers::{growing, grown, script, vkey};
use crate::cli::Desk;

/// A witness on a port of its own; killed when dropped, or by the kernel when the test dies.
struct Witness {
    child: Child,
    address: String,
    vkey: String,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same command, ended by the kernel when this process ends.
fn tied(command: &Command) -> Command {
    let mut tied = Command::new("setpriv");
    tied.args(["--pdeathsig", "KILL"])
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    tied
}

impl Witness {
    /// `aics-witness`, by others.
    async fn theirs(folder: &Path, log_vkey: &str) -> Self {
        let config = folder.join("witness.json");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap().to_string();
        drop(port);
        let command = |name: &str| {
            let mut command = python("aics-witness");
            command.arg(name).arg("--config").arg(&config);
            command
        };
        let mut init = command("init");
        init.args(["--name", "witness.example/w1", "--listen", &address]);
        let printed = run(&mut init);
        let vkey = printed
            .split_whitespace()
            .find(|word| word.starts_with("witness.example/w1+"));
        let vkey = vkey.expect("it prints its key").to_owned();
        run(command("add-log").args(["--origin", "log.example", "--vkey", log_vkey]));
        let child = tied(&command("serve"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let witness = Self {
            child,
            address,
            vkey,
        };
        witness.is_ready().await;
        witness
    }

    /// `indelible witness`.
    fn ours(folder: &Path, log_vkey: &str) -> Self {
        let mut command = Command::new(program_path());
        command
            .args(["witness", "--json", "--listen", "127.0.0.1:0"])
            .args(["--name", "ours.example/w2", "--log", log_vkey, "--data"])
            .arg(folder.join("ours"));
        let mut child = tied(&command)
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let told = child.stdout.as_mut().unwrap();
        BufReader::new(told).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        Self {
            child,
            address: text("listen"),
            vkey: text("vkey"),
        }
    }

    async fn is_ready(&self) {
        let url = format!("http://{}/healthz", self.address).parse().unwrap();
        let http = egress::Egress::new(egress::Limits::default()).unwrap();
        let ready = timeout(Duration::from_secs(20), async {
            while http.get(&url, "*/*").await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        });
        ready.await.expect("the witness listens");
    }

    /// As `[log] witnesses` wants it.
    fn setting(&self) -> String {
        format!("{} http://{}", self.vkey, self.address)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aics_witness_cosigns_us_and_refuses_a_rollback() {
    let (database, mut program) = growing(Dialect::Sqlite).await;
    grown(&program, 5).await;
    let log_vkey = vkey(&program).await;
    let old = program.get("/log/checkpoint").await.unwrap();
    assert!(program.stop().success());
    let folder = tempfile::tempdir().unwrap();
    let witness = Witness::theirs(folder.path(), &log_vkey).await;
    let asked = witness.setting();
    // A quiet log: the newest head stands long enough to be cosigned and looked at.
    let quiet = [
        "--log-interval",
        "20ms",
        "--log-heartbeat",
        "1h",
        "--log-witness-every",
        "1s",
    ];
    let asked = ["--log-witnesses", &asked];
    let program = Program::serve(&database, &[&quiet[..], &asked].concat()).await;
    let base = program.url("/log/");
    let size = cosigned(&base, &log_vkey, &witness.vkey, 1).await;
    // And again at a larger size: so it was given a consistency proof that it accepts.
    stamp(&program, &["one more".to_owned()]).await.unwrap();
    let size = cosigned(&base, &log_vkey, &witness.vkey, size + 1).await;

    // The head that it has seen cannot be taken back.
    let body = format!("old {size}\n\n{}", old.text());
    let url = format!("http://{}/add-checkpoint", witness.address);
    let http = egress::Egress::new(egress::Limits::default()).unwrap();
    let refused = http
        .post(&url.parse().unwrap(), "text/plain", "*/*", body.into())
        .await
        .unwrap();
    assert!(
        [400, 409, 422].contains(&refused.status.as_u16()),
        "a rollback was answered with {}",
        refused.status
    );
    cosigned(&base, &log_vkey, &witness.vkey, size).await;
}

/// Waits until a checkpoint of at least `size` carries the witness's cosignature.
async fn cosigned(base: &str, log: &str, witness: &str, size: u64) -> u64 {
    let cosigned = timeout(Duration::from_mins(1), async {
        loop {
            let mut check = python("python");
            check.arg(script("cosigned.py")).args([base, log, witness]);
            let output = check.output().unwrap();
            let printed = String::from_utf8_lossy(&output.stdout);
            if output.status.success() {
                let found: u64 = printed.trim().parse().unwrap();
                if found >= size {
                    return found;
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
    });
    cosigned.await.expect("the checkpoint is cosigned in time")
}

// On a busy log every head is followed by the next before a witness has answered. Whoever asks for a
// witnessed proof must get one all the same, and see in it who vouched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witnessed_stamp_carries_the_word_of_real_witnesses() {
    let (database, mut program) = growing(Dialect::Sqlite).await;
    let log_vkey = vkey(&program).await;
    assert!(program.stop().success());
    let folder = tempfile::tempdir().unwrap();
    let theirs = Witness::theirs(folder.path(), &log_vkey).await;
    let ours = Witness::ours(folder.path(), &log_vkey);
    let asked = format!("{},{}", theirs.setting(), ours.setting());
    let busy = [
        "--log-interval",
        "10ms",
        "--log-heartbeat",
        "10ms",
        "--log-witness-every",
        "1s",
        "--log-witnesses",
        &asked,
    ];
    let program = Program::serve(&database, &busy).await;
    let (desk, url) = (Desk::new(), program.url(""));
    std::fs::write(desk.at("note"), "what was known").unwrap();
    let stamp = ["stamp", "note", "--witnessed", "--force", "--url", &url];
    desk.run(&stamp).expect(0, &["1 stamped"]);
    desk.run(&["verify", "note"])
        .expect(0, &["/w", "not checked", "--witness"]);
    // A head may be cosigned by one of them before the other has answered.
    let both = [
        "verify",
        "note",
        "--witness",
        &theirs.vkey,
        "--witness",
        &ours.vkey,
    ];
    let cosigned_by_both = timeout(Duration::from_mins(1), async {
        while desk.run(&both).code != 0 {
            sleep(Duration::from_millis(100)).await;
            desk.run(&stamp).expect(0, &["1 stamped"]);
        }
    });
    cosigned_by_both
        .await
        .expect("both cosign one head in time");
    desk.run(&both).expect(
        0,
        &[
            "witness.example/w1, who saw it by",
            "ours.example/w2, who saw it by",
        ],
    );
    let told = desk.run(&[&both[..], &["--json"]].concat()).json();
    assert_eq!(told[0]["witnesses"].as_array().unwrap().len(), 2);
    assert_eq!(told[0]["witnesses_unchecked"].as_array().unwrap().len(), 0);
    // A stranger's client with a policy finds a log that satisfies it, though the log goes on.
    let base = program.url("/log/witnessed/");
    for witness in [&theirs, &ours] {
        cosigned(&base, &log_vkey, &witness.vkey, 1).await;
    }
}
