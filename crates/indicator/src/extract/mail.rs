//! Addresses of mail: outward from the at-sign.

use std::ops::Range;

use super::chunk::{Chunk, Hit, Memory};
use super::class::{self, FOREIGN, NAME, WORD};
use crate::DOMAIN_BYTES_MAX;
use crate::kind::Kind;
use crate::value::{LOCAL_BYTES_MAX, mail};

/// Finds the addresses of mail of a range.
pub(super) fn read(chunk: &Chunk<'_>, range: Range<usize>, memory: &mut Memory) {
    let clean = chunk.clean;
    let mut from = range.start;
    for sign in memchr::memchr_iter(b'@', &clean[range.clone()]) {
        let sign = range.start + sign;
        if sign < from {
            continue;
        }
        let local = local(&clean[from..sign]);
        let host = host(&clean[sign + 1..range.end]);
        memory.work += (local + host) as u64;
        if local == 0 || host == 0 {
            continue;
        }
        let at = sign - local..sign + 1 + host;
        let Some((value, end)) = address(&clean[at.clone()]) else {
            continue;
        };
        let at = at.start..at.start + end;
        from = at.end;
        if let Some((_, host)) = value.rsplit_once('@') {
            let top = host.rsplit('.').next();
            let kind = if top == Some("onion") {
                Kind::Onion
            } else {
                Kind::Domain
            };
            if !host.starts_with('[') {
                memory.add(Hit::new(kind, sign + 1..at.end, host.to_owned()).part());
            }
        }
        memory.claim(Hit::new(Kind::Email, at, value));
    }
}

/// How much of what stands before the sign is a local part.
fn local(before: &[u8]) -> usize {
    let near = &before[before.len().saturating_sub(LOCAL_BYTES_MAX + 1)..];
    let len = near
        .iter()
        .rev()
        .take_while(|byte| class::is(**byte, WORD | FOREIGN) || b"._%+-'&~".contains(byte))
        .count();
    if len > LOCAL_BYTES_MAX {
        return 0;
    }
    // Quotes, dots and the like before the first letter belong to the sentence.
    let start = before.len() - len;
    let lead = before[start..]
        .iter()
        .take_while(|byte| !class::is(**byte, WORD | FOREIGN) && **byte != b'_')
        .count();
    len - lead
}

/// How much of what stands behind the sign may be a host.
fn host(behind: &[u8]) -> usize {
    if behind.first() == Some(&b'[') {
        let near = &behind[..behind.len().min(18)];
        return memchr::memchr(b']', near).map_or(0, |close| close + 1);
    }
    let most = behind.len().min(2 * DOMAIN_BYTES_MAX);
    let len = behind[..most]
        .iter()
        .take_while(|byte| class::is(**byte, NAME))
        .count();
    let tail = behind[..len]
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'.' | b'-' | b'_'))
        .count();
    len - tail
}

/// The address, and how long it is; a sentence may go on behind a hyphen or a dot.
fn address(text: &[u8]) -> Option<(String, usize)> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(value) = mail(text) {
        return Some((value, text.len()));
    }
    let cut = text.rfind(['.', '-', '_'])?;
    let shorter = &text[..cut];
    mail(shorter).ok().map(|value| (value, cut))
}
