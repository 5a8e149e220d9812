//! The lanes read foreign bytes with `unsafe` loads: here under the address sanitizer.

use keccak_lanes::{Backend, Lanes, sha3_256};

/// Cuts the bytes into messages, the first byte of each saying how long it is at most, and hashes
/// them on every backend of this CPU. Each message has an allocation of its own, so that a load
/// beyond its end is seen.
pub fn keccak(bytes: &[u8]) {
    let mut messages: Vec<Box<[u8]>> = Vec::new();
    let mut rest = bytes;
    while let Some((&length, after)) = rest.split_first() {
        let (message, after) = after.split_at(after.len().min(usize::from(length) * 3));
        messages.push(message.into());
        rest = after;
    }
    let expected: Vec<_> = messages.iter().map(|message| sha3_256(message)).collect();
    let slices: Vec<&[u8]> = messages.iter().map(AsRef::as_ref).collect();
    for lanes in Backend::ALL.into_iter().filter_map(Lanes::with) {
        let mut digests = vec![[0; 32]; slices.len()].into_boxed_slice();
        lanes.sha3_256_many(&slices, &mut digests);
        assert_eq!(*digests, *expected, "{}", lanes.backend());

        let mut leaves = vec![[0; 32]; expected.len()].into_boxed_slice();
        lanes.leaves(&expected, &mut leaves);
        for (entry, leaf) in expected.iter().zip(&leaves) {
            assert_eq!(
                *leaf,
                sha3_256(&[&[0][..], entry].concat()),
                "{}",
                lanes.backend()
            );
        }
        let (pairs, _) = expected.as_chunks::<2>();
        let pairs: Box<[[u8; 32]]> = pairs.as_flattened().into();
        let mut nodes = vec![[0; 32]; pairs.len() / 2].into_boxed_slice();
        lanes.nodes(&pairs, &mut nodes);
        for (pair, node) in pairs.chunks(2).zip(&nodes) {
            let one = sha3_256(&[&[1][..], pair.as_flattened()].concat());
            assert_eq!(*node, one, "{}", lanes.backend());
        }
    }
}
