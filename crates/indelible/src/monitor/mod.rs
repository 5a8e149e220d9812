//! `indelible monitor`: follows a log, keeps its own copy, and says loudly when history changed.
//!
//! It trusts nothing that it did not recompute: signatures by keys that it knows, roots from its
//! own copy of the entries.

mod check;
mod copy;
mod remote;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base::{Clock as _, SystemClock};
use clap::Args;
use egress::{Egress, Limits};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tlog::VerifierKey;
use tlog::v1::TimeText;
use url::Url;

use self::check::{Finding, LookError, Outcome, look};
pub(crate) use self::copy::copied_entry;
use self::copy::{Copy, replace};
use self::remote::Remote;
use crate::config::Span;
use crate::say::Say;

/// A history that was rewritten, in the exit code.
const REWRITTEN: u8 = 3;
/// A smaller head may come from a cache that lags; after this many in a row it is a finding.
const SMALLER_MAX: u32 = 3;
/// Longest pause after failures.
const BACKOFF_MAX: Duration = Duration::from_mins(1);

/// `indelible monitor`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 stopped, or --once found nothing wrong; 1 the log cannot be \
    followed (unknown key, damaged copy, --once and unreachable); 2 wrong usage; 3 the log rewrote, \
    forked or shrank its history: evidence is in DIR/evidence."
)]
pub(crate) struct Options {
    /// The log: where its checkpoint is, or a server that has it below /log/
    url: Url,
    /// Folder of the copy: entries, the newest checkpoint, evidence
    #[arg(long, default_value = "./monitor")]
    dir: PathBuf,
    /// Verifier key of the log; may be given more than once. Default: what the log publishes when
    /// it is first seen, remembered in DIR
    #[arg(long, value_name = "VKEY")]
    key: Vec<VerifierKey>,
    /// Look once, then stop
    #[arg(long)]
    once: bool,
    /// Time between looks
    #[arg(long, value_name = "TIME", default_value = "5s")]
    every: Span,
    /// One JSON object a line instead of words
    #[arg(long)]
    json: bool,
}

/// What is remembered of a log besides its entries.
#[derive(Serialize, Deserialize)]
struct Known {
    prefix: Url,
    v1: Option<Url>,
    keys: Vec<String>,
}

