//! URLs: from a scheme to where nothing more can belong to it.

use std::ops::Range;

use memchr::memmem;

use super::chunk::{Chunk, Hit, Memory};
use super::class::{self, DIGIT, FOREIGN, GAP, WORD};
use crate::kind::Kind;
use crate::value::{Scheme, URL_BYTES_MAX, UrlHost, is_ending, link, name};

/// Longest authority: user, password, the longest name in percent signs, a port.
const AUTHORITY_BYTES_MAX: usize = 1024;

/// Finds the URLs of a range.
pub(super) fn read(chunk: &Chunk<'_>, range: Range<usize>, memory: &mut Memory) {
    let mut at = range.start;
    while let Some(found) = memmem::find(&chunk.clean[at..range.end], b"://") {
        let slashes = at + found;
        at = slashes + 3;
        let Some((start, scheme)) = scheme(&chunk.clean[range.start..slashes]) else {
            continue;
        };
        let start = range.start + start;
        let authority = at;
        let near = &chunk.clean[authority..range.end.min(authority + AUTHORITY_BYTES_MAX)];
        let near = &near[..memchr::memchr3(b'/', b'?', b'#', near).unwrap_or(near.len())];
        memory.work += near.len() as u64;
        // A host that is none ends the matter before the path is read: else a row of bad URLs in
        // one another's paths would be read again and again.
        if !could_be_host(near) {
            continue;
        }
        at = end(chunk.clean, start, authority, range.end).max(authority);
        memory.work += (at - start) as u64;
        if let Some(hit) = url(chunk, start..at, authority, scheme, memory) {
            memory.claim(hit);
        }
    }
}

/// Whether an authority has a dot, a number or a bracket where its host may be.
fn could_be_host(authority: &[u8]) -> bool {
    let start = memchr::memrchr(b'@', authority).map_or(0, |at| at + 1);
    let host = &authority[start..];
    memchr::memchr(b'.', host).is_some() || matches!(host.first(), Some(b'[' | b'0'..=b'9'))
}

/// The scheme before a colon, and where it begins.
fn scheme(before: &[u8]) -> Option<(usize, Scheme)> {
    let most = before.len().saturating_sub(Scheme::BYTES_MAX + 1);
    let word = before[most..]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-'))
        .count();
    let whole = &before[before.len() - word..];
    if let Some(scheme) = Scheme::of(whole) {
        return Some((before.len() - word, scheme));
    }
    // Something hangs before it: `URLhttp://`, `-http://`.
    (4..=5).rev().find_map(|len| {
        let tail = before.len().checked_sub(len)?;
        let scheme = Scheme::of(&before[tail..])?;
        let web = matches!(scheme.name, "http" | "https");
        (web && before[tail..].iter().all(u8::is_ascii_alphabetic)).then_some((tail, scheme))
    })
}

/// Where a URL ends whose authority begins at `authority`.
fn end(clean: &[u8], start: usize, authority: usize, limit: usize) -> usize {
    let mut at = authority;
    let mut literal = false;
    while at < limit {
        match clean[at] {
            b'[' if at == authority || clean[at - 1] == b'@' => literal = true,
            b']' if literal => literal = false,
            b'/' | b'?' | b'#' => {
                let quoted = start.checked_sub(1).map(|before| clean[before]);
                return path(clean, authority, at, limit, quoted);
            }
            byte if class::is(byte, WORD | FOREIGN) || b"._-~%:@!$&*+=".contains(&byte) => {}
            _ => break,
        }
        at += 1;
    }
    trimmed(clean, authority, at)
}

/// Where path, query and fragment end that begin at `at`.
fn path(clean: &[u8], authority: usize, mut at: usize, limit: usize, before: Option<u8>) -> usize {
    let mut open = [0usize; 2];
    while at < limit {
        let byte = clean[at];
        match byte {
            b'(' => open[0] += 1,
            b'[' => open[1] += 1,
            b')' if open[0] > 0 => open[0] -= 1,
            b']' if open[1] > 0 => open[1] -= 1,
            b')' | b']' | b'{' | b'}' | b'|' | b'^' | b'\\' => break,
            b'\'' if before == Some(b'\'') => break,
            b',' | b';' if scheme_follows(&clean[at + 1..limit]) => break,
            _ if class::is(byte, GAP) => break,
            _ => {}
        }
        at += 1;
    }
    trimmed(clean, authority, at)
}

/// Whether a list of URLs goes on: `http://a.com/,http://b.com/`.
fn scheme_follows(rest: &[u8]) -> bool {
    let word = rest
        .iter()
        .take(Scheme::BYTES_MAX + 1)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    rest[word..].starts_with(b"://") && Scheme::of(&rest[..word]).is_some()
}

/// The end without what sentences put behind.
fn trimmed(clean: &[u8], start: usize, end: usize) -> usize {
    let behind = clean[start..end]
        .iter()
        .rev()
        .take_while(|byte| b".,;:!?'*~_([".contains(byte))
        .count();
    end - behind
}

