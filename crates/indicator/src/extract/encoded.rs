//! URLs that were encoded: with percent signs, in hexadecimals, in base 64.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;

use super::chunk::{Chunk, Hit, Memory};
use super::class::{self, DIGIT, GAP, HEX, WORD};
use crate::kind::Kind;
use crate::value::{Scheme, URL_BYTES_MAX, UrlHost, link, percent};

/// Longest text that is decoded: what base 16 makes of the longest URL.
const ENCODED_BYTES_MAX: usize = 2 * URL_BYTES_MAX;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Finds `http%3A%2F%2Fexample%2Ecom`.
pub(super) fn percents(chunk: &Chunk<'_>, range: Range<usize>, memory: &mut Memory) {
    let clean = chunk.clean;
    let mut at = range.start;
    while let Some(sign) = memchr::memchr(b'%', &clean[at..range.end]) {
        let colon = at + sign;
        at = colon + 1;
        let rest = &clean[colon..range.end];
        if rest.len() < 9 || !rest[..9].eq_ignore_ascii_case(b"%3a%2f%2f") {
            continue;
        }
        let word = clean[range.start..colon]
            .iter()
            .rev()
            .take(Scheme::BYTES_MAX + 1)
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let start = colon - word;
        let len = rest
            .iter()
            .take(ENCODED_BYTES_MAX + 1)
            .take_while(|byte| class::is(**byte, WORD) || b"%._~-+*!".contains(byte))
            .count();
        let behind = rest[..len]
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b'.' | b'!' | b'*'))
            .count();
        let end = colon + len - behind;
        memory.work += len as u64;
        at = end;
        if len <= ENCODED_BYTES_MAX && Scheme::of(&clean[start..colon]).is_some() {
            decoded(start..end, &percent::decoded(&clean[start..end]), memory);
        }
    }
}

/// Finds `687474703a2f2f…` and `aHR0cDovL…`.
pub(super) fn runs(chunk: &Chunk<'_>, range: Range<usize>, memory: &mut Memory) {
    let clean = chunk.clean;
    for (begins, digits) in [(&b"68747470"[..], true), (&b"aHR0c"[..], false)] {
        let mut at = range.start;
        while let Some(found) = memmem::find(&clean[at..range.end], begins) {
            let start = at + found;
            let len = clean[start..range.end]
                .iter()
                .take_while(|byte| {
                    class::is(**byte, DIGIT | HEX)
                        || (!digits && (class::is(**byte, WORD) || b"+/=-_".contains(byte)))
                })
                .count();
            at = start + len;
            memory.work += 2 * len as u64;
            if len > ENCODED_BYTES_MAX || (digits && class::is(chunk.before(start), WORD)) {
                continue;
            }
            let text = &clean[start..at];
            let bytes = if digits {
                hexadecimals(text)
            } else {
                base64(text)
            };
            if let Some(bytes) = bytes {
                decoded(start..at, &bytes, memory);
            }
        }
    }
}

fn hexadecimals(text: &[u8]) -> Option<Vec<u8>> {
    let pairs = text.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut standard: Vec<u8> = text
        .iter()
        .map(|letter| match letter {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    // One letter alone is no byte: cut off in the middle.
    if standard.len() % 4 == 1 {
        standard.pop();
    }
    BASE64.decode(standard).ok()
}

/// Claims a decoded URL, up to the first byte that cannot belong to it.
fn decoded(at: Range<usize>, bytes: &[u8], memory: &mut Memory) {
    let len = bytes
        .iter()
        .take_while(|byte| !class::is(**byte, GAP))
        .count();
    let Ok(text) = std::str::from_utf8(&bytes[..len]) else {
        return;
    };
    let Ok(found) = link(text) else {
        return;
    };
    let part = match found.host {
        UrlHost::Domain(name) => (Kind::Domain, name),
        UrlHost::Onion(name) => (Kind::Onion, name),
        UrlHost::Ipv4(address) => (Kind::Ipv4, address.to_string()),
        UrlHost::Ipv6(address) => (Kind::Ipv6, address.to_string()),
        UrlHost::Other => return,
    };
    let mut part = Hit::new(part.0, at.clone(), part.1).part();
    part.decoded = true;
    memory.add(part);
    let mut hit = Hit::new(Kind::Url, at, found.text);
    hit.decoded = true;
    memory.claim(hit);
}
