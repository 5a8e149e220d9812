//! whois.cymru.com: whose network an address is in (RFC 3912, in Cymru's own words).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::{Heard, Mode, State};

/// The slug under which requests are remembered and modes set.
const SLUG: &str = "whois";
/// What it knows.
const ROWS: &str = include_str!("../data/whois.txt");
/// Above the row of an address, and of a network.
const ADDRESS_HEAD: &str =
    "AS      | IP               | BGP Prefix          | CC | Registry | Allocated  | AS Name";
const NETWORK_HEAD: &str = "AS      | CC | Registry | Allocated  | AS Name";

/// Serves until the task is aborted.
pub(crate) async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            // Whoever hangs up has heard enough.
            let _ = talk(&state, stream).await;
        });
    }
}

async fn talk(state: &State, stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    state.remember(
        SLUG,
        Heard {
            method: "WHOIS".into(),
            path: line.clone(),
            headers: Vec::new(),
            body: Bytes::new(),
        },
    );
    let asked = line.trim().trim_start_matches("-v").trim();
    let set = state.mode(SLUG);
    let mode = if set == Mode::Normal {
        Mode::of(asked)
    } else {
        set
    };
    match mode {
        Mode::Hang => std::future::pending().await,
        Mode::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Mode::Error | Mode::Inwards => {
            return stream
                .write_all(b"Error: no ASN or IP match on line 1.\n")
                .await;
        }
        Mode::Limit | Mode::Unauthorized => {
            let words = b"Error: too many queries, you have been blocked.\n";
            return stream.write_all(words).await;
        }
        Mode::Garbage => return stream.write_all(b"\xff\xfe||||\n|||\n").await,
        Mode::Long => loop {
            stream.write_all(&[b' '; 4096]).await?;
        },
        // Nothing at all before the end.
        Mode::Cut => return Ok(()),
        Mode::Normal => {}
    }
    let found = ROWS
        .lines()
        .find_map(|row| row.split_once('\t').filter(|(known, _)| *known == asked));
    let is_network = asked.starts_with("AS");
    let head = if is_network {
        NETWORK_HEAD
    } else {
        ADDRESS_HEAD
    };
    let row = match found {
        Some((_, row)) => row.to_owned(),
        None if is_network => "NA      | NA | NA       | NA         | NA".to_owned(),
        None => {
            format!("NA      | {asked:<16} | NA                  |    |          |            | NA")
        }
    };
    stream
        .write_all(format!("{head}\n{row}\n").as_bytes())
        .await?;
    stream.shutdown().await
}
