//! What somebody signs in with, in words that they recognise.

use std::net::IpAddr;

/// A browser at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// "Firefox on Linux"; "Unknown device" when nothing is known of it.
    pub name: String,
    /// From where; `None` when it is not known.
    pub address: Option<IpAddr>,
}

/// Longest header that is looked at; those of browsers have less than half.
const HEADER_BYTES_MAX: usize = 512;

/// Browsers by a word in their header, the most telling first: each names those it derives from.
const BROWSERS: [(&str, &str); 13] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("HeadlessChrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// Systems by a word in the header, the most telling first.
const SYSTEMS: [(&str, &str); 10] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    ("Linux", "Linux"),
];

impl Device {
    /// The device that a request's `User-Agent` header speaks of.
    pub fn of(user_agent: Option<&str>, address: Option<IpAddr>) -> Self {
        let header = user_agent.unwrap_or_default();
        let header = &header[..header.floor_char_boundary(HEADER_BYTES_MAX)];
        let first = |known: &[(&str, &'static str)]| {
            known
                .iter()
                .find(|(word, _)| header.contains(word))
                .map(|(_, name)| *name)
        };
        let name = match (first(&BROWSERS), first(&SYSTEMS)) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(browser), None) => browser.to_owned(),
            (None, Some(system)) => format!("Unknown browser on {system}"),
            (None, None) => "Unknown device".to_owned(),
        };
        Self { name, address }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names_that_people_know() {
        let check = |header: &str, name: &str| {
            assert_eq!(Device::of(Some(header), None).name, name, "{header}");
        };
        check(
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        );
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        );
        check(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
            "Safari on macOS",
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
        );
        check(
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        );
        check("curl/8.5.0", "curl");
        check("", "Unknown device");
        check(&"ü".repeat(400), "Unknown device");
        assert_eq!(Device::of(None, None).name, "Unknown device");
    }
}
