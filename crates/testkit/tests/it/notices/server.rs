//! A mail server by others, as a child that tells what it took.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use testkit::{python, run};

/// It ends when it is dropped: its standard input closes.
pub(super) struct MailServer {
    child: Child,
    stdin: Option<ChildStdin>,
    told: Lines<BufReader<ChildStdout>>,
    pub(super) port: u16,
}

impl MailServer {
    pub(super) fn start(args: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/smtp.py");
        let mut child = python("python")
            .arg(script)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&told.next().unwrap().unwrap()).unwrap();
        Self {
            stdin: child.stdin.take(),
            child,
            told,
            port: u16::try_from(first["port"].as_u64().unwrap()).unwrap(),
        }
    }

    /// The next letter that it took; waits for it.
    pub(super) fn letter(&mut self) -> Value {
        serde_json::from_str(&self.told.next().expect("it runs").unwrap()).unwrap()
    }

    /// Ends it; answers the letters that nobody asked for yet.
    pub(super) fn stop(&mut self) -> Vec<Value> {
        drop(self.stdin.take());
        let rest = self.told.by_ref();
        let rest = rest.map(|line| serde_json::from_str(&line.unwrap()).unwrap());
        let rest = rest.collect();
        self.child.wait().unwrap();
        rest
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A certificate authority and a certificate for `localhost`, made for one test.
pub(super) struct Certificates {
    folder: TempDir,
}

impl Certificates {
    pub(super) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |args: &str| {
            let args = args.split_whitespace();
            run(Command::new("openssl").args(args).current_dir(&folder));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc";
        openssl(&format!(
            "req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca"
        ));
        openssl(&format!(
            "req -x509 {key} -keyout server.key -out server.pem -days 2 -subj /CN=mail.test \
             -CA ca.pem -CAkey ca.key -addext subjectAltName=DNS:localhost \
             -addext basicConstraints=critical,CA:FALSE"
        ));
        Self { folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}
