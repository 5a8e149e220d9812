//! From submissions in the order in which they came to a batch in the order of the tree.

use crate::{Entries, Entry};

/// A batch in order, and where each submission has gone.
pub(super) struct Sorted {
    pub(super) entries: Entries,
    pub(super) places: Places,
}

/// `0[i]` is the place of submission `i` in its batch; `None` when each kept its own.
pub(super) struct Places(Option<Vec<u32>>);

impl Places {
    /// The place of the submission that came as number `position`.
    pub(super) fn index(&self, position: u32) -> u32 {
        match &self.0 {
            Some(index_of) => index_of[position as usize],
            None => position,
        }
    }
}

/// Sorts by (time, hash); equal ones stay in the order in which they came.
pub(super) fn sorted(submissions: &[Entry]) -> Sorted {
    if submissions.is_sorted_by_key(Entry::order) {
        return Sorted {
            entries: Entries::pack(submissions),
            places: Places(None),
        };
    }
    // Sixteen bytes are moved about instead of forty; the rest of the hash decides ties.
    let mut keys: Vec<(i64, u64, u32)> = (0..)
        .zip(submissions)
        .map(|(position, entry)| (entry.time.0, hash_prefix(entry), position))
        .collect();
    keys.sort_unstable_by(|a, b| {
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| {
            let hash = |key: &(i64, u64, u32)| submissions[key.2 as usize].hash;
            hash(a).cmp(&hash(b)).then(a.2.cmp(&b.2))
        })
    });
    let mut index_of = vec![0; submissions.len()];
    let mut ordered = Vec::with_capacity(submissions.len());
    for (index, (_, _, position)) in (0..).zip(&keys) {
        index_of[*position as usize] = index;
        ordered.push(submissions[*position as usize]);
    }
    Sorted {
        entries: Entries::pack(&ordered),
        places: Places(Some(index_of)),
    }
}

/// The first eight bytes of the hash as a number that sorts as they do.
pub(crate) fn hash_prefix(entry: &Entry) -> u64 {
    let (first, _) = entry.hash.split_first_chunk::<8>().expect("32 bytes");
    u64::from_be_bytes(*first)
}

#[cfg(test)]
mod tests {
    use base::UnixMicros;

    use super::*;

    #[test]
    fn everyone_finds_their_own_entry_after_sorting() {
        let entry = |us, first: u8, last: u8| {
            let mut hash = [first; 32];
            hash[31] = last;
            Entry {
                time: UnixMicros(us),
                hash,
            }
        };
        let check = |submissions: &[Entry]| {
            let sorted = sorted(submissions);
            assert_eq!(sorted.entries.len(), submissions.len());
            let mut seen = vec![false; submissions.len()];
            for (position, submitted) in (0..).zip(submissions) {
                let index = sorted.places.index(position);
                assert_eq!(sorted.entries.get(index), Some(*submitted));
                assert!(!std::mem::replace(&mut seen[index as usize], true));
            }
            let order: Vec<_> = sorted.entries.iter().map(|entry| entry.order()).collect();
            assert!(order.is_sorted());
        };
        check(&[]);
        check(&[entry(5, 1, 1)]);
        check(&[entry(5, 1, 1), entry(5, 1, 2), entry(6, 0, 0)]);
        check(&[
            entry(6, 1, 2),
            entry(6, 1, 1),
            entry(5, 9, 9),
            entry(6, 1, 1),
        ]);
        check(&[
            entry(7, 3, 0),
            entry(7, 2, 0),
            entry(7, 2, 0),
            entry(7, 1, 0),
        ]);
    }
}
