//! Checking inclusion and consistency proofs: RFC 9162 §2.1.3.2 and §2.1.4.2.

use crate::{Hash, TreeHash};

/// Why a proof was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf's index is not below the size, or the old size not within the new.
    #[error("the proof speaks of index or size {given} where the tree has {size}")]
    OutOfRange {
        /// What was asked about.
        given: u64,
        /// The size of the tree.
        size: u64,
    },
    /// More or fewer nodes than a tree of this size needs.
    #[error("the proof has the wrong number of nodes")]
    Length,
    /// The nodes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// Checks that leaf hash `leaf` stands at `index` in the tree of `size` leaves under `root`.
pub fn verify_inclusion<H: TreeHash>(
    leaf: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    let out_of_range = ProofError::OutOfRange { given: index, size };
    let mut last = size.checked_sub(1).ok_or(out_of_range)?;
    if index > last {
        return Err(out_of_range);
    }
    let (mut at, mut hash) = (index, *leaf);
    for node in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = H::node(node, &hash);
            // A last node without a sibling moved up as it was.
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = H::node(&hash, node);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    match (last, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// Checks that the tree of `old` leaves under `old_root` is a beginning of that of `new` leaves
/// under `new_root`. An old size of 0 is consistent with everything and takes no nodes.
pub fn verify_consistency<H: TreeHash>(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::OutOfRange {
            given: old,
            size: new,
        });
    }
    if old == 0 || old == new {
        return match (proof.is_empty(), old == new && old_root != new_root) {
            (false, _) => Err(ProofError::Length),
            (true, true) => Err(ProofError::Root),
            (true, false) => Ok(()),
        };
    }
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let mut nodes = proof.iter();
    // The old tree is itself a node of the new one when its size is a power of two.
    let first = if old.is_power_of_two() {
        *old_root
    } else {
        *nodes.next().ok_or(ProofError::Length)?
    };
    let (mut old_hash, mut new_hash) = (first, first);
    for node in nodes {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            old_hash = H::node(node, &old_hash);
            new_hash = H::node(node, &new_hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new_hash = H::node(&new_hash, node);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if old_hash == *old_root && new_hash == *new_root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}
