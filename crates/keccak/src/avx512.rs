//! Eight states in 512-bit registers: word *k* of all eight is one register, 25 of 32 hold it all.
//!
//! Every function here may only run where AVX-512 F and BW were found; the compiler enforces that
//! within this module, [`crate::Lanes`] at its door.

#![allow(
    clippy::cast_ptr_alignment,
    reason = "all loads and stores here are of the unaligned kind"
)]

use std::arch::x86_64::{
    __m512i, _mm512_loadu_si512, _mm512_mask_mov_epi8, _mm512_maskz_loadu_epi8, _mm512_or_si512,
    _mm512_permutex2var_epi64, _mm512_rol_epi64, _mm512_set_epi64, _mm512_set1_epi8,
    _mm512_set1_epi64, _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_slli_epi64,
    _mm512_srli_epi64, _mm512_storeu_si512, _mm512_ternarylogic_epi64, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use crate::Digest;
use crate::round::ROUND_CONSTANTS;
use crate::shape::{
    BLOCK_BYTES, BLOCK_WORDS, LEAF_PREFIX, NODE_PREFIX, PAD_FIRST, PAD_LAST, blocks,
};

/// Messages side by side.
pub(crate) const WIDTH: usize = 8;

/// The 25 words of eight states.
type States = [__m512i; 25];

/// Eight Merkle leaves.
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn leaves(leaves: &[Digest; WIDTH], out: &mut [Digest; WIDTH]) {
    let mut states = [_mm512_setzero_si512(); 25];
    let words = words_of(leaves);
    start(&mut states, LEAF_PREFIX, &words);
    permute(&mut states);
    squeeze(&states, out);
}

/// Eight Merkle nodes, of eight pairs.
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn nodes(pairs: &[Digest; 2 * WIDTH], out: &mut [Digest; WIDTH]) {
    let mut states = [_mm512_setzero_si512(); 25];
    let (pairs, _) = pairs.as_chunks::<2>();
    let mut rows = [_mm512_setzero_si512(); 8];
    for (row, pair) in rows.iter_mut().zip(pairs) {
        // SAFETY: a pair of digests is 64 bytes, all of them readable; no alignment is asked.
        *row = unsafe { _mm512_loadu_si512(pair.as_ptr().cast()) };
    }
    start(&mut states, NODE_PREFIX, &transpose(&rows));
    permute(&mut states);
    squeeze(&states, out);
}

/// Eight messages of any lengths. A lane whose message has ended is left to spin until the longest
/// has ended too: its digest was taken out in time.
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn messages(messages: &[&[u8]; WIDTH], out: &mut [Digest; WIDTH]) {
    let ends = messages.map(|message| blocks(message.len()));
    let last = ends.into_iter().max().unwrap_or(0);
    let mut states = [_mm512_setzero_si512(); 25];
    for block in 0..last {
        absorb(&mut states, messages, &ends, block);
        permute(&mut states);
        if ends == [block + 1; WIDTH] {
            squeeze(&states, out);
        } else if ends.contains(&(block + 1)) {
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
#[target_feature(enable = "avx512f")]
fn start(states: &mut States, prefix: u8, words: &[__m512i]) {
    let mut carried = _mm512_set1_epi64(prefix.into());
    for (state, &word) in states.iter_mut().zip(words) {
        *state = _mm512_or_si512(_mm512_slli_epi64::<8>(word), carried);
        carried = _mm512_srli_epi64::<56>(word);
    }
    states[words.len()] = _mm512_or_si512(carried, splat(u64::from(PAD_FIRST) << 8));
    states[BLOCK_WORDS - 1] = splat(u64::from(PAD_LAST) << 56);
}

/// Adds block number `block` of each message, padded where it is the last, nothing where it is
/// beyond.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn absorb(states: &mut States, messages: &[&[u8]; WIDTH], ends: &[usize; WIDTH], block: usize) {
    let at = block * BLOCK_BYTES;
    for half in [0, 8] {
        let mut rows = [_mm512_setzero_si512(); WIDTH];
        for (row, message) in rows.iter_mut().zip(messages) {
            *row = padded_row(message, at + 8 * half);
        }
        for (state, word) in states[half..].iter_mut().zip(transpose(&rows)) {
            *state = _mm512_xor_si512(*state, word);
        }
    }
    let mut words = [0; WIDTH];
    for (lane, word) in words.iter_mut().enumerate() {
        let pad_last = if block + 1 == ends[lane] { PAD_LAST } else { 0 };
        *word = last_word(messages[lane], at + 128) ^ u64::from(pad_last) << 56;
    }
    // SAFETY: eight words are 64 bytes, all of them readable; no alignment is asked.
    let words = unsafe { _mm512_loadu_si512(words.as_ptr().cast()) };
    states[16] = _mm512_xor_si512(states[16], words);
}

/// 64 bytes of a message from `at`, the first padding byte where the message ends, then zeros.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn padded_row(message: &[u8], at: usize) -> __m512i {
    match message.get(at..) {
        None => _mm512_setzero_si512(),
        // SAFETY: the slice has 64 bytes to read.
        Some(rest) if rest.len() >= 64 => unsafe { _mm512_loadu_si512(rest.as_ptr().cast()) },
        Some(rest) => {
            let end = 1 << rest.len();
            // SAFETY: the mask has a bit for each byte of the slice and none beyond; bytes without
            // a bit are not read.
            let row = unsafe { _mm512_maskz_loadu_epi8(end - 1, rest.as_ptr().cast()) };
            _mm512_mask_mov_epi8(row, end, _mm512_set1_epi8(PAD_FIRST.cast_signed()))
        }
    }
}

/// The seventeenth word of a block, which begins at `at`, with the first padding byte where the
/// message ends.
#[inline]
fn last_word(message: &[u8], at: usize) -> u64 {
    let Some(rest) = message.get(at..) else {
        return 0;
    };
    if let Some(full) = rest.first_chunk() {
        return u64::from_le_bytes(*full);
    }
    // At most seven bytes: a loop is quicker than a call to copy them.
    let low = rest
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte));
    low | u64::from(PAD_FIRST) << (8 * rest.len())
}

