//! Four states in 256-bit registers. There are only 16 of those, so half of the 25 words live in
//! memory; still three messages for the price of one.
//!
//! Every function here may only run where AVX2 was found; the compiler enforces that within this
//! module, [`crate::Lanes`] at its door.

#![allow(
    clippy::cast_ptr_alignment,
    reason = "all loads and stores here are of the unaligned kind"
)]

use std::arch::x86_64::{
    __m256i, _mm256_andnot_si256, _mm256_loadu_si256, _mm256_or_si256, _mm256_permute2x128_si256,
    _mm256_set_epi64x, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_sll_epi64,
    _mm256_slli_epi64, _mm256_srl_epi64, _mm256_srli_epi64, _mm256_storeu_si256,
    _mm256_unpackhi_epi64, _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use crate::Digest;
use crate::round::ROUND_CONSTANTS;
use crate::shape::{
    BLOCK_BYTES, BLOCK_WORDS, LEAF_PREFIX, NODE_PREFIX, PAD_FIRST, PAD_LAST, blocks, last_block,
};

/// Messages side by side.
pub(crate) const WIDTH: usize = 4;

/// The 25 words of four states.
type States = [__m256i; 25];

/// Four Merkle leaves.
#[target_feature(enable = "avx2")]
pub(crate) fn leaves(leaves: &[Digest; WIDTH], out: &mut [Digest; WIDTH]) {
    let mut states = [_mm256_setzero_si256(); 25];
    let words = transpose([
        load(&leaves[0]),
        load(&leaves[1]),
        load(&leaves[2]),
        load(&leaves[3]),
    ]);
    start(&mut states, LEAF_PREFIX, &words);
    permute(&mut states);
    squeeze(&states, out);
}

/// Four Merkle nodes, of four pairs.
#[target_feature(enable = "avx2")]
pub(crate) fn nodes(pairs: &[Digest; 2 * WIDTH], out: &mut [Digest; WIDTH]) {
    let mut states = [_mm256_setzero_si256(); 25];
    let (pairs, _) = pairs.as_chunks::<2>();
    let halves = |half| [0, 1, 2, 3].map(|lane: usize| &pairs[lane][half]);
    let [left, right] =
        [halves(0), halves(1)].map(|[a, b, c, d]| transpose([load(a), load(b), load(c), load(d)]));
    let mut words = [_mm256_setzero_si256(); 8];
    words[..4].copy_from_slice(&left);
    words[4..].copy_from_slice(&right);
    start(&mut states, NODE_PREFIX, &words);
    permute(&mut states);
    squeeze(&states, out);
}

/// Four messages of any lengths. A lane whose message has ended is left to spin until the longest
/// has ended too: its digest was taken out in time.
#[target_feature(enable = "avx2")]
pub(crate) fn messages(messages: &[&[u8]; WIDTH], out: &mut [Digest; WIDTH]) {
    let ends = messages.map(|message| blocks(message.len()));
    let last = ends.into_iter().max().unwrap_or(0);
    let padded = messages.map(|message| last_block(message.as_chunks::<BLOCK_BYTES>().1));
    let mut states = [_mm256_setzero_si256(); 25];
    for block in 0..last {
        let mut sources = [&[0; BLOCK_BYTES]; WIDTH];
        for (lane, source) in sources.iter_mut().enumerate() {
            match messages[lane].as_chunks().0.get(block) {
                Some(full) => *source = full,
                None if block + 1 == ends[lane] => *source = &padded[lane],
                None => {} // Ended before: it may absorb zeros.
            }
        }
        absorb(&mut states, &sources);
        permute(&mut states);
        if ends.contains(&(block + 1)) {
            let mut digests = [[0; 32]; WIDTH];
            squeeze(&states, &mut digests);
            for lane in (0..WIDTH).filter(|&lane| ends[lane] == block + 1) {
                out[lane] = digests[lane];
            }
        }
    }
}

/// Fills fresh states with a prefix byte, `words`, and the padding, all in the first block: every
/// word moves up by a byte, and its top byte becomes the bottom of the next.
#[inline]
#[target_feature(enable = "avx2")]
fn start(states: &mut States, prefix: u8, words: &[__m256i]) {
    let mut carried = splat(prefix.into());
    for (state, &word) in states.iter_mut().zip(words) {
        *state = _mm256_or_si256(_mm256_slli_epi64::<8>(word), carried);
        carried = _mm256_srli_epi64::<56>(word);
    }
    states[words.len()] = _mm256_or_si256(carried, splat(u64::from(PAD_FIRST) << 8));
    states[BLOCK_WORDS - 1] = splat(u64::from(PAD_LAST) << 56);
}

/// Adds one block to each state.
#[inline]
#[target_feature(enable = "avx2")]
fn absorb(states: &mut States, blocks: &[&[u8; BLOCK_BYTES]; WIDTH]) {
    let quarters = blocks.map(|block| block.as_chunks::<32>().0);
    for quarter in 0..4 {
        let [a, b, c, d] = quarters.map(|block| &block[quarter]);
        let words = transpose([load(a), load(b), load(c), load(d)]);
        for (state, word) in states[4 * quarter..].iter_mut().zip(words) {
            *state = xor(*state, word);
        }
    }
    let [a, b, c, d] = blocks.map(|block| i64::from_le_bytes(block.as_chunks().0[16]));
    states[16] = xor(states[16], _mm256_set_epi64x(d, c, b, a));
}

/// Keccak-f\[1600\] of all four.
#[inline]
#[target_feature(enable = "avx2")]
fn permute(states: &mut States) {
    let mut a = *states;
    for constant in ROUND_CONSTANTS {
        a = round!(a, splat(constant));
    }
    *states = a;
}

/// The first four words of each state are its digest.
#[inline]
#[target_feature(enable = "avx2")]
fn squeeze(states: &States, out: &mut [Digest; WIDTH]) {
    let rows = transpose([states[0], states[1], states[2], states[3]]);
    for (digest, row) in out.iter_mut().zip(rows) {
        // SAFETY: a digest is 32 bytes, all of them ours to write; no alignment is asked.
        unsafe { _mm256_storeu_si256(digest.as_mut_ptr().cast(), row) };
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: 32 bytes, all of them readable; no alignment is asked.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Rows to columns, four by four words.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (low_ab, high_ab) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    let (low_cd, high_cd) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
    [
        _mm256_permute2x128_si256::<0x20>(low_ab, low_cd),
        _mm256_permute2x128_si256::<0x20>(high_ab, high_cd),
        _mm256_permute2x128_si256::<0x31>(low_ab, low_cd),
        _mm256_permute2x128_si256::<0x31>(high_ab, high_cd),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u64) -> __m256i {
    _mm256_set1_epi64x(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

/// Theta asks for the same `b` and `c` five times: in this order the compiler adds them once.
#[inline]
#[target_feature(enable = "avx2")]
fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    xor(a, xor(b, c))
}

#[inline]
#[target_feature(enable = "avx2")]
fn chi(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    xor(a, _mm256_andnot_si256(b, c))
}

#[inline]
#[target_feature(enable = "avx2")]
fn rol<const BITS: i64>(word: __m256i) -> __m256i {
    use std::arch::x86_64::_mm_cvtsi64_si128;
    _mm256_or_si256(
        _mm256_sll_epi64(word, _mm_cvtsi64_si128(BITS)),
        _mm256_srl_epi64(word, _mm_cvtsi64_si128(64 - BITS)),
    )
}
