//! The JSON side: RFC 8259, without a tree of values.

use std::borrow::Cow;

use memchr::memchr2;
use stamp::PackedTexts;

use super::{
    At, ITEMS_MAX, check_length, duplicate_field, missing_field, not_an_object, not_utf8, push,
    too_many_items, unknown_field, wrong_type,
};
use crate::problem::{ApiError, Kind};

pub(super) fn one(body: &[u8]) -> Result<Cow<'_, str>, ApiError> {
    let mut reader = Reader::new(body)?;
    let text = reader.object_with_data(|reader| reader.data_text(At::Data))?;
    check_length(At::Data, text.len())?;
    Ok(text)
}

pub(super) fn many(body: &[u8]) -> Result<PackedTexts, ApiError> {
    Reader::new(body)?.object_with_data(Reader::texts)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(body: &'a [u8]) -> Result<Self, ApiError> {
        let text = std::str::from_utf8(body).map_err(|error| {
            let at = error.valid_up_to();
            not_utf8(None, format!("The body is not UTF-8 at byte {at}"))
        })?;
        Ok(Self { text, at: 0 })
    }

    /// The whole body: an object whose only field is read by `value`.
    fn object_with_data<T>(
        &mut self,
        mut value: impl FnMut(&mut Self) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        match self.peek() {
            Some(b'{') => self.at += 1,
            _ => return Err(self.instead_of(not_an_object)),
        }
        let mut data = None;
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                self.expect(b'"', "a field's name")?;
                let key = self.string(None)?;
                if key != "data" {
                    return Err(unknown_field(&key));
                }
                self.expect(b':', "\":\"")?;
                if data.replace(value(self)?).is_some() {
                    return Err(duplicate_field());
                }
                match self.next_of(b",}", "\",\" or \"}\"")? {
                    b',' => {}
                    _ => break,
                }
            }
        }
        if self.peek().is_some() {
            return Err(self.malformed("the end of the body"));
        }
        data.ok_or_else(missing_field)
    }

    fn texts(&mut self) -> Result<PackedTexts, ApiError> {
        match self.peek() {
            Some(b'[') => self.at += 1,
            _ => return Err(self.instead_of(|found| wrong_type(At::Data, "an array", found))),
        }
        let mut texts = PackedTexts::default();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(texts);
        }
        loop {
            let at = At::Item(texts.len());
            if texts.len() == ITEMS_MAX {
                return Err(too_many_items());
            }
            let text = self.data_text(at)?;
            push(&mut texts, at, &text)?;
            match self.next_of(b",]", "\",\" or \"]\"")? {
                b',' => {}
                _ => return Ok(texts),
            }
        }
    }

    fn data_text(&mut self, at: At) -> Result<Cow<'a, str>, ApiError> {
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                self.string(Some(at))
            }
            _ => Err(self.instead_of(|found| wrong_type(at, "a string", found))),
        }
    }

    /// The next byte that is not white space, without passing it.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8, wanted: &str) -> Result<(), ApiError> {
        self.next_of(&[byte], wanted).map(drop)
    }

    fn next_of(&mut self, bytes: &[u8], wanted: &str) -> Result<u8, ApiError> {
        match self.peek() {
            Some(byte) if bytes.contains(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            _ => Err(self.malformed(wanted)),
        }
    }

    /// A string whose opening quote was passed. Borrowed unless it has escapes.
    fn string(&mut self, at: Option<At>) -> Result<Cow<'a, str>, ApiError> {
        let start = self.at;
        let mut unescaped = String::new();
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let Some(length) = memchr2(b'"', b'\\', rest) else {
                self.at = self.text.len();
                return Err(self.malformed("the end of a string"));
            };
            if let Some(control) = rest[..length].iter().position(|byte| *byte < b' ') {
                self.at += control;
                return Err(self.malformed("an escape instead of a bare control character"));
            }
            let plain = &self.text[self.at..self.at + length];
            let escaped = rest[length] == b'\\';
            self.at += length + 1;
            if !escaped && self.at == start + length + 1 {
                return Ok(Cow::Borrowed(plain));
            }
            unescaped.push_str(plain);
            if !escaped {
                return Ok(Cow::Owned(unescaped));
            }
            unescaped.push(self.escape(at)?);
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, at: Option<At>) -> Result<char, ApiError> {
        let letter = self.text.as_bytes().get(self.at).copied();
        let plain = match letter {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape(at);
            }
            _ => return Err(self.malformed("an escape of JSON")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode_escape(&mut self, at: Option<At>) -> Result<char, ApiError> {
        let first = self.four_digits()?;
        let code = match first {
            0xd800..0xdc00 if self.text[self.at..].starts_with("\\u") => {
                self.at += 2;
                match self.four_digits()? {
                    second @ 0xdc00..0xe000 => {
                        0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    _ => first,
                }
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| {
            not_utf8(
                at,
                format!("\\u{first:04x} is half of a surrogate pair, which is no character"),
            )
        })
    }

    fn four_digits(&mut self) -> Result<u32, ApiError> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else {
            return Err(self.malformed("four hexadecimal digits"));
        };
        self.at += 4;
        Ok(digits.iter().fold(0, |code, digit| {
            code << 4
                | char::from(*digit)
                    .to_digit(16)
                    .expect("a hexadecimal digit")
        }))
    }

    /// `error` with a word for the value that begins here, if one does.
    fn instead_of(&mut self, error: impl FnOnce(&str) -> ApiError) -> ApiError {
        let rest = &self.text[self.at..];
        let word = |word: &str| rest.starts_with(word);
        match rest.as_bytes().first() {
            Some(b'{') => error("an object"),
            Some(b'[') => error("an array"),
            Some(b'"') => error("a string"),
            Some(b'-' | b'0'..=b'9') => error("a number"),
            _ if word("true") || word("false") => error("a boolean"),
            _ if word("null") => error("null"),
            _ => self.malformed("a value"),
        }
    }

    fn malformed(&self, wanted: &str) -> ApiError {
        let found = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next());
        let found = found.map_or("the end".to_owned(), |c| format!("{c:?}"));
        ApiError::new(
            Kind::MalformedJson,
            format!("At byte {} there should be {wanted}, not {found}", self.at),
        )
    }
}
