//! Load drivers for the whole program. Each starts what it measures and what it is measured
//! against, runs the two in turn, stops both, and prints a Markdown table with ratios.
//!
//! Everything stays on the loopback address and ends by itself.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "the report is what this program is for"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "figures are given to three digits"
)]

mod baseline;
mod client;
mod listen;
mod live;
mod report;
mod server;
mod submit;
mod wait;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Load drivers; see docs/benchmarks.md for results.
#[derive(Parser)]
struct Args {
    /// The program to measure.
    #[arg(long, default_value = "target/release/indelible", global = true)]
    program: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// One timestamp a request, durable before the answer, against a bare axum handler.
    Submit {
        /// Connections, one request at a time each.
        #[arg(long, value_delimiter = ',', default_value = "64,512,2000")]
        clients: Vec<usize>,
        /// Seconds a round.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Rounds of each, in turn.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Many timestamps a request.
    Bulk {
        /// Timestamps a request.
        #[arg(long, default_value_t = 100_000)]
        size: usize,
        /// Requests at once.
        #[arg(long, default_value_t = 2)]
        clients: usize,
        /// Seconds a round.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Rounds.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Ask for CBOR instead of JSON.
        #[arg(long)]
        cbor: bool,
    },
    /// Waiters for proofs: how long after the seal the last is answered.
    Wait {
        /// Waiters in all.
        #[arg(long, value_delimiter = ',', default_value = "2000,10000,100000")]
        waiters: Vec<usize>,
        /// Intervals to go through.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Seconds from one seal to the next: as long as all waiters need to arrive.
        #[arg(long, default_value_t = 5)]
        interval: u64,
    },
    /// The live feed: memory of idle readers, and how long an event needs to reach all.
    Live {
        /// Readers in all; for every 19,500 of them a server is started.
        #[arg(long, value_delimiter = ',', default_value = "10000,100000,262144")]
        readers: Vec<usize>,
        /// Events to go through.
        #[arg(long, default_value_t = 5)]
        events: usize,
    },
    /// Readers of the live feed of one server.
    #[command(hide = true)]
    Listen {
        /// Where the server is.
        server: std::net::SocketAddr,
        /// How many.
        readers: usize,
    },
    /// The bare axum handler that `submit` is measured against.
    #[command(hide = true)]
    Baseline {
        /// Where to listen.
        listen: std::net::SocketAddr,
    },
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    // The load shares the machine with what it measures: one thread of its own is enough, and the
    // baseline gets as many as the program.
    let threads = if matches!(args.what, What::Baseline { .. }) {
        std::thread::available_parallelism()?.get()
    } else {
        1
    };
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?
        .block_on(async {
            match args.what {
                What::Submit {
                    clients,
                    seconds,
                    rounds,
                } => submit::singles(&args.program, &clients, seconds, rounds).await,
                What::Bulk {
                    size,
                    clients,
                    seconds,
                    rounds,
                    cbor,
                } => {
                    let load = submit::Bulk {
                        size,
                        clients,
                        cbor,
                    };
                    submit::bulk(&args.program, &load, seconds, rounds).await
                }
                What::Wait {
                    waiters,
                    rounds,
                    interval,
                } => wait::run(&args.program, &waiters, rounds, interval).await,
                What::Live { readers, events } => live::run(&args.program, &readers, events).await,
                What::Listen { server, readers } => listen::run(server, readers).await,
                What::Baseline { listen } => baseline::serve(listen).await,
            }
        })
}
