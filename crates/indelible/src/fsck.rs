//! `indelible fsck`: verifies everything that is stored, and says what is not as it must be.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use stamp::fsck;
use tlog::VerifierKey;

use crate::cli::WithJson;
use crate::config::{Config, StoreUrl};
use crate::home::Home;
use crate::say::Say;
use crate::wiring;

/// Between two lines of JSON about how far the check has come.
const TOLD_EVERY: Duration = Duration::from_secs(2);

/// Checks the whole log. It may be in use meanwhile.
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
    bar.finish_and_clear();
    for finding in &report.findings {
        say.event(
            &format!("found: {finding}"),
            &json!({"event": "finding", "message": finding.to_string()}),
        );
    }
    let sound = report.is_sound();
    let verdict = if sound {
        "the log is sound"
    } else {
        "THE LOG IS NOT SOUND"
    };
    let fsck::Report {
        intervals,
        timestamps,
        forgotten,
        pooled,
        checkpoints,
        findings,
    } = &report;
    say.event(
        &format!(
            "{verdict}: {intervals} intervals, {timestamps} timestamps, {checkpoints} signed heads \
             checked; {pooled} timestamps wait, {forgotten} are past retention; {} findings",
            findings.len()
        ),
        &json!({"event": "summary", "sound": sound, "intervals": intervals,
            "timestamps": timestamps, "checkpoints": checkpoints, "pooled": pooled,
            "forgotten": forgotten, "findings": findings.len()}),
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
