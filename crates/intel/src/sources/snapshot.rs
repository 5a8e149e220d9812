//! The catalogue as it is now: immutable, shared, replaced as a whole.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use base::UnixMicros;
use indicator::Indicator;
use url::Url;

use super::configured::{Binding, address, rule_of};
use super::maker::{Maker, Nobody};
use super::records::{ProviderRow, SecretRow, SlotRow, SourceRow};
use super::{
    Body, Configured, Definition, Provider, Revisions, Settings, SlotState, SourceRows, Unmade,
};
use crate::declared::Fault;
use crate::lists::{IgnoreList, Ignored, Ignoring, ListId, Warning, WarningList};
use crate::secrets::{Sealed, SecretId, SecretRef};
use crate::{ProviderId, SecretSlot, Source, SourceId};

/// Every source, provider, list and secret of this installation, as they were read together.
#[derive(Debug)]
pub struct Sources {
    pub(crate) revisions: Revisions,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) ignoring: Arc<Ignoring>,
    pub(crate) warning: Arc<Warning>,
}

/// Sources, providers and secrets.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// In the order of their names.
    sources: Vec<Arc<Configured>>,
    by_id: HashMap<SourceId, usize>,
    by_slug: HashMap<String, usize>,
    /// In the order of their names.
    providers: Vec<Arc<Provider>>,
    /// In the order of their names.
    secrets: Vec<Arc<SecretRef>>,
}

impl Sources {
    /// All sources, in the order of their names.
    pub fn all(&self) -> &[Arc<Configured>] {
        &self.catalogue.sources
    }

    /// The source of this number.
    pub fn by_id(&self, id: SourceId) -> Option<&Arc<Configured>> {
        let at = self.catalogue.by_id.get(&id)?;
        self.catalogue.sources.get(*at)
    }

    /// The source of this slug.
    pub fn by_slug(&self, slug: &str) -> Option<&Arc<Configured>> {
        let at = self.catalogue.by_slug.get(slug)?;
        self.catalogue.sources.get(*at)
    }

    /// All providers, in the order of their names.
    pub fn providers(&self) -> &[Arc<Provider>] {
        &self.catalogue.providers
    }

    /// The provider of this number.
    pub fn provider(&self, id: ProviderId) -> Option<&Arc<Provider>> {
        self.providers().iter().find(|one| one.id == id)
    }

    /// The provider of this slug.
    pub fn provider_by_slug(&self, slug: &str) -> Option<&Arc<Provider>> {
        self.providers().iter().find(|one| one.slug == slug)
    }

    /// The sources of a provider.
    pub fn of_provider(&self, id: ProviderId) -> impl Iterator<Item = &Arc<Configured>> {
        let is_its = move |one: &&Arc<Configured>| {
            one.provider
                .as_ref()
                .is_some_and(|provider| provider.id == id)
        };
        self.all().iter().filter(is_its)
    }

    /// All secrets, in the order of their names; what they are stays sealed.
    pub fn secrets(&self) -> &[Arc<SecretRef>] {
        &self.catalogue.secrets
    }

    /// The secret of this number.
    pub fn secret(&self, id: SecretId) -> Option<&Arc<SecretRef>> {
        self.secrets().iter().find(|one| one.id == id)
    }

    /// The slots in which a secret stands.
    pub fn uses(&self, id: SecretId) -> impl Iterator<Item = (&Arc<Configured>, &SlotState)> {
        let has =
            move |state: &&SlotState| state.secret.as_ref().is_some_and(|secret| secret.id == id);
        self.all().iter().flat_map(move |source| {
            let slots = source.slots.iter().filter(has);
            slots.map(move |slot| (source, slot))
        })
    }

    /// The ignore lists that an indicator is on, to be asked for many sources.
    pub fn ignoring(&self, indicator: &Indicator) -> Ignored<'_> {
        self.ignoring.on(indicator)
    }

    /// The ignore lists because of which this source is not asked about this indicator.
    pub fn ignored(&self, indicator: &Indicator, source: &Configured) -> Vec<ListId> {
        self.ignoring(indicator).of(source)
    }

    /// All ignore lists, in the order of their numbers.
    pub fn ignore_lists(&self) -> &[IgnoreList] {
        &self.ignoring.lists
    }

    /// The ignore list of this number.
    pub fn ignore_list(&self, id: ListId) -> Option<&IgnoreList> {
        self.ignore_lists().iter().find(|list| list.id == id)
    }

    /// The warning lists that an indicator is on.
    pub fn warnings(&self, indicator: &Indicator) -> Vec<&WarningList> {
        self.warning.on(indicator)
    }

    /// All warning lists, in the order of their numbers.
    pub fn warning_lists(&self) -> &[WarningList] {
        &self.warning.lists
    }

    /// The warning lists with what is wrong with them.
    pub fn warning(&self) -> &Warning {
        &self.warning
    }
}

