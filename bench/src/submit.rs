//! Submission: single requests against the bare handler, and bulk requests.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{self, Round};
use crate::report;
use crate::server::Server;

/// One timestamp a request; product and baseline in turn, A B A B.
pub(crate) async fn singles(
    program: &Path,
    clients: &[usize],
    seconds: u64,
    rounds: usize,
) -> anyhow::Result<()> {
    let product = Server::product(program, &[]).await?;
    let baseline = Server::baseline().await?;
    let data = "sha512:".to_owned() + &"5f".repeat(64);
    let body = format!(r#"{{"data":"{data}"}}"#);
    let json = "application/json";
    let request = Arc::new(client::post("/api/v1/ts/", json, json, body.as_bytes()));
    println!("{}\n", report::machine());
    println!(
        "| clients | product /s | bare handler /s | share | p50 ms | p99 ms | CPU µs | failed |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for clients in clients {
        let (mut ours, mut bare, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        let (mut latency, mut failures, mut cpu) = (client::histogram(), 0, Vec::new());
        for _ in 0..rounds {
            let length = Duration::from_secs(seconds);
            let ticks = product.cpu_ticks()?;
            let a = client::load(product.address, *clients, length, Arc::clone(&request)).await?;
            cpu.push((product.cpu_ticks()? - ticks) as f64 * 1e4 / a.answers.max(1) as f64);
            let b = client::load(baseline.address, *clients, length, Arc::clone(&request)).await?;
            ours.push(a.per_second());
            bare.push(b.per_second());
            shares.push(a.per_second() / b.per_second());
            failures += a.failures;
            latency.add(&a.latency)?;
        }
        println!(
            "| {clients} | {} | {} | {:.0} % | {} | {} | {:.1} | {failures} |",
            report::thousands(report::median(ours)),
            report::thousands(report::median(bare)),
            report::median(shares) * 100.0,
            report::ms(&latency, 0.5),
            report::ms(&latency, 0.99),
            report::median(cpu),
        );
    }
    Ok(())
}

/// How bulk requests look.
pub(crate) struct Bulk {
    pub(crate) size: usize,
    pub(crate) clients: usize,
    pub(crate) cbor: bool,
}

/// Many timestamps a request.
pub(crate) async fn bulk(
    program: &Path,
    load: &Bulk,
    seconds: u64,
    rounds: usize,
) -> anyhow::Result<()> {
    let product = Server::product(program, &[]).await?;
    let texts: Vec<String> = (0..load.size).map(|n| format!("sha256:{n:064x}")).collect();
    let (format, body) = if load.cbor {
        ("application/cbor", cbor_body(&texts))
    } else {
        (
            "application/json",
            serde_json::to_vec(&serde_json::json!({ "data": texts }))?,
        )
    };
    let request = Arc::new(client::post("/api/v1/ts/bulk", format, format, &body));
    println!("{}\n", report::machine());
    println!(
        "| format | a request | at once | timestamps/s | p50 ms | p99 ms | CPU ns each | failed |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for _ in 0..rounds {
        let ticks = product.cpu_ticks()?;
        let length = Duration::from_secs(seconds);
        let round =
            client::load(product.address, load.clients, length, Arc::clone(&request)).await?;
        let stamped = round.answers as f64 * load.size as f64;
        let cpu = (product.cpu_ticks()? - ticks) as f64 * 1e7 / stamped.max(1.0);
        print_bulk(format, load, &round, cpu);
    }
    Ok(())
}

fn print_bulk(format: &str, load: &Bulk, round: &Round, cpu_ns: f64) {
    println!(
        "| {format} | {} | {} | {} | {} | {} | {cpu_ns:.0} | {} |",
        load.size,
        load.clients,
        report::thousands(round.per_second() * load.size as f64),
        report::ms(&round.latency, 0.5),
        report::ms(&round.latency, 0.99),
        round.failures,
    );
}

/// `{"data": [texts…]}` in CBOR; texts are shorter than 256 bytes.
fn cbor_body(texts: &[String]) -> Vec<u8> {
    let mut body = b"\xa1\x64data\x9a".to_vec();
    body.extend_from_slice(
        &u32::try_from(texts.len())
            .expect("a sensible number")
            .to_be_bytes(),
    );
    for text in texts {
        body.extend_from_slice(&[0x78, u8::try_from(text.len()).expect("a short text")]);
        body.extend_from_slice(text.as_bytes());
    }
    body
}
