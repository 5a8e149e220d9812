//! A closed-loop HTTP/1.1 client that costs next to nothing, so that the load generator takes as
//! little as possible of the machine it shares with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where the body begins in the buffer.
    body: usize,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(1024),
            body: 0,
        })
    }

    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
        self.exchange(request.as_bytes()).await
    }

    /// Sends a prepared request, reads one whole answer, which must tell its length, and gives its
    /// status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head_end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let head = std::str::from_utf8(&self.buffer[..head_end])?;
        let status = head.get(9..12).context("a status line")?.parse()?;
        let length = content_length(head).context("an answer that tells its length")?;
        while self.buffer.len() < head_end + length {
            self.read_more().await?;
        }
        ensure!(
            self.buffer.len() == head_end + length,
            "more than was asked"
        );
        self.body = head_end;
        Ok(status)
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        &self.buffer[self.body..]
    }

    /// Sends a request whose answer never ends; what follows is read by [`Self::read_chunk`].
    pub(crate) async fn start(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(request).await?;
        Ok(())
    }

    /// Whatever has come since; never empty.
    pub(crate) async fn read_chunk(&mut self) -> anyhow::Result<&[u8]> {
        self.buffer.clear();
        self.read_more().await?;
        Ok(&self.buffer)
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|at| at == needle)
}

fn content_length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    })
}

/// A request with a body.
pub(crate) fn post(path: &str, content_type: &str, accept: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {content_type}\r\nAccept: {accept}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// What a round of load saw.
pub(crate) struct Round {
    pub(crate) answers: u64,
    pub(crate) failures: u64,
    pub(crate) seconds: f64,
    /// Microseconds from request to answer.
    pub(crate) latency: Histogram<u64>,
}

impl Round {
    pub(crate) fn per_second(&self) -> f64 {
        self.answers as f64 / self.seconds
    }
}

/// Keeps `clients` connections busy, one request at a time each, for `length`.
pub(crate) async fn load(
    address: SocketAddr,
    clients: usize,
    length: Duration,
    request: Arc<Vec<u8>>,
) -> anyhow::Result<Round> {
    let mut connections = Vec::with_capacity(clients);
    for _ in 0..clients {
        connections.push(Connection::open(address).await?);
    }
    let began = Instant::now();
    let until = began + length;
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|connection| tokio::spawn(one_client(connection, until, Arc::clone(&request))))
        .collect();
    let mut round = Round {
        answers: 0,
        failures: 0,
        seconds: 0.0,
        latency: histogram(),
    };
    for task in tasks {
        let (answers, failures, latency) = task.await?;
        round.answers += answers;
        round.failures += failures;
        round.latency.add(latency)?;
    }
    round.seconds = began.elapsed().as_secs_f64();
    Ok(round)
}

async fn one_client(
    mut connection: Connection,
    until: Instant,
    request: Arc<Vec<u8>>,
) -> (u64, u64, Histogram<u64>) {
    let (mut answers, mut failures, mut latency) = (0, 0, histogram());
    while Instant::now() < until {
        let began = Instant::now();
        match connection.exchange(&request).await {
            Ok(200) => {
                answers += 1;
                latency.saturating_record(micros(began.elapsed()));
            }
            Ok(_) => failures += 1,
            Err(_) => {
                failures += 1;
                break;
            }
        }
    }
    (answers, failures, latency)
}

pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 120_000_000, 2).expect("sensible bounds")
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
