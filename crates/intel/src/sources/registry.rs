//! The catalogue as one thing: what it needs, what every act shares, and how all processes come to
//! know the same.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use accounts::{Act, Details, NewEntry, Target};
use arc_swap::ArcSwap;
use base::{Actor, Bus, Clock, Entropy, Event, Unavailable, UnixMicros};
use bytes::Bytes;
use futures_util::StreamExt as _;
use indicator::lists::ListError;
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;
use url::Url;

use super::records::{InsertSource, NewProvider, NewVersion, Shipment, VersionOrigin};
use super::snapshot::{Assembly, Catalogue};
use super::{
    Maker, Notification, Revisions, Settings, Shipped, SourceFigures, Sources, Store,
    notifications, slug_of,
};
use crate::lists::{BuiltInList, Ignoring, Warning, compile_ignore_lists, compile_warning_lists};

/// On this topic it is told that the catalogue was written.
pub const TOPIC: &str = "intel";
/// How often the store is asked whether it was: an event may be lost.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What the catalogue is made of.
pub struct Parts {
    /// What it keeps.
    pub store: Arc<dyn Store>,
    /// Makes sources of what is written down of them.
    pub maker: Arc<dyn Maker>,
    /// The sources that the product ships.
    pub shipped: Vec<Shipped>,
    /// The warning lists that the product ships.
    pub lists: Vec<BuiltInList>,
    /// Where the settings file moved upstreams to, by slug.
    pub configured: BTreeMap<String, Url>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Tells other processes that the catalogue was written.
    pub bus: Arc<dyn Bus>,
    /// Called after an entry was written: wakes whoever stamps facts.
    pub wake: Box<dyn Fn() + Send + Sync>,
}

/// Sources, providers, lists and the places of secrets of this installation. One per process.
pub struct Registry {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) maker: Arc<dyn Maker>,
    pub(crate) lists: Vec<BuiltInList>,
    pub(crate) configured: BTreeMap<String, Url>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    bus: Arc<dyn Bus>,
    wake: Box<dyn Fn() + Send + Sync>,
    current: ArcSwap<Sources>,
    /// One reads at a time, so that nobody puts an older state in place of a newer one.
    reading: Mutex<()>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry")
            .field(&self.current.load().revisions)
            .finish()
    }
}

