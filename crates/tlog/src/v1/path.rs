//! The inclusion proof `(a, path)` of protocol v1: siblings, and on which side each stands.

use crate::{Hash, Sha3, TreeHash};

/// The leaf hash under which a timestamp's hash or an interval's hash enters its tree.
pub fn leaf_of_path(entry: &Hash) -> Hash {
    Sha3::leaf(entry)
}

/// The root to which `(a, path)` leads from `leaf`. Bit `i` of `a`, lowest first, is set when the
/// sibling at step `i` stands on the left. `None` when `a` has bits beyond the path.
pub fn root_of_path(leaf: &Hash, a: u64, path: &[Hash]) -> Option<Hash> {
    if path.len() > 64 || (path.len() < 64 && a >> path.len() != 0) {
        return None;
    }
    let root = path.iter().enumerate().fold(*leaf, |hash, (step, node)| {
        if a >> step & 1 == 1 {
            Sha3::node(node, &hash)
        } else {
            Sha3::node(&hash, node)
        }
    });
    Some(root)
}

/// The `a` that belongs to the inclusion path (RFC 6962 §2.1.1) of leaf `index` in a tree of `size`
/// leaves: with it, a path from tiles can be given as `(a, path)`. `index` is below `size`.
pub fn sides(index: u64, size: u64) -> u64 {
    let (mut at, mut last) = (index, size - 1);
    let (mut a, mut step) = (0, 0);
    while last > 0 {
        // A last node without a sibling moves up and takes no step.
        if at & 1 == 1 || at < last {
            a |= (at & 1) << step;
            step += 1;
        }
        (at, last) = (at >> 1, last >> 1);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Levels;
    use crate::v1::{Data, TimeText, timestamp_hash};

    // V2 of the protocol's test vectors, and the values of `a` measured on the original.
    #[test]
    fn seven_leaves() {
        let hashes: Vec<Hash> = (0..7)
            .map(|i| {
                let time = TimeText::of_micros(1_767_225_600_000_000 + i);
                timestamp_hash(Data::Text(&format!("leaf-{i}")), &time)
            })
            .collect();
        let tree = Levels::<Sha3>::of_entries(&hashes);
        assert_eq!(
            hex::encode(tree.root()),
            "b73fb85d1f02866b86f106d29478d5644ce20e482aa36f99d6f2be4e27a2609f"
        );
        for (index, a) in [0, 1, 2, 3, 4, 5, 3].into_iter().enumerate() {
            let mut path = Vec::new();
            assert_eq!(tree.path(index as u64, &mut path), a);
            let leaf = leaf_of_path(&hashes[index]);
            assert_eq!(root_of_path(&leaf, a, &path), Some(tree.root()));
        }
        let six = Levels::<Sha3>::of_entries(&hashes[..6]);
        assert_eq!(
            hex::encode(six.root()),
            "127b563f9747372869139459ea71ceaaf519a6c0ebb20193a030054dc43d470e"
        );
        assert_eq!(six.path(5, &mut Vec::new()), 3);
    }

    #[test]
    fn sides_agree_with_whole_trees() {
        for size in 1..=130 {
            let tree = Levels::<Sha3>::of_leaf_hashes(vec![[0; 32]; size]);
            for index in 0..tree.size() {
                assert_eq!(sides(index, tree.size()), tree.path(index, &mut Vec::new()));
            }
        }
        assert_eq!(sides(u64::MAX - 1, u64::MAX), u64::MAX >> 1);
    }

    #[test]
    fn sides_beyond_the_path_are_refused() {
        assert_eq!(root_of_path(&[0; 32], 1, &[]), None);
        assert_eq!(root_of_path(&[0; 32], 0b10, &[[0; 32]]), None);
        assert_eq!(root_of_path(&[0; 32], 0, &[]), Some([0; 32]));
    }
}
