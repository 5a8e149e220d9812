//! What looks like an indicator and is code, a version or a field of a log.
//!
//! Asked only about what was written plainly: nobody defangs a method call.

use super::chunk::Chunk;

/// How far back a word is looked for.
const BACK_BYTES: usize = 24;

/// Words before four numbers that make them a version.
const VERSIONS: [&str; 19] = [
    "version", "versions", "ver", "vers", "v", "build", "builds", "release", "firmware", "fw",
    "rev", "revision", "section", "sections", "oid", "chapter", "driver", "engine", "update",
];

/// Whether four numbers at a raw place are a version: of what stands before them.
pub(super) fn is_version(chunk: &Chunk<'_>, clean_start: usize, raw_start: usize) -> bool {
    let clean = chunk.clean;
    // `Chrome/120.0.0.0`, but neither `src/192.0.2.1` nor `DIRECT/192.0.2.1`.
    if chunk.before(clean_start) == b'/' {
        let product = &clean[..clean_start - 1];
        let letters = product
            .iter()
            .rev()
            .take(BACK_BYTES)
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let name = &product[product.len() - letters..];
        let capital = name.first().is_some_and(u8::is_ascii_uppercase);
        if capital && name.iter().any(u8::is_ascii_lowercase) {
            return true;
        }
    }
    let word = word_before(chunk.text, raw_start);
    VERSIONS
        .iter()
        .any(|version| word.eq_ignore_ascii_case(version.as_bytes()))
}

/// The word before a place of a text, over blanks and the signs of assignment.
fn word_before(text: &[u8], at: usize) -> &[u8] {
    let near = &text[at.saturating_sub(BACK_BYTES)..at];
    let between = near
        .iter()
        .rev()
        .take_while(|byte| b" \t=:\"'(.#>".contains(byte))
        .count();
    let near = &near[..near.len() - between];
    let letters = near
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    &near[near.len() - letters..]
}

/// First labels of fields, objects and modules.
const HEADS: [&str; 66] = [
    "agent",
    "app",
    "args",
    "array",
    "client",
    "cloud",
    "config",
    "console",
    "container",
    "context",
    "ctx",
    "data",
    "destination",
    "dll",
    "dns",
    "document",
    "e",
    "ecs",
    "email",
    "error",
    "evt",
    "event",
    "exports",
    "file",
    "form",
    "group",
    "host",
    "http",
    "input",
    "item",
    "json",
    "log",
    "math",
    "message",
    "model",
    "module",
    "msg",
    "network",
    "node",
    "obj",
    "object",
    "observer",
    "option",
    "options",
    "orchestrator",
    "os",
    "package",
    "params",
    "process",
    "props",
    "registry",
    "request",
    "req",
    "res",
    "response",
    "result",
    "rule",
    "self",
    "server",
    "service",
    "session",
    "source",
    "sys",
    "system",
    "this",
    "threat",
];

/// Some more: they belong to hosts as often as to objects.
const HEADS_TOO: [&str; 8] = [
    "tls",
    "url",
    "user",
    "util",
    "utils",
    "vulnerability",
    "window",
    "winlog",
];

/// Top-level domains that are words of programmers.
const WORDS: [&str; 30] = [
    "at", "by", "call", "click", "date", "do", "email", "events", "f", "group", "id", "in", "info",
    "is", "link", "map", "name", "net", "new", "now", "open", "org", "page", "parts", "run",
    "search", "services", "shell", "to", "zone",
];

/// First labels of packages of Java and its kin.
const PACKAGES: [&str; 11] = [
    "android", "androidx", "com", "edu", "io", "java", "javax", "kotlin", "net", "org", "sun",
];

/// Whether a plain name with dots is a field, a method or a package rather than a domain. `next` is the byte behind it.
pub(super) fn is_code(name: &[u8], next: u8) -> bool {
    if matches!(next, b'(' | b'=') {
        return true;
    }
    let mut labels = name.split(|byte| *byte == b'.');
    let first = labels.next().unwrap_or(b"");
    let last = labels.next_back().unwrap_or(b"");
    let between = labels.count();
    is_mixed(name, last)
        || (between > 0 && is_one_of(&PACKAGES, first) && !is_one_of(&["com", "net", "org"], last))
        || (is_one_of(&WORDS, last) && (is_one_of(&HEADS, first) || is_one_of(&HEADS_TOO, first)))
        || (between == 0 && first.len() <= 2 && first.iter().all(u8::is_ascii_digit))
}

/// Whether the last label is written with capitals as no domain is: `System.Net`, `foo.NET`.
fn is_mixed(name: &[u8], last: &[u8]) -> bool {
    let upper = |text: &[u8]| text.iter().any(u8::is_ascii_uppercase);
    let lower = |text: &[u8]| text.iter().any(u8::is_ascii_lowercase);
    upper(last) && (lower(last) || lower(name))
}

fn is_one_of(words: &[&str], label: &[u8]) -> bool {
    words
        .iter()
        .any(|word| label.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether a plain name is an object's member that is called like a file's ending: `console.log(`, `event.key`.
pub(super) fn is_member(name: &[u8], next: u8) -> bool {
    if next == b'(' {
        return true;
    }
    let mut labels = name.split(|byte| *byte == b'.');
    let (Some(first), Some(last), None) = (labels.next(), labels.next(), labels.next()) else {
        return false;
    };
    is_one_of(
        &["class", "config", "dot", "js", "json", "key", "log", "url"],
        last,
    ) && (is_one_of(&HEADS, first) || is_one_of(&HEADS_TOO, first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_from_domains() {
        let check =
            |name: &str, code: bool| assert_eq!(is_code(name.as_bytes(), b' '), code, "{name}");
        for code in [
            "System.Net",
            "WScript.Shell",
            "event.id",
            "com.android.systemui.zone",
            "3.am",
            "Asp.NET",
        ] {
            check(code, true);
        }
        for domain in [
            "evil.com",
            "EVIL.COM",
            "Evil.com",
            "t.co",
            "163.com",
            "com-evil.net",
            "id.me",
        ] {
            check(domain, false);
        }
        assert!(is_code(b"window.open", b'('));
        assert!(is_member(b"console.log", b' ') && !is_member(b"error.txt", b' '));
    }
}
