//! Many SHA3-256 digests at once, several Keccak states side by side.
//!
//! A Keccak state is 25 words of 64 bits, and every step of the permutation treats all of them
//! alike. So word *k* of eight states fits one AVX-512 register (of four states, one AVX2
//! register), and one pass over 25 registers hashes eight (four) messages for about the price of
//! one. What the CPU has is asked once, at run time; where it has neither, the `sha3` crate
//! answers. All backends give the same bytes.
//!
//! This crate knows nothing of logs or trees beyond the two input shapes that a Merkle tree
//! (RFC 6962 section 2.1) hashes most: 33 bytes for a leaf, 65 for a node. It is the only crate
//! of the product with `unsafe` code, all of it loads, stores, and the step from "the CPU was
//! asked" to "the instruction is used".
//!
//! ```
//! let messages: [&[u8]; 2] = [b"", b"abc"];
//! let mut digests = [[0; 32]; 2];
//! keccak_lanes::sha3_256_many(&messages, &mut digests);
//! assert_eq!(digests[1], keccak_lanes::sha3_256(b"abc"));
//! ```

#![allow(
    unsafe_code,
    reason = "vector loads and instructions need it; every block says why it holds"
)]

mod backend;
mod lanes;
mod scalar;
mod shape;

#[cfg(target_arch = "x86_64")]
#[macro_use]
mod round;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

pub use backend::Backend;
pub use lanes::Lanes;

/// A SHA3-256 digest: 32 bytes.
pub type Digest = [u8; 32];

/// SHA3-256 of one message.
///
/// One message has nobody to share its registers with, so this is always the scalar code.
pub fn sha3_256(message: &[u8]) -> Digest {
    scalar::digest(message)
}

/// SHA3-256 of many messages of any, also mixed, lengths: `out[i]` is the digest of `messages[i]`.
///
/// # Panics
/// If `messages` and `out` differ in length, which is a mistake of the caller.
pub fn sha3_256_many(messages: &[&[u8]], out: &mut [Digest]) {
    Lanes::best().sha3_256_many(messages, out);
}

/// The same for messages packed in one buffer, which saves the bulk path a slice of slices:
/// message `i` is `buffer[ends[i - 1]..ends[i]]`, and the first begins at 0.
///
/// # Panics
/// If `ends` and `out` differ in length, or `ends` falls or leaves the buffer: mistakes of the
/// caller.
pub fn sha3_256_packed(buffer: &[u8], ends: &[u32], out: &mut [Digest]) {
    Lanes::best().sha3_256_packed(buffer, ends, out);
}

/// Merkle leaves: `out[i]` is SHA3-256 of byte 00 and `leaves[i]` (33 bytes).
///
/// # Panics
/// If `leaves` and `out` differ in length, which is a mistake of the caller.
pub fn leaves(leaves: &[Digest], out: &mut [Digest]) {
    Lanes::best().leaves(leaves, out);
}

/// Merkle nodes: `out[i]` is SHA3-256 of byte 01, `pairs[2 * i]` and `pairs[2 * i + 1]` (65 bytes).
///
/// # Panics
/// If `pairs` is not twice as long as `out`, which is a mistake of the caller.
pub fn nodes(pairs: &[Digest], out: &mut [Digest]) {
    Lanes::best().nodes(pairs, out);
}

/// What this machine hashes with, chosen once: the widest backend that its CPU has.
pub fn backend() -> Backend {
    Lanes::best().backend()
}
