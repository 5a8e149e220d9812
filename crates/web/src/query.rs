//! What the address of a request says: parameters and path segments, each with its own error.

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use stamp::TimestampId;
use uuid::Uuid;

use crate::problem::{ApiError, Kind};

/// Longest retrieval tag, in characters.
pub(crate) const TAG_CHARS_MAX: usize = 36;
/// Most timestamps of one page of a tag.
pub(crate) const PAGE_MAX: usize = 1000;
const PAGE_DEFAULT: usize = 100;

/// The parameters of the timestamp routes. Unknown ones are ignored, as everywhere on the web.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `?wait`: answer when the interval is sealed. Its presence is enough.
    pub wait: bool,
    /// `?witnessed`: under a checkpoint that a witness cosigned, or not at all. Its presence is
    /// enough.
    pub witnessed: bool,
    /// `?compact`: the one-line form. Its presence is enough.
    pub compact: bool,
    /// `?tag=`: 1 to 36 characters.
    pub tag: Option<String>,
    /// `?before=`: only timestamps older than this one.
    pub before: Option<TimestampId>,
    /// `?limit=`: how many, 1 to 1,000.
    pub limit: Option<usize>,
}

impl Asked {
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE_DEFAULT)
    }

    fn parse(query: &str) -> Result<Self, ApiError> {
        let mut asked = Self::default();
        for (name, value) in pairs(query) {
            match name {
                "wait" => asked.wait = true,
                "witnessed" => asked.witnessed = true,
                "compact" => asked.compact = true,
                "tag" => asked.tag = Some(tag(value)?),
                "before" => asked.before = Some(before(value)?),
                "limit" => asked.limit = Some(limit(value)?),
                _ => {}
            }
        }
        Ok(asked)
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .uri
            .query()
            .map_or_else(|| Ok(Self::default()), Self::parse)
    }
}

/// The first parameter of this name, decoded.
pub(crate) fn parameter<'a>(
    query: Option<&'a str>,
    name: &'static str,
) -> Result<Option<Cow<'a, str>>, ApiError> {
    pairs(query.unwrap_or_default())
        .find(|(key, _)| *key == name)
        .map(|(_, value)| decode(value).ok_or_else(|| not_text(name)))
        .transpose()
}

/// The fields of a form (`application/x-www-form-urlencoded`), in order, decoded.
pub(crate) fn form(body: &[u8]) -> Result<Vec<(&str, String)>, ApiError> {
    let body = std::str::from_utf8(body)
        .map_err(|_| ApiError::new(Kind::NotUtf8, "The form is not percent-encoded UTF-8"))?;
    pairs(body)
        .map(|(name, value)| {
            let value = decode(value).ok_or_else(|| {
                let shown: String = name.chars().take(32).collect();
                ApiError::new(
                    Kind::NotUtf8,
                    format!("{shown:?} is not percent-encoded UTF-8"),
                )
                .field(shown)
            })?;
            Ok((name, value.into_owned()))
        })
        .collect()
}

/// Text as it stands in a query: everything but letters, digits and `-._~/` is escaped.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The variable segments of a path, in order, decoded.
pub(crate) struct Segments(Vec<String>);

impl Segments {
    pub(crate) fn text(&self, number: usize) -> &str {
        self.0.get(number).map_or("", String::as_str)
    }

    /// A timestamp's id.
    pub(crate) fn id(&self, number: usize) -> Result<TimestampId, ApiError> {
        let text = self.text(number);
        let uuid = Uuid::try_parse(text).ok();
        // The hyphenated form only: an address has one spelling. Case is a matter of taste.
        let uuid = uuid.filter(|uuid| uuid.hyphenated().to_string().eq_ignore_ascii_case(text));
        let uuid = uuid.ok_or_else(|| {
            ApiError::new(Kind::MalformedId, "The id in the address is not a UUID").field("id")
        })?;
        TimestampId::from_uuid(uuid).ok_or_else(unknown_timestamp)
    }

