//! User agents: product by product, or to the end of the header's line.

use std::ops::Range;

use super::Token;
use super::class::{self, GAP, WORD};
use crate::value::AGENT_BYTES_MAX;

/// Where a user agent lies that begins with a token.
pub(super) fn range(text: &[u8], token: &Token, work: &mut u64) -> Option<Range<usize>> {
    let own = &text[token.at.clone()];
    let (start, whole_line) = if own.starts_with(b"Mozilla/") {
        (token.at.start, false)
    } else if own.len() == 11 && own.eq_ignore_ascii_case(b"user-agent:") {
        (token.at.end, true)
    } else {
        return None;
    };
    let limit = text.len().min(start + AGENT_BYTES_MAX);
    let line = memchr::memchr2(b'\n', b'\r', &text[start..limit]).map_or(limit, |len| start + len);
    *work += (line - start) as u64;
    if start + AGENT_BYTES_MAX == line {
        return None;
    }
    let blanks = text[start..line]
        .iter()
        .take_while(|byte| **byte == b' ')
        .count();
    let start = start + blanks;
    if whole_line && !text[start..line].starts_with(b"Mozilla/") {
        let end = memchr::memchr2(b'"', b'`', &text[start..line]).map_or(line, |len| start + len);
        let end = start + text[start..end].trim_ascii_end().len();
        let named = end - start >= 3 && class::is(text[start], WORD);
        return named.then_some(start..end);
    }
    let end = products(text, start, line);
    (end > start + b"Mozilla/5.0".len()).then_some(start..end)
}

/// The end of a row of products and comments: `name/version`, `(comment)`.
fn products(text: &[u8], start: usize, line: usize) -> usize {
    let (mut end, mut at) = (start, start);
    while at < line {
        match text[at] {
            b' ' => {
                at += 1;
                continue;
            }
            b'(' => match comment(&text[at..line]) {
                Some(len) => at += len,
                None => break,
            },
            _ => {
                let len = text[at..line]
                    .iter()
                    .take_while(|byte| !class::is(**byte, GAP) && !b"(),;'|".contains(byte))
                    .count();
                let word = &text[at..at + len];
                let product = memchr::memchr(b'/', word).is_some_and(|slash| {
                    slash > 0
                        && word
                            .get(slash + 1)
                            .is_some_and(|byte| class::is(*byte, WORD))
                });
                if len == 0
                    || !(product || matches!(word, b"Mobile" | b"Safari" | b"Gecko" | b"like"))
                {
                    break;
                }
                at += len;
            }
        }
        if !text[start..at].ends_with(b" like") {
            end = at;
        }
    }
    let behind = text[start..end]
        .iter()
        .rev()
        .take_while(|byte| b".,;".contains(byte))
        .count();
    end - behind
}

/// The length of a comment with those inside it.
fn comment(text: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    for (place, byte) in text.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'"' | b'`' => return None,
            _ => {}
        }
        if depth == 0 {
            return Some(place + 1);
        }
    }
    None
}
