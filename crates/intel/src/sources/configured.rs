//! A source as this installation has set it up, ready to be asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base::UnixMicros;
use indicator::{Kind, KindSet};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Definition, Settings, Unmade};
use crate::secrets::{SecretRef, Vault};
use crate::upstream::{PlacedSecret, Way};
use crate::{
    Exposure, ProviderId, SecretPlace, SecretSlot, Source, SourceId, SourceKind, Tlp, Window,
};

/// Most bytes of an upstream's answer.
pub const BODY_BYTES_MAX: usize = 8 << 20;

/// Who stands behind sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its number.
    pub id: ProviderId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Where a person learns about it; may be empty.
    pub website: String,
    /// What it is good for.
    pub tags: Vec<String>,
    /// Whether any of its sources is asked.
    pub is_enabled: bool,
    /// Since when it is there.
    pub created_at: UnixMicros,
}

/// A source as this installation has set it up.
#[derive(Clone)]
pub struct Configured {
    /// Its number.
    pub id: SourceId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it tells.
    pub about: String,
    /// Where a person learns about it; may be empty.
    pub website: String,
    /// What it is good for.
    pub tags: Vec<String>,
    /// Who makes it.
    pub kind: SourceKind,
    /// Whether the product ships it.
    pub is_shipped: bool,
    /// Who stands behind it.
    pub provider: Option<Arc<Provider>>,
    /// Whether it is asked; its provider may be switched off all the same: see [`Self::is_on`].
    pub is_enabled: bool,
    /// The kinds that it can be asked about.
    pub kinds: KindSet,
    /// Those of them that it is not asked about here.
    pub kinds_off: KindSet,
    /// What a lookup tells whom.
    pub exposure: Exposure,
    /// The strictest label that it may see.
    pub tlp_max: Tlp,
    /// How often it may be asked; all of them hold.
    pub windows: Vec<Window>,
    /// How long an answer is as good as new, in seconds; 0: never kept.
    pub cache_s: u32,
    /// The same of knowing nothing.
    pub nothing_cache_s: u32,
    /// Longest time for one question.
    pub time_max: Duration,
    /// The number of its version in force.
    pub version: u32,
    /// A newer version that came with the product, and says something else.
    pub product_version: Option<u32>,
    /// Grows with its secrets and its address.
    pub generation: u64,
    /// Places for secrets, and what stands there.
    pub slots: Vec<SlotState>,
    /// Where its upstream is, if it was moved: by the settings file, or else here.
    pub base: Option<Url>,
    /// Whether the settings file moved it: then it may lie within the administrator's network.
    pub is_base_configured: bool,
    /// How often what it keeps here is pulled, in seconds.
    pub schedule_s: Option<u32>,
    /// Hosts that it may name, as the egress guard writes rules.
    pub hosts: Vec<String>,
    /// The source itself. Where it could not be made, it knows no kind.
    pub source: Arc<dyn Source>,
    /// Why it could not be made.
    pub unmade: Option<Unmade>,
    /// What its version in force says.
    pub definition: Arc<Definition>,
    /// What differs here.
    pub settings: Settings,
    /// Since when it is there.
    pub created_at: UnixMicros,
    /// Since when it is what it is.
    pub changed_at: UnixMicros,
}

impl fmt::Debug for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configured")
            .field("id", &self.id)
            .field("slug", &self.slug)
            .field("version", &self.version)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// A place for a secret, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotState {
    /// The place.
    pub slot: SecretSlot,
    /// The secret that somebody put there.
    pub secret: Option<Arc<SecretRef>>,
    /// Whether it may go: it goes nowhere but where it was to go when it was put there. Who changes a
    /// source's address does not get its secrets sent there.
    pub is_confirmed: bool,
}

impl SlotState {
    /// Whether there is a secret that may go and has not ended.
    pub fn is_filled(&self, now: UnixMicros) -> bool {
        self.is_confirmed
            && self
                .secret
                .as_ref()
                .is_some_and(|one| !one.has_expired(now))
    }
}

/// Where a secret was to go when it was put into its slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Scheme, host and port of the upstream; nothing for a source without one address.
    pub origin: Option<String>,
    /// The place in the request.
    pub place: SecretPlace,
}

