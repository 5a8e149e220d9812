//! `indelible keys`: the log's keys, and changing to a new one.

use std::process::ExitCode;

use anyhow::bail;
use base::SystemEntropy;
use serde_json::json;
use stamp::LogKey;

use crate::cli::{Keys, KeysAction};
use crate::config::Config;
use crate::home::Home;
use crate::say::Say;
use crate::wiring;

/// Lists or rotates.
pub(crate) async fn run(asked: &Keys, config: &Config) -> anyhow::Result<ExitCode> {
    let say = Say::new(asked.json);
    let home = Home::at(&config.data);
    if !home.dir().exists() {
        bail!(
            "{} does not exist: no log was started there",
            home.dir().display()
        );
    }
    let backend = wiring::open(config, &home).await?;
    let known = backend.store.log_keys().await?;
    let head = backend.store.head().await?;
    let Some(newest) = known.last() else {
        bail!("the log has no key yet: it gets one at its first start");
    };
    let authority = newest.vkey.split('+').next().unwrap_or_default().to_owned();
    if let KeysAction::Rotate = asked.action {
        if home.log_keys(&authority)?.is_empty() {
            bail!(
                "{} holds no key of the log {authority}: rotate where it is sealed",
                home.keys().display()
            );
        }
        let key = home
            .add_log_key(&authority, &SystemEntropy)?
            .public()
            .to_string();
        say.event(
            &format!(
                "made {key}\nThe server signs with it, and with the old keys too, from its next \
                 start on. Tell those who pinned the old key before you take that out of {}.",
                home.keys().display()
            ),
            &json!({"event": "made", "vkey": key}),
        );
        return Ok(ExitCode::SUCCESS);
    }
    let ours: Vec<String> = home
        .log_keys(&authority)?
        .iter()
        .map(|key| key.public().to_string())
        .collect();
    for LogKey { vkey, since_size } in known.iter().rev() {
        let secret = ours.contains(vkey);
        say.event(
            &format!(
                "{vkey}\n  signs since size {since_size}; {}",
                if secret {
                    "its secret is here"
                } else {
                    "its secret is not in this folder"
                }
            ),
            &json!({"vkey": vkey, "since_size": since_size, "secret_here": secret}),
        );
    }
    for vkey in ours
        .iter()
        .filter(|ours| known.iter().all(|key| key.vkey != **ours))
    {
        say.event(
            &format!(
                "{vkey}\n  will sign from the next start on (now at size {})",
                head.size
            ),
            &json!({"vkey": vkey, "since_size": null, "secret_here": true}),
        );
    }
    Ok(ExitCode::SUCCESS)
}
