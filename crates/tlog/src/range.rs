//! A compact range: the few roots that are enough to append to a tree of any size.

use std::marker::PhantomData;

use crate::{Hash, TreeHash};

/// The roots of the perfect subtrees of a tree, largest first: one for each set bit of the size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactRange<H> {
    size: u64,
    peaks: Vec<Hash>,
    hash: PhantomData<H>,
}

impl<H: TreeHash> Default for CompactRange<H> {
    fn default() -> Self {
        Self {
            size: 0,
            peaks: Vec::new(),
            hash: PhantomData,
        }
    }
}

impl<H: TreeHash> CompactRange<H> {
    /// A range from stored peaks, largest subtree first; `None` when their number does not fit
    /// the size.
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self {
            size,
            peaks,
            hash: PhantomData,
        })
    }

    /// How many leaves it covers.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The peaks, largest subtree first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut top = leaf;
        // Every trailing one of the size is a peak as large as what we carry.
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak for every set bit");
            top = H::node(&left, &top);
        }
        self.peaks.push(top);
        self.size += 1;
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(smallest) = peaks.next() else {
            return H::empty();
        };
        peaks.fold(*smallest, |right, left| H::node(left, &right))
    }
}
