//! The real program: as a server that can be killed at any moment, and as a command.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use egress::{Egress, EgressError, Limits, Method, StatusCode};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::Database;

/// From start to ready.
const START_MAX: Duration = Duration::from_secs(30);

/// `indelible serve` in a process of its own, on a port of its own. Killed when dropped, or by the
/// kernel when the test dies.
pub struct Program {
    child: Option<Child>,
    args: Vec<String>,
    address: String,
    http: Egress,
    told: TempDir,
}

/// An answer, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Program {
    /// Serves `database`, with further arguments; answers once it is ready.
    pub async fn serve(database: &Database, more: &[&str]) -> Self {
        // Between closing it here and opening it there nobody else should take it: the kernel hands
        // out others first.
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap().to_string();
        drop(port);
        Self::serve_at(&address, database, more).await
    }

    /// The same, at an address that another one had before.
    pub async fn serve_at(address: &str, database: &Database, more: &[&str]) -> Self {
        let mut program = Self::prepare(address.to_owned(), database, more);
        program.start();
        program.wait_until_ready().await;
        program
    }

    /// The same; answers as soon as it lets callers in, be it ready or not.
    pub async fn serve_unready(address: &str, database: &Database, more: &[&str]) -> Self {
        let mut program = Self::prepare(address.to_owned(), database, more);
        program.start();
        program.wait_for(|_| true).await;
        program
    }

    fn prepare(address: String, database: &Database, more: &[&str]) -> Self {
        let mut args = vec![
            "serve".to_owned(),
            "--web-listen".to_owned(),
            address.clone(),
        ];
        args.extend(store_args(database));
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        Self {
            child: None,
            args,
            address,
            http: Egress::new(Limits::default()).unwrap(),
            told: tempfile::tempdir().unwrap(),
        }
    }

    /// Starts it, on the same port as ever.
    ///
    /// Call it from the test's own thread: the kernel kills the child with the thread that made it.
    pub fn start(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.told.path().join("log"))
            .unwrap();
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(program_path())
            .args(&self.args)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// Waits until it answers that it is well.
    pub async fn wait_until_ready(&mut self) {
        self.wait_for(|status| status == StatusCode::OK).await;
    }

    async fn wait_for(&mut self, is_good: impl Fn(StatusCode) -> bool) {
        let started = Instant::now();
        loop {
            if let Ok(reply) = self.get("/readyz").await
                && is_good(reply.status)
            {
                return;
            }
            let child = self.child.as_mut().expect("it was started");
            let ended = child.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < START_MAX,
                "it did not become ready ({ended:?}); it told:\n{}",
                self.told()
            );
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Everything that it has told on its terminal.
    pub fn told(&self) -> String {
        fs::read_to_string(self.told.path().join("log")).unwrap_or_default()
    }

    /// Ends it without a warning, as a power cut would: SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// The same while others use it; [`Self::kill`] must follow.
    pub fn kill_now(&self) {
        let id = self
            .child
            .as_ref()
            .expect("it was started")
            .id()
            .to_string();
        let killed = Command::new("kill").args(["-KILL", &id]).status().unwrap();
        assert!(killed.success());
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it was started");
        let id = child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(asked.success());
        child.wait().unwrap()
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The address of one of its pages.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// GET, as JSON where there is a choice.
    pub async fn get(&self, path: &str) -> Result<Reply, EgressError> {
        let headers = [("accept", "application/json")];
        self.send(Method::GET, path, &headers, Bytes::new()).await
    }

    /// POST; answered in the body's own format.
    pub async fn post(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Result<Reply, EgressError> {
        let headers = [("content-type", content_type)];
        self.send(Method::POST, path, &headers, body.into()).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Reply, EgressError> {
        let url = self.url(path).parse().unwrap();
        let answer = self.http.send(method, &url, headers, body).await?;
        Ok(Reply {
            status: answer.status,
            body: answer.body.bytes().await?,
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            println!("── the server told:\n{}", self.told());
        }
    }
}

/// The arguments that name a database.
pub fn store_args(database: &Database) -> Vec<String> {
    let folder = database.folder().to_str().unwrap().to_owned();
    let mut args = vec!["--data".to_owned(), folder];
    if let Some(url) = database.url() {
        args.extend(["--store-url".to_owned(), url.to_owned()]);
    }
    args
}

/// Runs another command of the program to its end.
pub fn indelible<A: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    // The settings of whoever runs the tests are not the test's.
    let mut command = Command::new(program_path());
    command
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A Python program by others, from the test command's own folder.
pub fn python(program: &str) -> Command {
    Command::new(part("INDELIBLE_TEST_PYTHON").join(program))
}

/// Runs a program to its end, which must be a good one; answers what it printed.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{printed}{told}",
        output.status
    );
    printed
}

/// Where the program under test is.
pub fn program_path() -> PathBuf {
    part("INDELIBLE_TEST_PROGRAM")
}

#[expect(
    clippy::disallowed_methods,
    reason = "set by the test command, which knows no better way to reach its grandchildren"
)]
fn part(name: &str) -> PathBuf {
    let part = std::env::var_os(name).map(PathBuf::from);
    let part = part.filter(|part| Path::new(part).exists());
    part.unwrap_or_else(|| panic!("{name} names nothing: run `cargo xtask test`, which makes it"))
}
