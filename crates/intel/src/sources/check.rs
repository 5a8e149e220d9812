//! Everything that can be wrong with what people write down of sources, providers, secrets and lists.

use std::collections::BTreeSet;

use url::Url;

use super::{Body, Definition, Settings};
use crate::declared::{Declared, Fault};
use crate::{SecretPlace, Window};

/// Most sources.
pub const SOURCES_MAX: usize = 1_000;
/// Most providers.
pub const PROVIDERS_MAX: usize = 1_000;
/// Longest slug, in bytes.
pub const SLUG_BYTES_MAX: usize = 60;
/// Longest name, in characters.
pub const NAME_LETTERS_MAX: usize = 100;
/// Longest text about something, in characters.
pub const ABOUT_LETTERS_MAX: usize = 2_000;
/// Longest address, in bytes.
pub(crate) const ADDRESS_BYTES_MAX: usize = 500;
/// Most tags of one thing.
pub(crate) const TAGS_MAX: usize = 20;
/// Longest tag, in characters.
pub(crate) const TAG_LETTERS_MAX: usize = 40;
/// Most secrets of one source.
pub(crate) const SLOTS_MAX: usize = 10;
/// Most windows of one source.
pub(crate) const WINDOWS_MAX: usize = 8;
/// Longest window, cache time and schedule, in seconds: a year of 366 days.
pub const SECONDS_MAX: u32 = 366 * 86_400;
/// Longest time that one question may take, in seconds.
pub(crate) const TIME_MAX_S_MAX: u32 = 300;
/// Shortest time between two pulls, in seconds: providers close their doors to who comes more often.
pub(crate) const SCHEDULE_S_MIN: u32 = 60;
/// Most bytes of a definition in its canonical form.
pub const DEFINITION_BYTES_MAX: usize = 256 * 1024;

/// Slugs that addresses of pages have for something else.
const RESERVED: [&str; 4] = ["new", "edit", "global", "slugs"];
/// Headers that say how a message travels: no secret goes there.
const TRAVELLING: [&str; 6] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "upgrade",
];

/// Collects faults.
#[derive(Default)]
pub(crate) struct Checker(Vec<Fault>);

impl Checker {
    pub(crate) fn fault(&mut self, field: impl Into<String>, what: impl Into<String>) {
        self.0.push(Fault {
            field: field.into(),
            what: what.into(),
        });
    }

    pub(crate) fn faults(self) -> Vec<Fault> {
        self.0
    }

