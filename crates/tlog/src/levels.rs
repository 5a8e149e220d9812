//! A whole tree in memory, level by level: the shape from which many proofs are made at once.

use std::marker::PhantomData;

use crate::{Hash, TreeHash};

/// All levels of one tree, leaves first. A last node without a sibling moves up as it is, which
/// gives exactly the trees of RFC 6962 §2.1.
///
/// Holds about 64 bytes a leaf.
#[derive(Clone, Debug)]
pub struct Levels<H> {
    levels: Vec<Vec<Hash>>,
    hash: PhantomData<H>,
}

impl<H: TreeHash> Levels<H> {
    /// The tree over `leaves`, which are leaf hashes already.
    pub fn of_leaf_hashes(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        loop {
            let below = &levels[levels.len() - 1];
            if below.len() <= 1 {
                break;
            }
            let pairs = below.len() / 2;
            let mut above = vec![[0; 32]; below.len().div_ceil(2)];
            H::nodes(&below[..pairs * 2], &mut above[..pairs]);
            if below.len() % 2 == 1 {
                above[pairs] = below[below.len() - 1];
            }
            levels.push(above);
        }
        Self {
            levels,
            hash: PhantomData,
        }
    }

    /// The tree over entries of 32 bytes each (protocol v1: timestamp hashes, hashed again).
    pub fn of_entries(entries: &[Hash]) -> Self {
        let mut leaves = vec![[0; 32]; entries.len()];
        H::leaves(entries, &mut leaves);
        Self::of_leaf_hashes(leaves)
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.levels[0].len() as u64
    }

    /// The hash of the whole tree.
    pub fn root(&self) -> Hash {
        let top = &self.levels[self.levels.len() - 1];
        top.first().copied().unwrap_or_else(H::empty)
    }

    /// The level `height` above the leaves: `ceil(size / 2^height)` hashes. The last is the root of
    /// an incomplete subtree unless `2^height` divides the size.
    pub fn level(&self, height: usize) -> Option<&[Hash]> {
        self.levels.get(height).map(Vec::as_slice)
    }

    /// Protocol v1's path of the leaf at `index`, leaf to root, pushed onto `path`; answers `a`,
    /// whose bit `i`, lowest first, is set when the sibling at step `i` stands on the left.
    /// Levels without a sibling take no step. Order of nodes as RFC 6962 §2.1.1.
    ///
    /// # Panics
    /// When `index` is not below the size.
    pub fn path(&self, index: u64, path: &mut Vec<Hash>) -> u64 {
        assert!(index < self.size(), "index {index} of {}", self.size());
        let mut at = usize::try_from(index).expect("an index into memory");
        let (mut a, mut step) = (0, 0);
        for level in &self.levels[..self.levels.len() - 1] {
            if let Some(sibling) = level.get(at ^ 1) {
                path.push(*sibling);
                a |= ((at & 1) as u64) << step;
                step += 1;
            }
            at >>= 1;
        }
        a
    }
}
