//! What has blanks inside or needs the words before it: keys of the registry, mutexes, numbers of autonomous systems, telephones.

use std::ops::Range;

use super::class::{self, BACKSLASH, DIGIT, GAP, PLUS, WORD};
use super::{Found, Token};
use crate::kind::Kind;
use crate::value::{HIVES, KEY_BYTES_MAX, MUTEX_BYTES_MAX, asn, mutex, phone, registry_key};

/// Reads what begins in a token and may reach over blanks; answers it when there is one.
pub(super) fn read(text: &[u8], token: &Token, work: &mut u64) -> Option<Found> {
    let own = &text[token.at.clone()];
    let found = if token.classes & BACKSLASH != 0 {
        key(text, token, work).or_else(|| object(text, token))
    } else if token.classes & PLUS != 0 && token.classes & DIGIT != 0 {
        telephone(text, token, work)
    } else if own.len() >= 5 && own[..5].eq_ignore_ascii_case(b"mutex") {
        named_mutex(text, token, work)
    } else if own[0].is_ascii_digit() {
        system(text, token)
    } else {
        None
    };
    let (kind, at, value) = found?;
    Some(Found {
        kind,
        value,
        at,
        defanged: false,
        part: false,
    })
}

type Piece = (Kind, Range<usize>, String);

/// Longest row of words without backslash inside a key: `Image File Execution Options`.
const KEY_WORDS_MAX: usize = 4;

/// A key of the registry: to the bracket or quote that encloses it, else over blanks as long as a backslash follows.
fn key(text: &[u8], token: &Token, work: &mut u64) -> Option<Piece> {
    let own = &text[token.at.clone()];
    let hive = hive(own)?;
    let start = token.at.start + hive;
    let limit = text.len().min(start + KEY_BYTES_MAX);
    let before = start.checked_sub(1).map_or(b' ', |before| text[before]);
    let close = match before {
        b'[' => Some(b']'),
        b'"' | b'\'' | b'`' => Some(before),
        _ => None,
    };
    let closed = close.and_then(|close| {
        let len = memchr::memchr3(close, b'\n', b'\r', &text[start..limit])?;
        (text[start + len] == close).then_some(start + len)
    });
    let end = closed.unwrap_or_else(|| open_end(text, start, limit));
    *work += (end - start) as u64;
    let end = end
        - text[start..end]
            .iter()
            .rev()
            .take_while(|byte| b".,;:!?'*)]\\ \t".contains(byte))
            .count();
    let value = registry_key(std::str::from_utf8(&text[start..end]).ok()?).ok()?;
    Some((Kind::RegistryKey, start..end, value))
}

/// Where a hive begins in a token.
fn hive(own: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(own, b"HK")
        .chain(memchr::memmem::find_iter(own, b"hk"))
        .find(|at| {
            let rest = &own[*at..];
            let alone = *at == 0 || !class::is(own[at - 1], WORD);
            alone
                && HIVES.iter().any(|(name, _)| {
                    rest.len() > name.len()
                        && rest[..name.len()].eq_ignore_ascii_case(name.as_bytes())
                        && matches!(&rest[name.len()..], [b'\\', ..] | [b':', b'\\', ..])
                })
        })
}

/// The end of a key that nothing encloses.
fn open_end(text: &[u8], start: usize, line: usize) -> usize {
    let mut end = word_end(text, start, line);
    loop {
        // Would the next words lead to another backslash?
        let (mut at, mut words) = (end, 0);
        let joined = loop {
            if text.get(at) != Some(&b' ') || words == KEY_WORDS_MAX {
                break None;
            }
            let next = at + 1;
            let stop = word_end(text, next, line);
            let word = &text[next..stop];
            let begins = word.first().is_some_and(u8::is_ascii_uppercase);
            let other =
                matches!(word, [_, b':', ..]) || hive(word).is_some() || word.starts_with(b"%");
            if !begins || other || word.ends_with(b",") || word.ends_with(b".") {
                break None;
            }
            if word.contains(&b'\\') {
                break Some(stop);
            }
            (at, words) = (stop, words + 1);
        };
        match joined {
            Some(stop) => end = stop,
            None => return end,
        }
    }
}

fn word_end(text: &[u8], start: usize, limit: usize) -> usize {
    let len = text[start..limit]
        .iter()
        .take_while(|byte| !class::is(**byte, GAP))
        .count();
    start + len
}

/// A mutex by its namespace: `Global\…`, `Local\…`.
fn object(text: &[u8], token: &Token) -> Option<Piece> {
    let own = &text[token.at.clone()];
    let lead = own.iter().take_while(|byte| b"'([{".contains(byte)).count();
    let name = &own[lead..];
    let space = [
        &b"Global\\"[..],
        b"Local\\",
        b"\\BaseNamedObjects\\",
        b"BaseNamedObjects\\",
    ]
    .into_iter()
    .find(|space| name.starts_with(space))?;
    let rest = name[space.len()..].trim_ascii_start();
    let rest = rest.strip_prefix(b"\\").unwrap_or(rest);
    let start = token.at.start + lead;
    let end = trimmed(text, start, token.at.end);
    if rest.len() < 3 || rest.contains(&b'\\') || end <= start || token.at.len() > MUTEX_BYTES_MAX {
        return None;
    }
    let value = mutex(std::str::from_utf8(&text[start..end]).ok()?).ok()?;
    Some((Kind::Mutex, start..end, value))
}

