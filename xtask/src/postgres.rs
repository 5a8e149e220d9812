//! A throw-away Postgres: made in a temporary folder, gone when dropped, or when we die.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::run::{find, output, run};
use crate::tools::postgres_folders;

const FOLDER_PREFIX: &str = "indelible-postgres-";

/// A running server that listens on 127.0.0.1 and trusts everybody there.
pub(crate) struct Cluster {
    folder: PathBuf,
    server: Child,
    port: u16,
}

impl Cluster {
    /// Makes the database files and starts the server on a free port. Postgres refuses to run as
    /// root: then it runs as the system's user `postgres`.
    ///
    /// Without `fsync`: the tests kill our program, never the machine.
    pub(crate) fn start() -> Result<Self> {
        remove_left_over();
        let folder = std::env::temp_dir().join(format!("{FOLDER_PREFIX}{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let data = folder.join("data");
        let as_root = output(Command::new("id").arg("-u"))?.trim() == "0";
        if as_root {
            run(Command::new("chown").arg("postgres:").arg(&folder))?;
        }
        let mut init = unprivileged(&program("initdb")?, as_root, &folder);
        init.args(["--auth=trust", "--username=postgres", "--encoding=UTF8"])
            .args(["--locale=C", "--no-sync", "--no-instructions", "--pgdata"])
            .arg(&data)
            .stdout(Stdio::null());
        run(&mut init)?;

        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = unprivileged(&program("postgres")?, as_root, &folder);
        command.arg("-D").arg(&data);
        command.arg("-k").arg(&folder);
        for setting in [
            &format!("port={port}"),
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "max_connections=300",
            "log_min_messages=warning",
            // Dead tests must not keep a database from being dropped.
            "client_connection_check_interval=1s",
        ] {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let server = command.spawn().context("postgres cannot be run")?;
        let mut cluster = Self {
            folder,
            server,
            port,
        };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The address of one of its databases; `postgres` always exists.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The server tells when it is ready, in its log; the rest of the log goes into a file.
    fn wait_until_ready(&mut self) -> Result<()> {
        let log = self.server.stderr.take().context("its log is piped")?;
        let mut lines = BufReader::new(log).lines();
        let mut told = String::new();
        for line in lines.by_ref() {
            let line = line?;
            if line.contains("ready to accept connections") {
                // Somebody must read it, or the server stops when the pipe is full.
                thread::spawn(move || lines.for_each(drop));
                return Ok(());
            }
            told.push_str(&line);
            told.push('\n');
        }
        bail!("postgres did not start:\n{told}")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT: end every session and shut down.
        let id = self.server.id().to_string();
        let asked = Command::new("kill").args(["-INT", &id]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A program of the newest Postgres: Debian keeps them off the path.
fn program(name: &str) -> Result<PathBuf> {
    find(name, &postgres_folders())
        .with_context(|| format!("{name} is missing: apt-get install postgresql"))
}

/// The program as an ordinary user, interrupted when our main thread ends, even if we are killed.
fn unprivileged(program: &Path, as_root: bool, folder: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if as_root {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.arg(program).current_dir(folder);
    command.env_remove("PGDATA");
    command
}

/// Removes the folders of earlier runs that were killed.
fn remove_left_over() {
    for entry in fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(FOLDER_PREFIX));
        if owner.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
