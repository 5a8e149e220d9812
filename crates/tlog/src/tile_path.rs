//! The paths of tiles and entry bundles, and the form of a bundle: C2SP `tlog-tiles`.

use std::fmt;
use std::str::FromStr;

use crate::text::decimal;
use crate::{Hash, TILE_WIDTH, TileId};

/// Longest entry that fits a bundle, in bytes.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// What a path below `tile/` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TileResource {
    /// Hashes of the tree: `tile/<L>/<N>`.
    Hashes(TileId),
    /// Entries: `tile/entries/<N>`; the index of the bundle.
    Entries(u64),
}

/// The path of a tile or of a bundle, as clients ask for it: `tile/0/x001/x234/067.p/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TilePath {
    /// What is asked for.
    pub resource: TileResource,
    /// How many hashes or entries of it: 1 to 256; below 256 the path has a `.p/<W>`.
    pub width: u16,
}

/// Why a path was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TilePathError {
    /// Does not begin with `tile/<L>/` or `tile/entries/`.
    #[error("the path is not of the form tile/<L>/<N> or tile/entries/<N>")]
    Form,
    /// The level is not a decimal from 0 to 63.
    #[error("the tile's level is not a decimal from 0 to 63")]
    Level,
    /// The index is not groups of three digits, all but the last with an `x`, none superfluous.
    #[error("the tile's index is not of the form x001/x234/067")]
    Index,
    /// The width is not a decimal from 1 to 255.
    #[error("the tile's width is not a decimal from 1 to 255")]
    Width,
}

impl FromStr for TilePath {
    type Err = TilePathError;

    /// Reads a path without a leading slash.
    fn from_str(path: &str) -> Result<Self, TilePathError> {
        let path = path.strip_prefix("tile/").ok_or(TilePathError::Form)?;
        let (kind, path) = path.split_once('/').ok_or(TilePathError::Form)?;
        let (path, width) = match path.split_once(".p/") {
            None => (path, 256),
            Some((path, width)) => {
                let width = decimal(width).and_then(|width| u8::try_from(width).ok());
                let width = width.filter(|width| *width > 0);
                (path, u16::from(width.ok_or(TilePathError::Width)?))
            }
        };
        let resource = if kind == "entries" {
            TileResource::Entries(parse_index(path).ok_or(TilePathError::Index)?)
        } else {
            let level = decimal(kind).and_then(|level| u8::try_from(level).ok());
            let level = level.filter(|level| *level < 64);
            TileResource::Hashes(TileId {
                level: level.ok_or(TilePathError::Level)?,
                index: parse_index(path).ok_or(TilePathError::Index)?,
            })
        };
        Ok(Self { resource, width })
    }
}