impl Binding {
    /// Where a secret in this slot goes now. An address of the settings file is not looked at: whoever
    /// writes that file holds the key file too.
    pub fn of(definition: &Definition, settings: &Settings, slot: &SecretSlot) -> Self {
        Self {
            origin: address(definition, settings).map(|url| url.origin().ascii_serialization()),
            place: slot.place.clone(),
        }
    }
}

/// Where the upstream is, the settings file apart.
pub(super) fn address(definition: &Definition, settings: &Settings) -> Option<Url> {
    let own = || definition.body.base()?.parse().ok();
    settings.base.clone().or_else(own)
}

/// A secret that a source needs and has not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret {slot} is missing: {why}")]
pub struct MissingSecret {
    /// The slot's name.
    pub slot: String,
    /// What is the matter with it.
    pub why: MissingWhy,
}

/// What is the matter with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingWhy {
    /// None was put there.
    #[error("nothing was put there")]
    Empty,
    /// It has ended.
    #[error("it has expired")]
    Expired,
    /// The source's address or the secret's place has changed since it was put there.
    #[error("it was put there for another address: put it there again")]
    Moved,
    /// The key that it is sealed under is not here, or it was tampered with.
    #[error("it cannot be decrypted")]
    Sealed,
}

impl Configured {
    /// Whether it may be asked at all: it is switched on, and so is its provider.
    pub fn is_on(&self) -> bool {
        self.is_enabled && self.provider.as_ref().is_none_or(|one| one.is_enabled)
    }

    /// Whether it is asked about a kind here.
    pub fn takes(&self, kind: Kind) -> bool {
        self.kinds.has(kind) && !self.kinds_off.has(kind)
    }

    /// Slots that must be filled and are not.
    pub fn missing(&self, now: UnixMicros) -> Vec<&SlotState> {
        let slots = self.slots.iter();
        slots
            .filter(|state| state.slot.required && !state.is_filled(now))
            .collect()
    }

    /// What it may reach, with its secrets.
    ///
    /// # Errors
    /// When a secret is missing that it needs.
    pub fn way(&self, vault: &Vault) -> Result<Way, MissingSecret> {
        let mut secrets = Vec::new();
        for state in &self.slots {
            match self.placed(state, vault) {
                Ok(placed) => secrets.push(placed),
                Err(why) if state.slot.required => {
                    return Err(MissingSecret {
                        slot: state.slot.name.clone(),
                        why,
                    });
                }
                Err(_) => {}
            }
        }
        Ok(self.way_with(secrets))
    }

    /// What it may reach, with these secrets.
    pub(crate) fn way_with(&self, secrets: Vec<PlacedSecret>) -> Way {
        Way {
            source: self.slug.clone(),
            hosts: self.hosts.clone(),
            configured: self.base.clone().filter(|_| self.is_base_configured),
            secrets,
            time_max: self.time_max,
            body_bytes_max: BODY_BYTES_MAX,
        }
    }

    fn placed(&self, state: &SlotState, vault: &Vault) -> Result<PlacedSecret, MissingWhy> {
        let secret = state.secret.as_ref().ok_or(MissingWhy::Empty)?;
        if secret.has_expired(vault.now()) {
            return Err(MissingWhy::Expired);
        }
        if !state.is_confirmed {
            return Err(MissingWhy::Moved);
        }
        Ok(PlacedSecret {
            slot: state.slot.name.clone(),
            place: state.slot.place.clone(),
            host: self.upstream().and_then(|url| rule_of(&url)),
            secret: vault.open_secret(secret).ok_or(MissingWhy::Sealed)?,
        })
    }

    /// Where its upstream is, if it has one address.
    pub fn upstream(&self) -> Option<Url> {
        let own = || self.definition.body.base()?.parse().ok();
        self.base.clone().or_else(own)
    }
}

/// The host of an address as the guard writes rules, with its port where that is not the scheme's own.
pub(super) fn rule_of(url: &Url) -> Option<String> {
    let host = url.host()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_string(),
    })
}