/// A URL whose authority begins at `authority`, its host put in as a part.
fn url(
    chunk: &Chunk<'_>,
    at: Range<usize>,
    authority: usize,
    scheme: Scheme,
    memory: &mut Memory,
) -> Option<Hit> {
    if at.end <= authority || at.len() > URL_BYTES_MAX {
        // Too long for a URL; its host is worth telling still.
        if at.len() > URL_BYTES_MAX {
            lone_host(chunk, authority..at.end, memory);
        }
        return None;
    }
    let rest = std::str::from_utf8(&chunk.clean[authority..at.end]).ok()?;
    let found = link(&format!("{}://{rest}", scheme.name)).ok()?;
    let host_at = host_range(chunk.clean, authority..at.end);
    match host_part(&found.host) {
        Some((kind, value)) => memory.add(Hit::new(kind, host_at, value).part()),
        // A scheme is evidence, but of a name with two labels at least.
        None if !chunk.clean[host_at.clone()].contains(&b'.') => return None,
        None => {}
    }
    let mut hit = Hit::new(Kind::Url, at, found.text);
    hit.scheme = scheme.defanged;
    Some(hit)
}

/// Whether a path is but a name with a public suffix: `one.com/two.com` are two.
fn is_another_name(path: &[u8]) -> bool {
    let last = path.rsplit(|byte| *byte == b'.').next().unwrap_or(b"");
    path.len() <= crate::DOMAIN_BYTES_MAX
        && is_ending(last).is_none()
        && std::str::from_utf8(path).is_ok_and(|path| name(path).is_ok())
}

fn host_part(host: &UrlHost) -> Option<(Kind, String)> {
    Some(match host {
        UrlHost::Domain(name) => (Kind::Domain, name.clone()),
        UrlHost::Onion(name) => (Kind::Onion, name.clone()),
        UrlHost::Ipv4(address) => (Kind::Ipv4, address.to_string()),
        UrlHost::Ipv6(address) => (Kind::Ipv6, address.to_string()),
        UrlHost::Other => return None,
    })
}

/// Where the host lies in what follows the two slashes.
fn host_range(clean: &[u8], rest: Range<usize>) -> Range<usize> {
    let text = &clean[rest.clone()];
    let end = memchr::memchr3(b'/', b'?', b'#', text).unwrap_or(text.len());
    let start = memchr::memrchr(b'@', &text[..end]).map_or(0, |at| at + 1);
    let host = &text[start..end];
    if host.first() == Some(&b'[') {
        let close = memchr::memchr(b']', host).unwrap_or(host.len());
        return rest.start + start + 1..rest.start + start + close.max(1);
    }
    let len = memchr::memchr(b':', host).unwrap_or(host.len());
    rest.start + start..rest.start + start + len
}

fn lone_host(chunk: &Chunk<'_>, rest: Range<usize>, memory: &mut Memory) {
    let near = rest.start..rest.end.min(rest.start + 2 * crate::DOMAIN_BYTES_MAX);
    let at = host_range(chunk.clean, near);
    let Ok(host) = std::str::from_utf8(&chunk.clean[at.clone()]) else {
        return;
    };
    if let Ok(found) = link(&format!("http://{host}/"))
        && let Some((kind, value)) = host_part(&found.host)
    {
        memory.add(Hit::new(kind, at, value));
    }
}

/// A URL without scheme: a host at `host`, followed by a path. Answers whether there was one.
pub(super) fn without_scheme(
    chunk: &Chunk<'_>,
    host: Range<usize>,
    limit: usize,
    memory: &mut Memory,
) -> bool {
    let clean = chunk.clean;
    let mut at = host.end;
    if chunk.byte(at) == b':' {
        let port = clean[at + 1..limit]
            .iter()
            .take(6)
            .take_while(|byte| class::is(**byte, DIGIT))
            .count();
        let number = std::str::from_utf8(&clean[at + 1..at + 1 + port]);
        if !number.is_ok_and(|number| number.parse::<u16>().is_ok()) {
            return false;
        }
        at += 1 + port;
    }
    let before = chunk.before(host.start);
    if at >= limit
        || clean[at] != b'/'
        || host.start < memory.barren
        || matches!(before, b'/' | b'\\' | b'@' | b'-')
    {
        return false;
    }
    let end = end(clean, host.start, host.start, limit);
    memory.work += (end - host.start) as u64;
    if end <= at {
        return false;
    }
    if is_another_name(&clean[at + 1..end]) && host.end == at {
        return false;
    }
    let plain = Scheme {
        name: "http",
        defanged: false,
    };
    if let Some(hit) = url(chunk, host.start..end, host.start, plain, memory) {
        memory.claim(hit);
        true
    } else {
        memory.barren = end;
        false
    }
}
