//! Words that bodies of several acts share: numbers that may be texts, values that may be null.
#![expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]

use base::UnixMicros;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::asked::rfc3339;

/// A number of a record, as a number or, as the third seed has ids, as a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub i64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl Visitor<'_> for Numbers {
            type Value = Id;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an id")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Id, E> {
                Ok(Id(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Id, E> {
                let id = i64::try_from(number);
                id.map(Id)
                    .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
                let id = text.trim().parse();
                id.map(Id)
                    .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Numbers)
    }
}

/// A moment: RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub UnixMicros);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        rfc3339(&text).map(Self).ok_or_else(|| {
            let wanted = "a time as 2026-01-31T12:00:00Z";
            D::Error::invalid_value(Unexpected::Str(&text), &wanted)
        })
    }
}

/// With `#[serde(default, deserialize_with = "given")]`: missing is `None`, null is `Some(None)`.
pub(super) fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "given")]
        id: Option<Option<Id>>,
        at: Option<Moment>,
    }

    #[test]
    fn ids_are_numbers_or_texts_and_null_is_not_missing() {
        let check = |text: &str, id, at: Option<i64>| {
            let at = at.map(|us| Moment(UnixMicros(us)));
            assert_eq!(serde_json::from_str::<Body>(text).unwrap(), Body { id, at });
        };
        check(r#"{"id":7}"#, Some(Some(Id(7))), None);
        check(r#"{"id":"7"}"#, Some(Some(Id(7))), None);
        check(r#"{"id":null}"#, Some(None), None);
        check(r#"{"at":"1970-01-01T00:00:01Z"}"#, None, Some(1_000_000));
        for wrong in [r#"{"id":"x"}"#, r#"{"id":-1.5}"#, r#"{"at":"soon"}"#] {
            assert!(serde_json::from_str::<Body>(wrong).is_err(), "{wrong}");
        }
    }
}
