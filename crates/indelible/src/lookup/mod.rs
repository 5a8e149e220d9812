//! `indelible lookup`: what do sources say of an indicator? Asked through a running server, or here
//! with the data folder's own sources.

mod here;
mod prompt;
mod remote;
mod report;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use indicator::{Indicator, Kind, detect, parse};
use intel::{Reason, Summary, Tlp, Verdict};
use serde_json::Value;
use url::Url;

use self::here::Here;
use self::remote::Remote;
use self::report::Report;
use crate::Usage;
use crate::config::Config;
use crate::extract::kind;

/// Most indicators of one run: more are a bulk, which goes on when this program does not.
const VALUES_MAX: usize = 1000;

/// `indelible lookup`.
#[derive(Args)]
#[command(
    after_help = "Whom a lookup tells the value: `--plan` says it and asks nobody. Without --server \
    this program asks by itself, with the sources, secrets and history of --data; a server may be \
    using that folder meanwhile.\n\nExit codes: 0 nothing speaks against any of them; 1 something is \
    malicious or suspicious, or no source could be asked; 2 wrong usage.\n\nEnvironment: \
    INDELIBLE_TOKEN, an API token for --server."
)]
pub(crate) struct Options {
    /// What to look up, defanged or not; - reads one a line from standard input
    #[arg(value_name = "VALUE")]
    values: Vec<String>,
    /// What the values are; detected, unless said
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// Only these sources, by their slugs; all, unless said
    #[arg(long, value_name = "SLUG", value_delimiter = ',')]
    source: Vec<String>,
    /// How far the values may travel: clear, green, amber, amber+strict, red
    #[arg(long, value_name = "LABEL", default_value = "amber")]
    tlp: Tlp,
    /// Ask although an answer is at hand
    #[arg(long)]
    fresh: bool,
    /// Say who would see the values, and ask nobody
    #[arg(long)]
    plan: bool,
    /// Ask through a running server
    #[arg(long, value_name = "URL", env = "INDELIBLE_SERVER")]
    server: Option<Url>,
    /// File with an API token for the server
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: Config,
}

/// What is asked.
struct Wanted {
    indicator: Indicator,
    /// Slugs; none means all.
    sources: Option<Vec<String>>,
    tlp: Tlp,
    fresh: bool,
}

/// What came of one source.
struct Told {
    slug: String,
    name: String,
    outcome: Outcome,
    verdict: Verdict,
    confidence: u8,
    reasons: Vec<Reason>,
    took_ms: u64,
    cache_age_s: Option<u64>,
    link: Option<String>,
    /// SHA-256 of the sealed bytes, in hex.
    evidence: Option<String>,
    data: Value,
}

/// How asking a source ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Found,
    Nothing,
    /// Why there is no answer.
    Trouble(String),
    /// Why it was not asked.
    Skipped(String),
}

/// What a lookup tells, as it comes.
enum Event {
    /// The request's number.
    Began(String),
    Source(Box<Told>),
    /// All have come.
    Done(Summary),
}

/// Who would see a value, and who would not be asked.
struct Plan {
    /// Provider or source, what it would learn, its sources.
    sees: Vec<(String, String, Vec<String>)>,
    /// Source and why not.
    skipped: Vec<(String, String)>,
}

/// Who asks the sources.
enum Asker {
    Here(Box<Here>),
    Server(Remote),
}

impl Asker {
    async fn look_up(&self, wanted: &Wanted, tell: &mut dyn FnMut(Event)) -> anyhow::Result<()> {
        match self {
            Self::Here(here) => here.look_up(wanted, tell).await,
            Self::Server(remote) => remote.look_up(wanted, tell).await,
        }
    }

    async fn plan(&self, wanted: &Wanted) -> anyhow::Result<Plan> {
        match self {
            Self::Here(here) => here.plan(wanted).await,
            Self::Server(remote) => remote.plan(wanted).await,
        }
    }
}

/// Looks everything up, one after the other.
pub(crate) async fn run(
    options: &Options,
    config: &Config,
    environment: &BTreeMap<String, OsString>,
) -> anyhow::Result<ExitCode> {
    let is_asked = options.values.is_empty();
    let wanted = if is_asked {
        ensure!(
            io::stdin().is_terminal() && !options.json,
            Usage::of(anyhow::anyhow!(
                "say what to look up: a value, or - for standard input"
            ))
        );
        match prompt::wanted(options)? {
            Some(wanted) => vec![wanted],
            None => return Ok(ExitCode::SUCCESS),
        }
    } else {
        wanted(options).map_err(Usage::of)?
    };
    let asker = match &options.server {
        Some(url) => Asker::Server(Remote::new(url, &token(options, environment)?)?),
        None => Asker::Here(Box::new(Here::open(config).await?)),
    };
    let mut report = Report::new(options.json);
    for one in &wanted {
        if options.plan || is_asked {
            let plan = asker.plan(one).await?;
            report.plan(&one.indicator, &plan);
            if options.plan || !prompt::goes_on()? {
                continue;
            }
        }
        report.begin(&one.indicator);
        asker.look_up(one, &mut |event| report.event(event)).await?;
    }
    if let Asker::Here(here) = &asker {
        here.close().await;
    }
    Ok(report.end())
}

/// What the command line names.
fn wanted(options: &Options) -> anyhow::Result<Vec<Wanted>> {
    let mut values = Vec::new();
    for value in &options.values {
        if value == "-" {
            for line in io::stdin().lock().lines() {
                let line = line.context("standard input cannot be read")?;
                if !line.trim().is_empty() {
                    values.push(line);
                }
            }
        } else {
            values.push(value.clone());
        }
    }
    ensure!(
        values.len() <= VALUES_MAX,
        "there are {} values, at most {VALUES_MAX} are looked up one by one; start a bulk at /desk",
        values.len()
    );
    let sources = (!options.source.is_empty()).then(|| options.source.clone());
    let read = |value: &String| {
        Ok(Wanted {
            indicator: indicator(options.kind, value)?,
            sources: sources.clone(),
            tlp: options.tlp,
            fresh: options.fresh,
        })
    };
    values.iter().map(read).collect()
}

/// An indicator of a kind, or of the kind that it most likely is.
fn indicator(kind: Option<Kind>, value: &str) -> anyhow::Result<Indicator> {
    let shown: String = value.trim().chars().take(80).collect();
    match kind {
        Some(kind) => parse(kind, value).with_context(|| shown),
        None => match detect(value) {
            Some(found) => Ok(found),
            None => bail!("{shown:?} looks like no indicator; name its kind with --kind"),
        },
    }
}

/// The token for the server.
fn token(options: &Options, environment: &BTreeMap<String, OsString>) -> anyhow::Result<String> {
    if let Some(path) = &options.token_file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("--token-file {}", path.display()))?;
        return Ok(text.trim().to_owned());
    }
    let given = environment
        .get("INDELIBLE_TOKEN")
        .and_then(|token| token.to_str());
    match given.map(str::trim).filter(|token| !token.is_empty()) {
        Some(token) => Ok(token.to_owned()),
        None => Err(Usage::of(anyhow::anyhow!(
            "the server wants to know who asks: give --token-file, or INDELIBLE_TOKEN; tokens are \
             made at /account/tokens"
        ))),
    }
}
