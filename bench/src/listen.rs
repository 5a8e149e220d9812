//! The readers of one server, in a process of their own. Says on standard output when all are
//! there, and of each event when the first and the last of them heard it.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::sync::mpsc;

use crate::client::Connection;

/// Asks for the feed as server-sent events.
const REQUEST: &[u8] =
    b"GET /api/v1/mth/live HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n";

pub(crate) async fn run(server: SocketAddr, readers: usize) -> anyhow::Result<()> {
    let (told, mut heard) = mpsc::unbounded_channel();
    for _ in 0..readers {
        let mut connection = Connection::open(server).await?;
        connection.start(REQUEST).await?;
        let told = told.clone();
        tokio::spawn(async move {
            while let Ok(chunk) = connection.read_chunk().await {
                if chunk.windows(5).any(|at| at == b"data:") && told.send(()).is_err() {
                    break;
                }
            }
        });
        // The head that everybody has first.
        heard.recv().await.context("readers live")?;
    }
    say("there")?;
    loop {
        for reader in 0..readers {
            heard.recv().await.context("readers live")?;
            if reader == 0 {
                say("first")?;
            }
        }
        say("last")?;
    }
}

fn say(word: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{word}")?;
    out.flush()
}
