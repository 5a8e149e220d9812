//! `indelible stamp`: hashes files here, sends the digests, and writes a proof file beside each.

mod client;
mod items;
mod proofs;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use base::{Clock as _, SystemClock};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tlog::v1::{Data, Timestamp};
use tlog::{StampedData, TimestampProof};
use url::Url;

use self::client::Client;
use self::items::{Item, Source, items};
use self::proofs::{Template, Templates, proof_of};
use crate::Usage;
use crate::digest::Algorithm;
use crate::known_logs::KnownLogs;
use crate::parallel::in_parallel;
use crate::say::Say;
use crate::verify::{read_proof, stamped_data};
use crate::walk::Pattern;

/// Most files that are hashed, submitted and sealed together.
const ROUND_FILES_MAX: usize = 20_000;
/// A round ends once this much was to be hashed, so that an interrupted run keeps what it did.
const ROUND_BYTES_MAX: u64 = 4 << 30;

/// `indelible stamp`.
#[derive(Args)]
#[command(
    after_help = "Only digests leave this machine. Files that have a proof that fits them already \
    are left alone, so an interrupted run can be started again.\n\nExit codes: 0 everything is \
    stamped; 1 something could not be stamped; 2 wrong usage or unreadable files."
)]
pub(crate) struct Options {
    /// Files and folders; - is standard input
    #[arg(value_name = "FILE", required_unless_present = "digest")]
    paths: Vec<PathBuf>,
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8080", env = "INDELIBLE_URL")]
    url: Url,
    /// A digest to be stamped as it is: 128 hex digits of SHA-512, or sha256:…
    #[arg(long, value_name = "HEX", value_parser = crate::digest::data_of_argument)]
    digest: Vec<String>,
    /// Tag under which the server lists these timestamps: 1 to 36 characters. Each is then sent on
    /// its own
    #[arg(long, value_parser = tag)]
    tag: Option<String>,
    /// Folder for the proofs, with the tree of the files; default: beside each file
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Leave out files and folders of this name or path: *, ? and ** are understood
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<Pattern>,
    /// Wait until a witness has cosigned the head that proves each timestamp
    #[arg(long)]
    witnessed: bool,
    /// Stamp again what has a fitting proof already
    #[arg(long)]
    force: bool,
    /// One JSON object a line instead of words
    #[arg(long)]
    json: bool,
}

fn tag(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=36 => Ok(text.to_owned()),
        count => Err(format!("a tag has 1 to 36 characters, not {count}")),
    }
}

/// An item with its data, ready to be sent.
struct Hashed {
    item: Item,
    data: String,
}

#[derive(Default)]
struct Tally {
    stamped: u64,
    fitting: u64,
    failed: u64,
}

/// Stamps everything, round by round.
pub(crate) async fn run(
    options: Options,
    environment: &BTreeMap<String, OsString>,
) -> anyhow::Result<ExitCode> {
    let say = Say::new(options.json);
    let found = items(&options).map_err(Usage::of)?;
    if found.skipped > 0 {
        say.event(
            &format!("{} links and special files are left out", found.skipped),
            &json!({"event": "skipped", "count": found.skipped}),
        );
    }
    if found.items.is_empty() {
        return Err(Usage::of(anyhow::anyhow!("there is no file to stamp")));
    }
    let mut known = KnownLogs::of(environment)?;
    let client = Client::new(&options.url)?;
    let total_bytes: u64 = found.items.iter().map(|item| item.bytes).sum();
    let bar = bar(say, total_bytes);
    let mut tally = Tally::default();
    let count = found.items.len();
    for round in rounds(found.items) {
        let hashed = hash_all(round, &options, &bar, say, &mut tally);
        if hashed.is_empty() {
            continue;
        }
        bar.set_message(format!("sealing {}", hashed.len()));
        let stamped = seal(&client, &options, &hashed, &mut known, say).await;
        bar.set_message("");
        match stamped {
            Ok((stamped, failed)) => {
                tally.stamped += stamped;
                tally.failed += failed;
            }
            Err(error) => {
                bar.abandon();
                let done = tally.stamped + tally.fitting;
                return Err(match done {
                    0 => error,
                    done => error.context(format!(
                        "{done} of {count} are stamped; start again to go on"
                    )),
                });
            }
        }
    }
    bar.finish_and_clear();
    summary(say, &tally, known.path());
    Ok(ExitCode::from(u8::from(tally.failed > 0)))
}

