//! What has colons: IPv6 addresses and networks, MAC addresses, ssdeep.

use std::ops::Range;

use super::chunk::{Chunk, Hit, Memory};
use super::class::{self, DIGIT, HEX, WORD};
use crate::kind::Kind;
use crate::value::{cidr, ipv6, mac, ssdeep};

/// Longest IPv6 address with an IPv4 address behind (RFC 4291, §2.2).
const IPV6_BYTES_MAX: usize = 45;
/// Longest ssdeep: ten digits, two colons, two halves.
const SSDEEP_BYTES_MAX: usize = 10 + 2 + 2 * 64;
/// A shorter half is a word between colons, not a hash.
const SSDEEP_HALF_BYTES_MIN: usize = 6;

/// Finds what has colons in a range.
pub(super) fn read(chunk: &Chunk<'_>, range: Range<usize>, memory: &mut Memory) {
    let clean = chunk.clean;
    let mut at = range.start;
    // Where the run of hexadecimals and colons ends that was read last, and how often it was tried.
    let (mut run_end, mut tried) = (range.start, 0);
    while let Some(colon) = memchr::memchr(b':', &clean[at..range.end]) {
        let colon = at + colon;
        if colon >= run_end {
            (run_end, tried) = (hex_end(clean, colon, range.end), 0);
            memory.work += (run_end - colon) as u64;
        }
        tried += 1;
        // ssdeep looks at what stands up to the next two colons, an address at its own length.
        let near = (range.end - colon).min(SSDEEP_BYTES_MAX);
        memory.work +=
            memchr::memchr2(b':', b'.', &clean[colon + 1..][..near - 1]).unwrap_or(near) as u64;
        let found = match fuzzy(chunk, at..range.end, colon) {
            // `src:2001:db8::1` has its address behind the first colon.
            None if tried <= 2 => groups(chunk, at..range.end, colon, run_end),
            found => found,
        };
        at = colon + 1;
        if let Some((hit, part)) = found {
            at = hit.at.end.max(at);
            if let Some(part) = part {
                memory.add(part);
            }
            memory.claim(hit);
        }
    }
}

type Pair = (Hit, Option<Hit>);

/// ssdeep around its first colon.
fn fuzzy(chunk: &Chunk<'_>, range: Range<usize>, colon: usize) -> Option<Pair> {
    let clean = chunk.clean;
    let digits = clean[range.start..colon]
        .iter()
        .rev()
        .take(11)
        .take_while(|byte| class::is(**byte, DIGIT))
        .count();
    let start = colon - digits;
    if !(1..=10).contains(&digits) || class::is(chunk.before(start), WORD) {
        return None;
    }
    let limit = range.end.min(start + SSDEEP_BYTES_MAX);
    let half = |from: usize| {
        clean[from.min(limit)..limit]
            .iter()
            .take_while(|byte| class::is(**byte, WORD) || matches!(byte, b'+' | b'/'))
            .count()
    };
    let one = half(colon + 1);
    let second = colon + 1 + one;
    if one < SSDEEP_HALF_BYTES_MIN || chunk.byte(second) != b':' {
        return None;
    }
    let two = half(second + 1);
    let end = second + 1 + two;
    // The second half is of double block size, so of half the length; of what repeats it is short.
    if two == 0
        || (two < SSDEEP_HALF_BYTES_MIN / 2 && one < 4 * SSDEEP_HALF_BYTES_MIN)
        || class::is(chunk.byte(end), WORD)
    {
        return None;
    }
    let text = std::str::from_utf8(&clean[start..end]).ok()?;
    let value = ssdeep(text).ok()?;
    Some((Hit::new(Kind::Ssdeep, start..end, value), None))
}

/// Where a run of hexadecimals, colons and dots ends.
fn hex_end(clean: &[u8], from: usize, limit: usize) -> usize {
    let len = clean[from..limit]
        .iter()
        .take_while(|byte| class::is(**byte, DIGIT | HEX) || matches!(byte, b':' | b'.'))
        .count();
    from + len
}

/// A MAC or IPv6 address around its first colon.
fn groups(chunk: &Chunk<'_>, range: Range<usize>, colon: usize, end: usize) -> Option<Pair> {
    let clean = chunk.clean;
    let lead = clean[range.start..colon]
        .iter()
        .rev()
        .take(5)
        .take_while(|byte| class::is(**byte, DIGIT | HEX))
        .count();
    let start = colon - lead;
    let len = end - start;
    if lead > 4 || len > IPV6_BYTES_MAX + 8 || class::is(chunk.before(start), WORD) {
        return None;
    }
    let end = end
        - clean[start..end]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'.')
            .count();
    let len = end - start;
    if len > IPV6_BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(&clean[start..end]).ok()?;
    if len == 17
        && !class::is(chunk.byte(end), WORD)
        && let Ok(value) = mac(text)
    {
        return Some((Hit::new(Kind::Mac, start..end, value), None));
    }
    let counted = text.bytes().filter(|byte| *byte == b':').count();
    let telling = text.contains("::") || counted == 7 || text.contains('.');
    // `::` alone and words such as `face::add` are code.
    let number = text.bytes().any(|byte| byte.is_ascii_digit());
    if counted < 2 || !telling || !number {
        return None;
    }
    let (text, end) = unported(text, start, end);
    let (value, end) = if let Ok(value) = ipv6(text) {
        (value, end)
    } else {
        // `2001:db8::1:51194`, as some programs write a port.
        let (address, port) = text.rsplit_once(':')?;
        let ported = port.len() == 5 && port.parse::<u16>().is_ok();
        let value = ported.then(|| ipv6(address))?.ok()?;
        (value, start + address.len())
    };
    // An address with a zone, or followed by a letter: `fe80::1%eth0` is one, `::1st` is none.
    if class::is(chunk.byte(end), WORD | class::UNDERSCORE) {
        return None;
    }
    if chunk.byte(end) == b'/' {
        let digits = clean[end + 1..range.end]
            .iter()
            .take(4)
            .take_while(|byte| class::is(**byte, DIGIT))
            .count();
        let stop = end + 1 + digits;
        if (1..=3).contains(&digits) && !class::is(chunk.byte(stop), WORD) {
            let whole = std::str::from_utf8(&clean[start..stop]).ok()?;
            if let Ok((network, bits)) = cidr(whole) {
                let part = bits.then(|| Hit::new(Kind::Ipv6, start..end, value).part());
                return Some((Hit::new(Kind::Cidr, start..stop, network), part));
            }
        }
    }
    Some((Hit::new(Kind::Ipv6, start..end, value), None))
}

/// The address without a colon that ends a sentence's part: `fe80::1:`.
fn unported(text: &str, start: usize, end: usize) -> (&str, usize) {
    let trimmed = if text.ends_with("::") {
        text
    } else {
        text.strip_suffix(':').unwrap_or(text)
    };
    (trimmed, end.min(start + trimmed.len()))
}
