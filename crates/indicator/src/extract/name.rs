//! Names with dots: domains, onion services, files.

use std::ops::Range;

use super::chunk::{Chunk, Hit, Memory};
use super::{code, link, run};
use crate::kind::Kind;
use crate::value::{FileEnding, Named, filename, is_ending, is_product, is_top, name};

/// Longest name that is looked at: the longest domain, four bytes a letter.
const NAME_BYTES_MAX: usize = 4 * crate::DOMAIN_BYTES_MAX;

/// Reads a run with a dot inside; answers how far it was used, if it was.
pub(super) fn read(
    chunk: &Chunk<'_>,
    at: Range<usize>,
    limit: usize,
    memory: &mut Memory,
) -> Option<usize> {
    let text = &chunk.clean[at.clone()];
    if text.len() > NAME_BYTES_MAX {
        return None;
    }
    // The name is split, folded, looked up and judged.
    memory.work += 4 * text.len() as u64;
    let last = text.rsplit(|byte| *byte == b'.').next()?;
    let before = &text[..text.len() - last.len() - 1];
    match is_ending(last) {
        Some(FileEnding::Certain) => return file(chunk, at, memory),
        Some(FileEnding::Doubtful) if names_a_file(chunk, &at, before) => {
            return file(chunk, at, memory);
        }
        _ => {}
    }
    if is_top(last) || last.eq_ignore_ascii_case(b"onion") {
        return domain(chunk, at, limit, memory);
    }
    // A sentence goes on: `evil.com-based`, `evil.com.The`.
    let cut = last
        .iter()
        .position(|byte| matches!(byte, b'-' | b'_'))
        .or_else(|| last.iter().position(|byte| *byte >= 0x80))
        .filter(|cut| *cut > 0);
    let shorter = match cut {
        Some(cut) if is_top(&last[..cut]) => before.len() + 1 + cut,
        None if last.first().is_some_and(u8::is_ascii_uppercase) => {
            let top = before.rsplit(|byte| *byte == b'.').next()?;
            if !before.contains(&b'.') || !is_top(top) {
                return None;
            }
            before.len()
        }
        _ => return None,
    };
    domain(chunk, at.start..at.start + shorter, limit, memory)
}

/// Whether a name with the ending of both files and domains is that of a file.
fn names_a_file(chunk: &Chunk<'_>, at: &Range<usize>, before: &[u8]) -> bool {
    let mut labels = before.rsplit(|byte| *byte == b'.');
    let nearest = labels.next().unwrap_or(b"");
    let alone = labels.next().is_none();
    let known = is_ending(nearest).is_some();
    let path = chunk.byte(at.end) == b'/';
    (alone || known) && !path && !chunk.is_defanged(at.clone())
}

fn file(chunk: &Chunk<'_>, at: Range<usize>, memory: &mut Memory) -> Option<usize> {
    let text = &chunk.clean[at.clone()];
    let next = chunk.byte(at.end);
    if is_product(text) || code::is_member(text, next) {
        return None;
    }
    let stem = text.rsplitn(2, |byte| *byte == b'.').nth(1)?;
    if !stem
        .iter()
        .any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80)
    {
        return None;
    }
    let value = filename(std::str::from_utf8(text).ok()?).ok()?;
    if let Some(hit) = run::hash(chunk, at.start..at.start + stem.len()) {
        memory.add(hit.part());
    }
    let end = at.end;
    memory.claim(Hit::new(Kind::Filename, at, value));
    Some(end)
}

fn domain(chunk: &Chunk<'_>, at: Range<usize>, limit: usize, memory: &mut Memory) -> Option<usize> {
    let text = &chunk.clean[at.clone()];
    let next = chunk.byte(at.end);
    let named = name(std::str::from_utf8(text).ok()?).ok()?;
    if matches!(named, Named::Domain(_)) {
        let path = chunk.clean[at.end..].starts_with(b"::");
        let suspect = path || code::is_code(text, next) || is_product(text);
        if suspect && !chunk.is_defanged(at.clone()) {
            return None;
        }
    }
    if link::without_scheme(chunk, at.clone(), limit, memory) {
        return memory.claimed_to();
    }
    let (kind, value) = match named {
        Named::Domain(value) => (Kind::Domain, value),
        Named::Onion(value) => (Kind::Onion, value),
    };
    let end = at.end;
    memory.claim(Hit::new(kind, at, value));
    Some(end)
}