fn summary(say: Say, tally: &Tally, known: &Path) {
    let Tally {
        stamped,
        fitting,
        failed,
    } = tally;
    let some = |count: u64, words: &str| match count {
        0 => String::new(),
        count => format!(", {count} {words}"),
    };
    let (already, not) = (
        some(*fitting, "had a fitting proof already"),
        some(*failed, "FAILED"),
    );
    say.event(
        &format!("{stamped} stamped{already}{not}"),
        &json!({"event": "summary", "stamped": stamped, "fitting": fitting, "failed": failed,
            "known_logs": known}),
    );
}

fn bar(say: Say, bytes: u64) -> ProgressBar {
    if !say.shows_progress() {
        return ProgressBar::hidden();
    }
    let style = "{bar:30} {bytes}/{total_bytes} hashed, {eta} left  {msg}";
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Splits the work so that each round is done, and kept, before the next begins.
fn rounds(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut rounds: Vec<Vec<Item>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let full = |round: &Vec<Item>| round.len() >= ROUND_FILES_MAX || bytes >= ROUND_BYTES_MAX;
        if rounds.last().is_none_or(full) {
            rounds.push(Vec::new());
            bytes = 0;
        }
        bytes += item.bytes;
        if let Some(round) = rounds.last_mut() {
            round.push(item);
        }
    }
    rounds
}

/// Hashes on every core; what has a fitting proof already is dropped, what cannot be read is told.
fn hash_all(
    items: Vec<Item>,
    options: &Options,
    bar: &ProgressBar,
    say: Say,
    tally: &mut Tally,
) -> Vec<Hashed> {
    let outcomes = in_parallel(&items, |item| hash(item, options.force, bar));
    let mut hashed = Vec::with_capacity(items.len());
    for (item, outcome) in items.into_iter().zip(outcomes) {
        match outcome {
            Ok(Some(data)) => hashed.push(Hashed { item, data }),
            Ok(None) => tally.fitting += 1,
            Err(why) => {
                tally.failed += 1;
                failed(say, bar, &item, &why);
            }
        }
    }
    hashed
}

fn failed(say: Say, bar: &ProgressBar, item: &Item, why: &anyhow::Error) {
    bar.suspend(|| {
        say.event(
            &format!("FAILED  {}: {why:#}", item.name),
            &json!({"event": "failed", "file": item.name, "reason": format!("{why:#}")}),
        );
    });
}

/// What is to be stamped of an item; `None` when its proof is there and fits.
fn hash(item: &Item, force: bool, bar: &ProgressBar) -> anyhow::Result<Option<String>> {
    let algorithm = Algorithm::Sha512;
    let data = match &item.source {
        Source::Data(data) => data.clone(),
        Source::Stdin => algorithm.data(&mut std::io::stdin().lock(), &mut |_| {})?,
        Source::File(path) => algorithm.data_of_file(path, &mut |bytes| bar.inc(bytes))?,
    };
    if !force && fits(&item.proof, &data) {
        return Ok(None);
    }
    Ok(Some(data))
}

/// Whether there is a proof already that speaks of this data and holds.
fn fits(path: &Path, data: &str) -> bool {
    let Ok(proof) = read_proof(path) else {
        return false;
    };
    let speaks_of =
        stamped_data(&proof).is_some_and(|stamped| stamped.as_data() == Data::Text(data));
    speaks_of
        && proof
            .verify(Some(Data::Text(data)), tlog::Trust::default())
            .is_ok()
}

