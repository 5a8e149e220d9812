//! The two hash families over which the same trees are built.

use sha2::Digest as _;

/// A digest of 32 bytes: a leaf, a node or a root.
pub type Hash = [u8; 32];

/// A hash family with RFC 6962's domain separation: leaves begin with byte 0, nodes with byte 1.
pub trait TreeHash: Copy + Send + Sync + 'static {
    /// The name of the algorithm, as NIST writes it.
    const NAME: &'static str;

    /// The plain digest of `bytes`, without domain separation.
    fn digest(bytes: &[u8]) -> Hash;

    /// The hash of the leaf that holds `entry`.
    fn leaf(entry: &[u8]) -> Hash;

    /// The hash of the node above `left` and `right`.
    fn node(left: &Hash, right: &Hash) -> Hash;

    /// The root of the tree without leaves.
    fn empty() -> Hash {
        Self::digest(b"")
    }

    /// The leaf hashes of many entries of 32 bytes each: `out[i] = leaf(entries[i])`.
    ///
    /// # Panics
    /// When the lengths differ.
    fn leaves(entries: &[Hash], out: &mut [Hash]) {
        assert_eq!(entries.len(), out.len());
        for (entry, out) in entries.iter().zip(out) {
            *out = Self::leaf(entry);
        }
    }

    /// Many nodes: `out[i] = node(pairs[2i], pairs[2i + 1])`.
    ///
    /// # Panics
    /// When there are not twice as many `pairs` as `out`.
    fn nodes(pairs: &[Hash], out: &mut [Hash]) {
        assert_eq!(pairs.len(), out.len() * 2);
        for (pair, out) in pairs.chunks_exact(2).zip(out) {
            *out = Self::node(&pair[0], &pair[1]);
        }
    }
}

/// SHA-256: the hash of C2SP logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sha256;

impl TreeHash for Sha256 {
    const NAME: &'static str = "SHA-256";

    fn digest(bytes: &[u8]) -> Hash {
        sha2::Sha256::digest(bytes).into()
    }

    fn leaf(entry: &[u8]) -> Hash {
        let mut hasher = sha2::Sha256::new();
        hasher.update([0]);
        hasher.update(entry);
        hasher.finalize().into()
    }

    fn node(left: &Hash, right: &Hash) -> Hash {
        let mut hasher = sha2::Sha256::new();
        hasher.update([1]);
        hasher.update(left);
        hasher.update(right);
        hasher.finalize().into()
    }
}

/// SHA3-256: the hash of protocol v1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sha3;

impl TreeHash for Sha3 {
    const NAME: &'static str = "SHA3-256";

    fn digest(bytes: &[u8]) -> Hash {
        sha3::Sha3_256::digest(bytes).into()
    }

    fn leaf(entry: &[u8]) -> Hash {
        let mut hasher = sha3::Sha3_256::new();
        hasher.update([0]);
        hasher.update(entry);
        hasher.finalize().into()
    }

    fn node(left: &Hash, right: &Hash) -> Hash {
        let mut hasher = sha3::Sha3_256::new();
        hasher.update([1]);
        hasher.update(left);
        hasher.update(right);
        hasher.finalize().into()
    }

    fn leaves(entries: &[Hash], out: &mut [Hash]) {
        keccak_lanes::leaves(entries, out);
    }

    fn nodes(pairs: &[Hash], out: &mut [Hash]) {
        keccak_lanes::nodes(pairs, out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A batch must be no more than a shorter way to say the same, whoever computes it.
    fn check<H: TreeHash>(hashes: &[Hash]) {
        let mut leaves = vec![[0; 32]; hashes.len()];
        H::leaves(hashes, &mut leaves);
        for (entry, leaf) in hashes.iter().zip(&leaves) {
            assert_eq!(*leaf, H::leaf(entry), "{}", H::NAME);
        }
        let (pairs, _) = hashes.as_chunks::<2>();
        let mut nodes = vec![[0; 32]; pairs.len()];
        H::nodes(pairs.as_flattened(), &mut nodes);
        for ([left, right], node) in pairs.iter().zip(&nodes) {
            assert_eq!(*node, H::node(left, right), "{}", H::NAME);
        }
    }

    proptest! {
        #[test]
        fn batches_equal_single_hashes(hashes in proptest::collection::vec(any::<Hash>(), 0..70)) {
            check::<Sha256>(&hashes);
            check::<Sha3>(&hashes);
        }
    }
}