fn parse_index(path: &str) -> Option<u64> {
    let mut groups = path.split('/').peekable();
    let mut index = 0u64;
    while let Some(group) = groups.next() {
        let digits = match groups.peek() {
            Some(_) => group.strip_prefix('x')?,
            None => group,
        };
        if digits.len() != 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let value: u64 = digits.parse().ok()?;
        // A leading `x000` would be a second name for the same tile.
        if index == 0 && value == 0 && groups.peek().is_some() {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(value)?;
    }
    Some(index)
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = match self.resource {
            TileResource::Hashes(tile) => {
                write!(f, "tile/{}", tile.level)?;
                tile.index
            }
            TileResource::Entries(index) => {
                f.write_str("tile/entries")?;
                index
            }
        };
        // 18 digits before the last group are enough for 64 bits.
        let mut divisor = 1_000_000_000_000_000_000;
        while divisor > 1 {
            if index >= divisor {
                write!(f, "/x{:03}", index / divisor % 1000)?;
            }
            divisor /= 1000;
        }
        write!(f, "/{:03}", index % 1000)?;
        if u64::from(self.width) < TILE_WIDTH {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

/// Why a bundle or a tile was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Ends within an entry or a hash.
    #[error("the bundle or tile is cut off")]
    Truncated,
    /// More than 256 entries or hashes.
    #[error("the bundle or tile holds more than {TILE_WIDTH}")]
    TooMany,
}

/// Appends one entry to a bundle: its length in two bytes, big-endian, then itself.
///
/// # Panics
/// When the entry is longer than [`ENTRY_BYTES_MAX`].
pub fn push_entry(entry: &[u8], bundle: &mut Vec<u8>) {
    let length = u16::try_from(entry.len()).expect("an entry of at most 65,535 bytes");
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
}

/// The entries of a bundle, at most 256.
pub fn parse_bundle(mut bundle: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        if entries.len() as u64 == TILE_WIDTH {
            return Err(BundleError::TooMany);
        }
        let (length, rest) = bundle.split_first_chunk().ok_or(BundleError::Truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest
            .split_at_checked(length)
            .ok_or(BundleError::Truncated)?;
        entries.push(entry);
        bundle = rest;
    }
    Ok(entries)
}

/// The hashes of a tile, at most 256.
pub fn parse_tile(tile: &[u8]) -> Result<Vec<Hash>, BundleError> {
    let (hashes, rest) = tile.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(BundleError::Truncated);
    }
    if hashes.len() as u64 > TILE_WIDTH {
        return Err(BundleError::TooMany);
    }
    Ok(hashes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_paths() {
        let check = |path: &str, resource, width| {
            let value = TilePath { resource, width };
            assert_eq!(path.parse(), Ok(value), "{path}");
            assert_eq!(value.to_string(), path);
        };
        let hashes = |level, index| TileResource::Hashes(TileId { level, index });
        check("tile/0/000", hashes(0, 0), 256);
        check("tile/0/x001/x234/067", hashes(0, 1_234_067), 256);
        check("tile/63/x001/000.p/1", hashes(63, 1000), 1);
        check(
            "tile/entries/x123/456.p/255",
            TileResource::Entries(123_456),
            255,
        );
        check(
            "tile/entries/x018/x446/x744/x073/x709/x551/615",
            TileResource::Entries(u64::MAX),
            256,
        );
    }

    #[test]
    fn malformed_paths_are_refused_by_name() {
        let check = |path: &str, error| assert_eq!(path.parse::<TilePath>(), Err(error), "{path}");
        for path in ["", "tile", "tile/0", "/tile/0/000", "entries/000"] {
            check(path, TilePathError::Form);
        }
        for level in ["", "00", "64", "x", "-1", "256"] {
            check(&format!("tile/{level}/000"), TilePathError::Level);
        }
        for index in [
            "",
            "0",
            "00",
            "0000",
            "x000",
            "x000/001",
            "x1/001",
            "001/002",
            "x001/x002",
            "x001//002",
            "000/",
            "00a",
            "+01",
            "x019/x446/x744/x073/x709/x551/615",
            "x001/x000/x000/x000/x000/x000/x000/000",
        ] {
            check(&format!("tile/0/{index}"), TilePathError::Index);
            check(&format!("tile/entries/{index}"), TilePathError::Index);
        }
        for width in ["", "0", "01", "256", "x", "1/", "-1"] {
            check(&format!("tile/0/000.p/{width}"), TilePathError::Width);
        }
        check("tile/0/.p/1", TilePathError::Index);
    }

    #[test]
    fn malformed_bundles_are_refused_by_name() {
        assert_eq!(parse_bundle(&[0]), Err(BundleError::Truncated));
        assert_eq!(parse_bundle(&[0, 1]), Err(BundleError::Truncated));
        assert_eq!(parse_bundle(&[0; 514]), Err(BundleError::TooMany));
        assert_eq!(parse_bundle(&[0; 512]).unwrap().len(), 256);
        assert_eq!(parse_tile(&[0; 33]), Err(BundleError::Truncated));
        assert_eq!(parse_tile(&[0; 257 * 32]), Err(BundleError::TooMany));
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(level in 0u8..64, index: u64, width in 1u16..=256, of_hashes: bool) {
            let resource = if of_hashes {
                TileResource::Hashes(TileId { level, index })
            } else {
                TileResource::Entries(index)
            };
            let path = TilePath { resource, width };
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }

        #[test]
        fn bundles_give_back_their_entries(
            entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..20),
        ) {
            let mut bundle = Vec::new();
            for entry in &entries {
                push_entry(entry, &mut bundle);
            }
            prop_assert_eq!(parse_bundle(&bundle).unwrap(), entries);
        }
    }
}
