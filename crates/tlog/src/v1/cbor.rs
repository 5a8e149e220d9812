//! Canonical CBOR (RFC 8949 §4.2.1): the little of it that protocol v1 needs.
//!
//! Every message is a map with a fixed set of keys, so writers spell the keys out in their order
//! and [`Reader`] expects exactly that order. Each value has one encoding, and no other is read.

use crate::Hash;
use crate::v1::TimeText;

/// Most nodes in a proof that is read: a tree of 2^64 leaves needs no more.
pub const PATH_NODES_MAX: usize = 64;

pub(crate) const UINT: u8 = 0x00;
pub(crate) const BYTES: u8 = 0x40;
pub(crate) const TEXT: u8 = 0x60;
pub(crate) const ARRAY: u8 = 0x80;
pub(crate) const MAP: u8 = 0xa0;
const TAG: u8 = 0xc0;
pub(crate) const NULL: u8 = 0xf6;

/// Appends the head of an item in its shortest form: RFC 8949 §3.
pub(crate) fn head(major: u8, value: u64, out: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    match value {
        0..=23 => out.push(major | bytes[7]),
        24..=0xff => out.extend_from_slice(&[major | 0x18, bytes[7]]),
        0x100..=0xffff => {
            out.push(major | 0x19);
            out.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 0x1a);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(major | 0x1b);
            out.extend_from_slice(&bytes);
        }
    }
}

/// Appends the head of an array of so many items, which follow it.
pub fn push_array(items: usize, out: &mut Vec<u8>) {
    head(ARRAY, items as u64, out);
}

/// Appends a number, or null.
pub(crate) fn optional_uint(value: Option<u64>, out: &mut Vec<u8>) {
    match value {
        Some(value) => head(UINT, value, out),
        None => out.push(NULL),
    }
}

