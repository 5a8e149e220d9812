//! Bytes and integers of the database to words, and back.

use std::time::Duration;

use base::Unavailable;
use tlog::{Hash, TileId};

use crate::error::broken;

/// A number as a key; `None` for one beyond the range of `int8`, which no row has.
pub(crate) fn key(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

/// A number as an upper bound: those beyond the range of `int8` are above every row.
pub(crate) fn bound(number: u64) -> i64 {
    key(number).unwrap_or(i64::MAX)
}

/// A number that we are about to write.
pub(crate) fn stored(number: u64) -> Result<i64, Unavailable> {
    key(number).ok_or_else(|| broken("a number beyond 2^63"))
}

/// A number of a row.
pub(crate) fn unsigned(number: i64, what: &'static str) -> Result<u64, Unavailable> {
    u64::try_from(number).map_err(|_| broken(what))
}

/// A hash of a row.
pub(crate) fn hash(bytes: &[u8], what: &'static str) -> Result<Hash, Unavailable> {
    bytes.try_into().map_err(|_| broken(what))
}

/// The hashes of a tile, appended to `into`.
pub(crate) fn hashes(bytes: &[u8], into: &mut Vec<Hash>) -> Result<(), Unavailable> {
    let (whole, []) = bytes.as_chunks::<32>() else {
        return Err(broken("a tile"));
    };
    into.extend_from_slice(whole);
    Ok(())
}

/// Tiles on their way into the database: one array per column.
#[derive(Default)]
pub(crate) struct TileColumns<'a> {
    pub(crate) levels: Vec<i16>,
    pub(crate) indexes: Vec<i64>,
    pub(crate) hashes: Vec<&'a [u8]>,
}

impl<'a> TileColumns<'a> {
    pub(crate) fn push(&mut self, tile: TileId, hashes: &'a [Hash]) -> Result<(), Unavailable> {
        self.levels.push(i16::from(tile.level));
        self.indexes.push(stored(tile.index)?);
        self.hashes.push(hashes.as_flattened());
        Ok(())
    }
}

/// The names of tiles to look for; those that cannot exist are left out.
pub(crate) fn tile_keys(tiles: &[TileId]) -> (Vec<i16>, Vec<i64>) {
    tiles
        .iter()
        .filter_map(|tile| Some((i16::from(tile.level), key(tile.index)?)))
        .unzip()
}

/// A tile of a row.
pub(crate) fn tile(
    level: i16,
    index: i64,
    bytes: &[u8],
) -> Result<(TileId, Vec<Hash>), Unavailable> {
    let id = TileId {
        level: u8::try_from(level).map_err(|_| broken("a tile's level"))?,
        index: unsigned(index, "a tile's index")?,
    };
    let mut row = Vec::with_capacity(bytes.len() / 32);
    hashes(bytes, &mut row)?;
    Ok((id, row))
}

/// A duration in microseconds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
