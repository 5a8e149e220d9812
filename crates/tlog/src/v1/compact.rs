//! References of one line: the head of an interval, and a whole proof of a timestamp.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::text::decimal;
use crate::v1::TimeText;
use crate::v1::cbor::{self, ARRAY, CborError, Reader};
use crate::{Hash, v1};

/// Longest reference that is read, in bytes: twice what 64 nodes take.
pub const COMPACT_BYTES_MAX: usize = 8192;
/// Longest authority in a reference, in bytes.
pub const AUTHORITY_BYTES_MAX: usize = 255;

/// Why a reference was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompactError {
    /// Longer than [`COMPACT_BYTES_MAX`].
    #[error("the reference has {0} bytes, more than {COMPACT_BYTES_MAX}")]
    TooLong(usize),
    /// No `authority/index#` before the rest.
    #[error("the reference is not of the form authority/index#…")]
    Form,
    /// The part after `#` is of another version, or of the other kind of reference.
    #[error("the reference is not of the kind {0:?}")]
    Kind(&'static str),
    /// The authority is empty, too long, or holds something that no authority has.
    #[error("the reference's authority is not one")]
    Authority,
    /// The interval's number is not a decimal without leading zeros.
    #[error("the reference's interval is not a plain decimal number")]
    Index,
    /// The head is not the base64url of 32 bytes.
    #[error("the reference's tree head is not 32 bytes of base64url")]
    Mth,
    /// The time is not of the one form there is.
    #[error("the reference's timestamp is not of the form YYYY-MM-DDTHH:MM:SS.ffffffZ")]
    Time,
    /// The path is not base64url.
    #[error("the reference's path is not base64url without padding")]
    Base64,
    /// The path's CBOR is not `[a, [nodes]]`.
    #[error("the reference's path is malformed")]
    Path(#[source] CborError),
}

/// The head of the main tree right after an interval: `authority/index#v1:base64url(mth)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CompactHead {
    /// Who keeps the log, such as `ts.example.org`; with `http://` before it if it is only to be
    /// had without encryption. `https://` is implied and never written.
    pub authority: String,
    /// Number of the interval; the tree has one leaf more.
    pub index: u64,
    /// Root of the main tree.
    pub mth: Hash,
}

/// A timestamp and its proof, but for the data that it is about:
/// `authority/index#v1,timestamp,base64url(CBOR [a, [path…]])`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactTimestamp {
    /// Who keeps the log; see [`CompactHead::authority`].
    pub authority: String,
    /// Number of the interval.
    pub index: u64,
    /// The time.
    pub time: TimeText,
    /// On which side each node of the path stands; see [`v1::root_of_path`].
    pub a: u64,
    /// The siblings, leaf to root.
    pub path: Vec<Hash>,
}

/// The address at which an authority is asked: with its scheme, without a final slash.
pub fn authority_url(authority: &str) -> String {
    if authority.starts_with("http://") {
        authority.to_owned()
    } else {
        format!("https://{authority}")
    }
}

/// The authority as a reference holds it, if it is one.
fn parse_authority(text: &str) -> Option<String> {
    let text = text.strip_prefix("https://").unwrap_or(text);
    let name = text.strip_prefix("http://").unwrap_or(text);
    let good = |byte: u8| byte.is_ascii_graphic() && !b"#?\"\\<>,".contains(&byte);
    let whole = !name.is_empty() && name.split('/').all(|part| !part.is_empty());
    (whole && text.len() <= AUTHORITY_BYTES_MAX && name.bytes().all(good)).then(|| text.to_owned())
}

/// Splits a reference into authority, index and what follows `#` and `mark`.
fn split<'a>(text: &'a str, mark: &'static str) -> Result<(String, u64, &'a str), CompactError> {
    if text.len() > COMPACT_BYTES_MAX {
        return Err(CompactError::TooLong(text.len()));
    }
    let (place, rest) = text.split_once('#').ok_or(CompactError::Form)?;
    let (authority, index) = place.rsplit_once('/').ok_or(CompactError::Form)?;
    Ok((
        parse_authority(authority).ok_or(CompactError::Authority)?,
        decimal(index).ok_or(CompactError::Index)?,
        rest.strip_prefix(mark).ok_or(CompactError::Kind(mark))?,
    ))
}

const HEAD_MARK: &str = "v1:";
const TIMESTAMP_MARK: &str = "v1,";