impl Configured {
    /// A source that nobody saved yet, for the test bench.
    pub(super) fn unsaved(
        slug: &str,
        definition: Definition,
        settings: Settings,
        slots: Vec<SlotState>,
        (base, is_base_configured): (Option<Url>, bool),
        source: Arc<dyn Source>,
    ) -> Self {
        let never = UnixMicros(0);
        Self {
            slots,
            ..Self::of(
                SourceRow {
                    id: SourceId(0),
                    slug: slug.to_owned(),
                    kind: definition.body.kind(),
                    is_shipped: false,
                    provider: None,
                    is_enabled: true,
                    settings,
                    generation: 0,
                    version: 0,
                    definition: Vec::new(),
                    product_version: None,
                    created_at: never,
                    changed_at: never,
                },
                definition,
                (base, is_base_configured),
                source,
            )
        }
    }

    /// A source without provider and secrets.
    fn of(
        row: SourceRow,
        definition: Definition,
        (base, is_base_configured): (Option<Url>, bool),
        source: Arc<dyn Source>,
    ) -> Self {
        let settings = row.settings;
        Self {
            id: row.id,
            slug: row.slug,
            name: definition.name.clone(),
            about: definition.about.clone(),
            website: definition.website.clone(),
            tags: definition.tags.clone(),
            kind: row.kind,
            is_shipped: row.is_shipped,
            provider: None,
            is_enabled: row.is_enabled,
            kinds: source.kinds(),
            kinds_off: settings.off(),
            exposure: definition.exposure,
            tlp_max: settings.tlp_max(&definition),
            windows: settings.windows(&definition).to_vec(),
            cache_s: settings.cache_s(&definition),
            nothing_cache_s: settings.nothing_cache_s(&definition),
            time_max: Duration::from_secs(settings.time_max_s(&definition).into()),
            version: row.version,
            product_version: row.product_version,
            generation: u64::try_from(row.generation).unwrap_or(0),
            slots: Vec::new(),
            hosts: hosts(&definition, base.as_ref()),
            base,
            is_base_configured,
            schedule_s: settings.schedule_s(&definition),
            source,
            unmade: None,
            definition: Arc::new(definition),
            settings,
            created_at: row.created_at,
            changed_at: row.changed_at,
        }
    }
}

/// Makes sources of rows.
pub(crate) struct Assembly<'a> {
    pub(crate) maker: &'a dyn Maker,
    /// Where the settings file moved upstreams to, by slug.
    pub(crate) configured: &'a BTreeMap<String, Url>,
}