/// Appends a text string.
pub(crate) fn text(text: &str, out: &mut Vec<u8>) {
    head(TEXT, text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// Appends a byte string.
pub(crate) fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    head(BYTES, bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Appends an array of byte strings of 32 bytes.
pub(crate) fn hashes(hashes: &[Hash], out: &mut Vec<u8>) {
    head(ARRAY, hashes.len() as u64, out);
    for hash in hashes {
        bytes(hash, out);
    }
}

/// Why CBOR was refused. `field` is the key whose value was being read; empty at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// Ends within an item.
    #[error("the CBOR is cut off at {field:?}")]
    Truncated {
        /// The field.
        field: &'static str,
    },
    /// A number not in its shortest form, or of indefinite length.
    #[error("the CBOR of {field:?} is not in its canonical form")]
    NotCanonical {
        /// The field.
        field: &'static str,
    },
    /// Another type.
    #[error("{field:?} is not {wanted}")]
    Type {
        /// The field.
        field: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// A key is missing, unknown, or not in its place.
    #[error("the CBOR map lacks its key {wanted:?}, or has another in its place")]
    Key {
        /// The key that should stand here.
        wanted: &'static str,
    },
    /// A value that this field cannot have.
    #[error("{field:?} has a value that it cannot have")]
    Value {
        /// The field.
        field: &'static str,
    },
    /// Bytes after the end of the message.
    #[error("there are bytes after the end of the CBOR")]
    Trailing,
}

/// Reads canonical CBOR from front to back.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    field: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            field: "",
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], CborError> {
        let field = self.field;
        let split = self.rest.split_at_checked(count);
        let (taken, rest) = split.ok_or(CborError::Truncated { field })?;
        self.rest = rest;
        Ok(taken)
    }

    fn head(&mut self, major: u8, wanted: &'static str) -> Result<u64, CborError> {
        let field = self.field;
        let first = self.take(1)?[0];
        if first & 0xe0 != major {
            return Err(CborError::Type { field, wanted });
        }
        let more = match first & 0x1f {
            small @ 0..=23 => return Ok(u64::from(small)),
            size @ 24..=27 => 1 << (size - 24),
            _ => return Err(CborError::NotCanonical { field }),
        };
        let mut value = [0; 8];
        value[8 - more..].copy_from_slice(self.take(more)?);
        let value = u64::from_be_bytes(value);
        // The shortest form of half the bytes must not have been enough.
        let shorter_max = match more {
            1 => 23,
            more => u64::MAX >> (64 - 4 * more),
        };
        if value <= shorter_max {
            return Err(CborError::NotCanonical { field });
        }
        Ok(value)
    }

    fn sized(&mut self, major: u8, wanted: &'static str) -> Result<&'a [u8], CborError> {
        let field = self.field;
        let length = self.head(major, wanted)?;
        let length = usize::try_from(length).map_err(|_| CborError::Truncated { field })?;
        self.take(length)
    }

    pub(crate) fn uint(&mut self) -> Result<u64, CborError> {
        self.head(UINT, "an unsigned integer")
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], CborError> {
        self.sized(BYTES, "a byte string")
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, CborError> {
        let field = self.field;
        let wanted = "a text string";
        let bytes = self.sized(TEXT, wanted)?;
        std::str::from_utf8(bytes).map_err(|_| CborError::Type { field, wanted })
    }

    /// Whether a text string stands here.
    pub(crate) fn is_text(&self) -> bool {
        self.rest.first().is_some_and(|first| first & 0xe0 == TEXT)
    }

    pub(crate) fn hash(&mut self) -> Result<Hash, CborError> {
        let field = self.field;
        let wanted = "a byte string of 32 bytes";
        let bytes = self.sized(BYTES, wanted)?;
        bytes
            .try_into()
            .map_err(|_| CborError::Type { field, wanted })
    }

    pub(crate) fn hashes(&mut self) -> Result<Vec<Hash>, CborError> {
        let count = self.array()?;
        (0..count).map(|_| self.hash()).collect()
    }

    /// The length of an array of at most [`PATH_NODES_MAX`] items.
    pub(crate) fn array(&mut self) -> Result<usize, CborError> {
        let field = self.field;
        let count = self.head(ARRAY, "an array")?;
        let count = usize::try_from(count).ok();
        count
            .filter(|count| *count <= PATH_NODES_MAX)
            .ok_or(CborError::Value { field })
    }

    pub(crate) fn time(&mut self) -> Result<TimeText, CborError> {
        let field = self.field;
        TimeText::parse(self.text()?).ok_or(CborError::Value { field })
    }

    /// The sixteen bytes of a UUID, tag 37.
    pub(crate) fn uuid(&mut self) -> Result<[u8; 16], CborError> {
        let field = self.field;
        let wanted = "a UUID (tag 37)";
        if self.head(TAG, wanted)? != 37 {
            return Err(CborError::Type { field, wanted });
        }
        let bytes = self.bytes()?;
        bytes
            .try_into()
            .map_err(|_| CborError::Type { field, wanted })
    }

    /// Whether null stands here; passes over it if so.
    pub(crate) fn null(&mut self) -> bool {
        let null = self.rest.first() == Some(&NULL);
        if null {
            self.rest = &self.rest[1..];
        }
        null
    }

    /// What `read` reads, or null.
    pub(crate) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, CborError>,
    ) -> Result<Option<T>, CborError> {
        if self.null() {
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// The length of a map.
    pub(crate) fn map(&mut self) -> Result<u64, CborError> {
        self.head(MAP, "a map")
    }

    /// The head of a map of exactly `entries`.
    pub(crate) fn map_of(&mut self, entries: u64) -> Result<(), CborError> {
        let field = self.field;
        if self.map()? == entries {
            Ok(())
        } else {
            Err(CborError::Value { field })
        }
    }

    /// Passes over `key`, which must stand here.
    pub(crate) fn key(&mut self, key: &'static str) -> Result<&mut Self, CborError> {
        let mut ahead = self.clone();
        if ahead.text() != Ok(key) {
            return Err(CborError::Key { wanted: key });
        }
        self.rest = ahead.rest;
        self.field = key;
        Ok(self)
    }

    /// Passes over `key` and its value, which must be the text `value`.
    pub(crate) fn constant(&mut self, key: &'static str, value: &str) -> Result<(), CborError> {
        if self.key(key)?.text()? == value {
            Ok(())
        } else {
            Err(CborError::Value { field: key })
        }
    }

    /// That a value just read cannot be what its field holds.
    pub(crate) fn bad_value(&self) -> CborError {
        CborError::Value { field: self.field }
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<(), CborError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(CborError::Trailing)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_have_one_form() {
        let check = |hex: &str, value: Result<u64, CborError>| {
            assert_eq!(
                Reader::new(&hex::decode(hex).unwrap()).uint(),
                value,
                "{hex}"
            );
        };
        let field = "";
        check("17", Ok(23));
        check("1818", Ok(24));
        check("190100", Ok(256));
        check("1a00010000", Ok(65_536));
        check("1b0000000100000000", Ok(1 << 32));
        for hex in [
            "1817",
            "1900ff",
            "1a0000ffff",
            "1b00000000ffffffff",
            "1c",
            "1f",
        ] {
            check(hex, Err(CborError::NotCanonical { field }));
        }
        for hex in ["", "18", "19ff", "1b00"] {
            check(hex, Err(CborError::Truncated { field }));
        }
        let wanted = "an unsigned integer";
        check("20", Err(CborError::Type { field, wanted }));
    }

    #[test]
    fn claimed_lengths_cost_nothing() {
        let field = "";
        let read = |hex: &str| {
            Reader::new(&hex::decode(hex).unwrap())
                .bytes()
                .map(<[u8]>::len)
        };
        assert_eq!(
            read("5bffffffffffffffff"),
            Err(CborError::Truncated { field })
        );
        let array = hex::decode("9bffffffffffffffff").unwrap();
        assert_eq!(
            Reader::new(&array).hashes(),
            Err(CborError::Value { field })
        );
    }

    proptest! {
        #[test]
        fn writing_and_reading_are_inverse(value: u64, word: String, blob: Vec<u8>, id: [u8; 16],
                nodes in proptest::collection::vec(any::<Hash>(), 0..=64)) {
            let mut out = Vec::new();
            head(UINT, value, &mut out);
            text(&word, &mut out);
            bytes(&blob, &mut out);
            hashes(&nodes, &mut out);
            optional_uint(None, &mut out);
            out.extend_from_slice(&[0xd8, 37, 0x50]);
            out.extend_from_slice(&id);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.uint(), Ok(value));
            prop_assert_eq!(reader.text(), Ok(&*word));
            prop_assert_eq!(reader.bytes(), Ok(&*blob));
            prop_assert_eq!(reader.hashes(), Ok(nodes));
            prop_assert_eq!(reader.optional(Reader::uint), Ok(None));
            prop_assert_eq!(reader.uuid(), Ok(id));
            prop_assert_eq!(reader.end(), Ok(()));
        }
    }
}
