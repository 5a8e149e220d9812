//! How sources, providers, lists and secrets look on the wire: the third seed's names, and ours
//! beside them. Secrets have no value here, and none anywhere else.

use accounts::Page;
use base::UnixMicros;
use indicator::KindSet;
use intel::lists::{IgnoreEntry, IgnoreList, ListId, WarningList};
use intel::secrets::SecretRef;
use intel::sources::{
    Configured, Notification, Provider, SlotState, Sources, Unmade, VersionOrigin, VersionRow,
};
use intel::{Exposure, SourceKind};
use serde_json::{Value, json};

use super::views::{maybe, time};

/// A kind of source in capitals.
pub(super) fn kind(kind: SourceKind) -> Value {
    serde_json::to_value(kind).unwrap_or_default()
}

/// What a lookup tells whom, in capitals.
pub(super) fn exposure(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::Local => "LOCAL",
        Exposure::Passive => "PASSIVE",
        Exposure::Contact => "CONTACT",
        Exposure::Publishes => "PUBLISHES",
    }
}

fn kinds(kinds: KindSet) -> Vec<&'static str> {
    kinds.iter().map(indicator::Kind::wire).collect()
}

/// A source in few words, for lists of others.
pub(super) fn brief(source: &Configured) -> Value {
    json!({
        "id": source.id.0.to_string(),
        "slug": source.slug,
        "name": source.name,
        "url": source.website,
        "version": source.version,
    })
}

/// A source as this installation has set it up.
pub(super) fn source(source: &Configured, now: UnixMicros) -> Value {
    let window = source.windows.first();
    let faults = match &source.unmade {
        Some(Unmade::Faults(faults)) => json!(faults),
        _ => json!([]),
    };
    json!({
        "id": source.id.0.to_string(),
        "createdAt": time(source.created_at),
        "updatedAt": time(source.changed_at),
        "name": source.name,
        "slug": source.slug,
        "description": source.about,
        "url": source.website,
        "favicon": null,
        "tags": source.tags,
        "enabled": source.is_enabled,
        "supportedIndicators": kinds(source.kinds),
        "disabledIndicators": kinds(source.kinds_off),
        "taskEnabled": source.schedule_s.is_some(),
        "taskInterval": source.schedule_s,
        "config": [],
        "configValues": [],
        "limitEnabled": window.is_some(),
        "limitCount": window.map(|window| window.requests),
        "limitInterval": window.map(|window| window.seconds),
        "cacheEnabled": source.cache_s > 0,
        "cacheInterval": source.cache_s,
        "providerId": source.provider.as_ref().map(|provider| provider.id.0.to_string()),
        "kind": kind(source.kind),
        "sourceCode": null,
        // Ours.
        "on": source.is_on(),
        "shipped": source.is_shipped,
        "usable": source.unmade.is_none(),
        "faults": faults,
        "exposure": exposure(source.exposure),
        "tlpMax": source.tlp_max.name(),
        "windows": source.windows,
        "nothingCacheInterval": source.nothing_cache_s,
        "timeMaxS": source.time_max.as_secs(),
        "base": source.base,
        "baseFromSettings": source.is_base_configured,
        "hosts": source.hosts,
        "version": source.version,
        "productVersion": source.product_version,
        "missingSecrets": source.missing(now).iter().map(|state| &state.slot.name).collect::<Vec<_>>(),
    })
}

/// The same with the words of its version in force and what differs here.
pub(super) fn whole_source(configured: &Configured, now: UnixMicros) -> Value {
    let mut told = source(configured, now);
    told["definition"] = json!(*configured.definition);
    told["settings"] = json!(configured.settings);
    let slots = configured.slots.iter();
    told["secrets"] = slots.map(|state| slot(state, now)).collect();
    told
}

/// A place for a secret, and which secret stands there.
pub(super) fn slot(state: &SlotState, now: UnixMicros) -> Value {
    let secret = state.secret.as_ref();
    json!({
        "name": state.slot.name,
        "description": state.slot.about,
        "required": state.slot.required,
        "place": state.slot.place,
        "secretId": secret.map(|secret| secret.id.0.to_string()),
        "secretName": secret.map(|secret| &secret.name),
        "filled": state.is_filled(now),
        "confirmed": state.is_confirmed,
    })
}

