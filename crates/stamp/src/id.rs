//! The public id of a timestamp, which is also its address.

use std::fmt;

use uuid::Uuid;

/// Most entries in one batch: an index has 20 bits.
pub const BATCH_ENTRIES_MAX: usize = 1 << 20;

const INDEX_BITS: u32 = 20;
const NONCE_BITS: u32 = 38;
const LOW_BITS: u32 = 62;

/// Where a timestamp stands: its batch, and its place in the batch's sorted entries. So no index
/// per timestamp exists.
///
/// Printed as a UUID of version 8 (RFC 9562 §5.8). Its 122 free bits are, from the top: 64 bits of
/// batch number, 38 random bits drawn for the batch (so that ids cannot be counted through), and
/// 20 bits of index. Later batches sort after earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimestampId {
    /// The batch's number, given by the store.
    pub batch: u64,
    /// The batch's random part, below 2^38.
    pub nonce: u64,
    /// The place among the batch's entries, below [`BATCH_ENTRIES_MAX`].
    pub index: u32,
}

impl TimestampId {
    /// The random bits of 64 that a batch keeps as its nonce.
    pub fn nonce_of(random: u64) -> u64 {
        random & ((1 << NONCE_BITS) - 1)
    }

    /// The id as a UUID.
    pub fn to_uuid(self) -> Uuid {
        let free = u128::from(self.batch) << (NONCE_BITS + INDEX_BITS)
            | u128::from(self.nonce) << INDEX_BITS
            | u128::from(self.index);
        let high = free >> (LOW_BITS + 12) << 80;
        let middle = (free >> LOW_BITS & 0xfff) << 64;
        let low = free & ((1 << LOW_BITS) - 1);
        Uuid::from_u128(high | 8 << 76 | middle | 0b10 << 62 | low)
    }

    /// The address in a UUID; `None` for a UUID that we cannot have given.
    pub fn from_uuid(uuid: Uuid) -> Option<Self> {
        let bits = uuid.as_u128();
        if bits >> 76 & 0xf != 8 || bits >> 62 & 0b11 != 0b10 {
            return None;
        }
        let free = (bits >> 80) << (LOW_BITS + 12)
            | (bits >> 64 & 0xfff) << LOW_BITS
            | bits & ((1 << LOW_BITS) - 1);
        Some(Self {
            batch: u64::try_from(free >> (NONCE_BITS + INDEX_BITS)).expect("64 of 122 bits"),
            nonce: u64::try_from(free >> INDEX_BITS & ((1 << NONCE_BITS) - 1)).expect("38 bits"),
            index: u32::try_from(free & ((1 << INDEX_BITS) - 1)).expect("20 bits"),
        })
    }
}

impl fmt::Display for TimestampId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_uuid().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_the_uuid_and_sort_by_batch() {
        let check = |batch, nonce, index| {
            let id = TimestampId {
                batch,
                nonce,
                index,
            };
            let uuid = id.to_uuid();
            assert_eq!(uuid.get_version_num(), 8);
            assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
            assert_eq!(TimestampId::from_uuid(uuid), Some(id));
            uuid
        };
        let nonce_max = (1 << 38) - 1;
        assert!(check(0, nonce_max, (1 << 20) - 1) < check(1, 0, 0));
        assert!(check(7, 5, 0) < check(7, 5, 1));
        check(u64::MAX, nonce_max, (1 << 20) - 1);
        check(0, 0, 0);
    }

    #[test]
    fn foreign_uuids_are_not_ours() {
        assert_eq!(TimestampId::from_uuid(Uuid::nil()), None);
        assert_eq!(TimestampId::from_uuid(Uuid::max()), None);
        let random = Uuid::from_u128(0x9a3f_0c5e_77b1_4d2a_8c11_2233_4455_6677);
        assert_eq!(TimestampId::from_uuid(random), None);
    }
}