/// The end without what sentences put behind.
fn trimmed(text: &[u8], start: usize, end: usize) -> usize {
    let name = &text[start..end];
    let open = name.iter().any(|byte| matches!(byte, b'{' | b'(' | b'['));
    let behind = name
        .iter()
        .rev()
        .take_while(|byte| b".,;:!?'*".contains(byte) || (!open && b")]}".contains(byte)))
        .count();
    end - behind
}

/// Words that may stand between "mutex" and its name.
const MUTEX_WORDS: [&str; 12] = [
    "a", "called", "created", "is", "name", "named", "names", "object", "of", "the", "value",
    "with",
];

/// A mutex by the word before it: `mutex named "x"`, `Mutex: x`.
fn named_mutex(text: &[u8], token: &Token, work: &mut u64) -> Option<Piece> {
    let limit = text.len().min(token.at.start + 2 * MUTEX_BYTES_MAX);
    let rest = &text[token.at.start..limit];
    let letters = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    if !["mutex", "mutexes", "mutexname"]
        .iter()
        .any(|name| rest[..letters].eq_ignore_ascii_case(name.as_bytes()))
    {
        return None;
    }
    let mut at = token.at.start + letters;
    let mut assigned = false;
    for _ in 0..6 {
        while matches!(text.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        match text.get(at..limit)?.first()? {
            b':' | b'=' => {
                assigned = true;
                at += 1;
            }
            b'(' if !assigned => at += 1,
            quote @ (b'"' | b'\'' | b'`') => {
                let end = memchr::memchr3(*quote, b'\n', b'\r', &text[at + 1..limit])?;
                *work += end as u64;
                if text[at + 1 + end] != *quote {
                    return None;
                }
                return mutex_at(text, at + 1..at + 1 + end);
            }
            _ => {
                let end = word_end(text, at, limit);
                *work += (end - at) as u64;
                let next = &text[at..end];
                let between = MUTEX_WORDS
                    .iter()
                    .any(|it| next.eq_ignore_ascii_case(it.as_bytes()));
                if between && !assigned {
                    at = end;
                    continue;
                }
                let end = trimmed(text, at, end);
                let unusual = text[at..end].iter().any(|byte| !byte.is_ascii_lowercase());
                return if assigned && unusual {
                    mutex_at(text, at..end)
                } else {
                    None
                };
            }
        }
    }
    None
}

fn mutex_at(text: &[u8], at: Range<usize>) -> Option<Piece> {
    if at.len() < 4 {
        return None;
    }
    let value = mutex(std::str::from_utf8(&text[at.clone()]).ok()?).ok()?;
    Some((Kind::Mutex, at, value))
}

/// `AS 13335`, `ASN: 13335`.
fn system(text: &[u8], token: &Token) -> Option<Piece> {
    let own = &text[token.at.clone()];
    let digits = own
        .iter()
        .take(11)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let next = own.get(digits).copied().unwrap_or(b' ');
    if !(3..=10).contains(&digits) || !b" ,;:)]".contains(&next) {
        return None;
    }
    let near = &text[token.at.start.saturating_sub(8)..token.at.start];
    let before = near.trim_ascii_end();
    let blanks = near.len() - before.len();
    let named = before
        .strip_suffix(b":")
        .or_else(|| before.strip_suffix(b"#"))
        .unwrap_or(before);
    let name = [&b"ASN"[..], b"AS"].into_iter().find(|name| {
        named.ends_with(name)
            && !named
                .get(..named.len() - name.len())
                .and_then(<[u8]>::last)
                .is_some_and(|byte| class::is(*byte, WORD))
    })?;
    let start = token.at.start - blanks - (before.len() - named.len()) - name.len();
    if !(1..=2).contains(&blanks) {
        return None;
    }
    let end = token.at.start + digits;
    let value = asn(std::str::from_utf8(&text[token.at.start..end]).ok()?).ok()?;
    Some((Kind::Asn, start..end, value))
}

/// Longest telephone number with its blanks and brackets.
const PHONE_BYTES_MAX: usize = 32;

/// A telephone number from its plus on.
fn telephone(text: &[u8], token: &Token, work: &mut u64) -> Option<Piece> {
    let own = &text[token.at.clone()];
    let plus = memchr::memchr(b'+', own)?;
    let start = token.at.start + plus;
    let before = start.checked_sub(1).map_or(b' ', |before| text[before]);
    if !matches!(
        before,
        b' ' | b'\t' | b'\n' | b'\r' | b'(' | b':' | b'=' | b'"' | b'\'' | b'>' | b',' | b';'
    ) {
        return None;
    }
    let near = &text[start..text.len().min(start + PHONE_BYTES_MAX)];
    *work += near.len() as u64;
    let mut end = 1;
    for (place, byte) in near.iter().enumerate().skip(1) {
        let close = near
            .get(place - 1)
            .is_some_and(|before| class::is(*before, DIGIT) || *before == b')');
        match byte {
            b'0'..=b'9' => end = place + 1,
            // One sign between two numbers, or a bracket behind a blank.
            b' ' | b'-' | b'.' | b'/' | b')' if close => {}
            b'(' => {}
            _ => break,
        }
    }
    if class::is(
        text.get(start + end).copied().unwrap_or(b' '),
        WORD | class::AT,
    ) {
        return None;
    }
    let number = std::str::from_utf8(&near[..end]).ok()?;
    // A telephone number is not one long number with a fraction or a date behind.
    let value = phone(number).ok()?;
    Some((Kind::Phone, start..start + end, value))
}
