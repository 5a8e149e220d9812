//! The command line as people use it: the real program, a real server, files on a real disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Database, Dialect, Program, program_path};

/// One user's machine: its own known logs, nothing of ours in the environment.
pub(crate) struct Desk {
    dir: TempDir,
}

/// What a command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    out: String,
    err: String,
}

impl Said {
    /// Checks the exit code and that these words were said.
    pub(crate) fn expect(self, code: i32, words: &[&str]) -> Self {
        let Self {
            code: ended,
            out,
            err,
        } = &self;
        assert_eq!(*ended, code, "{out}{err}");
        for word in words {
            assert!(
                out.contains(word) || err.contains(word),
                "no {word:?} in\n{out}{err}"
            );
        }
        assert!(!err.contains("panicked"), "{err}");
        self
    }

    /// Each line of standard output as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let lines = self.out.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        self.run_with(args, &[])
    }

    fn run_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Said {
        let output = Command::new(program_path())
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("XDG_CONFIG_HOME", self.at("settings"))
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

async fn database() -> Database {
    Database::new(Dialect::Sqlite).await
}

/// Copies the product's own sources: a folder as real as any.
fn copy_sources(to: &Path) -> usize {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tlog/src");
    copy(&from, to)
}

fn copy(from: &Path, to: &Path) -> usize {
    fs::create_dir_all(to).unwrap();
    let mut files = 0;
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            files += copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
            files += 1;
        }
    }
    files
}

#[tokio::test]
async fn a_folder_is_stamped_and_verifies_with_the_server_gone() {
    let (desk, database) = (Desk::new(), database().await);
    let mut program = Program::serve(&database, &[]).await;
    let files = copy_sources(&desk.at("src"));
    let url = program.url("");
    desk.run(&["stamp", "src", "--url", &url])
        .expect(0, &[&format!("{files} stamped"), "first seen: the log"]);
    desk.run(&["stamp", "src", "--url", &url]).expect(
        0,
        &[&format!("0 stamped, {files} had a fitting proof already")],
    );
    desk.run(&[
        "stamp",
        "src",
        "--out",
        "proofs",
        "--exclude",
        "v1",
        "--url",
        &url,
    ])
    .expect(0, &["stamped"]);
    assert!(desk.at("proofs/src/lib.rs.tlog-proof").exists());
    assert!(!desk.at("proofs/src/v1").exists());
    assert!(program.stop().success());

    desk.run(&["verify", "src"])
        .expect(0, &[&format!("{files} verified, 0 refused, 0 unreadable")]);
    let told = desk
        .run(&["verify", "src/lib.rs", "--json"])
        .expect(0, &[])
        .json();
    assert_eq!(told[0]["verdict"], "verified");
    assert_eq!(told[0]["key_known"], true);
    assert_eq!(told[0]["log"], program.address());
    desk.run(&[
        "verify",
        "src/lib.rs",
        "proofs/src/lib.rs.tlog-proof",
        "--explain",
    ])
    .expect(0, &["✓ the entry is in the log"]);
    desk.run(&["stamp", "src", "--force", "--url", &url])
        .expect(1, &["no server answers at"]);

    let mut changed = fs::read(desk.at("src/lib.rs")).unwrap();
    changed[100] ^= 1;
    fs::write(desk.at("src/lib.rs"), changed).unwrap();
    desk.run(&["verify", "src"]).expect(
        1,
        &["the file's SHA-512 is", "the proof speaks of", "1 refused"],
    );
    desk.run(&["verify", "src/none"])
        .expect(2, &["there is no proof"]);
}

#[tokio::test]
async fn a_proof_with_a_flipped_bit_verifies_nothing() {
    let (desk, database) = (Desk::new(), database().await);
    let program = Program::serve(&database, &[]).await;
    fs::write(desk.at("file"), "content").unwrap();
    desk.run(&["stamp", "file", "--url", &program.url("")])
        .expect(0, &["1 stamped"]);
    let proof = fs::read(desk.at("file.tlog-proof")).unwrap();
    for at in (0..proof.len()).step_by(17) {
        let mut flipped = proof.clone();
        flipped[at] ^= 1;
        fs::write(desk.at("flipped"), &flipped).unwrap();
        let said = desk.run(&["verify", "file", "--proof", "flipped"]);
        assert!(
            matches!(said.code, 1 | 2),
            "byte {at} does not matter:\n{}",
            said.out
        );
    }
}