/// A version of a source.
pub(super) fn version(row: &VersionRow) -> Value {
    let (origin, from) = match row.origin {
        VersionOrigin::Product => ("PRODUCT", None),
        VersionOrigin::Person => ("PERSON", None),
        VersionOrigin::RollBack(to) => ("ROLL_BACK", Some(to)),
    };
    json!({
        "version": row.number,
        "sha256": hex::encode(row.sha256),
        "origin": origin,
        "rolledBackTo": from,
        "note": row.note,
        "createdAt": time(row.made_at),
        "createdUserId": row.made_by.map(|user| user.0.to_string()),
    })
}

/// Who stands behind sources.
pub(super) fn provider(provider: &Provider, sources: &Sources) -> Value {
    json!({
        "id": provider.id.0.to_string(),
        "createdAt": time(provider.created_at),
        "updatedAt": time(provider.created_at),
        "name": provider.name,
        "slug": provider.slug,
        "description": provider.about,
        "url": provider.website,
        "favicon": null,
        "tags": provider.tags,
        "enabled": provider.is_enabled,
        "numSources": sources.of_provider(provider.id).count(),
    })
}

/// An ignore list without its entries.
pub(super) fn ignore_list(list: &IgnoreList) -> Value {
    json!({
        "id": list.id.0.to_string(),
        "createdAt": time(list.created_at),
        "updatedAt": time(list.changed_at),
        "name": list.list.name,
        "slug": list.list.slug,
        "description": list.list.about,
        "enabled": list.list.is_enabled,
        "global": list.list.is_global,
        "numEntries": list.entries,
        "sources": list.sources.iter().map(|id| id.0.to_string()).collect::<Vec<_>>(),
        "providers": list.providers.iter().map(|id| id.0.to_string()).collect::<Vec<_>>(),
    })
}

/// The entries of an ignore list.
pub(super) fn entries(list: ListId, page: &Page<IgnoreEntry>) -> Vec<Value> {
    let entry = |entry: &IgnoreEntry| {
        json!({
            "id": entry.id.to_string(),
            "data": entry.value,
            "indicatorKind": entry.kind.wire(),
            "ignoreListId": list.0.to_string(),
        })
    };
    page.rows.iter().map(entry).collect()
}

/// A warning list without its entries.
pub(super) fn warning_list(list: &WarningList) -> Value {
    json!({
        "id": list.id.0.to_string(),
        "createdAt": time(list.created_at),
        "updatedAt": time(list.changed_at),
        "name": list.name,
        "slug": list.slug,
        "description": list.about,
        "version": list.version,
        "matching": format!("{:?}", list.matching).to_uppercase(),
        "matchingAttributes": list.attributes,
        "numEntries": list.entries,
        "enabled": list.is_enabled,
        "shipped": list.is_built_in,
        "fault": list.fault,
    })
}

/// A secret by its name; what it is stays in the vault.
pub(super) fn secret(secret: &SecretRef, sources: &Sources, now: UnixMicros) -> Value {
    json!({
        "id": secret.id.0.to_string(),
        "createdAt": time(secret.created_at),
        "updatedAt": time(secret.changed_at),
        "name": secret.name,
        "description": secret.about,
        "expiresAt": maybe(secret.expires_at),
        "expired": secret.has_expired(now),
        "numSources": sources.uses(secret.id).count(),
    })
}

/// Something that somebody should know, as the third seed writes it: `{kind, content}`.
pub(super) fn notification(told: &Notification) -> Value {
    let of = |source: &Configured| json!({ "id": source.id.0.to_string(), "name": source.name, "slug": source.slug });
    let content = match told {
        Notification::MissingSecrets { source, slots } => {
            let mut content = of(source);
            content["numMissingSecrets"] = slots.len().into();
            content["slots"] = json!(slots);
            content
        }
        Notification::SecretExpires {
            secret,
            at,
            has_expired,
        } => json!({
            "id": secret.id.0.to_string(),
            "name": secret.name,
            "expiresAt": time(*at),
            "expired": has_expired,
        }),
        Notification::Unusable { source, why } => {
            let mut content = of(source);
            content["why"] = match why {
                Unmade::Faults(faults) => json!(faults),
                Unmade::NoRunner(_) => "NO_RUNNER".into(),
            };
            content
        }
        Notification::Failing {
            source,
            asked,
            troubled,
        } => {
            let mut content = of(source);
            content["asked"] = (*asked).into();
            content["troubled"] = (*troubled).into();
            content
        }
        Notification::QuotaNear {
            source,
            window,
            used,
        } => {
            let mut content = of(source);
            content["window"] = json!(window);
            content["used"] = (*used).into();
            content
        }
        Notification::NewerVersion { source, version } => {
            let mut content = of(source);
            content["version"] = (*version).into();
            content
        }
    };
    json!({ "kind": told.name(), "content": content })
}