    pub(crate) fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.0.extend(faults);
    }

    /// `Ok` when nothing was found.
    pub(crate) fn done(self) -> Result<(), Vec<Fault>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }

    pub(crate) fn slug(&mut self, slug: &str) {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if slug.is_empty()
            || slug.len() > SLUG_BYTES_MAX
            || !slug.bytes().all(fits)
            || slug.starts_with('-')
            || slug.ends_with('-')
        {
            let what = format!(
                "1 to {SLUG_BYTES_MAX} small letters, digits and hyphens, none of these at an end"
            );
            self.fault("slug", what);
        } else if RESERVED.contains(&slug) {
            self.fault("slug", "this word is taken for something else");
        }
    }

    /// A line of 1 to `letters_max` characters.
    pub(crate) fn line(&mut self, field: &str, text: &str, letters_max: usize) {
        if text.trim().is_empty() {
            self.fault(field, "say something");
        } else if text.chars().count() > letters_max {
            self.fault(field, format!("at most {letters_max} characters"));
        } else if text.chars().any(char::is_control) {
            self.fault(field, "one line, without control characters");
        }
    }

    pub(crate) fn about(&mut self, text: &str) {
        if text.chars().count() > ABOUT_LETTERS_MAX {
            self.fault("about", format!("at most {ABOUT_LETTERS_MAX} characters"));
        }
    }

    pub(crate) fn website(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let is_address = text.len() <= ADDRESS_BYTES_MAX
            && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
        if !is_address {
            self.fault(
                "website",
                "an address such as https://example.org, or nothing",
            );
        }
    }

    pub(crate) fn tags(&mut self, tags: &[String]) {
        if tags.len() > TAGS_MAX {
            self.fault("tags", format!("at most {TAGS_MAX}"));
        }
        for (at, tag) in tags.iter().take(TAGS_MAX).enumerate() {
            self.line(&format!("tags[{at}]"), tag, TAG_LETTERS_MAX);
        }
    }

    fn windows(&mut self, windows: &[Window]) {
        if windows.len() > WINDOWS_MAX {
            self.fault("windows", format!("at most {WINDOWS_MAX}"));
        }
        for (at, window) in windows.iter().take(WINDOWS_MAX).enumerate() {
            if window.requests == 0 {
                let what = "at least 1; switch the source off to ask it never";
                self.fault(format!("windows[{at}].requests"), what);
            }
            self.seconds(
                &format!("windows[{at}].seconds"),
                window.seconds,
                1,
                SECONDS_MAX,
            );
        }
    }

    fn seconds(&mut self, field: &str, seconds: u32, min: u32, max: u32) {
        if !(min..=max).contains(&seconds) {
            self.fault(field, format!("{min} to {max} seconds"));
        }
    }

    /// The times that definitions and settings have in common.
    fn times(&mut self, nothing: Option<u32>, time_max: Option<u32>, schedule: Option<u32>) {
        if let Some(nothing) = nothing {
            self.seconds("nothing_cache_s", nothing, 0, SECONDS_MAX);
        }
        if let Some(time_max) = time_max {
            self.seconds("time_max_s", time_max, 1, TIME_MAX_S_MAX);
        }
        if let Some(schedule) = schedule {
            self.seconds("schedule_s", schedule, SCHEDULE_S_MIN, SECONDS_MAX);
        }
    }

    fn base(&mut self, field: &str, base: &Url) {
        if base.scheme() != "https" {
            let what = "begin with https://; an address within your network is set in the settings \
                        file, under [desk] upstreams";
            self.fault(field, what);
        } else if base.host().is_none()
            || !base.username().is_empty()
            || base.password().is_some()
            || base.query().is_some()
            || base.fragment().is_some()
        {
            self.fault(field, "only scheme, host, port and path");
        }
    }

    fn secrets(&mut self, definition: &Definition) {
        if definition.secrets.len() > SLOTS_MAX {
            self.fault("secrets", format!("at most {SLOTS_MAX}"));
        }
        let mut names = BTreeSet::new();
        for (at, slot) in definition.secrets.iter().take(SLOTS_MAX).enumerate() {
            let field = |name: &str| format!("secrets[{at}].{name}");
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            if slot.name.is_empty() || slot.name.len() > 40 || !slot.name.bytes().all(fits) {
                self.fault(
                    field("name"),
                    "1 to 40 letters, digits, hyphens and underscores",
                );
            } else if !names.insert(&slot.name) {
                self.fault(field("name"), "another one is called so");
            }
            if slot.about.chars().count() > ABOUT_LETTERS_MAX {
                self.fault(
                    field("about"),
                    format!("at most {ABOUT_LETTERS_MAX} characters"),
                );
            }
            self.place(&field("place"), &slot.place);
        }
    }

    fn place(&mut self, field: &str, place: &SecretPlace) {
        match place {
            SecretPlace::Header { name, before } => {
                let lower = name.to_ascii_lowercase();
                if name.is_empty() || !name.bytes().all(is_token) {
                    self.fault(
                        format!("{field}.header.name"),
                        "this is no name of a header",
                    );
                } else if TRAVELLING.contains(&lower.as_str()) {
                    self.fault(
                        format!("{field}.header.name"),
                        "no secret goes into this header",
                    );
                }
                if !before.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                    self.fault(
                        format!("{field}.header.before"),
                        "only visible ASCII and blanks",
                    );
                }
            }
            SecretPlace::Query(name) | SecretPlace::Segment(name) => {
                if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
                    self.fault(field, "1 to 100 characters");
                }
            }
            SecretPlace::Basic { user } => {
                if user.contains(':') || user.chars().any(char::is_control) {
                    self.fault(
                        format!("{field}.basic.user"),
                        "no colon and no control character",
                    );
                }
            }
        }
    }
}

/// Takes blanks off both ends.
pub(crate) fn trim(text: &mut String) {
    text.truncate(text.trim_end().len());
    text.drain(..text.len() - text.trim_start().len());
}

/// What may stand in the name of a header (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl Definition {
    /// Everything that is wrong with it; faults of its body stand under `description`.
    pub fn check(&self) -> Vec<Fault> {
        let mut checker = Checker::default();
        checker.line("name", &self.name, NAME_LETTERS_MAX);
        checker.about(&self.about);
        checker.website(&self.website);
        checker.tags(&self.tags);
        checker.secrets(self);
        checker.windows(&self.windows);
        checker.seconds("cache_s", self.cache_s, 0, SECONDS_MAX);
        checker.times(self.nothing_cache_s, self.time_max_s, self.schedule_s);
        if let Body::Http(description) = &self.body {
            if let Ok(base) = Url::parse(&description.base) {
                checker.base("description.base", &base);
            }
            if let Err(faults) = Declared::check(description, None) {
                for fault in faults {
                    checker.fault(format!("description.{}", fault.field), fault.what);
                }
            }
            if self.schedule_s.is_some() {
                checker.fault(
                    "schedule_s",
                    "a described source keeps nothing that is pulled",
                );
            }
        }
        if checker.0.is_empty() && self.write().bytes.len() > DEFINITION_BYTES_MAX {
            let what = format!("all of it together has more than {DEFINITION_BYTES_MAX} bytes");
            checker.fault("description", what);
        }
        checker.faults()
    }
}