/// Keccak-f\[1600\] of all eight.
#[inline]
#[target_feature(enable = "avx512f")]
fn permute(states: &mut States) {
    let mut a = *states;
    for constant in ROUND_CONSTANTS {
        a = round!(a, splat(constant));
    }
    *states = a;
}

/// The first four words of each state are its digest.
#[inline]
#[target_feature(enable = "avx512f")]
fn squeeze(states: &States, out: &mut [Digest; WIDTH]) {
    let [a, b] = [0, 2].map(|k| _mm512_shuffle_i64x2::<0x44>(states[k], states[k + 1]));
    let [c, d] = [0, 2].map(|k| _mm512_shuffle_i64x2::<0xee>(states[k], states[k + 1]));
    let rows = [
        deal_low(a, b),
        deal_high(a, b),
        deal_low(c, d),
        deal_high(c, d),
    ];
    let (out, _) = out.as_chunks_mut::<2>();
    for (two, row) in out.iter_mut().zip(rows) {
        // SAFETY: two digests are 64 bytes, all of them ours to write; no alignment is asked.
        unsafe { _mm512_storeu_si512(two.as_mut_ptr().cast(), row) };
    }
}

/// Word *k* of eight digests, for k = 0 to 3: the way back from [`squeeze`].
#[inline]
#[target_feature(enable = "avx512f")]
fn words_of(digests: &[Digest; WIDTH]) -> [__m512i; 4] {
    let mut rows = [_mm512_setzero_si512(); 4];
    let (digests, _) = digests.as_chunks::<2>();
    for (row, two) in rows.iter_mut().zip(digests) {
        // SAFETY: two digests are 64 bytes, all of them readable; no alignment is asked.
        *row = unsafe { _mm512_loadu_si512(two.as_ptr().cast()) };
    }
    let [a, b, c, d] = rows;
    let (low, high) = (
        [deal_low(a, b), deal_low(c, d)],
        [deal_high(a, b), deal_high(c, d)],
    );
    [
        _mm512_shuffle_i64x2::<0x44>(low[0], low[1]),
        _mm512_shuffle_i64x2::<0xee>(low[0], low[1]),
        _mm512_shuffle_i64x2::<0x44>(high[0], high[1]),
        _mm512_shuffle_i64x2::<0xee>(high[0], high[1]),
    ]
}

/// Of sixteen words in rows of four, the first column, then the second.
#[inline]
#[target_feature(enable = "avx512f")]
fn deal_low(a: __m512i, b: __m512i) -> __m512i {
    _mm512_permutex2var_epi64(a, _mm512_set_epi64(13, 9, 5, 1, 12, 8, 4, 0), b)
}

/// The third column, then the fourth.
#[inline]
#[target_feature(enable = "avx512f")]
fn deal_high(a: __m512i, b: __m512i) -> __m512i {
    _mm512_permutex2var_epi64(a, _mm512_set_epi64(15, 11, 7, 3, 14, 10, 6, 2), b)
}

/// Rows to columns, eight by eight words: first pairs of words, then of 128, then of 256 bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(r: &[__m512i; 8]) -> [__m512i; 8] {
    let low = [0, 2, 4, 6].map(|i| _mm512_unpacklo_epi64(r[i], r[i + 1]));
    let high = [0, 2, 4, 6].map(|i| _mm512_unpackhi_epi64(r[i], r[i + 1]));
    let mut columns = [_mm512_setzero_si512(); 8];
    for (first, [a, b, c, d]) in [low, high].into_iter().enumerate() {
        // Of each register four pairs: `even` keeps the first and third, `odd` the others.
        let even = [
            _mm512_shuffle_i64x2::<0x88>(a, b),
            _mm512_shuffle_i64x2::<0x88>(c, d),
        ];
        let odd = [
            _mm512_shuffle_i64x2::<0xdd>(a, b),
            _mm512_shuffle_i64x2::<0xdd>(c, d),
        ];
        columns[first] = _mm512_shuffle_i64x2::<0x88>(even[0], even[1]);
        columns[first + 2] = _mm512_shuffle_i64x2::<0x88>(odd[0], odd[1]);
        columns[first + 4] = _mm512_shuffle_i64x2::<0xdd>(even[0], even[1]);
        columns[first + 6] = _mm512_shuffle_i64x2::<0xdd>(odd[0], odd[1]);
    }
    columns
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}

// The immediate of vpternlogq is the truth table of the three inputs.

#[inline]
#[target_feature(enable = "avx512f")]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0x96>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn chi(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0xd2>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rol<const BITS: i32>(word: __m512i) -> __m512i {
    _mm512_rol_epi64::<BITS>(word)
}