    /// A number in decimal digits.
    pub(crate) fn number(&self, number: usize, name: &'static str) -> Result<u64, ApiError> {
        let text = self.text(number);
        decimal(text).ok_or_else(|| {
            let shown: String = text.chars().take(32).collect();
            ApiError::new(
                Kind::MalformedNumber,
                format!("{shown:?} is not a number in decimal digits below 2^64"),
            )
            .field(name)
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params =
            params.map_err(|_| ApiError::new(Kind::NotFound, "The address is not valid UTF-8"))?;
        Ok(Self(
            params.iter().map(|(_, value)| value.to_owned()).collect(),
        ))
    }
}

pub(crate) fn unknown_timestamp() -> ApiError {
    ApiError::new(
        Kind::UnknownTimestamp,
        "This log never gave a timestamp with that id",
    )
    .field("id")
}

/// Digits only, without leading zeros: so that an immutable answer has one address.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok())?
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn tag(value: &str) -> Result<String, ApiError> {
    let tag = decode(value).ok_or_else(|| not_text("tag"))?.into_owned();
    let chars = tag.chars().count();
    if (1..=TAG_CHARS_MAX).contains(&chars) {
        return Ok(tag);
    }
    Err(ApiError::new(
        Kind::TagTooLong,
        format!("The tag has {chars} characters; it needs 1 to {TAG_CHARS_MAX}"),
    )
    .field("tag"))
}

fn before(value: &str) -> Result<TimestampId, ApiError> {
    Uuid::try_parse(value)
        .ok()
        .and_then(TimestampId::from_uuid)
        .ok_or_else(|| {
            ApiError::new(
                Kind::MalformedQuery,
                "before must be the id of a timestamp of this log",
            )
            .field("before")
        })
}

fn limit(value: &str) -> Result<usize, ApiError> {
    decimal(value)
        .and_then(|limit| usize::try_from(limit).ok())
        .filter(|limit| (1..=PAGE_MAX).contains(limit))
        .ok_or_else(|| {
            ApiError::new(
                Kind::MalformedQuery,
                format!("limit must be a number from 1 to {PAGE_MAX}"),
            )
            .field("limit")
        })
}

fn not_text(name: &'static str) -> ApiError {
    ApiError::new(
        Kind::NotUtf8,
        format!("{name} is not percent-encoded UTF-8"),
    )
    .field(name)
}

/// The text behind `+` and `%XX`; `None` when that is no UTF-8 or no hexadecimal.
fn decode(value: &str) -> Option<Cow<'_, str>> {
    if !value.contains(['%', '+']) {
        return Some(Cow::Borrowed(value));
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                rest = tail;
                hex_digit(digits[0])? << 4 | hex_digit(digits[1])?
            }
            plain => *plain,
        });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

fn hex_digit(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let check = |query: &str, expected: Result<Asked, (Kind, &str)>| {
            let got = Asked::parse(query);
            let got = got
                .as_ref()
                .map_err(|error| (error.kind(), error.at().unwrap()));
            assert_eq!(got, expected.as_ref().map_err(|e| *e), "{query}");
        };
        let tagged = |tag: &str| Asked {
            tag: Some(tag.to_owned()),
            ..Asked::default()
        };
        check("", Ok(Asked::default()));
        check("other=1&&", Ok(Asked::default()));
        for query in ["wait", "wait=", "wait=0&wait"] {
            check(
                query,
                Ok(Asked {
                    wait: true,
                    ..Asked::default()
                }),
            );
        }
        check(
            "witnessed",
            Ok(Asked {
                witnessed: true,
                ..Asked::default()
            }),
        );
        check(
            "compact",
            Ok(Asked {
                compact: true,
                ..Asked::default()
            }),
        );
        check("tag=a+b%20%C3%A9", Ok(tagged("a b é")));
        check(
            &format!("tag={}", "%C3%A9".repeat(36)),
            Ok(tagged(&"é".repeat(36))),
        );
        check(
            &format!("tag={}", "a".repeat(37)),
            Err((Kind::TagTooLong, "tag")),
        );
        check("tag=", Err((Kind::TagTooLong, "tag")));
        check("tag=%ff", Err((Kind::NotUtf8, "tag")));
        check("tag=%f", Err((Kind::NotUtf8, "tag")));
        check("tag=%zz", Err((Kind::NotUtf8, "tag")));
        check(
            "limit=10",
            Ok(Asked {
                limit: Some(10),
                ..Asked::default()
            }),
        );
        for query in [
            "limit=0",
            "limit=1001",
            "limit=-1",
            "limit=",
            "limit=99999999999999999999",
        ] {
            check(query, Err((Kind::MalformedQuery, "limit")));
        }
        check("before=x", Err((Kind::MalformedQuery, "before")));
    }

    #[test]
    fn numbers_have_one_spelling() {
        for (text, expected) in [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("007", None),
            ("+5", None),
            ("-5", None),
            ("", None),
            ("1e3", None),
            ("٣", None),
        ] {
            assert_eq!(decimal(text), expected, "{text}");
        }
    }
}
