//! Names of hosts, and what lies below them.

use super::strings::Strings;

/// By what an entry is looked up: its name without the dots in front.
pub(super) fn key(entry: &str) -> &str {
    entry.trim_start_matches('.')
}

/// Adds the lists on which the host is, or a name above it.
pub(super) fn below(hosts: &Strings, value: &str, on: &mut Vec<u16>) {
    let lower;
    let host = match host(value) {
        Some(host) => {
            lower = host.to_lowercase();
            lower.as_str()
        }
        None => value,
    };
    // The same name: dots in front count.
    hosts.with_key(key(host), |entry, list| {
        if entry == host {
            on.push(list);
        }
    });
    let from = host.len().saturating_sub(hosts.longest() + 1);
    for dot in memchr::memchr_iter(b'.', &host.as_bytes()[from..]) {
        hosts.with_key(&host[from + dot + 1..], |_, list| on.push(list));
    }
}

/// The host of a URL, as Python's `urlparse` sees it; none when the value is no URL with an authority.
fn host(value: &str) -> Option<&str> {
    let rest = match value.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => value,
    };
    let rest = rest.strip_prefix("//")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.split_once('[') {
        Some((_, bracketed)) => bracketed.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}