impl Settings {
    /// Everything that is wrong with them, for a source of this definition.
    pub fn check(&self, definition: &Definition) -> Vec<Fault> {
        let mut checker = Checker::default();
        for (at, name) in self.kinds_off.iter().enumerate() {
            if let Err(error) = name.parse::<indicator::Kind>() {
                checker.fault(format!("kinds_off[{at}]"), error.to_string());
            }
        }
        match &self.base {
            Some(_) if definition.body.base().is_none() => {
                checker.fault("base", "this source has no one address that could be moved");
            }
            Some(base) => checker.base("base", base),
            None => {}
        }
        if let Some(windows) = &self.windows {
            checker.windows(windows);
        }
        if let Some(cache) = self.cache_s {
            checker.seconds("cache_s", cache, 0, SECONDS_MAX);
        }
        checker.times(self.nothing_cache_s, self.time_max_s, self.schedule_s);
        if self.schedule_s.is_some() && definition.schedule_s.is_none() {
            checker.fault("schedule_s", "this source keeps nothing that is pulled");
        }
        checker.faults()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretSlot;

    fn definition() -> Definition {
        crate::catalogue().remove(0).into()
    }

    #[test]
    fn each_fault_is_told_with_its_field() {
        let check = |change: &dyn Fn(&mut Definition), field: &str| {
            let mut definition = definition();
            change(&mut definition);
            let faults = definition.check();
            let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
            assert_eq!(fields, [field], "{faults:?}");
        };
        check(&|one| one.name = " ".into(), "name");
        check(&|one| one.name = "a\nb".into(), "name");
        check(&|one| one.about = "x".repeat(2_001), "about");
        check(&|one| one.website = "javascript:alert(1)".into(), "website");
        check(&|one| one.tags = vec!["a".into(), String::new()], "tags[1]");
        check(&|one| one.cache_s = u32::MAX, "cache_s");
        check(&|one| one.time_max_s = Some(0), "time_max_s");
        check(&|one| one.schedule_s = Some(600), "schedule_s");
        check(&|one| one.windows[0].requests = 0, "windows[0].requests");
        check(&|one| one.windows[0].seconds = 0, "windows[0].seconds");
        check(
            &|one| one.secrets.push(one.secrets[0].clone()),
            "secrets[1].name",
        );
        check(
            &|one| {
                one.secrets[0].place = SecretPlace::Header {
                    name: "Host".into(),
                    before: String::new(),
                };
            },
            "secrets[0].place.header.name",
        );
        let http = |one: &mut Definition, base: &str| {
            if let Body::Http(description) = &mut one.body {
                description.base = base.into();
            }
        };
        // An open line shows the secret to whoever stands beside it.
        check(
            &|one| http(one, "http://api.example.org"),
            "description.base",
        );
        check(&|one| http(one, "nowhere"), "description.base");
        assert_eq!(definition().check(), []);
    }

    #[test]
    fn settings_that_do_not_fit_the_source_are_told() {
        let check = |settings: Settings, field: &str| {
            let faults = settings.check(&definition());
            let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
            assert_eq!(fields, [field], "{faults:?}");
        };
        let none = Settings::default;
        check(
            Settings {
                kinds_off: vec!["IPV4".into(), "IPV7".into()],
                ..none()
            },
            "kinds_off[1]",
        );
        check(
            Settings {
                base: Some("http://10.0.0.1:8080".parse().unwrap()),
                ..none()
            },
            "base",
        );
        check(
            Settings {
                schedule_s: Some(3600),
                ..none()
            },
            "schedule_s",
        );
        check(
            Settings {
                windows: Some(vec![Window {
                    requests: 0,
                    seconds: 1,
                }]),
                ..none()
            },
            "windows[0].requests",
        );
        let slot = SecretSlot {
            name: "key".into(),
            about: String::new(),
            required: true,
            place: SecretPlace::Query("key".into()),
        };
        assert_eq!(
            Definition {
                secrets: vec![slot],
                ..definition()
            }
            .check(),
            []
        );
    }
}
