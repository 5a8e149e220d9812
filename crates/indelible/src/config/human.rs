//! Values as people write them: durations with their unit, networks, the place of the database.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A duration: a whole number and its unit, such as `250ms`, `1s`, `5m`, `24h` or `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(pub(crate) Duration);

/// Milliseconds in each unit, smallest first.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err("a duration is a whole number and a unit, such as 250ms, 1s or 7d".into());
        }
        let Some((_, unit_ms)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(if unit.is_empty() {
                format!(
                    "a unit is missing: {number}ms, {number}s, {number}m, {number}h or {number}d?"
                )
            } else {
                format!("{unit:?} is no unit; use ms, s, m, h or d after a whole number")
            });
        };
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(*unit_ms))
            // A thousand years: what is longer is meant otherwise.
            .filter(|ms| *ms <= 1000 * 365 * 86_400_000)
            .map(|ms| Self(Duration::from_millis(ms)))
            .ok_or_else(|| "the duration is longer than a thousand years".into())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let (unit, unit_ms) = UNITS
            .iter()
            .rev()
            .find(|(_, unit_ms)| ms.is_multiple_of(*unit_ms))
            .filter(|_| ms > 0)
            .unwrap_or(&UNITS[1]);
        write!(f, "{}{unit}", ms / unit_ms)
    }
}

/// How long proofs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retention {
    /// For ever.
    Forever,
    /// At least this long.
    For(Duration),
}

impl Retention {
    /// The time after which proofs may go; `None` for never.
    pub(crate) fn limit(self) -> Option<Duration> {
        match self {
            Self::Forever => None,
            Self::For(time) => Some(time),
        }
    }
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let Span(time) = text
            .parse()
            .map_err(|why| format!("neither forever nor a duration: {why}"))?;
        if time < Duration::from_mins(1) {
            return Err("proofs must be kept for at least 1m".into());
        }
        Ok(Self::For(time))
    }
}

/// Which database holds the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// A SQLite file in the data folder.
    Sqlite,
    /// A PostgreSQL database.
    Postgres(url::Url),
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "sqlite" {
            return Ok(Self::Sqlite);
        }
        let url = url::Url::parse(text)
            .map_err(|_| "write sqlite, or postgres://user@host:port/database".to_owned())?;
        match url.scheme() {
            "postgres" | "postgresql" => Ok(Self::Postgres(url)),
            other => Err(format!(
                "{other}: is no database we speak; write sqlite or postgres://…"
            )),
        }
    }
}

/// A base address that others use: `http` or `https`, a host, no path.
pub(crate) fn base_url(text: &str) -> Result<url::Url, String> {
    let url = url::Url::parse(text).map_err(|why| format!("{why}; write https://host"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("write http://host or https://host".into());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("only scheme, host and port, without a path".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("without user and password: the address is shown to everybody".into());
    }
    Ok(url)
}

/// A network: an address, or an address and the length of its prefix.
pub(crate) fn network(text: &str) -> Result<ipnet::IpNet, String> {
    text.parse::<ipnet::IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from))
        .map_err(|_| "write an address or a network, such as 10.0.0.0/8 or ::1".into())
}

/// A witness to be asked for cosignatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WitnessAddress {
    /// The key with which its cosignatures are checked.
    pub(crate) key: tlog::CosignerKey,
    /// Its submission prefix.
    pub(crate) url: url::Url,
}

impl FromStr for WitnessAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, url) = text
            .trim()
            .split_once(' ')
            .ok_or("write the witness's verifier key, a space, and its address")?;
        Ok(Self {
            key: key
                .parse()
                .map_err(|why| format!("the verifier key: {why}"))?,
            url: url::Url::parse(url.trim())
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https"))
                .ok_or("the address must begin with http:// or https://")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        let check = |text: &str, ms: u64| {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.0, Duration::from_millis(ms), "{text}");
            assert_eq!(span.to_string(), text);
        };
        check("250ms", 250);
        check("1s", 1000);
        check("90s", 90_000);
        check("5m", 300_000);
        check("7d", 604_800_000);
        check("0s", 0);
    }

    #[test]
    fn other_durations_are_refused_with_a_reason() {
        let check = |text: &str, why: &str| {
            let error = text.parse::<Span>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        };
        check("", "whole number and a unit");
        check("s", "whole number and a unit");
        check("-1s", "whole number and a unit");
        check("1", "a unit is missing");
        check("1.5s", "is no unit");
        check("1 s", "is no unit");
        check("1S", "is no unit");
        check("1us", "is no unit");
        check("99999999999999999999s", "thousand years");
        check("400000d", "thousand years");
    }

    #[test]
    fn databases_and_addresses() {
        assert_eq!("sqlite".parse(), Ok(StoreUrl::Sqlite));
        assert!("postgres://u@h/d".parse::<StoreUrl>().is_ok());
        assert!("mysql://u@h/d".parse::<StoreUrl>().is_err());
        assert!("./file.db".parse::<StoreUrl>().is_err());
        assert!(base_url("https://ts.example.org").is_ok());
        assert!(base_url("https://ts.example.org/path").is_err());
        assert!(base_url("ftp://ts.example.org").is_err());
        assert!(base_url("https://user:secret@ts.example.org").is_err());
        assert!(network("10.0.0.0/8").is_ok());
        assert!(network("::1").is_ok());
        assert!(network("localhost").is_err());
        assert_eq!("forever".parse(), Ok(Retention::Forever));
        assert!("1s".parse::<Retention>().is_err());
    }
}
