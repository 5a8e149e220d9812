//! Batches as they are stored: fixed-width records in one blob.

use base::UnixMicros;
use tlog::Hash;

use crate::Entry;

const ENTRY_BYTES: usize = 36;
const PLACEMENT_BYTES: usize = 8;

/// A batch's entries, sorted by time, then hash; 36 bytes each: microseconds after the batch's
/// time (u32, big-endian), hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries {
    /// The time of the first entry; the others lie at most 71 minutes after it.
    pub base: UnixMicros,
    packed: Vec<u8>,
}

impl Entries {
    /// Packs `entries`, which must be sorted by (time, hash) and span less than 71 minutes.
    ///
    /// # Panics
    /// When they are not: our bug.
    pub fn pack(entries: &[Entry]) -> Self {
        assert!(
            entries.is_sorted_by_key(|entry| (entry.time, entry.hash)),
            "a batch is sorted before it is packed"
        );
        let base = entries.first().map_or(UnixMicros(0), |entry| entry.time);
        let mut packed = Vec::with_capacity(entries.len() * ENTRY_BYTES);
        for entry in entries {
            let offset = u32::try_from(entry.time.0 - base.0).expect("a batch spans seconds");
            packed.extend_from_slice(&offset.to_be_bytes());
            packed.extend_from_slice(&entry.hash);
        }
        Self { base, packed }
    }

    /// Entries read back from a store; `None` when the blob is not whole records.
    pub fn from_stored(base: UnixMicros, packed: Vec<u8>) -> Option<Self> {
        packed
            .len()
            .is_multiple_of(ENTRY_BYTES)
            .then_some(Self { base, packed })
    }

    /// The blob to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.packed
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.packed.len() / ENTRY_BYTES
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// The entry at `index`.
    pub fn get(&self, index: u32) -> Option<Entry> {
        let start = index as usize * ENTRY_BYTES;
        let record = self.packed.get(start..start + ENTRY_BYTES)?;
        Some(self.unpack(record))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Entry> + '_ {
        self.packed
            .chunks_exact(ENTRY_BYTES)
            .map(|record| self.unpack(record))
    }

    fn unpack(&self, record: &[u8]) -> Entry {
        let (offset, hash) = record.split_at(4);
        let offset = u32::from_be_bytes(offset.try_into().expect("4 bytes"));
        Entry {
            time: UnixMicros(self.base.0 + i64::from(offset)),
            hash: hash.try_into().expect("32 bytes"),
        }
    }
}

/// What is left of a sealed entry: its hash lies in the interval's tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// When it was stamped.
    pub time: UnixMicros,
    /// Its leaf in the interval's tree.
    pub leaf: u32,
}

/// A sealed batch's placements in the order of its entries; 8 bytes each: microseconds after the
/// batch's time (u32, big-endian), leaf (u32, big-endian).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placements {
    /// The time of the batch's first entry.
    pub base: UnixMicros,
    packed: Vec<u8>,
}

impl Placements {
    /// Packs each entry's time with its leaf: `leaves[i]` belongs to entry `i`.
    ///
    /// # Panics
    /// When there are not as many leaves as entries: our bug.
    pub fn pack(entries: &Entries, leaves: &[u32]) -> Self {
        assert_eq!(entries.len(), leaves.len());
        let mut packed = Vec::with_capacity(leaves.len() * PLACEMENT_BYTES);
        for (record, leaf) in entries.packed.chunks_exact(ENTRY_BYTES).zip(leaves) {
            packed.extend_from_slice(&record[..4]);
            packed.extend_from_slice(&leaf.to_be_bytes());
        }
        Self {
            base: entries.base,
            packed,
        }
    }

    /// Placements read back from a store; `None` when the blob is not whole records.
    pub fn from_stored(base: UnixMicros, packed: Vec<u8>) -> Option<Self> {
        packed
            .len()
            .is_multiple_of(PLACEMENT_BYTES)
            .then_some(Self { base, packed })
    }

    /// The blob to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.packed
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.packed.len() / PLACEMENT_BYTES
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// The placement of the batch's entry at `index`.
    pub fn get(&self, index: u32) -> Option<Placement> {
        let start = index as usize * PLACEMENT_BYTES;
        let record = self.packed.get(start..start + PLACEMENT_BYTES)?;
        let (offset, leaf) = record.split_at(4);
        let offset = u32::from_be_bytes(offset.try_into().expect("4 bytes"));
        Some(Placement {
            time: UnixMicros(self.base.0 + i64::from(offset)),
            leaf: u32::from_be_bytes(leaf.try_into().expect("4 bytes")),
        })
    }
}

impl Entry {
    /// The order of an interval's tree: by time, then hash.
    pub fn order(&self) -> (UnixMicros, Hash) {
        (self.time, self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_placements_come_back_as_they_were() {
        let entry = |us, byte| Entry {
            time: UnixMicros(us),
            hash: [byte; 32],
        };
        let entries = [entry(1_000, 9), entry(1_000, 10), entry(70_001_000, 1)];
        let packed = Entries::pack(&entries);
        let stored = Entries::from_stored(packed.base, packed.as_bytes().to_vec()).unwrap();
        assert_eq!(stored.iter().collect::<Vec<_>>(), entries);
        assert_eq!(stored.get(2), Some(entries[2]));
        assert_eq!(stored.get(3), None);

        let placed = Placements::pack(&stored, &[5, 0, 7]);
        let placed = Placements::from_stored(placed.base, placed.as_bytes().to_vec()).unwrap();
        let expected = Placement {
            time: UnixMicros(70_001_000),
            leaf: 7,
        };
        assert_eq!(placed.get(2), Some(expected));
        assert_eq!(placed.get(3), None);
    }

    #[test]
    fn a_torn_blob_is_no_batch() {
        assert_eq!(Entries::from_stored(UnixMicros(0), vec![0; 35]), None);
        assert_eq!(Placements::from_stored(UnixMicros(0), vec![0; 9]), None);
    }
}
