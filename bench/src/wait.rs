//! Waiting clients: each submits with `?wait`, and all are answered when the interval is sealed.
//!
//! Waiters travel as HTTP/2 streams, because a process may hold fewer descriptors than we want
//! waiters. The interval's own time is when the seal began; client and server share a clock.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use base::{Clock as _, SystemClock, UnixMicros};
use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use hdrhistogram::Histogram;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::{self, Connection};
use crate::report;
use crate::server::Server;

/// Streams on one connection: what servers commonly allow.
const STREAMS: usize = 100;

pub(crate) async fn run(
    program: &Path,
    waiters: &[usize],
    rounds: usize,
    interval: u64,
) -> anyhow::Result<()> {
    let interval = format!("{interval}s");
    let options = ["--log-interval", &interval, "--log-wait-max", "120s"];
    println!("{}\n", report::machine());
    println!(
        "| waiters | sent within s | p50 ms after the seal began | p99 | last | no proof | failed | server MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for waiters in waiters {
        let server = Server::product(program, &options).await?;
        for _ in 0..rounds {
            let round = one_round(&server, *waiters).await?;
            println!(
                "| {waiters} | {:.1} | {} | {} | {} | {} | {} | {} |",
                round.sent_seconds,
                report::ms(&round.after_seal, 0.5),
                report::ms(&round.after_seal, 0.99),
                report::ms(&round.after_seal, 1.0),
                round.proofless,
                round.failed,
                round.resident_kib / 1024,
            );
        }
    }
    Ok(())
}

struct Round {
    sent_seconds: f64,
    after_seal: Histogram<u64>,
    proofless: u64,
    failed: u64,
    resident_kib: u64,
}

async fn one_round(server: &Server, waiters: usize) -> anyhow::Result<Round> {
    let connections = waiters.div_ceil(STREAMS);
    let mut senders = Vec::with_capacity(connections);
    for _ in 0..connections {
        let stream = TcpStream::connect(server.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = h2::client::handshake(stream).await?;
        tokio::spawn(connection);
        senders.push(sender);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for waiter in 0..waiters {
        let sender = senders[waiter % connections].clone();
        let answer = send(sender, waiter).await?;
        tasks.spawn(answered(answer));
    }
    let mut round = Round {
        sent_seconds: began.elapsed().as_secs_f64(),
        after_seal: client::histogram(),
        proofless: 0,
        failed: 0,
        resident_kib: server.resident_kib()?,
    };
    let mut answers = Vec::with_capacity(waiters);
    while let Some(outcome) = tasks.join_next().await {
        match outcome? {
            Ok(answer) => answers.push(answer),
            Err(_) => round.failed += 1,
        }
    }
    let mut sealed = HashMap::new();
    let mut connection = Connection::open(server.address).await?;
    for (body, at) in answers {
        let body: serde_json::Value = serde_json::from_slice(&body)?;
        let Some(interval) = body["interval"].as_u64() else {
            round.proofless += 1;
            continue;
        };
        let sealed_us = match sealed.get(&interval) {
            Some(time) => *time,
            None => *sealed
                .entry(interval)
                .or_insert(interval_time(&mut connection, interval).await?),
        };
        let after = u64::try_from(at.0 - sealed_us)?;
        round.after_seal.saturating_record(after.max(1));
    }
    Ok(round)
}

async fn interval_time(connection: &mut Connection, interval: u64) -> anyhow::Result<i64> {
    let status = connection.get(&format!("/api/v1/mth/{interval}")).await?;
    ensure!(status == 200, "interval {interval}: status {status}");
    let head: serde_json::Value = serde_json::from_slice(connection.body())?;
    head["interval"]["timestamp"]
        .as_str()
        .and_then(tlog::v1::parse_time)
        .context("an interval's time")
}

async fn send(
    sender: SendRequest<Bytes>,
    waiter: usize,
) -> anyhow::Result<h2::client::ResponseFuture> {
    let mut sender = sender.ready().await?;
    let request = http::Request::post("http://bench/api/v1/ts/?wait")
        .header("content-type", "application/json")
        .body(())?;
    let (answer, mut body) = sender.send_request(request, false)?;
    body.send_data(format!(r#"{{"data":"waiter {waiter}"}}"#).into(), true)?;
    Ok(answer)
}

/// The answer's body, and when it was there. It is read later: reading ten thousand of them takes
/// longer than answering them.
async fn answered(answer: h2::client::ResponseFuture) -> anyhow::Result<(BytesMut, UnixMicros)> {
    let answer = answer.await?;
    ensure!(answer.status().is_success(), "status {}", answer.status());
    let mut stream = answer.into_body();
    let mut body = BytesMut::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk?;
        body.extend_from_slice(&chunk);
        stream.flow_control().release_capacity(chunk.len())?;
    }
    Ok((body, SystemClock.now()))
}
