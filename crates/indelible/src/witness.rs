//! `indelible witness`: cosigns the heads of other logs, as C2SP `tlog-witness` has it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use base::{SystemClock, SystemEntropy};
use clap::Args;
use serde_json::json;
use stamp::witness::Witness;
use store_sqlite::SqliteStore;
use tlog::VerifierKey;
use web::{Web, WebSettings};

use crate::config::TraceFormat;
use crate::home::Home;
use crate::say::Say;
use crate::serve::Door;
use crate::{signals, trace};

/// `indelible witness`.
#[derive(Args)]
#[command(
    after_help = "Tell the logs' operators the key and the address that are printed at the start: \
    for Indelible they go into [log] witnesses.\n\nExit codes: 0 stopped by a signal; 1 it could \
    not start; 2 wrong usage."
)]
pub(crate) struct Options {
    /// Folder of this witness: its key and its memory. Made at first start
    #[arg(long, value_name = "DIR", default_value = "./witness")]
    data: PathBuf,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// Verifier key of a log to watch, or a file with one a line; may be given more than once
    #[arg(long, value_name = "VKEY|FILE", required = true)]
    log: Vec<String>,
    /// Name of this witness, such as witness.example.org; stands in every cosignature, for ever
    #[arg(long, value_name = "NAME")]
    name: String,
    /// One JSON object a line instead of words
    #[arg(long)]
    json: bool,
}

/// Serves until SIGINT or SIGTERM.
pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let format = if options.json {
        TraceFormat::Json
    } else {
        TraceFormat::Pretty
    };
    trace::start_lines(format, "info");
    let say = Say::new(options.json);
    let logs = logs(&options.log)?;
    let door = Door::claim(options.listen, &Home::at(&options.data))?;
    let home = Home::make(&options.data)?;
    keep_name(&home, &options.name)?;
    let key = home.witness_key(&options.name, &SystemEntropy)?;
    let store = Arc::new(SqliteStore::open(home.dir())?);
    let names: Vec<&str> = logs.iter().map(VerifierKey::name).collect();
    let (vkey, address) = (key.public().to_string(), door.address());
    let words = format!(
        "Witness of {}\n  key       {vkey}\n  address   http://{address}\n  data      {}\n  \
         for logs  witnesses = [\"{vkey} http://{address}\"]",
        names.join(", "),
        home.dir().display()
    );
    let told = json!({"event": "serving", "vkey": vkey, "listen": address.to_string(),
        "logs": names});
    let witness = Witness::new(store, Arc::new(SystemClock), key, logs.clone());
    let web = Web::witness(Arc::new(witness), &SystemEntropy, WebSettings::default());
    let listener = door.open()?;
    say.event(&words, &told);
    web::serve(listener, web, signals::stop()).await?;
    Ok(ExitCode::SUCCESS)
}

/// The keys given, and those in the files given.
fn logs(given: &[String]) -> anyhow::Result<Vec<VerifierKey>> {
    let mut logs = Vec::new();
    for text in given {
        if let Ok(key) = text.parse() {
            logs.push(key);
            continue;
        }
        let lines = std::fs::read_to_string(text)
            .with_context(|| format!("--log {text}: neither a verifier key nor a readable file"))?;
        for (number, line) in lines.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = line.split_whitespace().next().unwrap_or_default();
            let at = || format!("{text}:{}: no verifier key", number + 1);
            logs.push(key.parse().with_context(at)?);
        }
    }
    if logs.is_empty() {
        bail!("no log to watch: --log gave no key");
    }
    Ok(logs)
}

/// A witness's name is part of its key, so it never changes.
fn keep_name(home: &Home, name: &str) -> anyhow::Result<()> {
    let path = home.dir().join("witness-name");
    match std::fs::read_to_string(&path) {
        Ok(kept) if kept.trim() == name => Ok(()),
        Ok(kept) => bail!(
            "the witness in {} is named {}: a name is for ever; begin another in another folder",
            home.dir().display(),
            kept.trim()
        ),
        Err(_) => {
            std::fs::write(&path, format!("{name}\n")).with_context(|| path.display().to_string())
        }
    }
}
