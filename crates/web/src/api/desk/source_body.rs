//! A source in a body: the third seed's fields, and ours; and what they mean for a source's words and
//! its settings.
#![expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]

use indicator::Kind as IndicatorKind;
use intel::sources::{ChangeError, Configured, Definition, Settings};
use intel::{ProviderId, SourceKind, Tlp, Window};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::asked::invalid;
use super::bodies::{Id, given};
use crate::problem::ApiError;

/// A source in a body: the third seed's fields, and ours. What is missing stays, or is by default.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SourceBody {
    pub(super) slug: Option<String>,
    pub(super) kind: Option<SourceKind>,
    name: Option<String>,
    description: Option<String>,
    url: Option<String>,
    /// Icons are not kept: taken and dropped, because the third seed's clients send it always.
    #[serde(rename = "favicon")]
    _favicon: Option<Value>,
    tags: Option<Vec<String>>,
    pub(super) enabled: Option<bool>,
    supported_indicators: Option<Vec<String>>,
    disabled_indicators: Option<Vec<String>>,
    task_enabled: Option<bool>,
    task_interval: Option<u32>,
    config: Vec<Value>,
    config_values: Vec<Value>,
    limit_enabled: Option<bool>,
    limit_count: Option<u32>,
    limit_interval: Option<u32>,
    cache_enabled: Option<bool>,
    cache_interval: Option<u32>,
    #[serde(deserialize_with = "given")]
    provider_id: Option<Option<Id>>,
    source_code: Option<String>,
    definition: Option<Definition>,
    settings: Option<Settings>,
    windows: Option<Vec<Window>>,
    nothing_cache_interval: Option<u32>,
    time_max_s: Option<u32>,
    #[serde(deserialize_with = "given")]
    base: Option<Option<Url>>,
    #[serde(deserialize_with = "given")]
    tlp_max: Option<Option<Tlp>>,
    pub(super) note: Option<String>,
    pub(super) based_on: Option<u32>,
}

impl SourceBody {
    /// Refuses what could only be taken by dropping it.
    pub(super) fn check(&self, source: Option<&Configured>) -> Result<(), ApiError> {
        let is_code = matches!(
            self.kind,
            Some(
                SourceKind::Python
                    | SourceKind::JavaScript
                    | SourceKind::Cortex
                    | SourceKind::MispModule
            )
        );
        if is_code
            || self
                .source_code
                .as_ref()
                .is_some_and(|code| !code.is_empty())
        {
            return Err(ChangeError::NoRunner.into());
        }
        if !self.config.is_empty() || !self.config_values.is_empty() {
            return Err(invalid(
                "config",
                &"sources have no configuration of their own here",
            ));
        }
        let (Some(named), Some(source)) = (&self.supported_indicators, source) else {
            return Ok(());
        };
        let mut named = kinds(named, "supportedIndicators")?;
        let mut has: Vec<_> = source.kinds.iter().collect();
        named.sort_unstable();
        has.sort_unstable();
        if named == has {
            return Ok(());
        }
        Err(invalid(
            "supportedIndicators",
            &"they follow from the definition; switch kinds off with disabledIndicators",
        ))
    }

    /// What differs here, on top of what differs already.
    pub(super) fn settings(&self, mut settings: Settings) -> Result<Settings, ApiError> {
        if let Some(whole) = &self.settings {
            settings = whole.clone();
        }
        if let Some(named) = &self.disabled_indicators {
            let off = kinds(named, "disabledIndicators")?;
            settings.kinds_off = off.into_iter().map(|kind| kind.wire().to_owned()).collect();
        }
        if self.task_enabled == Some(false) {
            return Err(invalid("taskEnabled", &"switch the source off instead"));
        }
        settings.schedule_s = self.task_interval.or(settings.schedule_s);
        match (self.limit_enabled, self.limit_count, self.limit_interval) {
            (Some(false), ..) => settings.windows = Some(Vec::new()),
            (_, Some(requests), Some(seconds)) => {
                settings.windows = Some(vec![Window { requests, seconds }]);
            }
            (_, None, None) => {}
            (_, None, Some(_)) => return Err(invalid("limitCount", &"how many in that time?")),
            (_, Some(_), None) => return Err(invalid("limitInterval", &"in how many seconds?")),
        }
        if let Some(windows) = &self.windows {
            settings.windows = Some(windows.clone());
        }
        settings.cache_s = match self.cache_enabled {
            Some(false) => Some(0),
            _ => self.cache_interval.or(settings.cache_s),
        };
        settings.nothing_cache_s = self.nothing_cache_interval.or(settings.nothing_cache_s);
        settings.time_max_s = self.time_max_s.or(settings.time_max_s);
        if let Some(base) = &self.base {
            settings.base.clone_from(base);
        }
        if let Some(tlp_max) = self.tlp_max {
            settings.tlp_max = tlp_max;
        }
        Ok(settings)
    }

    /// The words, on top of those in force; nothing when none were given.
    pub(super) fn definition(&mut self, in_force: Option<&Definition>) -> Option<Definition> {
        let has_words = self.name.is_some()
            || self.description.is_some()
            || self.url.is_some()
            || self.tags.is_some();
        let mut definition = match (self.definition.take(), in_force) {
            (Some(definition), _) => definition,
            (None, Some(in_force)) if has_words => in_force.clone(),
            _ => return None,
        };
        definition.name = self.name.take().unwrap_or(definition.name);
        definition.about = self.description.take().unwrap_or(definition.about);
        definition.website = self.url.take().unwrap_or(definition.website);
        definition.tags = self.tags.take().unwrap_or(definition.tags);
        Some(definition)
    }

    pub(super) fn provider(&self) -> Option<Option<ProviderId>> {
        self.provider_id.map(|id| id.map(|id| ProviderId(id.0)))
    }
}

fn kinds(names: &[String], field: &'static str) -> Result<Vec<IndicatorKind>, ApiError> {
    let read = |name: &String| name.parse().map_err(|why| invalid(field, &why));
    names.iter().map(read).collect()
}
