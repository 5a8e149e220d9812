//! What the address of a request to the desk asks: several spellings of a name, several values of one.

use base::UnixMicros;
use http::Uri;
use tlog::v1::parse_time;

use crate::problem::{ApiError, Kind};
use crate::query::form;

/// Rows of a page, unless asked otherwise.
const ROWS: usize = 100;
/// Most rows of a page.
const ROWS_MAX: usize = 1000;

/// The parameters of a request.
pub(super) struct Asked(Vec<(String, String)>);

impl Asked {
    pub(super) fn of(uri: &Uri) -> Result<Self, ApiError> {
        let pairs = form(uri.query().unwrap_or_default().as_bytes())?;
        let owned = |(name, value): (&str, String)| (name.to_owned(), value);
        Ok(Self(pairs.into_iter().map(owned).collect()))
    }

    /// A parameter; none when it is missing or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Every value of a parameter under any of its names, commas between values or not.
    pub(super) fn list(&self, names: &[&str]) -> Vec<String> {
        let given = self
            .0
            .iter()
            .filter(|(name, _)| names.contains(&plain(name)));
        given
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Whether a parameter is there under any of its names, whatever it says.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(name, _)| names.contains(&plain(name)))
    }

    /// `true` or `false`; missing is false.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, ApiError> {
        match self.text(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(malformed(name, "true or false")),
        }
    }

    /// A number.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number = text.parse().ok();
        number.map(Some).ok_or_else(|| malformed(name, "a number"))
    }

    /// A moment: RFC 3339 in UTC, or microseconds since 1970.
    pub(super) fn time(&self, name: &'static str) -> Result<Option<UnixMicros>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let read = text.parse().ok().map(UnixMicros).or_else(|| rfc3339(text));
        read.map(Some)
            .ok_or_else(|| malformed(name, "a time as 2026-01-31T12:00:00Z"))
    }

    /// How many rows a page has.
    pub(super) fn limit(&self) -> Result<usize, ApiError> {
        let Some(text) = self.text("limit") else {
            return Ok(ROWS);
        };
        let limit = text
            .parse()
            .ok()
            .filter(|limit| (1..=ROWS_MAX).contains(limit));
        limit.ok_or_else(|| malformed("limit", &format!("a number from 1 to {ROWS_MAX}")))
    }
}

/// Some clients write `name[]` for lists.
fn plain(name: &str) -> &str {
    name.trim_end_matches("[]").trim_end_matches("%5B%5D")
}

/// A moment in UTC as RFC 3339 has it; seconds' fractions, their `Z` and the whole time of day may
/// be missing.
pub(super) fn rfc3339(text: &str) -> Option<UnixMicros> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let fraction = fraction.get(..6).unwrap_or(fraction);
    parse_time(&format!("{date}T{time}.{fraction:0<6}Z")).map(UnixMicros)
}

fn malformed(name: &'static str, wanted: &str) -> ApiError {
    ApiError::new(Kind::MalformedQuery, format!("{name} must be {wanted}")).field(name)
}

/// A field whose value cannot be taken, and why.
pub(super) fn invalid(field: &str, why: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(Kind::Invalid, format!("{field}: {why}")).field(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The third seed's own clients wrote `source_ids` where its server read `sourceIds`, and every
    // lookup went to every source.
    #[test]
    fn lists_are_read_however_they_are_written() {
        let names = ["sourceIds", "source_ids", "sources"];
        let check = |query: &str, expected: &[&str]| {
            let uri: Uri = format!("/x?{query}").parse().unwrap();
            let asked = Asked::of(&uri).unwrap();
            assert_eq!(asked.list(&names), expected, "{query}");
        };
        check("sourceIds=1&sourceIds=2", &["1", "2"]);
        check("source_ids=1,2", &["1", "2"]);
        check("source_ids%5B%5D=1&sources=a%20b", &["1", "a b"]);
        check("sourceIds[]=3", &["3"]);
        check("sourceIds=&other=1", &[]);
    }

    #[test]
    fn a_wrong_value_names_its_parameter() {
        let asked = |query: &str| Asked::of(&format!("/x?{query}").parse().unwrap()).unwrap();
        let at = |error: ApiError| error.at().map(str::to_owned);
        assert_eq!(
            at(asked("limit=0").limit().unwrap_err()).as_deref(),
            Some("limit")
        );
        assert_eq!(
            at(asked("n=x").number("n").unwrap_err()).as_deref(),
            Some("n")
        );
        assert_eq!(
            at(asked("f=yes").flag("f").unwrap_err()).as_deref(),
            Some("f")
        );
        assert_eq!(
            at(asked("t=soon").time("t").unwrap_err()).as_deref(),
            Some("t")
        );
        let check = |text: &str, us| {
            let time = asked(&format!("t={text}")).time("t").unwrap();
            assert_eq!(time, Some(UnixMicros(us)), "{text}");
        };
        check("2026-01-01T00:00:00Z", 1_767_225_600_000_000);
        check("2026-01-01", 1_767_225_600_000_000);
        check("2026-01-01T00:00:01.25", 1_767_225_601_250_000);
        check("2026-01-01T00:00:00.1234567Z", 1_767_225_600_123_456);
        check("7", 7);
    }
}
