//! The live feed: what an idle reader costs, and how far an event's first and last reader are
//! apart.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::client::{self, Connection};
use crate::report;
use crate::server::Server;

/// Asks for the feed as server-sent events.
pub(crate) const REQUEST: &[u8] =
    b"GET /api/v1/mth/live HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n";

pub(crate) async fn run(program: &Path, readers: &[usize], events: usize) -> anyhow::Result<()> {
    println!("{}\n", report::machine());
    println!(
        "| readers | server KiB each, idle | first to last reader ms (median) | worst | server CPU µs a reader and event |"
    );
    println!("|---|---|---|---|---|");
    for readers in readers {
        // A heartbeat every second makes an event without any submission.
        let server = Server::product(program, &["--log-heartbeat", "1s"]).await?;
        one(&server, *readers, events).await?;
    }
    Ok(())
}

async fn one(server: &Server, readers: usize, events: usize) -> anyhow::Result<()> {
    let before = server.resident_kib()?;
    let (told, mut heard) = mpsc::unbounded_channel();
    for _ in 0..readers {
        let mut connection = Connection::open(server.address).await?;
        connection.start(REQUEST).await?;
        let told = told.clone();
        tokio::spawn(async move {
            while let Ok(chunk) = connection.read_chunk().await {
                if chunk.windows(5).any(|at| at == b"data:") && told.send(Instant::now()).is_err() {
                    break;
                }
            }
        });
    }
    // Let every reader have its first head, then stand idle.
    quiet(&mut heard).await;
    let idle = server.resident_kib()?.saturating_sub(before) as f64 / readers as f64;
    let ticks = server.cpu_ticks()?;
    let mut spreads = Vec::new();
    for _ in 0..events {
        let first = heard.recv().await.expect("readers live");
        let mut last = first;
        for _ in 1..readers {
            last = last.max(heard.recv().await.expect("readers live"));
        }
        spreads.push(client::micros(last.duration_since(first)) as f64 / 1000.0);
    }
    let cpu = (server.cpu_ticks()? - ticks) as f64 * 1e4 / (readers * events) as f64;
    let worst = spreads.iter().copied().fold(0.0, f64::max);
    println!(
        "| {readers} | {idle:.1} | {:.0} | {worst:.0} | {cpu:.1} |",
        report::median(spreads),
    );
    Ok(())
}

/// Waits until nobody has heard anything for a while.
async fn quiet(heard: &mut mpsc::UnboundedReceiver<Instant>) {
    let pause = Duration::from_millis(300);
    while tokio::time::timeout(pause, heard.recv()).await.is_ok() {}
}
