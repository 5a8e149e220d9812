//! A server of its own for the JavaScript runner: gRPC over a Unix socket or a port of this machine.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use jail::Wall;
use runners::{Address, Listener};
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use zygote::Start;

/// Runs JavaScript sources in jail, for an Indelible elsewhere on this machine.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Where to listen: `unix:/run/indelible/javascript.sock` or `127.0.0.1:50052`.
    #[arg(long, default_value = "127.0.0.1:50052")]
    listen: Address,
    /// Walls of the jail to go without, where this machine cannot build them. Code is then less far
    /// away from this machine.
    #[arg(long, value_delimiter = ',')]
    accept_missing: Vec<String>,
    /// Serve as a zygote over standard input. For this program's own use.
    #[arg(long, hide = true)]
    zygote: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("indelible-javascript: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    let accepted = walls(&args.accept_missing)?;
    if args.zygote {
        return javascript::zygote(accepted).map_err(|error| error.to_string());
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut arguments = vec!["--zygote".to_owned()];
    if !args.accept_missing.is_empty() {
        arguments.push(format!(
            "--accept-missing={}",
            args.accept_missing.join(",")
        ));
    }
    serve(
        &args.listen,
        program,
        arguments,
        args.accept_missing.clone(),
    )
}

#[tokio::main]
async fn serve(
    listen: &Address,
    program: PathBuf,
    arguments: Vec<String>,
    missing: Vec<String>,
) -> Result<(), String> {
    let listener = match listen {
        Address::Unix(path) => UnixListener::bind(path).map(Listener::Unix),
        Address::Loopback(address) => TcpListener::bind(address).await.map(Listener::Tcp),
    };
    let listener = listener.map_err(|error| format!("{listen}: {error}"))?;
    let mut stop = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let until = async move {
        tokio::select! {
            _ = stop.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    let engine = javascript::runner(Start { program, arguments }, missing);
    let served = runners::serve(Arc::new(engine), listener, until).await;
    if let Address::Unix(path) = listen {
        let _ = std::fs::remove_file(path);
    }
    served.map_err(|error| error.to_string())
}

fn walls(names: &[String]) -> Result<BTreeSet<Wall>, String> {
    let wall = |name: &String| {
        let mut all = Wall::ALL.into_iter();
        let found = all.find(|wall| wall.to_string().eq_ignore_ascii_case(name));
        let known = || Wall::ALL.map(|wall| wall.to_string()).join(", ");
        found.ok_or_else(|| format!("there is no wall {name:?}; there are {}", known()))
    };
    names.iter().map(wall).collect()
}
