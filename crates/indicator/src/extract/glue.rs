//! Joining what was defanged with blanks: `example [.] com`, `me at example dot com`, `http:// example .com /x`.
//!
//! Looks at a few neighbours of a token, by named limits; decides only what belongs together. What it means is asked of the clean text.

use std::ops::Range;

use super::Token;
use super::class::{self, BRACKET, GAP, WORD};
use crate::clean::is_name_byte;
use crate::letter::{closer, opener};
use crate::value::{Scheme, is_top};

/// Most tokens that are joined.
const TOKENS_MAX: usize = 24;
/// Widest space between two of them.
const BLANKS_MAX: usize = 3;
/// Longest token that is joined to the left.
const LEFT_BYTES_MAX: usize = 64;
/// Longest mark in brackets.
const MARK_BYTES_MAX: usize = 12;

/// The range that a token becomes with its neighbours, if it does. Nothing before `floor` is used.
pub(super) fn glue(
    text: &[u8],
    token: &Token,
    floor: usize,
    work: &mut u64,
) -> Option<Range<usize>> {
    let own = &text[token.at.clone()];
    let spoken = is_dot_word(own);
    let led = spoken || (token.classes & (BRACKET | class::FOREIGN) != 0 && mark(own).is_some());
    let mut glued = token.at.clone();
    if led {
        glued.start = left(text, &glued, floor)?;
        *work += (token.at.start - glued.start) as u64;
    }
    if spoken {
        glued.end = label(text, token.at.start)?;
    }
    let mut worded = spoken;
    let mut esa = 0;
    let mut joined = usize::from(led);
    while joined < TOKENS_MAX {
        let Some(next) = right(text, glued.end) else {
            break;
        };
        *work += (next.end - glued.end) as u64;
        let Some(end) = join(text, &glued, &next, &mut esa) else {
            break;
        };
        worded |= is_dot_word(&text[next.start..end.min(next.start + 3)]);
        glued.end = end;
        joined += 1;
    }
    if worded && let Some(start) = user(text, glued.start, floor) {
        glued.start = start;
    }
    (joined > 0).then_some(glued)
}

/// Where the token to the left begins, when it may be joined.
fn left(text: &[u8], at: &Range<usize>, floor: usize) -> Option<usize> {
    let first = previous(text, at.start, floor)?;
    text[first.end - 1]
        .is_ascii_alphanumeric()
        .then_some(first.start)
}

/// Where the user begins of `me at example dot com`, when `at` stands before the host.
fn user(text: &[u8], host: usize, floor: usize) -> Option<usize> {
    let sign = previous(text, host, floor)?;
    if !is_at(&text[sign.clone()]) {
        return None;
    }
    let user = previous(text, sign.start, floor)?;
    class::is(text[user.end - 1], WORD).then_some(user.start)
}

/// The token before a place, on the same line and near.
fn previous(text: &[u8], at: usize, floor: usize) -> Option<Range<usize>> {
    let blanks = text[floor..at]
        .iter()
        .rev()
        .take(BLANKS_MAX + 1)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let end = at - blanks;
    let len = text[floor..end]
        .iter()
        .rev()
        .take(LEFT_BYTES_MAX + 1)
        .take_while(|byte| !class::is(**byte, GAP))
        .count();
    let near = (1..=BLANKS_MAX).contains(&blanks) && (1..=LEFT_BYTES_MAX).contains(&len);
    near.then(|| end - len..end)
}

/// The first bytes of the token behind a place, on the same line and near.
fn right(text: &[u8], at: usize) -> Option<Range<usize>> {
    let blanks = text[at..]
        .iter()
        .take(BLANKS_MAX + 1)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    if !(1..=BLANKS_MAX).contains(&blanks) {
        return None;
    }
    let start = at + blanks;
    (!class::is(*text.get(start)?, GAP)).then(|| start..start + 1)
}

/// Where the token that begins at a place ends.
fn token_end(text: &[u8], start: usize) -> usize {
    let len = text[start..]
        .iter()
        .take_while(|byte| !class::is(**byte, GAP))
        .count();
    start + len
}

/// The end of what is joined, when what follows belongs to it.
fn join(text: &[u8], glued: &Range<usize>, next: &Range<usize>, esa: &mut u8) -> Option<usize> {
    let own = &text[glued.clone()];
    let rest = &text[next.start..];
    let tail = &own[own.len().saturating_sub(MARK_BYTES_MAX)..];
    let word_follows = rest[0].is_ascii_alphanumeric() || rest[0] >= 0x80;
    let name_before = own
        .last()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);

    // `example[.] com`, `me[at] example`, `me@} example[.com`
    let marked = ends_with_mark(tail);
    if marked && word_follows {
        return Some(token_end(text, next.start));
    }
    // `example [.] com`, `example [.]com`
    if name_before && mark(rest).is_some() {
        return Some(token_end(text, next.start));
    }
    // `example( .com`, `example[ . ]com`
    if opens(tail) && (core_len(rest).is_some() || closer(rest).is_some() && tail.len() > 1) {
        return Some(token_end(text, next.start));
    }
    if *esa == 0 && word_follows && ends_with_slashes(tail) {
        *esa = 1;
        return Some(token_end(text, next.start));
    }
    if *esa > 0 {
        let goes_on = match rest {
            [b'.', letter, ..] => letter.is_ascii_alphabetic(),
            [b'(' | b'[', b'.', ..] => true,
            [b'/', ..] => *esa == 2,
            _ => false,
        };
        if goes_on {
            *esa = 2;
            return Some(token_end(text, next.start));
        }
    }
    if name_before {
        return label(text, next.start);
    }
    None
}