#[tokio::test]
async fn a_log_that_changed_its_key_is_refused_loudly() {
    let (desk, one, other) = (Desk::new(), database().await, database().await);
    let named = ["--log-authority", "log.example"];
    let (one, other) = (
        Program::serve(&one, &named).await,
        Program::serve(&other, &named).await,
    );
    fs::write(desk.at("file"), "content").unwrap();
    desk.run(&["stamp", "file", "--url", &one.url("")])
        .expect(0, &["1 stamped"]);
    desk.run(&[
        "stamp",
        "file",
        "--force",
        "--out",
        "o",
        "--url",
        &other.url(""),
    ])
    .expect(1, &["THE KEY OF THE LOG log.example HAS CHANGED"]);
    assert!(!desk.at("o").exists());
    // A stranger's proof is told apart from one of a log that is known.
    let stranger = Desk::new();
    fs::copy(desk.at("file"), stranger.at("file")).unwrap();
    fs::copy(desk.at("file.tlog-proof"), stranger.at("file.tlog-proof")).unwrap();
    stranger
        .run(&["verify", "file"])
        .expect(0, &["not known", "warning"]);
    stranger
        .run(&["verify", "file", "--require-known-key"])
        .expect(1, &["is not known"]);
    let key = String::from_utf8(other.get("/log/key").await.unwrap().body.into()).unwrap();
    stranger
        .run(&["verify", "file", "--key", key.trim()])
        .expect(1, &["is none of those you trust"]);
}

#[tokio::test]
async fn a_monitor_hears_of_a_history_that_was_begun_anew() {
    let (desk, database, forged) = (Desk::new(), database().await, database().await);
    let mut honest = Program::serve(&database, &[]).await;
    fs::write(desk.at("file"), "content").unwrap();
    desk.run(&["stamp", "file", "--url", &honest.url("")])
        .expect(0, &["1 stamped"]);
    let watch = ["monitor", &honest.url(""), "--once", "--dir", "copy"];
    desk.run(&watch)
        .expect(0, &["signature, both histories and every entry agree"]);
    desk.run(&watch).expect(0, &["unchanged"]);
    // The same name, the same key, the same place: only the past is another.
    let address = honest.address().to_owned();
    assert!(honest.stop().success());
    let keys = forged.folder().join("keys");
    copy(&database.folder().join("keys"), &keys);
    let more = ["--log-authority", &address];
    let liar = Program::serve_at(&address, &forged, &more).await;
    desk.run(&["stamp", "file", "--force", "--url", &liar.url("")])
        .expect(0, &["1 stamped"]);
    let said = desk
        .run(&watch)
        .expect(3, &["ALARM", "both signed checkpoints"]);
    let evidence = said
        .out
        .lines()
        .find(|line| line.starts_with("Evidence"))
        .unwrap();
    let dir = evidence.rsplit(' ').next().unwrap();
    for name in ["checkpoint-before", "checkpoint-now", "finding.json"] {
        assert!(desk.at(dir).join(name).exists(), "no {name} in {dir}");
    }
    // It does not forget: the next look finds it again.
    desk.run(&watch).expect(3, &["ALARM"]);
}

#[test]
fn settings_come_from_flag_environment_and_file_in_this_order() {
    let desk = Desk::new();
    fs::create_dir(desk.at("data")).unwrap();
    let file = "[log]\ninterval = '2s'\nheartbeat = '3m'\nwait_max = '4s'\n";
    fs::write(desk.at("data/indelible.toml"), file).unwrap();
    let environment = [
        ("INDELIBLE_LOG_INTERVAL", "5s"),
        ("INDELIBLE_LOG_HEARTBEAT", "6m"),
        ("INDELIBLE_STORE_URL", "postgres://me:secret@db/log"),
    ];
    let said = desk.run_with(&["config", "--json", "--log-interval", "7s"], &environment);
    let said = said.expect(0, &[]);
    let told: Value = serde_json::from_str(&said.out).unwrap();
    let check = |id: &str, value: &str, origin: &str| {
        assert_eq!(
            (&told[id]["value"], &told[id]["origin"]),
            (&value.into(), &origin.into())
        );
    };
    check("log.interval", "7s", "flag");
    check("log.heartbeat", "6m", "environment");
    check("log.wait_max", "4s", "file");
    check("log.retention", "forever", "built-in");
    check("store.url", "postgres://me:***@db/log", "environment");
    desk.run_with(&["--log-interval", "1"], &[])
        .expect(2, &["a unit is missing"]);
    fs::write(desk.at("data/indelible.toml"), "[log]\nintervall = '2s'\n").unwrap();
    desk.run(&["serve"]).expect(
        2,
        &["indelible.toml:2: unknown key [log] intervall; did you mean [log] interval?"],
    );
    desk.run(&["serve", "--help"])
        .expect(0, &["--log-interval"]);
}

#[tokio::test]
async fn a_second_server_is_told_who_is_there() {
    let (desk, database, other) = (Desk::new(), database().await, database().await);
    let program = Program::serve(&database, &[]).await;
    let folder = |database: &Database| database.folder().to_str().unwrap().to_owned();
    let serve = |data: &str| desk.run(&["--data", data, "--web-listen", program.address()]);
    serve(&folder(&database)).expect(1, &["serves", "already"]);
    serve(&folder(&other)).expect(1, &["is in use by another program"]);
    let doctor = [
        "doctor",
        "--data",
        &folder(&database),
        "--web-listen",
        program.address(),
    ];
    desk.run(&doctor)
        .expect(0, &["and is well", "one holds the lease"]);
    let keys = ["keys", "--data", &folder(&database)];
    desk.run(&keys).expect(0, &["its secret is here"]);
}
