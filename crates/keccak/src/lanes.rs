//! Deals messages to the lanes of a backend that this CPU has, and fills up the last, short group.

use std::sync::OnceLock;

use crate::shape::order;
use crate::{Backend, Digest, scalar};

/// A backend that this CPU has. Only tests and benchmarks need to choose one; everybody else calls
/// the functions of the crate, which use [`Lanes::best`].
// The private field is what the SAFETY comments below rest on: `with` is the only way here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes(Backend);

impl Lanes {
    /// The widest backend of this CPU.
    pub fn best() -> Self {
        static BEST: OnceLock<Lanes> = OnceLock::new();
        *BEST.get_or_init(|| {
            Backend::ALL
                .into_iter()
                .find_map(Self::with)
                .unwrap_or(Self(Backend::Scalar))
        })
    }

    /// This very backend, or `None` where the CPU does not have it.
    pub fn with(backend: Backend) -> Option<Self> {
        backend.is_available().then_some(Self(backend))
    }

    /// Which one it is.
    pub fn backend(self) -> Backend {
        self.0
    }

    /// See [`crate::sha3_256_many`].
    ///
    /// # Panics
    /// If `messages` and `out` differ in length.
    pub fn sha3_256_many(self, messages: &[&[u8]], out: &mut [Digest]) {
        assert_eq!(messages.len(), out.len(), "one place for each digest");
        self.digests(|i| messages[i], out);
    }

    /// See [`crate::sha3_256_packed`].
    ///
    /// # Panics
    /// If `ends` and `out` differ in length, or `ends` falls or leaves the buffer.
    pub fn sha3_256_packed(self, buffer: &[u8], ends: &[u32], out: &mut [Digest]) {
        assert_eq!(ends.len(), out.len(), "one place for each digest");
        let message = |i: usize| {
            let start = if i == 0 { 0 } else { ends[i - 1] as usize };
            &buffer[start..ends[i] as usize]
        };
        self.digests(message, out);
    }

    /// See [`crate::leaves`].
    ///
    /// # Panics
    /// If `leaves` and `out` differ in length.
    pub fn leaves(self, leaves: &[Digest], out: &mut [Digest]) {
        assert_eq!(leaves.len(), out.len(), "one place for each digest");
        let one = |leaf: &[Digest; 1]| scalar::leaf(&leaf[0]);
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `self` is proof that the CPU has AVX-512 F and BW.
            Backend::Avx512 => in_groups(leaves, out, one, |i, o| unsafe {
                crate::avx512::leaves(i, o);
            }),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `self` is proof that the CPU has AVX2.
            Backend::Avx2 => in_groups(leaves, out, one, |i, o| unsafe {
                crate::avx2::leaves(i, o);
            }),
            _ => one_by_one(leaves, out, one),
        }
    }

    /// See [`crate::nodes`].
    ///
    /// # Panics
    /// If `pairs` is not twice as long as `out`.
    pub fn nodes(self, pairs: &[Digest], out: &mut [Digest]) {
        assert_eq!(
            pairs.len(),
            2 * out.len(),
            "one place for the digest of each pair"
        );
        let one = |pair: &[Digest; 2]| scalar::node(&pair[0], &pair[1]);
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `self` is proof that the CPU has AVX-512 F and BW.
            Backend::Avx512 => in_groups(pairs, out, one, |i, o| unsafe {
                crate::avx512::nodes(i, o);
            }),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `self` is proof that the CPU has AVX2.
            Backend::Avx2 => in_groups(pairs, out, one, |i, o| unsafe {
                crate::avx2::nodes(i, o);
            }),
            _ => one_by_one(pairs, out, one),
        }
    }

    fn digests<'a>(self, message: impl Fn(usize) -> &'a [u8], out: &mut [Digest]) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `self` is proof that the CPU has AVX-512 F and BW.
            Backend::Avx512 => mixed(message, out, |i, o| unsafe {
                crate::avx512::messages(i, o);
            }),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `self` is proof that the CPU has AVX2.
            Backend::Avx2 => mixed(message, out, |i, o| unsafe {
                crate::avx2::messages(i, o);
            }),
            _ => {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = scalar::digest(message(i));
                }
            }
        }
    }
}

/// Inputs of `EACH` digests, one after the other.
fn one_by_one<const EACH: usize>(
    input: &[Digest],
    out: &mut [Digest],
    one: impl Fn(&[Digest; EACH]) -> Digest,
) {
    for (input, out) in input.as_chunks().0.iter().zip(out) {
        *out = one(input);
    }
}

/// Inputs of `EACH` digests, `OUT` of them (`IN` digests) at a time. A group that is not full is
/// filled up with zeros, unless only one is left: that one is as quick alone.
fn in_groups<const EACH: usize, const IN: usize, const OUT: usize>(
    input: &[Digest],
    out: &mut [Digest],
    one: impl Fn(&[Digest; EACH]) -> Digest,
    group: impl Fn(&[Digest; IN], &mut [Digest; OUT]),
) {
    const { assert!(IN == EACH * OUT) }
    let (inputs, input_rest) = input.as_chunks::<IN>();
    let (outs, out_rest) = out.as_chunks_mut::<OUT>();
    for (input, out) in inputs.iter().zip(outs) {
        group(input, out);
    }
    if out_rest.len() < 2 {
        return one_by_one(input_rest, out_rest, one);
    }
    let (mut filled, mut digests) = ([[0; 32]; IN], [[0; 32]; OUT]);
    filled[..input_rest.len()].copy_from_slice(input_rest);
    group(&filled, &mut digests);
    out_rest.copy_from_slice(&digests[..out_rest.len()]);
}

/// Messages of any lengths, `W` at a time, those with equally many blocks together.
fn mixed<'a, const W: usize>(
    message: impl Fn(usize) -> &'a [u8],
    out: &mut [Digest],
    group: impl Fn(&[&[u8]; W], &mut [Digest; W]),
) {
    let order = order(out.len(), |i| message(i).len());
    let at = |place: usize| order.as_ref().map_or(place, |order| order[place] as usize);
    for first in (0..out.len()).step_by(W) {
        let count = W.min(out.len() - first);
        if count == 1 {
            out[at(first)] = scalar::digest(message(at(first)));
            continue;
        }
        let (mut messages, mut digests) = ([[].as_slice(); W], [[0; 32]; W]);
        for (lane, slot) in messages[..count].iter_mut().enumerate() {
            *slot = message(at(first + lane));
        }
        group(&messages, &mut digests);
        for (lane, digest) in digests[..count].iter().enumerate() {
            out[at(first + lane)] = *digest;
        }
    }
}
