//! From settings to the desk: which sources there are, their secrets and feeds, lookups, and who is
//! told when a watched indicator changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use accounts::Accounts;
use anyhow::Context as _;
use async_trait::async_trait;
use base::{Clock, Entropy, Unavailable};
use intel::desk::{IndicatorChanged, MemoryCache, Tell};
use intel::feeds::{self, ByRegistry, Feeds};
use intel::lists::built_in_lists;
use intel::secrets::VaultError;
use intel::sources::{self, OwnMaker, shipped};
use intel::upstream::Upstream;
use intel::{Desk, Registry, Vault, Verdict, desk};
use jobs::Jobs;
use notify::letters::{self, Finding};
use notify::{Address, KEPT_FOR, Outbox};
use url::Url;

use crate::config::Config;
use crate::home::Home;
use crate::upstream;
use crate::wiring::Backend;

/// Memory that answers which are as good as new may take.
const CACHE_BYTES_MAX: usize = 64 << 20;

/// Everything that looks up, or is looked up with.
pub(crate) struct Intel {
    pub(crate) registry: Arc<Registry>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) cache: Arc<MemoryCache>,
    pub(crate) upstream: Arc<dyn Upstream>,
}

impl Intel {
    /// Takes up what this version of the product ships, and opens the vault; refuses when its key is
    /// not here, because then no source that needs a secret would answer.
    pub(crate) async fn open(
        config: &Config,
        home: &Home,
        backend: &Backend,
        jobs: &Arc<Jobs>,
        tell: Arc<dyn Tell>,
        (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
    ) -> anyhow::Result<Self> {
        let registry = registry(config, backend, jobs, (clock, entropy)).await?;
        let vault = Arc::new(vault(home, &registry, &**entropy).await?);
        let upstream: Arc<dyn Upstream> = upstream::of(config)?;
        let ring = ring(jobs);
        let feeds = Arc::new(Feeds::new(feeds::Parts {
            store: Arc::clone(&backend.feeds),
            upstream: Arc::clone(&upstream),
            clock: Arc::clone(clock),
            entropy: Arc::clone(entropy),
            ways: Arc::new(ByRegistry {
                registry: Arc::clone(&registry),
                vault: Arc::clone(&vault),
            }),
            ring: Arc::new(ring),
        }));
        feeds.adopt().await?;
        let cache = Arc::new(MemoryCache::new(CACHE_BYTES_MAX));
        let desk = Arc::new(Desk::new(desk::Parts {
            store: Arc::clone(&backend.lookups),
            registry: Arc::clone(&registry),
            vault: Arc::clone(&vault),
            upstream: Arc::clone(&upstream),
            cache: Arc::clone(&cache) as _,
            tell,
            clock: Arc::clone(clock),
            entropy: Arc::clone(entropy),
            wake: Box::new(self::ring(jobs)),
            settings: desk::Settings::default(),
        }));
        Ok(Self {
            registry,
            vault,
            feeds,
            desk,
            cache,
            upstream,
        })
    }
}

/// Wakes whoever does background work.
fn ring(jobs: &Arc<Jobs>) -> impl Fn() + Send + Sync + 'static {
    let jobs = Arc::clone(jobs);
    move || jobs.ring()
}

/// The catalogue of this installation, with what this version of the product ships.
pub(crate) async fn registry(
    config: &Config,
    backend: &Backend,
    jobs: &Arc<Jobs>,
    (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
) -> anyhow::Result<Arc<Registry>> {
    let shipped = shipped();
    let moved = &config.desk.upstreams;
    if let Some(strange) = moved
        .iter()
        .find(|one| !shipped.iter().any(|source| source.slug == one.slug))
    {
        // One of this installation may have the slug: only its user can know.
        tracing::warn!(
            slug = strange.slug,
            "[desk] upstreams names a source that does not come with the product"
        );
    }
    let configured: BTreeMap<String, Url> = moved
        .iter()
        .map(|one| (one.slug.clone(), one.base.clone()))
        .collect();
    let registry = Registry::open(sources::Parts {
        store: Arc::clone(&backend.sources),
        maker: Arc::new(OwnMaker {
            feeds: Some(Arc::clone(&backend.feeds)),
        }),
        shipped,
        lists: built_in_lists(),
        configured,
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        bus: Arc::clone(&backend.bus),
        wake: Box::new(ring(jobs)),
    });
    Ok(registry.await?)
}

/// The vault, under the keys of the data folder; the first is made for an installation without secrets.
pub(crate) async fn vault(
    home: &Home,
    registry: &Arc<Registry>,
    entropy: &dyn Entropy,
) -> anyhow::Result<Vault> {
    let keys = home.secret_keys()?;
    if keys.is_empty() && registry.current().secrets().is_empty() {
        home.add_secret_key(entropy)?;
    }
    let folder = home.clone();
    let read = move || {
        folder.secret_keys().unwrap_or_else(|error| {
            tracing::error!(%error, "the key files of secrets cannot be read");
            Vec::new()
        })
    };
    match Vault::open(Arc::clone(registry), Box::new(read)).await {
        Ok(vault) => Ok(vault),
        Err(error @ (VaultError::NoKey | VaultError::OtherKey { .. })) => {
            Err(anyhow::Error::new(error)).with_context(|| {
                format!(
                    "the secrets of sources stay shut: copy secrets.key from the machine that set \
                     them into {}",
                    home.keys().display()
                )
            })
        }
        Err(VaultError::Unavailable(error)) => Err(error.into()),
    }
}

/// Tells the owner of a watch by mail.
pub(crate) struct ByMail {
    pub(crate) outbox: Outbox,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the product is, without a slash at its end.
    pub(crate) url: String,
}

#[async_trait]
impl Tell for ByMail {
    async fn indicator_changed(&self, change: &IndicatorChanged) -> Result<(), Unavailable> {
        let Some(user) = self.accounts.user(change.watch.user).await? else {
            return Ok(()); // The account is gone, and the watch goes with it.
        };
        if !user.enabled {
            return Ok(());
        }
        let to = Address::mail(&user.email.to_string());
        let to = to.map_err(|error| Unavailable::new("the outbox", error))?;
        let link = format!("{}/desk/requests/{}", self.url, change.request.0);
        let findings: Vec<Finding> = change
            .sources
            .iter()
            .map(|one| Finding {
                source: one.source.name.clone(),
                before: words(one.before).to_owned(),
                after: words(one.after).to_owned(),
                fields: one.changes.len(),
            })
            .collect();
        let shown = change.watch.indicator.defanged();
        let letter = letters::IndicatorChanged {
            indicator: &shown,
            before: words(change.before),
            after: words(change.after),
            findings: &findings,
            link: &link,
        };
        let expires = self.clock.now().plus(KEPT_FOR);
        self.outbox.mail(to, &letter, expires).await.map(drop)
    }
}

/// A verdict as people say it.
pub(crate) fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unknown => "unknown",
        Verdict::Clean => "clean",
        Verdict::KnownGood => "known good",
        Verdict::Suspicious => "suspicious",
        Verdict::Malicious => "malicious",
    }
}

/// Nobody is told: for commands that watch nothing.
pub(crate) struct Nobody;

#[async_trait]
impl Tell for Nobody {
    async fn indicator_changed(&self, _: &IndicatorChanged) -> Result<(), Unavailable> {
        Ok(())
    }
}
