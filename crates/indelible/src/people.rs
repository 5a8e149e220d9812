//! `indelible accounts …`: for whoever has the machine, when nobody can sign in any more.

use std::process::ExitCode;
use std::sync::Arc;

use accounts::{Accounts, OperatorError, User, UserFilter};
use anyhow::bail;
use base::{Clock, Entropy, SystemClock, SystemEntropy};
use serde_json::json;

use crate::Usage;
use crate::cli::{AccountsAction, AccountsCommand};
use crate::config::{Config, StoreUrl};
use crate::home::Home;
use crate::say::Say;
use crate::{background, carriers, rooms, wiring};

/// Accounts read at a time.
const USERS_AT_ONCE: usize = 200;

/// Lists accounts, or changes one. The server may run meanwhile.
pub(crate) async fn run(asked: &AccountsCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let home = Home::at(&config.data);
    if config.store.url == StoreUrl::Sqlite && !home.dir().join("indelible.db").exists() {
        bail!("there are no accounts in {}", home.dir().display());
    }
    let backend = wiring::open(config, &home).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let jobs = background::jobs(config, &backend, &clock, &entropy);
    let accounts = rooms::accounts(
        config,
        &home,
        &backend,
        &jobs,
        carriers::transports(config)?,
        (&clock, &entropy),
        rooms::public_url(config, config.web.listen),
    )?;
    let say = Say::new(asked.json);
    let email = asked.email.as_deref().unwrap_or_default();
    match asked.action {
        AccountsAction::List => list(&accounts, say).await?,
        AccountsAction::ResetPassword => {
            let link = accounts.operator_reset(email).await.map_err(of_usage)?;
            let link = link.expose();
            say.event(
                &format!("a new password for {email} is set here, once: {link}"),
                &json!({"email": email, "link": link}),
            );
        }
        AccountsAction::MakeAdmin => {
            let made = accounts.operator_administrator(email).await;
            made.map_err(of_usage)?;
            say.event(
                &format!("{email} is an administrator and may sign in"),
                &json!({"email": email, "administrator": true}),
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(accounts: &Accounts, say: Say) -> anyhow::Result<()> {
    let (mut before, mut count) = (None, 0);
    loop {
        let filter = UserFilter::default();
        let page = accounts.users(&filter, before, USERS_AT_ONCE).await?;
        for user in &page.rows {
            count += 1;
            tell(user, say);
        }
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    if count == 0 {
        say.event(
            "nobody has an account yet: `indelible serve` prints the link that makes the first",
            &json!({"accounts": 0}),
        );
    }
    Ok(())
}

fn tell(user: &User, say: Say) {
    let roles: Vec<&str> = user.roles.iter().map(|role| role.name.as_str()).collect();
    let state = if user.enabled { "" } else { ", disabled" };
    say.event(
        &format!(
            "{}  {} ({}{state})",
            user.email,
            user.name,
            roles.join(", ")
        ),
        &json!({"id": user.id.0, "email": user.email.to_string(), "name": user.name,
            "roles": roles, "enabled": user.enabled}),
    );
}

/// An address that is none, or nobody's, is a mistake of whoever typed it.
fn of_usage(error: OperatorError) -> anyhow::Error {
    match error {
        OperatorError::Unavailable(error) => error.into(),
        mistaken => Usage::of(mistaken.into()),
    }
}
