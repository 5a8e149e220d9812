//! Runs of letters, digits, dots, hyphens: what needs no other sign.

use std::ops::Range;

use super::chunk::{Chunk, Hit, Memory};
use super::class::{self, DIGIT, DOT, FOREIGN, HEX, LETTER, NAME, UNDERSCORE, WORD};
use super::{code, link, name};
use crate::kind::Kind;
use crate::value::{asn, bitcoin, cidr, cve, ethereum, ipv4, normal, technique, tlsh};

/// Finds what runs of letters and digits are.
pub(super) fn read(chunk: &Chunk<'_>, range: Range<usize>, memory: &mut Memory) {
    let clean = chunk.clean;
    let mut at = range.start;
    while at < range.end {
        if !class::is(clean[at], NAME) {
            at += 1;
            continue;
        }
        let (end, classes) = end(clean, at, range.end);
        let used = one(chunk, at..end, classes, range.end, memory);
        at = used.unwrap_or(end).max(end);
    }
}

/// Where a run ends: at another sign, between two dots, or where Chinese meets Latin letters.
fn end(clean: &[u8], start: usize, limit: usize) -> (usize, u16) {
    #[derive(PartialEq)]
    enum Script {
        None,
        Ascii,
        EastAsian,
        Other,
    }
    let mut classes = 0;
    let mut script = Script::None;
    let mut at = start;
    while at < limit {
        let byte = clean[at];
        let class = class::class(byte);
        if class & NAME == 0 {
            break;
        }
        if class & DOT != 0 && at > start && clean[at - 1] == b'.' {
            break;
        }
        let next = match byte {
            _ if class & WORD != 0 => Script::Ascii,
            0xe3..=0xed | 0xef => Script::EastAsian,
            0xc0..=0xff => Script::Other,
            0x80..=0xbf => {
                at += 1;
                classes |= class;
                continue;
            }
            _ => Script::None,
        };
        let meet = matches!(
            (&script, &next),
            (Script::Ascii, Script::EastAsian) | (Script::EastAsian, Script::Ascii)
        );
        if meet {
            break;
        }
        script = next;
        classes |= class;
        at += 1;
    }
    (at.max(start + 1), classes)
}

/// Reads one run; answers how far beyond its end was used.
fn one(
    chunk: &Chunk<'_>,
    at: Range<usize>,
    classes: u16,
    limit: usize,
    memory: &mut Memory,
) -> Option<usize> {
    let text = &chunk.clean[at.clone()];
    let edge = |byte: &&u8| matches!(byte, b'.' | b'-');
    let lead = text.iter().take_while(edge).count();
    let tail = text[lead..]
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'.' | b'-' | b'_'))
        .count();
    let at = at.start + lead..at.end - tail;
    if at.len() < 4 {
        return None;
    }
    if classes & DOT != 0 && memchr::memchr(b'.', &chunk.clean[at.clone()]).is_some() {
        if classes & (LETTER | HEX | FOREIGN) == 0 {
            return numbers(chunk, at, limit, memory);
        }
        if let Some(used) = name::read(chunk, at.clone(), limit, memory) {
            return Some(used);
        }
    }
    if classes & WORD != 0 {
        memory.work += at.len() as u64;
        atoms(chunk, at, memory);
    }
    None
}

/// Digits and dots: addresses, and ranges of them.
fn numbers(
    chunk: &Chunk<'_>,
    at: Range<usize>,
    limit: usize,
    memory: &mut Memory,
) -> Option<usize> {
    let clean = chunk.clean;
    let mut used = None;
    let mut start = at.start;
    while start < at.end {
        let len = clean[start..at.end]
            .iter()
            .take_while(|byte| !matches!(byte, b'-' | b'_'))
            .count();
        let end = start + len;
        // `1-1.2.3.4` is a place on a bus; `20261121-192.0.2.1` has a date before it.
        if matches!(clean[start..end], [digit] | [digit, _] if digit.is_ascii_digit()) {
            return used;
        }
        if (7..=15).contains(&len)
            && let Some(end) = ipv4_at(chunk, start..end, limit, memory)
        {
            used = Some(end);
        }
        start = end + 1;
    }
    used
}