impl Assembly<'_> {
    pub(crate) fn catalogue(&self, rows: SourceRows) -> Catalogue {
        let providers: BTreeMap<ProviderId, Arc<Provider>> = rows
            .providers
            .into_iter()
            .map(|row| (row.id, Arc::new(provider(row))))
            .collect();
        let secrets: BTreeMap<SecretId, Arc<SecretRef>> = rows
            .secrets
            .into_iter()
            .map(|row| (row.id, Arc::new(secret(row))))
            .collect();
        let mut slots: BTreeMap<SourceId, Vec<SlotRow>> = BTreeMap::new();
        for slot in rows.slots {
            slots.entry(slot.source).or_default().push(slot);
        }
        let mut sources: Vec<_> = rows
            .sources
            .into_iter()
            .map(|row| {
                let filled = slots.remove(&row.id).unwrap_or_default();
                let behind = row.provider.and_then(|id| providers.get(&id)).cloned();
                Arc::new(self.source(row, behind, &filled, &secrets))
            })
            .collect();
        let by_name = |name: &str| (name.to_lowercase(), name.to_owned());
        sources.sort_by_cached_key(|one| by_name(&one.name));
        let mut providers: Vec<_> = providers.into_values().collect();
        providers.sort_by_cached_key(|one| by_name(&one.name));
        let mut secrets: Vec<_> = secrets.into_values().collect();
        secrets.sort_by_cached_key(|one| by_name(&one.name));
        Catalogue {
            by_id: (0..).zip(&sources).map(|(at, one)| (one.id, at)).collect(),
            by_slug: (0..)
                .zip(&sources)
                .map(|(at, one)| (one.slug.clone(), at))
                .collect(),
            sources,
            providers,
            secrets,
        }
    }

    fn source(
        &self,
        row: SourceRow,
        provider: Option<Arc<Provider>>,
        filled: &[SlotRow],
        secrets: &BTreeMap<SecretId, Arc<SecretRef>>,
    ) -> Configured {
        let (definition, unreadable) = match Definition::read(&row.definition) {
            Ok(definition) => (definition, None),
            Err(error) => (unreadable(&row.slug), Some(error.to_string())),
        };
        let settings = &row.settings;
        let by_file = self.configured.get(&row.slug);
        let is_base_configured = by_file.is_some() && definition.body.base().is_some();
        let base = by_file
            .filter(|_| is_base_configured)
            .or(settings.base.as_ref())
            .cloned();
        let made = match unreadable {
            Some(what) => Err(Unmade::Faults(vec![Fault {
                field: "definition".into(),
                what,
            }])),
            None => self.maker.make(&row.slug, &definition.body, base.as_ref()),
        };
        let (source, unmade): (Arc<dyn Source>, _) = match made {
            Ok(source) => (source, None),
            Err(why) => (Arc::new(Nobody), Some(why)),
        };
        let slots = definition.secrets.iter().map(|slot| {
            let row = filled.iter().find(|row| row.slot == slot.name);
            SlotState {
                secret: row.and_then(|row| secrets.get(&row.secret)).cloned(),
                is_confirmed: row.is_some_and(|row| {
                    is_base_configured || is_bound(row, &definition, settings, slot)
                }),
                slot: slot.clone(),
            }
        });
        let slots = slots.collect();
        Configured {
            provider,
            slots,
            unmade,
            ..Configured::of(row, definition, (base, is_base_configured), source)
        }
    }
}

/// Whether a secret goes where it was to go when it was put into its slot.
fn is_bound(
    row: &SlotRow,
    definition: &Definition,
    settings: &Settings,
    slot: &SecretSlot,
) -> bool {
    let bound: Option<Binding> = serde_json::from_str(&row.binding).ok();
    bound.is_some_and(|bound| bound == Binding::of(definition, settings, slot))
}

/// Hosts that a source may name.
fn hosts(definition: &Definition, base: Option<&Url>) -> Vec<String> {
    let own = || address(definition, &Settings::default());
    let upstream = base.cloned().or_else(own);
    let mut hosts: Vec<String> = upstream.iter().filter_map(rule_of).collect();
    if let Body::BuiltIn(built_in) = &definition.body {
        hosts.extend(built_in.hosts.iter().cloned());
    }
    hosts
}

/// Stands where a version cannot be read, so that its source is shown with its fault.
fn unreadable(slug: &str) -> Definition {
    Definition {
        name: slug.to_owned(),
        about: String::new(),
        website: String::new(),
        tags: Vec::new(),
        exposure: crate::Exposure::Publishes,
        secrets: Vec::new(),
        windows: Vec::new(),
        cache_s: 0,
        nothing_cache_s: None,
        time_max_s: None,
        schedule_s: None,
        body: Body::BuiltIn(super::BuiltIn {
            revision: 0,
            base: None,
            hosts: Vec::new(),
        }),
    }
}

fn provider(row: ProviderRow) -> Provider {
    let is = row.provider;
    Provider {
        id: row.id,
        slug: is.slug,
        name: is.name,
        about: is.about,
        website: is.website,
        tags: is.tags,
        is_enabled: is.is_enabled,
        created_at: row.created_at,
    }
}

fn secret(row: SecretRow) -> SecretRef {
    SecretRef {
        id: row.id,
        name: row.name,
        about: row.about,
        expires_at: row.expires_at,
        created_at: row.created_at,
        changed_at: row.changed_at,
        sealed: Sealed {
            key: row.key,
            bytes: row.sealed.into(),
        },
    }
}
