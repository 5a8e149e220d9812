//! `indelible demo`: the whole product beside stand-ins for every service that it asks, so that anybody
//! can try the desk without a key and without the internet.
//!
//! It keeps what it makes in a folder of its own and refuses every other: a real installation must not
//! be asked to believe stand-ins.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use accounts::{Device, NewPerson};
use anyhow::{Context as _, bail};
use base::{Actor, Clock, Entropy, SystemClock, SystemEntropy};
use fakes::Fakes;
use futures_util::StreamExt as _;
use intel::desk::{LookupEvent, Question};
use intel::secrets::NewSecret;
use intel::sources::SourceChange;
use intel::{Exposure, Tlp};
use serde::{Deserialize, Serialize};

use crate::config::{Config, Loaded, Moved, Origin, Resolver, StoreUrl};
use crate::desk::{Intel, Nobody};
use crate::home::Home;
use crate::say::print;
use crate::wiring::Backend;
use crate::{background, carriers, rooms, serve, wiring};

/// The mark of a demo's folder, and the account that was made in it.
const MARK: &str = "demo.json";
/// Who the administrator is.
const ACCOUNT: &str = "demo@example.com";
/// Lists whose entries are what the stand-ins know: they would mark all of it as harmless.
const LISTS_OFF: [&str; 2] = ["documentation-networks", "reserved-names"];
/// How many samples have been looked up already.
const LOOKED_UP: usize = 5;