/// One IPv4 address, the network that it begins, or the URL whose host it is.
fn ipv4_at(
    chunk: &Chunk<'_>,
    at: Range<usize>,
    limit: usize,
    memory: &mut Memory,
) -> Option<usize> {
    let text = std::str::from_utf8(&chunk.clean[at.clone()]).ok()?;
    let value = ipv4(text).ok()?;
    if class::is(chunk.before(at.start), WORD)
        || (code::is_version(chunk, at.start, chunk.raw(at.clone()).start)
            && !chunk.is_defanged(at.clone()))
    {
        return None;
    }
    let hit = Hit::new(Kind::Ipv4, at.clone(), value);
    if chunk.byte(at.end) == b'/' {
        let digits = chunk.clean[at.end + 1..limit]
            .iter()
            .take_while(|byte| class::is(**byte, DIGIT))
            .count();
        let end = at.end + 1 + digits;
        let whole = std::str::from_utf8(&chunk.clean[at.start..end]).ok()?;
        let closed = !class::is(chunk.byte(end), WORD | UNDERSCORE) && chunk.byte(end) != b'/';
        if closed && let Ok((network, bits)) = cidr(whole) {
            if bits {
                memory.add(hit.part());
            }
            memory.claim(Hit::new(Kind::Cidr, at.start..end, network));
            return Some(end);
        }
        // A port, as firewalls write it.
        if digits > 0 && closed {
            memory.claim(hit);
            return Some(at.end);
        }
    }
    if link::without_scheme(chunk, at.clone(), limit, memory) {
        return memory.claimed_to();
    }
    memory.claim(hit);
    Some(at.end)
}

/// The pieces of a run between dots, hyphens and underscores.
fn atoms(chunk: &Chunk<'_>, at: Range<usize>, memory: &mut Memory) {
    if whole(chunk, at.clone(), memory) {
        return;
    }
    let clean = chunk.clean;
    let mut start = at.start;
    while start < at.end {
        let len = clean[start..at.end]
            .iter()
            .take_while(|byte| class::is(**byte, WORD))
            .count();
        let end = start + len;
        // A run that begins or ends here does so where scripts meet.
        let alone = (start == at.start || !class::is(chunk.before(start), FOREIGN))
            && (end == at.end || !class::is(chunk.byte(end), FOREIGN));
        if len >= 3
            && alone
            && let Some(hit) = atom(chunk, start..end, at.end)
        {
            start = hit.at.end;
            memory.claim(hit);
        }
        start = start.max(end) + 1;
    }
}