/// `dot com` behind a name: the end of the label, when the words can be a domain's.
fn label(text: &[u8], start: usize) -> Option<usize> {
    let near = &text[start..text.len().min(start + 3)];
    if !is_dot_word(near) {
        return None;
    }
    let behind = right(text, start + 3)?;
    let len = text[behind.start..]
        .iter()
        .take(LEFT_BYTES_MAX)
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
        .count();
    let end = behind.start + len;
    let word = &text[behind.start..end];
    let again = right(text, end).is_some_and(|next| {
        text.get(next.start..next.start + 3)
            .is_some_and(is_dot_word)
    });
    // The red dot is in no domain of India.
    let common = STOP_WORDS
        .iter()
        .any(|stop| word.eq_ignore_ascii_case(stop.as_bytes()));
    (len > 0 && (again || (is_top(word) && !common))).then_some(end)
}

/// Top-level domains that follow "dot" in sentences.
const STOP_WORDS: [&str; 22] = [
    "am", "as", "at", "be", "by", "do", "for", "in", "is", "it", "map", "me", "my", "no", "now",
    "of", "on", "one", "so", "to", "us", "you",
];

fn is_dot_word(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"dot")
}

fn is_at(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"at") || matches!(mark(word), Some((_, b'@')))
}

/// What stands in brackets at the beginning: `[.]`, `(dot)`, `{@}`; how long it is, and what it means.
fn mark(text: &[u8]) -> Option<(usize, u8)> {
    let mut at = opener(text)?;
    while let Some(len) = opener(text.get(at..)?) {
        at += len;
        if at > MARK_BYTES_MAX {
            return None;
        }
    }
    let (len, meant) = core_len(text.get(at..)?)?;
    let behind = text.get(at + len..)?;
    let behind = behind.strip_prefix(b"\\").unwrap_or(behind);
    let mut end = text.len() - behind.len() + closer(behind)?;
    while let Some(len) = closer(&text[end..]).filter(|_| end < MARK_BYTES_MAX) {
        end += len;
    }
    Some((end, meant))
}

/// The length and meaning of a word that stands for a sign.
fn core_len(text: &[u8]) -> Option<(usize, u8)> {
    let words: [(&[u8], u8); 7] = [
        (b"dot", b'.'),
        (b"d0t", b'.'),
        (b"punkt", b'.'),
        (b"at", b'@'),
        (b".", b'.'),
        (b"@", b'@'),
        (b":", b':'),
    ];
    words
        .into_iter()
        .find(|(word, _)| text.len() >= word.len() && text[..word.len()].eq_ignore_ascii_case(word))
        .map(|(word, meant)| (word.len(), meant))
}

/// Whether a text ends with a mark behind a name: `example[.]`, `me@}`.
fn ends_with_mark(tail: &[u8]) -> bool {
    let Some(place) = tail
        .iter()
        .rposition(|byte| matches!(byte, b'[' | b'(' | b'{'))
    else {
        return matches!(tail, [.., before, b'@' | b'.', b']' | b')' | b'}'] if is_name_byte(*before));
    };
    let named = place > 0 && (is_name_byte(tail[place - 1]) || tail[place - 1] == b' ');
    let opens = tail[..place]
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'[' | b'(' | b'{'))
        .count();
    let place = place - opens;
    let named = named || (place > 0 && is_name_byte(tail[place - 1]));
    let whole = mark(&tail[place..]).is_some_and(|(len, _)| place + len == tail.len());
    let half =
        matches!(tail, [.., before, b'@' | b'.', b']' | b')' | b'}'] if is_name_byte(*before));
    (whole && (named || place == 0)) || half
}

/// Whether a text ends with an opening bracket, or with one and a sign.
fn opens(tail: &[u8]) -> bool {
    matches!(tail, [.., before, b'[' | b'(' | b'{'] if is_name_byte(*before))
        || matches!(tail, [.., before, b'[' | b'(' | b'{', b'.' | b'@' | b':'] if is_name_byte(*before))
}

/// Whether a text ends with a scheme and its slashes, in disguise or not.
fn ends_with_slashes(tail: &[u8]) -> bool {
    let before = tail
        .strip_suffix(b"://")
        .or_else(|| tail.strip_suffix(b"[:]//"))
        .or_else(|| tail.strip_suffix(b"[://]"))
        .or_else(|| tail.strip_suffix(b":\\\\"))
        .or_else(|| tail.strip_suffix(b"__"));
    let Some(before) = before else {
        return false;
    };
    let letters = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    Scheme::of(&before[before.len() - letters..]).is_some()
}