/// Follows the log until a signal, or until it breaks its promise. A signal may come at any point:
/// what was not kept is cut off at the next start.
pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let say = Say::new(options.json);
    tokio::select! {
        ended = follow(say, &options) => ended,
        () = crate::signals::stop() => {
            say.event("stopped", &json!({"event": "stopped"}));
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn follow(say: Say, options: &Options) -> anyhow::Result<ExitCode> {
    let mut copy = Copy::open(&options.dir)?;
    let egress = Egress::new(Limits::default())?;
    let mut pause = Pause::new(options.every.0);
    let (remote, keys) = loop {
        match meet(options, egress.clone(), say).await {
            Ok(met) => break met,
            Err(Meeting::Later(why)) if !options.once => {
                pause.after_trouble(say, &why);
                pause.sleep().await;
            }
            Err(Meeting::Later(why) | Meeting::Never(why)) => return Err(why),
        }
    };
    say.event(
        &format!(
            "following {} at {}, {} entries in {}{}",
            keys[0].name(),
            remote.prefix,
            copy.kept_size(),
            options.dir.display(),
            if remote.v1.is_some() {
                ", protocol v1 too"
            } else {
                ""
            }
        ),
        &json!({"event": "following", "origin": keys[0].name(), "url": remote.prefix,
            "size": copy.kept_size(), "v1": remote.v1.is_some()}),
    );
    let mut smaller = 0;
    loop {
        let outcome = look(&remote, &mut copy, &keys, |at, of| {
            if of - at > 0 && at.is_multiple_of(25_600) {
                say.event(
                    &format!("copied {at} of {of} entries"),
                    &json!({"event": "copying", "size": at, "of": of}),
                );
            }
        })
        .await;
        match outcome {
            Ok(Outcome::Broken(finding)) => return alarm(say, options, &finding),
            Ok(Outcome::Smaller(finding)) => {
                smaller += 1;
                if smaller >= SMALLER_MAX {
                    return alarm(say, options, &finding);
                }
                let words = format!("{}; a cache may lag, looking again", finding.words);
                say.event(
                    &words,
                    &json!({"event": "smaller", "message": finding.words}),
                );
            }
            Ok(outcome) => {
                smaller = 0;
                pause.after_success(say);
                told(say, &outcome, options.once, copy.kept_size());
                if options.once {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            Err(LookError::Trouble(why)) if !options.once => {
                pause.after_trouble(say, &why.into());
            }
            Err(error) => return Err(error.into()),
        }
        pause.sleep().await;
    }
}

fn told(say: Say, outcome: &Outcome, once: bool, size: u64) {
    match outcome {
        Outcome::Grown {
            from,
            to,
            witnesses,
        } => say.event(
            &format!(
                "{}  {from} → {to} entries: signature, both histories and every entry agree{}",
                TimeText::of_micros(SystemClock.now().0),
                match witnesses {
                    0 => String::new(),
                    n => format!("; {n} more signatures, of witnesses"),
                }
            ),
            &json!({"event": "grown", "from": from, "to": to, "witnesses": witnesses}),
        ),
        Outcome::Unchanged if once => say.event(
            &format!("{size} entries, unchanged, and still the ones we know"),
            &json!({"event": "unchanged", "size": size}),
        ),
        _ => {}
    }
}

/// Why the log could not be met.
enum Meeting {
    /// It may be there later.
    Later(anyhow::Error),
    /// Waiting does not help.
    Never(anyhow::Error),
}

/// Finds the log and its keys, or remembers them.
async fn meet(
    options: &Options,
    egress: Egress,
    say: Say,
) -> Result<(Remote, Vec<VerifierKey>), Meeting> {
    let path = options.dir.join("log.json");
    if let Ok(text) = std::fs::read_to_string(&path) {
        return remembered(options, egress, &path, &text).map_err(Meeting::Never);
    }
    let remote = Remote::find(egress, &options.url)
        .await
        .map_err(|why| Meeting::Later(anyhow::Error::new(why).context("no log found there")))?;
    let keys = if options.key.is_empty() {
        let keys = remote.published_keys().await.map_err(Meeting::Later)?;
        if keys.is_empty() {
            let why = "the log does not publish its key: give it with --key";
            return Err(Meeting::Never(anyhow::anyhow!(why)));
        }
        say.event(
            &format!(
                "first seen with the key {}; compare it with what its operator says",
                keys[0]
            ),
            &json!({"event": "first-seen", "vkey": keys[0].to_string()}),
        );
        keys
    } else {
        options.key.clone()
    };
    let known = Known {
        prefix: remote.prefix.clone(),
        v1: remote.v1.clone(),
        keys: keys.iter().map(ToString::to_string).collect(),
    };
    let text = serde_json::to_vec_pretty(&known).map_err(|why| Meeting::Never(why.into()))?;
    replace(&path, &text).map_err(Meeting::Never)?;
    Ok((remote, keys))
}

fn remembered(
    options: &Options,
    egress: Egress,
    path: &Path,
    text: &str,
) -> anyhow::Result<(Remote, Vec<VerifierKey>)> {
    let damaged = || format!("{} is damaged", path.display());
    let known: Known = serde_json::from_str(text).with_context(damaged)?;
    if !known
        .prefix
        .as_str()
        .starts_with(options.url.as_str().trim_end_matches('/'))
    {
        bail!(
            "{} holds the copy of {}; give another --dir for {}",
            options.dir.display(),
            known.prefix,
            options.url
        );
    }
    let keys: Result<Vec<VerifierKey>, _> = known.keys.iter().map(|key| key.parse()).collect();
    let mut keys = keys.with_context(damaged)?;
    if !options.key.is_empty() {
        keys.clone_from(&options.key);
    }
    Ok((Remote::known(egress, known.prefix, known.v1), keys))
}

/// Says it loudly and keeps the evidence.
fn alarm(say: Say, options: &Options, finding: &Finding) -> anyhow::Result<ExitCode> {
    let now = TimeText::of_micros(SystemClock.now().0)
        .to_string()
        .replace(':', "-");
    let dir = options
        .dir
        .join("evidence")
        .join(format!("{now}-{}", finding.kind));
    std::fs::create_dir_all(&dir)?;
    for (name, bytes) in &finding.evidence {
        replace(&dir.join(name), bytes)?;
    }
    let report = json!({"event": finding.kind, "message": finding.words,
        "since_entry": finding.since_entry, "evidence": dir});
    replace(&dir.join("finding.json"), report.to_string().as_bytes())?;
    say.event(
        &format!(
            "ALARM: {}.\nEvidence with both signed checkpoints: {}\nShow it to others: whoever \
             has it can check it without trusting you.",
            finding.words,
            dir.display()
        ),
        &report,
    );
    Ok(ExitCode::from(REWRITTEN))
}

/// How long to wait between looks: as asked, longer and longer after failures.
struct Pause {
    every: Duration,
    troubles: u32,
}

impl Pause {
    fn new(every: Duration) -> Self {
        Self { every, troubles: 0 }
    }

    fn after_success(&mut self, say: Say) {
        if self.troubles > 0 {
            say.event("the log answers again", &json!({"event": "answers-again"}));
        }
        self.troubles = 0;
    }

    fn after_trouble(&mut self, say: Say, why: &anyhow::Error) {
        self.troubles += 1;
        let next = self.length();
        say.event(
            &format!("{why:#}; looking again in {}", Span(next)),
            &json!({"event": "trouble", "message": format!("{why:#}"), "attempt": self.troubles}),
        );
    }

    fn length(&self) -> Duration {
        match self.troubles {
            0 => self.every,
            n => Duration::from_secs(1)
                .saturating_mul(1 << (n - 1).min(6))
                .min(BACKOFF_MAX),
        }
    }

    async fn sleep(&self) {
        tokio::time::sleep(self.length()).await;
    }
}