/// What a whole run with its hyphens and dots is.
fn whole(chunk: &Chunk<'_>, at: Range<usize>, memory: &mut Memory) -> bool {
    let text = &chunk.clean[at.clone()];
    let kind = match text {
        [b'T' | b't', digit, ..] if text.len() == 9 && digit.is_ascii_digit() => {
            Kind::AttackTechnique
        }
        // Tags of Sigma rules: `attack.t1059.001`.
        _ if text.len() > 8 && text[..8].eq_ignore_ascii_case(b"attack.t") => {
            let at = at.start + 7..at.end;
            let tag = std::str::from_utf8(&chunk.clean[at.clone()]);
            return match tag.map(technique) {
                Ok(Ok(value)) if is_assigned(&value) => {
                    memory.claim(Hit::new(Kind::AttackTechnique, at, value));
                    true
                }
                _ => false,
            };
        }
        [_, _, b'-', ..] if text.len() == 17 => Kind::Mac,
        [_, _, _, _, b'.', ..] if text.len() == 14 => Kind::Mac,
        _ => return false,
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    match normal(kind, text) {
        Ok(value) if kind != Kind::AttackTechnique || is_assigned(&value) => {
            memory.claim(Hit::new(kind, at, value));
            true
        }
        _ => false,
    }
}

/// What a word of letters and digits is.
fn atom(chunk: &Chunk<'_>, at: Range<usize>, limit: usize) -> Option<Hit> {
    let text = &chunk.clean[at.clone()];
    let word = std::str::from_utf8(text).ok()?;
    let hit =
        |kind, value: Result<String, _>| value.ok().map(|value| Hit::new(kind, at.clone(), value));
    match text {
        [b'C' | b'c', b'V' | b'v', b'E' | b'e'] => vulnerability(chunk, at, limit),
        [b'T' | b't', b'0'..=b'9', ..] if text.len() == 5 => {
            let found = hit(Kind::AttackTechnique, technique(word))?;
            (text[0] == b'T' && is_assigned(&found.value)).then_some(found)
        }
        [b'A' | b'a', b'S' | b's', rest @ ..] if text.len() <= 13 => {
            let digits = rest.strip_prefix(b"N").or(rest.strip_prefix(b"n"));
            let digits = digits.unwrap_or(rest);
            // AS2 is a protocol, the AS400 a machine.
            let known = digits.len() >= 3 && digits.iter().all(u8::is_ascii_digit);
            (known && word != "AS400").then(|| hit(Kind::Asn, asn(word)))?
        }
        [b'0', b'x', ..] if text.len() == 42 => hit(Kind::Ethereum, ethereum(word)),
        [b'1' | b'3', ..] if (26..=35).contains(&text.len()) => {
            hit(Kind::Bitcoin, bitcoin(word)).or_else(|| hash(chunk, at.clone()))
        }
        [b'b' | b'B', b'c' | b'C', b'1', ..] if (14..=74).contains(&text.len()) => {
            hit(Kind::Bitcoin, bitcoin(word)).or_else(|| hash(chunk, at.clone()))
        }
        _ if text.len() >= 32 => hash(chunk, at),
        _ => None,
    }
}

/// Numbers that ATT&CK has given: for companies, telephones and plants.
fn is_assigned(technique: &str) -> bool {
    let number = technique.get(1..5).and_then(|digits| digits.parse().ok());
    matches!(number, Some(800..=899 | 1001..=1699))
}

/// `CVE-2021-44228` from its first three letters on.
fn vulnerability(chunk: &Chunk<'_>, at: Range<usize>, limit: usize) -> Option<Hit> {
    let rest = &chunk.clean[at.end..limit];
    let digits = |from: usize| {
        let rest = rest.get(from..).unwrap_or(b"");
        rest.iter()
            .take_while(|byte| class::is(**byte, DIGIT))
            .count()
    };
    let joined = |place: usize| matches!(rest.get(place), Some(b'-' | b'_'));
    if !joined(0) || digits(1) != 4 || !joined(5) {
        return None;
    }
    let end = at.end + 6 + digits(6);
    if class::is(chunk.byte(end), WORD) {
        return None;
    }
    let value = cve(std::str::from_utf8(&chunk.clean[at.start..end]).ok()?).ok()?;
    Some(Hit::new(Kind::Cve, at.start..end, value))
}

/// A hash, told by its length; an extension of Chrome.
pub(super) fn hash(chunk: &Chunk<'_>, at: Range<usize>) -> Option<Hit> {
    let text = &chunk.clean[at.clone()];
    let kind = match text.len() {
        32 => Kind::Md5,
        40 => Kind::Sha1,
        62 => Kind::Jarm,
        64 => Kind::Sha256,
        70 | 72 => return trend(at, text),
        128 => Kind::Sha512,
        _ => return None,
    };
    let classes = class::classes(text);
    if classes & !(DIGIT | HEX) == 0 {
        // Digits alone are a number, letters alone a word or a pattern.
        if classes != DIGIT | HEX {
            return None;
        }
        let value = std::str::from_utf8(text).ok()?.to_ascii_lowercase();
        let kind = if kind == Kind::Md5 {
            labelled(chunk.text, chunk.raw(at.clone()).start)
        } else {
            kind
        };
        return Some(Hit::new(kind, at, value));
    }
    (kind == Kind::Md5).then(|| extension(at, text))?
}

/// TLSH.
fn trend(at: Range<usize>, text: &[u8]) -> Option<Hit> {
    let classes = class::classes(&text[text.len() - 70..]);
    if classes != DIGIT | HEX {
        return None;
    }
    let value = tlsh(std::str::from_utf8(text).ok()?).ok()?;
    Some(Hit::new(Kind::Tlsh, at, value))
}

/// An extension's id: letters of the first sixteen, and enough different ones to be chance.
fn extension(at: Range<usize>, text: &[u8]) -> Option<Hit> {
    let letters = text.iter().fold(0u32, |seen, byte| match byte {
        b'a'..=b'p' => seen | 1 << (byte - b'a'),
        _ => seen | 1 << 31,
    });
    if letters >> 16 != 0 || letters.count_ones() < 8 {
        return None;
    }
    let value = std::str::from_utf8(text).ok()?.to_owned();
    Some(Hit::new(Kind::ChromeExtension, at, value))
}

/// How far before 32 digits the word is looked for that says whose MD5 they are.
const LABEL_BYTES: usize = 48;

/// Of what the MD5 at a raw place is: the nearest word before it on its line decides.
fn labelled(text: &[u8], at: usize) -> Kind {
    let near = &text[at.saturating_sub(LABEL_BYTES)..at];
    let line = memchr::memrchr(b'\n', near).map_or(near, |end| &near[end + 1..]);
    let mut lower = [0; LABEL_BYTES];
    let lower = &mut lower[..line.len()];
    lower.copy_from_slice(line);
    lower.make_ascii_lowercase();
    let words: [(&[u8], Kind); 5] = [
        (b"ja3", Kind::Ja3),
        (b"imphash", Kind::Imphash),
        (b"import hash", Kind::Imphash),
        (b"md5", Kind::Md5),
        (b"sha", Kind::Md5),
    ];
    let nearest = words
        .into_iter()
        .filter_map(|(word, kind)| Some((memchr::memmem::rfind(lower, word)?, kind)))
        .max_by_key(|(place, _)| *place);
    nearest.map_or(Kind::Md5, |(_, kind)| kind)
}
