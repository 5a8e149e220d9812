//! The live feed: what an idle reader costs, and how long an event needs to reach all.
//!
//! A process may hold so many descriptors and no more, so a large crowd is cut into servers, each
//! with a process of readers.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::client::{Connection, post};
use crate::report;
use crate::server::Server;

/// Most readers of one server: the usual limit of descriptors, less a few.
const READERS_MAX: usize = 19_500;

pub(crate) async fn run(program: &Path, readers: &[usize], events: usize) -> anyhow::Result<()> {
    println!("{}\n", report::machine());
    println!(
        "| readers | servers | bytes each, idle | bytes each, after events | event to all ms (median) | worst | server CPU µs a reader and event |"
    );
    println!("|---|---|---|---|---|---|---|");
    for readers in readers {
        one(program, *readers, events).await?;
    }
    Ok(())
}

/// A server and the process of its readers.
struct Pair {
    server: Server,
    readers: usize,
    idle_kib: u64,
    _child: Child,
    told: Lines<BufReader<ChildStdout>>,
}

impl Pair {
    async fn start(program: &Path, readers: usize) -> anyhow::Result<Self> {
        // Nothing happens by itself for as long as this takes.
        let server = Server::product(program, &["--log-heartbeat", "1h"]).await?;
        stamp(&server).await?;
        let idle_kib = server.resident_kib()?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["listen", &server.address.to_string(), &readers.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("a pipe")?;
        let mut pair = Self {
            server,
            readers,
            idle_kib,
            _child: child,
            told: BufReader::new(stdout).lines(),
        };
        pair.hear("there").await?;
        Ok(pair)
    }

    async fn hear(&mut self, expected: &str) -> anyhow::Result<()> {
        match self.told.next_line().await? {
            Some(line) if line == expected => Ok(()),
            other => bail!("the readers say {other:?} instead of {expected:?}"),
        }
    }
}

async fn one(program: &Path, readers: usize, events: usize) -> anyhow::Result<()> {
    let mut pairs = Vec::new();
    let mut left = readers;
    while left > 0 {
        let here = left.min(READERS_MAX);
        pairs.push(Pair::start(program, here).await?);
        left -= here;
    }
    let idle = bytes_each(&pairs)?;
    let ticks = cpu_ticks(&pairs)?;
    let mut times = Vec::new();
    for _ in 0..events {
        for pair in &pairs {
            stamp(&pair.server).await?;
        }
        // From the first reader of all to the last: the seal itself is measured elsewhere.
        let mut first = None;
        for pair in &mut pairs {
            pair.hear("first").await?;
            first.get_or_insert_with(Instant::now);
        }
        for pair in &mut pairs {
            pair.hear("last").await?;
        }
        let time = first.context("there is at least one server")?.elapsed();
        times.push(time.as_secs_f64() * 1e3);
    }
    let cpu = (cpu_ticks(&pairs)? - ticks) as f64 * 1e4 / (readers * events) as f64;
    let after = bytes_each(&pairs)?;
    let worst = times.iter().copied().fold(0.0, f64::max);
    println!(
        "| {readers} | {} | {idle:.0} | {after:.0} | {:.0} | {worst:.0} | {cpu:.1} |",
        pairs.len(),
        report::median(times),
    );
    Ok(())
}

/// Makes an event.
async fn stamp(server: &Server) -> anyhow::Result<()> {
    let json = "application/json";
    let request = post("/api/v1/ts?wait", json, json, br#"{"data":"an event"}"#);
    let mut connection = Connection::open(server.address).await?;
    match connection.exchange(&request).await? {
        200 => Ok(()),
        status => bail!("a timestamp was answered with {status}"),
    }
}

fn bytes_each(pairs: &[Pair]) -> anyhow::Result<f64> {
    let (mut kib, mut readers) = (0, 0);
    for pair in pairs {
        kib += pair.server.resident_kib()?.saturating_sub(pair.idle_kib);
        readers += pair.readers;
    }
    Ok(kib as f64 * 1024.0 / readers as f64)
}

fn cpu_ticks(pairs: &[Pair]) -> anyhow::Result<u64> {
    pairs.iter().map(|pair| pair.server.cpu_ticks()).sum()
}
