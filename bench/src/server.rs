//! Starting, watching and stopping what is measured.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::client::Connection;

/// A child process that serves HTTP on the loopback address; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    _data: TempDir,
}

impl Server {
    /// The product over an empty folder, with `options` added to its command line.
    pub(crate) async fn product(program: &Path, options: &[&str]) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let address = free_address()?;
        let listen = address.to_string();
        let mut command = Command::new(program);
        command
            .args(["serve", "--web-listen", &listen, "--data"])
            .arg(data.path())
            .args(options);
        Self::start(command, address, data).await
    }

    /// The bare handler.
    pub(crate) async fn baseline() -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("baseline").arg(address.to_string());
        Self::start(command, address, tempfile::tempdir()?).await
    }

    async fn start(
        mut command: Command,
        address: SocketAddr,
        data: TempDir,
    ) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {command:?}; build it with --release first"))?;
        let mut server = Self {
            child,
            address,
            _data: data,
        };
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended with {status}");
            }
            if let Ok(mut connection) = Connection::open(address).await
                && connection
                    .get("/healthz")
                    .await
                    .is_ok_and(|status| status == 200)
            {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("{command:?} did not answer within 20 s")
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("the kernel tells resident memory")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Processor time used so far, user and system, in clock ticks of 10 ms.
    pub(crate) fn cpu_ticks(&self) -> anyhow::Result<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold spaces; fields are counted behind it.
        let (_, fields) = stat.rsplit_once(')').context("a stat line")?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut next = || -> anyhow::Result<u64> { Ok(fields.next().context("times")?.parse()?) };
        Ok(next()? + next()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