/// Submits a round, waits for its seal, checks every proof as `verify` would, and writes it.
async fn seal(
    client: &Client,
    options: &Options,
    hashed: &[Hashed],
    known: &mut KnownLogs,
    say: Say,
) -> anyhow::Result<(u64, u64)> {
    let data: Vec<&str> = hashed.iter().map(|hashed| hashed.data.as_str()).collect();
    let timestamps = client.stamp(&data, options.tag.as_deref()).await?;
    let mut templates = Templates::new(options.witnessed);
    for timestamp in &timestamps {
        let key = &templates.fetch(client, timestamp).await?.key;
        if known.meet(key, options.url.as_str(), SystemClock.now())? {
            let path = known.path().display();
            say.event(
                &format!("first seen: the log {key}, remembered in {path}"),
                &json!({"event": "first-seen", "vkey": key.to_string()}),
            );
        }
    }
    let pairs: Vec<(&Hashed, &Timestamp)> = hashed.iter().zip(&timestamps).collect();
    let outcomes = in_parallel(&pairs, |(hashed, timestamp)| {
        let template = templates.of(timestamp)?;
        let proof = proof_of(template, timestamp, &hashed.data)
            .with_context(|| format!("the server's proof of {} does not hold", hashed.item.name))?;
        anyhow::Ok(keep(&hashed.item.proof, &hashed.data, &proof.to_string()))
    });
    let (mut stamped, mut failures) = (0, 0);
    for ((hashed, timestamp), outcome) in pairs.into_iter().zip(outcomes) {
        if let Err(why) = outcome? {
            failures += 1;
            failed(say, &ProgressBar::hidden(), &hashed.item, &why);
            continue;
        }
        stamped += 1;
        tell(
            say,
            hashed,
            timestamp,
            templates.of(timestamp)?,
            timestamps.len(),
        );
    }
    Ok((stamped, failures))
}

/// One line for programs; for people only when there is one file.
fn tell(say: Say, hashed: &Hashed, timestamp: &Timestamp, template: &Template, count: usize) {
    let proof = &hashed.item.proof;
    say.json(&json!({
        "event": "stamped", "file": hashed.item.name, "proof": proof,
        "data": hashed.data, "time": timestamp.time.as_str(),
        "interval": template.index, "id": uuid::Uuid::from_bytes(timestamp.id).to_string(),
        "log": template.key.name(),
    }));
    if count == 1 {
        say.words(&format!(
            "{}: stamped at {}, interval {}",
            proof.display(),
            timestamp.time,
            template.index
        ));
    }
}

/// Writes a proof in the place of one of the same data.
fn keep(path: &Path, data: &str, proof: &str) -> anyhow::Result<()> {
    put_aside(path, data)?;
    write(path, proof)
}

/// Keeps the proof of a file's earlier content under another name, with its time behind: it may be
/// the only one there is.
fn put_aside(path: &Path, data: &str) -> anyhow::Result<()> {
    let Ok(proof) = read_proof(path) else {
        return Ok(());
    };
    let earlier = proof
        .extra
        .as_ref()
        .map(|extra| TimestampProof::from_cbor(extra));
    let Some(Ok(earlier)) = earlier else {
        return Ok(());
    };
    let is_same = |stamped: &StampedData| stamped.as_data() == Data::Text(data);
    if earlier.data.as_ref().is_some_and(is_same) {
        return Ok(());
    }
    let digits: String = earlier
        .time
        .as_str()
        .chars()
        .filter(|c| *c != ':' && *c != '-')
        .collect();
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{digits}"));
    std::fs::rename(path, &aside).with_context(|| format!("{} cannot be kept", path.display()))
}

/// Writes a proof so that nobody ever sees half of it.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let at = || format!("{} cannot be written", path.display());
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).with_context(at)?;
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let mut file = std::fs::File::create(&fresh).with_context(at)?;
    file.write_all(text.as_bytes()).with_context(at)?;
    drop(file);
    std::fs::rename(&fresh, path).with_context(at)
}
