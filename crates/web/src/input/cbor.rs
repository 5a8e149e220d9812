//! The CBOR side: RFC 8949, definite lengths only.

use stamp::PackedTexts;

use super::{
    At, ITEMS_MAX, check_length, duplicate_field, missing_field, not_an_object, not_utf8, push,
    too_many_items, unknown_field, wrong_type,
};
use crate::problem::{ApiError, Kind};

pub(super) fn one(body: &[u8]) -> Result<&str, ApiError> {
    let mut reader = Reader { body, at: 0 };
    let text = reader.map_with_data(|reader| reader.data_text(At::Data))?;
    check_length(At::Data, text.len())?;
    Ok(text)
}

pub(super) fn many(body: &[u8]) -> Result<PackedTexts, ApiError> {
    Reader { body, at: 0 }.map_with_data(Reader::texts)
}

const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;

struct Reader<'a> {
    body: &'a [u8],
    at: usize,
}

/// The head of an item: its major type, and its argument unless the length is indefinite.
struct Head {
    major: u8,
    argument: Option<u64>,
}

impl Head {
    fn kind(&self) -> &'static str {
        match (self.major, self.argument) {
            (0 | 1, _) => "an integer",
            (2, _) => "a byte string",
            (3, _) => "a text string",
            (4, _) => "an array",
            (5, _) => "a map",
            (6, _) => "a tagged value",
            (_, Some(20 | 21)) => "a boolean",
            (_, Some(22)) => "null",
            _ => "a simple value or a float",
        }
    }
}

impl<'a> Reader<'a> {
    /// The whole body: a map whose only key is read by `value`.
    fn map_with_data<T>(
        &mut self,
        mut value: impl FnMut(&mut Self) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let head = self.head()?;
        if head.major != MAP {
            return Err(not_an_object(head.kind()));
        }
        let pairs = self.definite(&head, None)?;
        let mut data = None;
        // A map may announce any number of pairs: the bytes run out, or a key is refused.
        for _ in 0..pairs {
            let head = self.head()?;
            if head.major != TEXT {
                return Err(ApiError::new(
                    Kind::WrongType,
                    format!("A key must be a text string, not {}", head.kind()),
                ));
            }
            let key = self.text(&head, None)?;
            if key != "data" {
                return Err(unknown_field(key));
            }
            if data.replace(value(self)?).is_some() {
                return Err(duplicate_field());
            }
        }
        if self.at < self.body.len() {
            return Err(self.malformed("The body goes on after its end"));
        }
        data.ok_or_else(missing_field)
    }

    fn texts(&mut self) -> Result<PackedTexts, ApiError> {
        let head = self.head()?;
        if head.major != ARRAY {
            return Err(wrong_type(At::Data, "an array", head.kind()));
        }
        let items = self.definite(&head, Some(At::Data))?;
        let items = usize::try_from(items)
            .ok()
            .filter(|items| *items <= ITEMS_MAX)
            .ok_or_else(too_many_items)?;
        let mut texts = PackedTexts::default();
        for number in 0..items {
            let at = At::Item(number);
            let text = self.data_text(at)?;
            push(&mut texts, at, text)?;
        }
        Ok(texts)
    }

    fn data_text(&mut self, at: At) -> Result<&'a str, ApiError> {
        let head = self.head()?;
        if head.major != TEXT {
            return Err(wrong_type(at, "a text string", head.kind()));
        }
        self.text(&head, Some(at))
    }

    fn text(&mut self, head: &Head, at: Option<At>) -> Result<&'a str, ApiError> {
        let length = self.definite(head, at)?;
        let rest = &self.body[self.at..];
        let bytes = usize::try_from(length)
            .ok()
            .and_then(|length| rest.get(..length));
        let Some(bytes) = bytes else {
            return Err(self.malformed(&format!(
                "A string announces {length} bytes, and {} follow",
                rest.len()
            )));
        };
        self.at += bytes.len();
        std::str::from_utf8(bytes).map_err(|error| {
            let within = error.valid_up_to();
            not_utf8(
                at,
                format!("The text string is not UTF-8 at its byte {within}"),
            )
        })
    }

    /// RFC 8949 §3.
    fn head(&mut self) -> Result<Head, ApiError> {
        let cut = || ApiError::new(Kind::MalformedCbor, "The body ends within an item");
        let initial = *self.body.get(self.at).ok_or_else(cut)?;
        let (major, info) = (initial >> 5, initial & 31);
        let more = match info {
            0..24 => 0,
            24..28 => 1 << (info - 24),
            31 if (2..6).contains(&major) => {
                self.at += 1;
                return Ok(Head {
                    major,
                    argument: None,
                });
            }
            _ => return Err(self.malformed("No item begins with this byte")),
        };
        let bytes = self
            .body
            .get(self.at + 1..self.at + 1 + more)
            .ok_or_else(cut)?;
        self.at += 1 + more;
        let argument = bytes
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte));
        let argument = Some(if more == 0 { u64::from(info) } else { argument });
        Ok(Head { major, argument })
    }

    fn definite(&self, head: &Head, at: Option<At>) -> Result<u64, ApiError> {
        head.argument.ok_or_else(|| {
            let error = ApiError::new(
                Kind::IndefiniteCbor,
                format!(
                    "{} of indefinite length stands before byte {}",
                    head.kind(),
                    self.at
                ),
            );
            match at {
                Some(at) => error.field(at.name()),
                None => error,
            }
        })
    }

    fn malformed(&self, what: &str) -> ApiError {
        ApiError::new(Kind::MalformedCbor, format!("{what}, at byte {}", self.at))
    }
}
