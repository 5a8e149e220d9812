//! One message after the other, by the `sha3` crate: the fall-back, and what the lanes must equal.

use sha3::{Digest as _, Sha3_256};

use crate::Digest;
use crate::shape::{LEAF_PREFIX, NODE_PREFIX};

pub(crate) fn digest(message: &[u8]) -> Digest {
    Sha3_256::digest(message).into()
}

pub(crate) fn leaf(leaf: &Digest) -> Digest {
    let mut input = [LEAF_PREFIX; 33];
    input[1..].copy_from_slice(leaf);
    digest(&input)
}

pub(crate) fn node(left: &Digest, right: &Digest) -> Digest {
    let mut input = [NODE_PREFIX; 65];
    input[1..33].copy_from_slice(left);
    input[33..].copy_from_slice(right);
    digest(&input)
}
