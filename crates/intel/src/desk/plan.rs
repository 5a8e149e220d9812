//! What a lookup would do: whom it asks, whom it does not and why, and who would learn the value.

use std::sync::Arc;
use std::time::Duration;

use base::UnixMicros;
use indicator::Indicator;

use super::Desk;
use super::cache::{CacheKey, Cached};
use crate::lists::ListId;
use crate::lookups::{SkippedRef, SourceRef};
use crate::sources::{Configured, Provider};
use crate::{Exposure, ProviderId, SourceId, SourceKind, Tlp};

/// What somebody wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Of what.
    pub indicator: Indicator,
    /// Whom to ask; `None`: all sources.
    pub sources: Option<Vec<SourceId>>,
    /// How far the value may travel.
    pub tlp: Tlp,
    /// Whether answers that are at hand will do.
    pub may_use_cache: bool,
}

/// What a lookup would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of what.
    pub indicator: Arc<Indicator>,
    /// How far the value may travel.
    pub tlp: Tlp,
    /// Sources that answer, in the order of their names.
    pub asked: Vec<Planned>,
    /// Sources that do not, in the order of their names.
    pub skipped: Vec<Skipped>,
    /// Who would learn the value: nobody, where every answer is at hand or local.
    pub who_sees: Vec<Onlooker>,
}

/// A source that answers.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The source.
    pub source: Arc<Configured>,
    /// What asking it tells whom.
    pub exposure: Exposure,
    /// Its answer, if it is at hand.
    pub cached: Option<Cached>,
    /// How old that answer is.
    pub from_cache: Option<Duration>,
    /// How long its quota makes wait, if it does; more than a lookup waits: it will not be asked.
    pub waits: Option<Duration>,
}

/// A source that does not answer.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// The source.
    pub source: Arc<Configured>,
    /// Why; never empty.
    pub why: Vec<SkipReason>,
}

/// Why a source is not asked. Names on the wire are the third seed's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// It knows nothing of this kind.
    UnsupportedIndicator,
    /// It is not asked about this kind here.
    DisabledIndicator,
    /// Nobody here runs its code.
    RunnerDisabled(SourceKind),
    /// It is switched off.
    SourceDisabled,
    /// Its provider is switched off.
    ProviderDisabled(ProviderId),
    /// The indicator is on these ignore lists.
    WithinIgnoreList(Vec<ListId>),
    /// It needs secrets for these slots.
    MissingSecret(Vec<String>),
    /// The value may not travel so far; the strictest label that the source may see.
    Tlp(Tlp),
}

impl SkipReason {
    /// Its name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnsupportedIndicator => "UNSUPPORTED_INDICATOR",
            Self::DisabledIndicator => "DISABLED_INDICATOR",
            Self::RunnerDisabled(_) => "RUNNER_DISABLED",
            Self::SourceDisabled => "SOURCE_DISABLED",
            Self::ProviderDisabled(_) => "PROVIDER_DISABLED",
            Self::WithinIgnoreList(_) => "WITHIN_IGNORE_LIST",
            Self::MissingSecret(_) => "MISSING_SECRET",
            Self::Tlp(_) => "TLP",
        }
    }
}

/// Somebody who would learn the value.
#[derive(Clone, Debug)]
pub struct Onlooker {
    /// Who; `None`: a source that nobody is named behind.
    pub provider: Option<Arc<Provider>>,
    /// Through which sources.
    pub sources: Vec<Arc<Configured>>,
    /// The most that any of them tells.
    pub exposure: Exposure,
}

/// Somebody chose a source that does not exist. Asking all others instead would show the value to
/// those who must not see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no source of number {}", .0.0)]
pub struct UnknownSource(pub SourceId);

impl Desk {
    /// What a lookup would do now. Asks nobody and writes nothing.
    ///
    /// # Errors
    /// When a source was chosen that does not exist.
    pub async fn plan(&self, question: &Question) -> Result<Plan, UnknownSource> {
        let parts = &self.inner.parts;
        let now = parts.clock.now();
        let indicator = Arc::new(question.indicator.clone());
        let sources = parts.registry.current();
        let ignored = sources.ignoring(&indicator);
        let (mut asked, mut skipped) = (Vec::new(), Vec::new());
        for source in chosen(&sources, question.sources.as_deref())? {
            let on_lists = ignored.of(source);
            let why = reasons(source, &indicator, question.tlp, on_lists, now);
            let source = Arc::clone(source);
            if why.is_empty() {
                asked.push(source);
            } else {
                skipped.push(Skipped { source, why });
            }
        }
        let mut cached = vec![None; asked.len()];
        if question.may_use_cache && !asked.is_empty() {
            let keys: Vec<_> = asked
                .iter()
                .map(|source| CacheKey::of(source, &indicator))
                .collect();
            cached = parts.cache.get(&keys, now).await;
        }
        let mut planned = Vec::with_capacity(asked.len());
        for (source, cached) in asked.into_iter().zip(cached) {
            let cached = cached.filter(|cached| cached.is_good(&source, now));
            let waits = match &cached {
                Some(_) => None,
                None => self.inner.expected_wait(&source, now).await,
            };
            planned.push(Planned {
                exposure: source.exposure,
                from_cache: cached.as_ref().map(|one| now.since(one.answer.ended())),
                cached,
                waits,
                source,
            });
        }
        Ok(Plan {
            indicator,
            tlp: question.tlp,
            who_sees: who_sees(&planned),
            asked: planned,
            skipped,
        })
    }
}

