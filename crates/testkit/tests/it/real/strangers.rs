//! Programs by others check what we publish, and refuse what was forged.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use testkit::{Database, Dialect, Program, python, run};
use tokio::time::{sleep, timeout};

use super::{checkpoint, log_key, stamp};

/// Enough intervals for a full tile, a second level and a partial tile beside it.
const INTERVALS: u64 = 270;

/// A log that grows fast.
pub(super) async fn growing(dialect: Dialect) -> (Database, Program) {
    let database = Database::new(dialect).await;
    let fast = [
        "--log-interval",
        "10ms",
        "--log-heartbeat",
        "10ms",
        "--log-authority",
        "log.example",
    ];
    let program = Program::serve(&database, &fast).await;
    (database, program)
}

/// Waits until the log has `size` intervals.
pub(super) async fn grown(program: &Program, size: u64) {
    let key = log_key(program).await;
    let grown = timeout(Duration::from_mins(2), async {
        while checkpoint(program, &key).await.map_or(0, |(size, _)| size) < size {
            sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(grown.await.is_ok(), "the log did not reach {size}");
}

pub(super) async fn vkey(program: &Program) -> String {
    log_key(program).await.to_string()
}

pub(super) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/strangers")
        .join(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aics_tlog_and_go_audit_the_log() {
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let (_database, program) = growing(dialect).await;
        for text in ["a", "b", "c"] {
            stamp(&program, &[text.to_owned()]).await.unwrap();
        }
        grown(&program, INTERVALS).await;
        let (base, vkey) = (program.url("/log/"), vkey(&program).await);
        let mut audit = python("python");
        audit.arg(script("audit.py")).args([&base, &vkey]);
        println!("{dialect:?}, aics-tlog: {}", run(&mut audit).trim());
        println!("{dialect:?}, Go: {}", go_audit(&base, &vkey));
    }
}

/// The same with Go's own transparency log, where Go is installed; aics-tlog here and the crates in
/// `tlog`'s tests check the same files where it is not.
fn go_audit(base: &str, vkey: &str) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/interop/go");
    let built = tempfile::tempdir().unwrap();
    let audit = built.path().join("audit");
    let mut go = Command::new("go");
    go.args(["build", "-o"])
        .arg(&audit)
        .arg(".")
        .current_dir(program);
    match go.stdin(Stdio::null()).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "is not installed here".to_owned()
        }
        output => {
            let output = output.unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "the audit cannot be built: {told}");
            run(Command::new(audit).args([base, vkey]))
                .trim()
                .to_owned()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_and_rfc3161_client_accept_our_tokens() {
    let database = Database::new(Dialect::Sqlite).await;
    let program = Program::serve(&database, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let ca = program.get("/tsa/ca.pem").await.unwrap();
    assert!(ca.status.is_success(), "{}", ca.status);
    std::fs::write(file("ca.pem"), &ca.body).unwrap();
    std::fs::write(file("data"), "what was known").unwrap();
    std::fs::write(file("other"), "what was not").unwrap();
    let openssl = |args: &[&str]| {
        let mut openssl = Command::new("openssl");
        openssl.arg("ts").args(args).stdin(Stdio::null());
        openssl.output().unwrap()
    };
    for (hash, more) in [
        ("-sha256", &["-cert"][..]),
        ("-sha384", &["-cert"]),
        ("-sha512", &["-cert", "-no_nonce"]),
        ("-sha256", &["-no_nonce"]),
    ] {
        let (data, query, token) = (file("data"), file("query"), file("token"));
        let mut args = vec!["-query", "-data", &data, hash, "-out", &query];
        args.extend(more);
        assert!(openssl(&args).status.success());
        let query_bytes = std::fs::read(&query).unwrap();
        let reply = program
            .post("/tsa", "application/timestamp-query", query_bytes)
            .await
            .unwrap();
        assert!(reply.status.is_success(), "{hash}: {}", reply.status);
        std::fs::write(&token, &reply.body).unwrap();
        let (ca, other) = (file("ca.pem"), file("other"));
        let mut verify = vec!["-verify", "-in", &token, "-CAfile", &ca];
        // Without -cert the token brings no certificate: whoever checks it has it from elsewhere.
        if !more.contains(&"-cert") {
            verify.extend(["-untrusted", &ca]);
        }
        let with = |data: &[&str]| openssl(&[&verify[..], data].concat());
        let of_query = with(&["-queryfile", &query]);
        let of_data = with(&["-data", &data]);
        if more.contains(&"-cert") {
            for good in [of_query, of_data] {
                let told = String::from_utf8_lossy(&good.stderr);
                assert!(good.status.success(), "{hash} {more:?}: {told}");
            }
            let mut check = python("python");
            check
                .arg(script("verify_token.py"))
                .args([&ca, &token, &data]);
            println!("{hash}: {}", run(&mut check).trim());
        }
        assert!(
            !with(&["-data", &other]).status.success(),
            "{hash}: other data was accepted"
        );
    }
}
