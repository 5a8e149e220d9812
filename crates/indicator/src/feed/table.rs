//! Values behind fingerprints: an open table with linear probing, whose slots point into one block of bytes.

use std::hash::{BuildHasher as _, RandomState};

/// A slot is empty (0), or holds the upper bits of a fingerprint and where its record begins, plus one.
const PLACE_BITS: u32 = 40;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;
/// Slots of the smallest table.
const SLOTS_MIN: usize = 1024;
/// Before a value: its family, its kind, its list, its length.
const HEAD_BYTES: usize = 6;

/// Values, each once in its family.
#[derive(Debug)]
pub(super) struct Table {
    slots: Vec<u64>,
    records: Vec<u8>,
    len: usize,
    /// With keys of its own, so that no feed can be made to fill one corner of the table.
    hasher: RandomState,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            slots: vec![0; SLOTS_MIN],
            records: Vec::new(),
            len: 0,
            hasher: RandomState::new(),
        }
    }
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u64>() + self.records.capacity()
    }

    /// Takes up a value; answers its place if it is new. Values of 64 KiB and more are nobody's.
    pub(super) fn insert(&mut self, family: u8, kind: u8, value: &str, list: u16) -> Option<u64> {
        let len = u16::try_from(value.len()).ok()?;
        let fingerprint = self.fingerprint(family, value.as_bytes());
        let Err(slot) = self.probe(fingerprint, family, value.as_bytes()) else {
            return None;
        };
        let place = self.records.len() as u64;
        assert!(place < PLACE_MASK, "a feed has less than a tebibyte");
        self.records.extend_from_slice(&[family, kind]);
        self.records.extend_from_slice(&list.to_le_bytes());
        self.records.extend_from_slice(&len.to_le_bytes());
        self.records.extend_from_slice(value.as_bytes());
        self.slots[slot] = (fingerprint & !PLACE_MASK) | (place + 1);
        self.len += 1;
        // Three quarters full: probes stay short.
        if self.len * 4 > self.slots.len() * 3 {
            self.grow();
        }
        Some(place)
    }

    /// The place of a value.
    pub(super) fn find(&self, family: u8, value: &str) -> Option<u64> {
        let fingerprint = self.fingerprint(family, value.as_bytes());
        self.probe(fingerprint, family, value.as_bytes()).ok()
    }

    /// Kind, value and list of the record at a place.
    pub(super) fn read(&self, place: u64) -> (u8, &str, u16) {
        let (_, kind, list, value) = self.record(place);
        (kind, std::str::from_utf8(value).unwrap_or_default(), list)
    }

    fn record(&self, place: u64) -> (u8, u8, u16, &[u8]) {
        let at = usize::try_from(place).expect("it lies in memory");
        let head = &self.records[at..at + HEAD_BYTES];
        let list = u16::from_le_bytes([head[2], head[3]]);
        let len = usize::from(u16::from_le_bytes([head[4], head[5]]));
        let value = &self.records[at + HEAD_BYTES..at + HEAD_BYTES + len];
        (head[0], head[1], list, value)
    }

    fn fingerprint(&self, family: u8, value: &[u8]) -> u64 {
        self.hasher.hash_one((family, value))
    }

    /// Where the value is, or the slot in which it would be.
    fn probe(&self, fingerprint: u64, family: u8, value: &[u8]) -> Result<u64, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = first(fingerprint, mask);
        loop {
            let held = self.slots[slot];
            if held == 0 {
                return Err(slot);
            }
            if (held ^ fingerprint) & !PLACE_MASK == 0 {
                let place = (held & PLACE_MASK) - 1;
                let (known, _, _, text) = self.record(place);
                if known == family && text == value {
                    return Ok(place);
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let slots = self.slots.len() * 2;
        let held = std::mem::replace(&mut self.slots, vec![0; slots]);
        for one in held.into_iter().filter(|one| *one != 0) {
            let (family, _, _, value) = self.record((one & PLACE_MASK) - 1);
            let fingerprint = self.fingerprint(family, value);
            let mut slot = first(fingerprint, slots - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (slots - 1);
            }
            self.slots[slot] = one;
        }
    }
}

/// Where a search begins.
fn first(fingerprint: u64, mask: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the lower bits are all that is wanted"
    )]
    let low = fingerprint as usize;
    low & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_found_at_its_place_and_no_other_is() {
        let mut table = Table::default();
        let name = |number: u32| format!("n{number}.example.com");
        for number in 0..50_000 {
            let list = (number % 7) as u16;
            assert!(table.insert(0, 3, &name(number), list).is_some());
        }
        assert_eq!(table.insert(0, 4, &name(17), 9), None);
        assert!(table.insert(1, 4, &name(17), 9).is_some(), "another family");
        assert_eq!(table.len(), 50_001);
        for number in 0..50_000 {
            let place = table.find(0, &name(number)).unwrap();
            let expected = (3, name(number), (number % 7) as u16);
            let (kind, value, list) = table.read(place);
            assert_eq!((kind, value.to_owned(), list), expected);
        }
        for number in 50_000..100_000 {
            assert_eq!(table.find(0, &name(number)), None);
        }
        assert_eq!(table.insert(0, 0, &"x".repeat(70_000), 0), None);
    }
}