/// The account of a demo.
#[derive(Serialize, Deserialize)]
struct Account {
    email: String,
    password: String,
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(mut loaded: Loaded) -> anyhow::Result<ExitCode> {
    if loaded.config.store.url != StoreUrl::Sqlite {
        bail!("the demo keeps what it makes in a folder: leave [store] url as it is");
    }
    let said = loaded.origins.get("data").map(|(_, origin)| origin);
    let is_ours = matches!(said, None | Some(Origin::BuiltIn));
    if is_ours {
        let name = format!("indelible-demo-{}", std::process::id());
        loaded.config.data = std::env::temp_dir().join(name);
    }
    let folder = loaded.config.data.clone();
    check(&folder)?;
    loaded.config.web.listen = free(loaded.config.web.listen)?;
    // They outlive everything that asks them.
    let services = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let fakes = services.block_on(Fakes::start()).context("the stand-ins")?;
    move_upstreams(&mut loaded.config, &fakes)?;
    let account = {
        let preparing = tokio::runtime::Runtime::new()?;
        preparing.block_on(prepare(&loaded.config, &folder))?
    };
    print(&words(&loaded.config, &account, &fakes));
    let served = serve::run(&loaded);
    let _ends_here = services.enter();
    drop(fakes);
    if is_ours {
        // What cannot be taken away is the temporary folder's owner's.
        let _ = std::fs::remove_dir_all(&folder);
    }
    served
}

/// A folder that is none yet, or one of an earlier demo.
fn check(folder: &Path) -> anyhow::Result<()> {
    let is_used = folder.join("indelible.db").exists();
    if is_used && !folder.join(MARK).exists() {
        bail!(
            "{} is a real installation: give the demo a folder of its own",
            folder.display()
        );
    }
    Ok(())
}

/// A port that is free now, where none was named.
fn free(address: SocketAddr) -> anyhow::Result<SocketAddr> {
    if address.port() != 0 {
        return Ok(address);
    }
    let listener = TcpListener::bind(address).context("a free port")?;
    Ok(listener.local_addr()?)
}

/// Every upstream is one of the stand-ins.
fn move_upstreams(config: &mut Config, fakes: &Fakes) -> anyhow::Result<()> {
    let mut moved = Vec::new();
    for source in intel::sources::shipped() {
        let base = match source.slug.as_str() {
            "dns" | intel::feeds::OWN => continue,
            "asn-cymru" => format!("whois://{}", fakes.whois()),
            slug => fakes.base(slug),
        };
        moved.push(Moved {
            slug: source.slug,
            base: base.parse()?,
        });
    }
    config.desk.upstreams = moved;
    config.egress.dns_servers = vec![Resolver(fakes.dns())];
    config.egress.proxy = None;
    Ok(())
}

/// An account, keys, sources that are on, and a few lookups.
async fn prepare(config: &Config, folder: &Path) -> anyhow::Result<Account> {
    let home = Home::make(&config.data)?;
    let backend = wiring::open(config, &home).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    if let Some(account) = read(folder) {
        return Ok(account);
    }
    let account = administrator(config, &home, &backend, (&clock, &entropy)).await?;
    let jobs = background::jobs(config, &backend, &clock, &entropy);
    let intel = Intel::open(
        config,
        &home,
        &backend,
        &jobs,
        Arc::new(Nobody),
        (&clock, &entropy),
    );
    let intel = intel.await?;
    set_up(&intel).await?;
    look_up(&intel).await?;
    intel.desk.flush().await?;
    // Last: a demo that was not finished is none.
    write(folder, &account)?;
    Ok(account)
}

async fn administrator(
    config: &Config,
    home: &Home,
    backend: &Backend,
    (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
) -> anyhow::Result<Account> {
    let jobs = background::jobs(config, backend, clock, entropy);
    let accounts = rooms::accounts(
        config,
        home,
        backend,
        &jobs,
        carriers::transports(config)?,
        (clock, entropy),
        rooms::public_url(config, config.web.listen),
    )?;
    let mut bytes = [0; 9];
    entropy.fill(&mut bytes);
    let account = Account {
        email: ACCOUNT.to_owned(),
        password: format!("demo-{}", hex::encode(bytes)),
    };
    let ticket = accounts.make_setup_ticket().await?;
    let ticket =
        ticket.context("an unfinished demo has an account already: take its folder away")?;
    let person = NewPerson {
        name: "Demo".to_owned(),
        email: account.email.clone(),
        password: account.password.clone(),
    };
    let device = Device {
        name: "indelible demo".to_owned(),
        address: None,
    };
    accounts
        .set_up(ticket.expose(), person, &device, &Actor::PRODUCT)
        .await
        .context("the demo's account")?;
    Ok(account)
}

/// Every source is on and has the stand-ins' key; feeds are filled.
async fn set_up(intel: &Intel) -> anyhow::Result<()> {
    let actor = &Actor::PRODUCT;
    let secret = NewSecret {
        name: "Key of the stand-ins".to_owned(),
        about: "Opens nothing in the world".to_owned(),
        value: fakes::KEY.to_owned(),
        expires_at: None,
    };
    let secret = intel.vault.set(actor, secret).await?;
    let registry = &intel.registry;
    for source in registry.current().all() {
        for state in &source.slots {
            let slot = &state.slot.name;
            registry
                .put_secret(actor, source.id, slot, Some(secret))
                .await?;
        }
        // A scan takes a while, and there are no feeds of one's own yet.
        let stays_off = source.slug == intel::feeds::OWN;
        if !source.is_enabled && !stays_off {
            let change = SourceChange {
                provider: None,
                is_enabled: Some(true),
                settings: None,
                definition: None,
                note: String::new(),
                based_on: None,
            };
            registry.change_source(actor, source.id, change).await?;
        }
    }
    for list in registry.current().warning_lists() {
        if LISTS_OFF.contains(&list.slug.as_str()) {
            registry
                .change_warning_list(actor, list.id, Some(false), None)
                .await?;
        }
    }
    for feed in intel.feeds.all().await? {
        intel.feeds.pull(feed.id).await?;
    }
    Ok(())
}

/// The first samples, by every source that makes no visits.
async fn look_up(intel: &Intel) -> anyhow::Result<()> {
    let sources = intel.registry.current();
    let quiet = sources.all().iter();
    let quiet = quiet.filter(|source| source.exposure < Exposure::Contact);
    let quiet: Vec<_> = quiet.map(|source| source.id).collect();
    let samples = fakes::samples().into_iter().take(LOOKED_UP);
    for sample in samples {
        let Some(indicator) = indicator::detect(&sample.value) else {
            continue;
        };
        let question = Question {
            indicator,
            sources: Some(quiet.clone()),
            tlp: Tlp::Clear,
            may_use_cache: true,
        };
        let mut lookup = intel.desk.look_up(&question, &Actor::PRODUCT).await?;
        while let Some(event) = lookup.events.next().await {
            if matches!(event, LookupEvent::Finished(_)) {
                break;
            }
        }
    }
    Ok(())
}

fn mark(folder: &Path) -> PathBuf {
    folder.join(MARK)
}

fn read(folder: &Path) -> Option<Account> {
    serde_json::from_slice(&std::fs::read(mark(folder)).ok()?).ok()
}

/// The folder is readable by its owner only.
fn write(folder: &Path, account: &Account) -> anyhow::Result<()> {
    let text = serde_json::to_vec(account)?;
    std::fs::write(mark(folder), text).with_context(|| mark(folder).display().to_string())
}

/// What there is to see, one thing a line: programs read it too.
fn words(config: &Config, account: &Account, fakes: &Fakes) -> String {
    let url = rooms::public_url(config, config.web.listen);
    let base = fakes.base("");
    let mut words = format!(
        "page      {url}desk\naccount   {}\npassword  {}\nfakes     {}\n\nPaste one of these, or all of them:\n",
        account.email,
        account.password,
        base.trim_end_matches('/'),
    );
    for sample in fakes::samples() {
        let shown = indicator::detect(&sample.value);
        let shown = shown.map_or_else(|| sample.value.clone(), |one| one.to_string());
        let _ = writeln!(words, "  {shown}  {}", sample.about);
    }
    words.push('\n');
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    // Whoever tries a command in the wrong folder must not find stand-ins in the evidence.
    #[test]
    fn a_real_installation_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check(folder.path()).is_ok());
        std::fs::write(folder.path().join("indelible.db"), b"").unwrap();
        let refused = check(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("real installation"), "{refused}");
        let account = Account {
            email: ACCOUNT.into(),
            password: "x".into(),
        };
        write(folder.path(), &account).unwrap();
        assert!(check(folder.path()).is_ok());
        assert_eq!(read(folder.path()).unwrap().email, ACCOUNT);
    }

    #[test]
    fn every_sample_is_an_indicator() {
        for sample in fakes::samples() {
            assert!(
                indicator::detect(&sample.value).is_some(),
                "{}",
                sample.value
            );
        }
    }
}