impl CompactHead {
    /// How long the text is, in bytes.
    pub(crate) fn text_bytes(&self) -> usize {
        let digits = self.index.checked_ilog10().unwrap_or(0) as usize + 1;
        self.authority.len() + 1 + digits + 1 + HEAD_MARK.len() + 43
    }

    /// Appends the text: the same as [`Display`](fmt::Display), for those in a hurry.
    pub(crate) fn push_text(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.authority.as_bytes());
        out.push(b'/');
        out.extend_from_slice(itoa::Buffer::new().format(self.index).as_bytes());
        out.push(b'#');
        out.extend_from_slice(HEAD_MARK.as_bytes());
        let at = out.len();
        out.resize(at + 43, 0);
        let written = URL_SAFE_NO_PAD.encode_slice(self.mth, &mut out[at..]);
        debug_assert_eq!(written, Ok(43));
    }
}

impl fmt::Display for CompactHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mth = URL_SAFE_NO_PAD.encode(self.mth);
        write!(f, "{}/{}#{HEAD_MARK}{mth}", self.authority, self.index)
    }
}

impl FromStr for CompactHead {
    type Err = CompactError;

    fn from_str(text: &str) -> Result<Self, CompactError> {
        let (authority, index, mth) = split(text, HEAD_MARK)?;
        let mth = URL_SAFE_NO_PAD.decode(mth).map_err(|_| CompactError::Mth)?;
        Ok(Self {
            authority,
            index,
            mth: mth.try_into().map_err(|_| CompactError::Mth)?,
        })
    }
}

impl CompactTimestamp {
    /// The root of the interval's tree to which the path leads from the hash of the timestamp;
    /// `None` when `a` and the path do not fit.
    pub fn root(&self, timestamp_hash: &Hash) -> Option<Hash> {
        v1::root_of_path(&v1::leaf_of_path(timestamp_hash), self.a, &self.path)
    }
}

impl fmt::Display for CompactTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut path = Vec::with_capacity(16 + 34 * self.path.len());
        cbor::head(ARRAY, 2, &mut path);
        cbor::head(cbor::UINT, self.a, &mut path);
        cbor::hashes(&self.path, &mut path);
        let (path, mark) = (URL_SAFE_NO_PAD.encode(path), TIMESTAMP_MARK);
        write!(
            f,
            "{}/{}#{mark}{},{path}",
            self.authority, self.index, self.time
        )
    }
}

impl FromStr for CompactTimestamp {
    type Err = CompactError;

    fn from_str(text: &str) -> Result<Self, CompactError> {
        let (authority, index, rest) = split(text, TIMESTAMP_MARK)?;
        let (time, path) = rest.split_once(',').ok_or(CompactError::Time)?;
        let time = TimeText::parse(time).ok_or(CompactError::Time)?;
        let path = URL_SAFE_NO_PAD.decode(path);
        let path = path.map_err(|_| CompactError::Base64)?;
        let (a, path) = parse_path(&path).map_err(CompactError::Path)?;
        Ok(Self {
            authority,
            index,
            time,
            a,
            path,
        })
    }
}

