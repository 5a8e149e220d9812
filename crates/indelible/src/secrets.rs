//! `indelible secrets`: which secrets sources have, and changing the key that they are sealed under.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use base::{Actor, Clock, Entropy, SystemClock, SystemEntropy};
use intel::secrets::SecretKey;
use serde_json::json;
use tlog::v1::TimeText;

use crate::cli::{Secrets, SecretsAction};
use crate::config::{Config, StoreUrl};
use crate::home::Home;
use crate::say::Say;
use crate::{background, desk, wiring};

/// Lists, or rotates. The server may run meanwhile: it reads the key files again when it has to.
pub(crate) async fn run(asked: &Secrets, config: &Config) -> anyhow::Result<ExitCode> {
    let home = Home::at(&config.data);
    if config.store.url == StoreUrl::Sqlite && !home.dir().join("indelible.db").exists() {
        bail!("there are no secrets in {}", home.dir().display());
    }
    let backend = wiring::open(config, &home).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let jobs = background::jobs(config, &backend, &clock, &entropy);
    let registry = desk::registry(config, &backend, &jobs, (&clock, &entropy)).await?;
    let vault = desk::vault(&home, &registry, &*entropy).await?;
    let say = Say::new(asked.json);
    match asked.action {
        SecretsAction::List => {
            let (sources, unreadable) = (registry.current(), vault.unreadable());
            for secret in sources.secrets() {
                let uses = sources.uses(secret.id);
                let uses: Vec<String> = uses
                    .map(|(source, state)| format!("{}/{}", source.slug, state.slot.name))
                    .collect();
                let ends = secret
                    .expires_at
                    .map(|at| TimeText::of_micros(at.0).to_string());
                let is_broken = unreadable.contains(&secret.id);
                say.event(
                    &format!(
                        "{}  {}{}{}",
                        secret.name,
                        if uses.is_empty() {
                            "stands nowhere".to_owned()
                        } else {
                            uses.join(", ")
                        },
                        ends.as_ref()
                            .map(|at| format!(", ends {at}"))
                            .unwrap_or_default(),
                        if is_broken {
                            ", CANNOT BE DECRYPTED"
                        } else {
                            ""
                        },
                    ),
                    &json!({"id": secret.id.0, "name": secret.name, "uses": uses,
                        "expires_at": ends, "readable": !is_broken}),
                );
            }
            if sources.secrets().is_empty() {
                say.words("there are no secrets yet: set them at /desk/secrets");
            }
            Ok(ExitCode::from(u8::from(!unreadable.is_empty())))
        }
        SecretsAction::Rotate => {
            let next = SecretKey::new(&home.next_secret_key(&*entropy)?).id();
            // An earlier change may have come so far, and no further.
            let count = if vault.key_in_use().await? == next {
                0
            } else {
                vault.rotate(&Actor::PRODUCT, next).await?
            };
            home.promote_secret_key()?;
            say.event(
                &format!(
                    "{count} secrets are sealed under the new key {next}, in {}. Other machines \
                     that use this database need a copy of secrets.key.",
                    home.keys().display()
                ),
                &json!({"event": "rotated", "secrets": count, "key": next.to_string()}),
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}