impl CacheKey {
    /// What a source's answer is found by, as the source is now.
    pub fn of(source: &Configured, indicator: &Arc<Indicator>) -> Self {
        Self {
            source: source.id,
            version: source.version.into(),
            generation: source.generation,
            indicator: Arc::clone(indicator),
        }
    }
}

impl SourceRef {
    /// A source as it is now.
    pub fn of(source: &Configured) -> Self {
        Self {
            id: source.id,
            slug: source.slug.clone(),
            name: source.name.clone(),
            website: source.website.clone(),
            version: source.version.into(),
        }
    }
}

impl Skipped {
    /// As a request's row has it; `None` for a source that does not know the kind: that goes without
    /// saying, and is true of most.
    pub(super) fn reference(&self) -> Option<SkippedRef> {
        if self.why.contains(&SkipReason::UnsupportedIndicator) {
            return None;
        }
        Some(SkippedRef {
            id: self.source.id,
            slug: self.source.slug.clone(),
            why: self.why.iter().map(|why| why.name().to_owned()).collect(),
        })
    }
}

/// All sources, or those that were chosen, each once.
fn chosen<'a>(
    sources: &'a crate::sources::Sources,
    ids: Option<&[SourceId]>,
) -> Result<Vec<&'a Arc<Configured>>, UnknownSource> {
    let Some(ids) = ids else {
        return Ok(sources.all().iter().collect());
    };
    if let Some(unknown) = ids.iter().find(|id| sources.by_id(**id).is_none()) {
        return Err(UnknownSource(*unknown));
    }
    let is_chosen = |one: &&Arc<Configured>| ids.contains(&one.id);
    Ok(sources.all().iter().filter(is_chosen).collect())
}

/// Why a source is not asked, in the third seed's order; nothing: it is.
fn reasons(
    source: &Configured,
    indicator: &Indicator,
    tlp: Tlp,
    on_lists: Vec<ListId>,
    now: UnixMicros,
) -> Vec<SkipReason> {
    let mut why = Vec::new();
    let kind = indicator.kind();
    let is_made = source.unmade.is_none();
    if !source.kinds.has(kind) && is_made {
        why.push(SkipReason::UnsupportedIndicator);
    } else if source.kinds_off.has(kind) {
        why.push(SkipReason::DisabledIndicator);
    }
    if !is_made {
        why.push(SkipReason::RunnerDisabled(source.kind));
    }
    if !source.is_enabled {
        why.push(SkipReason::SourceDisabled);
    }
    if let Some(provider) = source.provider.as_ref().filter(|one| !one.is_enabled) {
        why.push(SkipReason::ProviderDisabled(provider.id));
    }
    if !on_lists.is_empty() {
        why.push(SkipReason::WithinIgnoreList(on_lists));
    }
    let missing = source.missing(now);
    if !missing.is_empty() {
        let slots = missing.iter().map(|state| state.slot.name.clone());
        why.push(SkipReason::MissingSecret(slots.collect()));
    }
    // What is looked up here travels nowhere.
    if source.exposure != Exposure::Local && tlp > source.tlp_max {
        why.push(SkipReason::Tlp(source.tlp_max));
    }
    why
}

impl Cached {
    /// Whether it is as good as new by what is set now: the time may have been made shorter.
    pub(super) fn is_good(&self, source: &Configured, now: UnixMicros) -> bool {
        let seconds = match self.answer.heard() {
            Some(_) => source.cache_s,
            None => source.nothing_cache_s,
        };
        now.since(self.answer.ended()) < Duration::from_secs(seconds.into())
    }
}

fn who_sees(planned: &[Planned]) -> Vec<Onlooker> {
    let mut onlookers: Vec<Onlooker> = Vec::new();
    for one in planned {
        if one.cached.is_some() || one.exposure == Exposure::Local {
            continue;
        }
        let id = one.source.provider.as_ref().map(|provider| provider.id);
        let is_same = |known: &&mut Onlooker| {
            id.is_some() && known.provider.as_ref().map(|provider| provider.id) == id
        };
        match onlookers.iter_mut().find(is_same) {
            Some(known) => {
                known.sources.push(Arc::clone(&one.source));
                known.exposure = known.exposure.max(one.exposure);
            }
            None => onlookers.push(Onlooker {
                provider: one.source.provider.clone(),
                sources: vec![Arc::clone(&one.source)],
                exposure: one.exposure,
            }),
        }
    }
    onlookers
}