fn parse_path(bytes: &[u8]) -> Result<(u64, Vec<Hash>), CborError> {
    let mut reader = Reader::new(bytes);
    if reader.array()? != 2 {
        return Err(reader.bad_value());
    }
    let path = (reader.uint()?, reader.hashes()?);
    reader.end()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // V2 and V3 of the protocol's test vectors.
    const TIMESTAMP: &str = "dev.unchanging.ink/0#v1,2026-01-01T00:00:00.000005Z,ggWDWCAvLdPY0-vyLz753JqnymPfiP3yvrr-iZU1WJ8iyLHIjlggTsbzXNLeGtOM22dJ7GeL0HdEyZ-9IuRyaJHdrdU1T0RYIL2e1Gz4pMQC-XpCTNiirT6DovQVhTsybTzSRqZaWkVS";
    const HEAD: &str = "dev.unchanging.ink/6#v1:nVHL3HxPRXQVeTSI-5Y6fWqiGr5dvWvkgX5cmZf5jSY";

    #[test]
    fn known_references() {
        let head: CompactHead = HEAD.parse().unwrap();
        assert_eq!(
            (hex::encode(head.mth).as_str(), head.index),
            (
                "9d51cbdc7c4f457415793488fb963a7d6aa21abe5dbd6be4817e5c9997f98d26",
                6
            )
        );
        assert_eq!(head.to_string(), HEAD);
        assert_eq!(format!("https://{HEAD}").parse(), Ok(head));

        let timestamp: CompactTimestamp = TIMESTAMP.parse().unwrap();
        assert_eq!((timestamp.a, timestamp.path.len()), (5, 3));
        assert_eq!(timestamp.to_string(), TIMESTAMP);
        let hash = v1::timestamp_hash(v1::Data::Text("leaf-5"), &timestamp.time);
        assert_eq!(
            hex::encode(timestamp.root(&hash).unwrap()),
            "b73fb85d1f02866b86f106d29478d5644ce20e482aa36f99d6f2be4e27a2609f"
        );
    }

    #[test]
    fn only_http_is_written() {
        let check = |text: &str, authority: &str, url: &str| {
            let head: CompactHead = HEAD.replace("dev.unchanging.ink", text).parse().unwrap();
            assert_eq!(head.authority, authority);
            assert_eq!(authority_url(&head.authority), url);
        };
        check("a.example", "a.example", "https://a.example");
        check(
            "https://a.example/log",
            "a.example/log",
            "https://a.example/log",
        );
        check(
            "http://[::1]:8080",
            "http://[::1]:8080",
            "http://[::1]:8080",
        );
    }

    #[test]
    fn broken_references_are_refused_by_name() {
        let check =
            |text: &str, error| assert_eq!(text.parse::<CompactHead>(), Err(error), "{text}");
        let swap = |from: &str, to: &str| HEAD.replacen(from, to, 1);
        check("", CompactError::Form);
        check(&swap("#", ""), CompactError::Form);
        check(&swap("/6", ""), CompactError::Form);
        check(&swap("v1", "v2"), CompactError::Kind("v1:"));
        check(TIMESTAMP, CompactError::Kind("v1:"));
        for authority in [
            "",
            "a b",
            "ftp://a",
            "a?b",
            "a\u{e9}",
            "/a",
            "http://",
            "\"",
            &"a".repeat(256),
        ] {
            check(
                &swap("dev.unchanging.ink", authority),
                CompactError::Authority,
            );
        }
        for index in ["/", "/06", "/-1", "/18446744073709551616"] {
            check(&swap("/6", index), CompactError::Index);
        }
        for (from, to) in [
            ("jSY", "jS"),
            ("jSY", "jSY="),
            ("jSY", "jSZ"),
            ("-5Y", "+5Y"),
        ] {
            check(&swap(from, to), CompactError::Mth);
        }
        let long = format!("{HEAD}{}", "A".repeat(COMPACT_BYTES_MAX));
        check(&long, CompactError::TooLong(long.len()));
    }

    #[test]
    fn broken_timestamps_are_refused_by_name() {
        let check = |from: &str, to: &str, error| {
            let text = TIMESTAMP.replacen(from, to, 1);
            assert_eq!(text.parse::<CompactTimestamp>(), Err(error), "{text}");
        };
        check("05Z", "5Z", CompactError::Time);
        check("01-01", "02-30", CompactError::Time);
        check("Z,", "Z", CompactError::Time);
        check("ggWD", "ggW", CompactError::Base64);
        let path = |error| CompactError::Path(error);
        // Three items in the outer array; a node too few; a number not in its shortest form.
        let field = "";
        check("ggWD", "gwWD", path(CborError::Value { field }));
        check("ggWD", "ggWE", path(CborError::Truncated { field }));
        check("ggWD", "ggWC", path(CborError::Trailing));
        check("ggWDW", "ghgFg1g", CompactError::Base64);
        check("ggWDWCAv", "ghgFg1ggLw", CompactError::Base64);
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(
            authority in "(http://)?[a-z0-9.:\\[\\]-]{1,30}(/[a-z]{1,5})?", index: u64, mth: Hash,
            us in 0i64..253_402_300_799_999_999, a: u64,
            path in proptest::collection::vec(any::<Hash>(), 0..=64),
        ) {
            let head = CompactHead { authority: authority.clone(), index, mth };
            let mut text = Vec::new();
            head.push_text(&mut text);
            prop_assert_eq!(String::from_utf8(text.clone()).unwrap(), head.to_string());
            prop_assert_eq!(text.len(), head.text_bytes());
            prop_assert_eq!(head.to_string().parse(), Ok(head));
            let timestamp = CompactTimestamp { authority, index, time: TimeText::of_micros(us), a, path };
            prop_assert_eq!(timestamp.to_string().parse(), Ok(timestamp));
        }
    }
}
