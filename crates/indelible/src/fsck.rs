//! `indelible fsck`: verifies everything that is stored, and says what is not as it must be.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use stamp::{Ledger, fsck};
use tlog::VerifierKey;

use crate::cli::WithJson;
use crate::config::{Config, StoreUrl};
use crate::home::Home;
use crate::say::Say;
use crate::wiring;

/// Between two lines of JSON about how far the check has come.
const TOLD_EVERY: Duration = Duration::from_secs(2);

/// Checks the log, the facts in it, the audit trail, the answers of sources and the table of jobs. They may be in use meanwhile.
pub(crate) async fn run(asked: &WithJson, config: &Config) -> anyhow::Result<ExitCode> {
    let say = Say::new(asked.json);
    let home = Home::at(&config.data);
    if config.store.url == StoreUrl::Sqlite && !home.dir().join("indelible.db").exists() {
        bail!("there is no log in {}", home.dir().display());
    }
    let backend = wiring::open(config, &home).await?;
    let keys = own_keys(&home, &*backend.store).await?;
    let bar = if say.shows_progress() {
        ProgressBar::new(0)
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} intervals, {eta} left") {
        bar.set_style(style);
    }
    let mut told = Instant::now();
    let report = fsck::check(&*backend.store, &keys, |progress| {
        bar.set_length(progress.of);
        bar.set_position(progress.intervals);
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            say.json(
                &json!({"event": "progress", "intervals": progress.intervals,
                "of": progress.of}),
            );
        }
    })
    .await?;
    let ledger = Ledger::new(Arc::clone(&backend.store));
    let facts = facts::fsck::check(&*backend.facts, &ledger).await?;
    let accounts = accounts::fsck::check(&*backend.accounts, &*backend.facts).await?;
    let evidence = intel::desk::fsck::check(&*backend.lookups).await?;
    let jobs = backend.jobs.inspect().await?;
    bar.finish_and_clear();
    let of_log = report.findings.iter().map(ToString::to_string);
    let of_facts = facts.findings.iter().map(ToString::to_string);
    let findings: Vec<String> = of_log
        .chain(of_facts)
        .chain(accounts.findings)
        .chain(evidence.findings.iter().map(ToString::to_string))
        .chain(jobs)
        .collect();
    for finding in &findings {
        say.event(
            &format!("found: {finding}"),
            &json!({"event": "finding", "message": finding}),
        );
    }
    let sound = findings.is_empty();
    let verdict = if sound {
        "the log is sound"
    } else {
        "THE LOG IS NOT SOUND"
    };
    let (stamped, waiting, entries) = (facts.stamped, facts.waiting, accounts.entries);
    let evidences = evidence.evidences;
    let fsck::Report {
        intervals,
        timestamps,
        forgotten,
        pooled,
        checkpoints,
        findings: _,
    } = &report;
    say.event(
        &format!(
            "{verdict}: {intervals} intervals, {timestamps} timestamps, {checkpoints} signed heads \
             checked; {pooled} timestamps wait, {forgotten} are past retention; {stamped} facts \
             checked, {waiting} wait to be stamped; {entries} entries of the audit trail; {evidences} \
             answers of sources; {} findings",
            findings.len()
        ),
        &json!({"event": "summary", "sound": sound, "intervals": intervals,
            "timestamps": timestamps, "checkpoints": checkpoints, "pooled": pooled,
            "forgotten": forgotten, "facts": stamped, "facts_waiting": waiting,
            "audit_entries": entries, "evidences": evidences,
            "findings": findings.len()}),
    );
    Ok(ExitCode::from(u8::from(!sound)))
}

/// The verifier keys of the secrets in the data folder; none where the log is sealed elsewhere.
async fn own_keys(home: &Home, store: &dyn stamp::Store) -> anyhow::Result<Vec<VerifierKey>> {
    let known = store.log_keys().await?;
    let Some(any) = known.last() else {
        return Ok(Vec::new());
    };
    let authority = any.vkey.split('+').next().unwrap_or_default();
    let keys = home.log_keys(authority)?;
    Ok(keys.iter().map(|key| key.public().clone()).collect())
}
