//! How this installation has set a source up: only what differs from what the source says itself, so
//! that a new version of the product changes everything that nobody changed here.

use indicator::{Kind, KindSet};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Definition, NOTHING_CACHE_S, TIME_MAX_S};
use crate::{Exposure, Tlp, Window};

/// What differs here. Nothing means: as the source says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Kinds that it is not asked about here, as on the wire. Names that are unknown mean nothing.
    pub kinds_off: Vec<String>,
    /// Where its upstream is.
    pub base: Option<Url>,
    /// How often it may be asked.
    pub windows: Option<Vec<Window>>,
    /// How long an answer is as good as new, in seconds.
    pub cache_s: Option<u32>,
    /// The same of knowing nothing.
    pub nothing_cache_s: Option<u32>,
    /// Longest time for one question, in seconds.
    pub time_max_s: Option<u32>,
    /// The strictest label that it may see.
    pub tlp_max: Option<Tlp>,
    /// How often what it keeps here is pulled, in seconds.
    pub schedule_s: Option<u32>,
}

impl Settings {
    /// As the row has it.
    ///
    /// # Panics
    /// Never: they are plain data.
    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("settings are plain data")
    }

    /// Reads what [`Settings::write`] wrote; what a later version wrote beside it is left out.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Kinds that it is not asked about here.
    pub fn off(&self) -> KindSet {
        let named = self.kinds_off.iter();
        named.filter_map(|name| name.parse::<Kind>().ok()).collect()
    }

    /// How often it may be asked.
    pub fn windows<'a>(&'a self, definition: &'a Definition) -> &'a [Window] {
        self.windows.as_deref().unwrap_or(&definition.windows)
    }

    /// How long an answer is as good as new, in seconds.
    pub fn cache_s(&self, definition: &Definition) -> u32 {
        self.cache_s.unwrap_or(definition.cache_s)
    }

    /// The same of knowing nothing.
    pub fn nothing_cache_s(&self, definition: &Definition) -> u32 {
        let said = self.nothing_cache_s.or(definition.nothing_cache_s);
        said.unwrap_or(NOTHING_CACHE_S.min(self.cache_s(definition)))
    }

    /// Longest time for one question, in seconds.
    pub fn time_max_s(&self, definition: &Definition) -> u32 {
        let said = self.time_max_s.or(definition.time_max_s);
        said.unwrap_or(TIME_MAX_S)
    }

    /// The strictest label that it may see.
    pub fn tlp_max(&self, definition: &Definition) -> Tlp {
        self.tlp_max.unwrap_or(definition.exposure.tlp_max())
    }

    /// How often what it keeps here is pulled, in seconds.
    pub fn schedule_s(&self, definition: &Definition) -> Option<u32> {
        let by_default = definition.schedule_s?;
        Some(self.schedule_s.unwrap_or(by_default))
    }
}

impl Exposure {
    /// The strictest label that a source of this exposure may see unless somebody decides otherwise.
    /// A provider is somebody outside: what may not leave the organisation is not told to it. Whoever
    /// is asked about is not part of any community, and what is published is for everybody.
    pub fn tlp_max(self) -> Tlp {
        match self {
            Self::Local => Tlp::Red,
            Self::Passive => Tlp::Amber,
            Self::Contact => Tlp::Green,
            Self::Publishes => Tlp::Clear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_set_is_as_the_source_says() {
        let definition = Definition::from(crate::catalogue().remove(0));
        let here = Settings::default();
        assert_eq!(here.windows(&definition), definition.windows);
        assert_eq!(here.cache_s(&definition), 3600);
        assert_eq!(here.nothing_cache_s(&definition), 900);
        assert_eq!(here.tlp_max(&definition), Tlp::Amber);
        let here = Settings {
            kinds_off: vec!["IPV6".into(), "KIND_OF_TOMORROW".into()],
            cache_s: Some(60),
            tlp_max: Some(Tlp::Clear),
            ..Settings::default()
        };
        // Nothing is not remembered longer than something.
        assert_eq!(here.nothing_cache_s(&definition), 60);
        assert_eq!(here.tlp_max(&definition), Tlp::Clear);
        assert_eq!(here.off().iter().collect::<Vec<_>>(), [Kind::Ipv6]);
        assert_eq!(Settings::read(&here.write()), Some(here));
        assert_eq!(
            Settings::read(r#"{"of_tomorrow": 1}"#),
            Some(Settings::default())
        );
    }
}