/// Why there is no catalogue.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The ignore lists are too much to be compiled, which no act of ours lets happen.
    #[error("the ignore lists cannot be compiled")]
    Lists(#[from] ListError),
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Registry {
    /// Takes up what the product ships, and reads all of it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open(parts: Parts) -> Result<Arc<Self>, OpenError> {
        let registry = Arc::new(Self {
            store: parts.store,
            maker: parts.maker,
            lists: parts.lists,
            configured: parts.configured,
            clock: parts.clock,
            entropy: parts.entropy,
            bus: parts.bus,
            wake: parts.wake,
            current: ArcSwap::from_pointee(Sources::none()?),
            reading: Mutex::new(()),
        });
        registry.ship(parts.shipped).await?;
        registry.refresh().await?;
        Ok(registry)
    }

    /// The catalogue as it is now. Cheap; whoever holds it sees one state.
    pub fn current(&self) -> Arc<Sources> {
        self.current.load_full()
    }

    /// What somebody should know now: see [`notifications`]. Cheap enough for every page.
    pub fn notifications(&self, figures: &[SourceFigures]) -> Vec<Notification> {
        notifications(&self.current(), figures, self.now())
    }

    /// Reads what was written since the last time.
    ///
    /// # Errors
    /// When the store does not answer; what was read before stays in force.
    pub async fn refresh(&self) -> Result<(), OpenError> {
        let _reading = self.reading.lock().await;
        // Before the rows: what is written meanwhile is read now or the next time, never missed.
        let revisions = self.store.revisions().await?;
        let old = self.current();
        if revisions == old.revisions {
            return Ok(());
        }
        let catalogue = if revisions.sources == old.revisions.sources {
            Arc::clone(&old.catalogue)
        } else {
            let rows = self.store.sources().await?;
            let assembly = Assembly {
                maker: &*self.maker,
                configured: &self.configured,
            };
            Arc::new(assembly.catalogue(rows))
        };
        let ignoring = if revisions.ignore_lists == old.revisions.ignore_lists {
            Arc::clone(&old.ignoring)
        } else {
            let lists = self.store.ignore_lists().await?;
            Arc::new(compile_ignore_lists(lists)?)
        };
        let warning = if revisions.warning_lists == old.revisions.warning_lists {
            Arc::clone(&old.warning)
        } else {
            self.warning().await?
        };
        self.current.store(Arc::new(Sources {
            revisions,
            catalogue,
            ignoring,
            warning,
        }));
        Ok(())
    }

    /// Lists of a million entries take a second to compile: not on a thread that answers others.
    async fn warning(&self) -> Result<Arc<Warning>, Unavailable> {
        let rows = self.store.warning_lists().await?;
        let built_in = self.lists.clone();
        let compiled =
            tokio::task::spawn_blocking(move || compile_warning_lists(rows, &built_in)).await;
        let compiled = compiled.map_err(|error| Unavailable::new("the warning lists", error))?;
        Ok(Arc::new(compiled))
    }

    /// Follows what other processes write, until it is dropped.
    pub async fn listen(&self) {
        let mut events = self.bus.subscribe();
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_over = false;
        loop {
            tokio::select! {
                _ = look.tick() => {}
                event = events.next(), if !is_over => match event {
                    Some(event) if event.topic == TOPIC => {}
                    Some(_) => continue,
                    // The bus is gone; the store is still there to be asked.
                    None => is_over = true,
                },
            }
            if let Err(error) = self.refresh().await {
                tracing::warn!(%error, "the catalogue of sources was not read again");
            }
        }
    }

    /// Something was written: this process knows it before the act is answered, the others soon. What
    /// was written stands, whether or not it can be read again now.
    pub(crate) async fn written(&self) {
        (self.wake)();
        let event = Event {
            topic: TOPIC,
            payload: Bytes::new(),
        };
        if let Err(error) = self.bus.publish(event).await {
            // They look by themselves every few seconds.
            tracing::warn!(%error, "other processes were not told that the catalogue changed");
        }
        if let Err(error) = self.refresh().await {
            tracing::warn!(%error, "the catalogue of sources was not read again");
        }
    }

    pub(crate) fn now(&self) -> UnixMicros {
        self.clock.now()
    }

    /// An entry of now.
    pub(crate) fn entry(
        &self,
        actor: &Actor,
        act: &'static str,
        target: Option<Target>,
        details: Details,
    ) -> NewEntry {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        NewEntry {
            at: self.now(),
            actor: actor.clone(),
            act: Act(act),
            target,
            details,
            salt,
        }
    }

    async fn ship(&self, shipped: Vec<Shipped>) -> Result<(), Unavailable> {
        let shipment = Shipment {
            sources: shipped.into_iter().map(row).collect(),
            warning_lists: self
                .lists
                .iter()
                .map(|list| (list.slug.to_owned(), true))
                .collect(),
        };
        let entry = self.entry(&Actor::PRODUCT, "catalogue.ship", None, Vec::new());
        let arrival = self.store.ship(shipment, entry).await?;
        for slug in &arrival.in_the_way {
            tracing::warn!(%slug, "a source of this installation has the name of one that the \
                product ships, which is therefore left out");
        }
        if !arrival.is_nothing() {
            tracing::info!(
                made = arrival.made.len(),
                renewed = arrival.renewed.len(),
                "sources came with this version"
            );
            (self.wake)();
        }
        Ok(())
    }
}

impl Sources {
    /// What is there before anything was read.
    fn none() -> Result<Self, ListError> {
        let ignoring: Ignoring = compile_ignore_lists(Vec::new())?;
        Ok(Self {
            // No store has counted so: everything is read the first time.
            revisions: Revisions {
                sources: -1,
                ignore_lists: -1,
                warning_lists: -1,
            },
            catalogue: Arc::new(Catalogue::default()),
            ignoring: Arc::new(ignoring),
            warning: Arc::new(compile_warning_lists(Vec::new(), &[])),
        })
    }
}

fn row(shipped: Shipped) -> (InsertSource, NewProvider) {
    let written = shipped.definition.write();
    let provider = NewProvider {
        slug: slug_of(&shipped.provider),
        website: shipped.definition.website.clone(),
        name: shipped.provider,
        about: String::new(),
        tags: Vec::new(),
        is_enabled: true,
    };
    let source = InsertSource {
        slug: shipped.slug,
        kind: shipped.kind,
        provider: None,
        is_enabled: shipped.is_enabled,
        settings: Settings::default(),
        version: NewVersion {
            bytes: written.bytes,
            sha256: written.sha256,
            origin: VersionOrigin::Product,
            note: String::new(),
        },
    };
    (source, provider)
}

/// A target in one line.
#[expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "numbers stand here as they are, in the form that entries take"
)]
pub(crate) fn target(kind: &'static str, id: impl ToString) -> Option<Target> {
    Some(Target {
        kind,
        id: id.to_string(),
    })
}

/// The row that the transaction makes.
pub(crate) fn made(kind: &'static str) -> Option<Target> {
    target(kind, "")
}
